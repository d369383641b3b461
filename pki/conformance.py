"""What RFC 5280 obliges issuers to, checked by a relying party that asks for the letter of the text.

Mail in the wild breaks these rules often and harmlessly (missing key identifiers above all), so for mail
they are warnings. Judged for purpose "any" they are errors.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from cryptography import x509

from .building import Path
from .extensions import find, find_extension
from .findings import error
from .names import display
from .rules import is_authority, is_self_issued
from .verdicts import Failure, Problem

Broken = Iterator[tuple[str, str]]  # (sentence part, citation)


def conformance_problems(path: Path) -> list[Problem]:
    """Every obligation that a certificate of the path breaks. Raises `ValueError` for unreadable
    extensions.
    """
    problems = []
    for certificate in path:
        for rule in (*_RULES, _anchor if certificate is path[0] else _issuer_key):
            for what, citation in rule(certificate):
                finding = error(
                    "issuer-nonconformant",
                    f"The certificate of {display(certificate.subject)} {what}.",
                    citation=f"RFC 5280 {citation}",
                    remedy="Its issuer should correct the way it issues certificates.",
                    owner="sender",
                )
                problems.append(Problem(Failure.CONSTRAINT, finding, certificate))
    return problems


def _names(certificate: x509.Certificate) -> Broken:
    if not list(certificate.issuer):
        yield "has no issuer name", "§4.1.2.4"
    if is_authority(certificate) and not list(certificate.subject):
        yield "is an authority without a name", "§4.1.2.6"


def _serial(certificate: x509.Certificate) -> Broken:
    if not 0 < certificate.serial_number < 1 << 160:
        yield "has a serial number that is not positive or too long", "§4.1.2.2"


def _key_identifiers(certificate: x509.Certificate) -> Broken:
    own = find_extension(certificate, x509.SubjectKeyIdentifier)
    issuers = find_extension(certificate, x509.AuthorityKeyIdentifier)
    if own is None and is_authority(certificate):
        yield "is an authority without a key identifier", "§4.2.1.2"
    if own is not None and own.critical:
        yield "marks its key identifier critical", "§4.2.1.2"
    if issuers is not None and issuers.critical:
        yield "marks the authority key identifier critical", "§4.2.1.1"


def _issuer_key(certificate: x509.Certificate) -> Broken:
    """Asked of everything below the anchor, whose own issuer does not matter here."""
    identifier = find(certificate, x509.AuthorityKeyIdentifier)
    if (identifier is None or identifier.key_identifier is None) and not is_self_issued(certificate):
        yield "does not say which key of its issuer signed it", "§4.2.1.1"


def _authority(certificate: x509.Certificate) -> Broken:
    usage = find(certificate, x509.KeyUsage)
    if usage is not None and usage.key_cert_sign and not is_authority(certificate):
        yield "may sign certificates but is no authority", "§4.2.1.9"
    if not is_authority(certificate) and find(certificate, x509.NameConstraints) is not None:
        yield "carries name constraints but is no authority", "§4.2.1.10"


def _anchor(certificate: x509.Certificate) -> Broken:
    """Asked of anchors alone: between authorities NIST's suite takes it from issuers of the older text."""
    constraints = find_extension(certificate, x509.BasicConstraints)
    if constraints is not None and constraints.value.ca and not constraints.critical:
        yield "does not mark its basic constraints critical", "§4.2.1.9"


def _criticality(certificate: x509.Certificate) -> Broken:
    for kind, must, citation in _CRITICALITY:
        extension = find_extension(certificate, kind)
        if extension is not None and extension.critical is not must:
            word = "critical" if must else "non-critical"
            yield f"does not mark {kind.__name__} {word}", citation


_CRITICALITY: tuple[tuple[type[x509.ExtensionType], bool, str], ...] = (
    (x509.NameConstraints, True, "§4.2.1.10"),
    (x509.AuthorityInformationAccess, False, "§4.2.2.1"),
)


def _alternative_name(certificate: x509.Certificate) -> Broken:
    alternative = find_extension(certificate, x509.SubjectAlternativeName)
    if not list(certificate.subject) and alternative is not None and not alternative.critical:
        yield "has no subject, and its alternative name is not critical", "§4.2.1.6"
    for name in alternative.value if alternative is not None else ():
        if isinstance(name, x509.DNSName) and not _DNS_NAME.fullmatch(name.value):
            yield f"names “{name.value[:80]}”, which is no host name", "§4.2.1.6"


def _constraint_forms(certificate: x509.Certificate) -> Broken:
    constraints = find(certificate, x509.NameConstraints)
    if constraints is None:
        return
    for base in (*(constraints.permitted_subtrees or ()), *(constraints.excluded_subtrees or ())):
        if isinstance(base, x509.DNSName) and not _DNS_CONSTRAINT.fullmatch(base.value):
            yield f"constrains to “{base.value[:80]}”, which is no host name", "§4.2.1.10"


def _purposes(certificate: x509.Certificate) -> Broken:
    purposes = find(certificate, x509.ExtendedKeyUsage)
    if purposes is not None and not list(purposes):
        yield "lists no purpose", "§4.2.1.12"


_RULES: tuple[Callable[[x509.Certificate], Broken], ...] = (
    _names,
    _serial,
    _key_identifiers,
    _authority,
    _criticality,
    _alternative_name,
    _constraint_forms,
    _purposes,
)
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
# the last label is not all digits: an address of four numbers is no host name (RFC 1123 §2.1)
_DNS_NAME = re.compile(rf"(\*\.)?({_LABEL}\.)*(?![0-9]+$){_LABEL}")
_DNS_CONSTRAINT = re.compile(rf"(({_LABEL}\.)*(?![0-9]+$){_LABEL})?")
