"""Two forests exchange their first signed and encrypted letters, through the pages alone."""

from __future__ import annotations

import re
import subprocess
import uuid
from pathlib import Path

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from mail.models import Message
from mail.models.letters import Folder
from tenants.scoping import tenant_scope
from tests.browsing import browser, words
from tests.cast import PASSWORD, PIN, Cast, Member, work

TEXT = "Bob,\n\nthe visit is confirmed for 3 December.\n\nAlice\n"
FILE = b"%PDF-1.7 the plan of the site\n"


def newest(member: Member) -> uuid.UUID:
    with tenant_scope(member.actor.tenant_id):
        return Message.objects.of(member.actor.person_id).newest_first(Folder.INBOX).first().id


def sign_in(member: Member) -> Client:
    client = Client()
    response = client.post("/sign-in/", {"address": member.address, "password": PASSWORD, "next": "/mail/"})
    assert response.status_code in (302, 303), response.content
    return client


def hidden(response: object, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', response.content.decode())  # type: ignore[attr-defined]
    return found[1] if found else ""


def fields(response: object) -> dict[str, str]:
    """What a browser would send again of the composer's hidden fields."""
    return {name: hidden(response, name) for name in ("draft", "in_reply_to", "relation", "letter")}


def write_first_letter(alice: Member, bob: Member) -> Client:
    """Alice writes with a file, is asked for her PIN on the same page, and sends."""
    page = sign_in(alice)
    begun = page.get("/mail/compose/")
    typed = {"to": bob.address, "subject": "Site visit", "text": TEXT, "sign": "on", "encrypt": "on"}
    asked = page.post(
        "/mail/compose/",
        {**fields(begun), **typed, "action": "send", "files": SimpleUploadedFile("plan.pdf", FILE)},
    )
    assert "Unlock your key to sign" in words(asked)
    kept = re.findall(r'name="keep" value="([^"]+)"', asked.content.decode())
    assert len(kept) == 1
    sent = page.post("/mail/compose/", {**fields(asked), **typed, "keep": kept, "pin": PIN, "action": "send"})
    assert sent.status_code == 303, words(sent)
    assert "Sent signed and encrypted to Bob Berger." in words(page.get("/mail/"))
    work()
    return page


def test_alice_and_bob_exchange_letters(cast: Cast) -> None:
    alice, bob = cast.alice, cast.bob
    at_alice = write_first_letter(alice, bob)

    at_bob = sign_in(bob)
    assert "Encrypted message" in words(at_bob.get("/mail/"))
    letter = f"/mail/{newest(bob)}/"
    assert "Unlock your key to read" in words(at_bob.get(letter))
    unlocked = at_bob.post("/unlock/", {"pin": PIN, "next": letter})
    assert unlocked["Location"] == letter
    read = words(at_bob.get(letter))
    assert f"Signed by Alice Arden · {cast.contoso.tenant.name}" in read
    assert "Encrypted to you (AES-256-GCM)" in read
    assert "Site visit" in read
    assert "Subject was encrypted" in read
    assert "the visit is confirmed for 3 December" in words(at_bob.get(f"{letter}body/"))
    file = at_bob.get(f"{letter}attachment/0/")
    assert file.content == FILE
    assert file["Content-Disposition"] == 'attachment; filename="plan.pdf"'

    begun = at_bob.get(f"/mail/compose/?reply={letter[6:-1]}")
    shown = begun.content.decode()
    assert "&gt; the visit is confirmed for 3 December." in shown
    answer = {
        **fields(begun), "to": alice.address, "subject": "Re: Site visit", "text": "Agreed.\n\n> the visit",
        "sign": "on", "action": "send",
    }  # fmt: skip
    assert at_bob.post("/mail/compose/", answer).status_code == 303
    work()

    reply = f"/mail/{newest(alice)}/"
    read = words(at_alice.get(reply))
    assert f"Signed by Bob Berger · {cast.fabrikam.tenant.name}" in read
    assert (
        "Encrypted to you" in read
    )  # although Encrypt was not posted: a reply to an encrypted letter stays encrypted
    assert "Re: Site visit" in read
    assert "Agreed." in words(at_alice.get(f"{reply}body/"))
