"""Import a letter from a file: judged at the moment of import, since nothing proves when it was received."""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.conf import settings

from mail.facts import read_facts
from mail.models import Message
from mail.models.letters import Folder
from mail.transport.spool import store_letter
from smime.errors import SmimeError
from smime.mime_read import parse
from tenants.access import Actor
from tenants.refusals import refuse
from tenants.scoping import tenant_scope


def import_eml(actor: Actor, raw: bytes, at: datetime) -> Message:
    """Keep an RFC 5322 file, byte for byte, in the inbox. Raises Refused."""
    if not raw.strip():
        raise refuse(
            "file-empty", "The file is empty.", remedy="Choose the .eml file that the mail program saved."
        )
    if len(raw) > settings.MESSAGE_LIMIT:
        limit = settings.MESSAGE_LIMIT // 2**20
        raise refuse(
            "file-too-large", f"The file is larger than {limit} MiB.", remedy="Ask for a smaller letter."
        )
    if not _looks_like_mail(raw):
        raise refuse(
            "not-a-letter", "The file does not begin with the header of a letter.",
            remedy="Save the letter as .eml in the mail program and choose that file.",
        )  # fmt: skip
    facts = read_facts(raw)
    with tenant_scope(actor.tenant_id, write=True):
        return store_letter(actor.person_id, raw, facts, at, is_imported=True)


def held_already(actor: Actor, raw: bytes) -> Message | None:
    """The letter with exactly these bytes that lies in the inbox, if one does."""
    same = {"raw__sha256": hashlib.sha256(raw).digest(), "raw__size": len(raw)}
    with tenant_scope(actor.tenant_id):
        return Message.objects.of(actor.person_id).newest_first(Folder.INBOX).filter(**same).first()


def _looks_like_mail(raw: bytes) -> bool:
    try:
        return bool(parse(raw).fields)
    except SmimeError:
        return True  # a letter beyond a limit is kept: its bytes can be downloaded, its page says which limit
