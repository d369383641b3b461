"""Judging a certificate: is there a path to a trust anchor that holds, for this purpose, at this moment?

Paths are built here within bounds and handed one at a time to the rules, the engine, the revocation check
and, for mail, the S/MIME relying party's demands (RFC 5280 §6, RFC 8550 §4). The first path that holds
decides; otherwise the one that came nearest is reported, with one finding per fault.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from cryptography import x509

from .algorithms import Strength, signature_strength
from .building import DeadEnd, Path, PathBuilder, names_readable
from .conformance import conformance_problems
from .constraints import constraint_problems
from .engine import PolicyInputs, engine_problems
from .entries import Reason
from .extensions import read_extensions
from .findings import Finding, Severity, error, info, warning
from .names import display
from .revocation import Good, Revocation, RevocationChecker, Revoked, Undetermined
from .rules import path_problems
from .times import spoken, utc
from .trust import Trust, TrustAnchor, Use
from .usage import anchor_problems, mail_notes, mail_problems
from .verdicts import Failure, Problem, Verdict

__all__ = ["Failure", "PathResult", "PolicyInputs", "Verdict", "validate"]


@dataclass(frozen=True)
class PathResult:
    """The judgement. `path` is root first: the path that holds, or the best one found (at least the leaf)."""

    verdict: Verdict
    failure: Failure
    path: Path
    anchor: TrustAnchor | None
    revocation: Revocation | None
    findings: tuple[Finding, ...]
    failing: x509.Certificate | None = None


def validate(
    *,
    leaf: x509.Certificate,
    trust: Trust,
    at: datetime,
    now: datetime | None = None,
    purpose: Literal["email", "any"] = "email",
    address: str | None = None,
    revocation: Literal["required", "ignored"] = "required",
    policies: PolicyInputs | None = None,
    use: Use | None = None,
) -> PathResult:
    """Judge `leaf` as of `at`.

    `at` is the moment of judgement (for a letter: its receipt), `now` the present, which only decides which
    lists exist and whether they are stale; it defaults to `at`. Fractions of seconds are dropped, as
    certificates know none. `address`: the mailbox the certificate must speak for; without it, an anchor
    that is scoped to domains must cover every address of the leaf. `use`: what the certificate is to serve for, where
    an anchor may be believed for one use only. Never raises for bad certificates or lists.
    """
    moment = utc(at).replace(microsecond=0)
    present = max(utc(now or at).replace(microsecond=0), moment)
    return _Judgement(
        leaf, trust, moment, present, purpose, address, revocation, policies or PolicyInputs(), use
    ).run()


# Of several paths that fail, the one whose fault comes first here is nearest to holding, and is reported.
_NEAREST = (
    Failure.NONE,
    Failure.REVOCATION_UNKNOWN,
    Failure.ADDRESS,
    Failure.REVOKED,
    Failure.USAGE,
    Failure.WEAK,
    Failure.TIME,
    Failure.UNTRUSTED,
    Failure.CONSTRAINT,
    Failure.SIGNATURE,
    Failure.MALFORMED,
    Failure.LIMIT,
    Failure.INCOMPLETE,
)
# Of several faults on one path, the first of these decides; the order of seals, worst first.
_WORST = (
    Failure.REVOKED,
    Failure.MALFORMED,
    Failure.SIGNATURE,
    Failure.CONSTRAINT,
    Failure.USAGE,
    Failure.WEAK,
    Failure.LIMIT,
    Failure.INCOMPLETE,
    Failure.UNTRUSTED,
    Failure.ADDRESS,
    Failure.TIME,
    Failure.REVOCATION_UNKNOWN,
)


@dataclass
class _Judgement:
    """One call of `validate`."""

    leaf: x509.Certificate
    trust: Trust
    at: datetime
    now: datetime
    purpose: str
    address: str | None
    revocation: str
    policies: PolicyInputs
    use: Use | None = None

    def run(self) -> PathResult:
        anchors = [anchor.certificate for anchor in self.trust.anchors]
        self.builder = PathBuilder(anchors, self.trust.intermediates, self.at)
        self.checker = RevocationChecker(
            self.trust.crls,
            self.at,
            self.now,
            self,
            weak_lists=self.purpose == "any",
            unreachable=self.trust.unreachable,
        )
        if not _readable(self.leaf):
            return self._without_path([_malformed(self.leaf)], (self.leaf,))
        best: PathResult | None = None
        for path in self.builder.paths(self.leaf):
            for anchor in self._anchors_of(path):
                result = self._judge(path, anchor)
                if result.verdict is Verdict.GOOD:
                    return result
                if best is None or _nearness(result) < _nearness(best):
                    best = result
        return best or self._no_path()

    def _anchors_of(self, path: Path) -> Iterator[TrustAnchor]:
        """The same certificate can be trusted for several sets of domains."""
        return (anchor for anchor in self.trust.anchors if anchor.certificate == path[0])

    def _judge(self, path: Path, anchor: TrustAnchor) -> PathResult:
        problems = self._problems(path, anchor)
        status: Revocation | None = None
        # an expired certificate may also be revoked, which is worse; any other fault settles the matter
        if self.revocation == "required" and all(p.failure in _STILL_ASK for p in problems):
            status = self.checker.check(path)
            problems += _revocation_problems(status)
        unreadable = any(problem.failure in _UNREADABLE for problem in problems)
        notes = [] if unreadable else self._notes(path, status)
        return _result(path, anchor, status, problems, notes)

    def _problems(self, path: Path, anchor: TrustAnchor | None) -> list[Problem]:
        problems = path_problems(path, self.at)
        if any(problem.failure in _UNREADABLE for problem in problems):
            return problems
        try:
            problems += constraint_problems(path)
            if anchor is not None:
                problems += anchor_problems(anchor, path, self.at, self.use)
            if self.purpose == "email":
                problems += mail_problems(path, anchor, self.address)
            else:
                problems += conformance_problems(path)
        except ValueError:  # an extension whose content only shows its fault on access
            return [*problems, _malformed(path[-1])]
        # the engine repeats these rules in its own words; it is asked where they found nothing
        return problems or engine_problems(path, self.at, self.policies)

    def _notes(self, path: Path, status: Revocation | None) -> list[Finding]:
        notes: list[Finding] = []
        if self.purpose == "email":
            notes += mail_notes(self.leaf)
            notes += [_softened(problem.finding) for problem in conformance_problems(path)]
        if isinstance(status, Good):
            notes += _good_notes(status)
        return notes

    def named(self, name: x509.Name) -> Sequence[x509.Certificate]:
        """All known certificates with this subject (for `revocation.Signers`)."""
        return self.builder.named(name)

    def valid_paths(self, signer: x509.Certificate, anchor: x509.Certificate) -> Iterator[Path]:
        """The first path of a list's signer under the anchor that holds, revocation apart."""
        for path in self.builder.paths(signer):
            if path[0] == anchor and not self._signer_problems(path):
                yield path
                return

    def _signer_problems(self, path: Path) -> list[Problem]:
        return path_problems(path, self.at) or engine_problems(path, self.at, PolicyInputs())

    def _no_path(self) -> PathResult:
        """No path reaches an anchor: say how far it went, and why no further."""
        ends = self.builder.dead_ends or [(DeadEnd.ISSUER_MISSING, (self.leaf,))]
        reason, partial = max(ends, key=lambda end: (_DEAD_END_RANK[end[0]], len(end[1])))
        return self._without_path([_dead_end(reason, partial)], partial)

    def _without_path(self, problems: list[Problem], partial: Path) -> PathResult:
        return _result(partial, None, None, problems, [])


_UNREADABLE = frozenset({Failure.MALFORMED, Failure.LIMIT})
_STILL_ASK = frozenset({Failure.TIME, Failure.ADDRESS, Failure.UNTRUSTED, Failure.USAGE, Failure.WEAK})
_DEAD_END_RANK = {
    DeadEnd.ISSUER_MISSING: 0,
    DeadEnd.NOT_AN_ANCHOR: 1,
    DeadEnd.BAD_SIGNATURE: 2,
    DeadEnd.LIMIT: 3,
}


def _readable(certificate: x509.Certificate) -> bool:
    """Whether names and extensions can be parsed; pyca does so on access only."""
    try:
        read_extensions(certificate)
    except ValueError:
        return False
    return names_readable(certificate)


def _nearness(result: PathResult) -> int:
    return _NEAREST.index(result.failure)


def _result(
    path: Path,
    anchor: TrustAnchor | None,
    status: Revocation | None,
    problems: list[Problem],
    notes: list[Finding],
) -> PathResult:
    findings = (*(problem.finding for problem in problems), *notes)
    if not problems:
        return PathResult(Verdict.GOOD, Failure.NONE, path, anchor, status, findings)
    decisive = min(problems, key=lambda problem: _WORST.index(problem.failure))
    undecided = all(_is_undecided(problem) for problem in problems)
    verdict = Verdict.UNDETERMINED if undecided else Verdict.INVALID
    return PathResult(verdict, decisive.failure, path, anchor, status, findings, decisive.node)


def _is_undecided(problem: Problem) -> bool:
    return problem.failure is Failure.REVOCATION_UNKNOWN or problem.finding.code == "constraint-not-evaluated"


def _softened(finding: Finding) -> Finding:
    return warning(
        finding.code, finding.summary, citation=finding.citation, remedy=finding.remedy, owner=finding.owner
    )


def _malformed(certificate: x509.Certificate) -> Problem:
    finding = error(
        "certificate-malformed",
        "The certificate cannot be parsed; nothing in it can be relied on.",
        citation="RFC 5280 §4.1",
        remedy="Ask its owner for a correct certificate.",
        owner="sender",
    )
    return Problem(Failure.MALFORMED, finding, certificate)


def _revocation_problems(status: Revocation) -> Iterator[Problem]:
    if isinstance(status, Revoked):
        entry = status.entry
        what = "is on hold since" if entry.reason is Reason.CERTIFICATE_HOLD else "was revoked on"
        finding = error(
            "revoked",
            f"The certificate of {display(status.node.subject)} {what} {spoken(entry.revoked_at)} ({entry.reason}).",
            citation="RFC 5280 §6.3",
            remedy="Do not rely on this letter; contact the sender another way.",
            owner="you",
        )
        yield Problem(Failure.REVOKED, finding, status.node)
    elif isinstance(status, Undetermined):
        finding = error(
            "revocation-unknown",
            f"Whether the certificate was revoked can't be determined. {status.reason}",
            citation="RFC 5280 §6.3.3",
            remedy="Check again when the list of its issuer can be fetched.",
            owner="administrator",
        )
        yield Problem(Failure.REVOCATION_UNKNOWN, finding, status.node)


def _good_notes(status: Good) -> Iterator[Finding]:
    for crl in status.lists:
        evidence = (
            ("number", str(crl.number)),
            ("this_update", spoken(crl.this_update)),
            ("next_update", spoken(crl.next_update) if crl.next_update else "none"),
        )
        summary = f"Revocation list number {crl.number} of {display(crl.issuer)} was used."
        yield Finding("crl-used", Severity.INFO, summary, evidence=evidence)
        if crl.authority_key_identifier is None:
            yield warning("crl-without-key-identifier", "The list does not name the key that signed it.")
    if status.revoked_since is not None:
        entry = status.revoked_since
        yield warning(
            "revoked_since",
            f"The certificate was good at the time judged, and was revoked later, on "
            f"{spoken(entry.revoked_at)} ({entry.reason}).",
            remedy="Rely on this letter, but on no later one signed with the same certificate.",
            owner="you",
        )
    for crl in status.unreachable:
        yield warning(
            "crl-unreachable",
            f"No newer list of {display(crl.issuer)} could be fetched, so the last good one was used"
            + (f"; it stays current until {spoken(crl.next_update)}." if crl.next_update else "."),
            citation="RFC 5280 §6.3.3",
            remedy="Nothing now; the portal goes on asking. After that moment revocation can't be determined.",
            owner="sender",
        )
    if status.stale and not status.unreachable:
        yield info("crl-stale", "The lists used were current at the time judged, but are not any more.")


def _dead_end(reason: DeadEnd, partial: Path) -> Problem:
    top = partial[0]
    if reason is DeadEnd.NOT_AN_ANCHOR:
        finding = error(
            "untrusted-root",
            f"The path ends at {display(top.subject)}, which is not trusted here yet.",
            citation="RFC 5280 §6.1.1 (d)",
            remedy="Ask your administrator to check its fingerprint with the other side and to trust it.",
            owner="administrator",
        )
        return Problem(Failure.UNTRUSTED, finding, top)
    if reason is DeadEnd.BAD_SIGNATURE and signature_strength(top) is Strength.REFUSED:
        finding = error(
            "signature-unsupported",
            f"The certificate of {display(top.subject)} was signed with a method that is not relied on here.",
            citation="RFC 6151, RFC 8550 §4.3",
            remedy="Ask its owner for a certificate signed with SHA-256 or better.",
            owner="sender",
        )
        return Problem(Failure.WEAK, finding, top)
    if reason is DeadEnd.BAD_SIGNATURE:
        finding = error(
            "issuer-signature",
            f"The certificate of {display(top.subject)} was not signed by the authority it names.",
            citation="RFC 5280 §6.1.3 (a)(1)",
            remedy="Do not rely on it: it was changed or forged.",
            owner="you",
        )
        return Problem(Failure.SIGNATURE, finding, top)
    if reason is DeadEnd.LIMIT:
        finding = error(
            "path-limit",
            f"The certificate of {display(top.subject)} could not be checked: more issuers and paths are on offer "
            "than can be examined, and none of the first ones holds.",
            citation="RFC 4158",
            remedy="Ask the sender to send only the certificates of the path.",
            owner="sender",
        )
        return Problem(Failure.LIMIT, finding, top)
    finding = error(
        "issuer-missing",
        f"The certificate of {display(top.issuer)}, which issued {display(top.subject)}, is missing.",
        citation="RFC 5280 §6.1",
        remedy="Fetch it, or ask the sender for a .p7b file with the whole path.",
        owner="sender",
    )
    return Problem(Failure.INCOMPLETE, finding, top)
