"""Two embedded services on one host keep their sessions and keys apart."""

from __future__ import annotations

from django.conf import settings
from django.test import Client, override_settings

from pkiportal.cookies import cookie_names
from tests.cast import PASSWORD, PIN, Cast


def test_every_port_has_names_of_its_own_and_a_service_behind_a_proxy_the_plain_ones() -> None:
    one, other, behind = cookie_names(8000), cookie_names(8100), cookie_names(None)
    names = [*one.values(), *other.values(), *behind.values()]
    assert len(set(names)) == 9
    assert behind["SESSION_COOKIE_NAME"] == "sessionid"


def test_the_embedded_service_is_named_by_its_port() -> None:
    expected = cookie_names(8000)
    assert {name: getattr(settings, name) for name in expected} == expected


def test_signing_in_at_one_service_leaves_the_other_signed_in(cast: Cast) -> None:
    browser, person = Client(), {"address": cast.alice.address, "password": PASSWORD}
    for port in (8000, 8100):
        with override_settings(**cookie_names(port)):
            browser.post("/sign-in/", person)
            browser.post("/unlock/", {"pin": PIN})
    for port in (8000, 8100):
        with override_settings(**cookie_names(port)):
            page = browser.get("/certificates/")
            assert page.status_code == 200
            assert "Key unlocked" in page.content.decode()
