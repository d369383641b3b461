"""Octets that need not be in memory at once: long contents as values that are read block by block.

`Octets` has a length and can be read from front to back, as often as wanted and always with the same result; a `Rope`
strings pieces together without joining them. `Stored` can also be read anywhere, as a parser needs it. Whatever is
shorter than `IN_MEMORY` is plain `bytes` throughout, so that an ordinary letter takes the shortest way.
"""

from __future__ import annotations

import io
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import TypeAlias, overload

IN_MEMORY = 1024 * 1024
BLOCK = 128 * 1024

Block: TypeAlias = bytes | bytearray | memoryview


class Octets(ABC):
    """A length and a way to read from front to back. Equal to whatever has the same octets."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def blocks(self) -> Iterator[Block]:
        """All octets in blocks of any size; each block is valid until the next one is asked for."""

    def __bytes__(self) -> bytes:
        out = io.BytesIO()
        for block in self.blocks():
            out.write(block)
        return out.getvalue()  # the very buffer that was written, not a copy

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Octets | bytes | memoryview):
            return NotImplemented
        if len(self) != len(other):
            return False
        pairs = zip(equal_blocks(self, BLOCK), equal_blocks(other, BLOCK), strict=True)
        return all(one == two for one, two in pairs)


class Rope(Octets):
    """Pieces in a row: a large body is never copied, whatever is wrapped around it."""

    __slots__ = ("length", "pieces")

    def __init__(self, pieces: Iterable[bytes | memoryview | Octets]) -> None:
        flat: list[bytes | memoryview | Octets] = []
        for piece in pieces:
            if isinstance(piece, Rope):
                flat += piece.pieces
            else:
                flat.append(piece)
        self.pieces: tuple[bytes | memoryview | Octets, ...] = tuple(flat)
        self.length = sum(map(len, flat))

    def __len__(self) -> int:
        return self.length

    def blocks(self) -> Iterator[Block]:
        for piece in self.pieces:
            yield from blocks_of(piece)

    def to_bytes(self) -> bytes:
        """All octets, joined."""
        return bytes(self)


class Stored(Octets):
    """Octets that can be read anywhere. Slices without a step give bytes; a position gives one octet."""

    __slots__ = ()

    @abstractmethod
    def read(self, start: int, end: int) -> bytes:
        """The octets at [start, end), both inside the length."""

    @abstractmethod
    def blocks(self, start: int = 0, end: int | None = None) -> Iterator[Block]:
        """The octets at [start, end) in blocks."""

    @overload
    def __getitem__(self, key: int) -> int: ...
    @overload
    def __getitem__(self, key: slice) -> bytes: ...
    def __getitem__(self, key: int | slice) -> int | bytes:
        if isinstance(key, slice):
            start, stop, step = key.indices(len(self))
            if step != 1:
                raise ValueError("only whole ranges can be read")
            return self.read(start, stop) if start < stop else b""
        if not -len(self) <= key < len(self):
            raise IndexError(key)
        at = key % len(self)
        return self.read(at, at + 1)[0]


class Chunked(Stored):
    """Stored in equal chunks, of which the last one read is kept at hand."""

    __slots__ = ("_held", "_length", "chunk_octets")

    def __init__(self, length: int, chunk_octets: int) -> None:
        self._length = length
        self.chunk_octets = chunk_octets
        self._held: tuple[int, bytes] = (-1, b"")

    @abstractmethod
    def chunk(self, index: int) -> bytes:
        """The chunk of that number; only the last one may be shorter than the others."""

    def __len__(self) -> int:
        return self._length

    def _at_hand(self, index: int) -> bytes:
        held, chunk = self._held
        if held != index:
            chunk = self.chunk(index)
            self._held = (index, chunk)
        return chunk

    def read(self, start: int, end: int) -> bytes:
        size = self.chunk_octets
        index = start // size
        if end <= (index + 1) * size:
            return self._at_hand(index)[start - index * size : end - index * size]
        return b"".join(self.blocks(start, end))

    def blocks(self, start: int = 0, end: int | None = None) -> Iterator[Block]:
        size = self.chunk_octets
        stop = self._length if end is None else end
        while start < stop:
            index = start // size
            upto = min(stop, (index + 1) * size)
            yield memoryview(self._at_hand(index))[start - index * size : upto - index * size]
            start = upto


class Span(Stored):
    """A stretch of a longer source, without a copy."""

    __slots__ = ("end", "source", "start")

    def __init__(self, source: Source, start: int, end: int) -> None:
        base = source.start if isinstance(source, Span) else 0
        self.source: Source = source.source if isinstance(source, Span) else source
        self.start: int = base + start
        self.end: int = base + end

    def __len__(self) -> int:
        return self.end - self.start

    def read(self, start: int, end: int) -> bytes:
        return self.source[self.start + start : self.start + end]

    def blocks(self, start: int = 0, end: int | None = None) -> Iterator[Block]:
        first, stop = self.start + start, self.end if end is None else self.start + end
        if isinstance(self.source, bytes):
            yield from blocks_of(memoryview(self.source)[first:stop])
        else:
            yield from self.source.blocks(first, stop)


Source: TypeAlias = bytes | Stored  # what a parser reads
Content: TypeAlias = bytes | Octets  # what is hashed, encrypted, sent
View: TypeAlias = memoryview | Span  # a stretch of a source, without a copy


def view(source: Source, start: int, end: int) -> View:
    """The stretch [start, end) of `source`."""
    if isinstance(source, bytes) and end - start < IN_MEMORY:
        return memoryview(source)[start:end]
    return Span(source, start, end)


def part_of(whole: View, start: int, end: int) -> View:
    """The stretch [start, end) of a stretch."""
    return whole[start:end] if isinstance(whole, memoryview) else Span(whole, start, end)


def source_of(whole: View | Source) -> Source:
    """Something that a parser can read; what is short is copied."""
    return bytes(whole) if isinstance(whole, memoryview) else whole


def blocks_of(content: bytes | bytearray | memoryview | Octets) -> Iterator[Block]:
    """Any content in blocks."""
    if isinstance(content, Octets):
        yield from content.blocks()
    elif len(content) <= BLOCK:
        yield content
    else:
        view = memoryview(content)
        for at in range(0, len(view), BLOCK):
            yield view[at : at + BLOCK]


def equal_blocks(content: bytes | memoryview | Octets, size: int) -> Iterator[Block]:
    """The same in blocks of exactly `size`, the last one shorter or missing."""
    kept = bytearray()
    for block in blocks_of(content):
        view = memoryview(block)
        if kept:
            missing = size - len(kept)
            kept += view[:missing]
            view = view[missing:]
            if len(kept) < size:
                continue
            yield kept
            kept = bytearray()
        whole = len(view) - len(view) % size
        for at in range(0, whole, size):
            yield view[at : at + size]
        kept += view[whole:]
    if kept:
        yield kept


def search(
    pattern: re.Pattern[bytes], source: Source, start: int, end: int, reach: int, second: bytes = b""
) -> tuple[int, re.Match[bytes]] | None:
    """The first match inside [start, end) and the offset that its positions count from.

    No match may be longer than `reach`, and none may look behind its own start. `second`: the second octet of
    every match; one octet is found many times faster than a pattern.
    """
    if isinstance(source, bytes):
        first = source.find(second, start, end)
        found = pattern.search(source, max(first - 1, start), end) if first >= 0 else None
        return (0, found) if found else None
    at = start
    while True:
        upto = min(at + 2 * BLOCK, end)
        window = source.read(at, upto)
        first = window.find(second)
        found = pattern.search(window, max(first - 1, 0)) if first >= 0 else None
        if found and (upto == end or found.start() + reach < len(window)):
            return at, found
        if upto >= end:
            return None
        at = upto - reach


def cut(source: Source, start: int, end: int) -> Source:
    """source[start:end]: a copy where it is short, else a `Span`."""
    if end - start < IN_MEMORY:
        return source[start:end]
    return source if start == 0 and end == len(source) else Span(source, start, end)


def joined(*pieces: bytes | memoryview | Octets) -> Content:
    """The pieces as one content: bytes where they are short, else a `Rope`."""
    rope = Rope(pieces)
    return bytes(rope) if rope.length < IN_MEMORY else rope
