"""What must be true of every answer, whatever the letter. Each function gives the first broken promise in words, or None."""

from __future__ import annotations

from datetime import timedelta

from pki.findings import Severity
from smime.decrypt import DecryptionKey
from smime.open import open_message
from smime.report import Seal, SecurityReport, Signature
from tests.conformance.attacks.cast import cast
from tests.conformance.attacks.spoofing import TEXT, Attack
from tests.conformance.attacks.structures import EVIL
from tests.smime.people import AT

SEALED = (Seal.OK, Seal.REV_STALE, Seal.REV_UNKNOWN)


def as_bob_sees_it(raw: bytes, *, keys: tuple[DecryptionKey, ...] | None = None) -> SecurityReport:
    """The letter a minute after it was written, under everything that Bob trusts, revocation required."""
    return open_message(
        raw,
        keys=(cast().bob,) if keys is None else keys,
        trust=cast().trust,
        at=AT + timedelta(minutes=1),
    )


def codes(report: SecurityReport) -> set[str]:
    return {finding.code for finding in report.findings}


def broken_promise(attack: Attack, report: SecurityReport) -> str | None:
    """Of a letter of `spoofing`."""
    if "could-not-open" in codes(report):
        return "it was not judged at all"
    if report.seal in SEALED:
        return _seal_is_false(attack, report)
    if not attack.faults:
        return f"an honest letter got {report.seal}: {sorted(codes(report))}"
    return _is_silent(report)


def _seal_is_false(attack: Attack, report: SecurityReport) -> str | None:
    if attack.faults:
        return f"an attack with {attack.faults} faults was sealed"
    shown = f"{report.text}{report.html}{[file.content for file in report.attachments]}"
    if report.text != TEXT or EVIL in shown:
        return "sealed over other words than those that were signed"
    author = cast().hands[attack.hand].speaks_for
    seen = (report.from_address or "").lower()
    if report.signer is None or not seen == (report.signer.address or "").lower() == author:
        return "sealed for somebody who did not sign"
    return None


def _is_silent(report: SecurityReport) -> str | None:
    """Without a seal, words: who signed, and what is wrong."""
    signers = [signer for layer in report.layers for signer in layer.signers]
    if any(not (signer.name and signer.signer_id) for signer in signers):
        return "a signer has no name"
    said = any(finding.severity is not Severity.INFO for finding in report.findings)
    if report.signature is not Signature.NONE and not said:
        return "a missing seal is not explained"
    return None
