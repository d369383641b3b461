"""The pages in Chromium under the strict policy: no violation, comfort by scripts, everything without them too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.gallery.mail_pages import ROWS

from .gallery_site import Site, serve
from .looking import Views
from .tab import Tab

playwright = pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with serve() as running:
        yield running


class GalleryTab(Tab):
    """A tab on the gallery's site."""

    def __init__(self, browser: Any, site: Site, views: Views, **options: Any) -> None:
        super().__init__(browser, site.url, views, **options)
        self.site = site

    def open(self, name: str) -> Any:
        return self.go(f"/{name}.html")


@pytest.fixture
def tab(chromium: Any, site: Site, views: Views) -> Iterator[GalleryTab]:
    made = GalleryTab(chromium, site, views)
    yield made
    made.close()
    assert made.complaints == []


@pytest.fixture
def plain_tab(chromium: Any, site: Site, views: Views) -> Iterator[GalleryTab]:
    """JavaScript off."""
    made = GalleryTab(chromium, site, views, scripts=False)
    yield made
    made.close()


def test_no_page_violates_the_policy_throws_or_is_wider_than_its_window(tab: GalleryTab) -> None:
    wide = []
    for path in sorted(tab.site.documents):
        tab.page.goto(f"{tab.site.url}{path}")
        for width in (360, 768, 1280):
            tab.page.set_viewport_size({"width": width, "height": 800})
            if tab.page.evaluate("document.documentElement.scrollWidth") > width:
                wide.append((path, width))
        assert tab.complaints == [], path
    assert wide == []


def test_the_key_chip_counts_down(tab: GalleryTab) -> None:
    page = tab.open("keys")
    left = page.locator("[data-seconds-left]")
    first = left.text_content()
    page.wait_for_timeout(2200)
    assert left.text_content() != first


def test_the_dialog_names_who_cannot_read_and_goes_back_without_sending(tab: GalleryTab) -> None:
    page = tab.open("mail-compose-cannot")
    dialog = page.get_by_role("dialog")
    assert "Charlie Chen" in (dialog.text_content() or "")
    before = len(tab.site.posts)
    page.get_by_role("button", name="Go back").click()
    playwright.expect(dialog).to_be_hidden()
    assert [path for path, _body in tab.site.posts[before:] if "recipients" not in path] == []


def test_escape_closes_the_dialog_and_keeps_the_letter(tab: GalleryTab) -> None:
    page = tab.open("mail-compose-cannot")
    page.keyboard.press("Escape")
    playwright.expect(page.get_by_role("dialog")).to_be_hidden()
    assert page.get_by_label("Subject").input_value() == "Site visit on 3 December"


def test_recipients_show_their_state_while_typing_and_never_as_markup(tab: GalleryTab) -> None:
    page = tab.open("mail-compose-blank")
    page.get_by_label("To", exact=True).press_sequentially("bob@fabrikam.example")
    pill = page.locator("[data-pills=to] .rcpt")
    playwright.expect(pill).to_contain_text("<i>Bob</i>")
    playwright.expect(pill).to_contain_text("ready")
    playwright.expect(page.locator("[data-pills=cc] .rcpt")).to_contain_text("too weak")
    playwright.expect(page.locator("[data-algorithm]")).to_contain_text("AES-256-GCM")


def test_chosen_files_are_listed_with_sizes_added_to_and_taken_back(tab: GalleryTab, tmp_path: Path) -> None:
    page = tab.open("mail-compose-blank")
    for name, octets in (("plan.pdf", 84_000), ("<b>.txt", 12)):
        (tmp_path / name).write_bytes(b"x" * octets)
        page.locator("[data-files]").set_input_files(tmp_path / name)
    chosen = page.locator("[data-chosen] li")
    playwright.expect(chosen).to_have_count(2)
    playwright.expect(chosen.first).to_contain_text("84 kB")
    playwright.expect(chosen.last).to_contain_text("<b>.txt")
    page.get_by_role("button", name="Remove plan.pdf").click()
    playwright.expect(chosen).to_have_count(1)


def test_a_draft_is_saved_after_five_seconds_of_rest_without_pin_and_files(tab: GalleryTab) -> None:
    page = tab.open("mail-compose-unlock")
    page.get_by_label("PIN").fill("271828")
    page.get_by_label("Message", exact=True).press_sequentially("Dear Bob")
    playwright.expect(page.locator("[data-draft-status]")).to_contain_text("09:12", timeout=9000)
    saved = [body for path, body in tab.site.posts if path.endswith("/drafts/save/")][-1]
    assert "Dear Bob" in saved
    assert "271828" not in saved
    assert page.locator("input[name=draft]").input_value() == "3f0c"


def test_the_menu_opens_and_closes_by_keyboard(tab: GalleryTab) -> None:
    page = tab.open("mail-inbox")
    menu = page.locator("summary.person")
    menu.focus()
    page.keyboard.press("Enter")
    playwright.expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    page.keyboard.press("Escape")
    playwright.expect(page.get_by_role("button", name="Sign out")).to_be_hidden()


def test_the_list_asks_for_its_rows_and_takes_them_in_without_a_script_sink(tab: GalleryTab) -> None:
    tab.page.clock.install()
    page = tab.open("mail-inbox-empty")
    playwright.expect(page.locator("[data-rows-url] .row")).to_have_count(0)
    page.clock.fast_forward(21_000)
    playwright.expect(page.locator("[data-rows-url] .row").first).to_contain_text("Bob Berger")
    playwright.expect(page.locator("[data-rows-url] .row")).to_have_count(len(ROWS))


def test_the_letter_lies_in_a_frame_without_scripts_and_reads_in_it(tab: GalleryTab) -> None:
    page = tab.open("mail-message-ok")
    frame = page.locator("iframe").first
    assert "allow-scripts" not in (frame.get_attribute("sandbox") or "")
    assert "allow-same-origin" not in (frame.get_attribute("sandbox") or "")
    playwright.expect(page.frame_locator("iframe").first.locator("body")).to_contain_text("clause 4")


def test_without_javascript_the_dialog_is_open_and_every_way_out_posts(plain_tab: GalleryTab) -> None:
    page = plain_tab.open("mail-compose-cannot")
    playwright.expect(page.get_by_role("dialog")).to_be_visible()
    page.get_by_role("button", name="Go back").click()
    assert 'name="action"\r\n\r\nback' in plain_tab.site.posts[-1][1]


def test_without_javascript_enter_in_a_field_saves_and_never_sends(plain_tab: GalleryTab) -> None:
    page = plain_tab.open("mail-compose")
    page.get_by_label("Subject").press("Enter")
    assert 'name="action"\r\n\r\nenter' in plain_tab.site.posts[-1][1]


def test_without_javascript_the_menus_open(plain_tab: GalleryTab) -> None:
    page = plain_tab.open("mail-inbox")
    page.locator("summary.person").click()
    playwright.expect(page.get_by_role("button", name="Sign out")).to_be_visible()
