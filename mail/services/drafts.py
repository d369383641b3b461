"""Drafts: sealed to their writer's custody key, the text as a whole and every file by itself.

Saving needs no PIN, opening does: not even a subject or the name of a file is readable without it.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db.models import QuerySet, Sum

from mail.letter import Letter
from mail.models import Draft, DraftAttachment, Message
from smime.mime import Attachment
from tenants.access import Actor
from tenants.keystore.custody import Custody, seal_for
from tenants.models import CustodyKey
from tenants.refusals import Refused, refuse
from tenants.scoping import tenant_scope

MOST_OCTETS = 30 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class DraftFile:
    """A file of a draft; its name is empty while the key is locked."""

    id: uuid.UUID
    name: str
    size: int


def save_draft(
    actor: Actor,
    letter: Letter,
    draft_id: uuid.UUID | None,
    at: datetime,
    *,
    in_reply_to: uuid.UUID | None = None,
    keep: Collection[uuid.UUID] | None = None,
    is_new: bool = False,
) -> Draft:
    """Keep the letter as it stands; its attachments are added to the files in `keep` (None: to all). Raises Refused.

    With `is_new` the draft may begin under `draft_id`, so that a form which is sent twice stays one letter. A draft
    that was sent or discarded meanwhile is not brought back.
    """
    with tenant_scope(actor.tenant_id, write=True):
        custody_key = _custody_key(actor)
        row = _row(actor, draft_id, in_reply_to, is_new)
        row.sealed = seal_for(custody_key, replace(letter, attachments=()).to_json(), "draft", row.id)
        row.updated_at = at
        row.save()
        if keep is not None:
            row.attachments.exclude(id__in=list(keep)).delete()
        held = row.attachments.aggregate(octets=Sum("size"))["octets"] or 0
        if held + sum(len(file.content) for file in letter.attachments) > MOST_OCTETS:
            raise too_large()
        for n, file in enumerate(letter.attachments):
            _add_file(row, custody_key, file, at + timedelta(microseconds=n))  # in the order they were chosen
    return row


def too_large() -> Refused:
    return refuse(
        "attachments-too-large",
        f"Together the files are larger than {MOST_OCTETS // 2**20} MiB, more than one letter may carry.",
        remedy="Remove some of them, or send several letters.",
    )


def _custody_key(actor: Actor) -> CustodyKey:
    custody_key = CustodyKey.objects.current().filter(person_id=actor.person_id).first()
    if custody_key is None:
        raise refuse(
            "not-enrolled", "Drafts are kept sealed, and you have no key yet.", remedy="Enrol first."
        )
    return custody_key


def _row(actor: Actor, draft_id: uuid.UUID | None, in_reply_to: uuid.UUID | None, is_new: bool) -> Draft:
    row = Draft.objects.filter(id=draft_id, person_id=actor.person_id).first() if draft_id else None
    if row is not None:
        return row
    mine = Message.objects.of(actor.person_id)
    if draft_id and (not is_new or mine.filter(id=draft_id).exists()):
        raise refuse("draft-gone", "This draft was sent or discarded already.", remedy="Look in Sent.")
    if in_reply_to and not mine.filter(id=in_reply_to).exists():
        in_reply_to = None
    return Draft(id=draft_id or uuid.uuid4(), person_id=actor.person_id, in_reply_to_id=in_reply_to)


def _add_file(row: Draft, custody_key: CustodyKey, file: Attachment, at: datetime) -> None:
    held = DraftAttachment(draft=row, size=len(file.content), added_at=at)
    head = json.dumps({"name": file.name, "media_type": file.media_type}).encode()
    held.sealed_name = seal_for(custody_key, head, "draft file name", held.id)
    held.sealed = seal_for(custody_key, file.content, "draft file", held.id)
    held.save()


def draft_files(actor: Actor, draft_id: uuid.UUID, custody: Custody | None) -> list[DraftFile]:
    """What hangs on a draft, without opening the contents."""
    with tenant_scope(actor.tenant_id):
        rows = list(_files(actor, draft_id).only("id", "sealed_name", "size"))
    return [DraftFile(row.id, _head(row, custody)["name"] if custody else "", row.size) for row in rows]


def open_files(
    actor: Actor, draft_id: uuid.UUID, custody: Custody, *, keep: Collection[uuid.UUID] | None = None
) -> tuple[Attachment, ...]:
    """The files of a draft with their contents, or those in `keep` of them."""
    with tenant_scope(actor.tenant_id):
        rows = [row for row in _files(actor, draft_id) if keep is None or row.id in keep]
    return tuple(
        Attachment(content=custody.open(bytes(row.sealed), "draft file", row.id), **_head(row, custody))
        for row in rows
    )


def _files(actor: Actor, draft_id: uuid.UUID) -> QuerySet[DraftAttachment]:
    return DraftAttachment.objects.filter(draft_id=draft_id, draft__person_id=actor.person_id)


def _head(row: DraftAttachment, custody: Custody) -> dict[str, str]:
    head = json.loads(custody.open(bytes(row.sealed_name), "draft file name", row.id))
    return {"name": head["name"], "media_type": head["media_type"]}


def open_draft(actor: Actor, draft_id: uuid.UUID, custody: Custody) -> tuple[Draft, Letter]:
    """The draft without its files. Raises Draft.DoesNotExist; SealBroken if it is from before the person started over."""
    with tenant_scope(actor.tenant_id):
        row = Draft.objects.get(id=draft_id, person_id=actor.person_id)
    return row, read_draft(row, custody)


def read_draft(row: Draft, custody: Custody) -> Letter:
    """The letter in a draft's row, without its files."""
    return Letter.from_json(custody.open(bytes(row.sealed), "draft", row.id))


def discard_draft(actor: Actor, draft_id: uuid.UUID) -> None:
    """Raises Draft.DoesNotExist."""
    with tenant_scope(actor.tenant_id, write=True):
        Draft.objects.get(id=draft_id, person_id=actor.person_id).delete()
