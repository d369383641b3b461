"""Every field of a certificate in plain words (RFC 5280 §4), each with what it means to a person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID
from django.utils.translation import gettext as _

from pki import keys
from pki.claims import claims_of
from pki.extensions import find_extension, read_extensions
from pki.names import email_addresses
from smime import capabilities, oids
from tenants.web.words import full_moment

USAGES = (
    ("digital_signature", "digital signature"),
    ("content_commitment", "content commitment"),
    ("key_encipherment", "key encipherment"),
    ("data_encipherment", "data encipherment"),
    ("key_agreement", "key agreement"),
    ("key_cert_sign", "certificate signing"),
    ("crl_sign", "list signing"),
)
PURPOSES = {
    ExtendedKeyUsageOID.EMAIL_PROTECTION: "email protection",
    ExtendedKeyUsageOID.CLIENT_AUTH: "client authentication",
    ExtendedKeyUsageOID.SERVER_AUTH: "server authentication",
    ExtendedKeyUsageOID.CODE_SIGNING: "code signing",
    ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE: "any",
}
_DRAWN = (
    x509.SubjectAlternativeName,
    x509.KeyUsage,
    x509.ExtendedKeyUsage,
    x509.BasicConstraints,
    x509.NameConstraints,
    x509.CertificatePolicies,
    x509.CRLDistributionPoints,
    x509.AuthorityInformationAccess,
    x509.SubjectKeyIdentifier,
    x509.AuthorityKeyIdentifier,
)


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    value: str
    gloss: str
    mono: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    heading: str
    fields: tuple[Field, ...]


def field_groups(certificate: x509.Certificate) -> tuple[Group, ...]:
    """The Details tab. A certificate whose extensions cannot be parsed still shows what can be read."""
    groups = [
        Group(_("Who and by whom"), tuple(_names(certificate))),
        Group(_("Key and signature"), tuple(_key(certificate))),
    ]
    if not claims_of(certificate).is_readable:
        unreadable = Field(
            _("Names or extensions"), _("cannot be parsed"), _("nothing in it can be relied on")
        )
        return (*groups, Group(_("What it may do"), (unreadable,)))
    groups += [
        Group(_("What it may do"), tuple(_abilities(certificate))),
        Group(_("Where to ask"), tuple(_locations(certificate))),
        Group(_("Other extensions"), tuple(_others(certificate))),
    ]
    return tuple(group for group in groups if group.fields)


def _names(certificate: x509.Certificate) -> Iterator[Field]:
    claimed = claims_of(certificate)
    if claimed.name:
        subject = certificate.subject.rfc4514_string() or _("(empty name)")
        yield Field(_("Subject"), subject, _("whom it names"))
    for address in claimed.mailboxes:
        yield Field(_("Address"), address, _("compared with From on every letter"))
    for address in email_addresses(certificate.subject) if claimed.name else ():
        yield Field(_("Address in the subject"), address, _("the old place for it (RFC 5280 §4.1.2.6)"))
    if claimed.issuer:
        yield Field(_("Issuer"), certificate.issuer.rfc4514_string(), _("the authority that vouches for it"))
    serial = f"{certificate.serial_number:X}"
    yield Field(_("Serial number"), serial, _("what a revocation list would name"), mono=True)
    yield Field(_("Valid from"), full_moment(certificate.not_valid_before_utc), _("not before this moment"))
    yield Field(_("Valid until"), full_moment(certificate.not_valid_after_utc), _("ends by itself then"))


def _key(certificate: x509.Certificate) -> Iterator[Field]:
    yield Field(
        _("Public key"), key_words(certificate), _("checks signatures, or locks letters to its owner")
    )
    yield Field(_("Signed with"), _algorithm(certificate), _("how the issuer signed it"))
    try:
        subject_key = find_extension(certificate, x509.SubjectKeyIdentifier)
        issuer_key = find_extension(certificate, x509.AuthorityKeyIdentifier)
    except ValueError:
        return
    if subject_key is not None:
        yield Field(
            _("Key identifier"),
            _spaced(subject_key.value.digest),
            _("how others point at this key"),
            mono=True,
        )
    if issuer_key is not None and issuer_key.value.key_identifier is not None:
        gloss = _("which key of the issuer signed it")
        yield Field(_("Issuer’s key"), _spaced(issuer_key.value.key_identifier), gloss, mono=True)


def key_words(certificate: x509.Certificate) -> str:
    """'EC P-256', 'RSA-3072'; a key that cannot be read is said to be so."""
    try:
        return keys.describe(certificate.public_key())
    except (UnsupportedAlgorithm, ValueError, TypeError):
        return _("of an unsupported kind")


def _algorithm(certificate: x509.Certificate) -> str:
    name = certificate.signature_algorithm_oid._name
    return name if name != "Unknown OID" else certificate.signature_algorithm_oid.dotted_string


def _spaced(value: bytes) -> str:
    text = value.hex().upper()
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def _abilities(certificate: x509.Certificate) -> Iterator[Field]:
    usage = find_extension(certificate, x509.KeyUsage)
    if usage is not None:
        named = ", ".join(word for attribute, word in USAGES if getattr(usage.value, attribute))
        yield Field(_("Key usage"), _marked(named, usage), _("what the key may do at all"))
    purposes = find_extension(certificate, x509.ExtendedKeyUsage)
    if purposes is not None:
        named = ", ".join(PURPOSES.get(oid, oid.dotted_string) for oid in purposes.value)
        yield Field(_("Extended usage"), _marked(named, purposes), _("for which applications"))
    yield from _authority_fields(certificate)
    if announced := capabilities.of_certificate(certificate):
        named = ", ".join(dict.fromkeys(capability.title for capability in announced))
        yield Field(_("S/MIME capabilities"), named, _("what its owner’s program says it can read"))
    policies = find_extension(certificate, x509.CertificatePolicies)
    if policies is not None:
        named = ", ".join(policy.policy_identifier.dotted_string for policy in policies.value)
        yield Field(
            _("Policy"), _marked(named, policies), _("rules that the issuer says it followed"), mono=True
        )


def _authority_fields(certificate: x509.Certificate) -> Iterator[Field]:
    basic = find_extension(certificate, x509.BasicConstraints)
    if basic is not None:
        words = _("an authority") if basic.value.ca else _("not an authority")
        if basic.value.path_length is not None:
            words += _(", at most %(n)s more below it") % {"n": basic.value.path_length}
        gloss = _("may issue certificates") if basic.value.ca else _("cannot issue certificates")
        yield Field(_("Basic constraints"), _marked(words, basic), gloss)
    limits = find_extension(certificate, x509.NameConstraints)
    if limits is not None:
        allowed = [
            _("only %(name)s") % {"name": base.value} for base in limits.value.permitted_subtrees or ()
        ]
        barred = [_("never %(name)s") % {"name": base.value} for base in limits.value.excluded_subtrees or ()]
        gloss = _("certificates outside are worth nothing")
        yield Field(_("Name limits"), _marked(", ".join([*allowed, *barred]), limits), gloss)


def _locations(certificate: x509.Certificate) -> Iterator[Field]:
    points = find_extension(certificate, x509.CRLDistributionPoints)
    for point in points.value if points is not None else ():
        for name in point.full_name or ():
            yield Field(
                _("Revocation list"),
                str(name.value),
                _("where its issuer publishes what was revoked"),
                mono=True,
            )
    access = find_extension(certificate, x509.AuthorityInformationAccess)
    for entry in access.value if access is not None else ():
        is_issuer = entry.access_method == AuthorityInformationAccessOID.CA_ISSUERS
        name = _("Issuer certificate") if is_issuer else _("Online status")
        gloss = _("the next certificate of the path") if is_issuer else _("an OCSP responder")
        yield Field(name, str(entry.access_location.value), gloss, mono=True)


def _others(certificate: x509.Certificate) -> Iterator[Field]:
    read = {oids.SMIME_CAPABILITIES} if capabilities.of_certificate(certificate) else set()
    for extension in _undrawn(read_extensions(certificate)):
        if extension.oid.dotted_string in read:
            continue
        value = extension.oid.dotted_string
        gloss = (
            _("critical: whoever does not know it must refuse") if extension.critical else _("may be ignored")
        )
        named = extension.oid._name
        yield Field(named if named != "Unknown OID" else _("Unknown"), value, gloss, mono=True)


def _undrawn(
    extensions: Iterable[x509.Extension[x509.ExtensionType]],
) -> Iterator[x509.Extension[x509.ExtensionType]]:
    return (extension for extension in extensions if not isinstance(extension.value, _DRAWN))


def _marked(words: str, extension: x509.Extension[x509.ExtensionType]) -> str:
    return _("%(words)s, critical") % {"words": words} if extension.critical else words
