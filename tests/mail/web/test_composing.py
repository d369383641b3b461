"""The composer: states, dialog, PIN on the page, and nothing typed ever lost."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from mail.models import Delivery, Draft, DraftAttachment, Message
from smime.mime_read import parse
from tenants import clock
from tenants.scoping import tenant_scope
from tests.browsing import browser, words
from tests.cast import PIN, Cast, Member, work
from tests.mail.composer import carried, press, switched, typed
from tests.mail.letters import deliver, outside, plain_letter, put, taken

OUTSIDER = "dave@elsewhere.example"


def sent_by(member: Member) -> list[Message]:
    with tenant_scope(member.actor.tenant_id):
        return list(Message.objects.of(member.actor.person_id).newest_first("sent").select_related("raw"))


def drafts_of(member: Member) -> int:
    with tenant_scope(member.actor.tenant_id):
        return Draft.objects.filter(person_id=member.actor.person_id).count()


def newest(member: Member) -> Message:
    with tenant_scope(member.actor.tenant_id):
        return Message.objects.of(member.actor.person_id).newest_first("inbox").first()


def letter(to: str, **changes: str) -> dict[str, Any]:
    return {"to": to, "subject": "Visit", "text": "Dear all", "sign": "on", "encrypt": "on"} | changes


def test_a_new_letter_is_signed_and_encrypted_by_default(cast: Cast) -> None:
    page = browser(cast.alice).get(f"/mail/compose/?to={cast.bob.address}&subject=Visit")
    assert switched(page, "sign")
    assert switched(page, "encrypt")
    assert typed(page)["to"] == cast.bob.address
    read = words(page)
    assert "Bob Berger ready" in read
    assert "Encrypting with AES-256-GCM." in read
    assert "Send signed & encrypted" in read
    assert re.search(r"P-256 until \d+ \w+ \d{4}", read)


def test_somebody_without_keys_enrols_first(cast: Cast) -> None:
    newcomer = cast.contoso.add("Newt Newman", ready=False)
    response = browser(newcomer).get("/mail/compose/")
    assert (response.status_code, response["Location"]) == (303, "/enrol/")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"to": ""}, "Add at least one address."),
        ({"to": "bob at fabrikam"}, "“bob at fabrikam” is not an address."),
        ({"to": "a@b.example", "cc": "bob@"}, "“bob@” is not an address."),
    ],
)
def test_bad_recipients_are_named_beside_the_field_and_everything_typed_stays(
    cast: Cast, fields: dict[str, str], sentence: str
) -> None:
    page = press(browser(cast.alice), "send", **(letter("") | fields))
    assert page.status_code == 422
    assert sentence in words(page)
    assert typed(page) == {"to": "", "cc": "", "bcc": "", "subject": "Visit", "text": "Dear all"} | fields
    assert not sent_by(cast.alice)


# The PIN


def test_a_wrong_pin_says_how_many_tries_are_left_and_keeps_the_letter(cast: Cast) -> None:
    client = browser(cast.alice)
    asked = press(client, "send", **letter(cast.bob.address))
    wrong = press(client, "send", asked, **letter(cast.bob.address), pin="000111")
    assert "That PIN does not fit. 4 tries left." in words(wrong)
    assert typed(wrong)["text"] == "Dear all"
    assert "000111" not in wrong.content.decode()
    assert not sent_by(cast.alice)
    assert drafts_of(cast.alice) == 1
    sent = press(client, "send", wrong, **letter(cast.bob.address), pin=PIN)
    assert sent.status_code == 303
    assert drafts_of(cast.alice) == 0
    assert client.cookies[settings.UNLOCK_COOKIE_NAME]["httponly"]


@pytest.mark.parametrize(("pin", "sent"), [(PIN, 1), ("", 0)])
def test_the_enter_key_sends_only_in_the_field_of_the_pin(cast: Cast, pin: str, sent: int) -> None:
    client = browser(cast.alice)
    asked = press(client, "send", **letter(cast.bob.address))
    press(client, "enter", asked, **letter(cast.bob.address), pin=pin)
    assert len(sent_by(cast.alice)) == sent


def test_a_pin_that_rests_keeps_the_letter_in_drafts(cast: Cast) -> None:
    client = browser(cast.alice)
    page = press(client, "send", **letter(cast.bob.address))
    for _ in range(5):
        page = press(client, "send", page, **letter(cast.bob.address), pin="000111")
    assert "The PIN rests until" in words(page)
    assert drafts_of(cast.alice) == 1


def test_send_pressed_twice_sends_once(cast: Cast) -> None:
    client = browser(cast.alice, unlocked=True)
    page = client.get("/mail/compose/")
    for _ in range(2):
        assert press(client, "send", page, **letter(cast.bob.address)).status_code == 303
    assert len(sent_by(cast.alice)) == 1


def test_the_form_of_one_person_never_names_a_letter_of_another(cast: Cast) -> None:
    token = "0" * 32
    for member in (cast.alice, cast.bob):
        client = browser(member, unlocked=True)
        fields = letter(member.address) | {"letter": token, "action": "send"}
        assert client.post("/mail/compose/", fields).status_code == 303
    assert len(sent_by(cast.alice)) == len(sent_by(cast.bob)) == 1


@pytest.mark.parametrize("spelled", ["{0}.", "{1}"])
def test_a_domain_of_a_forest_is_one_however_it_is_typed(cast: Cast, spelled: str) -> None:
    """A dot at the end or capital letters lead to no other way out of the portal."""
    local_part, _, domain = cast.bob.address.partition("@")
    to = f"{local_part}@{spelled.format(domain, domain.upper())}"
    client = browser(cast.alice, unlocked=True)
    (row,) = client.post("/mail/recipients/", {"to": to, "encrypt": "on"}).json()["recipients"]
    assert (row["address"], row["state"]) == (cast.bob.address, "ready")
    assert press(client, "send", **letter(to)).status_code == 303
    work()
    with tenant_scope(cast.contoso.tenant):
        delivery = Delivery.objects.get()
        assert (delivery.recipient, delivery.route, delivery.state) == (
            cast.bob.address,
            "portal",
            "delivered",
        )
    assert newest(cast.bob) is not None


# Those who cannot be served


def dialog(client: Client, cast: Cast) -> Any:
    return press(client, "send", **letter(f"{cast.bob.address}, {OUTSIDER}"))


def test_who_cannot_read_it_is_named_before_any_pin(cast: Cast) -> None:
    page = dialog(browser(cast.alice), cast)
    read = words(page)
    assert "1 of 2 people can’t read this encrypted" in read
    assert OUTSIDER in read
    assert "No certificate in your contacts" in read
    assert 'name="action" value="back" data-close autofocus' in page.content.decode()
    assert 'name="pin"' not in page.content.decode()
    assert typed(page)["to"] == f"{cast.bob.address}, {OUTSIDER}"


def test_go_back_shows_the_letter_without_the_dialog(cast: Cast) -> None:
    client = browser(cast.alice)
    page = press(client, "back", dialog(client, cast), **letter(f"{cast.bob.address}, {OUTSIDER}"))
    assert "can’t read this encrypted" not in words(page)
    assert typed(page)["to"] == f"{cast.bob.address}, {OUTSIDER}"


def test_send_only_to_those_with_certificates(cast: Cast) -> None:
    client = browser(cast.alice, unlocked=True)
    sent = press(client, "only_ready", dialog(client, cast), **letter(f"{cast.bob.address}, {OUTSIDER}"))
    assert sent.status_code == 303
    with tenant_scope(cast.contoso.tenant):
        assert [row.recipient for row in Delivery.objects.all()] == [cast.bob.address]


def test_send_unencrypted_still_signs(cast: Cast) -> None:
    client = browser(cast.alice, unlocked=True)
    to = f"{cast.bob.address}, {OUTSIDER}"
    assert press(client, "unencrypted", dialog(client, cast), **letter(to)).status_code == 303
    raw = parse(bytes(sent_by(cast.alice)[0].raw.data))
    assert raw.media_type == "multipart/signed"
    assert b"Dear all" in raw.raw


def test_unencrypted_with_a_locked_key_asks_for_the_pin_and_remembers_the_choice(cast: Cast) -> None:
    client, to = browser(cast.alice), f"{cast.bob.address}, {OUTSIDER}"
    asked = press(client, "unencrypted", dialog(client, cast), **letter(to))
    assert "Unlock your key to sign" in words(asked)
    assert not switched(asked, "encrypt")
    fields = letter(to)
    del fields["encrypt"]
    assert press(client, "send", asked, **fields, pin=PIN).status_code == 303


def test_asking_for_a_signed_letter_keeps_the_letter_and_begins_the_request(cast: Cast) -> None:
    client = browser(cast.alice)
    response = press(client, "ask", dialog(client, cast), **letter(f"{cast.bob.address}, {OUTSIDER}"))
    request = client.get(response["Location"])
    assert typed(request)["to"] == OUTSIDER
    assert typed(request)["subject"] == "Please send me a signed letter"
    assert not switched(request, "encrypt")
    assert drafts_of(cast.alice) == 1


def test_looking_again_finds_a_certificate_that_has_come_meanwhile(cast: Cast) -> None:
    client = browser(cast.alice, unlocked=True)
    to = f"newt@{cast.contoso.domain}"
    page = press(client, "send", **letter(to))
    assert "The recipient can’t read this encrypted" in words(page)
    cast.contoso.add("Newt Newman")
    assert press(client, "look_again", page, **letter(to)).status_code == 303


def test_a_revoked_recipient_is_refused_at_once(cast: Cast) -> None:
    from pki.crl import Reason
    from tenants.services.revoke import revoke

    hana = cast.contoso.add("Hana Holm")
    revoke(cast.olga.actor, hana.certificate(to_sign=False).id, Reason.KEY_COMPROMISE, clock.now())
    page = press(browser(cast.alice), "send", **letter(hana.address))
    assert "The certificate is revoked; nothing may be encrypted to it." in words(page)


def test_a_revoked_signer_is_told_so_and_the_letter_stays(cast: Cast) -> None:
    from pki.crl import Reason
    from tenants.services.revoke import revoke

    revoke(cast.olga.actor, cast.alice.certificate(to_sign=True).id, Reason.KEY_COMPROMISE, clock.now())
    client = browser(cast.alice, unlocked=True)
    page = press(client, "send", **letter(cast.bob.address))
    assert page.status_code == 422
    assert "You have no valid signing certificate" in words(page)
    assert not sent_by(cast.alice)
    assert drafts_of(cast.alice) == 1


# Files


def test_files_survive_every_round_and_an_unticked_one_is_gone(cast: Cast) -> None:
    client = browser(cast.alice)
    files = [SimpleUploadedFile("one.txt", b"one"), SimpleUploadedFile("two.txt", b"two")]
    page = press(client, "attach", **letter(cast.bob.address), files=files)
    assert "one.txt 3 B" in words(page)  # although the key is locked
    one, two = carried(page)["keep"]
    named = {f"name-{two}": "two.txt"}
    page = press(client, "save", page, **letter(cast.bob.address) | {"keep": [two]} | named)
    assert "two.txt 3 B" in words(page)
    assert carried(page)["keep"] == [two]
    with tenant_scope(cast.contoso.tenant):
        rows = list(DraftAttachment.objects.all())
    assert [row.size for row in rows] == [3]
    assert b"two" not in bytes(rows[0].sealed) + bytes(rows[0].sealed_name)
    sent = press(client, "send", page, **letter(cast.bob.address), pin=PIN)
    assert sent.status_code == 303
    work()
    reader = browser(cast.bob, unlocked=True)
    assert reader.get(f"/mail/{newest(cast.bob).id}/attachment/0/").content == b"two"
    assert one != two


def test_files_beyond_the_limit_are_refused_beside_the_field(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mail.services import drafts

    monkeypatch.setattr(drafts, "MOST_OCTETS", 10)
    page = press(
        browser(cast.alice),
        "attach",
        **letter(cast.bob.address),
        files=[SimpleUploadedFile("big", b"x" * 11)],
    )
    assert "Together the files are larger than" in words(page)
    assert typed(page)["text"] == "Dear all"


# Live recipients


def test_states_of_recipients_while_typing(cast: Cast) -> None:
    client = browser(cast.alice)
    fields = {"to": f"{cast.bob.address}; nobody", "bcc": OUTSIDER, "sign": "on", "encrypt": "on"}
    answer = client.post("/mail/recipients/", fields).json()
    found = {row["address"]: (row["field"], row["name"], row["state"]) for row in answer["recipients"]}
    assert found[cast.bob.address] == ("to", "Bob Berger", "ready")
    assert found["nobody"] == ("to", "", "invalid")
    assert found[OUTSIDER] == ("bcc", "", "missing")
    assert answer["tone"] == "bad"
    assert answer["send_label"] == "Send signed & encrypted"
    assert client.get("/mail/recipients/").status_code == 405


def test_the_live_line_warns_of_an_open_letter(cast: Cast) -> None:
    answer = browser(cast.alice).post("/mail/recipients/", {"to": cast.bob.address, "sign": "on"}).json()
    assert answer["algorithm"].startswith("Not encrypted")
    assert (answer["tone"], answer["send_label"]) == ("warn", "Send signed")


def test_a_colleague_of_another_forest_is_only_found_where_its_root_is_trusted(cast: Cast) -> None:
    answer = (
        browser(cast.charlie).post("/mail/recipients/", {"to": cast.alice.address, "encrypt": "on"}).json()
    )
    assert [row["state"] for row in answer["recipients"]] == ["missing"]


# Answers


def test_a_reply_goes_to_the_author_quotes_what_was_shown_and_threads(cast: Cast) -> None:
    deliver(cast.alice, cast.bob, subject="Term sheet", text="Line one\nLine two")
    client = browser(cast.bob, unlocked=True)
    page = client.get(f"/mail/compose/?reply={newest(cast.bob).id}")
    shown = typed(page)
    assert shown["to"] == f"Alice Arden <{cast.alice.address}>"
    assert shown["subject"] == "Re: Term sheet"
    assert "> Line one\n> Line two" in shown["text"]
    assert "Reply to Alice Arden" in words(page)
    assert press(client, "send", page, **letter(shown["to"], subject=shown["subject"])).status_code == 303
    sent = parse(bytes(sent_by(cast.bob)[0].raw.data))
    assert sent.value("in-reply-to") == newest(cast.bob).rfc_message_id
    assert sent.value("references") == newest(cast.bob).rfc_message_id
    assert sent.value("subject") == "[...]"


def test_a_reply_to_an_encrypted_letter_stays_encrypted_whatever_is_posted(cast: Cast) -> None:
    deliver(cast.alice, cast.bob)
    client = browser(cast.bob, unlocked=True)
    page = client.get(f"/mail/compose/?reply={newest(cast.bob).id}")
    assert "Encrypt stays on: this letter answers an encrypted one" in words(page)
    fields = letter(f"{cast.alice.address}, {OUTSIDER}")
    del fields["encrypt"]
    cannot = client.post("/mail/compose/", {**carried(page), **fields, "encrypt": "", "action": "send"})
    assert "1 of 2 people can’t read this encrypted" in words(cannot)
    assert 'value="unencrypted"' not in cannot.content.decode()
    refused = client.post("/mail/compose/", {**carried(page), **fields, "action": "unencrypted"})
    assert refused.status_code == 200
    assert not sent_by(cast.bob)


def test_what_a_draft_answers_is_not_changed_by_a_form(cast: Cast) -> None:
    deliver(cast.alice, cast.bob)
    client = browser(cast.bob, unlocked=True)
    page = client.get(f"/mail/compose/?reply={newest(cast.bob).id}")
    kept = press(client, "save", page, **letter(OUTSIDER))
    fields = letter(OUTSIDER)
    del fields["encrypt"]
    again = client.post(
        "/mail/compose/",
        {**fields, "draft": carried(kept)["draft"], "in_reply_to": "", "action": "unencrypted"},
    )
    assert "Encrypt stays on" in words(again)
    assert not sent_by(cast.bob)


def test_reply_to_all_takes_everybody_but_the_writer(cast: Cast) -> None:
    hana = cast.contoso.add("Hana Holm")
    deliver(cast.bob, cast.alice, hana)
    page = browser(cast.alice, unlocked=True).get(f"/mail/compose/?reply_all={newest(cast.alice).id}")
    assert typed(page)["to"] == f"Bob Berger <{cast.bob.address}>"
    assert typed(page)["cc"] == f"Hana Holm <{hana.address}>"


def test_a_forwarded_letter_takes_its_files_along_and_stays_encrypted(cast: Cast) -> None:
    from tests.mail.letters import FILE

    hana = cast.contoso.add("Hana Holm")
    deliver(cast.bob, cast.alice, attachments=[FILE])
    client = browser(cast.alice, unlocked=True)
    page = client.get(f"/mail/compose/?forward={newest(cast.alice).id}")
    assert typed(page)["subject"] == "Fwd: Term sheet"
    assert "Both sides can live with clause 4." in typed(page)["text"]
    assert carried(page)["keep"] == ["original-0"]
    saved = press(client, "save", page, **letter(hana.address))
    assert carried(saved)["keep"] == ["original-0"]
    assert press(client, "send", saved, **letter(hana.address)).status_code == 303
    work()
    got = browser(hana, unlocked=True).get(f"/mail/{newest(hana).id}/attachment/0/")
    assert got.content == FILE.content
    assert not parse(bytes(sent_by(cast.alice)[0].raw.data)).value("in-reply-to")


def test_a_letter_sent_again_by_somebody_else_is_answered_without_its_words_and_the_page_says_why(
    cast: Cast,
) -> None:
    deliver(cast.bob, cast.alice, subject="Secret plan", text="The code is 4711", sign=False)
    stolen = put(cast.alice, outside(taken(cast.alice), from_="mallory@evil.example"))
    client = browser(cast.alice, unlocked=True)
    read = words(client.get(f"/mail/{stolen.id}/"))
    assert "No signature shows that the inner name is true, so the outer one is displayed." in read
    for relation in ("reply", "reply_all", "forward"):
        page = client.get(f"/mail/compose/?{relation}={stolen.id}")
        assert "4711" not in page.content.decode()
        assert "Secret plan" not in page.content.decode()
        assert "no good signature shows that it was written by the person you answer" in words(page)


def test_a_form_cannot_take_along_a_file_of_an_envelope_that_nobody_signed(cast: Cast) -> None:
    from tests.mail.letters import FILE

    deliver(cast.bob, cast.alice, sign=False, attachments=[FILE])
    client = browser(cast.alice, unlocked=True)
    page = client.get(f"/mail/compose/?forward={newest(cast.alice).id}")
    assert carried(page)["keep"] == []
    sent = press(client, "send", page, **letter(cast.bob.address) | {"keep": ["original-0"]})
    assert sent.status_code == 303
    work()
    got = browser(cast.bob, unlocked=True).get(f"/mail/{newest(cast.bob).id}/attachment/0/")
    assert got.status_code == 404


def test_answering_a_locked_letter_asks_for_the_key_first(cast: Cast) -> None:
    deliver(cast.alice, cast.bob)
    address = f"/mail/compose/?reply={newest(cast.bob).id}"
    response = browser(cast.bob).get(address)
    assert response.status_code == 303
    assert response["Location"].startswith("/unlock/?next=%2Fmail%2Fcompose%2F%3Freply")


@pytest.mark.parametrize("identifier", ["00000000-0000-4000-8000-000000000000", "x"])
def test_answering_what_is_not_there_is_not_found(cast: Cast, identifier: str) -> None:
    assert browser(cast.alice).get(f"/mail/compose/?reply={identifier}").status_code == 404


def test_names_inside_encoded_words_bring_no_further_recipient(cast: Cast) -> None:
    """A decoded name is words, never a list of addresses."""
    name = "=?utf-8?q?x=40y=2Eexample=3E=2C_mallory=40evil=2Eexample?="
    raw = plain_letter(sender=f"{name} <bob@elsewhere.example>")
    page = browser(cast.alice).get(f"/mail/compose/?reply_all={put(cast.alice, raw).id}")
    assert typed(page)["to"] == "bob@elsewhere.example"
    assert "mallory" not in typed(page)["cc"]


def test_a_colleague_without_a_certificate_is_known_all_the_same(cast: Cast) -> None:
    newt = cast.contoso.add("Newt Newman", ready=False)
    page = browser(cast.alice).get(f"/mail/compose/?to={newt.address}")
    assert "Newt Newman has no certificate yet" in words(page)
    answer = press(browser(cast.alice), "send", page, **letter(newt.address))
    assert "A colleague who has not chosen a PIN yet" in words(answer)
    assert "not found" in words(browser(cast.alice).get(f"/mail/compose/?to=nobody@{cast.contoso.domain}"))
