"""Renew a certificate before its time, and replace all keys when somebody else may have them."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from tenants import clock
from tenants.access import SignedInRequest, member
from tenants.keystore.custody import Custody
from tenants.models import Certificate
from tenants.refusals import Refused
from tenants.scoping import tenant_scope
from tenants.services import replace_keys as replacing
from tenants.services.replace_keys import Replaced, Why
from tenants.services.unlock import NotEnrolled, Paused, WrongPin, unlock
from tenants.web.answers import see_other
from tenants.web.forms import ReplaceKeys, add_finding, sentence
from tenants.web.rows import CertificateRow
from tenants.web.words import clock_time, wrong_pin_words


@member
@require_POST
def renew(request: SignedInRequest, fp: str) -> HttpResponse:
    """A second press while the first is under way changes nothing."""
    certificate_id = _own_certificate(request, fp)
    try:
        ordered = replacing.renew_now(request.actor, certificate_id, clock.now())
    except Refused as refused:
        messages.error(request, sentence(refused.finding))
    else:
        text = _("A new key is being made and certified. Until then the old certificate stays in use.")
        messages.success(request, text if ordered is not None else _("It is renewed already."))
    return see_other("tenants:keys")


def _own_certificate(request: SignedInRequest, fp: str) -> uuid.UUID:
    try:
        sha256 = bytes.fromhex(fp)
    except ValueError:
        raise Http404 from None
    with tenant_scope(request.actor.tenant_id):
        mine = Certificate.objects.filter(person_id=request.actor.person_id, sha256=sha256)
        found = mine.values_list("id", flat=True).first()
    if found is None:
        raise Http404
    return found


@member
@sensitive_post_parameters("pin")
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def replace_keys(request: SignedInRequest) -> HttpResponse:
    """The PIN is asked for here, open key or not: whoever sits at an unlocked screen must not revoke for another."""
    form = ReplaceKeys(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid() and _knows_pin(request, form):
        try:
            done = replacing.replace_keys(request.actor, Why(form.cleaned_data["why"]), clock.now())
        except Refused as refused:
            add_finding(form, refused.finding)
        else:
            messages.success(request, _done_words(done))
            return see_other("tenants:keys")
    now = clock.now()
    with tenant_scope(request.actor.tenant_id):
        mine = Certificate.objects.issued_here().filter(person_id=request.actor.person_id)
        rows = [CertificateRow.of(row) for row in mine.current(now)]
    context = {"form": form, "certificates": rows, "why": form.data.get("why", "")}
    return render(request, "tenants/replace_keys.html", context, status=422 if form.errors else 200)


def _knows_pin(request: SignedInRequest, form: ReplaceKeys) -> bool:
    match unlock(request.actor, form.cleaned_data["pin"], clock.now()):
        case Custody():
            return True
        case WrongPin(tries_left=left):
            form.add_error("pin", wrong_pin_words(left))
        case Paused(until=until):
            form.add_error("pin", _("The PIN rests until %(time)s.") % {"time": clock_time(until)})
        case NotEnrolled():
            form.add_error(None, _("You have no PIN and no keys yet, so there is nothing to replace."))
    return False


def _done_words(done: Replaced) -> str:
    if not done.revoked:
        return _(
            "New keys are being made. The old certificates are revoked as soon as the new ones are there."
        )
    text = ngettext(
        "%(n)d certificate is revoked; the list that says so follows within a minute. New keys are being made.",
        "%(n)d certificates are revoked; the list that says so follows within a minute. New keys are being made.",
        done.revoked,
    )
    return text % {"n": done.revoked}
