"""Issuing certificates and reading what they say about mail (RFC 5280, RFC 8550, RFC 9598).
 Three kinds are issued: roots, issuing authorities under critical name constraints, and people. Every
certificate is linted on a twin signed by a throw-away key before the real key touches it.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa, x25519
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from . import der, keys, names, profiles
from .algorithms import signing_digest
from .errors import LintRefusal, RefusedRequest
from .extensions import find
from .findings import Finding, Severity, error
from .keys import KeyType, PublicKey, SigningPrivateKey
from .lints import lint_certificate
from .names import Mailbox, subtree_covers
from .oid import SMIME_CAPABILITIES, SMTP_UTF8_MAILBOX
from .profiles import Profile
from .signer import Signer
from .times import spoken_day, utc

BACKDATING = timedelta(minutes=5)  # tolerates clocks of relying parties that run behind


@dataclass(frozen=True, slots=True)
class Publication:
    """Where an issuer's list and certificate are served; fixed into what it issues. Both are http
    addresses.
    """

    crl_url: str
    issuer_url: str


@dataclass(frozen=True, slots=True)
class MailDomain:
    """A domain an authority may name: that host, and its subdomains when they are owned too."""

    name: str
    include_subdomains: bool = False


def new_serial_number() -> int:
    """Twenty octets from the operating system's generator, top bit clear, never zero (RFC 5280 §4.1.2.2)."""
    return (
        secrets.randbits(158) | 1 << 158
    )  # always 20 octets, so that equal sizes hide nothing and sort nothing


def issue_root(
    *,
    private_key: SigningPrivateKey,
    common_name: str,
    organization: str,
    at: datetime,
    serial_number: int | None = None,
) -> x509.Certificate:
    """A self-signed root: no path length, no name constraints, no extended key usage (CA/B S/MIME BR
    7.1.2.1).
    """
    subject = _authority_name(common_name, organization)
    public_key = private_key.public_key()
    builder = (
        _builder(subject, subject, public_key, profiles.ROOT, serial_number or new_serial_number(), at)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(profiles.ROOT.key_usage(_key_type(public_key, profiles.ROOT)), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )
    _lint(_sign(builder, _throw_away_key(_signing_kind(private_key))))
    return _sign(builder, private_key)


def issue_authority(
    *,
    issuer: Signer,
    public_key: PublicKey,
    common_name: str,
    organization: str,
    mail_domains: Sequence[MailDomain],
    publication: Publication,
    at: datetime,
    serial_number: int | None = None,
) -> x509.Certificate:
    """An issuing authority for people of the given domains, and for nobody else.

    Carries critical name constraints ("d", and ".d" where subdomains are owned), path length 0 and
    emailProtection. Raises `RefusedRequest` without domains, or when the issuer ends earlier.
    """
    profile = profiles.ISSUING
    if not mail_domains:
        raise _refusal("authority-without-domains", "An issuing authority needs at least one mail domain.")
    builder = (
        _builder(
            issuer.certificate.subject,
            _authority_name(common_name, organization),
            public_key,
            profile,
            serial_number or new_serial_number(),
            at,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=profile.path_length), critical=True)
        .add_extension(profile.key_usage(_key_type(public_key, profile)), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        .add_extension(_permitted_domains(mail_domains), critical=True)
    )
    return _issue(builder, issuer, public_key, publication, profile, at)


def issue_person(
    *,
    issuer: Signer,
    public_key: PublicKey,
    name: str,
    mailbox: str,
    profile: Profile,
    publication: Publication,
    serial_number: int,
    at: datetime,
    smime_capabilities: bytes | None = None,
) -> x509.Certificate:
    """A person's certificate for one mailbox.

    `smime_capabilities`: DER of SMIMECapabilities, for the extension of RFC 4262. Everything but the key comes
    from the caller's verified facts and the profile. Raises `RefusedRequest` when the issuer's name constraints do
    not permit the mailbox, the key does not fit the profile, or the issuer ends earlier; `MalformedInput` for an
    unreadable address.
    """
    address = Mailbox.parse(mailbox)
    if not permits(issuer.certificate, address):
        raise _refusal(
            "name-outside-authority",
            f"This authority may not issue for {address}: the domain {address.domain} is not among its own.",
            remedy="Add the domain to the organisation and create an authority generation that covers it.",
        )
    if profile.role is not profiles.Role.PERSON:
        raise _refusal("profile-not-for-people", f"The profile {profile.code} is not one for people.")
    kind = _key_type(public_key, profile)
    builder = (
        _builder(
            issuer.certificate.subject,
            _person_name(profile, name, address, names.organization(issuer.certificate.subject)),
            public_key,
            profile,
            serial_number,
            at,
        )
        .add_extension(profile.key_usage(kind), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        .add_extension(x509.SubjectAlternativeName([general_name(address)]), critical=False)
    )
    if smime_capabilities is not None:
        extension = x509.UnrecognizedExtension(SMIME_CAPABILITIES, smime_capabilities)
        builder = builder.add_extension(extension, critical=False)
    return _issue(builder, issuer, public_key, publication, profile, at)


def permits(issuer: x509.Certificate, mailbox: Mailbox) -> bool:
    """Whether the issuer's own name constraints allow it to name this mailbox."""
    constraints = find(issuer, x509.NameConstraints)
    if constraints is None:
        return True
    permitted = [str(base.value) for base in constraints.permitted_subtrees or () if _is_rfc822(base)]
    excluded = [str(base.value) for base in constraints.excluded_subtrees or () if _is_rfc822(base)]
    allowed = not permitted or any(subtree_covers(base, mailbox) for base in permitted)
    return allowed and not any(subtree_covers(base, mailbox) for base in excluded)


def mailboxes(certificate: x509.Certificate) -> tuple[str, ...]:
    """The addresses a certificate names: rfc822Name and SmtpUTF8Mailbox entries, in order, each once.

    Addresses in the subject are not among them; see `names.email_addresses`. Raises `ValueError` when the
    extensions cannot be parsed.
    """
    alternative = find(certificate, x509.SubjectAlternativeName) or ()
    found = [text for text in (address_text(general) for general in alternative) if text]
    return tuple(dict.fromkeys(found))


def address_text(general: x509.GeneralName) -> str:
    """The address in a general name, or an empty text when it holds none."""
    if isinstance(general, x509.RFC822Name):
        return general.value
    if isinstance(general, x509.OtherName) and general.type_id == SMTP_UTF8_MAILBOX:
        tag, content, end = der.read(general.value, 0, len(general.value))
        if tag == der.UTF8_STRING and end == len(general.value):
            return general.value[content:end].decode("utf-8")
    return ""


def general_name(mailbox: Mailbox) -> x509.GeneralName:
    """The alternative name of a mailbox: rfc822Name, or SmtpUTF8Mailbox for a non-ASCII local-part."""
    text = str(mailbox)
    if text.isascii():
        return x509.RFC822Name(text)
    return x509.OtherName(SMTP_UTF8_MAILBOX, der.tlv(der.UTF8_STRING, text.encode()))  # RFC 9598 §3


def can_sign(certificate: x509.Certificate) -> bool:
    """Whether key usage and extended key usage let the key sign mail (RFC 8550 §4.4.2, §4.4.4).

    Raises `ValueError` when the extensions cannot be parsed.
    """
    usage = find(certificate, x509.KeyUsage)
    return _for_mail(certificate) and (usage is None or usage.digital_signature or usage.content_commitment)


def can_encrypt(certificate: x509.Certificate) -> bool:
    """Whether key usage and extended key usage let mail be encrypted to the key, and the key can do it.

    Raises `ValueError` when the extensions cannot be parsed.
    """
    usage = find(certificate, x509.KeyUsage)
    try:
        key = certificate.public_key()
    except (UnsupportedAlgorithm, ValueError):
        return False
    if isinstance(key, rsa.RSAPublicKey):
        return _for_mail(certificate) and (usage is None or usage.key_encipherment)
    if isinstance(key, keys.MlKemPublicKey):
        return _for_mail(certificate) and (usage is None or only_enciphers_keys(usage))
    agreement = isinstance(key, ec.EllipticCurvePublicKey | x25519.X25519PublicKey)
    return agreement and _for_mail(certificate) and (usage is None or usage.key_agreement)


def only_enciphers_keys(usage: x509.KeyUsage) -> bool:
    """Whether keyEncipherment is the one and only bit, as ML-KEM demands (RFC 9935 §5)."""
    others = (
        usage.digital_signature, usage.content_commitment, usage.data_encipherment, usage.key_agreement,
        usage.key_cert_sign, usage.crl_sign,
    )  # fmt: skip
    return usage.key_encipherment and not any(others)


def _for_mail(certificate: x509.Certificate) -> bool:
    purposes = find(certificate, x509.ExtendedKeyUsage)
    if purposes is None:
        return True
    return bool(
        {ExtendedKeyUsageOID.EMAIL_PROTECTION, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE} & set(purposes)
    )


def _builder(
    issuer: x509.Name,
    subject: x509.Name,
    public_key: PublicKey,
    profile: Profile,
    serial_number: int,
    at: datetime,
) -> x509.CertificateBuilder:
    not_before = utc(at).replace(microsecond=0) - BACKDATING
    return (
        x509.CertificateBuilder()
        .issuer_name(issuer)
        .subject_name(subject)
        .public_key(public_key)  # type: ignore[arg-type]  # the kind is checked by `_key_type`
        .serial_number(serial_number)
        .not_valid_before(not_before)
        # the last second belongs to the validity (RFC 5280 §4.1.2.5)
        .not_valid_after(not_before + timedelta(days=profile.validity_days, seconds=-1))
    )


def _issue(
    builder: x509.CertificateBuilder,
    issuer: Signer,
    public_key: PublicKey,
    publication: Publication,
    profile: Profile,
    at: datetime,
) -> x509.Certificate:
    """Add what every issued certificate carries, lint the twin, sign."""
    authority = issuer.certificate
    complete = (
        builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)  # type: ignore[arg-type]
        .add_extension(_authority_key_identifier(authority), critical=False)
        .add_extension(_distribution_points(publication), critical=False)
        .add_extension(_issuer_access(publication), critical=False)
    )
    twin = _sign(complete, _throw_away_key(_signing_kind(issuer.private_key)))
    _require_room(authority, twin, at)
    _lint(twin, issuer=authority, profile=profile)
    return _sign(complete, issuer.private_key)


def _require_room(authority: x509.Certificate, twin: x509.Certificate, at: datetime) -> None:
    if not authority.not_valid_before_utc <= utc(at) <= authority.not_valid_after_utc:
        raise _refusal("issuer-not-valid", "The issuing authority is not valid at this moment.")
    if twin.not_valid_after_utc > authority.not_valid_after_utc:
        raise _refusal(
            "issuer-ends-earlier",
            f"The authority ends on {spoken_day(authority.not_valid_after_utc)}, before the certificate would.",
            remedy="Create a new generation of the authority.",
        )


def _lint(
    twin: x509.Certificate, *, issuer: x509.Certificate | None = None, profile: Profile | None = None
) -> None:
    broken = [
        finding
        for finding in lint_certificate(twin, issuer=issuer, profile=profile)
        if finding.severity is Severity.ERROR
    ]
    if broken:
        raise LintRefusal(tuple(broken))


def _sign(builder: x509.CertificateBuilder, key: SigningPrivateKey) -> x509.Certificate:
    return builder.sign(key, signing_digest(key))


@lru_cache(maxsize=8)
def _throw_away_key(kind: KeyType) -> SigningPrivateKey:
    """A key that never signs anything but twins; one per kind and process."""
    key = keys.generate(kind)
    assert isinstance(key, SigningPrivateKey)  # noqa: S101  `kind` is that of a signing key
    return key


def _signing_kind(key: SigningPrivateKey) -> KeyType:
    return keys.key_type(key.public_key()) or KeyType.RSA_2048


def _key_type(public_key: PublicKey, profile: Profile) -> KeyType:
    kind = keys.key_type(public_key)
    if kind is None or kind not in profile.key_types:
        allowed = ", ".join(entry.value for entry in profile.key_types)
        raise _refusal(
            "key-not-in-profile",
            f"A key of kind {keys.describe(public_key)} is not allowed for “{profile.title}” ({allowed}).",
        )
    return kind


def _authority_name(common_name: str, organization: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _person_name(profile: Profile, name: str, mailbox: Mailbox, organization: str) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization)] if organization else []
    shown = profile.common_name(name=name, forest=organization, address=str(mailbox))
    return x509.Name([*attributes, x509.NameAttribute(NameOID.COMMON_NAME, shown)])


def _permitted_domains(mail_domains: Sequence[MailDomain]) -> x509.NameConstraints:
    bases: list[x509.GeneralName] = []
    for domain in mail_domains:
        name = names.normalise_domain(domain.name)
        bases.append(x509.RFC822Name(name))
        if domain.include_subdomains:
            bases.append(x509.RFC822Name(f".{name}"))
    return x509.NameConstraints(permitted_subtrees=bases, excluded_subtrees=None)


def _is_rfc822(base: x509.GeneralName) -> bool:
    return isinstance(base, x509.RFC822Name)


def _authority_key_identifier(authority: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    identifier = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)


def _distribution_points(publication: Publication) -> x509.CRLDistributionPoints:
    location = x509.UniformResourceIdentifier(publication.crl_url)
    return x509.CRLDistributionPoints([x509.DistributionPoint([location], None, None, None)])


def _issuer_access(publication: Publication) -> x509.AuthorityInformationAccess:
    location = x509.UniformResourceIdentifier(publication.issuer_url)
    return x509.AuthorityInformationAccess(
        [x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, location)]
    )


def _refusal(code: str, summary: str, *, remedy: str = "") -> RefusedRequest:
    return RefusedRequest(_refused(code, summary, remedy))


def _refused(code: str, summary: str, remedy: str) -> Finding:
    return error(code, summary, remedy=remedy, owner="administrator")
