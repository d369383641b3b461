"""Letters as seen by a decision about trust: the root at the top of one letter, and how many letters it touches."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q

from mail.models import Message
from mail.models.letters import Folder
from mail.services.judge_letters import judge_again_soon
from mail.services.read import open_letter
from pki.claims import claims_of
from pki.errors import MalformedInput
from pki.names import Mailbox
from smime.report import Seal
from tenants import clock
from tenants.access import Actor
from tenants.keystore.custody import Custody
from tenants.letter_roots import Effects, Offer
from tenants.scoping import tenant_scope


class LetterRoots:
    """`tenants.letter_roots.Letters`, answered from the letters of the forest."""

    def root_of(self, actor: Actor, message_id: uuid.UUID, custody: Custody | None) -> Offer | None:
        try:
            report = open_letter(actor, message_id, custody, clock.now()).report
        except Message.DoesNotExist:
            return None
        top = report.path.path[0] if report.path is not None and report.path.path else None
        if top is None or not claims_of(top).is_root:
            return None
        return Offer(top, _domain(report.from_address))

    def effects(
        self,
        actor: Actor,
        domains: Sequence[str],
        begins_at: datetime | None = None,
        ends_at: datetime | None = None,
    ) -> Effects:
        touched = _from_domains(domains)
        if touched is None:
            return Effects()
        with tenant_scope(actor.tenant_id):
            letters = Message.objects.filter(touched, folder=Folder.INBOX, is_signed=True)
            if begins_at is not None:
                letters = letters.filter(received_at__gte=begins_at)
            if ends_at is not None:
                letters = letters.filter(received_at__lte=ends_at)
            return Effects(
                letters=letters.count(),
                # Letters that nobody has opened yet are not judged yet: they wait as well.
                waiting=letters.filter(seal__in=[Seal.UNTRUSTED.value, ""]).count(),
                correspondents=letters.order_by().values("from_address").distinct().count(),
            )

    def judge_again(self, tenant_id: uuid.UUID) -> None:
        judge_again_soon(tenant_id)


def _domain(address: str | None) -> str:
    try:
        return Mailbox.parse(address or "").domain
    except MalformedInput:
        return ""


def _from_domains(domains: Sequence[str]) -> Q | None:
    """ "d" is exactly that host, ".d" everything below it."""
    found: Q | None = None
    for entry in domains:
        one = Q(from_address__iendswith=entry if entry.startswith(".") else f"@{entry}")
        found = one if found is None else found | one
    return found
