"""From BER to DER: indefinite lengths and constructed strings, which real mail clients send (X.690 §8.1.3.6, §8.7.3).

One pass with an explicit stack, linear in the input, under the same depth cap as `smime.der`.
"""

from __future__ import annotations

from . import der
from .errors import Malformed, OverBudget

_SEGMENTED = der.OCTET_STRING | der.CONSTRUCTED


def normalise(data: bytes) -> tuple[bytes, int]:
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


class _Normaliser:
    """One pass over BER with an explicit stack; every octet is looked at once and copied once."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.view = memoryview(data)
        self.out: list[bytes | memoryview] = []
        self.frames: list[_Frame] = []
        self.seen = 0

    def run(self) -> tuple[bytes, int]:
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
        return b"".join(self.out), offset

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
            self.out.append(b"")
            return body
        if end is None:
            raise Malformed("a plain value of indefinite length")
        if parent is None:
            raise Malformed("a plain value where a structure is expected")
        self._primitive(parent, tag, offset, body, end, minimal)
        return end

    def _primitive(self, parent: _Frame, tag: int, start: int, body: int, end: int, minimal: bool) -> None:
        if parent.string:
            self.out.append(self.view[body:end])
            parent.length += end - body
        elif minimal:
            self.out.append(self.view[start:end])
            parent.length += end - start
        else:
            head = der.header(tag, end - body)
            self.out += (head, self.view[body:end])
            parent.length += len(head) + end - body
            parent.changed = True

    def _close(self, offset: int) -> None:
        frame = self.frames.pop()
        parent = self.frames[-1] if self.frames else None
        if frame.string and parent is not None and parent.string:
            total = frame.length
        elif frame.changed:
            head = der.header(der.OCTET_STRING if frame.string else frame.tag, frame.length)
            self.out[frame.place] = head
            total = len(head) + frame.length
        else:
            # Already DER throughout: one span instead of its many parts.
            del self.out[frame.place :]
            self.out.append(self.view[frame.start : offset])
            total = offset - frame.start
        if parent is not None:
            parent.length += total
            parent.changed |= frame.changed


def _ber_header(data: bytes, offset: int, limit: int) -> tuple[int, int, int | None, bool]:
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
