"""Sent letters: what became of each copy, and what was written."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from cryptography.hazmat.primitives.hashes import SHA256
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from mail.author import listed
from mail.models import Contact, Delivery, Message
from mail.models.letters import DeliveryState, Folder
from mail.services.read import OpenedLetter, open_letter
from mail.web.rows import page_of, shown_subject
from smime.report import Encryption
from tenants import clock
from tenants.access import Actor, SignedInRequest, member
from tenants.keystore.custody import Custody
from tenants.models import Person
from tenants.scoping import tenant_scope
from tenants.web.unlock import locked
from tenants.web.unlocked import open_custody


@dataclass(frozen=True, slots=True)
class SentRow:
    """`bcc`: addresses that nobody but the sender sees. `subject_hidden`: the subject needs the key."""

    pk: uuid.UUID
    to: str
    bcc: str
    sent_at: datetime
    subject: str
    subject_hidden: bool
    state: str
    summary: str


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    name: str
    address: str
    state: str
    failure: str
    finished_at: datetime | None
    queued_at: datetime
    bcc: bool = False


@dataclass(frozen=True, slots=True)
class SentLetter:
    pk: uuid.UUID
    subject: str
    to: tuple[str, ...]
    bcc: tuple[str, ...]
    sent_at: datetime
    signed: bool
    encrypted_with: str
    certificate: str
    locked: bool


@member
@require_safe
@never_cache
def sent(request: SignedInRequest) -> HttpResponse:
    return render(request, "mail/sent.html", _list(request) | {"letter": None})


@member
@require_safe
@never_cache
def sent_message(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    custody = open_custody(request, request.actor)
    try:
        opened = open_letter(request.actor, pk, custody, clock.now())
    except Message.DoesNotExist:
        raise Http404 from None
    if opened.message.folder != Folder.SENT:
        raise Http404
    deliveries = _deliveries(request.actor, opened)
    context = _list(request) | _letter(opened, custody, deliveries)
    if opened.report.encryption is Encryption.LOCKED:
        context["unlock"] = locked(request.actor, reverse("mail:sent_message", args=[pk]))
    return render(request, "mail/sent.html", context)


def _list(request: SignedInRequest) -> dict[str, Any]:
    before, custody = request.GET.get("before", ""), open_custody(request, request.actor)
    with tenant_scope(request.actor.tenant_id):
        letters, older = page_of(
            Message.objects.of(request.actor.person_id).newest_first(Folder.SENT), before
        )
        fates = _fates(letters)
    here = reverse("mail:sent")
    return {
        "rows": [_row(letter, fates[letter.id], custody) for letter in letters],
        "older_url": f"{here}?{urlencode({'before': older})}" if older else "",
        "newest_url": here if before else "",
    }


def _fates(letters: Sequence[Message]) -> Mapping[uuid.UUID, list[Delivery]]:
    found: dict[uuid.UUID, list[Delivery]] = defaultdict(list)
    rows = Delivery.objects.filter(message_id__in=[letter.id for letter in letters])
    for row in rows.order_by("recipient").only("message_id", "raw_id", "recipient", "state"):
        found[row.message_id].append(row)
    return found


def _is_hidden(delivery: Delivery, letter: Message) -> bool:
    """Every Bcc recipient has bytes of their own, everybody else those of the letter."""
    return delivery.raw_id != letter.raw_id


def _row(letter: Message, fates: Sequence[Delivery], custody: Custody | None) -> SentRow:
    states = [fate.state for fate in fates]
    state = "delivered" if DeliveryState.DELIVERED.value in states else DeliveryState.HANDED_OVER.value
    for worse in (DeliveryState.QUEUED.value, DeliveryState.FAILED.value):
        if worse in states:
            state = worse
    subject, hidden = shown_subject(letter, custody)
    bcc = ", ".join(fate.recipient for fate in fates if _is_hidden(fate, letter))
    return SentRow(
        letter.id, letter.to_line, bcc, letter.received_at, subject, hidden, state, _summary(letter, states)
    )


def _taken(states: Sequence[str]) -> str:
    """What became of copies that neither wait nor failed: of those outside nobody knows more than the relay took."""
    relayed = sum(state == DeliveryState.HANDED_OVER.value for state in states)
    delivered = sum(state == DeliveryState.DELIVERED.value for state in states)
    if not relayed:
        return _("Delivered")
    if not delivered:
        return _("Handed to the mail relay")
    facts = {"n": delivered, "relayed": relayed}
    return _("Delivered to %(n)d, handed to the mail relay for %(relayed)d") % facts


def _summary(letter: Message, states: Sequence[str]) -> str:
    failed = sum(state == DeliveryState.FAILED.value for state in states)
    waiting = sum(state == DeliveryState.QUEUED.value for state in states)
    if failed:
        words = {"n": failed, "whole": len(states)}
        return (
            ngettext("Not delivered to %(n)d of %(whole)d", "Not delivered to %(n)d of %(whole)d", failed)
            % words
        )
    head = _("On its way") if waiting else _taken(states)
    if letter.is_signed and letter.is_encrypted:
        return _("%(state)s, signed and encrypted") % {"state": head}
    if letter.is_encrypted:
        return _("%(state)s, encrypted") % {"state": head}
    return _("%(state)s, signed") % {"state": head} if letter.is_signed else head


def _deliveries(actor: Actor, opened: OpenedLetter) -> list[DeliveryRow]:
    with tenant_scope(actor.tenant_id):
        rows = list(Delivery.objects.filter(message=opened.message).order_by("recipient"))
        names = _names(actor, [row.recipient for row in rows])
    written = {a.mailbox.lower(): a.name for key in ("to", "cc") for a in listed(opened.report, key)}
    names = written | names
    return [
        DeliveryRow(
            names.get(row.recipient.lower(), ""), row.recipient, row.state, row.failure, row.finished_at, row.queued_at,
            _is_hidden(row, opened.message),
        )
        for row in rows
    ]  # fmt: skip


def _counted(states: Sequence[str]) -> str:
    """'1 of 3 delivered', '1 of 3 delivered, 1 handed to the mail relay'."""
    delivered = sum(state == DeliveryState.DELIVERED.value for state in states)
    relayed = sum(state == DeliveryState.HANDED_OVER.value for state in states)
    parts = []
    if delivered or not relayed:
        parts.append(_("%(n)d of %(whole)d delivered") % {"n": delivered, "whole": len(states)})
    if relayed:
        parts.append(_("%(n)d handed to the mail relay") % {"n": relayed})
    return ", ".join(parts)


def _names(actor: Actor, addresses: Iterable[str]) -> dict[str, str]:
    lowered = [address.lower() for address in addresses]
    contacts = Contact.objects.filter(person_id=actor.person_id, address__in=lowered)
    people = Person.objects.filter(address__in=lowered)
    return dict(contacts.values_list("address", "name")) | dict(people.values_list("address", "name"))


def _letter(
    opened: OpenedLetter, custody: Custody | None, deliveries: Sequence[DeliveryRow]
) -> dict[str, Any]:
    message, report = opened.message, opened.report
    signer = report.signer.certificate if report.signer is not None else None
    letter = SentLetter(
        pk=message.id,
        subject=shown_subject(message, custody)[0],
        to=tuple(row.name or row.address for row in deliveries if not row.bcc),
        bcc=tuple(row.name or row.address for row in deliveries if row.bcc),
        sent_at=message.received_at,
        signed=message.is_signed,
        encrypted_with=(report.encryption_algorithm or _("for their keys")) if message.is_encrypted else "",
        certificate=signer.fingerprint(SHA256()).hex() if signer is not None else "",
        locked=report.encryption is Encryption.LOCKED,
    )
    return {
        "letter": letter,
        "deliveries": deliveries,
        "taken": _counted([row.state for row in deliveries]),
        "text": report.text,
        "attachments": [{"name": file.name, "size": file.size} for file in report.attachments],
        "unlock": None,
    }
