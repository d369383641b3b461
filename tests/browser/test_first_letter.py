"""Alice writes to Bob, Bob sees why he may believe it and answers: two forests exchange their first letters."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from .portal import Portal
from .tab import Tab, letter_to_arrive

playwright = pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.browser
expect = playwright.expect

FILE = b"%PDF-1.7 the plan of the site\n"


def test_alice_writes_with_a_file_and_bob_reads_believes_and_answers(
    portal: Portal, sign_in: Callable[..., Tab], tmp_path: Path
) -> None:
    (tmp_path / "plan.pdf").write_bytes(FILE)
    alice = sign_in("alice")
    alice.look("inbox-locked")
    write_first_letter(alice, portal, tmp_path / "plan.pdf")

    bob = sign_in("bob")
    letter_to_arrive(bob, "Encrypted message")
    read_first_letter(bob, portal)
    see_why(bob)
    answer(bob)

    alice.page.get_by_role("link", name="Inbox").first.click()
    letter_to_arrive(alice, "Encrypted message")
    alice.open_letter("Encrypted message")
    expect(alice.page.get_by_role("heading", level=1)).to_have_text("Re: Site visit")
    expect(alice.verdict("SIG_OK")).to_contain_text("Signed by Bob Berger · Fabrikam")
    expect(alice.verdict("ENC_OK")).to_contain_text("also to Bob Berger")
    assert "Agreed." in alice.letter_text()
    alice.look("letter-reply")


def write_first_letter(alice: Tab, portal: Portal, file: Path) -> None:
    before = alice.clicks
    alice.click("link", "Compose")
    alice.look("compose-empty")
    alice.write(
        portal.people["bob"].email, "Site visit", "Bob,\n\nconfirmed for 3 December.\n\nAlice\n", file
    )
    expect(alice.page.get_by_role("switch", name="Sign")).to_be_checked()
    expect(alice.page.get_by_role("switch", name="Encrypt")).to_be_checked()
    expect(alice.page.locator("[data-pills=to] .rcpt")).to_contain_text("Bob Bergerready")
    expect(alice.page.locator("[data-algorithm]")).to_contain_text("AES-256-GCM")
    alice.look("compose-filled")
    alice.click("button", "Send signed & encrypted")
    assert alice.clicks - before == 2, "a signed and encrypted letter is two clicks, and the PIN"

    expect(alice.page.get_by_text("Unlock your key to sign")).to_be_visible()
    expect(alice.page.get_by_label("Keep plan.pdf")).to_be_checked()
    expect(alice.page.get_by_label("Subject")).to_have_value("Site visit")
    alice.look("compose-unlock")
    alice.page.get_by_label("PIN").fill(portal.people["alice"].pin)
    alice.page.keyboard.press("Enter")
    expect(alice.page.get_by_text("Sent signed and encrypted to Bob Berger.")).to_be_visible()
    expect(alice.page.locator(".keychip--open")).to_be_visible()
    alice.look("inbox-just-sent")
    alice.page.get_by_role("link", name="Sent").first.click()
    alice.open_letter("Site visit")
    expect(alice.page.get_by_text("In the mailbox here")).to_be_visible()
    alice.look("sent-letter")


def read_first_letter(bob: Tab, portal: Portal) -> None:
    before = bob.clicks
    bob.open_letter("Encrypted message")
    assert bob.clicks - before == 1, "reading is one click, and the PIN"
    bob.look("letter-locked")
    bob.unlock(portal.people["bob"])
    expect(bob.page.get_by_role("heading", level=1)).to_have_text("Site visit")
    expect(bob.page.get_by_text("Subject was encrypted")).to_be_visible()
    expect(bob.verdict("SIG_OK")).to_contain_text("Signed by Alice Arden · Contoso")
    expect(bob.verdict("ENC_OK")).to_contain_text("Encrypted to you (AES-256-GCM)")
    expect(bob.verdict("ENC_OK")).to_contain_text("also to Alice Arden")
    assert "confirmed for 3 December" in bob.letter_text()
    bob.look("letter-unlocked")
    assert bob.download(lambda: bob.click("link", "Download plan.pdf")) == FILE


def see_why(bob: Tab) -> None:
    """One click from the seal to the certificate; its path ends at a root that Fabrikam's administrator chose."""
    letter = bob.page.url
    bob.page.get_by_role("group", name="Signature and encryption").get_by_role("link").first.click()
    expect(bob.page.get_by_role("heading", level=1)).to_have_text("Alice Arden")
    for tab, words in {
        "General": "contoso.example",
        "Details": "Fingerprint, SHA-256",
        "Path": "trusted here",
        "Status": "Revocation list",
    }.items():
        bob.page.get_by_role("navigation", name="Certificate").get_by_role("link", name=tab).click()
        expect(bob.page.get_by_role("main")).to_contain_text(words)
        bob.look(f"certificate-{tab.lower()}")
    bob.page.goto(letter)
    bob.click("link", "Security details")
    expect(bob.page.get_by_role("complementary", name="Security details")).to_contain_text("Alice Arden")
    bob.look("letter-details")
    bob.page.goto(letter)


def answer(bob: Tab) -> None:
    bob.click("link", "Reply")
    expect(bob.page.get_by_role("switch", name="Encrypt")).to_be_checked()
    text = bob.page.get_by_label("Message", exact=True)
    assert "> confirmed for 3 December." in text.input_value()
    bob.look("compose-reply")
    text.press("Control+Home")
    text.press_sequentially("Agreed.")
    bob.click("button", "Send signed & encrypted")
    expect(bob.page.get_by_text("Sent signed and encrypted to Alice Arden.")).to_be_visible()
