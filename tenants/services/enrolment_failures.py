"""Why an enrolment stands still or ends without a certificate: the step, the reason, and who can change it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pki.errors import LintRefusal, PkiError
from pki.findings import Finding, error
from tenants.models import Enrolment, Template
from tenants.models.certificates import EnrolmentState, EnrolmentStep
from tenants.refusals import Refused

# Findings of `pki` that are about the key; what else it refuses while issuing is about the certificate.
_OF_THE_KEY = {
    "key-compromised",
    "key-not-in-profile",
    "key-not-allowed",
    "key-revoked",
    "key-shared",
    "key-used-already",
    "key-does-not-fit",
}


@dataclass(frozen=True, slots=True)
class Failure:
    step: EnrolmentStep
    finding: Finding


def left() -> Failure:
    return Failure(
        EnrolmentStep.PERSON,
        error(
            "person-left",
            "The account was deactivated before the certificate was issued.",
            remedy="An administrator can activate the account; then ask again.",
            owner="administrator",
        ),
    )


def custody_changed() -> Failure:
    return Failure(
        EnrolmentStep.PERSON,
        error(
            "not-enrolled",
            "There is no PIN to seal the new key to: the keys were started over.",
            remedy="Choose a PIN; new certificates are issued with it.",
            owner="you",
        ),
    )


def not_admitted(finding: Finding) -> Failure:
    """What the gate of the templates says (`tenants.services.admit`): of the template, or of the authority behind it."""
    waits = finding.code in (
        "template-without-authority",
        "template-outlives-authority",
        "authority-ends-soon",
    )
    if finding.code == "template-person-left":
        return left()
    return Failure(EnrolmentStep.AUTHORITY if waits else EnrolmentStep.TEMPLATE, finding)


def awaits_approval(template: Template) -> Failure:
    return Failure(
        EnrolmentStep.TEMPLATE,
        error(
            "awaits-approval",
            f"The template “{template.title}” asks for an administrator’s consent, which has not been given yet.",
            remedy="Your administrators see your request; it goes on by itself when one of them agrees.",
            owner="administrator",
        ),
    )


def authority_unreachable() -> Failure:
    return Failure(
        EnrolmentStep.AUTHORITY,
        error(
            "authority-unreachable",
            "The authority cannot be reached: the process that answered does not hold its key.",
            remedy="It is tried again by itself. If it stays so, tell the operator of the portal.",
            owner="operator",
        ),
    )


def unanswered() -> Failure:
    """Nobody took the order: no worker serves the authority's queue."""
    return Failure(
        EnrolmentStep.AUTHORITY,
        error(
            "authority-unanswered",
            "The authority has not answered: no process holds its key at the moment.",
            remedy="Your request is kept and answered as soon as one does. If it stays so, tell the operator.",
            owner="operator",
        ),
    )


def of_refusal(refusal: PkiError | Refused) -> Failure:
    """What the issuing gate refused. An authority that ends too early is the authority's matter."""
    finding = refusal.finding
    if isinstance(refusal, LintRefusal):
        return Failure(EnrolmentStep.ISSUE, finding)
    if finding.code in ("issuer-ends-earlier", "issuer-not-valid", "name-outside-authority"):
        return Failure(EnrolmentStep.AUTHORITY, finding)
    return Failure(EnrolmentStep.KEY if finding.code in _OF_THE_KEY else EnrolmentStep.ISSUE, finding)


def record_failure(wish: Enrolment, failure: Failure, at: datetime) -> None:
    """The enrolment is refused; asking again is a new one. Inside a write scope."""
    _write(wish, failure)
    wish.state, wish.done_at, wish.next_try_at = EnrolmentState.REFUSED, at, None
    wish.save()


def record_wait(wish: Enrolment, failure: Failure, next_try_at: datetime | None) -> None:
    """The enrolment goes on by itself, later, or (None) when somebody decides. Inside a write scope."""
    _write(wish, failure)
    wish.next_try_at = next_try_at
    wish.save()


def failure_of(wish: Enrolment) -> Failure | None:
    """What was recorded; None if nothing was."""
    if not wish.refusal:
        return None
    finding = error(
        wish.refusal_code or "enrolment-refused",
        wish.refusal,
        remedy=wish.remedy or "Your keys stay protected by your PIN; nothing has to be entered again.",
        owner=wish.owner or "administrator",
    )
    return Failure(EnrolmentStep(wish.step or EnrolmentStep.ISSUE), finding)


def _write(wish: Enrolment, failure: Failure) -> None:
    finding = failure.finding
    wish.step, wish.refusal_code = failure.step, finding.code[:40]
    wish.refusal, wish.remedy, wish.owner = finding.summary, finding.remedy, finding.owner
