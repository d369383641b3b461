"""From signatures to the seal (RFC 8550, RFC 9788 §4.4): mathematics, path, revocation, sender, time.

Each signer of the signature that counts is judged on its own; the seal is the worst of all. A bad state is
never overwritten by a good one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from cryptography import x509
from cryptography.x509 import Certificate

from pki.crl import Crl
from pki.errors import PkiError
from pki.extensions import find
from pki.findings import Finding, Severity
from pki.memo import judge_once
from pki.names import common_name, display, organization
from pki.path import Failure, PathResult, Verdict
from pki.revocation import Good
from pki.times import spoken
from pki.trust import Trust

from .author import (
    Author,
    addresses_of,
    certificate_without_address,
    from_differs,
    from_rewritten,
    signer_differs,
    subject_of,
)
from .layers import SignedLayer
from .report import Seal, Sender, Signature, SignerReport, worst_seal
from .verify import SignatureStatus, SignerResult

CLOCK_TOLERANCE = timedelta(hours=1)
RevocationMode = Literal["required", "ignored"]

_STATUS_SEALS = {
    SignatureStatus.BAD: Seal.BAD,
    SignatureStatus.WEAK: Seal.WEAK,
    SignatureStatus.UNSUPPORTED: Seal.WEAK,
    SignatureStatus.NO_CERTIFICATE: Seal.INCOMPLETE,
}
_STATUS_SIGNATURES = {
    SignatureStatus.GOOD: Signature.GOOD,
    SignatureStatus.BAD: Signature.BAD,
    SignatureStatus.WEAK: Signature.WEAK,
    SignatureStatus.UNSUPPORTED: Signature.WEAK,
    SignatureStatus.NO_CERTIFICATE: Signature.WEAK,  # neither shown to hold nor shown to be broken
}
_FAILURE_SEALS = {
    Failure.REVOKED: Seal.REVOKED,
    Failure.UNTRUSTED: Seal.UNTRUSTED,
    Failure.INCOMPLETE: Seal.INCOMPLETE,
    Failure.LIMIT: Seal.INCOMPLETE,  # not examined to its end: neither shown to hold nor shown to be broken
    Failure.TIME: Seal.WARN_TIME,
    Failure.WEAK: Seal.WEAK,
    Failure.ADDRESS: Seal.MISMATCH,
    Failure.REVOCATION_UNKNOWN: Seal.REV_UNKNOWN,
}
# With one of these, the signature is bound to its author as RFC 9788 §4.4 means it.
_BINDING = (Seal.OK, Seal.REV_STALE, Seal.REV_UNKNOWN)


@dataclass(frozen=True)
class Court:
    """Everything a judgement needs beside the letter: whom to believe, and for which moment."""

    trust: Trust
    at: datetime
    now: datetime | None
    revocation: RevocationMode
    certificates: tuple[Certificate, ...] = ()
    crls: tuple[bytes, ...] = ()

    def path(self, leaf: Certificate, address: str | None) -> tuple[PathResult, bool]:
        """The path of one signer at the moment of judgement, and whether it stands on lists of the letter only.

        Certificates of the letter merely help to build the path. Its lists are a last resort: the sender chose them,
        so a newer one may exist that the sender would rather not show (RFC 8550 §4.1).
        """
        result = self._judge(leaf, self.trust, address)
        if result.failure is not Failure.REVOCATION_UNKNOWN or not self.crls:
            return result, False
        known = replace(self.trust, crls=(*self.trust.crls, *read_lists(self.crls)))
        enclosed = self._judge(leaf, known, address)
        settled = enclosed.verdict is Verdict.GOOD or enclosed.failure is Failure.REVOKED
        return (enclosed, True) if settled else (result, False)

    def _judge(self, leaf: Certificate, trust: Trust, address: str | None) -> PathResult:
        return judge_once(
            leaf=leaf,
            trust=trust,
            at=self.at,
            now=self.now,
            offered=self.certificates,
            address=address,
            revocation=self.revocation,
            use="signing",
        )


def read_lists(encoded: Sequence[bytes]) -> tuple[Crl, ...]:
    """Those revocation lists of a letter that can be read."""
    found = []
    for data in encoded:
        try:
            found.append(Crl.parse(data))
        except PkiError:
            continue  # no list to lean on; the path stays undetermined and says so
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict over all signers of the signature that counts. `author` is the one to display."""

    seal: Seal
    signature: Signature
    sender: Sender | None
    author: Author
    signers: tuple[SignerReport, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def worst(self) -> SignerReport | None:
        """The signer that decided."""
        order = list(Seal)
        return min(self.signers, key=lambda signer: order.index(signer.seal), default=None)


def mathematics(group: Sequence[SignedLayer]) -> Signature:
    """Whether the signatures hold, worst first; NONE where a layer has no signer at all."""
    if any(layer.refused for layer in group):
        return Signature.BAD
    results = [signer for layer in group if layer.result for signer in layer.result.signers]
    states = {_STATUS_SIGNATURES[signer.status] for signer in results}
    if Signature.BAD in states:
        return Signature.BAD
    if not group or any(layer.result is None or not layer.result.signers for layer in group):
        return Signature.NONE
    return Signature.WEAK if Signature.WEAK in states else Signature.GOOD


def judge(
    group: Sequence[SignedLayer], *, inner: Author | None, outer: Author, date: datetime | None, court: Court
) -> Judgement:
    """The seal of a letter whose innermost signatures are `group` (directly around one another).

    `inner` is the author by the protected header of a payload whose signature holds, `outer` by the header outside.
    """
    if inner is None:
        return _judge_for(group, outer, date, court)
    judged = _judge_for(group, inner, date, court)
    if not outer.single:
        findings = (*judged.findings, *outer.findings)
        return replace(
            judged, seal=worst_seal([judged.seal, Seal.MISMATCH]), sender="mismatch", findings=findings
        )
    if inner.same_as(outer) or not outer.display:  # a bare object has no header outside
        return judged
    if judged.seal in _BINDING:
        return replace(judged, findings=(*judged.findings, from_rewritten(inner, outer)))
    return replace(
        judged,
        seal=worst_seal([judged.seal, Seal.MISMATCH]),
        sender="mismatch",
        author=outer,
        findings=(*judged.findings, from_differs(inner, outer)),
    )


def _judge_for(
    group: Sequence[SignedLayer], author: Author, date: datetime | None, court: Court
) -> Judgement:
    signature = mathematics(group)
    results = [signer for layer in group if layer.result for signer in layer.result.signers]
    judged = [_judge_signer(result, author, date, court) for result in results]
    reports = tuple(report for report, _ in judged)
    findings = [finding for _, several in judged for finding in several]
    if reports:
        findings.extend(author.findings)
    seals = [report.seal for report in reports]
    if signature is Signature.BAD:
        seals.append(Seal.BAD)
    seal = Seal.NONE if signature is Signature.NONE else worst_seal(seals)
    return Judgement(seal, signature, _sender(reports), author, reports, tuple(findings))


def _sender(reports: Sequence[SignerReport]) -> Sender | None:
    compared = {report.sender for report in reports if report.sender}
    if "mismatch" in compared:
        return "mismatch"
    return "match" if compared else None


def _judge_signer(
    result: SignerResult, author: Author, date: datetime | None, court: Court
) -> tuple[SignerReport, list[Finding]]:
    """One signer: named in any case; path and sender only where the mathematics did not fail."""
    findings = list(result.findings)
    certificate = result.certificate
    if certificate is None or result.status not in (SignatureStatus.GOOD, SignatureStatus.WEAK):
        return _named(result, _STATUS_SEALS.get(result.status, Seal.BAD)), findings
    known = addresses_of(certificate)
    matched = known.matching(author.mailbox) if author.is_plain else None
    path, enclosed = court.path(certificate, matched)
    findings.extend(path.findings)
    seals = [_path_seal(path)]
    if enclosed and path.verdict is Verdict.GOOD:
        seals.append(Seal.REV_STALE)
        findings.append(_ENCLOSED_LIST)
    if result.status is SignatureStatus.WEAK:
        seals.append(Seal.WEAK)
    unfit = _not_for_signing(certificate)
    if unfit is not None:
        seals.append(Seal.INVALID)
        findings.append(unfit)
    if matched is None:
        seals.append(Seal.MISMATCH)
        findings.append(_mismatch(certificate, known.addresses, author))
    late = _time_findings(result.signing_time, date, certificate)
    seals.extend(Seal.WARN_TIME for _ in late)
    findings.extend(late)
    report = replace(_named(result, worst_seal(seals)), sender="match" if matched else "mismatch", path=path)
    return (replace(report, address=matched) if matched else report), findings


def _named(result: SignerResult, seal: Seal) -> SignerReport:
    certificate = result.certificate
    known = addresses_of(certificate).addresses if certificate else ()
    return SignerReport(
        address=known[0] if known else None,
        name=_shown_name(certificate) if certificate else result.signer_id,
        organisation=organization(subject_of(certificate)) if certificate else "",
        certificate=certificate,
        signer_id=result.signer_id,
        status=result.status,
        digest_algorithm=result.digest_algorithm,
        signature_algorithm=result.signature_algorithm,
        signing_time=result.signing_time,
        seal=seal,
        sender=None,
        path=None,
        capabilities=result.capabilities,
        encryption_certificate=result.encryption_certificate,
    )


def unjudged(result: SignerResult) -> SignerReport:
    """A signer that does not count (its signature is around ciphertext only), still named."""
    return _named(result, Seal.NONE)


def _shown_name(certificate: Certificate) -> str:
    subject = subject_of(certificate)
    return common_name(subject) or display(subject)


def _not_for_signing(certificate: Certificate) -> Finding | None:
    """A certificate that may only receive mail, or that belongs to an authority, seals no letter.

    Encryption keys are kept by others too (recovery): what they sign proves nothing about the owner.
    """
    try:
        usage, constraints = find(certificate, x509.KeyUsage), find(certificate, x509.BasicConstraints)
    except ValueError:  # extensions that cannot be parsed: the path says that it is malformed
        return None
    if usage is not None and not (usage.digital_signature or usage.content_commitment):
        return _unfit("was not issued for signing", "RFC 8550 §4.4.2")
    if constraints is not None and constraints.ca:
        return _unfit("belongs to a certification authority, not to a person", "RFC 8550 §4.4.1")
    return None


def _unfit(what: str, citation: str) -> Finding:
    return Finding(
        "certificate-not-for-signing",
        Severity.ERROR,
        f"The certificate of the signer {what}, so its signature does not show who wrote the letter.",
        citation,
        "Ask the sender to sign with a certificate that was issued for signing mail.",
        "sender",
    )


def _mismatch(certificate: Certificate, addresses: Sequence[str], author: Author) -> Finding:
    if not addresses:
        return certificate_without_address(_shown_name(certificate))
    return signer_differs(", ".join(addresses[:5]), author)


def _path_seal(path: PathResult) -> Seal:
    if path.verdict is not Verdict.GOOD:
        return _FAILURE_SEALS.get(path.failure, Seal.INVALID)
    stale = isinstance(path.revocation, Good) and path.revocation.stale
    return Seal.REV_STALE if stale else Seal.OK


def _time_findings(
    signed_at: datetime | None, date: datetime | None, certificate: Certificate
) -> list[Finding]:
    """Claims of time that do not fit: signing time against Date, and against the certificate's validity."""
    if signed_at is None:
        return []
    findings = []
    if date is not None and abs(signed_at - date) > CLOCK_TOLERANCE:
        findings.append(
            _odd_time(
                "signing-time-differs",
                f"The letter is dated {spoken(date)}, but was signed {spoken(signed_at)}. It may be an old letter "
                "that was sent again, or a clock is wrong.",
            )
        )
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if not start - CLOCK_TOLERANCE <= signed_at <= end:
        findings.append(
            _odd_time(
                "signed-outside-validity",
                f"The letter was signed {spoken(signed_at)}, when the certificate was not valid "
                f"({spoken(start)} to {spoken(end)}).",
            )
        )
    return findings


_ENCLOSED_LIST = Finding(
    "list-from-letter",
    Severity.WARNING,
    "Whether the certificate was revoked could only be checked with a list that came with the letter itself. That list "
    "is still current, but its issuer may have published a newer one.",
    "RFC 8550 §4.1",
    "Check again once the issuer's own list can be fetched.",
    "you",
)


def _odd_time(code: str, summary: str) -> Finding:
    return Finding(
        code,
        Severity.WARNING,
        summary,
        "RFC 5652 §11.3",
        "Ask the sender whether the letter is meant to be new; the signer's clock may be wrong.",
        "sender",
    )
