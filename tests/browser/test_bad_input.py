"""What goes wrong is said beside where it went wrong, and nothing that was typed is lost."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .portal import Portal
from .tab import Tab, letter_to_arrive

playwright = pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.browser
expect = playwright.expect


def test_a_wrong_pin_says_how_many_tries_are_left_and_pauses_after_five(sign_in: Callable[..., Tab]) -> None:
    nils = sign_in("nils")
    nils.click("link", "Key locked", exact=False)
    nils.look("unlock")
    for left in ("4 tries left", "3 tries left", "2 tries left", "1 try left"):
        nils.page.get_by_label("PIN").fill("000000")
        nils.page.keyboard.press("Enter")
        expect(nils.page.get_by_role("alert")).to_contain_text(f"That PIN does not fit. {left}.")
    nils.look("unlock-wrong")
    nils.page.get_by_label("PIN").fill("000000")
    nils.page.keyboard.press("Enter")
    expect(nils.page.get_by_text("The PIN rests until")).to_be_visible()
    expect(nils.page.get_by_text("nothing was deleted")).to_be_visible()
    expect(nils.page.get_by_label("PIN")).to_have_count(0)
    nils.look("unlock-paused")

    nils.go("/mail/compose/")
    nils.write("charlie@northwind.example", "While it rests", "Kept.")
    nils.click("button", "Send signed & encrypted")
    expect(nils.page.get_by_text("The PIN rests until")).to_be_visible()
    expect(nils.page.get_by_label("Subject")).to_have_value("While it rests")
    nils.look("compose-paused")


def test_a_wrong_password_is_one_sentence_for_every_cause(
    new_tab: Callable[..., Tab], portal: Portal
) -> None:
    said = set()
    for address in ("alice@contoso.example", "nobody@contoso.example"):
        tab = new_tab(portal.url)
        tab.go("/sign-in/")
        tab.page.get_by_label("Address").fill(address)
        tab.page.get_by_label("Password").fill("not the password")
        tab.click("button", "Sign in")
        said.add(tab.page.get_by_role("alert").inner_text())
        expect(tab.page.get_by_label("Address")).to_have_value(address)
        tab.look("door-refused")
    assert len(said) == 1


def test_somebody_without_a_certificate_opens_a_dialog_with_its_ways_out(
    sign_in: Callable[..., Tab], portal: Portal
) -> None:
    olga = sign_in("olga")
    olga.click("link", "Compose")
    olga.write("dave@legacy.example, bob@fabrikam.example", "Visit", "On 3 December.")
    expect(olga.page.locator("[data-pills=to] .rcpt[data-state=missing]")).to_contain_text(
        "dave@legacy.example"
    )
    olga.look("compose-missing")
    olga.click("button", "Send signed & encrypted")
    dialog = olga.page.get_by_role("dialog")
    expect(dialog).to_contain_text("dave@legacy.example")
    expect(dialog.get_by_role("listitem").filter(has_text="Bob Berger").first).to_be_visible()
    olga.look("compose-cannot")
    olga.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(olga.page.get_by_label("Message", exact=True)).to_have_value("On 3 December.")

    olga.click("button", "Send signed & encrypted")
    olga.page.get_by_role("button", name="Ask for a signed letter").click()
    expect(olga.page.get_by_text("Your letter waits in Drafts.")).to_be_visible()
    expect(olga.page.get_by_label("To", exact=True)).to_have_value("dave@legacy.example")
    olga.look("compose-ask")

    olga.go("/mail/drafts/")
    olga.look("drafts-locked")
    olga.unlock(portal.people["olga"])
    olga.look("drafts")
    olga.page.get_by_role("main").get_by_role("link").filter(has_text="Visit").click()
    expect(olga.page.get_by_label("Subject")).to_have_value("Visit")
    olga.click("button", "Send signed & encrypted")
    olga.page.get_by_role("button", name="Send only to").click()
    expect(olga.page.get_by_text("Sent signed and encrypted to Bob Berger.")).to_be_visible()


def test_addresses_that_are_none_are_named_beside_their_field(sign_in: Callable[..., Tab]) -> None:
    olga = sign_in("olga")
    olga.go("/mail/compose/")
    olga.write("not an address", "To whom?", "Anybody.")
    olga.click("button", "Send signed & encrypted")
    expect(olga.page.get_by_role("alert").first).to_contain_text("is not an address")
    expect(olga.page.get_by_label("To", exact=True)).to_have_value("not an address")
    olga.look("compose-bad-address")


def test_files_that_are_no_letters_are_refused_one_by_one_and_a_broken_one_breaks_no_list(
    sign_in: Callable[..., Tab],
) -> None:
    charlie = sign_in("charlie")
    charlie.go("/mail/import/")
    charlie.page.get_by_label("Files").set_input_files(
        [
            {"name": "empty.eml", "mimeType": "message/rfc822", "buffer": b""},
            {"name": "noise.eml", "mimeType": "message/rfc822", "buffer": bytes(range(256)) * 40},
            {"name": "broken.eml", "mimeType": "message/rfc822", "buffer": BROKEN},
        ]
    )
    charlie.click("button", "Import")
    charlie.look("imported-broken")
    expect(charlie.page.get_by_text("The file is empty.")).to_be_visible()
    charlie.page.get_by_role("link", name="broken.eml").click()
    charlie.look("letter-broken")
    charlie.go("/mail/")
    letter_to_arrive(charlie, "Half a letter")
    charlie.look("inbox-with-a-broken-letter")


BROKEN = (
    b"From: Charlie Chen <charlie@northwind.example>\r\nTo: charlie@northwind.example\r\n"
    b"Subject: Half a letter\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name="smime.p7m"\r\n'
    b"Content-Transfer-Encoding: base64\r\n\r\nMIAGCSqGSIb3DQEHA6CAMIACAQAxggHB\r\n"
)


def test_a_letter_changed_on_its_way_says_so(sign_in: Callable[..., Tab]) -> None:
    alice = sign_in("alice")
    alice.go("/mail/?filter=all")
    alice.open_letter("New bank details")
    expect(alice.verdict("SIG_BAD")).to_contain_text("Signature broken: the message changed")
    alice.look("letter-changed")
    alice.verdict("SIG_BAD").get_by_role("link").click()
    expect(alice.page.get_by_role("complementary", name="Security details")).to_be_visible()
    alice.look("letter-changed-details")


def test_a_foreign_address_is_as_absent_as_one_that_never_was(sign_in: Callable[..., Tab]) -> None:
    alice = sign_in("alice")
    alice.wanted.add(404)
    alice.go("/admin/people/")
    expect(alice.page.get_by_role("heading", level=1)).to_be_visible()
    alice.look("error-404")
