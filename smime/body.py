"""What a reader is shown of a MIME tree: one text, one HTML, and files (RFC 2046 §5.1, RFC 2387, RFC 2183).

One tree is one origin: this is called once for one layer, and neither text nor HTML of another layer is ever joined to
it (RFC 8551 §6, EFAIL). A cryptographic layer that stands below the payload is *errant*: it becomes a file that opens
on its own; of a clear-signed one the text is read along, as any text without a signature would be.
HTML is handed on as received; cleaning it is the work of whoever shows it.
"""

from __future__ import annotations

import html as html_entities
import re
import unicodedata
from dataclasses import dataclass, field

from pki.findings import Finding, Severity

from .layer_kind import is_cms_part, is_detached_signature, is_multipart_signed
from .legacy_display import PARAMETER as LEGACY_DISPLAY
from .legacy_display import strip_legacy_display
from .mime import Attachment
from .mime_read import Part
from .transfer import readable_text

MAX_HTML = 2 * 1024 * 1024
MAX_TEXT = 4 * 1024 * 1024  # of all parts together; more than a thousand pages
MAX_NAME = 120

_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"|?*]+')
_TAG = re.compile(r"<[^<>]*>")
_BREAK = re.compile(r"<(?:br|/p|/div|/tr|/li|/h[1-6]|hr)\b[^<>]*>", re.IGNORECASE)
_HIDDEN = re.compile(r"<(style|script|title|head)\b[^<>]*>", re.IGNORECASE | re.ASCII)
_HIDDEN_END = {
    name: re.compile(f"</{name}", re.IGNORECASE | re.ASCII) for name in ("style", "script", "title", "head")
}
_EXTENSIONS = {
    "message/rfc822": ".eml",
    "text/plain": ".txt",
    "text/html": ".html",
    "text/calendar": ".ics",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
    "application/pdf": ".pdf",
    "application/pkcs7-mime": ".p7m",
    "application/x-pkcs7-mime": ".p7m",
    "application/pkcs7-signature": ".p7s",
    "application/x-pkcs7-signature": ".p7s",
}


@dataclass(slots=True)
class Body:
    """The readable content of one layer. `text` is never empty when there is HTML to read."""

    text: str = ""
    html: str | None = None
    attachments: list[Attachment] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def read_body(part: Part, *, encrypted: bool) -> Body:
    """Text, HTML and attachments of a payload. `encrypted`: the Legacy Display Element may be stripped."""
    walk = _Walk(encrypted)
    if is_multipart_signed(part) and part.children:  # as the payload: refused as a signature
        walk.children(part)
    elif is_cms_part(part):  # as the payload: certificates only
        walk.attach(part)
    else:
        walk.visit(part)
    body = walk.body
    body.text = "\n\n".join(piece.strip("\n") for piece in walk.texts if piece.strip()) or ""
    if not body.text and body.html:
        body.text = html_to_text(body.html)
    return body


class _Walk:
    def __init__(self, encrypted: bool) -> None:
        self.encrypted = encrypted
        self.body = Body()
        self.texts: list[str] = []
        self.shown = 0  # octets of text so far, as sent
        self.errant = 0  # depth of errant layers around the part being visited

    def visit(self, part: Part) -> None:
        if is_multipart_signed(part) and part.children:
            self._errant_signed(part)
        elif is_cms_part(part):
            self._errant_cms(part)
        elif part.media_type == "multipart/alternative":
            self._alternative(part)
        elif part.children:
            self.children(part)
        else:
            self._leaf(part)

    def children(self, part: Part) -> None:
        for child in part.children:
            self.visit(child)

    def _alternative(self, part: Part) -> None:
        """The plain branch gives the text, the richest known branch the HTML; other branches become files."""
        plain = next((c for c in part.children if c.media_type == "text/plain"), None)
        rich = next((c for c in reversed(part.children) if _holds_html(c)), None)
        for child in part.children:
            if child is rich and plain is not None:
                before = len(self.texts)
                self.visit(child)
                del self.texts[before:]  # the same words in another form
            elif child in (plain, rich) or not (plain or rich):
                self.visit(child)
            else:
                self.attach(child)

    def _leaf(self, part: Part) -> None:
        inline = part.disposition != "attachment"
        headless = part.media_type.startswith("multipart/")  # its delimiters are nowhere: show what is there
        own_words = part.media_type == "text/plain" and inline and not (part.filename and self._has_words())
        if headless or own_words:
            self._plain(part)
        elif part.media_type == "text/html" and inline and not self.errant and self.body.html is None:
            self._html(part)
        else:
            self.attach(part)

    def _has_words(self) -> bool:
        """Whether the letter's own words were found: old programs give even those a file name."""
        return bool(self.texts) or self.body.html is not None

    def _plain(self, part: Part) -> None:
        self.shown += part.end - part.body
        if self.shown > MAX_TEXT * 4 // 3:
            self.attach(part)
            self.body.findings.append(_too_large("text-too-large", "text", MAX_TEXT))
            return
        self.texts.append(self._text(part))

    def _html(self, part: Part) -> None:
        if part.end - part.body > MAX_HTML * 4 // 3:
            self.attach(part)
            self.body.findings.append(_too_large("html-too-large", "formatted text", MAX_HTML))
            return
        self.body.html = self._text(part)

    def _text(self, part: Part) -> str:
        text = readable_text(part.content(), part.parameters.get("charset", ""))
        if self.encrypted and part.parameters.get(LEGACY_DISPLAY) == "1":
            text = strip_legacy_display(text, part.media_type)
        return text

    def attach(self, part: Part) -> None:
        number = len(self.body.attachments) + 1
        name = safe_name(part.filename, part.media_type, number)
        content_id = part.value("content-id").strip("<> \t")
        self.body.attachments.append(Attachment(name, part.media_type, part.file(), content_id))

    def _errant_signed(self, part: Part) -> None:
        self.errant += 1
        self.body.attachments.append(Attachment("signed-part.eml", "message/rfc822", part.octets()))
        for child in part.children:
            if not is_detached_signature(child):
                self.visit(child)
        self.errant -= 1
        self.body.findings.append(
            Finding(
                "inner-signature",
                Severity.INFO,
                "A part of this letter is signed on its own, as mailing lists and forwarded letters do. Its signature "
                "says nothing about the letter around it.",
                "RFC 9787 §4",
                "Open the attached signed part to see who signed it.",
                "you",
            )
        )

    def _errant_cms(self, part: Part) -> None:
        self.attach(part)
        self.body.findings.append(
            Finding(
                "inner-layer",
                Severity.WARNING,
                "A signed or encrypted part stands in the middle of this letter. It was not opened with the letter, "
                "so that nothing around it can read or frame its content.",
                "RFC 8551 §6",
                "Open the attached part on its own if you expect it.",
                "you",
            )
        )


def _holds_html(part: Part) -> bool:
    """text/html, or a related/mixed group that carries it."""
    return part.media_type == "text/html" or any(_holds_html(child) for child in part.children)


def _too_large(code: str, what: str, limit: int) -> Finding:
    return Finding(
        code,
        Severity.WARNING,
        f"The {what} of this letter is larger than {limit // (1024 * 1024)} MiB, so not all of it is shown.",
        remedy="Download the rest as a file, or ask the sender for a shorter text.",
        owner="you",
    )


def html_to_text(html: str) -> str:
    """The words of an HTML text: no markup, no addresses of links. Linear in its length."""
    text = _TAG.sub("", _BREAK.sub("\n", _without_hidden(html)))
    lines = (" ".join(line.split()) for line in html_entities.unescape(text).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _without_hidden(html: str) -> str:
    """Drops elements whose content is no text for people."""
    kept: list[str] = []
    at = 0
    while (opening := _HIDDEN.search(html, at)) is not None:
        kept.append(html[at : opening.start()])
        closing = _HIDDEN_END[opening[1].lower()].search(html, opening.end())
        at = closing.start() if closing else len(html)
    return "".join([*kept, html[at:]])


def safe_name(name: str, media_type: str, number: int) -> str:
    """A file name that is safe to show and to save: no folders, no control or direction characters."""
    base = re.split(r"[\\/]", unicodedata.normalize("NFC", name))[-1]
    shown = "".join(
        c for c in base if unicodedata.category(c) not in ("Cf", "Cc", "Zl", "Zp", "Cs", "Co", "Cn")
    )
    clean = " ".join(_UNSAFE.sub("_", shown).split()).strip(". ")
    if not clean:
        return f"attachment-{number}{_EXTENSIONS.get(media_type, '.bin')}"
    stem, dot, extension = clean.rpartition(".")
    if len(clean) > MAX_NAME and dot and len(extension) <= 16:
        return f"{stem[: MAX_NAME - len(extension) - 1]}.{extension}"
    return clean[:MAX_NAME]
