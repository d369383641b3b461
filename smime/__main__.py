"""Command line of `smime`: show letters in plain words, open many letters in one process.

python -m smime show MESSAGE.eml... [--key KEY.p12 --password-file FILE] [--anchor FILE] [--crl FILE] [--at WHEN]
python -m smime open --cases CASES.json [--json]
"""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from datetime import UTC, datetime
from pathlib import Path

from pki.cases import BrokenCaseFile

from .cases import Case, KeyFile, answer, open_case, read_cases
from .show import describe


def main(arguments: list[str] | None = None) -> int:
    """Runs a command. Exit status: 0, or 2 for wrong usage and a broken case file."""
    options = _parser().parse_args(arguments)
    # pyca warns about old encodings in files of others; here they are read and judged
    warnings.filterwarnings("ignore", module="cryptography|pki|smime")
    warnings.filterwarnings("ignore", message="Parsed a serial number")
    warnings.filterwarnings("ignore", message="PKCS#12 bundle could not be parsed as DER")
    if options.command == "show":
        return _show(options)
    return _open(options.cases, as_json=options.json)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m smime", description="S/MIME letters, without a server.")
    commands = parser.add_subparsers(dest="command", required=True)
    show = commands.add_parser("show", help="say in plain words how a letter is signed and encrypted")
    show.add_argument("messages", nargs="+", type=Path, metavar="MESSAGE.eml")
    show.add_argument(
        "--key", action="append", default=[], type=Path, metavar="KEY.p12", help="a key to decrypt with"
    )
    show.add_argument(
        "--password-file", type=Path, help="a file whose first line is the password of every key"
    )
    show.add_argument("--anchor", action="append", default=[], type=Path, help="certificates to trust")
    show.add_argument("--intermediate", action="append", default=[], type=Path, help="further certificates")
    show.add_argument("--crl", action="append", default=[], type=Path, help="revocation lists")
    show.add_argument("--at", type=datetime.fromisoformat, help="the moment of judgement (default: now)")
    opening = commands.add_parser("open", help="open many letters and judge them")
    opening.add_argument("--cases", required=True, type=Path, metavar="CASES.json")
    opening.add_argument("--json", action="store_true", help="one JSON object per line")
    return parser


def _show(options: argparse.Namespace) -> int:
    at = (options.at or datetime.now(UTC)).astimezone(UTC)
    password = ""
    if options.password_file:
        try:
            password = options.password_file.read_text(encoding="utf-8").partition("\n")[0].rstrip("\r")
        except (OSError, ValueError) as unreadable:
            return _complain(f"The password file cannot be read: {unreadable}")
    for message in options.messages:
        case = Case(
            id=message.name,
            message=message,
            at=at,
            keys=tuple(KeyFile(path, password) for path in options.key),
            anchors=tuple(options.anchor),
            intermediates=tuple(options.intermediate),
            crls=tuple(options.crl),
        )
        print("\n".join(describe(open_case(case), message.name)))
    return 0


def _open(cases: Path, *, as_json: bool) -> int:
    try:
        wanted = read_cases(cases)
    except BrokenCaseFile as broken:
        return _complain(f"Broken case file: {broken}")
    for case in wanted:
        if as_json:
            print(json.dumps(answer(case)), flush=True)
        else:
            print("\n".join(describe(open_case(case), case.id)), flush=True)
    return 0


def _complain(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
