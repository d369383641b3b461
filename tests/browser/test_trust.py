"""A forest that nobody knows: the letter says so, an administrator decides, the same letter turns, and turns back."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .tab import Tab

playwright = pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.browser
expect = playwright.expect

LETTER = "Delivery schedule, lots 3-5"
NOT_YET = "Signed · issuer not trusted by your organisation yet"
DISTRUSTED = "Signed · your organisation distrusts the issuer"


def test_alice_asks_olga_trusts_the_letter_turns_and_turns_back(sign_in: Callable[..., Tab]) -> None:
    alice, olga = sign_in("alice"), sign_in("olga")
    ask_the_administrator(alice)
    trust_what_was_asked(olga)

    expect(alice.page.get_by_role("heading", level=1)).to_have_text(LETTER)
    alice.page.reload()
    expect(alice.verdict("SIG_OK")).to_contain_text("Signed by Charlie Chen · Northwind")
    alice.look("letter-trusted-now")

    root = distrust(olga)
    alice.page.reload()
    expect(alice.verdict("SIG_UNTRUSTED")).to_contain_text(DISTRUSTED)
    alice.look("letter-distrusted")

    import_from_a_file(olga, root)
    alice.page.reload()
    expect(alice.verdict("SIG_OK")).to_contain_text("Signed by Charlie Chen · Northwind")


def ask_the_administrator(alice: Tab) -> None:
    alice.open_letter(LETTER)
    letter = alice.page.url
    expect(alice.verdict("SIG_UNTRUSTED")).to_contain_text(NOT_YET)
    alice.look("letter-untrusted")
    alice.verdict("SIG_UNTRUSTED").get_by_role("link").click()
    expect(alice.page.get_by_text("Only an administrator can decide that.")).to_be_visible()
    alice.look("path-untrusted")
    alice.click("button", "Ask administrator to trust")
    expect(alice.page.get_by_text("Your administrators have been asked.")).to_be_visible()
    alice.look("path-asked")
    alice.page.goto(letter)
    expect(alice.verdict("SIG_UNTRUSTED")).to_contain_text("waiting for your administrator")


def trust_what_was_asked(olga: Tab) -> None:
    before = olga.clicks
    olga.click("link", "Administration")
    olga.look("admin-people")
    olga.page.get_by_role("navigation", name="Administration").get_by_role("link", name="Trust roots").click()
    olga.clicks += 1
    request = olga.page.get_by_role("heading", name="Alice Arden asks you to trust")
    expect(request).to_be_visible()
    olga.look("admin-trust-asked")
    olga.click("link", "See what would change")
    expect(olga.page.get_by_text("Alice Arden asks you to trust this root.")).to_be_visible()
    expect(olga.page.get_by_label("Domains, one a line")).to_have_value("northwind.example")
    olga.look("admin-trust-preview")
    olga.click("button", "The fingerprint matches, trust it")
    assert olga.clicks - before == 4, "trusting a partner's root is four clicks"
    row = olga.page.get_by_role("row").filter(has_text="Northwind")
    expect(row).to_contain_text("trusted")
    expect(row).to_contain_text("Olga Orlova")
    olga.look("admin-trust-trusted")


def distrust(olga: Tab) -> bytes:
    """The root's certificate, taken along before."""
    row = olga.page.get_by_role("row").filter(has_text="Northwind")
    row.get_by_role("rowheader").get_by_role("link").click()
    root = olga.download(lambda: olga.page.get_by_role("link", name=".cer").first.click())
    olga.look("certificate-root")
    olga.go("/admin/trust/")
    row.get_by_role("link", name="Distrust…").click()
    expect(olga.page.get_by_text("you can trust it again.")).to_be_visible()
    olga.look("admin-distrust")
    olga.click("button", "Distrust it")
    expect(row).to_contain_text("distrusted")
    olga.look("admin-trust-distrusted")
    return root


def import_from_a_file(olga: Tab, root: bytes) -> None:
    olga.click("link", "Import a root")
    olga.look("admin-trust-import")
    broken = {"name": "root.cer", "mimeType": "application/pkix-cert", "buffer": b"no certificate"}
    olga.page.get_by_label("Certificate file").set_input_files(broken)
    olga.click("button", "Read it")
    expect(olga.page.get_by_role("alert").first).to_be_visible()
    olga.look("admin-trust-import-broken")
    olga.page.get_by_label("Certificate file").set_input_files({**broken, "buffer": root})
    olga.click("button", "Read it")
    expect(olga.page.get_by_text("This root was distrusted")).to_be_visible()
    olga.page.get_by_label("Domains, one a line").fill("northwind.example")
    olga.click("button", "Show what changes")
    expect(olga.page.get_by_role("heading", name="3. What changes for Contoso")).to_be_visible()
    olga.look("admin-trust-preview-again")
    olga.click("button", "The fingerprint matches, trust it")
