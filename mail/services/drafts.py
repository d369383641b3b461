"""Drafts: sealed as a whole to their writer's custody key. Saving needs no PIN, opening does."""

from __future__ import annotations

import uuid
from datetime import datetime

from mail.letter import Letter
from mail.models import Draft
from tenants.access import Actor
from tenants.keystore.custody import Custody, seal_for
from tenants.models import CustodyKey
from tenants.refusals import refuse
from tenants.scoping import tenant_scope

MOST_OCTETS = 30 * 1024 * 1024


def save_draft(
    actor: Actor,
    letter: Letter,
    draft_id: uuid.UUID | None,
    at: datetime,
    in_reply_to: uuid.UUID | None = None,
) -> Draft:
    """Keep the letter as it stands. A draft that was sent or discarded meanwhile is not brought back. Raises Refused."""
    plain = letter.to_json()
    if len(plain) > MOST_OCTETS:
        raise refuse(
            "draft-too-large", "The attachments are too large for a draft.", remedy="Remove some of them."
        )
    with tenant_scope(actor.tenant_id, write=True):
        custody_key = CustodyKey.objects.filter(person_id=actor.person_id).first()
        if custody_key is None:
            raise refuse(
                "not-enrolled", "Drafts are kept sealed, and you have no key yet.", remedy="Enrol first."
            )
        row = Draft.objects.filter(id=draft_id, person_id=actor.person_id).first() if draft_id else None
        if draft_id and row is None:
            raise refuse("draft-gone", "This draft was sent or discarded already.", remedy="Look in Sent.")
        row = row or Draft(person_id=actor.person_id, in_reply_to_id=in_reply_to)
        row.sealed = seal_for(custody_key, plain, "draft", row.id)
        row.updated_at = at
        row.save()
    return row


def open_draft(actor: Actor, draft_id: uuid.UUID, custody: Custody) -> tuple[Draft, Letter]:
    """Raises Draft.DoesNotExist; SealBroken cannot happen for one's own draft."""
    with tenant_scope(actor.tenant_id):
        row = Draft.objects.get(id=draft_id, person_id=actor.person_id)
    return row, Letter.from_json(custody.open(bytes(row.sealed), "draft", row.id))


def discard_draft(actor: Actor, draft_id: uuid.UUID) -> None:
    with tenant_scope(actor.tenant_id, write=True):
        Draft.objects.get(id=draft_id, person_id=actor.person_id).delete()
