"""What the revocation lists at hand say about a path (RFC 5280 §6.3): good, revoked, or not to be determined.

Each certificate below the anchor needs lists that are authentic, current for the moment judged, and
together cover every reason. Lists are looked up by index, never walked. A list that is newer than the
moment still counts for it, if the certificate had not expired when it was made: entries dated up to the
moment revoke, later ones become `revoked_since`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeAlias

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from .algorithms import Strength, signature_strength
from .building import Path
from .coverage import ALL_REASONS, Reasons, covered_reasons, points
from .crl import Crl, Reason, RevokedEntry, Scope
from .errors import PkiError
from .extensions import find
from .names import ComparableName, comparable, display
from .times import spoken


@dataclass(frozen=True, slots=True)
class Good:
    """Every certificate of the path is covered by lists that do not revoke it at the moment of judgement.

    `this_update` is that of the oldest list used, `next_update` the earliest of all; `leaf_update` is that of the
    oldest list used for the last certificate of the path alone (None: there is only an anchor). `stale`: at present a
    list used is past its nextUpdate, though it serves for the moment judged, or no newer one could be asked for.
    `unreachable`: those of the lists used whose publisher could not be asked. `revoked_since`: the first
    entry of the path that revokes after the moment of judgement. `lists`: the lists used, in path order.
    """

    this_update: datetime
    next_update: datetime
    stale: bool = False
    revoked_since: RevokedEntry | None = None
    lists: tuple[Crl, ...] = ()
    leaf_update: datetime | None = None
    unreachable: tuple[Crl, ...] = ()


@dataclass(frozen=True, slots=True)
class Revoked:
    """`node` was revoked at or before the moment of judgement."""

    entry: RevokedEntry
    node: x509.Certificate


@dataclass(frozen=True, slots=True)
class Undetermined:
    """No usable list covers `node`; `reason` is a sentence for people."""

    reason: str
    node: x509.Certificate


Revocation: TypeAlias = Good | Revoked | Undetermined

# Revocation dates say when the issuer was told; these reasons make earlier signatures doubtful too.
_COMPROMISE = frozenset({Reason.KEY_COMPROMISE, Reason.CA_COMPROMISE, Reason.AA_COMPROMISE})

MAXIMUM_DELEGATION = 3  # lists whose signers need further lists
Pending: TypeAlias = tuple[tuple[bytes, x509.Certificate], ...]
"""(SHA-256 of a list, its signer) for each list that is being authenticated further up."""

MAXIMUM_LIST_CHECKS = 200  # signatures of lists that are computed for one judgement


class Signers(Protocol):
    """Who else may sign lists (RFC 5280 §6.3.3 (f))."""

    def named(self, name: x509.Name) -> Sequence[x509.Certificate]:
        """All known certificates with this subject."""

    def valid_paths(self, signer: x509.Certificate, anchor: x509.Certificate) -> Iterable[Path]:
        """Paths of a signer under an anchor that hold, revocation apart."""


@dataclass
class RevocationChecker:
    """Judges paths against a set of lists for one moment.

    `at` is the moment judged, `now` the present: no list from after it is used. `weak_lists` accepts lists signed with
    SHA-1; `unreachable` names lists (SHA-256) that could not be asked for anew. Nothing is read from a list but its
    header before its signature has been checked.
    """

    crls: Sequence[Crl]
    at: datetime
    now: datetime
    signers: Signers
    weak_lists: bool = False
    unreachable: frozenset[bytes] = frozenset()
    _checks_left: int = field(init=False, default=MAXIMUM_LIST_CHECKS)
    _by_issuer: dict[ComparableName, list[Crl]] = field(init=False)
    _authentic: dict[tuple[bytes, x509.Certificate], bool] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._by_issuer = defaultdict(list)
        for crl in sorted(self.crls, key=lambda crl: (crl.this_update, crl.number or 0), reverse=True):
            self._by_issuer[comparable(crl.issuer)].append(crl)

    def check(self, path: Path) -> Revocation:
        """The status of a path, anchor first. A revoked certificate outweighs one that cannot be
        determined.
        """
        statuses = [self._status(path[: index + 1], ()) for index in range(1, len(path))]
        for kind in (Revoked, Undetermined):
            for status in statuses:
                if isinstance(status, kind):
                    return status
        good = [status for status in statuses if isinstance(status, Good)]
        if not good:  # an anchor alone: nobody revokes it but its administrator
            return Good(self.at, self.at)
        return _join(good)

    def _status(self, path: Path, pending: Pending) -> Revocation:
        """Status of the last certificate of a (partial) path; lists in `pending` wait for it to be
        believed.
        """
        node = path[-1]
        if len(pending) > MAXIMUM_DELEGATION:
            return Undetermined("Too many lists would have to vouch for one another.", node)
        try:
            return self._judge(path, pending)
        except (PkiError, ValueError, UnsupportedAlgorithm):
            return Undetermined("A list or a distribution point cannot be read.", node)

    def _judge(self, path: Path, pending: Pending) -> Revocation:
        node = path[-1]
        own_points = points(node)
        issuers = [node.issuer, *(name for point in own_points for name in point.list_issuers)]
        offered = [
            c for name in dict.fromkeys(map(comparable, issuers)) for c in self._by_issuer.get(name, ())
        ]
        complete = [crl for crl in offered if crl.base_number is None]
        notes = _Notes()
        covered: Reasons = frozenset()
        used: list[Crl] = []
        later: RevokedEntry | None = None
        for group in _by_scope(complete):
            reasons = covered_reasons(group[0], node, own_points)
            if not reasons:
                notes.uncovered = True
                continue
            for crl in self._usable(group, path, pending, notes):
                used.append(crl)
                covered |= reasons
                entry, source = self._entry(crl, offered, node)
                if entry is None:
                    continue
                if self._revokes(entry, source):
                    return Revoked(entry, node)
                later = later or entry
        if covered != ALL_REASONS:
            return Undetermined(notes.sentence(node, partly=bool(covered)), node)
        ends = [crl.next_update for crl in used if crl.next_update is not None]
        oldest = min(crl.this_update for crl in used)
        unasked = tuple(crl for crl in used if crl.sha256 in self.unreachable)
        # A list that was current when the certificate ended is the last word on it: no newer one names it.
        stale = bool(unasked) or any(self.now > end and end < node.not_valid_after_utc for end in ends)
        return Good(oldest, min(ends), stale, later, tuple(used), unreachable=unasked)

    def _revokes(self, entry: RevokedEntry, crl: Crl) -> bool:
        """Whether an entry revokes at the moment judged."""
        if crl.this_update <= self.at or entry.revoked_at <= self.at:
            return True
        invalid = entry.invalidity_date
        return entry.reason in _COMPROMISE and invalid is not None and invalid <= self.at

    def _usable(self, group: list[Crl], path: Path, pending: Pending, notes: _Notes) -> Iterator[Crl]:
        """Of lists of one scope, newest first: the one current at the moment, and the newest made after it."""
        have_later = False
        for crl in group:
            is_later = crl.this_update > self.at
            if is_later and have_later:
                continue
            problem = (
                self._unusable(crl, path[-1]) or self._not_authentic(crl, path, pending) or _demands(crl)
            )
            if problem:
                notes.problems.append(problem)
                continue
            yield crl
            if not is_later:
                return
            have_later = True

    def _unusable(self, crl: Crl, node: x509.Certificate) -> str:
        """Why a list cannot be used for the moment judged, or nothing."""
        if crl.this_update > self.now:
            return "The list at hand claims to come from the future."
        if crl.next_update is None:
            return "The list at hand does not say how long it holds."
        if crl.this_update <= self.at and crl.next_update < self.at:
            return f"The newest list ended on {spoken(crl.next_update)}."
        if crl.this_update > self.at and crl.this_update > node.not_valid_after_utc:
            return "The list at hand was made after the certificate ended."
        if crl.number is None or crl.number_is_critical:  # RFC 5280 §5.2.3
            return "The list at hand has no proper number."
        strength = signature_strength(crl.parsed)
        if strength is Strength.REFUSED or (strength is Strength.READ_ONLY and not self.weak_lists):
            return "The list at hand is signed with an obsolete method."
        return ""

    def _not_authentic(self, crl: Crl, path: Path, pending: Pending) -> str:
        """Why nobody entitled has signed the list, or nothing (RFC 5280 §6.3.3 (f), (g))."""
        issuer = path[-2]
        if comparable(issuer.subject) == comparable(crl.issuer) and self._signed(crl, issuer):
            return ""
        indirect = comparable(crl.issuer) != comparable(path[-1].issuer)
        for signer_path in self._delegates(crl, path, indirect=indirect):
            claim = (crl.sha256, signer_path[-1])
            if claim in pending:
                # an indirect list may speak about its own issuer, when that certificate names it (§6.3.3 (f))
                if indirect:
                    return ""
            elif self._all_good(signer_path, (*pending, claim)):
                return ""
        return "The list at hand is not signed by the authority that issued the certificate."

    def _delegates(self, crl: Crl, path: Path, *, indirect: bool) -> Iterator[Path]:
        """Paths of other certificates that signed this list and may do so.

        An issuer's second key must be certified by an authority of this very path: a name alone, certified
        elsewhere below the same anchor, can be copied by a hostile authority. An indirect list's issuer is
        named by the certificate itself.
        """
        above = set(path[:-1])
        for signer in self.signers.named(crl.issuer):
            if self._signed(crl, signer):
                for signer_path in self.signers.valid_paths(signer, path[0]):
                    if indirect or not above.isdisjoint(signer_path[-2:]):
                        yield signer_path

    def _all_good(self, path: Path, pending: Pending) -> bool:
        partial = (path[: index + 1] for index in range(1, len(path)))
        return all(isinstance(self._status(part, pending), Good) for part in partial)

    def _signed(self, crl: Crl, signer: x509.Certificate) -> bool:
        key = (crl.sha256, signer)
        if key not in self._authentic:
            self._checks_left -= 1
            if self._checks_left < 0:
                return False
            self._authentic[key] = _may_sign_lists(signer) and _verifies(crl, signer)
        return self._authentic[key]

    def _entry(
        self, crl: Crl, offered: Sequence[Crl], node: x509.Certificate
    ) -> tuple[RevokedEntry | None, Crl]:
        """The certificate's entry in a list, after the newest delta that continues it (RFC 5280 §5.2.4), and
        which of the two lists says so.
        """
        for delta in offered:
            if self._continues(delta, crl):
                change = delta.find_of(node.issuer, node.serial_number)
                if change is not None:
                    return (None if change.reason is Reason.REMOVE_FROM_CRL else change), delta
                break
        return crl.find_of(node.issuer, node.serial_number), crl

    def _continues(self, delta: Crl, crl: Crl) -> bool:
        """Whether a delta may be applied: same issuer, scope and key, and no gap between the numbers."""
        if delta.base_number is None or delta.number is None or crl.number is None:
            return False
        same = (delta.issuer, delta.scope) == (crl.issuer, crl.scope)
        same = same and delta.authority_key_identifier == crl.authority_key_identifier
        until = self.at if crl.this_update <= self.at else self.now
        current = (
            delta.this_update <= until and delta.next_update is not None and self.at <= delta.next_update
        )
        numbered = delta.base_number <= crl.number < delta.number
        return same and current and numbered and self._same_signer(delta, crl) and not _demands(delta)

    def _same_signer(self, delta: Crl, crl: Crl) -> bool:
        signers = [
            signer for (sha256, signer), good in self._authentic.items() if good and sha256 == crl.sha256
        ]
        return any(self._signed(delta, signer) for signer in signers)


@dataclass
class _Notes:
    """Why lists could not be used, for the sentence that people read."""

    problems: list[str] = field(default_factory=list)
    uncovered: bool = False

    def sentence(self, node: x509.Certificate, *, partly: bool) -> str:
        who = display(node.subject)
        if partly:
            return f"The lists at hand cover {who} only for some reasons."
        if self.problems:
            return f"{self.problems[0]} It was needed for {who}."
        if self.uncovered:
            return f"The lists of its issuer do not cover {who}."
        return f"There is no revocation list for {who}."


def _demands(crl: Crl) -> str:
    """Why an authentic list must not be used after all, or nothing (RFC 5280 §5.2, §5.3)."""
    try:
        unknown = crl.unknown_critical
    except PkiError:
        return "The list at hand cannot be read."
    return "The list at hand makes a demand that is not understood here." if unknown else ""


def _by_scope(crls: Iterable[Crl]) -> list[list[Crl]]:
    groups: dict[tuple[x509.Name, Scope], list[Crl]] = defaultdict(list)
    for crl in crls:
        groups[crl.issuer, crl.scope].append(crl)
    return list(groups.values())


def _may_sign_lists(signer: x509.Certificate) -> bool:
    usage = find(signer, x509.KeyUsage)
    return usage is None or usage.crl_sign


def _verifies(crl: Crl, signer: x509.Certificate) -> bool:
    try:
        crl.verify_key(signer.public_key())
    except (PkiError, UnsupportedAlgorithm, ValueError):
        return False
    return True


def _join(statuses: Sequence[Good]) -> Good:
    return Good(
        min(status.this_update for status in statuses),
        min(status.next_update for status in statuses),
        any(status.stale for status in statuses),
        next((status.revoked_since for status in statuses if status.revoked_since), None),
        tuple(dict.fromkeys(crl for status in statuses for crl in status.lists)),
        statuses[-1].this_update,
        tuple(dict.fromkeys(crl for status in statuses for crl in status.unreachable)),
    )
