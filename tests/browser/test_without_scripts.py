"""JavaScript off: the same pages read, unlock and send; only comfort is missing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from .portal import Portal
from .tab import Tab, letter_to_arrive

playwright = pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.browser
expect = playwright.expect


def test_a_letter_is_sent_with_a_file_and_read(
    sign_in: Callable[..., Tab], portal: Portal, tmp_path: Path
) -> None:
    (tmp_path / "plan.txt").write_bytes(b"the plan\n")
    bob = sign_in("bob", scripts=False)
    bob.click("link", "Compose")
    bob.write(
        portal.people["farid"].email, "Without scripts", "Farid,\n\nas agreed.\n", tmp_path / "plan.txt"
    )
    bob.page.get_by_label("Subject").press("Enter")
    expect(bob.page.get_by_label("Keep plan.txt")).to_be_checked()
    expect(bob.page.locator("[data-pills=to] .rcpt")).to_contain_text("Farid Faber")
    bob.look("no-script-compose")
    bob.click("button", "Send signed & encrypted")
    bob.page.get_by_label("PIN").fill("000000")
    bob.page.keyboard.press("Enter")
    expect(bob.page.get_by_role("alert").first).to_contain_text("That PIN does not fit. 4 tries left.")
    expect(bob.page.get_by_label("Keep plan.txt")).to_be_checked()
    bob.look("no-script-compose-wrong-pin")
    bob.page.get_by_label("PIN").fill(portal.people["bob"].pin)
    bob.page.keyboard.press("Enter")
    expect(bob.page.get_by_text("Sent signed and encrypted to Farid Faber.")).to_be_visible()

    farid = sign_in("farid", scripts=False)
    farid.go("/mail/")
    letter_to_arrive(farid, "Encrypted message")
    farid.open_letter("Encrypted message")
    farid.unlock(portal.people["farid"])
    expect(farid.verdict("SIG_OK")).to_contain_text("Signed by Bob Berger · Fabrikam")
    assert "as agreed." in farid.letter_text()
    farid.look("no-script-letter")
    assert farid.download(lambda: farid.click("link", "Download plan.txt")) == b"the plan\n"


def test_the_dialog_is_open_and_its_ways_out_are_buttons(sign_in: Callable[..., Tab]) -> None:
    bob = sign_in("bob", scripts=False)
    bob.go("/mail/compose/")
    bob.write("dave@legacy.example", "Visit", "On 3 December.")
    bob.click("button", "Send signed & encrypted")
    dialog = bob.page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    bob.look("no-script-cannot")
    bob.click("button", "Go back")
    expect(dialog).to_have_count(0)
    expect(bob.page.get_by_label("Message", exact=True)).to_have_value("On 3 December.")
