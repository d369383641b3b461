"""Rules that everything signed here obeys, checked on the bytes that would be signed (RFC 5280, CA/B S/MIME
BR 7.1).
 An ERROR stops the signature. The rules for certificates of the public trust alone (reserved policies and
the like) are not applied: these are private forests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from .algorithms import Strength, key_strength, signature_strength
from .extensions import read_extensions
from .findings import Finding, error
from .profiles import MAXIMUM_PERSON_DAYS, Profile, Role
from .rules import MAXIMUM_BYTES, MAXIMUM_NAMES

if TYPE_CHECKING:
    from .crl import Crl

_RESERVED_POLICY_ARC = "2.23.140.1.5."


def lint_certificate(
    certificate: x509.Certificate, *, issuer: x509.Certificate | None = None, profile: Profile | None = None
) -> list[Finding]:
    """Every broken rule of a certificate. `issuer` adds the rules between the two, `profile` those of its
    kind.
    """
    try:
        extensions = read_extensions(certificate)
    except ValueError:
        return [error("lint-extensions", "The extensions cannot be parsed.", citation="RFC 5280 §4.2")]
    found = [finding for rule in _CERTIFICATE_RULES for finding in rule(certificate, extensions)]
    is_authority = _basic_constraints(extensions).ca
    most_days = profile.maximum_days if profile is not None else MAXIMUM_PERSON_DAYS
    found += (
        _authority(certificate, extensions) if is_authority else _person(certificate, extensions, most_days)
    )
    if issuer is not None:
        found += _against_issuer(certificate, issuer)
    if profile is not None and (profile.role is Role.PERSON) == is_authority:
        found.append(error("lint-profile", "The certificate is not of the kind its profile describes."))
    return found


def _serial(certificate: x509.Certificate, _: x509.Extensions) -> Iterator[Finding]:
    if not 0 < certificate.serial_number < 1 << 159:
        yield error(
            "lint-serial", "The serial number is not positive and below 2^159.", citation="RFC 5280 §4.1.2.2"
        )


def _version(certificate: x509.Certificate, _: x509.Extensions) -> Iterator[Finding]:
    if certificate.version is not x509.Version.v3:
        yield error("lint-version", "The certificate is not of version 3.", citation="RFC 5280 §4.1.2.1")


def _strength(certificate: x509.Certificate, _: x509.Extensions) -> Iterator[Finding]:
    if key_strength(certificate.public_key()) is not Strength.ACCEPTED:
        yield error("lint-key", "The key is too weak or malformed.", citation="CA/B S/MIME BR 6.1.5")
    if signature_strength(certificate) is not Strength.ACCEPTED:
        yield error("lint-signature", "The signature algorithm is obsolete.", citation="RFC 6194")


def _size(certificate: x509.Certificate, _: x509.Extensions) -> Iterator[Finding]:
    if len(certificate.tbs_certificate_bytes) > MAXIMUM_BYTES:
        yield error("lint-size", "The certificate is larger than 64 KiB.")


def _criticality(_: x509.Certificate, extensions: x509.Extensions) -> Iterator[Finding]:
    for extension in extensions:
        expected = _CRITICAL.get(extension.oid)
        if expected is not None and extension.critical is not expected:
            word = "critical" if expected else "non-critical"
            name = type(extension.value).__name__
            yield error(
                "lint-criticality", f"{name} must be {word}.", citation="RFC 5280 §4.2.1, RFC 8550 §4.4"
            )


def _policies(_: x509.Certificate, extensions: x509.Extensions) -> Iterator[Finding]:
    for extension in extensions:
        if isinstance(extension.value, x509.CertificatePolicies):
            for policy in extension.value:
                if policy.policy_identifier.dotted_string.startswith(_RESERVED_POLICY_ARC):
                    yield error(
                        "lint-reserved-policy",
                        "A private forest must not claim a policy of audited public trust.",
                        citation="CA/B S/MIME BR 7.1.6.1",
                    )


def _locations(_: x509.Certificate, extensions: x509.Extensions) -> Iterator[Finding]:
    for extension in extensions:
        for location in _urls(extension.value):
            if not location.startswith("http://"):
                yield error(
                    "lint-location",
                    f"{location[:120]} is not an http address.",
                    citation="RFC 5280 §8; BR 7.1.2.3",
                )


def _urls(value: x509.ExtensionType) -> list[str]:
    if isinstance(value, x509.CRLDistributionPoints):
        return [str(name.value) for point in value for name in point.full_name or ()]
    if isinstance(value, x509.AuthorityInformationAccess):
        return [str(access.access_location.value) for access in value]
    return []


_CERTIFICATE_RULES: tuple[Callable[[x509.Certificate, x509.Extensions], Iterator[Finding]], ...] = (
    _serial,
    _version,
    _strength,
    _size,
    _criticality,
    _policies,
    _locations,
)
_CRITICAL = {
    x509.BasicConstraints.oid: True,
    x509.KeyUsage.oid: True,
    x509.NameConstraints.oid: True,
    x509.SubjectKeyIdentifier.oid: False,
    x509.AuthorityKeyIdentifier.oid: False,
    x509.CRLDistributionPoints.oid: False,
    x509.AuthorityInformationAccess.oid: False,
    x509.CertificatePolicies.oid: False,
}


def _authority(certificate: x509.Certificate, extensions: x509.Extensions) -> Iterator[Finding]:
    usage = _find(extensions, x509.KeyUsage)
    if usage is None or not (usage.key_cert_sign and usage.crl_sign):
        yield error(
            "lint-authority-usage", "An authority must sign certificates and lists.", citation="BR 7.1.2.2"
        )
    if not list(certificate.subject):
        yield error("lint-authority-subject", "An authority has no name.", citation="RFC 5280 §4.1.2.6")
    if _find(extensions, x509.SubjectKeyIdentifier) is None:
        yield error(
            "lint-subject-key-identifier",
            "An authority lacks a key identifier.",
            citation="RFC 5280 §4.2.1.2",
        )
    if certificate.subject != certificate.issuer and _find(extensions, x509.NameConstraints) is None:
        yield error("lint-name-constraints", "An issuing authority lacks name constraints.")


def _person(certificate: x509.Certificate, extensions: x509.Extensions, most_days: int) -> Iterator[Finding]:
    days = (
        certificate.not_valid_after_utc - certificate.not_valid_before_utc + timedelta(seconds=1)
    ) / timedelta(1)
    if days > most_days:
        yield error("lint-validity", f"The validity exceeds {most_days} days.", citation="BR 6.3.2")
    usage = _find(extensions, x509.KeyUsage)
    if usage is None or usage.key_cert_sign or usage.crl_sign:
        yield error(
            "lint-person-usage", "Key usage is missing or that of an authority.", citation="RFC 8550 §4.4.2"
        )
    purposes = _find(extensions, x509.ExtendedKeyUsage)
    if purposes is None or list(purposes) != [ExtendedKeyUsageOID.EMAIL_PROTECTION]:
        yield error(
            "lint-person-purpose", "The purpose is not exactly emailProtection.", citation="BR 7.1.2.3 (f)"
        )
    yield from _person_names(certificate, extensions)
    for needed in (x509.CRLDistributionPoints, x509.AuthorityKeyIdentifier):
        if _find(extensions, needed) is None:
            yield error("lint-person-extension", f"{needed.__name__} is missing.", citation="BR 7.1.2.3")


def _person_names(certificate: x509.Certificate, extensions: x509.Extensions) -> Iterator[Finding]:
    alternative = _find(extensions, x509.SubjectAlternativeName)
    count = len(alternative) if alternative is not None else 0
    if not 1 <= count <= MAXIMUM_NAMES:
        yield error("lint-address", "The certificate names no address, or too many.", citation="BR 7.1.4.2.1")
    if any("@" in str(attribute.value) for attribute in certificate.subject):
        stated = {str(name.value) for name in alternative or ()}
        extra = [
            str(a.value) for a in certificate.subject if "@" in str(a.value) and str(a.value) not in stated
        ]
        if extra:
            yield error(
                "lint-subject-address", "An address of the subject is not repeated.", citation="BR 7.1.4.2.2"
            )


def _against_issuer(certificate: x509.Certificate, issuer: x509.Certificate) -> Iterator[Finding]:
    if certificate.issuer.public_bytes() != issuer.subject.public_bytes():
        yield error(
            "lint-issuer-name", "The issuer's name differs from its subject.", citation="RFC 5280 §4.1.2.4"
        )
    if not _basic_constraints(issuer.extensions).ca:
        yield error("lint-issuer-not-authority", "The issuer is no authority.", citation="RFC 5280 §4.2.1.9")
    if certificate.not_valid_after_utc > issuer.not_valid_after_utc:
        yield error("lint-issuer-ends-earlier", "The certificate outlives its issuer.")


ExtensionValue = TypeVar("ExtensionValue", bound=x509.ExtensionType)


def _find(extensions: x509.Extensions, kind: type[ExtensionValue]) -> ExtensionValue | None:
    try:
        return extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _basic_constraints(extensions: x509.Extensions) -> x509.BasicConstraints:
    return _find(extensions, x509.BasicConstraints) or x509.BasicConstraints(ca=False, path_length=None)


def lint_crl(crl: Crl) -> list[Finding]:
    """Every broken rule of a list that is about to be published."""
    found = [
        error(code, summary, citation=citation)
        for code, summary, citation, broken in _CRL_RULES
        if broken(crl)
    ]
    if signature_strength(crl.parsed) is not Strength.ACCEPTED:
        found.append(error("lint-signature", "The signature algorithm is obsolete.", citation="RFC 6194"))
    return found


def _has_empty_entries(crl: Crl) -> bool:
    """An empty SEQUENCE of entries where the field must be absent."""
    return len(crl) == 0 and crl.has_entries_field


_CRL_RULES: tuple[tuple[str, str, str, Callable[[Crl], bool]], ...] = (
    ("lint-crl-number", "The list has no number.", "RFC 5280 §5.2.3", lambda crl: crl.number is None),
    (
        "lint-crl-number",
        "The number is marked critical.",
        "RFC 5280 §5.2.3",
        lambda crl: crl.number_is_critical,
    ),
    (
        "lint-crl-issuer",
        "The list has no issuer name.",
        "RFC 5280 §5.1.2.3",
        lambda crl: not list(crl.issuer),
    ),
    (
        "lint-crl-key-identifier",
        "The list has no authority key identifier.",
        "RFC 5280 §5.2.1",
        lambda crl: crl.authority_key_identifier is None,
    ),
    (
        "lint-crl-dates",
        "The list has no end, or ends before it begins.",
        "RFC 5280 §5.1.2.5",
        lambda crl: crl.next_update is None or crl.next_update <= crl.this_update,
    ),
    ("lint-crl-empty", "An empty list must be absent.", "RFC 5280 §5.1.2.6", _has_empty_entries),
    (
        "lint-crl-critical",
        "The list carries a critical extension that we do not know.",
        "RFC 5280 §5.2",
        lambda crl: bool(crl.unknown_critical),
    ),
)
