"""Without a mouse: signing in, unlocking, reading, by keys alone and with the focus in sight."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .portal import Portal
from .tab import Tab

playwright = pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.browser
expect = playwright.expect

MOST_STEPS = 60


def test_signing_in_unlocking_and_reading_by_keys_alone(portal: Portal, new_tab: Callable[..., Tab]) -> None:
    tab, alice = new_tab(portal.url), portal.people["alice"]
    keys = tab.page.keyboard
    tab.go("/")
    expect(tab.page.get_by_label("Address")).to_be_focused()
    keys.type(alice.email)
    keys.press("Tab")
    keys.type(alice.password)
    keys.press("Enter")
    expect(tab.page.get_by_role("heading", name="Inbox")).to_be_visible()

    keys.press("Tab")
    expect(tab.page.get_by_role("link", name="Skip to content")).to_be_focused()
    tab.look("skip-to-content")
    keys.press("Enter")
    walk_to(tab, "Olga Orlova")
    keys.press("Enter")
    expect(tab.page.get_by_label("PIN")).to_be_visible()
    keys.press("Tab")
    walk_to(tab, "", name="pin")
    keys.type(alice.pin)
    keys.press("Enter")
    expect(tab.verdict("SIG_OK")).to_contain_text("Signed by Olga Orlova · Contoso")
    expect(tab.page.get_by_role("heading", level=1)).to_have_text("Welcome to secure mail")
    walk_to(tab, "View certificate")
    keys.press("Enter")
    expect(tab.page.get_by_role("heading", level=1)).to_have_text("Olga Orlova")


def walk_to(tab: Tab, words: str, *, name: str = "") -> None:
    """Tab on until the focus is on what says `words` (or on the field `name`); it is in sight at every step."""
    for _ in range(MOST_STEPS):
        tab.page.keyboard.press("Tab")
        focused = tab.page.locator(":focus")
        if focused.count() == 0:
            continue
        outline = focused.evaluate(OUTLINE)
        assert outline, f"the focus is not to be seen on {focused.evaluate('e => e.outerHTML')[:200]}"
        if (name and focused.get_attribute("name") == name) or (words and words in focused.inner_text()):
            return
    pytest.fail(f"no way to {words or name!r} within {MOST_STEPS} steps")


OUTLINE = """(element) => {
  if (element.tagName === "IFRAME") return "the browser's own";
  const style = getComputedStyle(element);
  return (style.outlineStyle !== "none" && style.outlineWidth !== "0px") || style.boxShadow !== "none";
}"""
