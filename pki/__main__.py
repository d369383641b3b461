"""Command line of `pki`: show certificates and lists in plain words, judge many paths in one process.

python -m pki show FILE...
python -m pki validate --cases CASES.json [--json]
python -m pki sign ORDER --key KEY --certificate CERTIFICATE --out RESULT
python -m pki new-root | new-request --name NAME --organization ORGANIZATION --key KEY --out FILE
"""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from pathlib import Path

from . import desk
from .errors import PkiError


def main(arguments: list[str] | None = None) -> int:
    """Run a command; the exit status is 0, 1 (a file could not be shown) or 2 (wrong usage, broken case
    file).
    """
    parser = argparse.ArgumentParser(prog="python -m pki", description="X.509 for mail, without a server.")
    commands = parser.add_subparsers(dest="command", required=True)
    show = commands.add_parser(
        "show", help="say in plain words what certificates, lists and requests contain"
    )
    show.add_argument("files", nargs="+", type=Path, metavar="FILE")
    validate = commands.add_parser("validate", help="judge certification paths")
    validate.add_argument("--cases", required=True, type=Path, metavar="CASES.json")
    validate.add_argument("--json", action="store_true", help="one JSON object per line")
    desk.add_commands(commands)
    options = parser.parse_args(arguments)
    # pyca warns about serial numbers that are not positive; here they are judged instead
    warnings.filterwarnings("ignore", message="Parsed a serial number")
    if options.command == "show":
        return _show(options.files)
    if options.command == "validate":
        return _validate(options.cases, as_json=options.json)
    return desk.run(options)


def _show(files: list[Path]) -> int:
    from .show import describe_file  # as with the engine: not needed, and not there, offline

    status = 0
    for file in files:
        try:
            print("\n".join(describe_file(file.name, file.read_bytes())))
        except OSError as unreadable:
            status = _complain(f"{file}: {unreadable.strerror}")
        except PkiError as refused:
            status = _complain(f"{file}: {refused.finding.summary} {refused.finding.remedy}")
    return status


def _validate(cases: Path, *, as_json: bool) -> int:
    from .cases import BrokenCaseFile, judge, read_cases  # the engine is not there on an offline machine

    try:
        wanted = read_cases(cases)
    except BrokenCaseFile as broken:
        _complain(f"Broken case file: {broken}")
        return 2
    for case in wanted:
        answer = judge(case)
        if as_json:
            print(json.dumps(answer, ensure_ascii=False), flush=True)
            continue
        print(f"{answer['id']}: {answer['verdict']}")
        for finding in answer["findings"]:
            print(f"  {finding['severity']}: {finding['summary']} [{finding['code']}]")
    return 0


def _complain(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
