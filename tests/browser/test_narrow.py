"""In a narrow window: menus say what they lead to, and nothing of a letter is pushed out of sight."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .portal import Portal
from .tab import Tab, letter_to_arrive

pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.browser


def width_of(locator: Any) -> float:
    box = locator.bounding_box()
    assert box is not None
    return float(box["width"])


def test_the_menu_of_a_phone_says_its_words(sign_in: Callable[..., Tab]) -> None:
    tab = sign_in("olga")
    tab.page.set_viewport_size({"width": 390, "height": 844})
    tab.page.get_by_text("More", exact=True).click()
    for label in ("Drafts", "Sent", "My certificates", "Administration"):
        assert width_of(tab.page.locator(".bottombar__more").get_by_text(label)) > 20, label


@pytest.mark.parametrize("width", [390, 1000])
def test_the_persons_menu_says_its_words(sign_in: Callable[..., Tab], width: int) -> None:
    tab = sign_in("olga")
    tab.page.set_viewport_size({"width": width, "height": 844})
    tab.page.locator("summary.person").click()
    for label in ("My mail", "My certificates", "Administration"):
        assert width_of(tab.page.locator(".menu__body").get_by_text(label)) > 20, label


def test_a_long_subject_without_spaces_leaves_the_seal_in_sight(
    portal: Portal, sign_in: Callable[..., Tab]
) -> None:
    tab, subject = sign_in("bob"), "Rekapitulation" * 22
    tab.go("/unlock/?next=/mail/compose/")
    tab.unlock(portal.people["bob"])
    tab.write("bob@fabrikam.example", subject, "Short.")
    tab.click("button", "Send signed & encrypted")
    tab.go("/mail/")
    letter_to_arrive(tab, "Not opened yet")  # even its subject travels encrypted
    tab.open_letter("Not opened yet")
    tab.page.locator("iframe").first.wait_for()
    for width in (390, 1280):
        tab.page.set_viewport_size({"width": width, "height": 844})
        for action in tab.page.locator(".verdicts .seal__action").all():
            box = action.bounding_box()
            assert box is not None
            assert box["x"] + box["width"] <= width
        assert tab.page.evaluate("document.documentElement.scrollWidth") <= width
