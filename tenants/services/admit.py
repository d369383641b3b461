"""The gate before every signature: is this enrolment still allowed, under which template version, and by whom?

Asked again in the transaction that records the serial number, because between asking and issuing a template can be
superseded or withdrawn, a right taken away, or a person leave.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pki.findings import Finding
from tenants.models import Certificate, Enrolment, EnrolmentDecision, Generation, Template
from tenants.services.open_templates import no_template, why_closed_to, why_not_signed


@dataclass(frozen=True, slots=True)
class Admitted:
    """It may be issued, from this version: the newest of its code."""

    template: Template
    generation: Generation


@dataclass(frozen=True, slots=True)
class AwaitsApproval:
    """An administrator has to agree first."""

    template: Template


@dataclass(frozen=True, slots=True)
class NotAdmitted:
    finding: Finding


def admit(wish: Enrolment, at: datetime) -> Admitted | AwaitsApproval | NotAdmitted:
    """Judge one waiting enrolment. Inside a scope; `wish` with its person and template."""
    newest = Template.objects.newest().filter(code=wish.template.code).first()
    if newest is None:
        return NotAdmitted(no_template(wish.template.code))
    generation = Generation.objects.issuing(at).select_related("authority").first()
    closed = why_closed_to(newest, wish.person) or why_not_signed(newest, generation, at)
    if closed is not None or generation is None:
        return NotAdmitted(closed or no_template(wish.template.code))
    if newest.terms.approval and not _is_approved(wish, newest, at):
        return AwaitsApproval(newest)
    return Admitted(newest, generation)


def _is_approved(wish: Enrolment, template: Template, at: datetime) -> bool:
    """By a decision about this very version, or because the person's certificate of this template is only renewed."""
    if EnrolmentDecision.objects.filter(enrolment=wish, template=template, approved=True).exists():
        return True
    if wish.public_key is not None:
        return False  # a key that came by request is a new one, whatever the person holds already
    held = Certificate.objects.filter(person=wish.person, template__code=template.code).with_key()
    return held.current(at).exists()
