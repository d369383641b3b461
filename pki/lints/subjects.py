"""Rules for the names that certificates state (RFC 5280 §4.1.2.4, §4.1.2.6 and appendix A.1, CA/B S/MIME BR 7.1.4)."""

from __future__ import annotations

import unicodedata

from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID

from .rules import RuleBook, Subject

NAMES = RuleBook()

# Upper bounds of appendix A.1, in characters; attributes that are not here are not written by anything of ours.
_LONGEST = {
    NameOID.COMMON_NAME: 64,
    NameOID.ORGANIZATION_NAME: 64,
    NameOID.ORGANIZATIONAL_UNIT_NAME: 64,
    NameOID.COUNTRY_NAME: 2,
    NameOID.STATE_OR_PROVINCE_NAME: 128,
    NameOID.LOCALITY_NAME: 128,
    NameOID.SERIAL_NUMBER: 64,
    NameOID.GIVEN_NAME: 32768,
    NameOID.SURNAME: 32768,
    NameOID.PSEUDONYM: 128,
    NameOID.TITLE: 64,
    NameOID.ORGANIZATION_IDENTIFIER: 128,
    NameOID.EMAIL_ADDRESS: 255,
}


@NAMES.rule(
    "lint-name-attribute", "CA/B S/MIME BR 7.1.4.2", "The subject has an attribute that no profile knows."
)
def _attribute(s: Subject) -> str:
    return ", ".join(a.oid.dotted_string for a in s.certificate.subject if a.oid not in _LONGEST)


@NAMES.rule(
    "lint-name-length", "RFC 5280 appendix A.1", "An attribute of the subject is longer than its upper bound."
)
def _length(s: Subject) -> bool:
    return any(len(a.value) > _LONGEST.get(a.oid, 32768) for a in s.certificate.subject)


@NAMES.rule("lint-name-country", "RFC 5280 appendix A.1", "The country is not two capital letters.")
def _country(s: Subject) -> bool:
    return any(
        len(str(a.value)) != 2 or not str(a.value).isascii() or not str(a.value).isupper()
        for a in s.certificate.subject.get_attributes_for_oid(NameOID.COUNTRY_NAME)
    )


@NAMES.rule(
    "lint-name-string", "RFC 5280 §4.1.2.4", "A name is not written as UTF8String or PrintableString."
)
def _string(s: Subject) -> bool:
    lawful = {_ASN1Type.UTF8String, _ASN1Type.PrintableString}
    return any(
        a._type not in (lawful | {_ASN1Type.IA5String} if a.oid == NameOID.EMAIL_ADDRESS else lawful)
        for name in (s.certificate.subject, s.certificate.issuer)
        for a in name
    )


@NAMES.rule("lint-name-blank", "CA/B S/MIME BR 7.1.4.2", "A name is empty, or begins or ends with a space.")
def _blank(s: Subject) -> bool:
    values = [str(a.value) for a in s.certificate.subject]
    return any(not value.strip() or value != value.strip() for value in values)


@NAMES.rule(
    "lint-name-metadata",
    "CA/B S/MIME BR 7.1.4.2",
    "A name holds only punctuation, as a sign that there is none.",
)
def _metadata(s: Subject) -> bool:
    return any(not any(c.isalnum() for c in str(a.value)) for a in s.certificate.subject)


@NAMES.rule(
    "lint-name-control", "RFC 5280 §4.1.2.4; Unicode TR 36",
    "A name holds control characters, or characters that turn the direction of writing.",
)  # fmt: skip
def _control(s: Subject) -> bool:
    return any(
        unicodedata.category(c) in {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}
        for a in s.certificate.subject
        for c in str(a.value)
    )


@NAMES.rule(
    "lint-name-set", "CA/B S/MIME BR 7.1.4.1", "A part of the subject's name holds several attributes."
)
def _set(s: Subject) -> bool:
    return any(len(list(part)) != 1 for part in s.certificate.subject.rdns)


@NAMES.rule("lint-name-twice", "CA/B S/MIME BR 7.1.4.1", "An attribute stands twice in the subject.")
def _twice(s: Subject) -> bool:
    kinds = [a.oid for a in s.certificate.subject]
    return len(kinds) != len(set(kinds))
