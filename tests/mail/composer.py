"""The composer in a browser: what a page would send again, and what somebody types."""

from __future__ import annotations

import html
import re
from typing import Any

from django.test import Client

HIDDEN = ("draft", "in_reply_to", "relation", "letter")


def carried(page: Any) -> dict[str, Any]:
    """Hidden fields, switches that are fixed on, and the files that stay."""
    text = page.content.decode()
    fields: dict[str, Any] = {name: _value(text, name) for name in HIDDEN}
    for name in ("sign", "encrypt"):
        if re.search(rf'<input type="hidden" name="{name}" value="on">', text):
            fields[name] = "on"
    fields["keep"] = re.findall(r'name="keep" value="([^"]+)"', text)
    return fields


def typed(page: Any) -> dict[str, str]:
    """What stands in the fields of the page."""
    text = page.content.decode()
    area = re.search(r"<textarea[^>]*>(.*?)</textarea>", text, re.DOTALL)
    fields = {name: _value(text, name) for name in ("to", "cc", "bcc", "subject")}
    return fields | {"text": html.unescape(area[1]).lstrip("\n") if area else ""}


def _value(text: str, name: str) -> str:
    tag = re.search(rf'<input[^>]*\bname="{name}"[^>]*>', text)
    found = re.search(r'value="([^"]*)"', tag[0]) if tag else None
    return html.unescape(found[1]) if found else ""


def switched(page: Any, name: str) -> bool:
    """Whether the switch is drawn on."""
    return re.search(rf'role="switch" name="{name}" value="on" checked', page.content.decode()) is not None


def press(
    client: Client, action: str, page: Any = None, address: str = "/mail/compose/", **fields: Any
) -> Any:
    """Press a button of the composer on `page` (a new one without it)."""
    page = page if page is not None else client.get(address)
    return client.post(address, {**carried(page), **fields, "action": action})
