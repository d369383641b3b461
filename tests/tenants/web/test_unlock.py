"""The PIN page: opens, counts tries, rests, locks; the browser keeps its half only as long as it is worth something."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.test import override_settings

from tenants import clock
from tenants.models import UnlockedKey
from tenants.scoping import tenant_scope
from tests.browsing import browser, words
from tests.cast import PIN, Cast


def test_the_pin_opens_the_key_for_this_browser_and_leads_back(cast: Cast) -> None:
    client = browser(cast.alice)
    response = client.post("/unlock/", {"pin": PIN, "next": "/certificates/"})
    assert (response.status_code, response["Location"]) == (303, "/certificates/")
    cookie = response.cookies[settings.UNLOCK_COOKIE_NAME]
    assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, "Strict", 900)
    assert "Key unlocked" in words(client.get("/certificates/"))
    assert "Key locked" in words(browser(cast.alice).get("/certificates/")), (
        "another browser has no half of it"
    )


@override_settings(HTTPS=True)
def test_over_https_the_cookie_never_travels_in_the_clear(cast: Cast) -> None:
    response = browser(cast.alice).post("/unlock/", {"pin": PIN}, secure=True)
    assert response.cookies[settings.UNLOCK_COOKIE_NAME]["secure"]


def test_the_cookie_and_the_row_hold_nothing_of_the_key_by_themselves(cast: Cast) -> None:
    assert cast.alice.custody is not None
    client = browser(cast.alice, unlocked=True)
    raw = cast.alice.custody.raw()
    with tenant_scope(cast.alice.actor.tenant_id):
        (row,) = UnlockedKey.objects.filter(person_id=cast.alice.actor.person_id)
    assert raw not in bytes(row.wrapped)
    assert raw.hex() not in client.cookies[settings.UNLOCK_COOKIE_NAME].value


def test_a_wrong_pin_says_how_many_tries_are_left_and_then_rests(cast: Cast) -> None:
    client = browser(cast.alice)
    for left in (4, 3, 2):
        response = client.post("/unlock/", {"pin": "999999", "next": "/certificates/"})
        assert response.status_code == 422
        assert f"{left} tries left" in words(response)
        assert 'value="/certificates/"' in response.content.decode(), "the way back is kept"
    client.post("/unlock/", {"pin": "999999"})
    client.post("/unlock/", {"pin": "999999"})
    resting = client.post("/unlock/", {"pin": PIN})
    assert resting.status_code == 422
    assert "The PIN rests until" in words(resting)
    assert "The PIN rests until" in words(client.get("/unlock/"))
    with clock.moved(timedelta(seconds=settings.PIN_PAUSE_SECONDS + 1)):
        assert client.post("/unlock/", {"pin": PIN}).status_code == 303


def test_after_fifteen_minutes_the_key_is_locked_again(cast: Cast) -> None:
    client = browser(cast.alice, unlocked=True)
    with clock.moved(timedelta(minutes=15, seconds=1)):
        assert "Key locked" in words(client.get("/certificates/"))
        assert "Enter your PIN" in words(client.get("/unlock/"))


def test_locking_locks_every_browser(cast: Cast) -> None:
    first, second = browser(cast.alice, unlocked=True), browser(cast.alice, unlocked=True)
    response = first.post("/lock/", {"next": "/certificates/"})
    assert (response.status_code, response["Location"]) == (303, "/certificates/")
    assert first.cookies[settings.UNLOCK_COOKIE_NAME].value == ""
    assert "Your key is locked" in words(first.get("/certificates/"))
    assert "Key locked" in words(second.get("/certificates/"))


def test_the_way_back_never_leaves_the_portal(cast: Cast) -> None:
    client = browser(cast.alice)
    for target in ("https://evil.example/", "//evil.example", "javascript:alert(1)"):
        assert client.post("/unlock/", {"pin": PIN, "next": target})["Location"] == "/"
        assert client.post("/lock/", {"next": target})["Location"] == "/"
    page = browser(cast.alice).get("/unlock/?next=https://evil.example/").content.decode()
    assert 'href="https://evil' not in page
    assert 'value="https://evil' not in page


def test_without_a_key_the_pin_page_leads_to_enrolment(cast: Cast) -> None:
    newcomer = cast.contoso.add("Newt Newman", ready=False)
    assert browser(newcomer).post("/unlock/", {"pin": PIN})["Location"] == "/enrol/"
