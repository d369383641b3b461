"""Pages that belong to no forest: the first address, the door, and what is shown when something goes wrong."""

from __future__ import annotations

import logging
import secrets
import sys
import traceback

from django import forms
from django.contrib.auth import authenticate, login, logout
from django.contrib.sessions.backends.db import SessionStore
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.template import loader
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from pkiportal.guesses import WINDOW_SECONDS, count_guess
from tenants.access import actor_of, public
from tenants.keystore.unlocking import lock
from tenants.models import Enrolment, MailKey
from tenants.scoping import tenant_scope
from tenants.web.answers import safe_path, see_other
from tenants.web.unlocked import forget_unlocked

logger = logging.getLogger(__name__)


class SignIn(forms.Form):
    # Text, not EmailField: an address that is oddly written must fail like any other that does not fit.
    address = forms.CharField(max_length=320)
    password = forms.CharField(max_length=1024, strip=False, widget=forms.PasswordInput)


@public
@require_safe
@never_cache
def home(request: HttpRequest) -> HttpResponseBase:
    """Where a person belongs: the door, enrolment, or the inbox."""
    actor = actor_of(request)
    if actor is None:
        return redirect("portal:sign_in")
    with tenant_scope(actor.tenant_id):
        is_ready = MailKey.objects.openable().filter(person_id=actor.person_id).exists()
        is_waiting = Enrolment.objects.filter(person_id=actor.person_id, state="waiting").exists()
    return redirect("mail:inbox" if is_ready and not is_waiting else "tenants:enrol")


@public
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def sign_in(request: HttpRequest) -> HttpResponseBase:
    """The door. One sentence for every reason why address and password do not fit."""
    way_on = safe_path(request, request.POST.get("next") or request.GET.get("next", ""))
    if request.method != "POST":
        if actor_of(request) is not None:
            return redirect(way_on or "portal:home")
        return render(request, "door.html", {"form": SignIn(), "next": way_on})
    form = SignIn(request.POST)
    status = _try_to_enter(request, form) if form.is_valid() else 422
    if status == 200:
        return see_other(way_on or reverse("portal:home"))
    response = render(request, "door.html", {"form": form, "next": way_on}, status=status)
    if status == 429:
        response["Retry-After"] = str(WINDOW_SECONDS)
    return response


def _try_to_enter(request: HttpRequest, form: SignIn) -> int:
    """Sign in, or put the reason on the form; the status to answer with."""
    address = form.cleaned_data["address"].strip().lower()
    guess = count_guess(request, address)
    if not guess.allowed:
        form.add_error(None, _(
            "Too many tries. For the next 15 minutes no password is looked at, not even the right one. Then try"
            " again, or ask your administrator for a new link."
        ))  # fmt: skip
        return 429
    account = authenticate(request, address=address, password=form.cleaned_data["password"])
    if account is None:
        form.add_error(None, _(
            "Address and password do not fit together. Check both, or ask your administrator for a new link."
        ))  # fmt: skip
        return 422
    guess.take_back()
    login(request, account)  # a fresh session id: a planted one is worth nothing
    return 200


@public
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session and lock the key, in every browser. Harmless when the session has ended already."""
    response = see_other("portal:sign_in")
    forget_unlocked(response)
    try:
        actor = actor_of(request)
        if actor is not None:
            lock(actor.tenant_id, actor.person_id)
        logout(request)
    except DatabaseError:
        # A full disk must not keep somebody signed in: without its cookies this browser opens nothing.
        logger.exception("The session could not be ended in the database; its cookies were removed.")
        request.session = SessionStore()
    return response


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Foreign and absent look the same."""
    if _wants_json(request):
        return _json_error(404, "not-found", "There is nothing at this address for you.")
    return render(request, "404.html", status=404)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _wants_json(request):
        return _json_error(403, "forbidden", "You may not do this.")
    return render(request, "403.html", status=403)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """What could not be read as a request. Drawn without the shell: not even the host's name is known to be ours."""
    content = loader.render_to_string("400.html", {"CSP_NONCE": getattr(request, "csp_nonce", "")})
    return HttpResponse(content, status=400)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return render(request, "403_csrf.html", status=403)


def server_error(request: HttpRequest) -> HttpResponse:
    """Something failed that should not. The reference on the page is in the log, with the place but without content.

    Drawn without context processors: whatever failed must not fail this page too.
    """
    reference = secrets.token_hex(4).upper()
    kind, _value, trace = sys.exc_info()
    where = "".join(traceback.format_tb(trace))
    logger.error(
        "Reference %s: %s at %s\n%s",
        reference,
        getattr(kind, "__qualname__", "error"),
        _view_name(request),
        where,
    )
    if _wants_json(request):
        return _json_error(500, "server-error", f"Something failed here. Reference {reference}.")
    context = {"reference": reference, "CSP_NONCE": getattr(request, "csp_nonce", "")}
    return HttpResponse(loader.render_to_string("500.html", context), status=500)


def _view_name(request: HttpRequest) -> str:
    """The view, not the path: paths may carry one-time secrets."""
    match = request.resolver_match
    return match.view_name if match is not None else "no view"


def _wants_json(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def _json_error(status: int, code: str, summary: str) -> JsonResponse:
    return JsonResponse(
        {"error": {"code": code, "summary": summary, "remedy": "", "owner": ""}}, status=status
    )
