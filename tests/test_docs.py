"""The pages of docs/ keep step with the source."""

from __future__ import annotations

import re

import pytest

from tests.variables import ROOT, read_variables

PAGES = sorted((ROOT / "docs").rglob("*.md"))


def test_every_environment_variable_that_is_read_is_explained_and_no_other() -> None:
    page = (ROOT / "docs" / "settings.md").read_text()
    explained = re.findall(r"^\| `([A-Z0-9_]+)` \|", page, re.MULTILINE)
    assert sorted(explained) == sorted(read_variables())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: object) -> None:
    from pathlib import Path

    assert isinstance(page, Path)
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", ["life-of-a-message.md", "life-of-a-crl.md"])
def test_the_functions_that_a_life_names_exist_and_it_stays_short(page: str) -> None:
    from importlib import import_module

    text = (ROOT / "docs" / page).read_text()
    named = re.findall(r"`((?:pki|smime|tenants|mail)(?:\.\w+)+)`", text)
    assert len(named) > 8
    for name in named:
        module, _, attribute = name.rpartition(".")
        assert hasattr(import_module(module), attribute), name
    assert len(text.splitlines()) < 60
