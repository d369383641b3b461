"""A person renews a certificate at once, or replaces all keys: out of order, or because somebody may have them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from pki.crl import Reason
from tenants.access import Actor
from tenants.models import Certificate, Enrolment, Person
from tenants.refusals import refuse
from tenants.scoping import tenant_scope
from tenants.services.enrol import ask_for
from tenants.services.readmission import barring_revocation, enrolment_barred
from tenants.services.renew import newest_template, renew
from tenants.services.revoke import record_revocation

# Every renewal costs a key and a signature, and each certificate stays on the person's page for good.
REST = timedelta(hours=1)


class Why(StrEnum):
    """What happened to the keys."""

    SUSPECTED = "suspected"
    ROUTINE = "routine"


@dataclass(frozen=True, slots=True)
class Replaced:
    """How many certificates were revoked at once, and how many will follow them."""

    revoked: int
    ordered: int


def renew_now(actor: Actor, certificate_id: uuid.UUID, at: datetime) -> Enrolment | None:
    """Renew one certificate of the person before its time. Raises Refused, Certificate.DoesNotExist."""
    with tenant_scope(actor.tenant_id, write=True):
        row = Certificate.objects.select_related("template", "mail_key").get(
            id=certificate_id, person_id=actor.person_id
        )
        if row.template is not None and _latest(row).added_at > at - REST:
            raise refuse(
                "renewed-just-now", "This certificate was issued less than an hour ago.",
                remedy="Use the new one; renew it again after an hour if you must.",
            )  # fmt: skip
        template = newest_template(row.template.code) if row.template is not None else None
        if template is None:
            raise refuse(
                "issued-elsewhere", "Another authority issued this certificate; it cannot be renewed here.",
                remedy="Use the certificates that your organisation issued to you.",
            )  # fmt: skip
        return renew(_latest(row), template, at)


def replace_keys(actor: Actor, why: Why, at: datetime) -> Replaced:
    """New keys for everything in use. Raises Refused.

    Suspected: everything that is valid is revoked at once (keyCompromise), because a gap of seconds is better than a
    forged letter. Out of order: the old ones are revoked (superseded) when their successors are there.
    """
    with tenant_scope(actor.tenant_id, write=True):
        person = Person.objects.select_for_update(of=("self",)).get(id=actor.person_id)
        if barring_revocation(person) is not None:
            raise enrolment_barred()
        valid = list(
            Certificate.objects.issued_here()
            .filter(person=person)
            .unrevoked(at)
            .select_related("template", "mail_key")
        )
        if not valid:
            raise refuse(
                "nothing-to-replace", "You have no valid certificate that your organisation issued.",
                remedy="Ask for new ones.",
            )  # fmt: skip
        if why is Why.SUSPECTED:
            return _revoke_and_ask(actor, person, valid, at)
        return _renew_all(valid, at)


def _revoke_and_ask(actor: Actor, person: Person, valid: list[Certificate], at: datetime) -> Replaced:
    for row in valid:
        record_revocation(actor, row, Reason.KEY_COMPROMISE, at)
    codes = sorted({row.template.code for row in valid if row.template is not None and _is_kept_here(row)})
    waiting = Enrolment.objects.waiting().filter(person=person)
    codes = [code for code in codes if not waiting.filter(template__code=code).exists()]
    ask_for(person, codes, at)
    return Replaced(len(valid), len(codes))


def _renew_all(valid: list[Certificate], at: datetime) -> Replaced:
    newest: dict[str, Certificate] = {}
    for row in valid:  # newest first
        if row.template is not None and _is_kept_here(row):
            newest.setdefault(row.template.code, row)
    for code, row in newest.items():
        renew(row, newest_template(code) or row.template, at, revokes_with=Reason.SUPERSEDED)  # type: ignore[arg-type]
    return Replaced(0, len(newest))


def _is_kept_here(row: Certificate) -> bool:
    mail_key = getattr(row, "mail_key", None)
    return mail_key is not None and mail_key.retired_at is None


def _latest(row: Certificate) -> Certificate:
    """The newest certificate of the same person and template: what is in use."""
    same = Certificate.objects.filter(person_id=row.person_id, template__code=row.template.code)  # type: ignore[union-attr]
    latest = same.with_key().filter(revocation__isnull=True).order_by("-not_before", "-added_at")
    return latest.select_related("template", "mail_key").first() or row
