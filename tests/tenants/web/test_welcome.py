"""The one-time link: looking does not use it up, a password does, and nothing opens twice."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.test import Client

from tenants import clock
from tenants.models import Account, Person
from tenants.models.people import Role
from tenants.scoping import tenant_scope
from tenants.services.add_person import add_person, new_link, set_active
from tests.browsing import browser, words
from tests.cast import Cast

PASSWORD = "four unrelated words here"


def newcomer_link(cast: Cast) -> tuple[str, str]:
    address = f"newt@{cast.contoso.domain}"
    _person, secret = add_person(cast.olga.actor, "Newt Newman", address, Role.MEMBER, clock.now())
    return address, f"/welcome/{secret}/"


def test_the_link_greets_its_person_and_is_not_used_up_by_looking(cast: Cast) -> None:
    address, link = newcomer_link(cast)
    for _ in range(2):
        page = Client().get(link)
        assert page.status_code == 200
        assert "Welcome, Newt Newman" in words(page)
        assert address in words(page)
        assert cast.contoso.tenant.name in words(page)
        assert "no-store" in page["Cache-Control"]


def test_setting_a_password_signs_in_and_leads_to_enrolment(cast: Cast) -> None:
    _address, link = newcomer_link(cast)
    client = Client()
    response = client.post(link, {"password": PASSWORD, "password_again": PASSWORD})
    assert (response.status_code, response["Location"]) == (303, "/")
    assert client.get("/")["Location"] == "/enrol/"
    used = Client().get(link)
    assert used.status_code == 404
    assert "It has been used" in words(used)


def test_a_used_link_sets_no_second_password(cast: Cast) -> None:
    address, link = newcomer_link(cast)
    Client().post(link, {"password": PASSWORD, "password_again": PASSWORD})
    response = Client().post(link, {"password": "another password", "password_again": "another password"})
    assert response.status_code == 404
    assert Account.objects.get(address=address).check_password(PASSWORD)


@pytest.mark.parametrize(
    ("first", "second", "sentence"),
    [
        (PASSWORD, PASSWORD + "!", "The two passwords differ"),
        ("short", "short", "too short"),
        ("password123", "password123", "too common"),
        ("", "", "required"),
    ],
)
def test_a_bad_password_is_explained_and_leaves_the_link_usable(
    cast: Cast, first: str, second: str, sentence: str
) -> None:
    _address, link = newcomer_link(cast)
    response = Client().post(link, {"password": first, "password_again": second})
    assert response.status_code == 422
    assert sentence in words(response)
    assert Client().get(link).status_code == 200


def test_expired_replaced_and_invented_links_say_what_to_do(cast: Cast) -> None:
    address, link = newcomer_link(cast)
    with clock.moved(timedelta(days=8)):
        assert "It has expired" in words(Client().get(link))
    new_link(cast.olga.actor, _person_id(cast, address), clock.now())
    for unknown in (link, "/welcome/invented/"):
        page = Client().get(unknown)
        assert page.status_code == 404
        assert "not one of ours" in words(page)
        assert "Newt" not in words(page)


def test_the_link_of_a_deactivated_person_opens_nothing(cast: Cast) -> None:
    address, link = newcomer_link(cast)
    set_active(cast.olga.actor, _person_id(cast, address), active=False)
    response = Client().post(link, {"password": PASSWORD, "password_again": PASSWORD})
    assert response.status_code == 404


def test_using_a_link_leaves_the_session_of_somebody_else_behind(cast: Cast) -> None:
    address, link = newcomer_link(cast)
    client = browser(cast.olga)
    client.post(link, {"password": PASSWORD, "password_again": PASSWORD})
    assert client.get("/admin/people/").status_code == 404
    assert address in words(client.get("/enrol/"))


def _person_id(cast: Cast, address: str) -> uuid.UUID:
    with tenant_scope(cast.contoso.tenant):
        person: Person = Person.objects.get(address=address)
    return person.id
