"""Olga revokes Alice's signing certificate: the world learns it, the portal refuses, old letters say both dates."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509

from pki.crl import Crl
from tests.journeys.openssl import must

from .portal import Portal
from .tab import Tab, letter_to_arrive

playwright = pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.browser
expect = playwright.expect

MINUTE = 60.0
PASSWORD = "a password for the file"


def test_a_revoked_certificate_is_known_everywhere_within_a_minute(
    own_portal: Portal, new_tab: Callable[..., Tab], tmp_path: Path
) -> None:
    alice, bob, olga = (new_tab(own_portal.url) for _ in range(3))
    for tab, name in ((alice, "alice"), (bob, "bob"), (olga, "olga")):
        tab.sign_in(own_portal.people[name])
    send_signed(alice, own_portal)
    earlier = read_before(bob)
    certificate = take_the_key_along(alice, own_portal, tmp_path)
    assert certificate.serial_number not in published(own_portal, certificate)

    started = time.monotonic()
    revoke(olga, own_portal)
    while certificate.serial_number not in published(own_portal, certificate):
        assert time.monotonic() - started < MINUTE, "not on the published list within a minute"
        time.sleep(0.1)
    print(f"from the click to the public list: {time.monotonic() - started:.2f} s")
    look_again(olga)

    bob.page.goto(earlier)
    expect(bob.verdict("SIG_OK")).to_contain_text("Signed by Alice Arden · Contoso")
    said = bob.verdict("SIG_OK").inner_text()
    assert re.search(
        r"when the letter arrived, today [\d:]+\. The certificate was revoked today [\d:]+: key", said
    ), said
    bob.look("letter-revoked-since")

    signed_outside(bob, own_portal, tmp_path)
    refused_to_sign(alice)


def send_signed(alice: Tab, portal: Portal) -> None:
    alice.click("link", "Compose")
    alice.write(portal.people["bob"].email, "Before", "Signed while all was well.")
    note = alice.page.get_by_text("will be encrypted")
    expect(note).to_be_visible()
    alice.page.get_by_role("switch", name="Encrypt").uncheck()
    expect(note).to_be_hidden()
    alice.click("button", "Send signed")
    alice.page.get_by_label("PIN").fill(portal.people["alice"].pin)
    alice.click("button", "Unlock and send")
    expect(alice.page.get_by_text("Sent signed, not encrypted, to Bob Berger.")).to_be_visible()


def read_before(bob: Tab) -> str:
    letter_to_arrive(bob, "Before")
    bob.open_letter("Before")
    expect(bob.verdict("SIG_OK")).to_contain_text("Signed by Alice Arden · Contoso")
    return str(bob.page.url)


def take_the_key_along(alice: Tab, portal: Portal, folder: Path) -> x509.Certificate:
    """Exported through the page, opened by OpenSSL."""
    alice.page.get_by_role("link", name="My certificates").first.click()
    alice.look("keys")
    alice.click("link", "Export .p12")
    alice.look("export")
    for box in alice.page.get_by_role("group", name="Which keys").get_by_role("checkbox").all():
        box.set_checked("Signing" in box.locator("xpath=..").inner_text())
    alice.page.get_by_label("Password for the file").fill(PASSWORD)
    alice.page.get_by_label("Again").fill(PASSWORD)
    exported = alice.download(lambda: alice.click("button", "Export"))
    (folder / "alice.p12").write_bytes(exported)
    opened = ("pkcs12", "-in", "alice.p12", "-passin", f"pass:{PASSWORD}", "-nodes")
    must(folder, *opened, "-clcerts", "-out", "alice.pem")
    must(folder, *opened, "-cacerts", "-nokeys", "-out", "issuers.pem")
    return x509.load_pem_x509_certificate((folder / "alice.pem").read_bytes())


def published(portal: Portal, certificate: x509.Certificate) -> set[int]:
    """Serial numbers on the list at the address that stands in the certificate."""
    points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    (name,) = next(iter(points)).full_name or ()
    crl = Crl.parse(portal.fetch(name.value))
    return {certificate.serial_number} if crl.find(certificate.serial_number) else set()


def revoke(olga: Tab, portal: Portal) -> None:
    olga.go("/admin/certificates/")
    olga.look("admin-certificates")
    before = olga.clicks
    olga.page.get_by_role("row").filter(has_text="Alice Arden, Signing").get_by_role(
        "link", name="Revoke…"
    ).click()
    olga.look("admin-revoke")
    olga.page.get_by_role("radio", name="Key compromise").check()
    olga.page.get_by_label("Your password").fill(portal.people["olga"].password)
    olga.clicks += 2
    olga.click("button", "Revoke and publish")
    assert olga.clicks - before == 3, "revoking and publishing is three clicks"
    expect(olga.page.get_by_text("It was revoked")).to_be_visible()


def look_again(olga: Tab) -> None:
    olga.page.reload()
    expect(olga.page.get_by_text("names it")).to_be_visible()
    olga.look("admin-revoked")
    olga.go("/admin/people/")
    olga.page.get_by_role("link").filter(has_text="Alice Arden").click()
    olga.look("admin-person-revoked")


def signed_outside(bob: Tab, portal: Portal, folder: Path) -> None:
    """With the key that was taken along; somebody who has it can still sign, but nobody believes it."""
    people = portal.people
    (folder / "text").write_bytes(b"Please pay to account 4712.")
    letter = must(
        folder, "cms", "-sign", "-in", "text", "-text", "-signer", "alice.pem", "-inkey", "alice.pem", "-certfile",
        "issuers.pem", "-from", f"Alice Arden <{people['alice'].email}>", "-to", people["bob"].email, "-subject", "After",
    )  # fmt: skip
    bob.page.get_by_role("link", name="Import letters").first.click()
    bob.look("import")
    file = {"name": "after.eml", "mimeType": "message/rfc822", "buffer": letter}
    bob.page.get_by_label("Files").set_input_files(file)
    bob.click("button", "Import")
    bob.look("imported")
    bob.page.get_by_role("main").get_by_role("link", name="after.eml").click()
    expect(bob.verdict("SIG_REVOKED")).to_contain_text("Signed with a revoked certificate")
    expect(bob.verdict("SIG_REVOKED")).to_contain_text("key compromise")
    bob.look("letter-revoked")


def refused_to_sign(alice: Tab) -> None:
    alice.go("/mail/compose/")
    expect(alice.page.get_by_role("switch", name="Sign")).to_be_disabled()
    expect(alice.page.get_by_text("You have no valid signing certificate.")).to_be_visible()
    alice.look("compose-cannot-sign")
    alice.write("bob@fabrikam.example", "After", "Signed?")
    alice.page.locator("button[name=action][value=send]").last.click()
    expect(alice.page.get_by_role("alert").first).to_contain_text("signing certificate")
    expect(alice.page.get_by_label("Subject")).to_have_value("After")
    alice.go("/certificates/")
    expect(alice.page.get_by_role("link", name="Issue a new one")).to_be_visible()
    alice.look("keys-revoked")
