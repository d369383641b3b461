"""The reader's unlocked key during a request: taken from the cookie, given to the browser, forgotten.

The cookie opens nothing by itself (`tenants.keystore.unlocking`); it is never readable by scripts, never sent along from
another site, and ends with the row that it belongs to.
"""

from __future__ import annotations

from datetime import datetime
from typing import cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from tenants import clock
from tenants.access import Actor
from tenants.keystore.custody import Custody
from tenants.keystore.unlocking import find_unlocked, keep_unlocked

Found = tuple[Custody, datetime] | None


def unlocked_key(request: HttpRequest, actor: Actor) -> Found:
    """The custody key that this browser holds open, with its end; None if locked. One query a request, then kept."""
    if not hasattr(request, "_unlocked_key"):
        cookie = request.COOKIES.get(settings.UNLOCK_COOKIE_NAME)
        found = find_unlocked(actor.tenant_id, actor.person_id, cookie, clock.now()) if cookie else None
        request._unlocked_key = found  # type: ignore[attr-defined]
    return cast(Found, request._unlocked_key)  # type: ignore[attr-defined]


def open_custody(request: HttpRequest, actor: Actor) -> Custody | None:
    """The custody key if it is open in this browser. Call it outside a scope."""
    found = unlocked_key(request, actor)
    return None if found is None else found[0]


def remember_unlocked(response: HttpResponse, custody: Custody) -> None:
    """Keep an opened custody key for UNLOCK_SECONDS, and give this browser its half."""
    unlocked = keep_unlocked(custody, clock.now())
    response.set_cookie(
        settings.UNLOCK_COOKIE_NAME,
        unlocked.cookie,
        max_age=settings.UNLOCK_SECONDS,
        path="/",
        secure=settings.HTTPS,
        httponly=True,
        samesite="Strict",
    )


def forget_unlocked(response: HttpResponse) -> None:
    """Take the browser's half away."""
    response.delete_cookie(settings.UNLOCK_COOKIE_NAME, path="/", samesite="Strict")
