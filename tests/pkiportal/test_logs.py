"""The console's filter: the secret of a sign-in link is in no line, however its address was spelled."""

from __future__ import annotations

import logging
import secrets

import pytest

from pkiportal.logs import WithoutContent

SECRET = secrets.token_urlsafe(32)


def line(text: str, *arguments: object) -> str:
    record = logging.LogRecord("django.request", logging.WARNING, __file__, 1, text, arguments, None)
    assert WithoutContent().filter(record)
    return record.getMessage()


@pytest.mark.parametrize(
    "path",
    [
        "/welcome/{}/",
        "/welcome/{}",
        "/welcome//{}/",
        "//welcome/{}/",
        "/WELCOME/{}/",
        "/Welcome/./{}/",
        "/welcome/x/../{}/",
        "/welcome\\{}/",
        "/welcome%2F{}/",
        "/welcome%2f%2F{}",
        "/%77elcome/{}/",
        "/w%65LCOM%45/{}/",
        "/welcome;x/{}",
        "/welcome/ {}",
        "/en/welcome/{}/",
        "/welcome{}",
        "/welcom/{}/",
        "/wellcome/{}",
        "/{}/",
        "/?next=/welcome/{}/",
        "/sign-in/?next=%2Fwelcome%2F{}%2F",
    ],
)
def test_the_secret_is_hidden_in_every_spelling(path: str) -> None:
    spelled = path.format(SECRET)
    for told in (line("Not Found: %s", spelled), line(f"Forbidden: {spelled} (no token)")):
        assert SECRET not in told
        assert "…" in told
    assert SECRET not in line("%(path)s", {"path": spelled})


def test_a_short_segment_after_the_word_is_hidden_as_well() -> None:
    assert line("Not Found: %s", "/welcome//abc/") == "Not Found: /welcome/…"
    assert line("Not Found: %s", "/WelCome/abc/def") == "Not Found: /WelCome/…"


@pytest.mark.parametrize(
    "path",
    [
        "/mail/9a1f7d2e-6c55-4f0e-9a63-0d0f6c6f9c11/",
        f"/certificates/{'ab' * 32}/",
        "/pki/" + "0f" * 16 + ".crl",
        "/sign-in/",
    ],
)
def test_other_addresses_stay_as_they_are(path: str) -> None:
    assert line("Bad Request: %s", path) == f"Bad Request: {path}"
    assert line("Welcome page of %s, %d", path, 3) == f"Welcome page of {path}, 3"
