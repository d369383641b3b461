"""Building certification paths from a leaf to the trust anchors, within fixed bounds (RFC 4158, RFC 5280
§6.1).

Names link certificates; key identifiers and dates only sort the candidates and never eliminate one; among
equals the order in which they were given stands, so that a caller puts what it knows best first. Every link is
a checked signature, so that a look-alike authority with a copied name, serial and key identifier is never more
than a candidate that fails. The bounds make the worst input cost the same as a slow good one; where one cut the
search short, that is the reason reported, and nothing is called forged.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from .extensions import find
from .keys import spki_sha256
from .names import ComparableName, comparable
from .parsing import PARSE_ERRORS
from .signatures import verify_certificate_signature

Path: TypeAlias = tuple[x509.Certificate, ...]

MAXIMUM_DEPTH = 8  # certificates above the leaf, the anchor included
MAXIMUM_CANDIDATES = 50  # issuers of one name, and complete paths
MAXIMUM_SIGNATURE_CHECKS = 100
MAXIMUM_STEPS = (
    1000  # visits of a certificate while searching; each costs no signature once the link is known
)


class DeadEnd(StrEnum):
    """Why a branch of the search ended without an anchor; the worst word for people comes last."""

    ISSUER_MISSING = "issuer-missing"
    NOT_AN_ANCHOR = "not-an-anchor"
    BAD_SIGNATURE = "bad-signature"
    LIMIT = "limit"


@dataclass
class Budget:
    """Signature checks that are left, shared by all searches of one judgement."""

    signature_checks: int = MAXIMUM_SIGNATURE_CHECKS
    steps: int = MAXIMUM_STEPS
    known_links: dict[tuple[x509.Certificate, x509.Certificate], bool] = field(default_factory=dict)


class OverBudget(Exception):
    """The search has used up its bounds."""


class PathBuilder:
    """Finds paths among the given anchors and intermediates; the order of `paths` is best guess first."""

    def __init__(
        self, anchors: Iterable[x509.Certificate], intermediates: Iterable[x509.Certificate], at: datetime
    ) -> None:
        self.budget = Budget()
        self.dead_ends: list[tuple[DeadEnd, Path]] = []
        self._anchors = dict.fromkeys(anchors)
        self._at = at
        self._by_subject: dict[ComparableName, list[x509.Certificate]] = {}
        for certificate in dict.fromkeys((*self._anchors, *intermediates)):
            if names_readable(certificate):  # without a name it links to nothing
                self._by_subject.setdefault(comparable(certificate.subject), []).append(certificate)

    def named(self, subject: x509.Name) -> Sequence[x509.Certificate]:
        """All known certificates with this subject (RFC 5280 §7.1 comparison)."""
        return self._by_subject.get(comparable(subject), ())

    def paths(self, leaf: x509.Certificate) -> Iterator[Path]:
        """Complete paths, anchor first, at most `MAXIMUM_CANDIDATES`. Branches that fail go to `dead_ends`."""
        found = 0
        try:
            for path in self._extend((leaf,)):
                yield path
                found += 1
                if found >= MAXIMUM_CANDIDATES:
                    raise OverBudget
        except OverBudget:
            self.dead_ends.append((DeadEnd.LIMIT, (leaf,)))

    def _extend(self, partial: Path) -> Iterator[Path]:
        """Every completion of a partial path, whose first element still needs an issuer (or is an anchor)."""
        self.budget.steps -= 1
        if self.budget.steps < 0:
            raise OverBudget
        top = partial[0]
        if top in self._anchors:
            yield partial
            return
        if len(partial) > MAXIMUM_DEPTH:
            self.dead_ends.append((DeadEnd.LIMIT, partial))
            return
        genuine = False
        refused = False
        candidates = self._candidates(partial)
        for candidate in candidates[:MAXIMUM_CANDIDATES]:
            if self._issued(candidate, top):
                genuine = True
                yield from self._extend((candidate, *partial))
            else:
                refused = refused or _key_identifiers_agree(candidate, top)
        if not genuine:
            cut = len(candidates) > MAXIMUM_CANDIDATES
            self.dead_ends.append((DeadEnd.LIMIT if cut else self._reason(partial, refused), partial))

    def _reason(self, partial: Path, refused: bool) -> DeadEnd:
        if refused:
            return DeadEnd.BAD_SIGNATURE
        top = partial[0]
        self_issued = comparable(top.subject) == comparable(top.issuer)
        return DeadEnd.NOT_AN_ANCHOR if self_issued else DeadEnd.ISSUER_MISSING

    def _candidates(self, partial: Path) -> list[x509.Certificate]:
        """Possible issuers of the first certificate, best first; none that the path already holds (RFC 8550
        §4).
        """
        top = partial[0]
        held = {(comparable(certificate.subject), _key_identity(certificate)) for certificate in partial}
        fresh = [
            candidate
            for candidate in self.named(top.issuer)
            if (comparable(candidate.subject), _key_identity(candidate)) not in held
        ]
        return sorted(fresh, key=lambda candidate: self._unlikeliness(candidate, top))

    def _unlikeliness(self, candidate: x509.Certificate, subject: x509.Certificate) -> tuple[int, bool, bool]:
        current = candidate.not_valid_before_utc <= self._at <= candidate.not_valid_after_utc
        return (_identifier_mismatch(candidate, subject), candidate not in self._anchors, not current)

    def _issued(self, issuer: x509.Certificate, subject: x509.Certificate) -> bool:
        link = (issuer, subject)
        if link not in self.budget.known_links:
            self.budget.signature_checks -= 1
            if self.budget.signature_checks < 0:
                raise OverBudget
            self.budget.known_links[link] = signed_by(subject, issuer)
        return self.budget.known_links[link]


def names_readable(certificate: x509.Certificate) -> bool:
    """Whether subject and issuer can be parsed; pyca does so on access only."""
    try:
        comparable(certificate.subject)
        comparable(certificate.issuer)
    except PARSE_ERRORS:
        return False
    return True


def signed_by(subject: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether the issuer's key made the signature; a key or algorithm that cannot be used did not."""
    try:
        verify_certificate_signature(subject, issuer.public_key())
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True


def _key_identity(certificate: x509.Certificate) -> bytes:
    try:
        return spki_sha256(certificate.public_key())
    except (UnsupportedAlgorithm, ValueError):
        return certificate.tbs_certificate_bytes  # an unusable key is only equal to itself


def _key_identifiers_agree(issuer: x509.Certificate, subject: x509.Certificate) -> bool:
    """Whether the key identifiers do not contradict; absent ones agree with everything."""
    return _identifier_mismatch(issuer, subject) < _CONTRADICTING


_EXACT, _ABSENT, _CONTRADICTING = range(3)


def _identifier_mismatch(issuer: x509.Certificate, subject: x509.Certificate) -> int:
    """How badly the key identifiers fit (RFC 4158 §3.5.12): equal, one of them absent, different."""
    claimed = authority_key_identifier(subject)
    own = subject_key_identifier(issuer)
    if claimed is None or own is None:
        return _ABSENT
    return _EXACT if claimed == own else _CONTRADICTING


def authority_key_identifier(certificate: x509.Certificate) -> bytes | None:
    """The identifier of the issuer's key that a certificate claims."""
    try:
        identifier = find(certificate, x509.AuthorityKeyIdentifier)
    except ValueError:
        return None
    return identifier.key_identifier if identifier else None


def subject_key_identifier(certificate: x509.Certificate) -> bytes | None:
    """The identifier a certificate gives to its own key."""
    try:
        identifier = find(certificate, x509.SubjectKeyIdentifier)
    except ValueError:
        return None
    return identifier.digest if identifier else None
