"""One Chromium, one portal for journeys that do not disturb each other, tabs that fail a test for any complaint."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .looking import Views
from .portal import Portal, started
from .tab import Tab

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")


# Not for the session: while Playwright's loop runs, Django refuses its database to other tests of this process.
@pytest.fixture(scope="package")
def chromium() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def views() -> Views:
    return Views()


@pytest.fixture(scope="session")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """The demonstration. A journey that would disturb others (a revocation) takes `own_portal`."""
    with started(tmp_path_factory.mktemp("portal") / "home") as running:
        yield running


@pytest.fixture
def own_portal(tmp_path: Path) -> Iterator[Portal]:
    with started(tmp_path / "home") as running:
        yield running


@pytest.fixture
def new_tab(chromium: Any, views: Views) -> Iterator[Callable[..., Tab]]:
    """`new_tab(url, scripts=False)`: a tab without cookies; at the end none may have complained."""
    tabs: list[Tab] = []
    print(f"SCREENS_SEED={views.seed}")

    def open_one(url: str, **options: Any) -> Tab:
        tabs.append(Tab(chromium, url, views, **options))
        return tabs[-1]

    yield open_one
    for tab in tabs:
        tab.close()
    assert [complaint for tab in tabs for complaint in tab.complaints] == []


@pytest.fixture
def sign_in(new_tab: Callable[..., Tab], portal: Portal) -> Callable[..., Tab]:
    """`sign_in("alice")`: a tab in which she has signed in on the shared portal."""

    def arrive(first_name: str, **options: Any) -> Tab:
        tab = new_tab(portal.url, **options)
        tab.sign_in(portal.people[first_name])
        return tab

    return arrive
