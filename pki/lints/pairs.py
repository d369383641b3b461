"""Rules between a certificate and the issuer that is about to sign it, or the profile it is made from (RFC 5280 §6.1)."""

from __future__ import annotations

from cryptography import x509

from ..algorithms import signing_digest
from ..extensions import find
from ..keys import key_type
from ..names import Mailbox, subtree_covers
from ..profiles import Role
from .rules import RuleBook, Subject

PAIRS = RuleBook()
PROFILES = RuleBook()


@PAIRS.rule("lint-issuer-name", "RFC 5280 §4.1.2.4", "The issuer's name differs from its subject.")
def _name(s: Subject) -> bool:
    return s.certificate.issuer.public_bytes() != s.issuer.subject.public_bytes()


@PAIRS.rule("lint-issuer-not-authority", "RFC 5280 §4.2.1.9", "The issuer is no authority.")
def _not_authority(s: Subject) -> bool:
    constraints = find(s.issuer, x509.BasicConstraints)
    return constraints is None or not constraints.ca


@PAIRS.rule("lint-issuer-usage", "RFC 5280 §4.2.1.3", "The issuer's key may not sign certificates.")
def _usage(s: Subject) -> bool:
    usage = find(s.issuer, x509.KeyUsage)
    return usage is not None and not usage.key_cert_sign


@PAIRS.rule("lint-issuer-ends-earlier", "RFC 5280 §6.1.3 (a)(2)", "The certificate outlives its issuer.")
def _ends(s: Subject) -> bool:
    return s.certificate.not_valid_after_utc > s.issuer.not_valid_after_utc


@PAIRS.rule(
    "lint-issuer-identifier", "RFC 5280 §4.2.1.1", "The authority key identifier is not that of the issuer."
)
def _identifier(s: Subject) -> bool:
    named, own = s.find(x509.AuthorityKeyIdentifier), find(s.issuer, x509.SubjectKeyIdentifier)
    return named is not None and own is not None and named.key_identifier != own.digest


@PAIRS.rule(
    "lint-issuer-path-length",
    "RFC 5280 §4.2.1.9",
    "The issuer allows fewer authorities below it.",
)
def _path_length(s: Subject) -> bool:
    own, above = s.find(x509.BasicConstraints), find(s.issuer, x509.BasicConstraints)
    if not s.is_authority or own is None or above is None or above.path_length is None:
        return False
    return above.path_length == 0 or own.path_length is None or own.path_length >= above.path_length


@PAIRS.rule(
    "lint-issuer-domains", "RFC 5280 §4.2.1.10", "An address lies outside the issuer's name constraints."
)
def _domains(s: Subject) -> str:
    constraints = find(s.issuer, x509.NameConstraints)
    bases = [b.value for b in _permitted(constraints) if isinstance(b, x509.RFC822Name)]
    stated = [n.value for n in s.find(x509.SubjectAlternativeName) or () if isinstance(n, x509.RFC822Name)]
    return ", ".join(
        a for a in stated if bases and not any(subtree_covers(b, Mailbox.parse(a)) for b in bases)
    )


@PAIRS.rule("lint-signature-digest", "CA/B S/MIME BR 7.1.3.2", "The digest does not follow the issuer's key.")
def _digest(s: Subject) -> bool:
    key = s.issuer.public_key()
    wanted = signing_digest(key)
    found = s.certificate.signature_hash_algorithm
    return (wanted is None) != (found is None) or (
        wanted is not None and found is not None and wanted.name != found.name
    )


@PROFILES.rule(
    "lint-profile", "this portal's templates", "The certificate is not of the kind its profile describes."
)
def _kind(s: Subject) -> bool:
    return s.profile is not None and (s.profile.role is Role.PERSON) == s.is_authority


@PROFILES.rule("lint-profile-usage", "this portal's templates", "Key usage is not the one of the profile.")
def _profile_usage(s: Subject) -> bool:
    kind = key_type(s.key)
    return s.profile is not None and (kind is None or s.find(x509.KeyUsage) != s.profile.key_usage(kind))


@PROFILES.rule(
    "lint-profile-key", "this portal's templates", "The kind of key is not among those of the profile."
)
def _profile_key(s: Subject) -> bool:
    return s.profile is not None and key_type(s.key) not in s.profile.key_types


def _permitted(constraints: x509.NameConstraints | None) -> list[x509.GeneralName]:
    return list((constraints.permitted_subtrees if constraints is not None else None) or ())
