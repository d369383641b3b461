"""The Legacy Display Element (RFC 9788 §5.2.2, §5.2.3, §4.5.3): hidden header fields repeated in the text.

It serves readers that decrypt but do not know header protection. Both sides agree on it by the parameter
`hp-legacy-display="1"` of the text part, and on encrypted mail only.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from .fields import decode_words
from .mime import Entity, text_entity
from .mime_read import Part, parse
from .octets import Content, cut, joined
from .spool import spooled
from .transfer import readable_text

PARAMETER = "hp-legacy-display"
_HTML_ELEMENT = re.compile(
    r"""<div\s+class\s*=\s*["']?header-protection-legacy-display["']?\s*>""", re.IGNORECASE
)
_HTML_END = re.compile(r"</div\s*>", re.IGNORECASE)
_BODY = re.compile(r"<body\b[^<>]*>", re.IGNORECASE)


def add_legacy_display(entity: Entity, fields: Sequence[tuple[str, str]]) -> Entity:
    """`entity` with the element in front of every main body part; unchanged when nothing was hidden."""
    if not fields:
        return entity
    source = spooled(entity.octets())
    root = parse(source)
    shown = [(name, " ".join(decode_words(value).split())) for name, value in fields]
    if not root.children:
        return _rewritten(root, shown) if _is_main_text(root) else entity
    pieces: list[Content] = []
    at = root.body
    for part in main_body_parts(root):
        pieces += (cut(source, at, part.start), _rewritten(part, shown).octets())
        at = part.end
    return Entity(entity.headers, joined(*pieces, cut(source, at, len(source))))


def main_body_parts(part: Part) -> list[Part]:
    """Text shown first: every branch of an alternative, the first child of any other multipart."""
    if not part.children:
        return [part] if _is_main_text(part) else []
    children = part.children if part.media_type == "multipart/alternative" else part.children[:1]
    return [leaf for child in children for leaf in main_body_parts(child)]


def _is_main_text(part: Part) -> bool:
    return part.media_type in ("text/plain", "text/html") and part.disposition != "attachment"


def _rewritten(part: Part, fields: Sequence[tuple[str, str]]) -> Entity:
    """The same leaf with the element in front, encoded anew; other header fields stay."""
    text = readable_text(part.content(), part.parameters.get("charset", ""))
    element = _html_element(fields) if part.media_type == "text/html" else _text_element(fields)
    leaf = text_entity(_insert(text, element, part.media_type), part.media_type.removeprefix("text/"))
    content_type, encoding = leaf.headers
    kept = [
        (entry.name, entry.value)
        for entry in part.fields
        if entry.key not in ("content-type", "content-transfer-encoding")
    ]
    marked = (content_type[0], f'{content_type[1]}; {PARAMETER}="1"')
    return Entity((*kept, marked, encoding), leaf.body)


def _insert(text: str, element: str, media_type: str) -> str:
    body = _BODY.search(text) if media_type == "text/html" else None
    return text[: body.end()] + element + text[body.end() :] if body else element + text


def _text_element(fields: Sequence[tuple[str, str]]) -> str:
    return "".join(f"{name}: {value}\n" for name, value in fields) + "\n"


def _html_element(fields: Sequence[tuple[str, str]]) -> str:
    lines = html.escape("".join(f"{name}: {value}\n" for name, value in fields))
    return f'<div class="header-protection-legacy-display"><pre>{lines}</pre></div>'


def strip_legacy_display(text: str, media_type: str) -> str:
    """The text without the element; only for a marked part of an encrypted message (RFC 9788 §4.5.3)."""
    if media_type == "text/html":
        element = _HTML_ELEMENT.search(text)
        end = _HTML_END.search(text, element.end()) if element else None
        return text[: element.start()] + text[end.end() :] if element and end else text
    return text.partition("\n\n")[2] if "\n\n" in text else text
