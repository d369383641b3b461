"""Rules for every certificate that is signed here (RFC 5280 §4.1 and §4.2, CA/B S/MIME BR 6.1 and 7.1)."""

from __future__ import annotations

from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtensionOID

from .. import der
from ..algorithms import Strength, key_strength, signature_strength
from ..oid import ANY_POLICY, SMIME_CAPABILITIES
from ..rules import MAXIMUM_BYTES
from .rules import RuleBook, Subject

EVERYONE = RuleBook()
RESERVED_POLICY_ARC = "2.23.140.1.5."
MAXIMUM_URL = 1024


@EVERYONE.rule("lint-version", "RFC 5280 §4.1.2.1", "The certificate is not of version 3.")
def _version(s: Subject) -> bool:
    return s.certificate.version is not x509.Version.v3


@EVERYONE.rule("lint-serial", "RFC 5280 §4.1.2.2", "The serial number is not positive and below 2^159.")
def _serial(s: Subject) -> bool:
    return not 0 < s.certificate.serial_number < 1 << 159


@EVERYONE.rule(
    "lint-serial-entropy", "CA/B S/MIME BR 7.1", "The serial number is too short to hold 64 random bits."
)
def _entropy(s: Subject) -> bool:
    return s.certificate.serial_number.bit_length() < 64


@EVERYONE.rule("lint-key", "CA/B S/MIME BR 6.1.5", "The key is too weak or malformed.")
def _key(s: Subject) -> bool:
    return key_strength(s.key) is not Strength.ACCEPTED


@EVERYONE.rule(
    "lint-rsa-modulus", "CA/B S/MIME BR 6.1.5", "The bits of the RSA modulus are no multiple of 8."
)
def _modulus(s: Subject) -> bool:
    return isinstance(s.key, rsa.RSAPublicKey) and s.key.key_size % 8 != 0


@EVERYONE.rule("lint-rsa-exponent", "CA/B S/MIME BR 6.1.6", "The RSA exponent is below 65537.")
def _exponent(s: Subject) -> bool:
    return isinstance(s.key, rsa.RSAPublicKey) and s.key.public_numbers().e < 65537


@EVERYONE.rule("lint-rsa-factors", "CA/B S/MIME BR 6.1.6", "The RSA modulus has a small factor.")
def _factors(s: Subject) -> bool:
    if not isinstance(s.key, rsa.RSAPublicKey):
        return False
    modulus = s.key.public_numbers().n
    return any(modulus % prime == 0 for prime in _SMALL_PRIMES)


_SMALL_PRIMES = [n for n in range(2, 752) if all(n % d for d in range(2, int(n**0.5) + 1))]


@EVERYONE.rule(
    "lint-key-encoding", "RFC 5280 §4.1.2.7; BR 7.1.3.1", "The key's algorithm is not encoded in a known way."
)
def _key_encoding(s: Subject) -> bool:
    return s.spki_algorithm not in _KEY_ALGORITHMS


_KEY_ALGORITHMS = {
    bytes.fromhex(octets)
    for octets in (
        "300d06092a864886f70d0101010500",  # rsaEncryption with NULL (RFC 3279 §2.3.1)
        "301306072a8648ce3d020106082a8648ce3d030107",  # P-256 (RFC 5480 §2.1.1)
        "301006072a8648ce3d020106052b81040022",  # P-384
        "301006072a8648ce3d020106052b81040023",  # P-521
        "300506032b6570",  # Ed25519 (RFC 8410 §3)
        "300506032b656e",  # X25519
        "300b0609608648016503040311",  # ML-DSA-44 (RFC 9881 §4)
        "300b0609608648016503040312",
        "300b0609608648016503040313",
        "300b0609608648016503040402",  # ML-KEM-768 (RFC 9935 §4)
        "300b0609608648016503040403",
    )
}


@EVERYONE.rule("lint-signature", "RFC 6194", "The signature algorithm is obsolete.")
def _signature(s: Subject) -> bool:
    return signature_strength(s.certificate) is not Strength.ACCEPTED


@EVERYONE.rule(
    "lint-signature-agreement",
    "RFC 5280 §4.1.1.2",
    "The signature algorithm inside differs from the one outside.",
)
def _agreement(s: Subject) -> bool:
    return s.fields["signature"] != s.outer_algorithm


@EVERYONE.rule(
    "lint-signature-encoding",
    "RFC 5280 §4.1.1.2; BR 7.1.3.2",
    "The signature algorithm is not encoded in a known way.",
)
def _signature_encoding(s: Subject) -> bool:
    return s.fields["signature"] not in _SIGNATURE_ALGORITHMS


_SIGNATURE_ALGORITHMS = {
    bytes.fromhex(octets)
    for octets in (
        "300d06092a864886f70d01010b0500",  # sha256WithRSAEncryption (RFC 4055 §5)
        "300d06092a864886f70d01010c0500",
        "300d06092a864886f70d01010d0500",
        "300a06082a8648ce3d040302",  # ecdsa-with-SHA256 (RFC 5758 §3.2)
        "300a06082a8648ce3d040303",
        "300a06082a8648ce3d040304",
        "300506032b6570",  # Ed25519 (RFC 8410 §3)
        "300b0609608648016503040311",  # ML-DSA (RFC 9881 §2)
        "300b0609608648016503040312",
        "300b0609608648016503040313",
    )
}


@EVERYONE.rule("lint-size", "our input budget", "The certificate is larger than 64 KiB.")
def _size(s: Subject) -> bool:
    return len(s.certificate.tbs_certificate_bytes) > MAXIMUM_BYTES


@EVERYONE.rule("lint-issuer-empty", "RFC 5280 §4.1.2.4", "The issuer has no name.")
def _issuer_empty(s: Subject) -> bool:
    return not list(s.certificate.issuer)


@EVERYONE.rule("lint-dates", "RFC 5280 §4.1.2.5", "The validity ends before it begins.")
def _dates(s: Subject) -> bool:
    return s.certificate.not_valid_after_utc < s.certificate.not_valid_before_utc


@EVERYONE.rule(
    "lint-date-encoding", "RFC 5280 §4.1.2.5.1, §4.1.2.5.2",
    "A date is not UTCTime through 2049 and GeneralizedTime after, with seconds and Z.",
)  # fmt: skip
def _date_encoding(s: Subject) -> bool:
    data = s.fields["validity"]
    _, start, end = der.read(data, 0, len(data))
    moments = (s.certificate.not_valid_before_utc, s.certificate.not_valid_after_utc)
    return data[start:end] != b"".join(der.time(moment) for moment in moments)


@EVERYONE.rule("lint-unique-identifiers", "RFC 5280 §4.1.2.8", "It carries unique identifiers.")
def _unique_identifiers(s: Subject) -> bool:
    return bool({"issuerUniqueID", "subjectUniqueID"} & set(s.fields))


# Extension, whether it is critical, and where that is said. None: both are lawful.
_CRITICALITY: tuple[tuple[type[x509.ExtensionType], bool, str], ...] = (
    (x509.BasicConstraints, True, "RFC 5280 §4.2.1.9"),
    (x509.KeyUsage, True, "RFC 5280 §4.2.1.3; RFC 8550 §4.4.2"),
    (x509.NameConstraints, True, "RFC 5280 §4.2.1.10"),
    (x509.SubjectKeyIdentifier, False, "RFC 5280 §4.2.1.2"),
    (x509.AuthorityKeyIdentifier, False, "RFC 5280 §4.2.1.1"),
    (x509.CRLDistributionPoints, False, "RFC 5280 §4.2.1.13"),
    (x509.AuthorityInformationAccess, False, "RFC 5280 §4.2.2.1"),
    (x509.CertificatePolicies, False, "CA/B S/MIME BR 7.1.2.3 (a)"),
    (x509.ExtendedKeyUsage, False, "CA/B S/MIME BR 7.1.2.3 (f)"),
)


def _criticality_of(kind: type[x509.ExtensionType], critical: bool, citation: str) -> None:
    word = "critical" if critical else "non-critical"

    @EVERYONE.rule("lint-criticality", citation, f"{kind.__name__} must be {word}.")
    def _criticality(s: Subject) -> bool:
        return any(e.oid == kind.oid and e.critical is not critical for e in s.extensions)


for _kind, _critical, _citation in _CRITICALITY:
    _criticality_of(_kind, _critical, _citation)

# What anything of ours may carry. Application policies (ESC15), security identifiers, private demands: none of them.
_KNOWN_EXTENSIONS = {
    ExtensionOID.BASIC_CONSTRAINTS,
    ExtensionOID.KEY_USAGE,
    ExtensionOID.EXTENDED_KEY_USAGE,
    ExtensionOID.NAME_CONSTRAINTS,
    ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
    ExtensionOID.SUBJECT_KEY_IDENTIFIER,
    ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
    ExtensionOID.CRL_DISTRIBUTION_POINTS,
    ExtensionOID.AUTHORITY_INFORMATION_ACCESS,
    ExtensionOID.CERTIFICATE_POLICIES,
    ExtensionOID.OCSP_NO_CHECK,
    SMIME_CAPABILITIES,
}


@EVERYONE.rule(
    "lint-foreign-extension", "CA/B S/MIME BR 7.1.2.4", "It carries an extension that no template has."
)
def _foreign_extension(s: Subject) -> str:
    return ", ".join(e.oid.dotted_string for e in s.extensions if e.oid not in _KNOWN_EXTENSIONS)


@EVERYONE.rule("lint-usage-empty", "RFC 5280 §4.2.1.3", "Key usage is there and allows nothing.")
def _usage_empty(s: Subject) -> bool:
    usage = s.find(x509.KeyUsage)
    return usage is not None and not any(
        (
            usage.digital_signature, usage.content_commitment, usage.key_encipherment, usage.data_encipherment,
            usage.key_agreement, usage.key_cert_sign, usage.crl_sign,
        )
    )  # fmt: skip


@EVERYONE.rule(
    "lint-reserved-policy",
    "CA/B S/MIME BR 7.1.6.1",
    "A private forest must not claim a policy of audited public trust.",
)
def _reserved_policy(s: Subject) -> bool:
    return any(policy.startswith(RESERVED_POLICY_ARC) for policy in _policies(s))


@EVERYONE.rule(
    "lint-any-policy", "CA/B S/MIME BR 7.1.6.3", "anyPolicy would stand for every policy of everybody."
)
def _any_policy(s: Subject) -> bool:
    return ANY_POLICY in _policies(s)


def _policies(s: Subject) -> list[str]:
    return [p.policy_identifier.dotted_string for p in s.find(x509.CertificatePolicies) or ()]


@EVERYONE.rule("lint-location", "RFC 5280 §8; BR 7.1.2.3", "A location is not an http address.")
def _location(s: Subject) -> str:
    return " ".join(location for location in _locations(s) if not location.startswith("http://"))


@EVERYONE.rule("lint-location-form", "RFC 5280 §4.2.1.6", "A location is no well-formed address.")
def _location_form(s: Subject) -> str:
    return " ".join(location for location in _locations(s) if not _is_address(location))


def _is_address(location: str) -> bool:
    parts = urlsplit(location)
    plain = location.isascii() and location.isprintable() and not set(location) & set(' <>"{}|\\^`')
    return (
        plain
        and bool(parts.hostname)
        and parts.username is None
        and not parts.fragment
        and len(location) <= MAXIMUM_URL
    )


def _locations(s: Subject) -> list[str]:
    points = s.find(x509.CRLDistributionPoints) or ()
    access = s.find(x509.AuthorityInformationAccess) or ()
    return [str(name.value) for point in points for name in point.full_name or ()] + [
        str(entry.access_location.value) for entry in access
    ]


@EVERYONE.rule(
    "lint-distribution-point", "RFC 5280 §4.2.1.13; BR 7.1.2.3 (b)",
    "The distribution point is not one place for all reasons, by the issuer itself.",
)  # fmt: skip
def _distribution_point(s: Subject) -> bool:
    points = s.find(x509.CRLDistributionPoints)
    if points is None:
        return False
    return any(
        not point.full_name or point.reasons is not None or point.crl_issuer is not None
        or any(not isinstance(name, x509.UniformResourceIdentifier) for name in point.full_name)
        for point in points
    )  # fmt: skip


@EVERYONE.rule(
    "lint-issuer-access",
    "RFC 5280 §4.2.2.1; BR 7.1.2.3 (c)",
    "The issuer's access names something foreign.",
)
def _issuer_access(s: Subject) -> bool:
    return any(
        entry.access_method
        not in (AuthorityInformationAccessOID.CA_ISSUERS, AuthorityInformationAccessOID.OCSP)
        or not isinstance(entry.access_location, x509.UniformResourceIdentifier)
        for entry in s.find(x509.AuthorityInformationAccess) or ()
    )


@EVERYONE.rule(
    "lint-subject-key-identifier",
    "RFC 5280 §4.2.1.2",
    "The subject's key identifier is missing, empty or too long.",
)
def _subject_key_identifier(s: Subject) -> bool:
    value = s.find(x509.SubjectKeyIdentifier)
    return value is None or not 0 < len(value.digest) <= 64


@EVERYONE.rule(
    "lint-authority-key-identifier",
    "RFC 5280 §4.2.1.1; BR 7.1.2.3 (g)",
    "The authority key identifier is no mere key identifier.",
)
def _authority_key_identifier(s: Subject) -> bool:
    value = s.find(x509.AuthorityKeyIdentifier)
    return value is not None and (
        not value.key_identifier
        or value.authority_cert_issuer is not None
        or value.authority_cert_serial_number is not None
    )
