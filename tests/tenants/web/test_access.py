"""Every page: signed out it leads to the door, members find no administration, what is foreign is absent."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client

from tenants import clock
from tenants.models import Generation, TrustRequest, TrustRoot
from tenants.scoping import tenant_scope
from tenants.services.trust_root import ask_to_trust
from tenants.web.urls import urlpatterns
from tests.browsing import browser, fingerprint
from tests.cast import Cast, Forest

ABSENT = uuid.uuid4()


def filled(route: str, **values: str) -> str:
    """An address from its route: `<uuid:pk>` and the like replaced by `values`."""
    path = "/" + route
    for converter, name in (
        ("uuid:", "pk"),
        ("str:", "fp"),
        ("str:", "tab"),
        ("str:", "form"),
        ("str:", "token"),
    ):
        path = path.replace(f"<{converter}{name}>", values.get(name, str(ABSENT)))
    return path


def routes(access: str) -> list[str]:
    return [
        str(pattern.pattern) for pattern in urlpatterns if getattr(pattern.callback, "access", "") == access
    ]


def test_every_view_says_who_may_see_it() -> None:
    for pattern in urlpatterns:
        assert getattr(pattern.callback, "access", "") in {"public", "member", "administrator"}, pattern


@pytest.mark.parametrize("route", [*routes("member"), *routes("administrator")])
def test_signed_out_every_page_leads_to_the_door(database: None, route: str) -> None:
    path = filled(route)
    for method in ("get", "post"):
        response = getattr(Client(), method)(path)
        assert response.status_code == 302
        assert response["Location"].startswith("/sign-in/?next=/")


@pytest.mark.parametrize("route", routes("administrator"))
def test_a_member_finds_no_administration(cast: Cast, route: str) -> None:
    client = browser(cast.contoso.add("Mia Member", ready=False))
    for method in ("get", "post"):
        assert getattr(client, method)(filled(route)).status_code == 404


def rows_of(forest: Forest, cast: Cast) -> list[tuple[str, dict[str, str]]]:
    """Addresses that name a row of the forest."""
    member = cast.bob
    ask_to_trust(member.actor, cast.northwind.root().certificate, clock.now())
    with tenant_scope(forest.tenant):
        issuing = Generation.objects.get(authority__kind="issuing")
        wish = TrustRequest.objects.get()
        partner = TrustRoot.objects.get(state="trusted")
    fp = fingerprint(member.certificate(to_sign=True))
    person, authority = {"pk": str(member.actor.person_id)}, {"pk": str(issuing.authority_id)}
    return [
        *((route, {"fp": fp, "tab": "path", "form": "cer"}) for route in _routes_with("fp")),
        *((route, person) for route in _routes_with("admin/people/<uuid:pk>")),
        ("admin/authorities/<uuid:pk>/publish/", authority),
        ("admin/trust/<uuid:pk>/refuse/", {"pk": str(wish.id)}),
        ("admin/trust/<uuid:pk>/distrust/", {"pk": str(partner.id)}),
    ]


def _routes_with(part: str) -> list[str]:
    return [str(pattern.pattern) for pattern in urlpatterns if part in str(pattern.pattern)]


def test_rows_of_another_forest_are_absent(cast: Cast) -> None:
    """The same addresses open for their own administrator, and answer 404 to the other forest's."""
    rows = rows_of(cast.fabrikam, cast)
    own, foreign = browser(cast.fabrikam.administrator), browser(cast.olga)
    absent, owner = browser(cast.olga), browser(cast.bob)
    assert len(rows) >= 10
    for route, values in rows:
        path = filled(route, **values)
        for method in ("get", "post"):
            answer = getattr(foreign, method)(path)
            nothing = getattr(absent, method)(filled(route, tab="path", form="cer", fp="0" * 64))
            assert answer.status_code == nothing.status_code, (method, path)
            assert answer.status_code in {404, 405}, (method, path)
        if route.endswith("release/"):  # of a held certificate, and this one is good: absent for its own, too
            continue
        # a certificate is renewed by its owner alone
        knows = owner if route == "certificates/<str:fp>/renew/" else own
        statuses = {getattr(knows, method)(path).status_code for method in ("get", "post")}
        assert statuses - {404, 405}, path
