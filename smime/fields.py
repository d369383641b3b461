"""Header fields: blocks, folding, encoded-words, parameters (RFC 5322 §2.2, RFC 2047, RFC 2045 §5, RFC 2231).

A `Field` keeps the value as it was sent, only unfolded: RFC 9788 compares those strings, and only what is
shown is decoded. Reading is tolerant, linear and bounded by the budgets below; what
exceeds one is refused by name.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from .base64_text import decode_base64
from .errors import OverBudget, RefusedComposition
from .transfer import decode_charset

MAX_BLOCK = 256 * 1024
MAX_FIELD = 16 * 1024
MAX_LINES = 500
MAX_ENCODED_WORDS = 200
FOLD = 76
MAX_LINE = 998  # RFC 5322 §2.1.1

_NAME = re.compile(rb"[!-9;-~]+")
_ENCODED_WORD = re.compile(r"=\?([!->@-~]{1,60})\?([bBqQ])\?([!->@-~]{0,400})\?=")
_BETWEEN_WORDS = re.compile(r"(\?=)[ \t\r\n]+(?==\?[!->@-~]{1,60}\?[bBqQ]\?)")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]+")
_PARAMETER = re.compile(r';\s*([^\s=;"()]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"?|([^;\s"]*))', re.DOTALL)
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
_MEDIA_TYPE = re.compile(
    r"\s*([!#$&^_.+a-z0-9-]{1,127}/[!#$&^_.+a-z0-9-]{1,127})\s*(?=[;(]|\Z)", re.IGNORECASE
)
_PIECE = re.compile(r"(.+?)(?:\*(\d{1,3}))?(\*)?\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Field:
    """One header field. `value` is unfolded and otherwise as sent; `name` keeps its letter case."""

    name: str
    value: str

    @property
    def key(self) -> str:
        """The name for comparison."""
        return self.name.lower()

    @property
    def text(self) -> str:
        """The value for people: encoded-words decoded, no control characters."""
        return decode_words(self.value)


@dataclass(frozen=True, slots=True)
class Parameterised:
    """A value with parameters: Content-Type, Content-Disposition. Names and `value` are lower case."""

    value: str
    parameters: Mapping[str, str]


def read_block(block: bytes) -> tuple[tuple[Field, ...], int]:
    """The fields of a header block and the number of lines that were none; raises OverBudget."""
    if len(block) > MAX_BLOCK:
        raise OverBudget("bytes of one header block", MAX_BLOCK)
    lines = block.split(b"\n")
    if len(lines) > MAX_LINES + 1:
        raise OverBudget("lines of one header block", MAX_LINES)
    logical: list[list[bytes]] = []
    strays = 0
    for line in lines:
        line = line.removesuffix(b"\r")
        if line[:1] in (b" ", b"\t") and logical:
            logical[-1].append(line)
        elif _is_field(line):
            logical.append([line])
        elif line:
            strays += 1
    return tuple(_read_field(b"".join(pieces)) for pieces in logical), strays


def starts_with_field(block: bytes) -> bool:
    """Whether the first line can be a header field at all."""
    return _is_field(block[:MAX_FIELD].partition(b"\n")[0])


def _is_field(line: bytes) -> bool:
    match = _NAME.match(line)
    return match is not None and line[match.end() :].lstrip(b" \t").startswith(b":")


def _read_field(line: bytes) -> Field:
    if len(line) > MAX_FIELD:
        raise OverBudget("bytes of one header field", MAX_FIELD)
    name, _, value = line.partition(b":")
    try:
        text = value.decode("utf-8")  # RFC 6532
    except UnicodeDecodeError:
        text = value.decode("latin-1")
    if text.count("=?") > MAX_ENCODED_WORDS:
        raise OverBudget("encoded words of one header field", MAX_ENCODED_WORDS)
    return Field(name.decode("ascii", "replace").strip(), text.strip(" \t\r"))


def decode_words(value: str) -> str:
    """`value` with RFC 2047 encoded-words decoded, for display."""
    joined = _BETWEEN_WORDS.sub(r"\1", value)
    return _CONTROL.sub(" ", _ENCODED_WORD.sub(_decode_word, joined))


def _decode_word(match: re.Match[str]) -> str:
    charset, encoding, text = match.groups()
    raw = text.encode("ascii")
    octets = decode_base64(raw) if encoding in "bB" else binascii.a2b_qp(raw, header=True)
    return decode_charset(octets, charset.partition("*")[0])


def encode_words(text: str) -> str:
    """Any text as ASCII: itself, or encoded-words of at most 75 characters (RFC 2047 §2)."""
    if text.isascii():
        return text
    words: list[str] = []
    chunk = b""
    for character in text:
        octets = character.encode("utf-8", "replace")
        if len(chunk) + len(octets) > 42:  # 42 octets are 56 base64 digits; with the frame, 68 columns
            words.append(_encode_word(chunk))
            chunk = b""
        chunk += octets
    return " ".join([*words, _encode_word(chunk)])


def _encode_word(octets: bytes) -> str:
    return f"=?utf-8?b?{binascii.b2a_base64(octets, newline=False).decode()}?="


def read_parameters(value: str) -> Parameterised:
    """A parameterised value, tolerant: quoted or not, RFC 2231 pieces joined, first duplicate wins."""
    head = value.partition(";")[0].partition("(")[0].strip().lower()
    found: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[str, bool]]] = {}
    for match in _PARAMETER.finditer(value):
        name, quoted, bare = match.groups()
        text = _QUOTED_PAIR.sub(r"\1", quoted) if quoted is not None else bare
        split = _PIECE.match(name.lower())
        if split is None or (split[2] is None and split[3] is None):
            found.setdefault(name.lower(), text)
        else:
            pieces.setdefault(split[1], {}).setdefault(int(split[2] or 0), (text, split[3] is not None))
    for name, numbered in pieces.items():
        found[name] = _join_pieces(numbered)
    return Parameterised(head, MappingProxyType(found))


def media_type(value: str) -> str | None:
    """The media type of a Content-Type value in lower case, or None where it cannot be read."""
    match = _MEDIA_TYPE.match(value)
    return match[1].lower() if match else None


def _join_pieces(numbered: Mapping[int, tuple[str, bool]]) -> str:
    """RFC 2231 §3, §4: continuations in order, percent-decoded where marked, charset from the first."""
    charset = "utf-8"
    octets: list[bytes] = []
    for index in sorted(numbered):
        text, extended = numbered[index]
        if extended and index == min(numbered) and text.count("'") >= 2:
            charset, _, text = text.split("'", 2)
        raw = text.encode("utf-8", "replace")
        octets.append(_percent_decode(raw) if extended else raw)
    return decode_charset(b"".join(octets), charset)


def _percent_decode(raw: bytes) -> bytes:
    return re.sub(rb"%([0-9A-Fa-f]{2})", lambda match: bytes([int(match[1], 16)]), raw)


def parameter(name: str, value: str) -> str:
    """`name=value` as written into a header: token, quoted string, or RFC 2231 for anything beyond ASCII."""
    if re.fullmatch(r"[A-Za-z0-9!#$&+.^_`{|}~-]+", value):
        return f"{name}={value}"
    if value.isascii():
        escaped = re.sub(r'(["\\])', r"\\\1", value)
        return f'{name}="{escaped}"'
    encoded = "".join(
        chr(octet) if re.match(r"[A-Za-z0-9._~-]", chr(octet)) else f"%{octet:02X}"
        for octet in value.encode("utf-8", "replace")
    )
    if len(encoded) <= 60:
        return f"{name}*=utf-8''{encoded}"
    chunks = re.findall(r"(?:%[0-9A-F]{2}|.){1,18}", encoded)
    first = f"{name}*0*=utf-8''{chunks[0]}"
    return "; ".join([first, *(f"{name}*{n}*={chunk}" for n, chunk in enumerate(chunks[1:], start=1))])


def write_block(fields: Iterable[tuple[str, str]]) -> bytes:
    """Folded ASCII lines, each ending in CRLF; unfolding gives back exactly the same values.

    Raises RefusedComposition for a name or value that could smuggle another line or is not yet ASCII.
    """
    return b"".join(_write_field(name, value) for name, value in fields)


def _write_field(name: str, value: str) -> bytes:
    if not re.fullmatch(r"[!-9;-~]+", name) or not re.fullmatch(r"[\t -~]*", value):
        raise RefusedComposition(
            f"The header field {name!r} holds a line break or another character that a header cannot carry, "
            "so the letter was not written.",
            code="header-characters",
            citation="RFC 5322 §2.2",
            remedy="Remove line breaks and control characters from that field.",
        )
    text = fold(f"{name}: {value}")
    if any(len(line) > MAX_LINE for line in text.split("\r\n")):
        raise RefusedComposition(
            f"The header field {name!r} has a word of more than {MAX_LINE} characters, "
            "so the letter was not written.",
            code="header-line-length",
            citation="RFC 5322 §2.1.1",
            remedy="Shorten that field.",
        )
    return text.encode("ascii") + b"\r\n"


def fold(line: str) -> str:
    """Breaks a long header line before blanks only: removing CRLF restores it (RFC 5322 §2.2.3)."""
    if len(line) <= FOLD:
        return line
    rows: list[str] = []
    row = ""
    for word in re.findall(r"[ \t]*[^ \t]+|[ \t]+\Z", line):
        breakable = word[:1] in " \t" and word.strip(" \t") and row.strip(" \t") and not row.endswith(":")
        if breakable and len(row) + len(word) > FOLD:
            rows.append(row)
            row = ""
        row += word
    return "\r\n".join([*rows, row])
