"""The one-time link of the first sign-in: look, choose a password, be signed in."""

from __future__ import annotations

from django.contrib.auth import login
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from tenants import clock
from tenants.access import public
from tenants.models import Account
from tenants.refusals import Refused
from tenants.services.redeem_link import LinkFacts, LinkState, inspect_link, redeem_link
from tenants.web.answers import see_other
from tenants.web.forms import NewPassword, add_finding
from tenants.web.unlocked import forget_unlocked


@public
@sensitive_post_parameters("password", "password_again")
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def signin_link(request: HttpRequest, token: str) -> HttpResponse:
    """Opening the page does not use the link up; setting the password does, and signs in."""
    facts = inspect_link(token, clock.now())
    form = NewPassword(request.POST or None)
    if request.method == "POST" and facts.state is LinkState.USABLE and form.is_valid():
        account = _redeem(form, token)
        if account is not None:
            # Whoever was signed in here before is not this person: their session and their key stay behind.
            login(request, account, backend="django.contrib.auth.backends.ModelBackend")
            response = see_other("portal:home")
            forget_unlocked(response)
            return response
        facts = inspect_link(token, clock.now())
    return _page(request, token, facts, form)


def _redeem(form: NewPassword, token: str) -> Account | None:
    try:
        return redeem_link(token, form.cleaned_data["password"], clock.now())
    except ValidationError as weak:
        form.add_error("password", weak)
    except Refused as refused:
        add_finding(form, refused.finding)
    return None


def _page(request: HttpRequest, token: str, facts: LinkFacts, form: NewPassword) -> HttpResponse:
    context = {
        "token": token,
        "link_state": facts.state.value,
        "name": facts.name,
        "address": facts.address,
        "expires_at": facts.expires_at,
        "form": form,
        # The forest that sends the link, not that of whoever may be signed in here.
        "shell": {"forest": facts.tenant},
    }
    usable = facts.state is LinkState.USABLE
    status = 404 if not usable else 422 if request.method == "POST" else 200
    return render(request, "tenants/signin_link.html", context, status=status)
