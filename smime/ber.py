"""From BER to DER: indefinite lengths and constructed strings, which real mail clients send (X.690 §8.1.3.6, §8.7.3).

One pass with an explicit stack, linear in the input, under the same depth cap as `smime.der`.
"""

from __future__ import annotations

from array import array

from . import der
from .errors import Malformed, OverBudget
from .octets import Source, blocks_of, view
from .spool import SpoolWriter

_SEGMENTED = der.OCTET_STRING | der.CONSTRUCTED
_HEADER = -1  # a start that no stretch has


def normalise(data: Source) -> tuple[Source, int]:
    """BER in; (DER lengths and strings, octets consumed) out.

    Indefinite lengths become definite, lengths take their shortest form and segmented OCTET STRINGs one piece.
    Parts that are already so are carried over untouched, octet for octet: the certificates in a message keep
    their signatures. The order in a SET OF is left alone, because signatures in the wild were made over it.
    """
    return _Normaliser(data).run()


class _Frame:
    """A constructed value that is still open while `normalise` walks."""

    __slots__ = ("changed", "end", "length", "limit", "place", "start", "string", "tag")

    def __init__(self, tag: int, start: int, end: int | None, limit: int, place: int) -> None:
        self.tag = tag
        self.start = start
        self.end = end  # None while the length is indefinite
        self.limit = limit
        self.place = place  # where in the output its header belongs
        self.length = 0  # octets of content written so far
        self.string = tag == _SEGMENTED
        self.changed = end is None or self.string


class _Pieces:
    """What the result is made of: stretches of the input and new headers, in sixteen octets each."""

    def __init__(self) -> None:
        self.starts = array("q")
        self.ends = array("q")
        self.headers: list[bytes] = []

    def __len__(self) -> int:
        return len(self.starts)

    def add(self, start: int, end: int) -> None:
        """A stretch of the input."""
        self.starts.append(start)
        self.ends.append(end)

    def add_header(self, head: bytes) -> None:
        """Octets that are not in the input."""
        self.add(0, 0)
        self.set_header(len(self) - 1, head)

    def set_header(self, place: int, head: bytes) -> None:
        """Such octets in place of the piece of that number."""
        self.starts[place] = _HEADER
        self.ends[place] = len(self.headers)
        self.headers.append(head)

    def cut(self, place: int) -> None:
        """Forgets the piece of that number and all behind it."""
        del self.starts[place:], self.ends[place:]

    def join(self, data: Source) -> Source:
        """The result, outside memory where it is long."""
        joined = SpoolWriter()
        for start, end in zip(self.starts, self.ends, strict=True):
            piece = memoryview(self.headers[end]) if start == _HEADER else view(data, start, end)
            for block in blocks_of(piece):
                joined.write(block)
        return joined.finish()


class _Normaliser:
    """One pass over BER with an explicit stack; every octet is looked at once and copied once."""

    def __init__(self, data: Source) -> None:
        self.data = data
        self.out = _Pieces()
        self.frames: list[_Frame] = []
        self.seen = 0

    def run(self) -> tuple[Source, int]:
        offset = self._enter(0, len(self.data))
        while self.frames:
            frame = self.frames[-1]
            if (
                frame.end is None
                and self.data[offset : offset + 2] == b"\x00\x00"
                and offset + 2 <= frame.limit
            ):
                offset += 2
                self._close(offset)
            elif offset == frame.end:
                self._close(offset)
            else:
                offset = self._enter(offset, frame.limit)
        return self.out.join(self.data), offset

    def _enter(self, offset: int, limit: int) -> int:
        """Take in the header at `offset`; returns where to go on."""
        self.seen += 1
        if self.seen > der.MAX_ELEMENTS:
            raise OverBudget("encoded values", der.MAX_ELEMENTS)
        tag, body, end, minimal = _ber_header(self.data, offset, limit)
        parent = self.frames[-1] if self.frames else None
        if parent is not None and parent.string and tag not in (der.OCTET_STRING, _SEGMENTED):
            raise Malformed("a string in segments holds something that is no segment")
        if tag & der.CONSTRUCTED:
            if len(self.frames) == der.MAX_DEPTH:
                raise OverBudget("nested structures", der.MAX_DEPTH)
            frame = _Frame(tag, offset, end, limit if end is None else end, len(self.out))
            frame.changed |= not minimal
            self.frames.append(frame)
            self.out.add(0, 0)
            return body
        if end is None:
            raise Malformed("a plain value of indefinite length")
        if parent is None:
            raise Malformed("a plain value where a structure is expected")
        self._primitive(parent, tag, offset, body, end, minimal)
        return end

    def _primitive(self, parent: _Frame, tag: int, start: int, body: int, end: int, minimal: bool) -> None:
        if parent.string:
            self.out.add(body, end)
            parent.length += end - body
        elif minimal:
            self.out.add(start, end)
            parent.length += end - start
        else:
            head = der.header(tag, end - body)
            self.out.add_header(head)
            self.out.add(body, end)
            parent.length += len(head) + end - body
            parent.changed = True

    def _close(self, offset: int) -> None:
        frame = self.frames.pop()
        parent = self.frames[-1] if self.frames else None
        if frame.string and parent is not None and parent.string:
            total = frame.length
        elif frame.changed:
            head = der.header(der.OCTET_STRING if frame.string else frame.tag, frame.length)
            self.out.set_header(frame.place, head)
            total = len(head) + frame.length
        else:
            # Already DER throughout: one span instead of its many parts.
            self.out.cut(frame.place)
            self.out.add(frame.start, offset)
            total = offset - frame.start
        if parent is not None:
            parent.length += total
            parent.changed |= frame.changed


def _ber_header(data: Source, offset: int, limit: int) -> tuple[int, int, int | None, bool]:
    """(tag, start of content, end of content or None if indefinite, shortest form)."""
    if offset + 2 > limit:
        raise Malformed("a value ends before its length")
    tag = data[offset]
    if tag & 0x1F == 0x1F or tag == 0:
        raise Malformed(f"unexpected tag 0x{tag:02x}")
    length = data[offset + 1]
    body = offset + 2
    if length == 0x80:
        return tag, body, None, False
    minimal = True
    if length > 0x80:
        octets = length & 0x7F
        body += octets
        if octets > 16 or body > limit:
            raise Malformed("a length field is too long")
        length = int.from_bytes(data[offset + 2 : body], "big")
        minimal = length >= 0x80 and length >> 8 * (octets - 1) != 0
    if body + length > limit:
        raise Malformed("a value is longer than what contains it")
    return tag, body, body + length, minimal
