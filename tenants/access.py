"""Who is asking, and what they may do. The forest comes from the account, never from a form, header or URL."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponseBase

from tenants.models import Account, Person, Tenant
from tenants.scoping import tenant_scope


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in person, as plain values that may leave the scope."""

    tenant_id: uuid.UUID
    person_id: uuid.UUID
    name: str
    address: str
    is_administrator: bool
    tenant: Tenant


class SignedInRequest(HttpRequest):
    """What a guarded view receives."""

    actor: Actor


P = ParamSpec("P")
View = Callable[Concatenate[SignedInRequest, P], HttpResponseBase]
OpenView = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def member(view: View[P]) -> OpenView[P]:
    """A page for any active person of a forest; others are sent to the door."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        actor = actor_of(request)
        if actor is None:
            # Only a page can be come back to: the address of a form's target would answer 405.
            return redirect_to_login(request.get_full_path() if request.method in ("GET", "HEAD") else "/")
        signed_in = cast(SignedInRequest, request)
        signed_in.actor = actor
        response = view(signed_in, *args, **kwargs)
        # After signing out, neither the back button nor a cache may show what was private.
        response.headers.setdefault("Cache-Control", "no-store, private")
        return response

    marked: OpenView[P] = _marked("member", guarded)
    return marked


def administrator(view: View[P]) -> OpenView[P]:
    """A page for administrators; for others it does not exist."""

    @wraps(view)
    def restricted(request: SignedInRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.actor.is_administrator:
            raise Http404
        return view(request, *args, **kwargs)

    marked: OpenView[P] = _marked("administrator", member(cast("View[P]", restricted)))
    return marked


def public(view: Callable[..., Any]) -> Callable[..., Any]:
    """A page for anybody: the door, published lists, health. Marked, so that no view is open by accident."""
    marked: Callable[..., Any] = _marked("public", view)
    return marked


def _marked(access: str, view: Any) -> Any:
    """The isolation tests read the mark from the URL resolver: a view without one fails them."""
    view.access = access
    return view


def actor_of(request: HttpRequest) -> Actor | None:
    """The active person behind the session, or None. Kept on the request: one look-up each."""
    if not hasattr(request, "_actor"):
        request._actor = _find_actor(request)  # type: ignore[attr-defined]
    return cast("Actor | None", request._actor)  # type: ignore[attr-defined]


def _find_actor(request: HttpRequest) -> Actor | None:
    account = request.user
    if not isinstance(account, Account) or not account.is_active:
        return None
    with tenant_scope(account.tenant_id):
        person = Person.objects.active().filter(account=account).select_related("tenant").first()
    if person is None:
        return None
    return Actor(
        person.tenant_id, person.id, person.name, person.address, person.is_administrator, person.tenant
    )
