"""The few DER values that `pki` writes and walks itself: revocation lists and other-names (X.690).

Reading is strict: definite lengths in their shortest form, one octet tags, everything inside its parent.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

BOOLEAN_TRUE = b"\x01\x01\xff"
BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, UTF8_STRING, SEQUENCE = 0x01, 0x02, 0x03, 0x04, 0x0C, 0x30
UTC_TIME, GENERALIZED_TIME = 0x17, 0x18


def header(tag: int, length: int) -> bytes:
    """Tag and length octets in front of `length` octets of content."""
    if length < 0x80:
        return bytes((tag, length))
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets


def tlv(tag: int, *parts: bytes) -> bytes:
    """One value with the parts as its content."""
    content = b"".join(parts)
    return header(tag, len(content)) + content


def integer(value: int) -> bytes:
    """A non-negative INTEGER."""
    return tlv(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def time(moment: datetime) -> bytes:
    """UTCTime through 2049, GeneralizedTime after (RFC 5280 §4.1.2.5); seconds, Z."""
    utc = moment.astimezone(UTC)
    if 1950 <= utc.year < 2050:
        return tlv(UTC_TIME, utc.strftime("%y%m%d%H%M%SZ").encode())
    return tlv(GENERALIZED_TIME, generalized_time_text(utc))


def generalized_time(moment: datetime) -> bytes:
    """GeneralizedTime whatever the year (invalidityDate, RFC 5280 §5.3.2)."""
    return tlv(GENERALIZED_TIME, generalized_time_text(moment.astimezone(UTC)))


def generalized_time_text(utc: datetime) -> bytes:
    """The fifteen characters of a GeneralizedTime."""
    return f"{utc.year:04d}{utc:%m%d%H%M%S}Z".encode()


def read(data: bytes, start: int, limit: int) -> tuple[int, int, int]:
    """Tag, start of content and end of the value at `start`, which must end by `limit`. Raises
    `ValueError`.
    """
    if start + 2 > limit:
        raise ValueError("value cut short")
    tag, length, content = data[start], data[start + 1], start + 2
    if length >= 0x80:
        count = length - 0x80
        octets = data[content : content + count]
        if not 1 <= count <= 4 or len(octets) != count or octets[0] == 0 or (count == 1 and octets[0] < 0x80):
            raise ValueError("length not in its shortest definite form")
        length, content = int.from_bytes(octets, "big"), content + count
    if content + length > limit:
        raise ValueError("value longer than its container")
    return tag, content, content + length


def children(data: bytes, start: int, end: int) -> Iterable[tuple[int, int, int, int]]:
    """The values between `start` and `end`, each as (tag, start, start of content, end)."""
    while start < end:
        tag, content, stop = read(data, start, end)
        yield tag, start, content, stop
        start = stop
