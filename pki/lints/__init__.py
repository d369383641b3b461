"""Rules that everything signed here obeys, checked on the bytes that would be signed (RFC 5280, RFC 8550, CA/B S/MIME
BR 7.1).

Each rule is one sentence with its citation; all are errors, and an error stops the signature. The rules for certificates
of the public trust alone (reserved policies and the like) are turned round: these are private forests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography import x509

from ..errors import LintRefusal
from ..findings import Finding, error
from ..profiles import Profile
from .authorities import AUTHORITIES
from .everyone import EVERYONE
from .lists import lint_crl, lint_entry
from .pairs import PAIRS, PROFILES
from .persons import PERSONS
from .rules import Rule, Subject
from .subjects import NAMES

if TYPE_CHECKING:
    from ..crl import Crl

__all__ = ["RULES", "applied_rules", "lint_certificate", "lint_crl", "lint_entry", "refuse_list"]

RULES: tuple[Rule, ...] = (*EVERYONE, *NAMES, *PERSONS, *AUTHORITIES, *PAIRS, *PROFILES)


def applied_rules() -> int:
    """How many rules a person's certificate passes before it is signed."""
    return len(EVERYONE) + len(NAMES) + len(PERSONS) + len(PAIRS) + len(PROFILES)


def lint_certificate(
    certificate: x509.Certificate, *, issuer: x509.Certificate | None = None, profile: Profile | None = None
) -> list[Finding]:
    """Every broken rule of a certificate. `issuer` adds the rules between the two, `profile` those of its kind."""
    subject = Subject(certificate, issuer, profile)
    try:
        kind = AUTHORITIES if subject.is_authority else PERSONS
    except ValueError:
        return [error("lint-extensions", "The extensions cannot be parsed.", citation="RFC 5280 §4.2")]
    books = [
        EVERYONE,
        NAMES,
        kind,
        *([PAIRS] if issuer is not None else []),
        *([PROFILES] if profile is not None else []),
    ]
    judged = (rule.judge(subject) for book in books for rule in book)
    return [finding for finding in judged if finding is not None]


def refuse_list(crl: Crl, published: Crl | None = None) -> None:
    """Raise LintRefusal for a list that breaks a rule; see `lint_crl`."""
    broken = lint_crl(crl, published)
    if broken:
        raise LintRefusal(tuple(broken))
