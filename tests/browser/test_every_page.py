"""Every page a person can reach by following links, each looked at once: policy, axe-core, width, a picture."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from django.urls import Resolver404, URLPattern, URLResolver, get_resolver, resolve

from tenants.services.certificate_files import FORMS

from .portal import Portal
from .tab import Tab

playwright = pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.browser

# Not reached by a link of somebody signed in, and looked at where a journey comes by.
BY_OTHER_WAYS = {
    "portal:sign_in": "the door",
    "tenants:signin_link": "from the administrator's hand",
    "tenants:enrol": "before the first certificate",
    "tenants:trust_preview": "after a file was read, or from a request",
    "mail:draft": "with a draft",
    "tenants:next_policy": "after a choice in a form",
    "tenants:template_draft": "with a draft of a template",
    "tenants:template_draft_edit": "with a draft of a template",
}
# Answers that are no pages: files, fragments, what only a script or a form asks for.
NO_PAGES = {
    "portal:home", "portal:health", "portal:sign_out",
    "tenants:enrol_status", "tenants:lock", "tenants:certificate_file", "tenants:trust_request",
    "tenants:public_crl", "tenants:public_issuer", "tenants:new_signin_link", "tenants:deactivate_person",
    "tenants:public_shard_crl", "tenants:renew", "tenants:two_person_rule", "tenants:approval_approve",
    "tenants:approval_decline", "tenants:template_withdraw", "tenants:template_publish",
    "tenants:template_discard", "tenants:decide_enrolment", "tenants:release",
    "tenants:activate_person", "tenants:allow_enrolment", "tenants:publish_crl", "tenants:trust_refuse",
    "mail:inbox_rows", "mail:attachment", "mail:raw", "mail:check_again", "mail:mark_unread",
    "mail:draft_discard", "mail:draft_save", "mail:recipients", "mail:certificate_import", "mail:contact_choose",
}  # fmt: skip
PAGES_OF = {"alice": ["/mail/", "/mail/?filter=problem", "/unlock/"], "olga": ["/admin/people/"]}


def test_every_page_that_links_lead_to(portal: Portal, sign_in: Callable[..., Tab]) -> None:
    reached = set()
    for name, starts in PAGES_OF.items():
        tab = sign_in(name)
        tab.go("/unlock/?next=/mail/")
        tab.unlock(portal.people[name])
        open_every_letter(tab, portal)
        reached |= set(crawl(tab, portal, starts, name))
    wanted = {name for name in named_addresses() if name.partition(":")[0] in ("portal", "tenants", "mail")}
    assert wanted - reached - set(BY_OTHER_WAYS) - NO_PAGES == set()


def open_every_letter(tab: Tab, portal: Portal) -> None:
    """What was opened once has its verdict in the list, and has brought contacts."""
    for link in links(tab, portal):
        if (kind_of(link) or "").startswith("mail:message?letter"):
            tab.go(link)
    tab.go("/mail/")


def crawl(tab: Tab, portal: Portal, starts: list[str], who: str) -> Iterator[str]:
    """Follow links breadth first, one page of every kind; yields the kinds."""
    waiting, seen, letters = list(starts), set(), 0
    while waiting:
        path = waiting.pop(0)
        kind = kind_of(path)
        if kind is None or kind in seen or kind.partition("?")[0] in NO_PAGES:
            continue
        seen.add(kind)
        tab.go(path)
        if "?letter" in kind:
            letters += 1
            kind = f"mail:message-{letters}"
        tab.look(f"page-{who}-{re.sub('[:?=]', '-', kind)}", runs_scripts=kind != "mail:body")
        yield resolve(urlsplit(path).path).view_name
        waiting += [link for link in links(tab, portal) if kind_of(link) not in seen]


def links(tab: Tab, portal: Portal) -> list[str]:
    """Addresses of this portal that the page leads to, its letter's frame included."""
    found = [a.get_attribute("href") or "" for a in tab.page.locator("a[href]").all()]
    found += [frame.get_attribute("src") or "" for frame in tab.page.locator("iframe[src]").all()]
    paths = []
    for href in found:
        parts = urlsplit(href)
        if href.startswith(("/", f"{portal.url}/")):
            paths.append(parts.path + (f"?{parts.query}" if parts.query else ""))
    return paths


def kind_of(path: str) -> str | None:
    """The address's name, with the tab or parameter that makes it another page; None for what is not ours to open."""
    parts = urlsplit(path)
    try:
        match = resolve(parts.path)
    except Resolver404:
        return None
    if match.kwargs.get("tab") in FORMS:
        return None
    kind = match.view_name
    if tab := match.kwargs.get("tab"):
        kind += f"?tab={tab}"
    elif match.view_name == "mail:message" and not parts.query:
        kind += f"?letter={match.kwargs['pk'].hex[:6]}"  # each has a verdict of its own
    elif parts.query.startswith(("details", "filter", "reply", "forward")):
        kind += f"?{parts.query.partition('=')[0]}"
    return kind


def named_addresses() -> Iterator[str]:
    def walk(resolver: URLResolver, prefix: str) -> Iterator[str]:
        for pattern in resolver.url_patterns:
            if isinstance(pattern, URLResolver):
                space = f"{pattern.namespace}:" if pattern.namespace else ""
                yield from walk(pattern, prefix + space)
            elif isinstance(pattern, URLPattern) and pattern.name:
                yield prefix + pattern.name

    yield from walk(get_resolver(), "")
