"""filter, q and page in the address of an administrators' list."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

LONGEST_SEARCH = 200
Filter = TypeVar("Filter", bound=StrEnum)


def page_query(request: HttpRequest, filters: type[Filter], default: Filter) -> tuple[Filter, str, int]:
    """What the address asks for; nonsense is the first page of everything."""
    asked = request.GET.get("filter", default.value)
    which = next((known for known in filters if known.value == asked), default)
    text = request.GET.get("page", "1")
    page = int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 1
    return which, searched_for(request), max(page, 1)


def searched_for(request: HttpRequest) -> str:
    """What to look for in names and addresses. A longer text is cut, and the page says so."""
    q = "".join(c if c.isprintable() else " " for c in request.GET.get("q", "")).strip()
    if len(q) > LONGEST_SEARCH:
        text = _("Only the first %(n)d characters were searched for.")
        messages.info(request, text % {"n": LONGEST_SEARCH})
    return q[:LONGEST_SEARCH]


def page_url(name: str, which: StrEnum, q: str, page: int) -> str:
    return f"{reverse(name)}?{urlencode({'filter': which.value, 'q': q, 'page': page})}"
