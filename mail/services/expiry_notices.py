"""Tell people before a certificate ends that the portal cannot renew: its key is kept elsewhere, or it was brought along.

A notice is a letter of the portal in the person's inbox, 30, 14, 7 and 1 days before the end, each once: its id follows
from the certificate and the number of days, and an inbox takes a letter of one id once.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from mail.facts import read_facts
from mail.models import Message
from mail.transport.spool import store_letter
from pki.claims import claims_of
from pki.times import spoken_day
from tenants import clock, due_work
from tenants.models import Certificate, Tenant
from tenants.models.certificates import CertificateQuerySet
from tenants.scoping import tenant_scope

DAYS = (1, 7, 14, 30)
LOOK_EVERY_SECONDS = 3600.0


@due_work.periodic(LOOK_EVERY_SECONDS, queue="mail")
def find_expiring() -> None:
    """Ask for the notices whose day has come, in every forest."""
    at = clock.now()
    for tenant_id in list(Tenant.objects.values_list("id", flat=True)):
        with tenant_scope(tenant_id, write=True):
            for row in _ending(at).only("id", "not_after"):
                days = _threshold(row.not_after, at)
                if not Message.objects.filter(spool_id=_notice_id(row.id, days)).exists():
                    due_work.schedule("expiry_notice", tenant_id, row.id)


@due_work.due_work("expiry_notice", queue="mail")
def expiry_notice(tenant_id: uuid.UUID, certificate_id: uuid.UUID) -> datetime | None:
    """Put the notice that is due into the inbox, unless it lies there or the certificate has been followed."""
    at = clock.now()
    with tenant_scope(tenant_id):
        row = _ending(at).select_related("person").filter(id=certificate_id).first()
    if row is None:
        return None
    notice_id = _notice_id(row.id, _threshold(row.not_after, at))
    raw = _letter(row, notice_id, at)
    facts = read_facts(raw)
    with tenant_scope(tenant_id, write=True):
        if not Message.objects.filter(spool_id=notice_id).exists():
            store_letter(row.person_id, raw, facts, at, spool_id=notice_id)
    return None


def _ending(at: datetime) -> CertificateQuerySet:
    """Certificates of active people that nobody renews, in their last thirty days. Inside a scope."""
    ending = Certificate.objects.unrevoked(at).filter(
        not_after__lte=at + timedelta(days=DAYS[-1]), person__is_active=True
    )
    brought = ending.filter(generation__isnull=True)
    elsewhere = ending.filter(generation__isnull=False, mail_key__isnull=True)
    followed = [
        row.id
        for row in elsewhere.select_related("template")
        if Certificate.objects.issued_here()
        .filter(person_id=row.person_id, template__code=row.template.code, mail_key__isnull=True)  # type: ignore[union-attr]
        .filter(not_after__gt=row.not_after)
        .unrevoked(at)
        .exists()
    ]
    return (brought | elsewhere).exclude(id__in=followed)


def _threshold(not_after: datetime, at: datetime) -> int:
    return next(days for days in DAYS if not_after - at <= timedelta(days=days))


def _notice_id(certificate_id: uuid.UUID, days: int) -> uuid.UUID:
    return uuid.uuid5(certificate_id, f"ends in {days} days")


def _letter(row: Certificate, notice_id: uuid.UUID, at: datetime) -> bytes:
    domain = row.person.address.rpartition("@")[2]
    message = EmailMessage(policy=SMTP)
    message["From"] = f"Your certificates <no-reply@{domain}>"
    message["To"] = row.person.address
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<{notice_id}@{domain}>"
    end = spoken_day(row.not_after)
    message["Subject"] = f"A certificate of yours ends on {end}"
    message["Auto-Submitted"] = "auto-generated"
    issuer = claims_of(row.certificate).issuer or "its authority"
    message.set_content(
        "\n\n".join((*_sentences(row, end, issuer), "This letter was written by the portal."))
    )
    return message.as_bytes()


def _sentences(row: Certificate, end: str, issuer: str) -> tuple[str, ...]:
    told = f"The certificate with the key {row.key_description}, issued by {issuer}, ends on {end}."
    if row.generation_id is None:
        return (
            told,
            "You brought it along from another program, so only the authority that issued it can renew it.",
            "If you still use it there, ask that authority. Letters that were encrypted to it go on opening here.",
        )
    return (
        told,
        "Its key is not kept in the portal, so it cannot renew itself.",
        "Make a new key where the old one is, and ask for its certificate under “My certificates”, “A key of my own”.",
    )
