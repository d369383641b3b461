"""Tag, length, value: the Distinguished Encoding Rules of X.690, and the way to them from BER.

With `smime.ber` the only module that knows TLV bytes. Reading is lazy and by position: a `Reader` walks the
siblings of one constructed value, an `Element` is a span of the original bytes, and nothing is copied until
`content` or `raw` asks for it. Reading is as deep as the grammar that the caller spells out and never recursive,
so nesting costs an attacker's bytes and not our stack. What arrives in BER passes through `smime.ber` first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import lru_cache

from .errors import Malformed, OverBudget
from .octets import Octets, Rope, Source, View, blocks_of, view
from .spool import SpoolWriter

MAX_DEPTH = 32
MAX_ELEMENTS = 500_000
MAX_OID_OCTETS = 128

BOOLEAN = 0x01
INTEGER = 0x02
BIT_STRING = 0x03
OCTET_STRING = 0x04
NULL = 0x05
OBJECT_IDENTIFIER = 0x06
UTC_TIME = 0x17
GENERALIZED_TIME = 0x18
SEQUENCE = 0x30
SET = 0x31

CONSTRUCTED = 0x20  # the bit of an identifier octet that says: the content is more TLV

NULL_VALUE = b"\x05\x00"


def context(number: int, *, constructed: bool = True) -> int:
    """The identifier octet of the context-specific tag `[number]`."""
    return 0xA0 | number if constructed else 0x80 | number


# --- reading --------------------------------------------------------------------------------------------------


def _header(data: Source, offset: int, limit: int) -> tuple[int, int, int]:
    """(tag, start of content, end of content) of the definite, minimal TLV at `offset`."""
    if offset + 2 > limit:
        raise Malformed("a value ends before its length")
    tag = data[offset]
    if tag & 0x1F == 0x1F or tag == 0:
        raise Malformed(f"unexpected tag 0x{tag:02x}")
    length = data[offset + 1]
    body = offset + 2
    if length >= 0x80:
        octets = length & 0x7F
        if octets == 0:
            raise Malformed("indefinite length where a definite one is required")
        body += octets
        if octets > 8 or body > limit:
            raise Malformed("a length field is too long")
        length = int.from_bytes(data[offset + 2 : body], "big")
        if length < 0x80 or length >> 8 * (octets - 1) == 0:
            raise Malformed("a length is not in its shortest form")
    end = body + length
    if end > limit:
        raise Malformed("a value is longer than what contains it")
    return tag, body, end


class Element:
    """One TLV inside `data`: identifier octet `tag`, header at `start`, content from `body` up to `end`."""

    __slots__ = ("body", "data", "end", "start", "tag")

    def __init__(self, data: Source, start: int, tag: int, body: int, end: int) -> None:
        self.data = data
        self.start = start
        self.tag = tag
        self.body = body
        self.end = end

    @property
    def content(self) -> bytes:
        """The value octets, copied."""
        return self.data[self.body : self.end]

    @property
    def view(self) -> View:
        """The value octets without a copy."""
        return view(self.data, self.body, self.end)

    @property
    def raw(self) -> bytes:
        """Tag, length and value, exactly as received."""
        return self.data[self.start : self.end]

    def __len__(self) -> int:
        return self.end - self.body

    def retagged(self, tag: int) -> bytes:
        """The encoding with its first octet exchanged: an IMPLICIT tag undone (X.690 §8.14.3)."""
        return bytes((tag,)) + self.data[self.start + 1 : self.end]

    def reader(self) -> Reader:
        """Walk the children of a constructed value."""
        if not self.tag & CONSTRUCTED:
            raise Malformed("a structure was expected where a plain value stands")
        return Reader(self.data, self.body, self.end)

    def integer(self) -> int:
        """INTEGER in its shortest form (X.690 §8.3.2)."""
        content = self.content
        if not content or len(content) > 1024:
            raise Malformed("an integer of impossible size")
        if len(content) > 1 and (
            (content[0] == 0 and content[1] < 0x80) or (content[0] == 0xFF and content[1] >= 0x80)
        ):
            raise Malformed("an integer is not in its shortest form")
        return int.from_bytes(content, "big", signed=True)

    def small_integer(self) -> int:
        """An INTEGER that counts or versions something: 0 to 2^31 - 1."""
        value = self.integer()
        if not 0 <= value < 1 << 31:
            raise Malformed("a number is out of range")
        return value

    def oid(self) -> str:
        """OBJECT IDENTIFIER in dotted form."""
        if len(self) > MAX_OID_OCTETS:
            raise Malformed("an object identifier of impossible size")
        return _decode_oid(self.content)

    def bit_string(self) -> bytes:
        """BIT STRING of whole octets."""
        content = self.content
        if not content or content[0] != 0:
            raise Malformed("a bit string that is not made of whole octets")
        return content[1:]

    def octets(self) -> View:
        """An OCTET STRING, plain or in segments: also under an IMPLICIT tag, where the constructed form holds
        OCTET STRING segments (X.690 §8.14.4)."""
        if not self.tag & CONSTRUCTED:
            return self.view
        joined = SpoolWriter()
        for number, segment in enumerate(self.reader().each(OCTET_STRING)):
            if number == MAX_ELEMENTS:
                raise OverBudget("segments of a string", MAX_ELEMENTS)
            for block in blocks_of(segment.view):
                joined.write(block)
        return view(joined.finish(), 0, len(joined))

    def time(self) -> datetime:
        """UTCTime or GeneralizedTime as RFC 5652 §11.3 allows them: seconds, `Z`, no fractions. Aware, UTC."""
        text = self.content
        digits = 12 if self.tag == UTC_TIME else 14
        if self.tag not in (UTC_TIME, GENERALIZED_TIME) or len(text) != digits + 1 or text[-1:] != b"Z":
            raise Malformed("a time is not written as the standard requires")
        if not text[:-1].isdigit():
            raise Malformed("a time is not written as the standard requires")
        if self.tag == UTC_TIME:
            text = (b"20" if text[:2] < b"50" else b"19") + text
        month, day, hour, minute, second = (int(text[start : start + 2]) for start in range(4, 14, 2))
        try:
            return datetime(int(text[:4]), month, day, hour, minute, second, tzinfo=UTC)
        except ValueError as error:
            raise Malformed("a time does not exist in the calendar") from error


class Reader:
    """The siblings inside one constructed value, in order."""

    __slots__ = ("data", "limit", "offset")

    def __init__(self, data: Source, offset: int = 0, limit: int | None = None) -> None:
        self.data = data
        self.offset = offset
        self.limit = len(data) if limit is None else limit

    @property
    def at_end(self) -> bool:
        return self.offset >= self.limit

    def next(self, *tags: int) -> Element:
        """The next element; it must carry one of `tags` if any are named."""
        start = self.offset
        tag, body, end = _header(self.data, start, self.limit)
        if tags and tag not in tags:
            raise Malformed(f"tag 0x{tag:02x} where 0x{tags[0]:02x} is expected")
        self.offset = end
        return Element(self.data, start, tag, body, end)

    def optional(self, *tags: int) -> Element | None:
        """The next element if it carries one of `tags`, else None and no step."""
        return self.next() if self.offset < self.limit and self.data[self.offset] in tags else None

    def each(self, *tags: int) -> Iterator[Element]:
        """All that is left."""
        while self.offset < self.limit:
            yield self.next(*tags)

    def finish(self) -> None:
        """Nothing may be left over."""
        if self.offset < self.limit:
            raise Malformed("there is more in a structure than its definition allows")


def count_children(element: Element, limit: int, what: str) -> list[Element]:
    """The children of a SET OF or SEQUENCE OF, refused as over budget before the first of them is looked into."""
    found: list[Element] = []
    for child in element.reader().each():
        if len(found) == limit:
            raise OverBudget(what, limit)
        found.append(child)
    return found


def check_depth(data: Source, start: int, end: int) -> None:
    """Walk everything from `start` to `end`; refuse nesting beyond MAX_DEPTH and more than MAX_ELEMENTS values."""
    ends: list[int] = []
    offset, seen = start, 0
    while True:
        while ends and offset == ends[-1]:
            ends.pop()
        if offset == end:
            return
        tag, body, stop = _header(data, offset, ends[-1] if ends else end)
        seen += 1
        if seen > MAX_ELEMENTS:
            raise OverBudget("encoded values", MAX_ELEMENTS)
        if tag & CONSTRUCTED:
            if len(ends) == MAX_DEPTH:
                raise OverBudget("nested structures", MAX_DEPTH)
            ends.append(stop)
            offset = body
        else:
            offset = stop


@lru_cache(maxsize=512)
def _decode_oid(content: bytes) -> str:
    if not content or content[-1] & 0x80:
        raise Malformed("an object identifier is cut off")
    arcs: list[int] = []
    value = 0
    fresh = True
    for octet in content:
        if fresh and octet == 0x80:
            raise Malformed("an object identifier is not in its shortest form")
        value = value << 7 | octet & 0x7F
        fresh = not octet & 0x80
        if fresh:
            arcs.append(value)
            value = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


# --- writing --------------------------------------------------------------------------------------------------


def header(tag: int, length: int) -> bytes:
    """Identifier and length octets."""
    if length < 0x80:
        return bytes((tag, length))
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets


def rope(tag: int, *parts: bytes | memoryview | Octets) -> Rope:
    """`tag` around the concatenated parts, without joining them."""
    content = Rope(parts)
    return Rope((header(tag, content.length), content))


def tlv(tag: int, *parts: bytes) -> bytes:
    """`tag` around the concatenated parts."""
    content = parts[0] if len(parts) == 1 else b"".join(parts)
    return header(tag, len(content)) + content


def sequence(*parts: bytes) -> bytes:
    return tlv(SEQUENCE, *parts)


def set_of(parts: Iterable[bytes], tag: int = SET) -> bytes:
    """SET OF in DER order, which is the order of the encodings (X.690 §11.6)."""
    return tlv(tag, b"".join(sorted(parts)))


def octet_string(content: bytes) -> bytes:
    return tlv(OCTET_STRING, content)


def bit_string(content: bytes) -> bytes:
    return tlv(BIT_STRING, b"\x00", content)


def integer(value: int) -> bytes:
    octets = (value + (value < 0)).bit_length() // 8 + 1  # -128 fits into one
    return tlv(INTEGER, value.to_bytes(octets, "big", signed=True))


@lru_cache(maxsize=512)
def oid(dotted: str) -> bytes:
    """OBJECT IDENTIFIER from its dotted form."""
    first, second, *rest = map(int, dotted.split("."))
    content = bytearray()
    for arc in (40 * first + second, *rest):
        octets = [arc & 0x7F]
        while arc := arc >> 7:
            octets.append(arc & 0x7F | 0x80)
        content += bytes(reversed(octets))
    return tlv(OBJECT_IDENTIFIER, bytes(content))


def time(at: datetime) -> bytes:
    """UTCTime through 2049, GeneralizedTime after (RFC 5652 §11.3). `at` must be aware."""
    if at.tzinfo is None:
        raise ValueError("a time without a zone")
    at = at.astimezone(UTC)
    if 1950 <= at.year < 2050:
        return tlv(UTC_TIME, at.strftime("%y%m%d%H%M%SZ").encode("ascii"))
    return tlv(GENERALIZED_TIME, f"{at.year:04d}{at:%m%d%H%M%S}Z".encode("ascii"))


def retag(encoded: bytes, tag: int) -> bytes:
    """An encoding with its first octet exchanged: an IMPLICIT tag put on or taken off."""
    return bytes((tag,)) + encoded[1:]
