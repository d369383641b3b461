"""The inbox: lines of letters, filters, pages, and the list that asks again."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from mail.models import Message
from mail.web import rows
from tenants import clock
from tenants.scoping import tenant_scope
from tests.browsing import browser, words
from tests.cast import Cast, Member
from tests.mail.letters import deliver, outside, plain_letter, put, taken


def letters_of(member: Member) -> list[Message]:
    with tenant_scope(member.actor.tenant_id):
        return list(Message.objects.of(member.actor.person_id).newest_first("inbox"))


@pytest.mark.parametrize(
    "address", ["/mail/", "/mail/rows/", "/mail/compose/", "/mail/drafts/", "/contacts/"]
)
def test_who_is_signed_out_is_sent_to_the_door(database: None, address: str) -> None:
    response = Client().get(address)
    assert (response.status_code, response["Location"]) == (302, f"/sign-in/?next={address}")


def test_an_empty_inbox_greets_the_newcomer(cast: Cast) -> None:
    page = words(browser(cast.alice).get("/mail/"))
    assert "Welcome, Alice Arden" in page
    assert "No letters yet" in page


def test_an_encrypted_subject_shows_only_while_the_key_is_open(cast: Cast) -> None:
    deliver(cast.alice, cast.alice, subject="Bonus round")
    locked, unlocked = browser(cast.alice), browser(cast.alice, unlocked=True)
    assert "Bonus round" not in words(locked.get("/mail/"))
    assert "Not opened yet" in words(unlocked.get("/mail/"))
    unlocked.get(f"/mail/{letters_of(cast.alice)[0].id}/")
    assert "Bonus round" in words(unlocked.get("/mail/"))
    assert "Bonus round" not in words(locked.get("/mail/"))
    assert "Unlock your key to read" in words(locked.get("/mail/"))


def test_nothing_of_an_encrypted_subject_lies_readable_in_the_database(cast: Cast) -> None:
    deliver(cast.alice, cast.alice, subject="Bonus round")
    browser(cast.alice, unlocked=True).get(f"/mail/{letters_of(cast.alice)[0].id}/")
    row = letters_of(cast.alice)[0]
    assert row.subject == "[...]"
    assert b"Bonus" not in bytes(row.sealed_subject)


def test_filters_choose_and_count(cast: Cast) -> None:
    alice = cast.alice
    deliver(alice, alice, subject="Signed one", encrypt=False)
    put(alice, plain_letter(subject="Plain one"))
    page = browser(alice, unlocked=True)
    assert "2 unread" in words(page.get("/mail/"))
    signed = words(page.get("/mail/?filter=signed"))
    assert "Signed one" in signed
    assert "Plain one" not in signed
    page.get(f"/mail/{letters_of(alice)[0].id}/")
    unread = words(page.get("/mail/?filter=unread"))
    assert "Signed one" in unread
    assert "Plain one" not in unread
    assert "Nothing here" in words(page.get("/mail/?filter=problem"))


@pytest.mark.parametrize("query", ["filter=deleted", "before=yesterday", "before=20261124T000000000000-zz"])
def test_a_query_that_this_page_never_gave_out_is_not_found(cast: Cast, query: str) -> None:
    assert browser(cast.alice).get(f"/mail/?{query}").status_code == 404


def test_pages_follow_one_another_without_a_gap_or_a_repeat(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "PAGE", 2)
    for number in range(5):
        put(cast.alice, plain_letter(subject=f"Letter-{number}."))
    page, address, seen = browser(cast.alice), "/mail/", ""
    for _ in range(3):
        response = page.get(address)
        seen += words(response)
        address = response.context["older_url"]
    assert address == ""
    assert [seen.count(f"Letter-{number}.") for number in range(5)] == [1] * 5
    assert "Newest" in seen


def test_an_unchanged_list_costs_nothing_and_a_new_letter_brings_it(cast: Cast) -> None:
    page = browser(cast.alice)
    first = page.get("/mail/rows/?filter=all")
    again = page.get("/mail/rows/?filter=all", headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    put(cast.alice, plain_letter(subject="News"))
    changed = page.get("/mail/rows/?filter=all", headers={"If-None-Match": first["ETag"]})
    assert changed.status_code == 200
    assert "News" in words(changed)
    assert b"<html" not in changed.content


def test_a_letter_beyond_a_limit_has_a_line_and_a_page_and_breaks_nothing(cast: Cast) -> None:
    put(cast.alice, plain_letter(subject="Good one"))
    bad = put(cast.alice, b"Subject: x\r\n" + b"X: y\r\n" * 600 + b"\r\nbody")
    page = browser(cast.alice)
    listed = words(page.get("/mail/"))
    assert "Good one" in listed
    assert "built beyond a safety limit" in listed
    read = page.get(f"/mail/{bad.id}/")
    assert "This letter cannot be shown." in words(read)
    assert page.get(f"/mail/{bad.id}/raw.eml").content.startswith(b"Subject: x")


def test_a_name_that_shows_another_address_is_not_the_sender(cast: Cast) -> None:
    put(cast.alice, plain_letter(sender='"olga@contoso.example" <mallory@evil.example>'))
    shown = words(browser(cast.alice).get("/mail/"))
    assert "mallory@evil.example" in shown
    assert "olga@contoso.example" not in shown


def test_a_forged_address_of_a_forest_gets_no_badge(cast: Cast) -> None:
    put(cast.alice, plain_letter(sender=f"Bob Berger <bob@{cast.fabrikam.domain}>"))
    page = browser(cast.alice)
    letter = letters_of(cast.alice)[0]
    for response in (page.get(f"/mail/{letter.id}/"), page.get("/mail/")):
        assert cast.fabrikam.tenant.name not in words(response)


def test_the_line_of_a_sealed_letter_names_its_judged_author_whatever_stands_outside(cast: Cast) -> None:
    deliver(cast.bob, cast.alice, encrypt=False)
    forged = put(cast.alice, outside(taken(cast.alice), from_=f'"Olga Orlova" <{cast.olga.address}>'))
    page = browser(cast.alice, unlocked=True)
    assert "Signed by Bob Berger" in words(page.get(f"/mail/{forged.id}/"))
    row = line_of(page, forged)
    assert "Bob Berger" in row
    assert cast.bob.address in row
    assert "Olga" not in row
    assert cast.olga.address not in row


def test_a_letter_whose_author_is_not_the_signer_has_no_full_seal_in_the_list(cast: Cast) -> None:
    deliver(cast.bob, cast.alice, encrypt=False)
    signed = taken(cast.alice).replace(b'; hp="clear"', b"")
    forged = put(cast.alice, outside(signed, from_=f'"Olga Orlova" <{cast.olga.address}>'))
    page = browser(cast.alice, unlocked=True)
    page.get(f"/mail/{forged.id}/")
    row = line_of(page, forged)
    assert "Olga Orlova" in row
    assert cast.contoso.tenant.name not in row
    assert "Signed by" not in row


def test_a_display_name_that_was_encrypted_is_not_kept_readable(cast: Cast) -> None:
    from smime import compose, headers, mime
    from smime.encrypt import ContentCipher
    from smime.sign import SigningKey
    from tenants.services.mail_keys import current_key

    bob, alice = cast.bob, cast.alice
    with tenant_scope(bob.actor.tenant_id):
        held = current_key(bob.actor.person_id, clock.now(), to_sign=True)
    assert held is not None
    assert bob.custody is not None
    fields = [("From", f"Agent Zero <{bob.address}>"), ("To", alice.address), ("Subject", "x")]
    protected = headers.protect(
        mime.build_body("x"), fields, encrypted=True, legacy_display=False,
        policy=lambda name, value: bob.address if name == "From" else headers.baseline(name, value),
    )  # fmt: skip
    signer = SigningKey(held.open_to_sign(bob.custody), held.certificate)
    signed = compose.sign_entity(protected.entity, signer=signer, certificates=[], at=clock.now())
    key = alice.certificate(to_sign=False).certificate
    sealed = compose.encrypt_entity(signed, recipients=[key], cipher=ContentCipher.AES_256_GCM)
    letter = put(alice, mime.message(protected.outer, sealed))
    page = browser(alice, unlocked=True)
    assert "Agent Zero" in words(page.get(f"/mail/{letter.id}/"))
    row = letters_of(alice)[0]
    assert (row.from_name, row.from_address) == ("", bob.address)


def test_a_forged_letter_that_nobody_opened_takes_no_notice_away(cast: Cast) -> None:
    """The note about a first signed letter counts judged letters only, never what an outer From claims."""
    deliver(cast.contoso.add("Hana Holm"), cast.alice, encrypt=False)
    put(cast.alice, outside(taken(cast.alice), from_=cast.bob.address))
    deliver(cast.bob, cast.alice, encrypt=False)
    page = browser(cast.alice)
    assert "first signed letter from this address" in words(
        page.get(f"/mail/{letters_of(cast.alice)[0].id}/")
    )


def line_of(page: Client, letter: Message) -> str:
    """What a person reads of one line, marks included."""
    whole = page.get("/mail/rows/").content.decode()
    start = whole.index(f'href="/mail/{letter.id}/"')
    return " ".join(re.sub(r"<[^>]+>", " ", whole[start : whole.index("</li>", start)]).split())
