"""What is shown when something goes wrong: words, no content, and a reference that the log knows."""

from __future__ import annotations

import logging
import re

import pytest
from django.test import Client

from pkiportal.logs import WithoutContent
from tenants.web import keys
from tests.browsing import browser, words
from tests.cast import Cast


def test_nothing_here_is_said_in_words(cast: Cast) -> None:
    response = browser(cast.alice).get("/no/such/page/")
    assert response.status_code == 404
    assert "There is nothing here for you" in words(response)
    assert Client().get("/no/such/page/").status_code == 404


def test_everyday_answers_are_no_lines_on_the_console(cast: Cast, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="django.request"):
        browser(cast.alice).get("/no/such/page/")
        Client().post("/sign-in/", {"address": "nobody", "password": "wrong"})
        assert Client().get("/sign-out/").status_code == 405
    told = [record for record in caplog.records if record.name == "django.request"]
    assert {record.status_code for record in told} == {404, 405, 422}  # type: ignore[attr-defined]
    assert not [record for record in told if WithoutContent().filter(record)]


def test_a_failure_has_a_reference_that_is_in_the_log_without_content(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    secret = " ".join(
        ["a", "secret", "of", "a", "letter"]
    )  # in no line of source that a traceback could show

    def broken(*_: object) -> None:
        raise RuntimeError(secret)

    monkeypatch.setattr(keys, "my_certificates", broken)
    client = browser(cast.alice)
    client.raise_request_exception = False
    with caplog.at_level(logging.ERROR, logger="pkiportal.views"):
        response = client.get("/certificates/")
    assert response.status_code == 500
    reference = re.search(r"\b[0-9A-F]{8}\b", words(response))
    assert reference is not None
    (line,) = [record.getMessage() for record in caplog.records if record.name == "pkiportal.views"]
    assert reference.group() in line
    assert "RuntimeError at tenants:keys" in line
    told = [record for record in caplog.records if WithoutContent().filter(record)]
    assert line in [record.getMessage() for record in told]
    assert secret not in "".join(logging.Formatter().format(record) for record in told)
    assert secret not in response.content.decode()


def test_the_secret_of_a_sign_in_link_is_in_no_log(cast: Cast, caplog: pytest.LogCaptureFixture) -> None:
    Client(enforce_csrf_checks=True).post("/welcome/the-secret/", {})
    Client().get("/welcome/the-secret/")
    records = [record for record in caplog.records if WithoutContent().filter(record)]
    lines = [record.getMessage() for record in records]
    assert any("/welcome/…" in line for line in lines)
    assert not any("the-secret" in line for line in lines)


def test_a_form_without_its_token_is_refused_in_words(cast: Cast) -> None:
    client = Client(enforce_csrf_checks=True)
    response = client.post("/sign-in/", {"address": cast.alice.address, "password": "x"})
    assert response.status_code == 403
    assert "server error" not in words(response).lower()
    assert len(words(response)) > 50


def test_a_host_that_is_not_ours_is_refused(cast: Cast) -> None:
    assert Client(HTTP_HOST="evil.example").get("/sign-in/").status_code == 400


def test_pages_carry_the_strict_policy_and_are_not_framed(cast: Cast) -> None:
    response = browser(cast.alice).get("/certificates/")
    policy = response["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy
    assert response["X-Frame-Options"] == "DENY"
    nonce = re.search(r"'nonce-([^']+)'", policy)
    assert nonce is not None
    assert f'nonce="{nonce.group(1)}"' in response.content.decode()
