"""Certificates, lists and requests in plain words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes

from . import certificates, keys, names
from .crl import Crl
from .errors import MalformedInput
from .extensions import find
from .findings import error
from .formats import read_certificates, read_crls
from .parsing import PARSE_ERRORS
from .rules import is_authority

# A header field that letters have and PEM texts have not (RFC 5322 §2.2, RFC 2045 §4).
_LETTER = re.compile(rb"(?im)^(mime-version|content-type|message-id|received|from):[ \t]")


def describe_file(name: str, data: bytes) -> list[str]:
    """Lines about everything in a file. Raises `MalformedInput` when it holds nothing we know."""
    try:
        found = read_certificates(data)
    except MalformedInput as no_certificate:
        try:
            lists = read_crls(data)
        except MalformedInput:
            raise (_a_letter(name) if _LETTER.search(data[:65536]) else no_certificate) from None
        return [line for crl in lists for line in (f"{name}: revocation list", *_crl_lines(crl))]
    return [line for one in found for line in (f"{name}: certificate", *_certificate_lines(one))]


def _a_letter(name: str) -> MalformedInput:
    return MalformedInput(
        error(
            "file-is-a-letter",
            "This is a letter, not a certificate.",
            remedy=f"Show it with: python -m smime show {name}",
            owner="you",
        )
    )


def _certificate_lines(certificate: x509.Certificate) -> Iterator[str]:
    """One line for each field; a field that cannot be parsed says so and hides no other."""
    for label, read in _FIELDS:
        try:
            value = read(certificate)
        except PARSE_ERRORS:
            value = "cannot be parsed"
        yield f"  {label:<15}{value}"


def _validity(certificate: x509.Certificate) -> str:
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return f"{begins:%Y-%m-%d %H:%M} to {ends:%Y-%m-%d %H:%M} UTC"


def _key(certificate: x509.Certificate) -> str:
    try:
        return keys.describe(certificate.public_key())
    except (UnsupportedAlgorithm, ValueError):
        return "of an unsupported kind"


def _abilities(certificate: x509.Certificate) -> Iterator[str]:
    if is_authority(certificate):
        yield "issue certificates"
        return
    if certificates.can_sign(certificate):
        yield "sign mail"
    if certificates.can_encrypt(certificate):
        yield "receive encrypted mail"


def _limits(certificate: x509.Certificate) -> Iterator[str]:
    constraints = find(certificate, x509.NameConstraints)
    if constraints is not None:
        for base in constraints.permitted_subtrees or ():
            yield f"only {base.value}"
        for base in constraints.excluded_subtrees or ():
            yield f"never {base.value}"


def _locations(certificate: x509.Certificate) -> Iterator[str]:
    for point in find(certificate, x509.CRLDistributionPoints) or ():
        for name in point.full_name or ():
            yield str(name.value)


_FIELDS: tuple[tuple[str, Callable[[x509.Certificate], str]], ...] = (
    ("subject", lambda one: names.display(one.subject)),
    ("issuer", lambda one: names.display(one.issuer)),
    ("serial number", lambda one: f"{one.serial_number:x}"),
    ("valid", _validity),
    ("key", _key),
    ("addresses", lambda one: ", ".join(certificates.mailboxes(one)) or "none"),
    ("may", lambda one: ", ".join(_abilities(one)) or "nothing for mail"),
    ("name limits", lambda one: ", ".join(_limits(one)) or "none"),
    ("revocation", lambda one: ", ".join(_locations(one)) or "no list named"),
    ("SHA-256", lambda one: one.fingerprint(hashes.SHA256()).hex(":")),
)


def _crl_lines(crl: Crl) -> Iterator[str]:
    ends = f"{crl.next_update:%Y-%m-%d %H:%M} UTC" if crl.next_update else "not stated"
    yield f"  issuer         {names.display(crl.issuer)}"
    yield f"  number         {crl.number if crl.number is not None else 'none'}"
    yield f"  made           {crl.this_update:%Y-%m-%d %H:%M} UTC"
    yield f"  next one by    {ends}"
    yield f"  entries        {len(crl)}"
    yield f"  SHA-256        {crl.sha256.hex(':')}"
