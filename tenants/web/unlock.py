"""Unlock the key with the PIN, and lock it again."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.contrib import messages
from django.db import DatabaseError
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from tenants import clock
from tenants.access import Actor, SignedInRequest, member
from tenants.keystore.custody import Custody
from tenants.keystore.unlocking import lock as lock_keys
from tenants.models import CustodyKey
from tenants.scoping import tenant_scope
from tenants.services.unlock import NotEnrolled, Paused, WrongPin
from tenants.services.unlock import unlock as try_pin
from tenants.web.answers import safe_path, see_other
from tenants.web.forms import Pin
from tenants.web.unlocked import forget_unlocked, open_custody, remember_unlocked
from tenants.web.words import wrong_pin_words

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class UnlockForm:
    """What `mail/_unlock.html` draws. `tries_left` is None before the first wrong PIN."""

    form: Pin
    next: str
    tries_left: int | None = None
    paused_until: datetime | None = None
    tries: int = settings.PIN_TRIES


def locked(actor: Actor, way_back: str) -> UnlockForm:
    """The PIN form for a page that found the key locked. Opens a scope of its own."""
    now = clock.now()
    with tenant_scope(actor.tenant_id):
        row = CustodyKey.objects.current().filter(person_id=actor.person_id).first()
    paused = row.paused_until if row is not None and row.is_paused(now) else None
    return UnlockForm(Pin(), way_back, paused_until=paused)


@member
@sensitive_post_parameters("pin")
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def unlock(request: SignedInRequest) -> HttpResponse:
    """A wrong PIN says how many tries are left; then it rests."""
    way_back = safe_path(request, request.POST.get("next") or request.GET.get("next", ""))
    way_back = way_back or reverse("portal:home")
    if request.method != "POST":
        if open_custody(request, request.actor) is not None:
            return see_other(way_back)
        return _page(request, locked(request.actor, way_back), 200)
    form = Pin(request.POST)
    if not form.is_valid():
        return _page(request, UnlockForm(form, way_back), 422)
    match try_pin(request.actor, form.cleaned_data["pin"], clock.now()):
        case Custody() as custody:
            response = see_other(way_back)
            remember_unlocked(response, custody)
            return response
        case NotEnrolled():
            return see_other("tenants:enrol")
        case Paused(until=until):
            return _page(request, UnlockForm(Pin(), way_back, paused_until=until), 422)
        case WrongPin(tries_left=left):
            form.add_error("pin", wrong_pin_words(left))
            return _page(request, UnlockForm(form, way_back, tries_left=left), 422)


def _page(request: SignedInRequest, unlock: UnlockForm, status: int) -> HttpResponse:
    return render(request, "tenants/unlock.html", {"unlock": unlock}, status=status)


@member
@require_POST
def lock(request: SignedInRequest) -> HttpResponse:
    """Lock the key in every browser, at once."""
    response = see_other(safe_path(request, request.POST.get("next", "")) or "portal:home")
    forget_unlocked(response)
    try:
        lock_keys(request.actor.tenant_id, request.actor.person_id)
    except DatabaseError:
        # A full disk must not keep the key open here: its other half was in the cookie.
        logger.exception("The unlocked key could not be removed from the database; its cookie was.")
        text = _("Your key is locked in this browser. In others it locks by itself within fifteen minutes.")
        messages.warning(request, text, extra_tags="toast")
        return response
    messages.success(request, _("Your key is locked."), extra_tags="toast")
    return response
