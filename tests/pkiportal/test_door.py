"""The door: signing in and out, and what guessing costs."""

from __future__ import annotations

import hashlib
import os
import re
import uuid
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client, RequestFactory, override_settings
from waitress.proxy_headers import proxy_headers_middleware

from pkiportal import guesses
from tenants.services.add_person import set_active
from tests.browsing import browser, words
from tests.cast import PASSWORD, Cast


@pytest.fixture(autouse=True)
def _no_guesses_yet() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def test_a_person_signs_in_and_reaches_the_page_they_wanted(cast: Cast) -> None:
    client = Client()
    client.get("/certificates/")
    response = client.post(
        "/sign-in/", {"address": cast.alice.address.upper(), "password": PASSWORD, "next": "/certificates/"}
    )
    assert (response.status_code, response["Location"]) == (303, "/certificates/")
    assert "Alice Arden" in words(client.get("/certificates/"))


def test_the_door_never_leads_to_another_site(cast: Cast) -> None:
    for target in ("https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.example"):
        response = Client().post(
            "/sign-in/", {"address": cast.alice.address, "password": PASSWORD, "next": target}
        )
        assert response["Location"] == "/", target


def test_a_wrong_password_and_an_unknown_address_read_the_same(cast: Cast) -> None:
    wrong = Client().post("/sign-in/", {"address": cast.alice.address, "password": "not the password"})
    unknown = Client().post("/sign-in/", {"address": "nobody@nowhere.example", "password": PASSWORD})
    assert wrong.status_code == unknown.status_code == 422
    assert "do not fit together" in words(wrong)
    assert words(wrong) == words(unknown)
    assert f'value="{cast.alice.address}"' in wrong.content.decode(), "what was typed is kept"
    assert "not the password" not in wrong.content.decode()


def test_a_new_session_begins_at_the_door(cast: Cast) -> None:
    client = Client()
    planted = client.session
    planted["known to somebody else"] = True
    planted.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = planted.session_key
    client.post("/sign-in/", {"address": cast.alice.address, "password": PASSWORD})
    assert client.cookies[settings.SESSION_COOKIE_NAME].value != planted.session_key
    stranger = Client()
    stranger.cookies[settings.SESSION_COOKIE_NAME] = planted.session_key
    assert stranger.get("/certificates/").status_code == 302


def test_after_ten_wrong_passwords_not_even_the_right_one_opens(cast: Cast) -> None:
    for _ in range(guesses.TRIES_PER_ADDRESS):
        assert Client().post("/sign-in/", {"address": cast.alice.address, "password": "x"}).status_code == 422
    response = Client().post("/sign-in/", {"address": cast.alice.address, "password": PASSWORD})
    assert response.status_code == 429
    assert "Too many tries" in words(response)
    assert int(response["Retry-After"]) == guesses.WINDOW_SECONDS
    other = Client().post("/sign-in/", {"address": cast.olga.address, "password": PASSWORD})
    assert other.status_code == 303, "others are not kept out"


def test_one_client_cannot_try_every_address(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guesses, "TRIES_PER_CLIENT", 3)
    for number in range(3):
        Client().post("/sign-in/", {"address": f"guess{number}@x.example", "password": "x"})
    there = Client().post("/sign-in/", {"address": cast.alice.address, "password": PASSWORD})
    elsewhere = Client(REMOTE_ADDR="198.51.100.7").post(
        "/sign-in/", {"address": cast.alice.address, "password": PASSWORD}
    )
    assert (there.status_code, elsewhere.status_code) == (429, 303)


def test_signing_in_oneself_does_not_wash_away_guesses_at_others(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guesses, "TRIES_PER_CLIENT", 3)
    own = {"address": cast.olga.address, "password": PASSWORD}
    answers = []
    for number in range(4):
        answers.append(Client().post("/sign-in/", {"address": f"guess{number}@x.example", "password": "x"}))
        Client().post("/sign-in/", own)
    assert [answer.status_code for answer in answers] == [422, 422, 422, 429]


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("", "unknown"),
    ],
)
def test_a_customer_with_many_addresses_is_one_client(address: str, network: str) -> None:
    assert guesses.client_network(RequestFactory().get("/", REMOTE_ADDR=address)) == network


def test_behind_the_proxy_of_the_compose_file_a_client_is_counted_by_its_own_address() -> None:
    """The options of the file, given to the server that they are for."""
    compose = (settings.BASE_DIR / "docker-compose.yml").read_text()
    (trusted,) = re.findall(r"--trusted-proxy-headers=(.+)", compose)
    seen: list[str] = []

    def application(environ: dict[str, object], start_response: object) -> list[bytes]:
        seen.append(guesses.client_network(RequestFactory().get("/", REMOTE_ADDR=environ["REMOTE_ADDR"])))
        return []

    server = proxy_headers_middleware(
        application, trusted_proxy="*", trusted_proxy_headers=set(trusted.split()), clear_untrusted=True
    )
    proxied = {"REMOTE_ADDR": "10.0.0.1", "wsgi.url_scheme": "http", "SERVER_PORT": "80", "SERVER_NAME": "x"}
    server({**proxied, "HTTP_X_FORWARDED_FOR": "203.0.113.9"}, None)
    assert seen == ["203.0.113.9"]


def test_signing_out_ends_the_session_and_locks_the_key(cast: Cast) -> None:
    client = browser(cast.alice, unlocked=True)
    assert client.cookies[settings.UNLOCK_COOKIE_NAME].value
    stolen = client.cookies[settings.UNLOCK_COOKIE_NAME].value
    response = client.post("/sign-out/")
    assert (response.status_code, response["Location"]) == (303, "/sign-in/")
    assert client.cookies[settings.UNLOCK_COOKIE_NAME].value == ""
    assert client.get("/certificates/").status_code == 302
    again = browser(cast.alice)
    again.cookies[settings.UNLOCK_COOKIE_NAME] = stolen
    assert "Key locked" in words(again.get("/certificates/"))


@override_settings(
    CACHES={
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:1/0",
            "OPTIONS": {"socket_connect_timeout": 1},
        }
    }
)
def test_losing_redis_locks_nobody_out(cast: Cast, caplog: pytest.LogCaptureFixture) -> None:
    response = Client().post("/sign-in/", {"address": cast.alice.address, "password": PASSWORD})
    assert response.status_code == 303
    assert "guesses are not counted" in caplog.text


@pytest.mark.redis
def test_guesses_are_counted_across_processes_on_redis(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guesses, "TRIES_PER_ADDRESS", 2)
    redis = {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": os.environ["TEST_REDIS_URL"],
    }
    address = f"{uuid.uuid4().hex}@guessed.example"
    with override_settings(CACHES={"default": redis}):
        answers = [Client().post("/sign-in/", {"address": address, "password": "x"}) for _ in range(3)]
        key = f"guess-address-{hashlib.sha256(address.encode()).hexdigest()}"
        cache.delete_many([key, "guess-client-127.0.0.1"])
    assert [answer.status_code for answer in answers] == [422, 422, 429]


def test_signing_out_of_a_session_that_has_ended_is_harmless(cast: Cast) -> None:
    assert Client().post("/sign-out/")["Location"] == "/sign-in/"


def test_signing_out_takes_a_post(cast: Cast) -> None:
    assert browser(cast.alice).get("/sign-out/").status_code == 405


def test_home_leads_everybody_to_their_place(cast: Cast) -> None:
    newcomer = cast.contoso.add("Newt Newman", ready=False)
    assert Client().get("/")["Location"] == "/sign-in/"
    assert browser(newcomer).get("/")["Location"] == "/enrol/"
    assert browser(cast.alice).get("/")["Location"] == "/mail/"


def test_a_deactivated_person_is_out_with_the_next_request(cast: Cast) -> None:
    client = browser(cast.alice)
    assert client.get("/certificates/").status_code == 200
    set_active(cast.olga.actor, cast.alice.actor.person_id, active=False)
    assert client.get("/certificates/").status_code == 302
    entering = Client().post("/sign-in/", {"address": cast.alice.address, "password": PASSWORD})
    assert "do not fit together" in words(entering)
