"""Letters in BER, as streaming writers send them: indefinite lengths, strings in segments (X.690 §8.1.3.6, §8.7.3)."""

from __future__ import annotations

from smime import der
from smime.base64_text import encode_base64
from smime.mime_read import parse

SEGMENT = 1000
_END = b"\x00\x00"


def as_ber(letter: bytes) -> bytes:
    """A letter whose one CMS part is written again in BER."""
    part = parse(letter)
    return letter[: part.body] + encode_base64(_content_info(part.content()))


def _content_info(encoded: bytes) -> bytes:
    fields = der.Reader(encoded).next(der.SEQUENCE).reader()
    content_type = fields.next().raw
    inner = fields.next().reader().next()
    rewritten = b"".join(_encrypted(child) for child in inner.reader().each())
    return b"\x30\x80" + content_type + b"\xa0\x80" + b"\x30\x80" + rewritten + _END * 3


def _encrypted(child: der.Element) -> bytes:
    """EncryptedContentInfo in segments; everything else as it is."""
    if child.tag != der.SEQUENCE:
        return child.raw
    parts = list(child.reader().each())
    body = parts[-1]
    if body.tag != der.context(0, constructed=False):
        return child.raw
    content = body.content
    segments = b"".join(
        der.octet_string(content[at : at + SEGMENT]) for at in range(0, len(content), SEGMENT)
    )
    head = b"".join(part.raw for part in parts[:-1])
    return b"\x30\x80" + head + b"\xa0\x80" + segments + _END * 2
