"""Sent letters: what became of every copy, and what was written."""

from __future__ import annotations

from mail.models import Message
from tenants.scoping import tenant_scope
from tests.browsing import browser, words
from tests.cast import Cast, Member, work
from tests.mail.composer import press
from tests.mail.letters import FILE, deliver


def sent_by(member: Member) -> Message:
    with tenant_scope(member.actor.tenant_id):
        return Message.objects.of(member.actor.person_id).newest_first("sent").first()


def test_every_recipient_has_a_fate(cast: Cast) -> None:
    client = browser(cast.alice, unlocked=True)
    nobody = f"nobody@{cast.fabrikam.domain}"
    fields = {"to": f"{cast.bob.address}, {nobody}, dave@elsewhere.example", "subject": "Visit", "sign": "on"}
    assert press(client, "send", **fields, text="x").status_code == 303
    page = f"/mail/sent/{sent_by(cast.alice).id}/"
    assert words(client.get(page)).count("On its way") == 4  # three copies, and the line in the list
    work()
    shown = words(client.get(page))
    assert "Bob Berger" in shown
    assert "In the mailbox here" in shown
    assert "Not delivered" in shown
    assert f"Nobody there has the address {nobody}" in shown
    assert "Handed to the mail relay" in shown
    assert "1 of 3 delivered, 1 handed to the mail relay" in shown
    assert "Not delivered to 1 of 3" in words(client.get("/mail/sent/"))


def test_what_was_written_needs_the_key_when_it_was_encrypted(cast: Cast) -> None:
    deliver(cast.alice, cast.bob, attachments=[FILE])
    page = f"/mail/sent/{sent_by(cast.alice).id}/"
    locked = words(browser(cast.alice).get(page))
    assert "Unlock your key to read" in locked
    assert "clause 4" not in locked
    assert "Term sheet" not in locked
    shown = words(browser(cast.alice, unlocked=True).get(page))
    for part in (
        "Term sheet",
        "Both sides can live with clause 4.",
        "plan.txt",
        "Signed by you",
        "AES-256-GCM",
    ):
        assert part in shown, part
    assert "Delivered, signed and encrypted" in shown


def test_a_hidden_recipient_is_in_nobody_elses_copy(cast: Cast) -> None:
    hana = cast.contoso.add("Hana Holm")
    client = browser(cast.alice, unlocked=True)
    fields = {
        "to": cast.bob.address,
        "bcc": hana.address,
        "subject": "Visit",
        "text": "x",
        "sign": "on",
        "encrypt": "on",
    }
    assert press(client, "send", **fields).status_code == 303
    work()
    for member in (cast.bob, hana):
        with tenant_scope(member.actor.tenant_id):
            letter = Message.objects.of(member.actor.person_id).select_related("raw").get()
        assert hana.address.encode() not in bytes(letter.raw.data)
        shown = words(browser(member, unlocked=True).get(f"/mail/{letter.id}/?details=1"))
        assert ("Hana Holm" in shown) == (member is hana)


def test_sent_letters_of_others_and_received_ones_are_not_found_there(cast: Cast) -> None:
    deliver(cast.alice, cast.bob)
    sent = sent_by(cast.alice)
    for member in (cast.olga, cast.bob):
        assert browser(member).get(f"/mail/sent/{sent.id}/").status_code == 404
    with tenant_scope(cast.fabrikam.tenant):
        received = Message.objects.of(cast.bob.actor.person_id).get()
    assert browser(cast.bob).get(f"/mail/sent/{received.id}/").status_code == 404
    assert browser(cast.alice).get(f"/mail/{sent.id}/")["Location"] == f"/mail/sent/{sent.id}/"


def test_nothing_sent_yet(cast: Cast) -> None:
    assert "Nothing sent yet" in words(browser(cast.alice).get("/mail/sent/"))


def test_a_letter_to_the_outside_is_never_called_delivered(cast: Cast) -> None:
    client = browser(cast.alice, unlocked=True)
    fields = {"to": "dave@elsewhere.example", "subject": "Visit", "text": "x", "sign": "on"}
    assert press(client, "send", **fields).status_code == 303
    work()
    for page in ("/mail/sent/", f"/mail/sent/{sent_by(cast.alice).id}/"):
        shown = words(client.get(page))
        assert "Handed to the mail relay" in shown
        assert "Delivered" not in shown
        assert "arrived" not in shown
    both = fields | {"to": f"dave@elsewhere.example, {cast.bob.address}", "encrypt": ""}
    press(client, "send", **both)
    work()
    assert "Delivered to 1, handed to the mail relay for 1, signed" in words(client.get("/mail/sent/"))


def test_the_sender_sees_who_got_a_hidden_copy(cast: Cast) -> None:
    hana = cast.contoso.add("Hana Holm")
    client = browser(cast.alice, unlocked=True)
    fields = {"to": cast.bob.address, "bcc": hana.address, "subject": "Visit", "text": "x", "sign": "on"}
    press(client, "send", **fields)
    work()
    assert "Sent signed, not encrypted, to Bob Berger, Bcc Hana Holm." in words(client.get("/mail/"))
    assert f"to {cast.bob.address} Bcc {hana.address}" in words(client.get("/mail/sent/"))
    page = client.get(f"/mail/sent/{sent_by(cast.alice).id}/")
    assert "to Bob Berger · Bcc Hana Holm" in words(page)
    assert [(row.address, row.bcc) for row in page.context["deliveries"]] == [
        (cast.bob.address, False),
        (hana.address, True),
    ]
    press(client, "send", **fields | {"to": ""})
    assert f"Bcc {hana.address}" in words(client.get("/mail/sent/"))


def test_a_letter_without_a_subject_says_so_once_its_subject_can_be_read(cast: Cast) -> None:
    deliver(cast.alice, cast.bob, subject="")
    page = f"/mail/sent/{sent_by(cast.alice).id}/"
    for address in ("/mail/sent/", page):
        assert "No subject" in words(browser(cast.alice, unlocked=True).get(address))
        assert "Encrypted message" in words(browser(cast.alice).get(address))


def test_a_name_with_a_comma_is_one_name_among_others(cast: Cast) -> None:
    client = browser(cast.alice, unlocked=True)
    to = f'"Dorn, Dave" <dave@elsewhere.example>, {cast.bob.address}'
    press(client, "send", to=to, subject="Visit", text="x", sign="on")
    assert "to “Dorn, Dave” and Bob Berger." in words(client.get("/mail/"))
    assert "to Bob Berger, “Dorn, Dave”" in words(client.get(f"/mail/sent/{sent_by(cast.alice).id}/"))
