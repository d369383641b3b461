"""filter, q and page in the address of an administrators' list."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

Filter = TypeVar("Filter", bound=StrEnum)


def page_query(request: HttpRequest, filters: type[Filter], default: Filter) -> tuple[Filter, str, int]:
    """What the address asks for; nonsense is the first page of everything."""
    asked = request.GET.get("filter", default.value)
    which = next((known for known in filters if known.value == asked), default)
    text = request.GET.get("page", "1")
    page = int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 1
    return which, request.GET.get("q", "")[:200], max(page, 1)


def page_url(name: str, which: StrEnum, q: str, page: int) -> str:
    return f"{reverse(name)}?{urlencode({'filter': which.value, 'q': q, 'page': page})}"
