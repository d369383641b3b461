"""Every page draws with the context it documents, keeps to the strict policy, and says what it must."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from django.test import override_settings

from tests.gallery.render import ROOT, TEMPLATES, draw, every_page

SYMBOLS = set(re.findall(r'id="([a-z0-9-]+)"', (ROOT / "static" / "icons.svg").read_text()))
ALL_TEMPLATES = sorted(str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.html"))
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


@pytest.fixture(autouse=True)
def _every_url_name() -> Iterator[None]:
    with override_settings(ROOT_URLCONF="tests.gallery.urls", STATIC_URL="/static/"):
        yield


class Page(HTMLParser):
    """What the checks need of a page: elements with attributes, nesting faults, ids, text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.faults: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()
        else:
            self.faults.append(f"</{tag}> closes <{self.open[-1] if self.open else 'nothing'}>")

    def handle_data(self, data: str) -> None:
        self.text += data


with override_settings(ROOT_URLCONF="tests.gallery.urls"):
    PAGES = every_page()


@pytest.fixture(params=sorted(PAGES))
def page(request: pytest.FixtureRequest) -> Page:
    return Page(draw(*PAGES[request.param]))


def test_every_element_is_closed_where_it_was_opened(page: Page) -> None:
    assert page.faults == []
    assert page.open == []


def test_no_page_needs_an_inline_script_or_style(page: Page) -> None:
    for tag, attributes in page.elements:
        assert tag != "style"
        assert "style" not in attributes, (tag, attributes)
        assert not [name for name in attributes if name.startswith("on")], (tag, attributes)
        if tag == "script":
            assert attributes["src"].startswith("/static/js/")


def test_every_glyph_is_in_the_sprite(page: Page) -> None:
    used = {attributes["href"].split("#")[1] for tag, attributes in page.elements if tag == "use"}
    assert used <= SYMBOLS


def test_ids_are_unique_and_labels_and_descriptions_find_theirs(page: Page) -> None:
    ids = [attributes["id"] for _tag, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids)), [value for value in ids if ids.count(value) > 1]
    wanted = [
        value for tag, attributes in page.elements if tag == "label" for value in [attributes.get("for")]
    ]
    for name in ("aria-describedby", "aria-labelledby"):
        wanted += [part for _tag, found in page.elements for part in found.get(name, "").split()]
    assert {value for value in wanted if value} <= set(ids)


def test_every_form_that_posts_carries_its_token() -> None:
    for name, (template, context, address) in PAGES.items():
        html = draw(template, context, address)
        forms = re.findall(r'<form\b[^>]*method="post".*?</form>', html, re.DOTALL)
        assert all("csrfmiddlewaretoken" in form for form in forms), name


def test_nothing_of_a_template_shines_through(page: Page) -> None:
    for sign in ("{{", "}}", "{%", "%}", "{#", "#}", "None", "SimpleNamespace"):
        assert sign not in page.text, sign


def test_every_template_says_what_context_it_expects() -> None:
    silent = [name for name in ALL_TEMPLATES if "{% comment %}" not in (TEMPLATES / name).read_text()]
    assert silent == []


def test_every_template_is_drawn_by_the_gallery() -> None:
    drawn: set[str] = set()
    waiting = [template for template, _context, _address in PAGES.values()]
    pattern = re.compile(r'{% (?:extends|include) "([^"]+)"')
    while waiting:
        name = waiting.pop()
        if name not in drawn:
            drawn.add(name)
            waiting += pattern.findall((TEMPLATES / name).read_text())
    by_tags = set(
        re.findall(r'"(components/\w+\.html)"', (ROOT / "pkiportal/templatetags/portal.py").read_text())
    )
    assert set(ALL_TEMPLATES) - drawn - by_tags == set()
