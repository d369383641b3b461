"""New keys for somebody who forgot the PIN, and consent to new certificates after a revocation, for administrators."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from tenants import clock
from tenants.access import SignedInRequest, administrator
from tenants.models import Certificate, CustodyKey, Person
from tenants.refusals import Refused
from tenants.scoping import tenant_scope
from tenants.services import readmission
from tenants.services import start_over as starting
from tenants.web.answers import see_other
from tenants.web.forms import sentence
from tenants.web.rows import PersonRow


@dataclass(frozen=True, slots=True)
class Effect:
    state: str
    title: str
    text: str


@administrator
@require_http_methods(["GET", "HEAD", "POST"])
def start_over(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """GET says what it does; POST does it."""
    if request.method != "POST":
        return _page(request, pk)
    try:
        person = starting.start_over(request.actor, pk, clock.now())
    except Person.DoesNotExist:
        raise Http404 from None
    except Refused as refused:
        messages.error(request, sentence(refused.finding))
    else:
        done = _("%(name)s starts over: after signing in they choose a new PIN and get new certificates.")
        messages.success(request, done % {"name": person.name})
    return see_other("tenants:person", pk)


def _page(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    with tenant_scope(request.actor.tenant_id):
        row = Person.objects.filter(id=pk).first()
        if row is None or not CustodyKey.objects.current().filter(person=row).exists():
            raise Http404
        in_use = Certificate.objects.issued_here().filter(person=row).unrevoked(clock.now()).count()
    context = {
        "person": PersonRow.of(row),
        "is_self": row.id == request.actor.person_id,
        "effects": _effects(in_use),
    }
    return render(request, "tenants/admin/start_over.html", context)


def _effects(in_use: int) -> list[Effect]:
    shut = _(
        "What was encrypted to the old keys, sent letters and drafts among it, cannot be read any more by anybody."
        " It is kept, and so are the keys, still sealed with the old PIN."
    )
    revoked = ngettext("%(n)d certificate is revoked", "%(n)d certificates are revoked", in_use) % {
        "n": in_use
    }
    fresh = _(
        "After the next sign-in. A forgotten password is another matter: a sign-in link sets a new one."
    )
    return [
        Effect("warn", _("Old encrypted letters stay shut"), shut),
        Effect("warn", revoked, _("With the reason “superseded”; it is on the list within a minute.")),
        Effect("ok", _("They choose a new PIN and get new certificates"), fresh),
    ]


@administrator
@require_POST
def allow_enrolment(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    try:
        person = readmission.allow_enrolment(request.actor, pk, clock.now())
    except Person.DoesNotExist:
        raise Http404 from None
    messages.success(request, _("%(name)s can ask for new certificates now.") % {"name": person.name})
    return see_other("tenants:person", pk)
