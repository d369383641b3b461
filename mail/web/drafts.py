"""Drafts: the list, saving while somebody types, and discarding."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from mail.models import Draft
from mail.services.drafts import discard_draft, read_draft
from mail.web.desk import Desk
from mail.web.letter_form import read_post
from mail.web.words import in_a_list
from tenants.access import SignedInRequest, member
from tenants.keystore.custody import Custody, SealBroken
from tenants.scoping import tenant_scope
from tenants.web.answers import see_other
from tenants.web.unlock import locked
from tenants.web.unlocked import open_custody

MOST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class DraftRow:
    """The last three are empty while the key is locked."""

    pk: uuid.UUID
    updated_at: datetime
    to: str = ""
    subject: str = ""
    snippet: str = ""


@member
@require_safe
@never_cache
def drafts(request: SignedInRequest) -> HttpResponse:
    custody = open_custody(request, request.actor)
    with tenant_scope(request.actor.tenant_id):
        found = list(Draft.objects.filter(person_id=request.actor.person_id)[:MOST_SHOWN])
    rows = [_row(draft, custody) for draft in found]
    unlock = locked(request.actor, reverse("mail:drafts")) if custody is None else None
    return render(request, "mail/drafts.html", {"rows": rows, "unlock": unlock})


def _row(draft: Draft, custody: Custody | None) -> DraftRow:
    if custody is None:
        return DraftRow(draft.id, draft.updated_at)
    try:
        letter = read_draft(draft, custody)
    except SealBroken:  # one draft must never take down the list
        return DraftRow(draft.id, draft.updated_at, snippet=_("This draft cannot be opened with your key."))
    addressed = ", ".join(in_a_list(r.name or r.address or r.typed) for r in letter.recipients()[:5])
    return DraftRow(
        draft.id, draft.updated_at, addressed, letter.subject, " ".join(letter.text.split())[:120]
    )


@member
@require_POST
def draft_save(request: SignedInRequest) -> HttpResponse:
    """Asked five seconds after typing stops; needs no PIN."""
    form, posted = read_post(request.POST, request.FILES)
    desk = Desk(
        request,
        form,
        posted.letter,
        posted.draft_id,
        posted.in_reply_to,
        posted.form_token,
        posted.keep,
        posted.names,
    )
    desk.bind()
    if not desk.keep() or desk.draft_id is None or desk.saved_at is None:
        problems = [str(text) for texts in desk.form.errors.values() for text in texts]
        error = " ".join(problems) or _("There is nothing to keep yet.")
        return JsonResponse({"error": error}, status=409)
    return JsonResponse(
        {
            "id": str(desk.draft_id),
            "saved_at": date_format(timezone.localtime(desk.saved_at), "H:i"),
            "url": reverse("mail:draft", args=[desk.draft_id]),
        }
    )


@member
@require_POST
def draft_discard(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    try:
        discard_draft(request.actor, pk)
    except Draft.DoesNotExist:
        raise Http404 from None
    messages.success(request, _("The draft is gone."), extra_tags="toast")
    return see_other("mail:drafts")
