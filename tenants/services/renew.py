"""Renew a certificate: always with a new key, long before the old one ends, so that nobody is ever without one.

The old certificate is left to end by itself (or is revoked once its successor is there); its key stays for old letters.
The directory and the composer take the newest certificate, so they flip to the successor when it is recorded, which
is after it has proved itself (`prove_key`).
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db.models import BooleanField, ExpressionWrapper, Q

from pki.crl import Reason
from tenants import clock, due_work
from tenants.models import Certificate, CustodyKey, Enrolment, Hold, Person, Template, Tenant
from tenants.models.certificates import EnrolmentState
from tenants.refusals import Refused, refuse
from tenants.scoping import tenant_scope
from tenants.services.readmission import barring_revocation, enrolment_barred

OVERLAP = timedelta(days=30)
LOOK_EVERY_SECONDS = 3600.0
# A renewal that was refused is asked for again on the next day, for as long as the certificate is the newest.
ASK_AGAIN = timedelta(days=1)


def renews_at(not_before: datetime, not_after: datetime) -> datetime:
    """At two thirds of the life, at least 30 days before its end; of a life under 60 days, at its half."""
    life = not_after - not_before
    return not_after - max(life / 3, min(OVERLAP, life / 2))


def renew(
    certificate: Certificate, template: Template, at: datetime, *, revokes_with: Reason | None = None
) -> Enrolment | None:
    """Ask for the successor of a certificate, by a version of its own template; a newer one may change the key type.

    Inside an open write scope. Safe to call again: an order that waits is returned, and None if the certificate is
    followed already. `revokes_with`: revoke what it follows as soon as the successor is there. Raises Refused for a
    person who left or has no PIN, a key that is not kept here, and another template.
    """
    person = Person.objects.select_for_update(of=("self",)).get(id=certificate.person_id)
    _check_entitled(person, certificate, template)
    waiting = Enrolment.objects.waiting().filter(replaces=certificate).first()
    if waiting is not None:
        if revokes_with is not None and waiting.revokes_with == "":
            waiting.revokes_with = revokes_with.value
            waiting.save(update_fields=["revokes_with"])
        return waiting
    if _is_followed(certificate, template, at):
        return None
    wish = Enrolment.objects.create(
        person=person,
        template=template,
        replaces=certificate,
        revokes_with="" if revokes_with is None else revokes_with.value,
        asked_at=at,
    )
    due_work.schedule("issue", person.tenant_id, wish.id)
    return wish


def newest_template(code: str) -> Template | None:
    """The version that renewals of this template use. Inside a scope."""
    return Template.objects.newest().filter(code=code).first()


@due_work.periodic(LOOK_EVERY_SECONDS, queue="authority")
def find_renewals() -> None:
    """Ask for the successor of every certificate whose time has come, in every forest."""
    at = clock.now()
    for tenant_id in list(Tenant.objects.values_list("id", flat=True)):
        renew_due(tenant_id, at)


def renew_due(tenant_id: uuid.UUID, at: datetime) -> None:
    """The same in one forest."""
    with tenant_scope(tenant_id):
        due = due_certificates(at)
    for certificate_id in due:
        _renew_one(tenant_id, certificate_id, at)


def due_certificates(at: datetime) -> list[uuid.UUID]:
    """What must be renewed now: of each active person and template the newest certificate. Inside a scope.

    Expired ones are among them: after a long standstill people get their successor late rather than never.
    """
    rows = (
        Certificate.objects.issued_here()
        .with_key()
        .filter(person__is_active=True, template__isnull=False)
        .annotate(is_revoked=ExpressionWrapper(Q(revocation__isnull=False), BooleanField()))
        .order_by("person_id", "template__code", "-not_before", "-added_at")
    )
    held = set(Hold.objects.open().values_list("certificate_id", flat=True))
    seen: set[tuple[uuid.UUID, str]] = set()
    due: list[uuid.UUID] = []
    for row in rows.values_list("id", "person_id", "template__code", "not_before", "not_after", "is_revoked"):
        certificate_id, person_id, code, not_before, not_after, is_revoked = row
        if (person_id, code) in seen:
            continue
        seen.add((person_id, code))
        # What is revoked or on hold is not followed by itself: somebody decided against it.
        if not is_revoked and certificate_id not in held and renews_at(not_before, not_after) <= at:
            due.append(certificate_id)
    asked = Enrolment.objects.filter(replaces_id__in=due)
    under_way = set(asked.waiting().values_list("replaces_id", flat=True))
    lately = asked.filter(state=EnrolmentState.REFUSED, done_at__gt=at - ASK_AGAIN)
    return [one for one in due if one not in under_way | set(lately.values_list("replaces_id", flat=True))]


def _renew_one(tenant_id: uuid.UUID, certificate_id: uuid.UUID, at: datetime) -> None:
    with tenant_scope(tenant_id, write=True):
        row = Certificate.objects.select_related("template").get(id=certificate_id)
        assert row.template is not None  # noqa: S101  `due_certificates` asks for one
        template = newest_template(row.template.code) or row.template
        try:
            renew(row, template, at)
        except Refused:
            return  # started over, left or barred meanwhile: the person's own page says what is to be done


def _check_entitled(person: Person, certificate: Certificate, template: Template) -> None:
    if certificate.generation_id is None or certificate.template is None:
        raise refuse(
            "issued-elsewhere", "Another authority issued this certificate; it cannot be renewed here.",
            remedy="Use the certificates that your organisation issued to you.",
        )  # fmt: skip
    if certificate.template.code != template.code:
        raise refuse(
            "other-template", f"“{template.title}” does not follow “{certificate.template.title}”.",
            remedy="Renew by a version of the same template.", owner="administrator",
        )  # fmt: skip
    if not hasattr(certificate, "mail_key"):
        raise refuse(
            "key-kept-elsewhere", "The key of this certificate is not kept here, so the portal cannot replace it.",
            remedy="Make a new key and a new request where the key is kept.",
        )  # fmt: skip
    if not person.is_active:
        raise refuse("person-left", f"{person.name} cannot sign in any more.", owner="administrator")
    if not CustodyKey.objects.current().filter(person=person).exists():
        raise refuse("not-enrolled", "There is no PIN to seal a new key to.", remedy="Choose a PIN first.")
    if barring_revocation(person) is not None:
        raise enrolment_barred()


def _is_followed(certificate: Certificate, template: Template, at: datetime) -> bool:
    newer = Certificate.objects.filter(
        person_id=certificate.person_id,
        template__code=template.code,
        template__version__gte=template.version,
        not_before__gte=certificate.not_before,
    )
    return newer.with_key().current(at).exclude(id=certificate.id).exists()
