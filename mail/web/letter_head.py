"""The header block of a letter as the reader shows it, from what the report believes."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from mail.author import judged_author, listed
from mail.models import Message
from mail.services.read import OpenedLetter
from mail.web.forests import VOUCHED, forest_badge
from pki.names import same_mailbox
from smime.addresses import Address
from smime.headers import OBSCURED
from smime.report import Seal, SecurityReport
from tenants.access import Actor
from tenants.models import Tenant
from tenants.scoping import tenant_scope

MOST_NAMES = 30


@dataclass(frozen=True, slots=True)
class Head:
    """`pk` is the letter's; `addresses` are those of To and Cc."""

    pk: uuid.UUID
    subject: str
    sender_name: str
    sender_address: str
    forest: Tenant | None
    to: tuple[str, ...]
    addresses: tuple[str, ...]
    received_at: datetime
    size: int
    is_imported: bool


def head_of(actor: Actor, opened: OpenedLetter) -> Head:
    report, message = opened.report, opened.message
    name, address = judged_author(report)
    addressed = [*listed(report, "to"), *listed(report, "cc")]
    return Head(
        pk=message.id,
        subject=_subject(report, message),
        sender_name=name,
        sender_address=address,
        forest=forest_badge(address) if report.seal.value in VOUCHED else None,
        to=_names(addressed, actor),
        addresses=tuple(entry.mailbox for entry in addressed),
        received_at=message.received_at,
        size=message.raw.size,
        is_imported=message.is_imported,
    )


def _subject(report: SecurityReport, message: Message) -> str:
    subject = report.header("Subject") or ""
    return "" if report.is_closed and subject in (OBSCURED, "...") else subject


def _names(addressed: Sequence[Address], actor: Actor) -> tuple[str, ...]:
    names = [_name(entry, actor) for entry in addressed[:MOST_NAMES]]
    if len(addressed) > MOST_NAMES:
        names.append(_("%(n)d more") % {"n": len(addressed) - MOST_NAMES})
    return tuple(names)


def _name(entry: Address, actor: Actor) -> str:
    if same_mailbox(entry.mailbox, actor.address):
        return _("%(name)s (you)") % {"name": actor.name}
    return entry.mailbox if entry.foreign_addresses or not entry.name else entry.name


@dataclass(frozen=True, slots=True)
class History:
    """What earlier letters from the same address say about this one."""

    first_signed: bool
    always_signs: str


def history_of(actor: Actor, opened: OpenedLetter, head: Head) -> History:
    """Opens a scope. An address "always signs" if at least two letters from it had a seal and none was unsigned."""
    report, message = opened.report, opened.message
    if not report.from_address or report.is_closed:
        return History(False, "")
    with tenant_scope(actor.tenant_id):
        earlier = Message.objects.of(actor.person_id).by_author(report.from_address)
        earlier = earlier.filter(folder=message.folder, received_at__lt=message.received_at)
        # A letter that nobody judged yet merely claims its author: it counts for nothing.
        vouched = earlier.filter(seal__in=VOUCHED)
        if report.seal is not Seal.NONE:
            return History(report.seal.value in VOUCHED and not vouched.exists(), "")
        sealed = vouched.count()
        unsigned = earlier.filter(seal=Seal.NONE.value, is_encrypted=False).exists()
    name = head.sender_name or report.from_address
    return History(False, name if sealed >= 2 and not unsigned else "")
