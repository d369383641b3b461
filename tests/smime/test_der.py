"""X.690: what the strict reader takes and what it refuses."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from smime import der
from smime.errors import Malformed, OverBudget


def first(encoded: str | bytes) -> der.Element:
    return der.Reader(bytes.fromhex(encoded) if isinstance(encoded, str) else encoded).next()


@pytest.mark.parametrize(
    "encoded",
    [
        "",  # nothing
        "30",  # no length
        "3080 0000",  # indefinite
        "3081 00",  # long form of a short length
        "30820001 00",  # leading zero in the length
        "3002 05",  # longer than the input
        "3089 010101010101010101",  # length of nine octets
        "1f01 00",  # tag in several octets
        "0000",  # end of contents where a value is expected
    ],
)
def test_a_header_that_der_forbids_is_refused(encoded: str) -> None:
    with pytest.raises(Malformed):
        first(encoded)


@pytest.mark.parametrize("encoded", ["0200", "02020001", "0202ff80", "0202ff ff"])
def test_an_integer_not_in_shortest_form_is_refused(encoded: str) -> None:
    with pytest.raises(Malformed):
        first(encoded).integer()


@pytest.mark.parametrize("encoded", ["0600", "06022a86", "06028001", "06032a8001"])
def test_an_object_identifier_that_is_cut_off_or_padded_is_refused(encoded: str) -> None:
    with pytest.raises(Malformed):
        first(encoded).oid()


@pytest.mark.parametrize(
    ("dotted", "encoded"),
    [
        ("1.2.840.113549.1.7.2", "06092a864886f70d010702"),
        ("2.16.840.1.101.3.4.1.46", "060960864801650304012e"),
        ("2.999.3", "0603883703"),
        ("0.0", "060100"),
        ("1.3.101.112", "06032b6570"),
    ],
)
def test_object_identifiers_go_both_ways(dotted: str, encoded: str) -> None:
    assert (der.oid(dotted).hex(), first(encoded).oid()) == (encoded, dotted)


@example(-128)
@example(-(2**15))
@given(st.integers(min_value=-(2**200), max_value=2**200))
@example(-128)
@example(-(2**63))
def test_every_integer_comes_back(value: int) -> None:
    assert first(der.integer(value)).integer() == value


@given(st.binary(max_size=70_000))
def test_every_octet_string_comes_back(content: bytes) -> None:
    element = first(der.octet_string(content))
    assert (element.content, element.end) == (content, len(element.data))


@pytest.mark.parametrize(
    ("at", "encoded"),
    [
        (datetime(2026, 11, 24, 12, 0, tzinfo=UTC), b"\x17\x0d261124120000Z"),
        (datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC), b"\x17\x0d491231235959Z"),
        (datetime(2050, 1, 1, tzinfo=UTC), b"\x18\x0f20500101000000Z"),
        (datetime(1950, 1, 1, tzinfo=UTC), b"\x17\x0d500101000000Z"),
    ],
)
def test_times_turn_to_four_digit_years_in_2050(at: datetime, encoded: bytes) -> None:
    assert (der.time(at), first(encoded).time()) == (encoded, at)


@pytest.mark.parametrize(
    "text", [b"2611241200Z", b"261124120000+", b"26112412000aZ", b"261324120000Z", b"-61124120000Z"]
)
def test_a_time_without_seconds_zone_or_sense_is_refused(text: bytes) -> None:
    with pytest.raises(Malformed):
        first(der.tlv(der.UTC_TIME, text)).time()


def test_a_time_without_zone_is_never_written() -> None:
    with pytest.raises(ValueError, match="zone"):
        der.time(datetime(2026, 1, 1))  # noqa: DTZ001


def test_a_set_is_written_in_the_order_of_its_encodings() -> None:
    assert der.set_of(
        [b"\x04\x01b", b"\x02\x01\x01", b"\x04\x01a"]
    ).hex() == "3109 020101 040161 040162".replace(" ", "")


def test_a_reader_says_when_something_is_left_over() -> None:
    reader = der.Reader(der.integer(1) + der.integer(2))
    reader.next(der.INTEGER)
    with pytest.raises(Malformed):
        reader.finish()


def test_an_unexpected_tag_is_refused_and_an_absent_option_is_not() -> None:
    reader = der.Reader(der.integer(1))
    assert reader.optional(der.SEQUENCE) is None
    with pytest.raises(Malformed, match="0x02"):
        reader.next(der.SEQUENCE)


def nested(depth: int) -> bytes:
    encoded = b""
    for _ in range(depth):
        encoded = der.sequence(encoded)
    return encoded


def test_nesting_is_walked_to_the_depth_cap_and_not_beyond() -> None:
    der.check_depth(nested(der.MAX_DEPTH), 0, len(nested(der.MAX_DEPTH)))
    too_deep = nested(der.MAX_DEPTH + 1)
    with pytest.raises(OverBudget, match="nested"):
        der.check_depth(too_deep, 0, len(too_deep))


def test_counting_stops_at_the_budget_without_looking_into_the_children() -> None:
    children = first(der.sequence(*[b"\x30\x02\xff\xff"] * 6))
    assert len(der.count_children(children, 6, "things")) == 6
    with pytest.raises(OverBudget, match="things"):
        der.count_children(children, 5, "things")


def test_a_rope_joins_to_the_same_octets_as_nested_values() -> None:
    content = bytes(range(256)) * 3
    rope = der.rope(
        der.SEQUENCE, der.integer(1), der.rope(der.context(0), der.rope(der.OCTET_STRING, content))
    )
    assert rope.to_bytes() == der.sequence(der.integer(1), der.tlv(der.context(0), der.octet_string(content)))


@pytest.mark.parametrize("encoded", [b"\x03\x00", b"\x03\x02\x01\xfe", b"\x03\x02\x07\x80"])
def test_a_bit_string_that_is_not_made_of_whole_octets_is_refused(encoded: bytes) -> None:
    with pytest.raises(Malformed, match="whole octets"):
        first(encoded).bit_string()


def test_an_object_identifier_of_impossible_size_is_not_spelled_out() -> None:
    longest = b"\x2a" + b"\x01" * (der.MAX_OID_OCTETS - 1)
    assert first(der.tlv(der.OBJECT_IDENTIFIER, longest)).oid().startswith("1.2.1")
    with pytest.raises(Malformed, match="impossible size"):
        first(der.tlv(der.OBJECT_IDENTIFIER, longest + b"\x01")).oid()


def test_the_segments_of_a_string_are_joined_up_to_a_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(der, "MAX_ELEMENTS", 3)
    segments = [der.octet_string(b"ab"), der.octet_string(b""), der.octet_string(b"c")]
    assert first(der.octet_string(b"abc")).octets() == b"abc"
    assert first(der.tlv(der.context(0), *segments)).octets() == b"abc"
    with pytest.raises(OverBudget, match="segments"):
        first(der.tlv(der.context(0), *segments, *segments)).octets()


def test_values_are_counted_while_their_depth_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(der, "MAX_ELEMENTS", 3)
    three, four = der.sequence(b"\x05\x00" * 2), der.sequence(b"\x05\x00" * 3)
    der.check_depth(three, 0, len(three))
    with pytest.raises(OverBudget, match="encoded values"):
        der.check_depth(four, 0, len(four))
