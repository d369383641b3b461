"""MIME entities as this house writes them (RFC 2045, RFC 2046, RFC 2183, RFC 8551 §3.1).

What is signed is what is sent: a body never changes, and a long one is encoded anew, to the same octets, whenever it
is read. An `Entity` is what goes into a signature or an envelope: structural fields and a canonical body. `message` puts
the outer RFC 5322 header on top of it. Reading is in `smime.mime_read`.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

from .addresses import encode_addresses
from .base64_text import encoded_base64
from .fields import encode_words, parameter, write_block
from .octets import Content, joined
from .transfer import encode_text

ADDRESS_FIELDS = frozenset(
    {"from", "sender", "reply-to", "to", "cc", "resent-from", "resent-sender", "resent-to", "resent-cc"}
)
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,62}/[a-z0-9][a-z0-9!#$&^_.+-]{0,62}")


@dataclass(frozen=True, slots=True)
class Entity:
    """A MIME entity: ASCII header fields (unfolded) and the body, already transfer-encoded, CRLF only."""

    headers: tuple[tuple[str, str], ...]
    body: Content

    def octets(self) -> Content:
        """The canonical octets: what a signature covers (RFC 8551 §3.1.1)."""
        return joined(write_block(self.headers), b"\r\n", self.body)

    def to_bytes(self) -> bytes:
        """The same as bytes, whatever their length."""
        return bytes(self.octets())


@dataclass(frozen=True, slots=True, init=False)
class Attachment:
    """A file in a letter. `name` is safe to show and to save under; `content_id` serves HTML images.

    `octets` may be long: they are then read, decoded and even counted only when somebody asks.
    """

    name: str
    media_type: str
    octets: Content = field(repr=False, hash=False)
    content_id: str

    def __init__(self, name: str, media_type: str, content: Content, content_id: str = "") -> None:
        for attribute, value in zip(self.__slots__, (name, media_type, content, content_id), strict=True):
            object.__setattr__(self, attribute, value)

    @property
    def content(self) -> bytes:
        """The whole file in memory."""
        return bytes(self.octets)

    @property
    def size(self) -> int:
        """Octets of the file."""
        return len(self.octets)


def build_body(text: str, *, html: str | None = None, attachments: Sequence[Attachment] = ()) -> Entity:
    """The body of a letter: text/plain, with HTML as multipart/alternative, with files as multipart/mixed."""
    body = text_entity(text, "plain")
    if html is not None:
        body = multipart("alternative", [body, text_entity(html, "html")])
    if attachments:
        body = multipart("mixed", [body, *map(attachment_entity, attachments)])
    return body


def text_entity(text: str, subtype: str) -> Entity:
    """One text leaf in UTF-8."""
    encoding, body = encode_text(text)
    return Entity(
        (("Content-Type", f"text/{subtype}; charset=utf-8"), ("Content-Transfer-Encoding", encoding)), body
    )


def attachment_entity(attachment: Attachment) -> Entity:
    """One file as a base64 leaf. Types that MIME forbids to encode (RFC 2046 §5.2) travel as plain octets."""
    media_type = attachment.media_type.lower()
    composite = media_type.startswith(("message/", "multipart/"))
    if composite or not _MEDIA_TYPE.fullmatch(media_type):
        media_type = "application/octet-stream"
    name = " ".join(attachment.name.split())
    headers = [
        ("Content-Type", f"{media_type}; {parameter('name', name)}"),
        ("Content-Transfer-Encoding", "base64"),
        ("Content-Disposition", f"attachment; {parameter('filename', name)}"),
    ]
    return Entity(tuple(headers), encoded_base64(attachment.octets))


def multipart(subtype: str, parts: Sequence[Entity], *parameters: str) -> Entity:
    """A multipart entity. The boundary has `=_`, which neither base64 nor quoted-printable can produce."""
    boundary = new_boundary()
    content_type = "; ".join([f"multipart/{subtype}", *parameters, f'boundary="{boundary}"'])
    return Entity((("Content-Type", content_type),), join_parts(boundary, [part.octets() for part in parts]))


def new_boundary() -> str:
    """A fresh delimiter, unguessable so that no content can contain it (RFC 2046 §5.1.1)."""
    return f"=_{secrets.token_hex(16)}"


def join_parts(boundary: str, parts: Sequence[Content]) -> Content:
    """Multipart body: the CRLF before each delimiter belongs to the delimiter."""
    delimiter = b"--" + boundary.encode("ascii")
    opened = [piece for part in parts for piece in (delimiter, b"\r\n", part, b"\r\n")]
    return joined(*opened, delimiter, b"--\r\n")


def message(fields: Sequence[tuple[str, str]], entity: Entity) -> bytes:
    """The RFC 5322 message: outer fields, MIME-Version, the entity. Never a Bcc (RFC 9788 §11.4)."""
    outer = [*encode_fields(fields), ("MIME-Version", "1.0")]
    return bytes(joined(write_block([*outer, *entity.headers]), b"\r\n", entity.body))


def encode_fields(fields: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Header fields with RFC 2047 applied once; what is ASCII stays the same string. Bcc is left out."""
    return [
        (name, encode_value(name, value))
        for name, value in fields
        if name.lower() not in ("bcc", "resent-bcc")
    ]


def encode_value(name: str, value: str) -> str:
    """One field value as ASCII; in address fields only the display names are encoded."""
    if value.isascii():
        return value.strip()
    if name.lower() in ADDRESS_FIELDS:
        return encode_addresses(value)
    return encode_words(value.strip())
