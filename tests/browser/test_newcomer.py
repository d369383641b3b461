"""Somebody new: a link, a password, a PIN on one page, and the first signed and encrypted letter at once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .portal import Login, Portal
from .tab import Tab

playwright = pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.browser
expect = playwright.expect

PIN = "314159"


def test_ivan_enrols_on_one_page_and_writes_signed_and_encrypted_at_once(
    portal: Portal, new_tab: Callable[..., Tab]
) -> None:
    ivan = new_tab(portal.url)
    ivan.go("/")
    ivan.look("door")
    ivan.sign_in(portal.people["ivan"])
    enrol(ivan, "Ivan Ilic")
    assert ivan.clicks == 3, "from the first sign-in to being able to sign and encrypt it is three clicks"
    ivan.look("inbox-first-day")

    before = ivan.clicks
    ivan.click("link", "Compose")
    ivan.write(portal.people["bob"].email, "Hello", "My first letter.")
    ivan.click("button", "Send signed & encrypted")
    assert ivan.clicks - before == 2
    expect(ivan.page.get_by_text("Sent signed and encrypted to Bob Berger.")).to_be_visible()


def enrol(tab: Tab, name: str) -> None:
    expect(tab.page.get_by_role("heading", level=1)).to_have_text("Get ready to sign and encrypt")
    tab.look("enrol")
    tab.page.get_by_label("Choose a PIN").fill(PIN)
    tab.page.get_by_label("The same again").fill(PIN)
    tab.click("button", "Issue my certificates")
    done = tab.page.get_by_role("heading", name=f"You can sign and encrypt, {name}")
    expect(done).to_be_visible(timeout=60_000)
    tab.look("enrol-done")
    tab.click("link", "Open my mail")


def test_an_administrator_adds_a_person_who_arrives_by_the_link(
    sign_in: Callable[..., Tab], new_tab: Callable[..., Tab], portal: Portal
) -> None:
    farid = sign_in("farid")
    farid.go("/admin/people/add/")
    farid.look("admin-add-person")
    farid.page.get_by_label("Name").fill("Fiona Frost")
    farid.page.get_by_label("Address").fill("fiona@contoso.example")
    farid.click("button", "Add and make the link")
    expect(farid.page.get_by_label("Name")).to_have_value("Fiona Frost")
    farid.look("admin-add-person-refused")
    farid.page.get_by_label("Address").fill("fiona@fabrikam.example")
    farid.click("button", "Add and make the link")
    link = farid.page.locator("#signin-link").inner_text()
    farid.look("admin-person-link")

    fiona = new_tab(portal.url)
    fiona.page.goto(link)
    fiona.look("welcome")
    fiona.page.get_by_label("New password").fill("too short")
    fiona.page.get_by_label("The same again").fill("too short")
    fiona.click("button", "Set password and sign in")
    expect(fiona.page.get_by_role("alert").first).to_be_visible()
    fiona.look("welcome-too-short")
    fiona.page.get_by_label("New password").fill("four unrelated words here")
    fiona.page.get_by_label("The same again").fill("four unrelated words here")
    fiona.click("button", "Set password and sign in")
    enrol(fiona, "Fiona Frost")

    again = new_tab(portal.url)
    again.wanted.add(404)
    again.page.goto(link)
    expect(again.page.get_by_role("heading", level=1)).to_have_text("This link does not open anything")
    again.look("welcome-used")
    fiona_back = Login(
        "Fabrikam", "Fiona Frost", "fiona@fabrikam.example", "four unrelated words here", PIN, ""
    )
    again.sign_in(fiona_back)
    expect(again.page.get_by_role("heading", name="Inbox")).to_be_visible()
