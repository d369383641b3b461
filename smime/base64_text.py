"""Base64 bodies of any size (RFC 2045 §6.8): written as CRLF lines, read as a text that is decoded where it is asked for.

Writing is regular: 76 columns. Reading is tolerant in the same way for short and long bodies: characters outside the
alphabet are skipped, a missing tail is forgiven. A long body whose lines are all alike is not decoded at all but read
through `RegularText`; any other one is decoded into a spool.
"""

from __future__ import annotations

import binascii
import re
import struct
from collections.abc import Iterator

import pybase64

from .octets import IN_MEMORY, Block, Chunked, Content, Octets, Source, Span, blocks_of, equal_blocks
from .spool import SpoolWriter

LINE = 76
LINE_OCTETS = 57
_LINES = 512  # at once: what stays in a processor's second cache
_ROWS = struct.Struct(f"{LINE}s" * _LINES)
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")
_FIRST_LINE = re.compile(rb"([A-Za-z0-9+/]{4,1000})(\r?\n)")
_END = re.compile(rb"={0,2}\s*\Z")
_PEEK = 1024
_CHUNK_TEXT = 128 * 1024


# --- writing --------------------------------------------------------------------------------------------------


def encode_base64(content: bytes) -> bytes:
    """Base64 in CRLF lines of 76 columns, ending in CRLF (empty for no content)."""
    return b"".join(map(_encode_lines, equal_blocks(content, LINE_OCTETS * _LINES)))


def encoded_base64(content: Content) -> Content:
    """The same for a content of any size: bytes where it is short."""
    text = EncodedText(content)
    return bytes(text) if len(text) < IN_MEMORY else text


class EncodedText(Octets):
    """The base64 lines of a content, encoded whenever they are read."""

    __slots__ = ("content",)

    def __init__(self, content: Content) -> None:
        self.content = content

    def __len__(self) -> int:
        octets = len(self.content)
        return (octets + 2) // 3 * 4 + (octets + LINE_OCTETS - 1) // LINE_OCTETS * 2

    def blocks(self) -> Iterator[Block]:
        return map(_encode_lines, equal_blocks(self.content, LINE_OCTETS * _LINES))


def _encode_lines(block: Block) -> bytes:
    text = pybase64.b64encode(block)
    if len(text) == _ROWS.size:
        rows: tuple[bytes, ...] | list[bytes] = _ROWS.unpack(text)
    else:
        rows = [text[at : at + LINE] for at in range(0, len(text), LINE)]
    return b"\r\n".join((*rows, b""))


# --- reading --------------------------------------------------------------------------------------------------


def decode_base64(body: bytes) -> bytes:
    """What can be read of base64 text, however damaged."""
    padding = body.find(b"=")
    try:
        if padding < 0 or _END.match(body, padding):
            return pybase64.b64decode(body, validate=False)
        return binascii.a2b_base64(body)  # something stands behind a padding
    except binascii.Error:
        return _decode_damaged(body)


def _decode_damaged(body: bytes) -> bytes:
    digits = _NOT_BASE64.sub(b"", body.partition(b"=")[0])
    if len(digits) % 4 == 1:  # six bits are no octet
        digits = digits[:-1]
    return binascii.a2b_base64(digits + b"=" * (-len(digits) % 4))


def decoded_base64(source: Source, start: int, end: int) -> Source:
    """The content of the base64 text at [start, end) of `source`: exactly what `decode_base64` makes of it."""
    if end - start < IN_MEMORY:
        return decode_base64(source[start:end])
    text = Span(source, start, end)
    return _regular(text) or _spooled(text)


def decoded_strictly(source: Source, start: int, end: int) -> Source:
    """The content of base64 text with blanks and line ends in it, but nothing else. Raises binascii.Error."""
    writer = SpoolWriter()
    kept = b""
    padded = False
    for block in Span(source, start, end).blocks():
        digits = kept + bytes(block).translate(None, b" \t\n\r\v\f")
        whole = len(digits) - len(digits) % 4
        if padded and digits:
            raise binascii.Error("something stands behind the padding")
        padded = b"=" in digits[:whole]
        writer.write(pybase64.b64decode(digits[:whole], validate=True))
        kept = digits[whole:]
    writer.write(pybase64.b64decode(kept, validate=True))
    return writer.finish()


class RegularText(Chunked):
    """The content of a base64 text whose lines are all alike, decoded chunk by chunk as it is read."""

    __slots__ = ("_row_text", "_text", "layout")

    def __init__(self, text: Span, line: int, line_end: int, length: int) -> None:
        rows = max(_CHUNK_TEXT // (line + line_end), 1)
        super().__init__(length, rows * line // 4 * 3)
        self.layout = (text, line, line_end, length)
        self._text = text
        self._row_text = rows * (line + line_end)

    def chunk(self, index: int) -> bytes:
        start = index * self._row_text
        return decode_base64(self._text.read(start, min(start + self._row_text, len(self._text))))


def _regular(text: Span) -> RegularText | None:
    """`text` as a `RegularText` if every line of it is like the first, which is proved by decoding each once."""
    first = _FIRST_LINE.match(text[:_PEEK])
    if first is None or len(first[1]) % 4:
        return None
    line, line_end = len(first[1]), len(first[2])
    found = RegularText(text, line, line_end, len(text))  # the length is not known yet
    whole = found.chunk_octets
    length = 0
    chunks = -(-len(text) // found._row_text)
    for index in range(chunks):
        start = index * found._row_text
        block = text.read(start, min(start + found._row_text, len(text)))
        last = index == chunks - 1
        padding = block.find(b"=")
        if (padding >= 0 and not (last and _END.match(block, padding))) or not _has_rows(
            block, line, first[2]
        ):
            return None
        octets = len(decode_base64(block))
        if not last and octets != whole:
            return None
        length += octets
    return RegularText(text, line, line_end, length)


def _has_rows(block: bytes, line: int, line_end: bytes) -> bool:
    """Whether a line end stands exactly where it should."""
    row = line + len(line_end)
    rows = len(block) // row
    return all(block[line + at :: row][:rows] == line_end[at : at + 1] * rows for at in range(len(line_end)))


def _spooled(text: Span) -> Source:
    writer = SpoolWriter()
    for block in _decoded_blocks(text):
        writer.write(block)
    return writer.finish()


def _decoded_blocks(text: Span) -> Iterator[bytes]:
    """Digits in groups of four from front to back; from the first padding on, the rest as a whole."""
    kept = b""  # fewer than four digits
    at = 0
    for block in blocks_of(text):
        octets = bytes(block)
        padding = octets.find(b"=")
        if padding >= 0:
            yield decode_base64(kept + text.read(at, len(text)))
            return
        at += len(octets)
        digits = kept + _NOT_BASE64.sub(b"", octets)
        whole = len(digits) - len(digits) % 4
        kept = digits[whole:]
        yield pybase64.b64decode(digits[:whole], validate=True)
    yield decode_base64(kept)
