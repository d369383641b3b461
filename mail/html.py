"""Mail HTML for people to look at: the one function that every formatted letter passes (WHATWG HTML, RFC 2392).

Two steps, because a parser of real-world HTML can be made to work for hours on a small text (unclosed formatting
elements are copied into every following block, misplaced ones are moved around). First a linear scan writes anew only
what it knows: allowed elements, well nested, within the budgets, each with the attributes it may have. Then nh3 parses
that with a real HTML5 parser and cleans it by the same allow-list. What reaches the frame passed both.

Nothing here loads anything: images of the letter itself (`cid:`) are written in as `data:`, others are left out.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape, unescape

import nh3
from django.utils.safestring import SafeString, mark_safe

from pki.findings import Finding, warning
from smime.mime import Attachment

MOST_CHARACTERS = 2 * 1024 * 1024
MOST_NODES = 20_000
MOST_DEPTH = 256
# An HTML5 parser reopens every unclosed formatting element in every following block: nodes × this is its worst case.
MOST_FORMATTING = 12
# nh3 needs minutes for one text of a million ampersands or hard blanks: longer runs are cut by an empty element.
MOST_ESCAPED = 150
MOST_IMAGE_OCTETS = 10 * 1024 * 1024

FORMATTING = frozenset({"a", "b", "big", "code", "em", "i", "s", "small", "strike", "strong", "tt", "u"})
VOID = frozenset({"br", "hr", "img", "wbr"})
ELEMENTS = FORMATTING | VOID | {
    "abbr", "address", "article", "aside", "bdi", "bdo", "blockquote", "caption", "center", "cite", "dd", "del",
    "dfn", "div", "dl", "dt", "figcaption", "figure", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header",
    "ins", "kbd", "li", "main", "mark", "nav", "ol", "p", "pre", "q", "samp", "section", "span", "sub", "sup",
    "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul", "var",
}  # fmt: skip
# Their content is no text of the letter either.
SKIPPED = frozenset({
    "applet", "audio", "canvas", "datalist", "frameset", "iframe", "math", "noembed", "noframes", "noscript",
    "object", "plaintext", "script", "select", "style", "svg", "template", "textarea", "title", "video", "xmp",
})  # fmt: skip
ATTRIBUTES: Mapping[str, frozenset[str]] = {
    "a": frozenset({"href"}),
    "img": frozenset({"src", "alt", "width", "height"}),
    "td": frozenset({"colspan", "rowspan", "align", "valign"}),
    "th": frozenset({"colspan", "rowspan", "align", "valign"}),
    "ol": frozenset({"start", "type"}),
}
EVERYWHERE = frozenset({"dir", "lang", "title"})
_PLAIN_VALUE: Mapping[str, re.Pattern[str]] = {
    "width": re.compile(r"\d{1,4}%?"),
    "height": re.compile(r"\d{1,4}%?"),
    "colspan": re.compile(r"\d{1,2}"),
    "rowspan": re.compile(r"\d{1,2}"),
    "start": re.compile(r"\d{1,6}"),
    "type": re.compile(r"[1aAiI]"),
    "align": re.compile(r"left|right|center|justify", re.IGNORECASE),
    "valign": re.compile(r"top|middle|bottom|baseline", re.IGNORECASE),
    "dir": re.compile(r"ltr|rtl|auto", re.IGNORECASE),
    "lang": re.compile(r"[A-Za-z0-9-]{1,35}"),
}
_LINK = re.compile(r"(?:https?://|mailto:)[^\x00-\x20]{1,4000}", re.IGNORECASE)
_DATA_IMAGE = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/]+=*")
_MAGIC: Sequence[tuple[re.Pattern[bytes], str]] = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "image/webp"),
)

_ESCAPED = re.compile("[&<>\xa0]")
_ESCAPED_RUN = re.compile(f"(?:[^&<>\xa0]*[&<>\xa0]){{{MOST_ESCAPED}}}|.+", re.DOTALL)
_MARKUP = re.compile(r"<(?:(/?)([A-Za-z][^\s/>]{0,40})|!--|[!?/])")
_ATTRIBUTE = re.compile(r"""[\s/]*([^\s=>/"']+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s>]*))?|[\s/]*["'=]""")
_TAG_END = re.compile(r"[\s/]*>")
_COMMENT_END = re.compile(r"--!?>")


@dataclass(frozen=True, slots=True)
class CleanHtml:
    """A formatted letter made safe. `html` is None where only its text may be shown; `finding` then says why.

    `blocked_images` counts pictures that lie elsewhere than in the letter.
    """

    html: SafeString | None
    blocked_images: int = 0
    finding: Finding | None = None


class _OverBudget(Exception):
    """Larger or deeper than any honest letter."""


def clean_html(html: str, attachments: Sequence[Attachment] = ()) -> CleanHtml:
    """`html` of one layer for the frame, with its inline images from the attachments of the same layer."""
    if len(html) > MOST_CHARACTERS:
        return CleanHtml(None, finding=_too_much(f"it is larger than {MOST_CHARACTERS // 2**20} MiB"))
    writer = _Writer({a.content_id: a.content for a in attachments if a.content_id})
    try:
        for token in _tokens(html):
            writer.take(token)
    except _OverBudget as excess:
        return CleanHtml(None, finding=_too_much(str(excess)))
    return CleanHtml(mark_safe(_CLEANER.clean(writer.finish())), writer.blocked_images)  # noqa: S308


def _too_much(why: str) -> Finding:
    return warning(
        "html-over-budget",
        f"The formatted form of this letter is not shown, because {why}; its text is shown instead.",
        remedy="Nothing is lost: the letter can be downloaded as it came.",
        owner="you",
    )


@dataclass(frozen=True, slots=True)
class _Token:
    """A piece of text, or a tag with its attributes."""

    text: str = ""
    name: str = ""
    closes: bool = False
    attributes: Sequence[tuple[str, str]] = ()


def _tokens(html: str) -> Iterator[_Token]:
    """Text and tags, in one pass. A failed search for a quote's end can happen once per kind of quote: linear."""
    at = 0
    while (found := _MARKUP.search(html, at)) is not None:
        if found.start() > at:
            yield _Token(html[at : found.start()])
        name = (found[2] or "").lower()
        if not name:
            at = _after_comment(html, found)
            continue
        attributes, at = _attributes(html, found.end())
        if found[1]:
            yield _Token(name=name, closes=True)
        elif name in SKIPPED:
            at = _after_skipped(html, name, at)
        else:
            yield _Token(name=name, attributes=attributes)
    if at < len(html):
        yield _Token(html[at:])


def _after_comment(html: str, found: re.Match[str]) -> int:
    if found[0] != "<!--":
        end = html.find(">", found.end())
        return len(html) if end < 0 else end + 1
    if html.startswith((">", "->"), found.end()):
        return html.index(">", found.end()) + 1
    ending = _COMMENT_END.search(html, found.end())
    return len(html) if ending is None else ending.end()


def _after_skipped(html: str, name: str, at: int) -> int:
    """Behind the end tag; without one, nothing of the rest is text either."""
    end = re.compile(rf"</{name}\b[^>]*>?", re.IGNORECASE).search(html, at)
    return len(html) if end is None else end.end()


def _attributes(html: str, at: int) -> tuple[list[tuple[str, str]], int]:
    """Attributes of a tag, first of a name counts, and the offset behind its `>`."""
    found: dict[str, str] = {}
    while (end := _TAG_END.match(html, at)) is None:
        match = _ATTRIBUTE.match(html, at)
        if match is None:
            return [], len(html)  # a tag that never ends
        if match[1]:
            found.setdefault(match[1].lower(), _value(match[2] or ""))
        at = match.end()
    return list(found.items()), end.end()


def _value(written: str) -> str:
    quoted = len(written) > 1 and written[0] in "\"'" and written[-1] == written[0]
    return unescape(written[1:-1] if quoted else written)


@dataclass(slots=True)
class _Writer:
    """Writes known elements anew, well nested, and counts."""

    images: Mapping[str, bytes]
    blocked_images: int = 0
    _image_octets: int = 0
    _nodes: int = 0
    _escaped: int = 0
    _open: list[str] = field(default_factory=list)
    _written: list[str] = field(default_factory=list)

    def take(self, token: _Token) -> None:
        if token.text:
            self._count()
            self._text(unescape(token.text).replace("\x00", ""))
        elif token.closes:
            self._close(token.name)
        elif token.name == "img":
            self._image(dict(token.attributes))
        elif token.name in VOID:
            self._count()
            self._element(f"<{token.name}>")
        elif token.name in ELEMENTS:
            self._start(token)

    def _text(self, text: str) -> None:
        """Escaped, and cut where nh3 would take a time that grows with the square of the characters it escapes."""
        count = len(_ESCAPED.findall(text))
        if self._escaped + count > MOST_ESCAPED:
            self._element("<wbr>")
            text = "\0".join(_ESCAPED_RUN.findall(text))
            count %= MOST_ESCAPED
        self._escaped += count
        self._written.append(escape(text, quote=False).replace("\0", "<wbr>"))

    def _element(self, written: str) -> None:
        self._written.append(written)
        self._escaped = 0

    def finish(self) -> str:
        while self._open:
            self._written.append(f"</{self._open.pop()}>")
        return "".join(self._written)

    def _count(self) -> None:
        self._nodes += 1
        if self._nodes > MOST_NODES:
            raise _OverBudget(f"it has more than {MOST_NODES} parts")

    def _start(self, token: _Token) -> None:
        self._count()
        if token.name == "a":
            self._close("a")
        if token.name in FORMATTING and sum(name in FORMATTING for name in self._open) >= MOST_FORMATTING:
            return
        if len(self._open) >= MOST_DEPTH:
            raise _OverBudget(f"it is nested deeper than {MOST_DEPTH} levels")
        self._open.append(token.name)
        self._element(_start_tag(token.name, token.attributes))

    def _close(self, name: str) -> None:
        if name not in self._open:
            return
        while (innermost := self._open.pop()) != name:
            self._element(f"</{innermost}>")
        self._element(f"</{name}>")

    def _image(self, attributes: Mapping[str, str]) -> None:
        self._count()
        source = attributes.get("src", "").strip()
        inlined = self._inline(source)
        if inlined is None:
            self.blocked_images += bool(source) and source[:4].lower() != "cid:"
            words = attributes.get("alt", "").strip()[:200]
            self._written.append(escape(f"[{words}]") if words else "")
            return
        pairs = [("src", inlined), *((n, v) for n, v in attributes.items() if n not in ("src", "srcset"))]
        self._element(_start_tag("img", pairs))

    def _inline(self, source: str) -> str | None:
        """An image of the letter itself as a data: address, while the budget lasts; raster by its first octets."""
        if source[:4].lower() != "cid:":
            return None
        content = self.images.get(source[4:]) or b""
        media_type = next((kind for magic, kind in _MAGIC if magic.match(content)), None)
        if media_type is None or self._image_octets + len(content) > MOST_IMAGE_OCTETS:
            return None
        self._image_octets += len(content)
        return f"data:{media_type};base64,{base64.b64encode(content).decode('ascii')}"


def _start_tag(name: str, attributes: Sequence[tuple[str, str]]) -> str:
    kept = ((key, _allowed(name, key, value)) for key, value in attributes)
    written = "".join(f' {key}="{escape(value)}"' for key, value in kept if value is not None)
    return f"<{name}{written}>"


def _allowed(element: str, attribute: str, value: str) -> str | None:
    """The value if this element may have this attribute with it; the filter of both steps."""
    if (element, attribute) == ("a", "rel"):  # nh3's own
        return value
    if attribute not in EVERYWHERE and attribute not in ATTRIBUTES.get(element, ()):
        return None
    pattern = {"href": _LINK, "src": _DATA_IMAGE}.get(attribute) or _PLAIN_VALUE.get(attribute)
    if pattern is None:  # alt and title: words
        return value[:500]
    return value.strip() if pattern.fullmatch(value.strip()) else None


_CLEANER = nh3.Cleaner(
    tags=set(ELEMENTS),
    clean_content_tags=set(SKIPPED),
    attributes={"*": set(EVERYWHERE), **{name: set(several) for name, several in ATTRIBUTES.items()}},
    attribute_filter=_allowed,
    url_schemes={"http", "https", "mailto", "data"},
    link_rel="noopener noreferrer",
    strip_comments=True,
)
