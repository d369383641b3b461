"""The inbox: a page of lines, and the same lines alone for the list that asks again."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse, HttpResponseNotModified
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from mail.web.rows import Page, inbox_page
from tenants.access import SignedInRequest, member
from tenants.web.unlocked import open_custody


@member
@require_safe
@never_cache
def inbox(request: SignedInRequest) -> HttpResponse:
    return render(request, "mail/inbox.html", list_context(request))


@member
@require_safe
def inbox_rows(request: SignedInRequest) -> HttpResponse:
    """Asked every 20 seconds: an unchanged list is answered 304, without drawing it."""
    chosen, page = _page(request)
    tag = _tag(request, page)
    if tag in request.headers.get("If-None-Match", ""):
        response: HttpResponse = HttpResponseNotModified()
    else:
        response = render(request, "mail/_rows.html", _context(request, chosen, page))
    response["ETag"] = tag
    patch_cache_control(response, private=True, no_cache=True)
    return response


def list_context(request: SignedInRequest) -> dict[str, Any]:
    """What inbox.html needs: also the pages that draw the list beside a letter."""
    chosen, page = _page(request)
    return _context(request, chosen, page)


def _page(request: SignedInRequest) -> tuple[str, Page]:
    chosen = request.GET.get("filter", "all")
    custody = open_custody(request, request.actor)
    return chosen, inbox_page(request.actor, custody, chosen, request.GET.get("before", ""))


def _context(request: SignedInRequest, chosen: str, page: Page) -> dict[str, Any]:
    before = request.GET.get("before", "")
    here = {"filter": chosen} if chosen != "all" else {}
    return {
        "rows": page.rows,
        "filter": chosen,
        "counts": page.counts,
        "older_url": _url(**here, before=page.older) if page.older else "",
        "newest_url": _url(**here) if before else "",
        "before": before,
        "message": _open_one(request, page),
        "first_steps": page.is_empty,
    }


def _url(**query: str) -> str:
    return f"{reverse('mail:inbox')}?{urlencode(query)}" if query else reverse("mail:inbox")


def _open_one(request: SignedInRequest, page: Page) -> object:
    """The line of the letter that lies open beside the list, to be marked."""
    return next((row for row in page.rows if str(row.pk) == request.GET.get("open", "")), None)


def _tag(request: SignedInRequest, page: Page) -> str:
    """Everything that the lines show; times are drawn relative to the day, so the day belongs to it."""
    shown = repr((page.rows, page.counts, page.older, request.GET.get("open"), timezone.localdate()))
    return f'"{hashlib.sha256(shown.encode()).hexdigest()[:32]}"'
