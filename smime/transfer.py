"""Content-Transfer-Encodings and charsets of MIME leaves (RFC 2045 §6, RFC 2046 §4.1, RFC 8551 §3.1).

Writing is strict: everything that leaves is 7-bit, CRLF, lines of at most 76 characters, with the traps of
RFC 8551 §3.1.4 (a line-start `From `, trailing blanks) encoded away, so that no relay has a reason to touch a
signed part. Reading is tolerant and linear, and never fails.
"""

from __future__ import annotations

import binascii
import codecs
import re

from .base64_text import LINE, decoded_base64, encode_base64
from .base64_text import decode_base64 as decode_base64
from .octets import Source, blocks_of, cut

_SAFE_LINE = re.compile(r"[\t -~]{0,76}\Z")
_LINE_END = re.compile(r"\r\n|\r|\n")
_CONTROLS = bytes({*range(32), 127} - set(b"\t\n\f\r\x1b"))  # ESC switches the charsets of ISO 2022
_BEYOND_ASCII = bytes(range(128, 256))

# Codecs that a letter may name. Python knows more (punycode, idna, unicode_escape, ...) that are no charsets
# of mail and take quadratic time; superset codecs stand in where real mail uses them under the smaller name.
_CODECS = {
    "utf-8": "utf-8", "utf8": "utf-8", "us-ascii": "utf-8", "ascii": "utf-8", "ansi_x3.4-1968": "utf-8",
    "unicode-1-1-utf-8": "utf-8", "utf-16": "utf-16", "utf-16le": "utf-16-le", "utf-16be": "utf-16-be",
    "utf-32": "utf-32", "iso-8859-1": "cp1252", "latin1": "cp1252", "iso8859-1": "cp1252",
    "gb2312": "gb18030", "gbk": "gb18030", "gb18030": "gb18030", "hz-gb-2312": "hz", "big5": "big5hkscs",
    "big5-hkscs": "big5hkscs", "shift_jis": "cp932", "shift-jis": "cp932", "windows-31j": "cp932",
    "x-sjis": "cp932",
    "euc-jp": "euc_jp", "iso-2022-jp": "iso2022_jp_2", "euc-kr": "cp949", "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949", "iso-2022-kr": "iso2022_kr", "koi8-r": "koi8_r", "koi8-u": "koi8_u",
    "macintosh": "mac_roman", "tis-620": "cp874", "windows-874": "cp874", "ibm437": "cp437", "cp437": "cp437",
    "ibm850": "cp850", "cp850": "cp850",
    **{f"iso-8859-{n}": f"iso8859_{n}" for n in (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16)},
    **{f"windows-{n}": f"cp{n}" for n in range(1250, 1259)},
}  # fmt: skip


def canonical_text(text: str) -> str:
    """`text` with every line end as CRLF; nothing else is changed (RFC 8551 §3.1.1)."""
    return _LINE_END.sub("\r\n", text)


def encode_text(text: str) -> tuple[str, bytes]:
    """The transfer encoding of a text leaf and its body: 7bit where possible, else the shorter form."""
    lines = canonical_text(text).split("\r\n")
    if all(_is_plain(line) for line in lines):
        return "7bit", "\r\n".join(lines).encode("ascii")
    quoted = "\r\n".join(map(_quote_line, lines)).encode("ascii")
    raw = "\r\n".join(lines).encode("utf-8", "surrogatepass")
    if len(quoted) > len(raw) * 4 // 3 + 100:
        return "base64", encode_base64(raw)
    return "quoted-printable", quoted


def decode_transfer(encoding: str, body: bytes) -> bytes:
    """The decoded leaf; an unknown encoding leaves the bytes as they are (RFC 2045 §6.4)."""
    name = encoding.strip().lower()
    if name == "base64":
        return decode_base64(body)
    if name == "quoted-printable":
        return binascii.a2b_qp(body)
    return body


def decoded_transfer(encoding: str, source: Source, start: int, end: int) -> Source:
    """The same for the leaf at [start, end) of `source`, of any size; quoted-printable is decoded in memory."""
    name = encoding.strip().lower()
    if name == "base64":
        return decoded_base64(source, start, end)
    if name == "quoted-printable":
        return binascii.a2b_qp(source[start:end])
    return cut(source, start, end)


def decode_charset(content: bytes, charset: str) -> str:
    """The text of `content`, never failing: the named charset, else UTF-8, else Windows-1252."""
    codec = _CODECS.get(charset.strip().strip("\"'").lower(), "utf-8")
    for candidate in (codec, "utf-8"):
        try:
            return codecs.decode(content, candidate)
        except (UnicodeDecodeError, ValueError):
            continue
    return content.decode("cp1252", "replace")


def readable_text(content: bytes, charset: str) -> str:
    """Decoded text for people: line ends as LF, without byte-order mark and NUL."""
    text = _LINE_END.sub("\n", decode_charset(content, charset))
    return text.lstrip("\ufeff").replace("\0", "\N{REPLACEMENT CHARACTER}")


def reads_as_text(octets: Source) -> bool:
    """Whether octets of unknown origin can be words at all: no control characters, and UTF-8 or mostly ASCII.

    Random octets practically never are, from sixteen of them on.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    ascii_octets, unicode = 0, True
    for block in blocks_of(octets):
        piece = bytes(block)
        if piece.translate(None, _CONTROLS) != piece:
            return False
        ascii_octets += len(piece.translate(None, _BEYOND_ASCII))
        unicode = unicode and _decodes(decoder, piece, final=False)
    unicode = unicode and _decodes(decoder, b"", final=True)
    return unicode or ascii_octets * 4 >= len(octets) * 3


def _decodes(decoder: codecs.IncrementalDecoder, piece: bytes, *, final: bool) -> bool:
    try:
        decoder.decode(piece, final)
    except UnicodeDecodeError:
        return False
    return True


def _is_plain(line: str) -> bool:
    return bool(_SAFE_LINE.match(line)) and not line.startswith("From ") and line[-1:] not in (" ", "\t")


def _quote_line(line: str) -> str:
    """One line of quoted-printable with soft breaks (RFC 2045 §6.7)."""
    if _is_plain(line) and "=" not in line:
        return line
    octets = line.encode("utf-8", "surrogatepass")
    tokens = [chr(o) if (33 <= o <= 126 and o != 61) or o in (9, 32) else f"={o:02X}" for o in octets]
    if tokens and tokens[-1] in (" ", "\t"):
        tokens[-1] = f"={octets[-1]:02X}"
    return _soft_break(tokens)


def _soft_break(tokens: list[str]) -> str:
    rows: list[str] = []
    row: list[str] = []
    width = 0
    for token in tokens:
        if width + len(token) > LINE - 3:  # one for the soft break, two for a hidden `F`
            rows.append("".join(row) + "=")
            row, width = [], 0
        row.append(token)
        width += len(token)
    # RFC 8551 §3.1.4: no store may find a reason to write `>From`
    return "\r\n".join(re.sub(r"^From ", "=46rom ", part) for part in [*rows, "".join(row)])
