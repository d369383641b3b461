"""Enrolment: one page, four states, and a key that is open at once."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client

from pki.crl import Reason
from tenants import clock
from tenants.models import Account, Certificate, CustodyKey, Enrolment, Generation
from tenants.scoping import tenant_scope
from tenants.services.revoke import revoke
from tests.browsing import browser, words
from tests.cast import PIN, Cast, Member, work


def newcomer(cast: Cast) -> Member:
    return cast.contoso.add("Newt Newman", ready=False)


def test_a_pin_is_enough_to_be_able_to_sign_and_encrypt(cast: Cast) -> None:
    newt = newcomer(cast)
    client = browser(newt)
    assert "Choose a PIN" in words(client.get("/enrol/"))
    response = client.post("/enrol/", {"pin": PIN, "pin_again": PIN})
    assert (response.status_code, response["Location"]) == (303, "/enrol/")
    waiting = client.get("/enrol/")
    assert "This takes a few seconds" in words(waiting)
    assert '<noscript><meta http-equiv="refresh"' in waiting.content.decode(), "it goes on without scripts"
    assert client.get("/enrol/status/").json() == {"state": "working", "url": "/enrol/"}
    work()
    assert client.get("/enrol/status/").json() == {"state": "done", "url": "/enrol/"}
    done = words(client.get("/enrol/"))
    assert "You can sign and encrypt, Newt Newman" in done
    assert "EC P-256, until" in done
    assert "RSA-3072, until" in done
    assert newt.certificate(to_sign=True).can_sign


def test_the_key_is_open_right_after_enrolment(cast: Cast) -> None:
    client = browser(newcomer(cast))
    response = client.post("/enrol/", {"pin": PIN, "pin_again": PIN})
    cookie = response.cookies[settings.UNLOCK_COOKIE_NAME]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Strict"
    assert cookie["max-age"] == 900
    assert cookie["path"] == "/"
    assert "Key unlocked" in words(client.get("/certificates/"))


@pytest.mark.parametrize(
    ("pin", "again", "sentence"),
    [
        ("12345", "12345", "at least 6 characters"),
        ("111111", "111111", "guessed at once"),
        ("482913", "482914", "The two PINs differ"),
        ("", "", "required"),
    ],
)
def test_a_bad_pin_is_explained_and_nothing_is_made(cast: Cast, pin: str, again: str, sentence: str) -> None:
    newt = newcomer(cast)
    response = browser(newt).post("/enrol/", {"pin": pin, "pin_again": again})
    assert response.status_code == 422
    assert sentence in words(response)
    with tenant_scope(newt.actor.tenant_id):
        assert not CustodyKey.objects.filter(person_id=newt.actor.person_id).exists()
        assert not Enrolment.objects.filter(person_id=newt.actor.person_id).exists()


def test_sending_the_form_twice_enrols_once(cast: Cast) -> None:
    newt = newcomer(cast)
    client = browser(newt)
    for _ in range(2):
        assert client.post("/enrol/", {"pin": PIN, "pin_again": PIN}).status_code == 303
    work()
    client.post("/enrol/", {"pin": PIN, "pin_again": PIN})
    with tenant_scope(newt.actor.tenant_id):
        assert Certificate.objects.filter(person_id=newt.actor.person_id).count() == 2
        assert Enrolment.objects.filter(person_id=newt.actor.person_id).count() == 2


def test_waiting_names_the_step_the_reason_and_the_owner_and_can_be_tried_at_once(cast: Cast) -> None:
    newt = newcomer(cast)
    client = browser(newt)
    set_issuing(cast, is_issuing=False)
    client.post("/enrol/", {"pin": PIN, "pin_again": PIN})
    work()
    assert client.get("/enrol/status/").json()["state"] == "waiting"
    failed = words(client.get("/enrol/"))
    assert "Is an authority there that can issue?" in failed
    assert "Next try:" in failed
    assert "No authority of your organisation can issue at the moment" in failed
    assert "your administrator can do this" in failed
    set_issuing(cast, is_issuing=True)
    assert client.post("/enrol/", {"again": "1"}).status_code == 303
    work()
    assert "You can sign and encrypt" in words(client.get("/enrol/"))


def test_an_authority_whose_key_is_not_there_is_named_and_the_order_waits(
    cast: Cast, settings: object
) -> None:
    newt = newcomer(cast)
    client = browser(newt)
    client.post("/enrol/", {"pin": PIN, "pin_again": PIN})
    held, settings.AUTHORITY_MASTER_KEY = settings.AUTHORITY_MASTER_KEY, None  # type: ignore[attr-defined]
    work()
    page = words(client.get("/enrol/"))
    assert "The authority cannot be reached" in page
    assert "the operator" in page
    settings.AUTHORITY_MASTER_KEY = held  # type: ignore[attr-defined]
    client.post("/enrol/", {"again": "1"})
    with clock.moved(timedelta(minutes=10)):
        work()
    assert newt.certificate(to_sign=True).can_sign


def test_an_authority_that_ends_before_the_certificate_would_says_when(cast: Cast) -> None:
    newt = newcomer(cast)
    client = browser(newt)
    with clock.moved(timedelta(days=5 * 365)):
        client.force_login(Account.objects.get(address=newt.address))
        client.post("/enrol/", {"pin": PIN, "pin_again": PIN})
        work()
        page = words(client.get("/enrol/"))
    assert "ends on" in page
    assert "your administrator can do this" in page
    with tenant_scope(newt.actor.tenant_id):
        waits = Enrolment.objects.waiting().filter(person_id=newt.actor.person_id)
        assert {wish.step for wish in waits} == {"authority"}


def test_an_order_that_nobody_takes_says_so(cast: Cast) -> None:
    client = browser(newcomer(cast))
    client.post("/enrol/", {"pin": PIN, "pin_again": PIN})
    with clock.moved(timedelta(minutes=3)):
        assert "The authority has not answered" in words(client.get("/enrol/"))


def set_issuing(cast: Cast, *, is_issuing: bool) -> None:
    with tenant_scope(cast.contoso.tenant, write=True):
        Generation.objects.filter(authority__kind="issuing").update(is_issuing=is_issuing)


def test_a_lost_certificate_is_issued_anew_under_the_same_pin(cast: Cast) -> None:
    alice = cast.alice
    old = alice.certificate(to_sign=True)
    revoke(cast.olga.actor, old.id, Reason.SUPERSEDED, clock.now())
    client = browser(alice)
    form = words(client.get("/enrol/"))
    assert "Your PIN" in form
    assert "Choose a PIN" not in form
    wrong = client.post("/enrol/", {"pin": "999999"})
    assert wrong.status_code == 422
    assert "4 tries left." in words(wrong)
    assert client.post("/enrol/", {"pin": PIN}).status_code == 303
    work()
    assert "You can sign and encrypt" in words(client.get("/enrol/"))
    with tenant_scope(alice.actor.tenant_id):
        mine = Certificate.objects.filter(person_id=alice.actor.person_id)
        assert (mine.signing().count(), mine.encryption().count()) == (2, 1)


def test_two_forms_sent_at_once_make_one_pair_of_keys(cast: Cast) -> None:
    newt = newcomer(cast)
    clients, statuses = [browser(newt), browser(newt)], []
    together = threading.Barrier(2)

    def send(client: Client) -> None:
        together.wait()
        statuses.append(client.post("/enrol/", {"pin": PIN, "pin_again": PIN}).status_code)
        connection.close()

    threads = [threading.Thread(target=send, args=[client]) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 303 in statuses
    assert set(statuses) <= {303, 422}
    with tenant_scope(newt.actor.tenant_id):
        assert CustodyKey.objects.filter(person_id=newt.actor.person_id).count() == 1
        assert Enrolment.objects.filter(person_id=newt.actor.person_id).count() == 2
