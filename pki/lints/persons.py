"""Rules for the certificates of people (RFC 8550 §3 and §4.4, RFC 9598, CA/B S/MIME BR 6.3.2, 7.1.2.3, 7.1.4)."""

from __future__ import annotations

from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa, x448, x25519
from cryptography.x509.oid import ExtendedKeyUsageOID

from .. import der
from ..errors import MalformedInput
from ..keys import MlDsaPublicKey, MlKemPublicKey, PublicKey
from ..names import Mailbox
from ..oid import SMIME_CAPABILITIES, SMTP_UTF8_MAILBOX
from ..profiles import MAXIMUM_PERSON_DAYS
from ..rules import MAXIMUM_NAMES
from .rules import RuleBook, Subject

PERSONS = RuleBook()


@PERSONS.rule(
    "lint-validity",
    "CA/B S/MIME BR 6.3.2",
    "The validity exceeds 825 days, and the template is not private.",
)
def _validity(s: Subject) -> bool:
    length = s.certificate.not_valid_after_utc - s.certificate.not_valid_before_utc + timedelta(seconds=1)
    return length > timedelta(days=s.profile.maximum_days if s.profile else MAXIMUM_PERSON_DAYS)


@PERSONS.rule("lint-person-usage", "RFC 8550 §4.4.2", "Key usage is missing or that of an authority.")
def _usage(s: Subject) -> bool:
    usage = s.find(x509.KeyUsage)
    return usage is None or usage.key_cert_sign or usage.crl_sign


@PERSONS.rule(
    "lint-usage-of-key",
    "CA/B S/MIME BR 7.1.2.3 (e); RFC 8410 §5; RFC 9935 §5",
    "Key usage does not fit the kind of key.",
)
def _usage_of_key(s: Subject) -> bool:
    usage = s.find(x509.KeyUsage)
    return usage is not None and not _bits(usage) <= _lawful_bits(s.key)


def _bits(usage: x509.KeyUsage) -> set[str]:
    names = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
    )
    return {name for name in names if getattr(usage, name)}


def _lawful_bits(key: PublicKey) -> set[str]:
    signing = {"digital_signature", "content_commitment"}
    if isinstance(key, rsa.RSAPublicKey):
        return signing | {"key_encipherment"}
    if isinstance(key, ec.EllipticCurvePublicKey):
        return signing | {"key_agreement"}
    if isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey | MlDsaPublicKey):
        return signing
    if isinstance(key, x25519.X25519PublicKey | x448.X448PublicKey):
        return {"key_agreement"}
    return {"key_encipherment"} if isinstance(key, MlKemPublicKey) else set()


@PERSONS.rule("lint-usage-useless", "RFC 8550 §4.4.2", "The key may neither sign nor receive mail.")
def _useless(s: Subject) -> bool:
    usage = s.find(x509.KeyUsage)
    useful = {"digital_signature", "key_encipherment", "key_agreement"}
    return usage is not None and not usage.key_cert_sign and not _bits(usage) & useful


@PERSONS.rule(
    "lint-person-purpose", "CA/B S/MIME BR 7.1.2.3 (f)", "The purpose is not exactly emailProtection."
)
def _purpose(s: Subject) -> bool:
    return list(s.find(x509.ExtendedKeyUsage) or ()) != [ExtendedKeyUsageOID.EMAIL_PROTECTION]


@PERSONS.rule("lint-person-basic", "CA/B S/MIME BR 7.1.2.3 (d)", "Basic constraints state a path length.")
def _basic(s: Subject) -> bool:
    constraints = s.find(x509.BasicConstraints)
    return constraints is not None and constraints.path_length is not None


@PERSONS.rule(
    "lint-person-constraints",
    "RFC 5280 §4.2.1.10",
    "Name constraints stand in a certificate of no authority.",
)
def _constraints(s: Subject) -> bool:
    return s.find(x509.NameConstraints) is not None


@PERSONS.rule("lint-address", "CA/B S/MIME BR 7.1.4.2.1", "The certificate names no address, or too many.")
def _address(s: Subject) -> bool:
    return not 1 <= len(list(_names(s))) <= MAXIMUM_NAMES


@PERSONS.rule("lint-address-kind", "CA/B S/MIME BR 7.1.4.2.1", "An alternative name is no mail address.")
def _address_kind(s: Subject) -> str:
    return ", ".join(type(name).__name__ for name in _names(s) if _text(name) is None)


@PERSONS.rule(
    "lint-address-form",
    "RFC 5280 §4.2.1.6; RFC 5321 §4.1.2",
    "An address is not local@domain in A-labels.",
)
def _address_form(s: Subject) -> str:
    return ", ".join(text for text in map(_text, _names(s)) if text is not None and not _is_mailbox(text))


@PERSONS.rule("lint-address-utf8", "RFC 9598 §3", "SmtpUTF8Mailbox stands where rfc822Name would do.")
def _address_utf8(s: Subject) -> bool:
    return any(isinstance(name, x509.OtherName) and (_text(name) or "").isascii() for name in _names(s))


@PERSONS.rule("lint-address-twice", "RFC 5280 §4.2.1.6", "An address stands twice.")
def _address_twice(s: Subject) -> bool:
    texts = [_text(name) for name in _names(s)]
    return len(texts) != len(set(texts))


def _names(s: Subject) -> x509.SubjectAlternativeName | tuple[()]:
    return s.find(x509.SubjectAlternativeName) or ()


def _text(name: x509.GeneralName) -> str | None:
    """The address in a general name; None for another kind. Raises ValueError for a broken SmtpUTF8Mailbox."""
    if isinstance(name, x509.RFC822Name):
        return name.value
    if not isinstance(name, x509.OtherName) or name.type_id != SMTP_UTF8_MAILBOX:
        return None
    tag, content, end = der.read(name.value, 0, len(name.value))
    if tag != der.UTF8_STRING or end != len(name.value):
        raise ValueError("not a UTF8String")
    return name.value[content:end].decode("utf-8")


def _is_mailbox(text: str) -> bool:
    try:
        return str(Mailbox.parse(text)) == text
    except MalformedInput:
        return False


@PERSONS.rule(
    "lint-subject-address", "CA/B S/MIME BR 7.1.4.2.2", "An address of the subject is not repeated."
)
def _subject_address(s: Subject) -> str:
    stated = {_text(name) for name in _names(s)}
    return ", ".join(
        str(a.value) for a in s.certificate.subject if "@" in str(a.value) and str(a.value) not in stated
    )


@PERSONS.rule(
    "lint-address-critical",
    "RFC 5280 §4.2.1.6",
    "Alternative names have the wrong criticality for the subject.",
)
def _address_critical(s: Subject) -> bool:
    named = bool(list(s.certificate.subject))
    kind = x509.SubjectAlternativeName
    return any(e.critical is named for e in s.extensions if isinstance(e.value, kind))


def _needed(kind: type[x509.ExtensionType], citation: str) -> None:
    @PERSONS.rule("lint-person-extension", citation, f"{kind.__name__} is missing.")
    def _missing(s: Subject) -> bool:
        return s.find(kind) is None


_needed(x509.CRLDistributionPoints, "CA/B S/MIME BR 7.1.2.3 (b)")
_needed(x509.AuthorityInformationAccess, "CA/B S/MIME BR 7.1.2.3 (c)")
_needed(x509.AuthorityKeyIdentifier, "CA/B S/MIME BR 7.1.2.3 (g)")


@PERSONS.rule(
    "lint-capabilities", "RFC 4262 §2", "The S/MIME capabilities are critical, or no sequence of sequences."
)
def _capabilities(s: Subject) -> bool:
    return any(
        e.critical
        or not isinstance(e.value, x509.UnrecognizedExtension)
        or not _are_capabilities(e.value.value)
        for e in s.extensions
        if e.oid == SMIME_CAPABILITIES
    )


def _are_capabilities(data: bytes) -> bool:
    tag, start, end = der.read(data, 0, len(data))
    return (
        tag == der.SEQUENCE
        and end == len(data)
        and all(t == der.SEQUENCE for t, *_ in der.children(data, start, end))
    )
