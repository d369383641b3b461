"""Importing letters: several at once, each with a sentence, none lost to another's fault."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from mail.models import Message
from tenants.scoping import tenant_scope
from tests.browsing import browser, words
from tests.cast import Cast
from tests.mail.letters import plain_letter


def count(cast: Cast) -> int:
    with tenant_scope(cast.contoso.tenant):
        return Message.objects.count()


def test_each_file_has_its_own_sentence_and_a_bad_one_stops_no_other(cast: Cast) -> None:
    files = [
        SimpleUploadedFile("good.eml", plain_letter(subject="Old one")),
        SimpleUploadedFile("empty.eml", b""),
        SimpleUploadedFile("picture.eml", b"\x89PNG\r\n\x1a\n" + b"\x00" * 100),
        SimpleUploadedFile("deep.eml", b"Subject: x\r\n" + b"X: y\r\n" * 600 + b"\r\nbody"),
    ]
    client = browser(cast.alice)
    page = client.post("/mail/import/", {"file": files})
    shown = words(page)
    assert "The file is empty." in shown
    assert "does not begin with the header of a letter" in shown
    assert [result.ok for result in page.context["results"]] == [True, False, False, True]
    assert count(cast) == 2
    assert "Old one" in words(client.get(page.context["results"][0].url))


def test_no_file_is_said_beside_the_field(cast: Cast) -> None:
    page = browser(cast.alice).post("/mail/import/")
    assert page.status_code == 422
    assert "Choose at least one .eml file." in words(page)


def test_a_file_beyond_the_limit_is_refused_by_name(cast: Cast, settings: pytest.FixtureRequest) -> None:
    settings.MESSAGE_LIMIT = 100  # type: ignore[attr-defined]
    page = browser(cast.alice).post("/mail/import/", {"file": SimpleUploadedFile("big.eml", plain_letter())})
    assert "larger than" in words(page)
    assert count(cast) == 0


def test_what_was_imported_is_kept_byte_for_byte(cast: Cast) -> None:
    raw = b"From: a@b.example\nSubject: bare line ends\r\n\r\n\xff\xfe odd \x00 octets\n"
    client = browser(cast.alice)
    page = client.post("/mail/import/", {"file": SimpleUploadedFile("odd.eml", raw)})
    assert client.get(f"{page.context['results'][0].url}raw.eml").content == raw


def test_the_same_file_again_adds_nothing_and_leads_to_the_letter(cast: Cast) -> None:
    client, raw = browser(cast.alice), plain_letter(subject="Twice")
    first, again = (
        client.post("/mail/import/", {"file": SimpleUploadedFile("once.eml", raw)}) for _ in range(2)
    )
    assert "Already in your inbox, since" in words(again)
    assert again.context["results"] == [
        replace(first.context["results"][0], text=again.context["results"][0].text)
    ]
    assert f'<a href="{first.context["results"][0].url}">once.eml</a>' in again.content.decode()
    assert count(cast) == 1
    hana = browser(cast.contoso.add("Hana Holm")).post(
        "/mail/import/", {"file": SimpleUploadedFile("once.eml", raw)}
    )
    assert "Already" not in words(hana)
    assert count(cast) == 2
