"""Authorities with their lists, for administrators, and the button that asks for a new list."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tenants import clock
from tenants.access import SignedInRequest, administrator
from tenants.models import Authority
from tenants.scoping import tenant_scope
from tenants.services.list_authorities import list_authorities
from tenants.services.publish_now import publish_now
from tenants.web.answers import see_other


@administrator
@require_safe
def authorities(request: SignedInRequest) -> HttpResponse:
    with tenant_scope(request.actor.tenant_id):
        rows = list_authorities(clock.now())
    return render(request, "tenants/admin/authorities.html", {"rows": rows})


@administrator
@require_POST
def publish_crl(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """Asks the worker; nothing is signed here."""
    try:
        asked = publish_now(request.actor, pk)
    except Authority.DoesNotExist:
        raise Http404 from None
    if asked:
        messages.success(request, _("A new list has been asked for. It is published within a minute."))
    else:
        messages.warning(
            request,
            _(
                "The key of this authority is kept outside the portal: the operator signs its list from the command line."
            ),
        )
    return see_other("tenants:authorities")
