"""One letter: who signed it and what that is worth, what is in it, and every check on request."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from mail.html import CleanHtml, clean_html
from mail.models import Message
from mail.models.letters import Folder
from mail.services.read import OpenedLetter, read
from mail.web.details import details_of, other_readers, readers_of
from mail.web.inbox import list_context
from mail.web.letter_head import head_of, history_of
from mail.web.letter_parts import inner_layers
from pki.certificates import can_encrypt
from smime.report import Encryption, Seal, SecurityReport
from tenants import clock
from tenants.access import Actor, SignedInRequest, member
from tenants.scoping import tenant_scope
from tenants.services.ask_for_lists import ask_for_lists
from tenants.services.root_decision import RootDecision, root_decision
from tenants.web.answers import see_other
from tenants.web.unlock import locked
from tenants.web.unlocked import open_custody

# Findings about the header that stand beside the seal: they take nothing from its verdict.
NOTED = frozenset({"protected-from-differs", "reader-not-addressed", "recipients-not-signed"})


@member
@require_safe
@never_cache
def message(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    custody = open_custody(request, request.actor)
    try:
        opened = read(request.actor, pk, custody, clock.now())
    except Message.DoesNotExist:
        raise Http404 from None
    if opened.message.folder == Folder.SENT:
        return see_other("mail:sent_message", pk)
    return render(request, "mail/message.html", list_context(request) | _letter_context(request, opened))


def _letter_context(request: SignedInRequest, opened: OpenedLetter) -> dict[str, Any]:
    report, actor = opened.report, request.actor
    head = head_of(actor, opened)
    refusal = _unreadable(report)
    if refusal is not None:
        return {"message": head, "report": None, "finding": refusal}
    readers = readers_of(actor, report, [*head.addresses, head.sender_address])
    history = history_of(actor, opened, head)
    is_locked = report.encryption is Encryption.LOCKED
    shown = clean_html(report.html) if report.html is not None else CleanHtml(None)
    return {
        "message": head,
        "report": report,
        "finding": None,
        "also": other_readers(readers),
        "notes": [finding for finding in report.findings if finding.code in NOTED],
        "always_signs": history.always_signs,
        "for_retired_key": opened.for_retired_key,
        "decision": _decision(actor, report),
        "checking": opened.checking,
        "first_signed": history.first_signed,
        "new_signer": opened.learned is not None
        and (opened.learned.other_signer or _signs_with(report, opened.learned.other_encryption)),
        "learned": opened.learned,
        "attachments": [
            {"index": i, "name": a.name, "size": a.size} for i, a in enumerate(report.attachments)
        ],
        "inner": inner_layers(report),
        "blocked_images": shown.blocked_images,
        "body_finding": shown.finding,
        "unlock": locked(actor, reverse("mail:message", args=[head.pk])) if is_locked else None,
        "details": details_of(actor, head.pk, report, readers) if "details" in request.GET else None,
    }


def _signs_with(report: SecurityReport, other_encryption: bool) -> bool:
    """Whether the other encryption certificate that waits for a decision is the signer's own, made for both."""
    signed_by = report.signer.certificate if report.signer is not None else None
    return other_encryption and signed_by is not None and can_encrypt(signed_by)


def _decision(actor: Actor, report: SecurityReport) -> RootDecision | None:
    if report.seal is not Seal.UNTRUSTED or report.path is None or not report.path.path:
        return None
    return root_decision(actor, report.path.path[0])


def _unreadable(report: SecurityReport) -> Any:
    """The reason why nothing of a letter can be shown: it is no letter, or beyond a limit."""
    closed = report.seal is Seal.NONE and report.encryption is Encryption.NONE and not report.layers
    if closed and not report.headers and not report.text and not report.attachments:
        return next((f for f in report.findings if f.severity == "error"), None)
    return None


@member
@require_POST
def mark_unread(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    with tenant_scope(request.actor.tenant_id, write=True):
        if not Message.objects.of(request.actor.person_id).filter(id=pk).update(seen_at=None):
            raise Http404
    return see_other("mail:inbox")


@member
@require_POST
def check_again(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """Ask for the revocation lists once more; the letter is judged with whatever has come when it is opened."""
    with tenant_scope(request.actor.tenant_id):
        if not Message.objects.of(request.actor.person_id).filter(id=pk).exists():
            raise Http404
    asked = ask_for_lists(request.actor.tenant_id, clock.now())
    text = (
        _("The revocation lists are being asked for. Open the letter again in a moment.")
        if asked
        else _("No list of this issuer can be asked for from here; the newest one at hand was used again.")
    )
    messages.info(request, text)
    return see_other("mail:message", pk)
