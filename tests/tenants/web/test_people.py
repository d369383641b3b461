"""People: add one, hand over a link that is shown once, find them, close and open the door."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from pki.crl import Reason
from tenants import clock
from tenants.models import Account, Person, SignInLink, UnlockedKey
from tenants.models.people import Role
from tenants.refusals import Refused
from tenants.scoping import tenant_scope
from tenants.services.add_person import add_person, new_link, set_active
from tenants.services.revoke import revoke
from tests.browsing import browser, words
from tests.cast import Cast

LINK = re.compile(r"http://testserver/welcome/[\w-]{43}/")


def add(cast: Cast, name: str = "Newt Newman", address: str = "", **more: str) -> Any:
    address = address or f"newt@{cast.contoso.domain}"
    return browser(cast.olga).post("/admin/people/add/", {"name": name, "address": address, **more})


def person_of(cast: Cast, name: str) -> Person:
    with tenant_scope(cast.contoso.tenant):
        person: Person = Person.objects.get(name=name)
    return person


def test_adding_a_person_shows_their_link_once_and_absolutely(cast: Cast) -> None:
    response = add(cast)
    assert response.status_code == 200
    assert {"no-store", "private"} <= set(response["Cache-Control"].split(", "))
    (link,) = set(LINK.findall(response.content.decode()))
    assert "It is shown only now" in words(response)
    later = browser(cast.olga).get(f"/admin/people/{person_of(cast, 'Newt Newman').id}/")
    assert not LINK.search(later.content.decode())
    assert "A sign-in link is open until" in words(later)
    assert "Welcome, Newt Newman" in words(Client().get(link.removeprefix("http://testserver")))


def test_the_link_is_kept_nowhere_as_it_is(cast: Cast) -> None:
    (link,) = set(LINK.findall(add(cast).content.decode()))
    secret = link.rstrip("/").rpartition("/")[2]
    for row in SignInLink.objects.all():
        assert secret.encode() not in bytes(row.secret_sha256)


@pytest.mark.parametrize(
    ("name", "address", "sentence"),
    [
        ("Newt", "not an address", "is not a mail address"),
        ("Newt", "newt@elsewhere.example", "is not a mail domain of your organisation"),
        ("", "newt@elsewhere.example", "required"),
        ("Newt", "", "required"),
        ("Newt", "newt@-bad-", "is not a mail domain"),
        ("Newt", "müller@contoso.example", "letters that most mail servers refuse"),
    ],
)
def test_bad_input_is_explained_beside_the_field_and_kept(
    cast: Cast, name: str, address: str, sentence: str
) -> None:
    response = browser(cast.olga).post(
        "/admin/people/add/", {"name": name, "address": address, "is_administrator": "on"}
    )
    assert response.status_code == 422
    assert sentence in words(response)
    page = response.content.decode()
    assert f'value="{address}"' in page or not address
    assert 'name="is_administrator" checked' in page


def test_an_address_that_is_taken_is_refused(cast: Cast) -> None:
    response = add(cast, address=cast.alice.address.upper())
    assert response.status_code == 422
    assert "has an account already" in words(response)


def test_adding_the_same_person_again_leads_to_them_and_to_a_new_link(cast: Cast) -> None:
    add(cast)
    again = add(cast)
    assert "Newt Newman is here already" in words(again)
    page = f"/admin/people/{person_of(cast, 'Newt Newman').id}/"
    assert f'action="{page}link/"' in again.content.decode()
    assert f'href="{page}"' in again.content.decode()
    assert Account.objects.filter(address=f"newt@{cast.contoso.domain}").count() == 1


def test_an_administrator_can_be_added(cast: Cast) -> None:
    add(cast, is_administrator="on")
    assert person_of(cast, "Newt Newman").is_administrator


def test_a_new_link_replaces_the_old_one(cast: Cast) -> None:
    (old,) = set(LINK.findall(add(cast).content.decode()))
    newt = person_of(cast, "Newt Newman")
    response = browser(cast.olga).post(f"/admin/people/{newt.id}/link/")
    (new,) = set(LINK.findall(response.content.decode()))
    assert Client().get(new.removeprefix("http://testserver")).status_code == 200
    assert Client().get(old.removeprefix("http://testserver")).status_code == 404
    assert "no-store" in response["Cache-Control"]
    later = browser(cast.olga).get(f"/admin/people/{newt.id}/")
    assert not LINK.search(later.content.decode())


def test_deactivating_closes_the_door_and_activating_opens_it(cast: Cast) -> None:
    alice, olga = browser(cast.alice), browser(cast.olga)
    page = f"/admin/people/{cast.alice.actor.person_id}/"
    response = olga.post(f"{page}deactivate/")
    assert (response.status_code, response["Location"]) == (303, page)
    after = words(olga.get(page))
    assert "Alice Arden can no longer sign in" in after
    assert "Let them in again" in after
    assert alice.get("/certificates/").status_code == 302
    olga.post(f"{page}activate/")
    assert "Alice Arden can sign in again" in words(olga.get(page))
    assert Account.objects.get(address=cast.alice.address).is_active


def test_administrators_cannot_lock_themselves_out(cast: Cast) -> None:
    olga = browser(cast.olga)
    olga.post(f"/admin/people/{cast.olga.actor.person_id}/deactivate/")
    page = words(olga.get(f"/admin/people/{cast.olga.actor.person_id}/"))
    assert "You cannot deactivate yourself" in page
    assert person_of(cast, "Olga Orlova").is_active


def test_the_list_shows_until_when_each_can_sign_and_filters(cast: Cast) -> None:
    cast.contoso.add("Newt Newman", ready=False)
    gone = cast.contoso.add("Gwen Gone", ready=False)
    olga = browser(cast.olga)
    assert cast.alice
    olga.post(f"/admin/people/{gone.actor.person_id}/deactivate/")

    def names(query: str) -> set[str]:
        page = words(olga.get(f"/admin/people/{query}")).partition("Role")[2]
        known = ("Alice Arden", "Newt Newman", "Gwen Gone", "Olga Orlova")
        return {name.split()[0] for name in known if name in page}

    assert names("") == {"Alice", "Newt", "Gwen", "Olga"}
    assert names("?filter=none") == {"Newt", "Olga"}
    assert names("?filter=inactive") == {"Gwen"}
    assert names("?filter=ending") == set()
    assert names("?q=arden") == {"Alice"}
    assert names("?filter=nonsense&page=-3") == {"Alice", "Newt", "Gwen", "Olga"}
    assert "4 people of" in words(olga.get("/admin/people/"))


def test_somebody_without_a_signing_certificate_is_among_those_who_lack_one(cast: Cast) -> None:
    revoke(cast.olga.actor, cast.alice.certificate(to_sign=True).id, Reason.SUPERSEDED, clock.now())
    page = words(browser(cast.olga).get("/admin/people/?filter=none"))
    assert "Alice Arden" in page
    detail = words(browser(cast.olga).get(f"/admin/people/{cast.alice.actor.person_id}/"))
    assert ": superseded" in detail


def test_names_are_shown_as_text_not_as_markup(cast: Cast) -> None:
    add(cast, name="<script>alert(1)</script>")
    page = browser(cast.olga).get("/admin/people/").content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_two_administrators_add_the_same_person_at_once_and_one_is_told(cast: Cast) -> None:
    address, answers = f"newt@{cast.contoso.domain}", []
    together = threading.Barrier(2)

    def add_once() -> None:
        together.wait()
        try:
            answers.append(add_person(cast.olga.actor, "Newt Newman", address, Role.MEMBER, clock.now()))
        except Refused as refused:
            answers.append(refused.finding.code)
        finally:
            connection.close()

    assert cast.olga
    threads = [threading.Thread(target=add_once) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(isinstance(answer, str) for answer in answers) == [False, True]
    assert "address-taken" in answers


def test_managing_people_is_refused_to_members_below_the_pages_too(cast: Cast) -> None:
    member, other = cast.alice.actor, cast.contoso.add("Carl Colleague", ready=False).actor
    for act in (
        lambda: add_person(member, "Newt", f"newt@{cast.contoso.domain}", Role.ADMINISTRATOR, clock.now()),
        lambda: new_link(member, other.person_id, clock.now()),
        lambda: set_active(member, other.person_id, active=False),
    ):
        with pytest.raises(Refused) as refused:
            act()
        assert refused.value.finding.code == "not-administrator"


def test_deactivating_closes_the_key_as_well(cast: Cast) -> None:
    browser(cast.alice, unlocked=True)
    set_active(cast.olga.actor, cast.alice.actor.person_id, active=False)
    with tenant_scope(cast.contoso.tenant):
        assert not UnlockedKey.objects.filter(person_id=cast.alice.actor.person_id).exists()
