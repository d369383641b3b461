"""Reading MIME by offsets: tolerant, linear and under budgets (RFC 2045, RFC 2046, RFC 1847).

One pass over the source finds every delimiter of every open multipart; nothing is copied or decoded until
somebody asks for it, and the source need not be in memory. So a signature is verified over exactly the received
bytes (RFC 8551 §3.5). Outer delimiters close inner parts. What is irregular is remembered in `defects`; what exceeds a
budget raises OverBudget.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

from .errors import OverBudget
from .fields import (
    MAX_BLOCK,
    Field,
    decode_words,
    media_type,
    read_block,
    read_parameters,
    starts_with_field,
)
from .octets import IN_MEMORY, Block, Content, Octets, Source, Span, blocks_of, cut, search
from .transfer import decode_transfer, decoded_transfer

MAX_MESSAGE = 50 * 1024 * 1024
MAX_DEPTH = 20
MAX_PARTS = 1000
MAX_BOUNDARY = 200  # RFC 2046 allows 70
MAX_LINE_PEEK = 2048
MAX_BLANKS = 1000  # behind a delimiter; a line of mail has at most 998 octets
_DELIMITER_REACH = MAX_BOUNDARY + MAX_BLANKS + 10
NO_PARAMETERS: Mapping[str, str] = MappingProxyType({})

_BLANK_LINE = re.compile(rb"\n\r?\n")
_LINE_END = re.compile(rb"\r?\n")
_NEVER = re.compile(rb"(?!)")


@dataclass(frozen=True)
class Part:
    """A node of the MIME tree over `source`: header at [start, body), encoded body at [body, end)."""

    source: Source = field(repr=False)
    start: int
    body: int
    end: int
    fields: tuple[Field, ...]
    media_type: str
    parameters: Mapping[str, str]
    children: tuple[Part, ...]
    preamble: tuple[int, int]
    epilogue: tuple[int, int]
    defects: tuple[str, ...]

    def all(self, name: str) -> tuple[Field, ...]:
        """Every field of that name."""
        return tuple(entry for entry in self.fields if entry.key == name)

    def value(self, name: str) -> str:
        """The first value of that name (lower case), or an empty text."""
        return next((entry.value for entry in self.fields if entry.key == name), "")

    @cached_property
    def disposition(self) -> str:
        """`attachment`, `inline`, or an empty text."""
        return read_parameters(self.value("content-disposition")).value

    @cached_property
    def filename(self) -> str:
        """The file name as the sender gave it, decoded; not yet safe."""
        disposition = read_parameters(self.value("content-disposition")).parameters
        return decode_words(disposition.get("filename") or self.parameters.get("name") or "")

    @property
    def raw(self) -> bytes:
        """The exact bytes, header included."""
        return self.source[self.start : self.end]

    def octets(self) -> Source:
        """The same without a copy where they are many."""
        return cut(self.source, self.start, self.end)

    def content(self) -> bytes:
        """The body with its transfer encoding removed."""
        return decode_transfer(self.value("content-transfer-encoding"), self.source[self.body : self.end])

    def decoded(self) -> Source:
        """The same, outside memory where it is long."""
        encoding = self.value("content-transfer-encoding")
        return decoded_transfer(encoding, self.source, self.body, self.end)

    def nested(self) -> Part | None:
        """The message inside a message/rfc822 part, or None. Raises OverBudget."""
        return parse(self.decoded()) if self.media_type in ("message/rfc822", "message/global") else None

    def span(self, offsets: tuple[int, int]) -> bytes:
        """The bytes of a preamble or epilogue."""
        return self.source[offsets[0] : offsets[1]]

    def file(self) -> Content:
        """What the part is as a file: of a multipart the exact bytes, else its content, decoded when it is asked for."""
        if self.end - self.body < IN_MEMORY:
            return self.raw if self.children else self.content()
        return self.octets() if self.children else PartContent(self)

    def has_words(self, offsets: tuple[int, int]) -> bool:
        """Whether anything but blanks stands in a preamble or epilogue."""
        return any(bytes(block).strip() for block in Span(self.source, *offsets).blocks())


class PartContent(Octets):
    """The content of a long leaf, decoded when it is first asked for and not kept in memory."""

    def __init__(self, part: Part) -> None:
        self.part = part

    @cached_property
    def decoded(self) -> Source:
        """The content itself."""
        return self.part.decoded()

    def __len__(self) -> int:
        return len(self.decoded)

    def blocks(self) -> Iterator[Block]:
        return blocks_of(self.decoded)


def parse(source: Source) -> Part:
    """The MIME tree of `source`. Raises OverBudget, and nothing else."""
    if len(source) > MAX_MESSAGE:
        raise OverBudget("bytes of one message", MAX_MESSAGE)
    return _Reader(source).read()


class _Open:
    """A part under construction; an open multipart also carries the pattern of all delimiters in force."""

    def __init__(self, start: int, body: int, fields: tuple[Field, ...]) -> None:
        self.start, self.body, self.end = start, body, body
        self.fields = fields
        self.media_type, self.parameters = "text/plain", NO_PARAMETERS
        self.boundary = b""
        self.pattern = _NEVER
        self.children: list[_Open] = []
        self.preamble_end = body
        self.epilogue_start: int | None = None
        self.defects: list[str] = []

    def end_content(self, at: int) -> None:
        """Whatever was still being read of this multipart ends at `at`."""
        if self.children:
            self.children[-1].end = at
        else:
            self.preamble_end = at

    def build(self, source: Source) -> Part:
        epilogue = (self.end if self.epilogue_start is None else min(self.epilogue_start, self.end), self.end)
        return Part(
            source=source,
            start=self.start,
            body=self.body,
            end=self.end,
            fields=self.fields,
            media_type=self.media_type,
            parameters=self.parameters,
            children=tuple(child.build(source) for child in self.children),
            preamble=(self.body, self.preamble_end),
            epilogue=epilogue,
            defects=tuple(self.defects),
        )


class _Reader:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.stack: list[_Open] = []  # open multiparts, outermost first
        self.parts = 0

    def read(self) -> Part:
        root = self._open(0, "text/plain")
        at = root.body
        while self.stack:
            found = search(
                self.stack[-1].pattern,
                self.source,
                max(at - 1, 0),
                len(self.source),
                _DELIMITER_REACH,
                b"-",
            )
            if found is None:
                self._close_above(0, len(self.source))
                break
            at = self._take(*found)
        root.end = len(self.source)
        return root.build(self.source)

    def _take(self, offset: int, match: re.Match[bytes]) -> int:
        """Handles one delimiter line, found from `offset` on; gives the offset to search on from."""
        start, end = offset + match.start(), offset + match.end()
        index = next(
            i for i in reversed(range(len(self.stack))) if self.stack[i].boundary == match["boundary"]
        )
        owner = self.stack[index]
        cut = self._before_line_end(start, owner)
        self._close_above(index + 1, cut)
        owner.end_content(cut)
        if match["close"]:
            owner.epilogue_start = end
            owner.end = len(self.source)
            self.stack.pop()
            return end
        digest = owner.media_type == "multipart/digest"
        child = self._open(end, "message/rfc822" if digest else "text/plain")
        owner.children.append(child)
        return child.body

    def _before_line_end(self, newline: int, owner: _Open) -> int:
        """The CRLF (or LF) before a delimiter belongs to the delimiter (RFC 2046 §5.1.1)."""
        cut = newline - 1 if self.source[newline - 1 : newline] == b"\r" else newline
        return max(cut, owner.children[-1].body if owner.children else owner.body)

    def _close_above(self, index: int, at: int) -> None:
        """Ends every open multipart from `index` inwards without its own closing delimiter."""
        for frame in self.stack[index:]:
            frame.end_content(max(at, frame.children[-1].body if frame.children else frame.body))
            frame.end = max(at, frame.body)
            frame.defects.append("unterminated")
        del self.stack[index:]

    def _open(self, start: int, default: str) -> _Open:
        """Reads one header block and starts its part; a multipart goes onto the stack."""
        self.parts += 1
        if self.parts > MAX_PARTS:
            raise OverBudget("parts of one message", MAX_PARTS)
        block_end, body = self._header_end(start)
        fields, strays = read_block(self.source[start:block_end])
        part = _Open(start, body, fields)
        if strays:
            part.defects.append("stray-header-lines")
        self._set_type(part, default)
        if part.boundary:
            if len(self.stack) >= MAX_DEPTH:
                raise OverBudget("levels of nested parts", MAX_DEPTH)
            self.stack.append(part)
            part.pattern = _delimiters([frame.boundary for frame in reversed(self.stack)])
        return part

    def _set_type(self, part: _Open, default: str) -> None:
        stated = [entry.value for entry in part.fields if entry.key == "content-type"]
        part.media_type = (media_type(stated[0]) if stated else None) or ("text/plain" if stated else default)
        part.parameters = read_parameters(stated[0]).parameters if stated else NO_PARAMETERS
        if len(stated) > 1:
            part.defects.append("several-content-types")
        if part.media_type.startswith("multipart/"):
            boundary = part.parameters.get("boundary", "").rstrip().encode("utf-8", "replace")
            if 0 < len(boundary) <= MAX_BOUNDARY:
                part.boundary = boundary
            else:
                part.defects.append("no-boundary")

    def _header_end(self, start: int) -> tuple[int, int]:
        """Where the header block at `start` ends and where its body begins."""
        source = self.source
        first = _LINE_END.match(source[start : start + 2])
        if first:
            return start, start + first.end()
        limit = min(len(source), start + MAX_BLOCK + 4)
        blank = self._find(_BLANK_LINE, start, limit)
        block_end, body = (blank[0] + 1, blank[1]) if blank else (len(source), len(source))
        if not starts_with_field(source[start : start + MAX_LINE_PEEK]):
            return start, start  # a body without any header
        if blank is None and limit < len(source):
            raise OverBudget("bytes of one header block", MAX_BLOCK)
        if self.stack:  # a delimiter may come before the blank line
            delimiter = self._find(self.stack[-1].pattern, start - 1, block_end)
            if delimiter:
                at = max(start, delimiter[0] + 1)
                return at, at
        return block_end, body

    def _find(self, pattern: re.Pattern[bytes], start: int, end: int) -> tuple[int, int] | None:
        """Where the first match inside [start, end) starts and ends; the stretch is short, or no block follows."""
        found = search(pattern, self.source, start, end, _DELIMITER_REACH)
        return (found[0] + found[1].start(), found[0] + found[1].end()) if found else None


def _delimiters(boundaries: list[bytes]) -> re.Pattern[bytes]:
    """A delimiter line of any of these boundaries, innermost first, with the line end before it."""
    names = b"|".join(map(re.escape, boundaries))
    return re.compile(rb"\n--(?P<boundary>" + names + rb")(?P<close>--)?[ \t]{0,%d}\r?(?:\n|\Z)" % MAX_BLANKS)
