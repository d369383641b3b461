"""Rules for roots and authorities below them (RFC 5280 §4.2.1, CA/B S/MIME BR 7.1.2.1, 7.1.2.2, 7.1.5)."""

from __future__ import annotations

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ..errors import MalformedInput
from ..names import normalise_domain
from .rules import RuleBook, Subject

AUTHORITIES = RuleBook()


@AUTHORITIES.rule(
    "lint-authority-usage", "CA/B S/MIME BR 7.1.2.2 (e)", "An authority must sign certificates and lists."
)
def _usage(s: Subject) -> bool:
    usage = s.find(x509.KeyUsage)
    return usage is None or not (usage.key_cert_sign and usage.crl_sign)


@AUTHORITIES.rule(
    "lint-authority-other-usage",
    "CA/B S/MIME BR 7.1.2.2 (e)",
    "An authority's key may do more than sign.",
)
def _other_usage(s: Subject) -> bool:
    usage = s.find(x509.KeyUsage)
    return usage is not None and any(
        (usage.content_commitment, usage.key_encipherment, usage.data_encipherment, usage.key_agreement)
    )


@AUTHORITIES.rule("lint-authority-subject", "RFC 5280 §4.1.2.6", "An authority has no name.")
def _subject(s: Subject) -> bool:
    return not list(s.certificate.subject)


@AUTHORITIES.rule(
    "lint-authority-name", "CA/B S/MIME BR 7.1.4.3", "An authority lacks a common name or its organisation."
)
def _name(s: Subject) -> bool:
    wanted = (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME)
    return not all(s.certificate.subject.get_attributes_for_oid(oid) for oid in wanted)


@AUTHORITIES.rule(
    "lint-name-constraints", "CA/B S/MIME BR 7.1.5", "An issuing authority lacks name constraints."
)
def _unconstrained(s: Subject) -> bool:
    return not s.is_self_signed and s.find(x509.NameConstraints) is None


@AUTHORITIES.rule(
    "lint-name-constraints-form",
    "RFC 5280 §4.2.1.10; BR 7.1.5",
    "Name constraints are not permitted mail domains.",
)
def _constraint_form(s: Subject) -> bool:
    constraints = s.find(x509.NameConstraints)
    if constraints is None:
        return False
    permitted = list(constraints.permitted_subtrees or ())
    return not permitted or bool(constraints.excluded_subtrees) or not all(map(_is_domain, permitted))


def _is_domain(base: x509.GeneralName) -> bool:
    if not isinstance(base, x509.RFC822Name) or "@" in base.value:
        return False
    domain = base.value.removeprefix(".")
    try:
        return normalise_domain(domain) == domain
    except MalformedInput:
        return False


@AUTHORITIES.rule(
    "lint-root-constraints", "CA/B S/MIME BR 7.1.2.1", "A root limits its paths, names or purposes."
)
def _root_constraints(s: Subject) -> bool:
    constraints = s.find(x509.BasicConstraints)
    limited = s.find(x509.ExtendedKeyUsage) is not None or s.find(x509.NameConstraints) is not None
    return s.is_self_signed and (limited or (constraints is not None and constraints.path_length is not None))


@AUTHORITIES.rule("lint-root-identifier", "RFC 5280 §4.2.1.1", "A root names another key as its issuer's.")
def _root_identifier(s: Subject) -> bool:
    named, own = s.find(x509.AuthorityKeyIdentifier), s.find(x509.SubjectKeyIdentifier)
    return s.is_self_signed and named is not None and (own is None or named.key_identifier != own.digest)


@AUTHORITIES.rule(
    "lint-path-length", "RFC 5280 §4.2.1.9", "An authority below a root does not say how many may follow it."
)
def _path_length(s: Subject) -> bool:
    constraints = s.find(x509.BasicConstraints)
    return not s.is_self_signed and (constraints is None or constraints.path_length is None)


@AUTHORITIES.rule(
    "lint-authority-purpose",
    "CA/B S/MIME BR 7.1.2.2 (g)",
    "Below a root the purpose is not exactly emailProtection.",
)
def _purpose(s: Subject) -> bool:
    return not s.is_self_signed and list(s.find(x509.ExtendedKeyUsage) or ()) != [
        ExtendedKeyUsageOID.EMAIL_PROTECTION
    ]


def _needed(kind: type[x509.ExtensionType], citation: str) -> None:
    @AUTHORITIES.rule(
        "lint-authority-extension", citation, f"{kind.__name__} of an authority below a root is missing."
    )
    def _missing(s: Subject) -> bool:
        return not s.is_self_signed and s.find(kind) is None


_needed(x509.AuthorityKeyIdentifier, "RFC 5280 §4.2.1.1")
_needed(x509.CRLDistributionPoints, "CA/B S/MIME BR 7.1.2.2 (b)")
_needed(x509.AuthorityInformationAccess, "CA/B S/MIME BR 7.1.2.2 (c)")


@AUTHORITIES.rule("lint-authority-address", "CA/B S/MIME BR 7.1.2.2", "An authority states mail addresses.")
def _address(s: Subject) -> bool:
    return s.find(x509.SubjectAlternativeName) is not None
