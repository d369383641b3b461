"""Certificates and keys as files: DER, PEM, PKCS#7 bundles (RFC 5652 §5.2) and PKCS#12 (RFC 7292).

Reading accepts what other programs write. PKCS#12 is `pki.pkcs12`, offered here too.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Sequence

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from .crl import Crl
from .errors import MalformedInput
from .findings import error
from .parsing import Loaded, load, load_certificate
from .pkcs12 import Identity, Pkcs12, read_pkcs12, write_pkcs8, write_pkcs12

__all__ = [
    "Identity",
    "Pkcs12",
    "holds_private_key",
    "read_certificates",
    "read_crls",
    "read_pkcs12",
    "write_pkcs7",
    "write_pkcs8",
    "write_pkcs12",
]

MAXIMUM_CERTIFICATES = 50
# PFX ::= SEQUENCE { version 3, authSafe ContentInfo { data … (RFC 7292 §4); lengths in any form
_PFX = re.compile(
    rb"\x30[^\x02]{1,9}\x02\x01\x03\x30.{1,9}?\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07[\x01\x02]", re.DOTALL
)
_PEM_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9# ]+)-----[^\S\n]*\r?\n(.*?)-----END \1-----", re.DOTALL)
_CERTIFICATE_LABELS = {b"CERTIFICATE", b"X509 CERTIFICATE", b"TRUSTED CERTIFICATE"}
_BUNDLE_LABELS = {b"PKCS7", b"CMS", b"PKCS #7 SIGNED DATA"}


def read_certificates(data: bytes) -> list[x509.Certificate]:
    """Every certificate in a file: one in DER, any number in PEM, or a PKCS#7 bundle in either.

    Raises `MalformedInput` when there is none, when one of them cannot be parsed, or when there are more than
    fifty.
    """
    found: list[x509.Certificate] = []
    for label, content in _blocks(data):
        if label in _CERTIFICATE_LABELS:
            found.append(_load(x509.load_der_x509_certificate, content))
        elif label in _BUNDLE_LABELS:
            found += _load(pkcs7.load_der_pkcs7_certificates, content)
        elif label == b"":
            found += _read_der(content)
    if not found:
        raise _malformed("it holds no certificate")
    if len(found) > MAXIMUM_CERTIFICATES:
        raise _malformed(f"it holds more than {MAXIMUM_CERTIFICATES} certificates")
    return found


def holds_private_key(data: bytes) -> bool:
    """Whether a file carries a private key, sealed or not: PEM, PKCS#8, SEC 1, PKCS#1, PKCS#12."""
    if re.search(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----", data):
        return True
    try:
        serialization.load_der_private_key(data, None)
    except TypeError:  # what needs a password is one
        return True
    except (ValueError, UnsupportedAlgorithm):
        return _PFX.match(data) is not None
    return True


def read_crls(data: bytes) -> list[Crl]:
    """Every revocation list in a file, DER or PEM. Raises `MalformedInput`."""
    found = [Crl.parse(content) for label, content in _blocks(data) if label in (b"", b"X509 CRL")]
    if not found:
        raise _malformed("it holds no revocation list")
    return found


def write_pkcs7(certificates: Sequence[x509.Certificate]) -> bytes:
    """A certificates-only PKCS#7 bundle in DER, what .p7b files hold."""
    return pkcs7.serialize_certificates(list(certificates), Encoding.DER)


def _read_der(content: bytes) -> list[x509.Certificate]:
    try:
        return [load_certificate(content)]
    except ValueError as refused:
        if not _is_content_info(content):
            raise _malformed("it is no certificate in DER, PEM or PKCS#7 form") from refused
    return list(_load(pkcs7.load_der_pkcs7_certificates, content))


def _is_content_info(content: bytes) -> bool:
    """Whether the value begins like a PKCS#7 ContentInfo of signed data."""
    return b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02" in content[:32]


def _blocks(data: bytes) -> list[tuple[bytes, bytes]]:
    """(label, DER) of each PEM block, or one block without a label when the file is not PEM."""
    if b"-----BEGIN " not in data[:65536]:
        return [(b"", data)]
    return [(label, _decode(body)) for label, body in _PEM_BLOCK.findall(data)]


def _decode(body: bytes) -> bytes:
    try:
        # headers of old PEM end with an empty line; certificates have none
        return base64.b64decode(b"".join(body.split()), validate=True)
    except (binascii.Error, ValueError):
        raise _malformed("its base64 is damaged") from None


def _load(loader: Callable[[bytes], Loaded], content: bytes) -> Loaded:
    try:
        return load(loader, content)
    except ValueError:
        raise _malformed("a certificate in it cannot be parsed") from None


def _malformed(reason: str) -> MalformedInput:
    return MalformedInput(
        error(
            "file-malformed",
            f"The file cannot be used: {reason}.",
            remedy="Export the certificate again, as .cer, .pem or .p7b.",
            owner="you",
        )
    )
