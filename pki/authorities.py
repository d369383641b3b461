"""Certificates of authorities below another one, at any depth, with everything decided beforehand (RFC 5280 §4.2.1).

A wish fixes every octet but the signature, so that it can be carried to an offline machine, judged there, and compared
with what comes back. Nothing is signed that exceeds what its issuer may give: an authority under a path length, for
mail domains that the issuer covers, no longer than the issuer lives.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from . import keys, names, profiles
from .algorithms import signing_digest
from .certificates import BACKDATING, MailDomain, Publication
from .errors import LintRefusal, RefusedRequest
from .extensions import find
from .findings import Severity, error
from .keys import KeyType, PublicKey, SigningPrivateKey, spki_sha256
from .lints import lint_certificate
from .parsing import PARSE_ERRORS
from .profiles import Profile, Role
from .rules import is_authority
from .signatures import verify_signature
from .signer import Signer
from .times import spoken_day, utc

INTERMEDIATE = Profile(
    "intermediate",
    "Policy authority",
    Role.ISSUING,
    (KeyType.P384, KeyType.P256, KeyType.P521, KeyType.RSA_4096, KeyType.RSA_3072),
    int(10 * 365.25),
    path_length=1,
)
DEEPEST = 8
_KEY_TYPES = (
    KeyType.P256, KeyType.P384, KeyType.P521, KeyType.RSA_3072, KeyType.RSA_4096, KeyType.ED25519,
    KeyType.ML_DSA_44, KeyType.ML_DSA_65, KeyType.ML_DSA_87,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class AuthorityWish:
    """An authority's certificate without its signature. `path_length`: how many authorities may follow below it.

    `subject_key_identifier`: of the key, or as an existing certificate of it states (a cross-certificate must match
    what the certificates below it name). `publication`: of the issuer.
    """

    public_key: PublicKey
    subject: x509.Name
    subject_key_identifier: bytes
    path_length: int
    mail_domains: tuple[MailDomain, ...]
    publication: Publication
    serial_number: int
    not_before: datetime
    not_after: datetime


def authority_name(common_name: str, organization: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def key_identifier(public_key: PublicKey) -> bytes:
    """Method 1 of RFC 5280 §4.2.1.2."""
    return x509.SubjectKeyIdentifier.from_public_key(public_key).digest  # type: ignore[arg-type]


def validity(at: datetime, days: int, issuer: x509.Certificate) -> tuple[datetime, datetime]:
    """From five minutes ago, for `days`, but never longer than the issuer lives."""
    not_before = utc(at).replace(microsecond=0) - BACKDATING
    not_before = max(not_before, issuer.not_valid_before_utc)
    return not_before, min(not_before + timedelta(days=days, seconds=-1), issuer.not_valid_after_utc)


def issue(wish: AuthorityWish, issuer: Signer) -> x509.Certificate:
    """Judge, lint a twin, sign. Raises RefusedRequest, LintRefusal; then nothing was signed."""
    refuse_excess(wish, issuer.certificate)
    _lint(twin(wish, issuer.certificate), issuer.certificate)
    return _build(wish, issuer.certificate).sign(issuer.private_key, signing_digest(issuer.private_key))


def twin(wish: AuthorityWish, issuer: x509.Certificate) -> x509.Certificate:
    """The same certificate signed by a key that never signs anything else: its to-be-signed octets are those of the
    real one.
    """
    kind = keys.key_type(issuer.public_key()) or KeyType.RSA_2048
    key = _throw_away_key(kind)
    return _build(wish, issuer).sign(key, signing_digest(key))


def check_answer(certificate: x509.Certificate, wish: AuthorityWish, issuer: x509.Certificate) -> None:
    """The certificate is the one that was wished for, in every octet, and the issuer's key has signed it.

    Raises RefusedRequest, LintRefusal.
    """
    refuse_excess(wish, issuer)
    expected = twin(wish, issuer)
    if certificate.tbs_certificate_bytes != expected.tbs_certificate_bytes:
        raise _refusal(
            "answer-differs", "A certificate in the result is not the one that was asked for.",
            remedy="Sign the work order again, unchanged, with the same release of the program.",
        )  # fmt: skip
    check_signature(certificate, issuer.public_key())
    _lint(certificate, issuer)


def check_signature(certificate: x509.Certificate, key: PublicKey) -> None:
    """Raises RefusedRequest."""
    try:
        verify_signature(
            key,
            certificate.signature,
            certificate.tbs_certificate_bytes,
            certificate.signature_algorithm_oid,
            certificate.signature_algorithm_parameters,
        )
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        raise _refusal(
            "signature-of-another-key", "A certificate is not signed by the key that had to sign it.",
            remedy="Use the key file of the authority that is named.",
        ) from None  # fmt: skip


def refuse_excess(wish: AuthorityWish, issuer: x509.Certificate) -> None:
    """Raise RefusedRequest for anything that this issuer may not give to an authority."""
    _refuse_issuer(issuer)
    _refuse_depth(wish, issuer)
    _refuse_key(wish, issuer)
    _refuse_dates(wish, issuer)
    if not 1 << 63 <= wish.serial_number < 1 << 159:
        raise _refusal("wish-serial", "The serial number is too short or too long.")
    if not list(wish.subject):
        raise _refusal("wish-name", "The authority has no name.")
    outside = [d.name for d in wish.mail_domains if not covers(issuer, d)]
    if not wish.mail_domains or outside:
        what = (
            f"it would cover {outside[0]}, which its issuer does not"
            if outside
            else "it names no mail domain"
        )
        raise _refusal(
            "wish-domains", f"The authority must be limited to mail domains of its issuer: {what}."
        )


def _refuse_issuer(issuer: x509.Certificate) -> None:
    usage = find(issuer, x509.KeyUsage)
    if not is_authority(issuer) or (usage is not None and not usage.key_cert_sign):
        raise _refusal("issuer-not-authority", "The signer's certificate is not that of an authority.")


def _refuse_depth(wish: AuthorityWish, issuer: x509.Certificate) -> None:
    if not 0 <= wish.path_length <= DEEPEST:
        raise _refusal("wish-depth", f"{wish.path_length} is no path length from 0 to {DEEPEST}.")
    constraints = find(issuer, x509.BasicConstraints)
    most = constraints.path_length if constraints else None
    if most is not None and wish.path_length >= most:
        raise _refusal(
            "wish-depth",
            f"The issuer allows {most} more levels of authorities; this one would allow {wish.path_length} below it.",
            remedy="Ask for a smaller path length, or another issuer.",
        )


def _refuse_key(wish: AuthorityWish, issuer: x509.Certificate) -> None:
    kind = keys.key_type(wish.public_key)
    if kind not in _KEY_TYPES:
        raise _refusal(
            "wish-key", f"A key of kind {keys.describe(wish.public_key)} is not fit for an authority.",
            remedy="Make a key of kind P-256, P-384, P-521 or RSA with 3072 bits or more.",
        )  # fmt: skip
    if spki_sha256(wish.public_key) == spki_sha256(issuer.public_key()):
        raise _refusal("wish-key", "The authority would have its issuer's own key.")


def _refuse_dates(wish: AuthorityWish, issuer: x509.Certificate) -> None:
    begins, ends = utc(wish.not_before), utc(wish.not_after)
    most = profiles.ISSUING.validity_days if wish.path_length == 0 else INTERMEDIATE.validity_days
    if not begins < ends <= begins + timedelta(days=most):
        raise _refusal("wish-dates", f"The validity is empty, or longer than {most} days.")
    if begins < issuer.not_valid_before_utc or ends > issuer.not_valid_after_utc:
        raise _refusal(
            "issuer-ends-earlier",
            f"The issuer is valid until {spoken_day(issuer.not_valid_after_utc)} only, the authority would outlive it.",
            remedy="Create a new generation of the issuer.",
        )


def covers(issuer: x509.Certificate, domain: MailDomain) -> bool:
    """Whether the issuer's own name constraints leave room for all mail of a domain."""
    constraints = find(issuer, x509.NameConstraints)
    if constraints is None:
        return True
    wanted = [domain.name, f".{domain.name}"] if domain.include_subdomains else [domain.name]
    permitted = _mail_bases(constraints.permitted_subtrees)
    excluded = _mail_bases(constraints.excluded_subtrees)
    inside = not permitted or all(any(_within(name, base) for base in permitted) for name in wanted)
    return inside and not any(
        _within(name, base) or _within(base, name) for name in wanted for base in excluded
    )


def _mail_bases(subtrees: list[x509.GeneralName] | None) -> list[str]:
    return [str(base.value).lower() for base in subtrees or () if isinstance(base, x509.RFC822Name)]


def _within(name: str, base: str) -> bool:
    """Whether the subtree `name` ("d" or ".d", RFC 5280 §4.2.1.10) lies in the subtree `base`."""
    return name == base or (base.startswith(".") and name.endswith(base))


def _build(wish: AuthorityWish, issuer: x509.Certificate) -> x509.CertificateBuilder:
    bases: list[x509.GeneralName] = []
    for domain in wish.mail_domains:
        name = names.normalise_domain(domain.name)
        bases += [x509.RFC822Name(name)] + (
            [x509.RFC822Name(f".{name}")] if domain.include_subdomains else []
        )
    kind = keys.key_type(wish.public_key) or KeyType.P256
    point = x509.DistributionPoint(
        [x509.UniformResourceIdentifier(wish.publication.crl_url)], None, None, None
    )
    access = x509.AccessDescription(
        AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(wish.publication.issuer_url)
    )
    identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    extensions: tuple[tuple[x509.ExtensionType, bool], ...] = (
        (x509.BasicConstraints(ca=True, path_length=wish.path_length), True),
        (INTERMEDIATE.key_usage(kind), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False),
        (x509.NameConstraints(permitted_subtrees=bases, excluded_subtrees=None), True),
        (x509.SubjectKeyIdentifier(wish.subject_key_identifier), False),
        (x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), False),
        (x509.CRLDistributionPoints([point]), False),
        (x509.AuthorityInformationAccess([access]), False),
    )
    builder = (
        x509.CertificateBuilder()
        .issuer_name(issuer.subject)
        .subject_name(wish.subject)
        .public_key(wish.public_key)  # type: ignore[arg-type]  # the kind is checked by `_refuse_key`
        .serial_number(wish.serial_number)
        .not_valid_before(utc(wish.not_before))
        .not_valid_after(utc(wish.not_after))
    )
    for value, critical in extensions:
        builder = builder.add_extension(value, critical=critical)
    return builder


def _lint(certificate: x509.Certificate, issuer: x509.Certificate) -> None:
    found = lint_certificate(certificate, issuer=issuer, profile=INTERMEDIATE)
    broken = [finding for finding in found if finding.severity is Severity.ERROR]
    if broken:
        raise LintRefusal(tuple(broken))


@lru_cache(maxsize=8)
def _throw_away_key(kind: KeyType) -> SigningPrivateKey:
    key = keys.generate(kind)
    assert isinstance(key, SigningPrivateKey)  # noqa: S101  `kind` is that of a signing key
    return key


def check_own_root(certificate: x509.Certificate, at: datetime) -> None:
    """A root that was made elsewhere, to become a generation of ours: self-signed, sound, current.

    Raises RefusedRequest, LintRefusal.
    """
    try:
        sound = is_authority(certificate) and certificate.subject == certificate.issuer
        constraints = find(certificate, x509.BasicConstraints)
        key = certificate.public_key()
    except PARSE_ERRORS:
        raise _refusal("root-unreadable", "The certificate cannot be parsed.") from None
    if not sound or constraints is None:
        raise _refusal(
            "not-a-root", "The certificate is not that of a root: it must be self-signed and an authority's.",
            remedy="Make it with python -m pki new-root on the offline machine.",
        )  # fmt: skip
    if keys.key_type(key) not in _KEY_TYPES:
        raise _refusal("wish-key", f"A key of kind {keys.describe(key)} is not fit for a root.")
    check_signature(certificate, key)
    broken = [f for f in lint_certificate(certificate) if f.severity is Severity.ERROR]
    if broken:
        raise LintRefusal(tuple(broken))
    if not certificate.not_valid_before_utc <= utc(at) <= certificate.not_valid_after_utc:
        raise _refusal("root-not-valid", "The root is not valid at this moment.")


def _refusal(code: str, summary: str, *, remedy: str = "") -> RefusedRequest:
    return RefusedRequest(error(code, summary, remedy=remedy, owner="administrator"))
