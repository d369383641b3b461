"""GET /api/authorities/: the forest's own authorities and the state of their lists, for administrators only."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.test import Client

from pki.crl import Crl, Reason
from tenants import clock
from tenants.models import Generation
from tenants.scoping import tenant_scope
from tenants.services.revoke import revoke
from tests.browsing import browser
from tests.cast import Cast, work

PATH = "/api/authorities/"


def test_an_administrator_reads_authorities_generations_and_lists(cast: Cast) -> None:
    certificate = cast.alice.certificate(to_sign=True)
    revoke(cast.olga.actor, certificate.id, Reason.SUPERSEDED, clock.now())
    work()
    response = browser(cast.olga).get(PATH)
    assert response.status_code == 200
    answer = response.json()
    assert answer["forest"] == cast.contoso.tenant.name
    root, issuing = answer["authorities"]
    assert (root["kind"], issuing["kind"], issuing["parent"]) == ("root", "issuing", root["id"])
    (generation,) = issuing["generations"]
    assert generation["online"] is True
    assert root["generations"][0]["online"] is False
    assert generation["mail_domains"] == [cast.contoso.domain]
    assert generation["certificates"] == 2
    assert generation["crl_state"] == "fresh"
    assert generation["failure"] is None
    served = Crl.parse(Client().get(generation["crl_url"].removeprefix("http://pki.test")).content)
    told = generation["crl"]
    assert (told["number"], told["entries"], told["octets"]) == (served.number, 1, len(served.der))
    assert datetime.fromisoformat(told["this_update"]) == served.this_update
    assert datetime.fromisoformat(told["next_update"]) == served.next_update


def test_each_forest_reads_its_own(cast: Cast) -> None:
    answers = [browser(forest.administrator).get(PATH).content for forest in (cast.contoso, cast.fabrikam)]
    assert cast.contoso.domain.encode() in answers[0]
    assert cast.contoso.domain.encode() not in answers[1]


def test_a_failure_is_told_with_its_time(cast: Cast) -> None:
    with tenant_scope(cast.contoso.tenant, write=True):
        Generation.objects.filter(authority__kind="issuing").update(
            crl_failure="CrlRefusal: an entry vanished", crl_failed_at=clock.now()
        )
    (_root, issuing) = browser(cast.olga).get(PATH).json()["authorities"]
    assert issuing["generations"][0]["failure"]["reason"] == "CrlRefusal: an entry vanished"
    assert datetime.fromisoformat(issuing["generations"][0]["failure"]["at"]) <= clock.now()


def test_signed_out_it_is_403_with_a_remedy_and_no_redirect(cast: Cast) -> None:
    response = Client().get(PATH)
    assert response.status_code == 403
    assert response.json()["error"]["code"] == "signed-out"
    assert response.json()["error"]["remedy"]


def test_for_a_member_it_does_not_exist(cast: Cast) -> None:
    member = browser(cast.alice)
    assert member.get(PATH).status_code == 404
    assert member.get(PATH).json()["error"] == member.get("/api/nothing/").json()["error"]


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_it_only_reads(cast: Cast, method: str) -> None:
    response = getattr(browser(cast.olga), method)(PATH)
    assert response.status_code == 405
    assert response.json()["error"]["code"]


def test_a_deactivated_administrator_reads_nothing(cast: Cast) -> None:
    from tenants.models.people import Role
    from tenants.services.add_person import set_active

    second = cast.contoso.add("Ada Admin", ready=False, role=Role.ADMINISTRATOR)
    client = browser(second)
    assert client.get(PATH).status_code == 200
    set_active(cast.olga.actor, second.actor.person_id, active=False)
    assert client.get(PATH).status_code == 403


def test_the_answer_is_not_kept_by_caches(cast: Cast) -> None:
    assert "no-store" in browser(cast.olga).get(PATH)["Cache-Control"]
