"""Revoking everything at once, of a person or of an authority's generation: what it does, a reason, the password again."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from pki.crl import Reason
from tenants import clock
from tenants.access import SignedInRequest, administrator
from tenants.models import Generation, MassRevocation, Person
from tenants.refusals import Refused
from tenants.scoping import tenant_scope
from tenants.services.revoke_all import (
    Effects,
    effects_on_generation,
    effects_on_person,
    revoke_generation,
    revoke_person,
)
from tenants.services.step_up import step_up
from tenants.web import forms
from tenants.web.answers import see_other
from tenants.web.start_over import Effect


@dataclass(frozen=True, slots=True)
class Everything:
    """Whose certificates the page is about. `kind` chooses the reasons."""

    kind: str
    title: str
    crumb: str
    back: str
    action: str


@administrator
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def revoke_all_of_person(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """GET says what it does; POST does it."""
    with tenant_scope(request.actor.tenant_id):
        person = Person.objects.filter(id=pk).first()
        if person is None:
            raise Http404
        touched = effects_on_person(pk, clock.now())
    page = Everything(
        "final",
        _("Revoke all certificates of %(name)s") % {"name": person.name},
        person.name,
        reverse("tenants:person", args=[pk]),
        reverse("tenants:revoke_all_of_person", args=[pk]),
    )
    form = forms.RevokeAll(request.POST or None)

    def act(reason: Reason) -> None:
        _person, n = revoke_person(request.actor, pk, reason, clock.now())
        text = ngettext("%(n)d certificate is revoked.", "%(n)d certificates are revoked.", n) % {"n": n}
        messages.success(request, text + " " + _("The new list is out within a minute."))

    if request.method == "POST" and form.is_valid() and _done(request, form, act):
        return see_other("tenants:person", pk)
    return _page(request, page, form, touched, _person_effects(touched))


@administrator
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def revoke_all_of_generation(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """GET says what it does, or how far it has come; POST orders it."""
    with tenant_scope(request.actor.tenant_id):
        generation = Generation.objects.select_related("authority").filter(id=pk).first()
        if generation is None:
            raise Http404
        touched = effects_on_generation(pk, clock.now())
        order = MassRevocation.objects.filter(generation=generation).order_by("-ordered_at").first()
    page = Everything(
        "authority",
        _("Revoke everything that %(name)s has issued") % {"name": str(generation)},
        _("Authorities"),
        reverse("tenants:authorities"),
        reverse("tenants:revoke_all_of_generation", args=[pk]),
    )
    form = forms.RevokeAll(request.POST or None)

    def act(reason: Reason) -> None:
        revoke_generation(request.actor, pk, reason, clock.now())
        messages.success(request, _("Ordered. The worker revokes them now; one list names them all."))

    if request.method == "POST" and form.is_valid() and _done(request, form, act):
        return see_other("tenants:revoke_all_of_generation", pk)
    return _page(request, page, form, touched, _generation_effects(touched), order)


def _done(request: SignedInRequest, form: forms.RevokeAll, act: Callable[[Reason], None]) -> bool:
    """Whether it is done; otherwise the reason is on the form."""
    reason = forms.chosen_reason(form)
    if reason is None:
        return False
    try:
        step_up(request.actor, form.cleaned_data["password"])
        act(reason)
    except Refused as refused:
        forms.add_finding(form, refused.finding, {"reason-not-offered": "reason"} | forms.PASSWORD_FIELDS)
        return False
    return True


def _page(
    request: SignedInRequest,
    page: Everything,
    form: forms.RevokeAll,
    touched: Effects,
    effects: list[Effect],
    order: MassRevocation | None = None,
) -> HttpResponse:
    context: dict[str, Any] = {
        "page": page,
        "form": form,
        "touched": touched,
        "effects": effects,
        "order": order,
    }
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "tenants/admin/revoke_all.html", context, status=status)


def _person_effects(touched: Effects) -> list[Effect]:
    return [
        _count(touched),
        Effect(
            "warn",
            _("They can neither sign nor be written to encrypted"),
            _(
                "At once in this portal, within a minute for everybody who asks for the list."
                " Signing in and reading old letters stay possible."
            ),
        ),
    ]


def _generation_effects(touched: Effects) -> list[Effect]:
    people = ngettext("%(n)d person", "%(n)d people", touched.people) % {"n": touched.people}
    return [
        _count(touched),
        Effect(
            "warn",
            _("%(people)s can no longer sign") % {"people": people},
            _("They enrol anew, from another generation if this one stops issuing."),
        ),
        Effect(
            "warn",
            _("“Authority compromise” stops it from issuing"),
            _(
                "It goes on signing its revocation lists; they state no reason then, as that one is for authorities"
                " alone. “Superseded” lets it issue the new certificates."
            ),
        ),
    ]


def _count(touched: Effects) -> Effect:
    title = ngettext("%(n)d certificate is revoked", "%(n)d certificates are revoked", touched.certificates)
    facts = {"signing": touched.signing, "encryption": touched.encryption}
    text = _("%(signing)d that can sign, %(encryption)d that can be encrypted to. It cannot be taken back.")
    return Effect("warn", title % {"n": touched.certificates}, text % facts)
