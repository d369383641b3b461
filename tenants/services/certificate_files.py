"""A certificate as a file to hand along: DER (RFC 5280), PEM (RFC 7468), or with its path as PKCS#7 (RFC 5652)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from pki.claims import claims_of
from pki.formats import write_pkcs7

FORMS = ("cer", "pem", "p7b")
_MEDIA_TYPES = {
    "cer": "application/pkix-cert",
    "pem": "application/x-pem-file",
    "p7b": "application/x-pkcs7-certificates",
}


def certificate_file(
    certificate: x509.Certificate, form: str, path: Sequence[x509.Certificate]
) -> tuple[bytes, str, str]:
    """(content, media type, file name). `form` is one of FORMS; `path` is used by .p7b only."""
    if form == "p7b":
        content = write_pkcs7(path)
    else:
        content = certificate.public_bytes(Encoding.PEM if form == "pem" else Encoding.DER)
    return content, _MEDIA_TYPES[form], f"{_stem(certificate)}.{form}"


def _stem(certificate: x509.Certificate) -> str:
    """A file name every system takes: the address or the name, in plain letters."""
    claimed = claims_of(certificate)
    name = next(iter(claimed.mailboxes), "") or claimed.name
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9@._-]+", "-", plain).strip("-.") or "certificate"
