"""The offline desk: sign a work order, make a root or a request for a key that never leaves this machine.

Needs pyca and this package alone. Keys are PKCS#8 files in PEM, encrypted by a passphrase that is asked for or read
from a file, never given on the command line.
"""

from __future__ import annotations

import argparse
import getpass
import hashlib
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from . import certificates, keys
from .algorithms import signing_digest
from .authorities import authority_name
from .ceremony import describe_order, sign_order
from .errors import LintRefusal, PkiError, RefusedRequest
from .findings import error
from .keys import KeyType, SigningPrivateKey
from .orders import LARGEST_FILE, read_order, write_result
from .parsing import load, load_certificate
from .signer import Signer

_KINDS = (KeyType.P384, KeyType.P256, KeyType.P521, KeyType.RSA_4096, KeyType.RSA_3072)


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """sign, new-root and new-request, each with the function that runs it."""
    sign = commands.add_parser("sign", help="sign a work order with an authority's offline key")
    sign.add_argument("order", type=Path, metavar="ORDER")
    sign.add_argument("--key", required=True, type=Path, help="the authority's private key (PEM)")
    sign.add_argument("--certificate", required=True, type=Path, help="your own copy of its certificate")
    sign.add_argument("--out", required=True, type=Path, help="where to write the result; never overwritten")
    sign.add_argument("--yes", action="store_true", help="do not ask; for rehearsals")
    _add_passphrase(sign)
    sign.set_defaults(run=_sign)
    for name, run, text in (
        ("new-root", _new_root, "make a root's key and its self-signed certificate"),
        ("new-request", _new_request, "make a key and its request (PKCS#10), for an authority kept offline"),
    ):
        maker = commands.add_parser(name, help=text)
        maker.add_argument("--name", required=True, help='such as "Contoso Root G2"')
        maker.add_argument("--organization", required=True)
        maker.add_argument("--kind", choices=[kind.value for kind in _KINDS], default=KeyType.P384.value)
        maker.add_argument(
            "--key", required=True, type=Path, help="where to write the private key; never overwritten"
        )
        maker.add_argument(
            "--out", required=True, type=Path, help="where to write the certificate or request"
        )
        _add_passphrase(maker)
        maker.set_defaults(run=run)


def _add_passphrase(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--passphrase-file", type=Path, help="its first line is the key's passphrase")
    parser.add_argument("--no-passphrase", action="store_true", help="the key file is not encrypted")


def run(options: argparse.Namespace) -> int:
    """Exit status 0, or 1 with a sentence on standard error."""
    chosen: Callable[[argparse.Namespace], int] = options.run
    try:
        return chosen(options)
    except LintRefusal as refused:
        for finding in refused.findings:
            print(f"Refused: {finding.summary} ({finding.citation})", file=sys.stderr)
    except PkiError as refused:
        print(f"Refused: {refused.finding.summary} {refused.finding.remedy}".rstrip(), file=sys.stderr)
    except OSError as unusable:
        print(f"{unusable.filename}: {unusable.strerror}", file=sys.stderr)
    return 1


def _sign(options: argparse.Namespace) -> int:
    data = options.order.read_bytes() if options.order.stat().st_size <= LARGEST_FILE else b""
    order, sha256 = read_order(data), hashlib.sha256(data).digest()
    print("\n".join(describe_order(order, sha256)))
    certificate = _one_certificate(options.certificate)
    if options.out.exists():
        raise FileExistsError(17, "this file exists; name another one", str(options.out))
    if (
        not options.yes
        and input("Compare the SHA-256 with the portal's page. Sign all of it? Type yes: ") != "yes"
    ):
        print("Nothing was signed.")
        return 1
    signer = Signer(_read_key(options), certificate)
    result = write_result(sign_order(order, sha256, signer, datetime.now(UTC)))
    _write_new(options.out, result, 0o644)
    items = "1 item" if len(order.items) == 1 else f"{len(order.items)} items"
    print(f"Signed {items}: {options.out}\n  SHA-256 {hashlib.sha256(result).hexdigest()}")
    return 0


def _new_root(options: argparse.Namespace) -> int:
    key = _make_key(options)
    certificate = certificates.issue_root(
        private_key=key, common_name=options.name, organization=options.organization, at=datetime.now(UTC)
    )
    _write_key(options, key)
    _write_new(options.out, certificate.public_bytes(Encoding.PEM), 0o644)
    print(f"{options.out}: SHA-256 {hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()}")
    return 0


def _new_request(options: argparse.Namespace) -> int:
    key = _make_key(options)
    _write_key(options, key)
    name = authority_name(options.name, options.organization)
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, signing_digest(key))
    _write_new(options.out, request.public_bytes(Encoding.PEM), 0o644)
    print(
        f"{options.out}: key {keys.describe(key.public_key())}, SHA-256 {keys.spki_sha256(key.public_key()).hex()}"
    )
    return 0


def _make_key(options: argparse.Namespace) -> SigningPrivateKey:
    key = keys.generate(KeyType(options.kind))
    assert isinstance(key, SigningPrivateKey)  # noqa: S101  every kind offered signs
    return key


def _one_certificate(file: Path) -> x509.Certificate:
    data = file.read_bytes()
    try:
        pem = data.lstrip().startswith(b"-----")
        found = load(x509.load_pem_x509_certificates, data) if pem else [load_certificate(data)]
    except ValueError:
        found = []
    if len(found) != 1:
        raise _refusal(f"{file} holds {len(found)} certificates; exactly one is needed.")
    return found[0]


def _passphrase(options: argparse.Namespace, *, again: bool = False) -> bytes | None:
    if options.no_passphrase:
        return None
    if options.passphrase_file:
        lines = options.passphrase_file.read_bytes().splitlines()
        given = lines[0] if lines else b""
    else:
        given = getpass.getpass("Passphrase of the key: ").encode()
        if again and getpass.getpass("The same again: ").encode() != given:
            raise _refusal("The two passphrases differ.")
    if not given:
        raise _refusal("The passphrase is empty. Give --no-passphrase for a key file that is not encrypted.")
    return given


def _read_key(options: argparse.Namespace) -> SigningPrivateKey:
    try:
        key = load_pem_private_key(options.key.read_bytes(), _passphrase(options))
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # One sentence for a damaged file and a wrong passphrase.
        raise _refusal(f"{options.key} cannot be opened as a private key with this passphrase.") from None
    if not isinstance(key, SigningPrivateKey):
        raise _refusal(f"{options.key} holds a key that cannot sign.")
    return key


def _write_key(options: argparse.Namespace, key: SigningPrivateKey) -> None:
    passphrase = _passphrase(options, again=True)
    protection = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    _write_new(options.key, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection), 0o600)


def _write_new(file: Path, data: bytes, mode: int) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(data)
        opened.flush()
        os.fsync(opened.fileno())


def _refusal(summary: str) -> RefusedRequest:
    return RefusedRequest(error("desk", summary, owner="operator"))
