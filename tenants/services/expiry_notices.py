"""Tell the administrators 30, 14, 7 and 1 days before something of an authority ends: by mail, each notice once."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage

from pki.times import spoken, spoken_day
from tenants import clock, due_work
from tenants.models import CrlPublication, Generation, Notice, Person, Tenant
from tenants.models.ceremonies import NoticeAbout
from tenants.scoping import tenant_scope
from tenants.services.export_order import offline_generations
from tenants.services.issuing_life import longest_life, stops_issuing_at

DAYS = (30, 14, 7, 1)


@dataclass(frozen=True, slots=True)
class End:
    """Something of a generation that ends."""

    generation: Generation
    about: NoticeAbout
    ends_at: datetime


def coming_ends(at: datetime) -> list[End]:
    """Inside a scope: what ends, soonest first: lists of offline keys, certificates, the right to issue."""
    found: list[End] = []
    longest = longest_life()
    for generation in Generation.objects.filter(not_after__gt=at).select_related("authority"):
        found.append(End(generation, NoticeAbout.CERTIFICATE, generation.not_after))
        if generation.is_issuing and not generation.authority.is_root:
            found.append(End(generation, NoticeAbout.ISSUING, stops_issuing_at(generation, longest)))
    for generation in offline_generations(at):
        newest = CrlPublication.objects.filter(generation=generation).newest_first().first()
        if newest is not None:
            found.append(End(generation, NoticeAbout.LIST, newest.next_update))
    return sorted(found, key=lambda end: (end.ends_at, str(end.generation)))


@due_work.periodic(3600, queue="mail")
def find_ending_authorities() -> None:
    """Every hour each forest looks at its authorities."""
    for tenant_id in list(Tenant.objects.values_list("id", flat=True)):
        with tenant_scope(tenant_id, write=True):
            due_work.schedule("expiry_notices", tenant_id, tenant_id)


@due_work.due_work("expiry_notices", queue="mail")
def write_notices(tenant_id: uuid.UUID, row_id: uuid.UUID) -> datetime | None:
    """Write what has become due and no notice says yet. Of several steps that were passed at once, the last one."""
    at = clock.now()
    with tenant_scope(tenant_id, write=True):
        for end in coming_ends(at):
            passed = [days for days in DAYS if end.ends_at - timedelta(days=days) <= at < end.ends_at]
            if not passed:
                continue
            notice, is_new = Notice.objects.get_or_create(
                generation=end.generation,
                about=end.about,
                ends_at=end.ends_at,
                days=min(passed),
                defaults={"made_at": at},
            )
            if is_new:
                due_work.schedule("send_notice", tenant_id, notice.id)
    return None


@due_work.due_work("send_notice", queue="mail")
def send_notice(tenant_id: uuid.UUID, notice_id: uuid.UUID) -> datetime | None:
    """Hand one notice to the mail system. The Message-ID is fixed: after a crash in between, a second copy is known."""
    with tenant_scope(tenant_id):
        notice = Notice.objects.select_related("generation__authority").get(id=notice_id)
        administrators = Person.objects.administrators().order_by("address")
        to = list(administrators.values_list("address", flat=True))
    if notice.sent_at is not None:
        return None
    host = urlsplit(settings.PUBLISH_BASE_URL).hostname or "localhost"
    summary, remedy = describe(notice.generation, NoticeAbout(notice.about), notice.ends_at)
    EmailMessage(
        subject=summary,
        body=f"{summary}\n\n{remedy}\n",
        from_email=f"notices@{host}",
        to=to,
        headers={"Message-ID": f"<notice.{notice.id.hex}@{host}>"},
    ).send()
    with tenant_scope(tenant_id, write=True):
        Notice.objects.filter(id=notice_id, sent_at__isnull=True).update(sent_at=clock.now())
    return None


def describe(generation: Generation, about: NoticeAbout, ends_at: datetime) -> tuple[str, str]:
    """What ends, and what it means and who can do what."""
    if about == NoticeAbout.LIST:
        return (
            f"The list of {generation} ends on {spoken(ends_at)}",
            "After that nobody can verify certificates under it any more. The operator exports a work order "
            "(manage.py ceremony export), has it signed on the offline machine and imports the result.",
        )
    if about == NoticeAbout.ISSUING:
        return (
            f"{generation} stops issuing on {spoken_day(ends_at)}",
            "From then on it issues no certificates, because the longest ones would outlive it; those that are out stay "
            "valid. An administrator asks for its next generation.",
        )
    return (
        f"The certificate of {generation} ends on {spoken_day(ends_at)}",
        "Every certificate under it ends with it. An administrator asks for its next generation; a root is made anew on "
        "the offline machine.",
    )
