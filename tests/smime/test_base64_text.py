"""Base64 of any size: every way of reading gives what the plain decoder gives, every way of writing the same text."""

from __future__ import annotations

import base64
import binascii
import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smime.base64_text import (
    EncodedText,
    RegularText,
    decode_base64,
    decoded_base64,
    decoded_strictly,
    encode_base64,
    encoded_base64,
)
from smime.octets import BLOCK, IN_MEMORY, Rope
from smime.spool import SealedSpool, spooled

NOISE = random.Random(9216)
CONTENT = NOISE.randbytes(1_500_000)
TEXT = encode_base64(CONTENT)


def as_python_reads(body: bytes) -> bytes:
    """The reader of the standard library, and what stands in for it where that one gives up."""
    try:
        return binascii.a2b_base64(body)
    except binascii.Error:
        digits = re.sub(rb"[^A-Za-z0-9+/]+", b"", body.partition(b"=")[0])
        digits = digits[:-1] if len(digits) % 4 == 1 else digits
        return binascii.a2b_base64(digits + b"=" * (-len(digits) % 4))


@given(st.binary(max_size=400) | st.text("AZaz09+/=-_ \r\n", max_size=200).map(str.encode))
def test_any_octets_are_read_as_python_reads_them(body: bytes) -> None:
    assert decode_base64(body) == as_python_reads(body)


@pytest.mark.parametrize("octets", [0, 1, 2, 3, 56, 57, 58, 57 * 512 - 1, 57 * 512, 57 * 512 + 1, 100_000])
def test_written_text_has_lines_of_76_columns(octets: int) -> None:
    content = CONTENT[:octets]
    expected = base64.encodebytes(content).replace(b"\n", b"\r\n")
    assert encode_base64(content) == expected
    assert len(EncodedText(content)) == len(expected)


def test_a_long_content_is_encoded_as_it_is_read() -> None:
    pieces = [CONTENT[:1], CONTENT[1:500], CONTENT[500:100_000], memoryview(CONTENT)[100_000:]]
    text = encoded_base64(Rope(pieces))
    assert isinstance(text, EncodedText)
    assert len(text) == len(TEXT)
    assert bytes(text) == bytes(text) == TEXT
    assert isinstance(encoded_base64(CONTENT[:1000]), bytes)


def test_regular_text_is_read_without_decoding_it_as_a_whole() -> None:
    for text in (TEXT, TEXT.replace(b"\r\n", b"\n"), TEXT.removesuffix(b"\r\n"), TEXT + b"\r\n--"[:2]):
        found = decoded_base64(b"head" + text + b"tail", 4, 4 + len(text))
        assert isinstance(found, RegularText)
        assert found == CONTENT
        assert found[777_777:999_999] == CONTENT[777_777:999_999]
        assert found[-1] == CONTENT[-1]


def _damaged() -> list[bytes]:
    lines = TEXT.splitlines(keepends=True)
    return [
        b"x" + TEXT,
        TEXT[:700_000] + b" " + TEXT[700_000:],
        TEXT[:700_000] + b"=" + TEXT[700_000:],
        TEXT[:700_001] + TEXT[700_003:],
        TEXT[:700_000] + b"\xff" + TEXT[700_001:],
        TEXT[:-40],
        TEXT[:-41],
        TEXT[:-42] + b"=",
        TEXT + b"==" + TEXT,
        TEXT + encode_base64(b"a") + TEXT,
        b"".join([*lines[:9000], lines[9000][:40] + b"\r\n" + lines[9000][40:], *lines[9001:]]),
        b"".join(line[:75] + b"\r\n" + line[75:] for line in lines),
        TEXT.replace(b"\r\n", b""),
        b"\r\n" + TEXT,
        b"".join(line.replace(b"\r\n", b"\n") if at % 2 else line for at, line in enumerate(lines)),
    ]


@pytest.mark.parametrize("number", range(len(_damaged())))
def test_irregular_text_is_read_like_any_other(number: int) -> None:
    text = _damaged()[number]
    assert len(text) > IN_MEMORY
    found = decoded_base64(text, 0, len(text))
    assert found == as_python_reads(text)
    assert decoded_base64(spooled(Rope([b"ab", text])), 2, 2 + len(text)) == found


def test_what_is_irregular_goes_to_a_sealed_spool() -> None:
    text = TEXT[:700_000] + b" " + TEXT[700_000:]
    assert isinstance(decoded_base64(text, 0, len(text)), SealedSpool)


@settings(deadline=None, max_examples=50)
@given(st.integers(0, len(TEXT) - 1), st.binary(max_size=4), st.integers(0, 4))
def test_a_long_text_changed_anywhere_is_read_as_python_reads_it(
    at: int, octets: bytes, dropped: int
) -> None:
    text = TEXT[:at] + octets + TEXT[at + dropped :]
    assert bytes(decoded_base64(text, 0, len(text))) == as_python_reads(text)


@pytest.mark.parametrize("size", [300, 1_500_000])
@pytest.mark.parametrize("behind", [b"QUJD", b"=", b"*", b"QU", b"\xff"])
def test_strict_reading_refuses_what_stands_behind_the_padding(size: int, behind: bytes) -> None:
    text = encode_base64(CONTENT[:size] + b"x" * (1 + size % 3))
    assert b"=" in text
    whole = text + b" \t\r\n"
    assert bytes(decoded_strictly(whole, 0, len(whole))) == base64.b64decode(text)
    with pytest.raises(binascii.Error):
        decoded_strictly(whole + behind, 0, len(whole) + len(behind))


def test_strict_reading_notices_a_padding_at_the_very_end_of_a_block() -> None:
    first = b"QUI=".rjust(BLOCK, b"A")  # the first block ends with its padding
    with pytest.raises(binascii.Error):
        decoded_strictly(first + b"QUJD", 0, BLOCK + 4)
    assert len(decoded_strictly(first + b"\r\n" * BLOCK, 0, 3 * BLOCK)) == BLOCK // 4 * 3 - 1
