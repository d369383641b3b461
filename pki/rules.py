"""What RFC 5280 §6.1 asks of each certificate of a path, one problem per broken rule.

The path engine judges all of this too, but stops at the first fault and in its own words. These rules find
all faults and name them for people; the engine has the last word on what they do not cover (policies).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from .building import Path
from .extensions import find, read_extensions
from .findings import error
from .names import comparable, display
from .times import spoken
from .verdicts import Failure, Problem

MAXIMUM_BYTES = 64 * 1024
MAXIMUM_NAMES = 1000

# Critical extensions that the engine or these rules process. inhibitAnyPolicy, mappings and constraints are the
# engine's; extended key usage is judged by purpose.
_PROCESSED = {
    ExtensionOID.AUTHORITY_INFORMATION_ACCESS,
    ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
    ExtensionOID.BASIC_CONSTRAINTS,
    ExtensionOID.CERTIFICATE_POLICIES,
    ExtensionOID.CRL_DISTRIBUTION_POINTS,
    ExtensionOID.EXTENDED_KEY_USAGE,
    ExtensionOID.FRESHEST_CRL,
    ExtensionOID.INHIBIT_ANY_POLICY,
    ExtensionOID.KEY_USAGE,
    ExtensionOID.NAME_CONSTRAINTS,
    ExtensionOID.OCSP_NO_CHECK,
    ExtensionOID.POLICY_CONSTRAINTS,
    ExtensionOID.POLICY_MAPPINGS,
    ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
    ExtensionOID.SUBJECT_KEY_IDENTIFIER,
}


def is_authority(certificate: x509.Certificate) -> bool:
    """Whether basic constraints make this an authority; version 1 and 2 never are (RFC 5280 §6.1.4 (k))."""
    constraints = find(certificate, x509.BasicConstraints)
    return constraints is not None and constraints.ca


def is_self_issued(certificate: x509.Certificate) -> bool:
    """Whether subject and issuer are the same name."""
    return comparable(certificate.subject) == comparable(certificate.issuer)


def path_problems(path: Path, at: datetime) -> list[Problem]:
    """Every broken rule of a path, anchor first. The anchor's own dates and constraints count (RFC 5937)."""
    problems: list[Problem] = []
    for certificate in path:
        try:
            problems += _size(certificate)
            problems += _time(certificate, at)
            problems += _critical_extensions(certificate)
            if certificate is not path[-1]:
                problems += _authority(certificate)
        except ValueError:
            problems.append(_unreadable(certificate))
    return problems or list(_path_length(path))


def _unreadable(certificate: x509.Certificate) -> Problem:
    finding = error(
        "certificate-malformed",
        f"The certificate of {_name(certificate)} cannot be parsed.",
        citation="RFC 5280 §4.2",
        remedy="Ask its owner for a correct certificate.",
        owner="sender",
    )
    return Problem(Failure.MALFORMED, finding, certificate)


def _name(certificate: x509.Certificate) -> str:
    try:
        return display(certificate.subject)
    except ValueError:
        return "an unreadable name"


def _size(certificate: x509.Certificate) -> Iterator[Problem]:
    names = find(certificate, x509.SubjectAlternativeName) or ()
    if len(certificate.tbs_certificate_bytes) > MAXIMUM_BYTES or len(names) > MAXIMUM_NAMES:
        finding = error(
            "certificate-too-large",
            f"The certificate of {_name(certificate)} is too large to be examined.",
            remedy="Ask its owner for an ordinary certificate.",
            owner="sender",
        )
        yield Problem(Failure.LIMIT, finding, certificate)


def _time(certificate: x509.Certificate, at: datetime) -> Iterator[Problem]:
    if at < certificate.not_valid_before_utc:
        yield Problem(
            Failure.TIME,
            error(
                "not-yet-valid",
                f"The certificate of {_name(certificate)} is valid from "
                f"{spoken(certificate.not_valid_before_utc)} on, not at the time judged.",
                citation="RFC 5280 §6.1.3 (a)(2)",
                remedy="Compare the clocks of both sides; ask the sender to sign again when it has begun.",
                owner="sender",
            ),
            certificate,
        )
    if at > certificate.not_valid_after_utc:
        yield Problem(
            Failure.TIME,
            error(
                "expired",
                f"The certificate of {_name(certificate)} ended on "
                f"{spoken(certificate.not_valid_after_utc)}, before the time judged.",
                citation="RFC 5280 §6.1.3 (a)(2)",
                remedy="Ask its owner to renew it.",
                owner="sender",
            ),
            certificate,
        )


def _critical_extensions(certificate: x509.Certificate) -> Iterator[Problem]:
    unknown = [
        e.oid.dotted_string for e in read_extensions(certificate) if e.critical and e.oid not in _PROCESSED
    ]
    if unknown:
        yield Problem(
            Failure.CONSTRAINT,
            error(
                "critical-extension",
                f"The certificate of {_name(certificate)} makes a demand that is not understood here "
                f"({', '.join(unknown)}).",
                citation="RFC 5280 §4.2",
                remedy="It cannot be relied on; ask its issuer for one without that extension.",
                owner="sender",
            ),
            certificate,
        )


def _authority(certificate: x509.Certificate) -> Iterator[Problem]:
    if not is_authority(certificate):
        yield _constraint(
            certificate,
            "not-an-authority",
            f"{_name(certificate)} issued a certificate but is no authority.",
            "RFC 5280 §6.1.4 (k)",
        )
    usage = find(certificate, x509.KeyUsage)
    if usage is not None and not usage.key_cert_sign:
        yield _constraint(
            certificate,
            "authority-key-usage",
            f"The key of {_name(certificate)} may not sign certificates.",
            "RFC 5280 §6.1.4 (n)",
        )


def _path_length(path: Path) -> Iterator[Problem]:
    allowed: int | None = None
    for index, certificate in enumerate(path[:-1]):
        if index and allowed is not None and not is_self_issued(certificate):
            if allowed == 0:
                yield _constraint(
                    certificate,
                    "path-length",
                    f"The authority above {_name(certificate)} allows no further authority below it.",
                    "RFC 5280 §6.1.4 (l)",
                )
                return
            allowed -= 1
        constraints = find(certificate, x509.BasicConstraints)
        limit = constraints.path_length if constraints else None
        if limit is not None:
            allowed = limit if allowed is None else min(allowed, limit)


def _constraint(certificate: x509.Certificate, code: str, summary: str, citation: str) -> Problem:
    return Problem(
        Failure.CONSTRAINT,
        error(
            code,
            summary,
            citation=citation,
            remedy="The issuer has to repair its authorities; the sender should tell them.",
            owner="sender",
        ),
        certificate,
    )
