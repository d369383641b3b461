"""A person at a browser, for tests of pages: signed in, and able to say what a page reads."""

from __future__ import annotations

import html
import re
from typing import Any

from django.test import Client

from tests.cast import PIN, Member


def browser(member: Member, *, unlocked: bool = False) -> Client:
    """A browser in which the person is signed in; `unlocked`: with the key open."""
    from tenants.models import Account

    client = Client()
    client.force_login(Account.objects.get(address=member.address))
    if unlocked:
        client.post("/unlock/", {"pin": PIN, "next": "/"})
    return client


def words(response: Any) -> str:
    """What a person reads of the page's main part, on one line."""
    page = response.content.decode()
    page = re.sub(r"<head>.*?</head>|<(script|style)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def fingerprint(certificate: Any) -> str:
    """The SHA-256 of a row's DER, as it stands in addresses."""
    return bytes(certificate.sha256).hex()
