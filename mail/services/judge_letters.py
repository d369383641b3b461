"""Judge letters that need no key before anybody opens them, and again when the forest changes what it believes or when
a document arrives that a verdict waited for.

Only what the list shows is kept. A letter stays unread, and nothing is learned of its signer: both are for a reader.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db.models import Q

from mail.models import Message
from mail.models.letters import SEALS_THAT_WAIT, SEALS_WITHOUT_TRUST, Folder, MessageQuerySet
from mail.services.read import remember, report_of
from smime.report import Encryption
from tenants import clock, due_work
from tenants.scoping import tenant_scope
from tenants.services.assemble_trust import last_arrival, last_trust_change

NEWEST = 200  # a person: older letters are judged again when they are opened


def judge_again_soon(tenant_id: uuid.UUID) -> None:
    """Inside the write scope of a decision about trust, or of the record that a document arrived."""
    due_work.schedule("judge_again", tenant_id, tenant_id)


@due_work.due_work("judge", queue="mail")
def judge_letter(tenant_id: uuid.UUID, message_id: uuid.UUID) -> datetime | None:
    """Judge one letter, unless that was done since the last decision or arrival. A locked one waits for its reader."""
    at = clock.now()
    with tenant_scope(tenant_id):
        message = _not_judged().filter(id=message_id).select_related("raw").first()
    if message is None:
        return None
    report = report_of(message, bytes(message.raw.data), None, at).report
    if report.encryption is not Encryption.LOCKED:
        remember(message, report, at, seen=False)
    return None


@due_work.due_work("judge_again", queue="mail")
def judge_again(tenant_id: uuid.UUID, _row_id: uuid.UUID) -> datetime | None:
    """Ask for the newest signed letters of everybody in this forest whose seals rest on what has changed."""
    with tenant_scope(tenant_id, write=True):
        signed = _not_judged().filter(is_signed=True).exclude(seal__in=SEALS_WITHOUT_TRUST)
        for person_id in list(signed.order_by().values_list("person_id", flat=True).distinct()):
            mine = signed.of(person_id).newest_first(Folder.INBOX)
            for message_id in mine.values_list("id", flat=True)[:NEWEST]:
                due_work.schedule("judge", tenant_id, message_id)
    return None


def _not_judged() -> MessageQuerySet:
    """Unencrypted letters received and not judged since the last decision about trust, nor, where their seals wait for a
    document, since the last arrival of one. Inside a scope.
    """
    letters = Message.objects.filter(folder=Folder.INBOX, is_encrypted=False)
    wanted = Q(judged_at__isnull=True)
    if (decided_at := last_trust_change()) is not None:
        wanted |= Q(judged_at__lte=decided_at)
    if (arrived_at := last_arrival()) is not None:
        wanted |= Q(judged_at__lte=arrived_at, seal__in=SEALS_THAT_WAIT)
    return letters.filter(wanted)
