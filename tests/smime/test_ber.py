"""X.690 §8: BER as real clients send it becomes the DER that was meant."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smime import ber, der
from smime.errors import Malformed, OverBudget

# A value is (tag, content octets) or (tag, [values]).
Value = tuple[int, "bytes | list[Value]"]

values: st.SearchStrategy[Value] = st.recursive(
    st.tuples(st.sampled_from([0x02, 0x04, 0x04, 0x06, 0x13, 0x80]), st.binary(max_size=300)),
    lambda inner: st.tuples(st.sampled_from([0x30, 0x31, 0xA0, 0xA1]), st.lists(inner, max_size=4)),
    max_leaves=12,
)
structures = st.tuples(st.just(0x30), st.lists(values, max_size=5))


def to_der(value: Value) -> bytes:
    tag, content = value
    return der.tlv(tag, content if isinstance(content, bytes) else b"".join(map(to_der, content)))


def to_ber(value: Value, choose: st.DataObject) -> bytes:
    """The same value with indefinite lengths, long-form lengths and segmented strings strewn in."""
    tag, content = value
    if isinstance(content, bytes):
        if tag == der.OCTET_STRING and choose.draw(st.booleans()):
            cut = choose.draw(st.integers(0, len(content)))
            segments = der.octet_string(content[:cut]), der.octet_string(content[cut:])
            return wrapped(0x24, b"".join(segments), choose)
        return long_form(tag, content) if choose.draw(st.booleans()) else der.tlv(tag, content)
    return wrapped(tag, b"".join(to_ber(child, choose) for child in content), choose)


def wrapped(tag: int, body: bytes, choose: st.DataObject) -> bytes:
    if choose.draw(st.booleans()):
        return bytes((tag, 0x80)) + body + b"\x00\x00"
    return long_form(tag, body) if choose.draw(st.booleans()) else der.tlv(tag, body)


def long_form(tag: int, body: bytes) -> bytes:
    return bytes((tag, 0x84)) + len(body).to_bytes(4, "big") + body


@given(structures, st.data())
def test_any_mixture_of_ber_forms_comes_back_as_der(value: Value, choose: st.DataObject) -> None:
    encoded = to_ber(value, choose)
    assert ber.normalise(encoded + b"trailer") == (to_der(value), len(encoded))


@given(structures)
def test_der_stays_untouched(value: Value) -> None:
    encoded = to_der(value)
    assert ber.normalise(encoded) == (encoded, len(encoded))


@given(st.binary(max_size=200))
def test_random_octets_are_refused_or_normalised_but_never_break(data: bytes) -> None:
    try:
        normal, consumed = ber.normalise(b"\x30\x80" + data)
    except (Malformed, OverBudget):
        return
    assert ber.normalise(normal) == (normal, len(normal))
    assert consumed <= len(data) + 2


@pytest.mark.parametrize(
    "encoded",
    [
        "",
        "3080",  # no end
        "308000",  # half an end
        "30800480 0000 0000",  # plain value of indefinite length
        "3002 0480",
        "3080 2403020101 0000",  # an INTEGER among the segments of a string
        "0401 00",  # no structure at all
        "3003 0405 00",
        "3081",
    ],
)
def test_what_is_no_ber_is_refused(encoded: str) -> None:
    with pytest.raises(Malformed):
        ber.normalise(bytes.fromhex(encoded))


def test_segments_within_segments_join_to_one_string() -> None:
    inner = bytes.fromhex("2480 04016f 0000")
    encoded = b"\x30\x80\x24\x80\x04\x02he" + inner + b"\x00\x00\x00\x00"
    assert ber.normalise(encoded)[0] == der.sequence(der.octet_string(b"heo"))


def test_nesting_beyond_the_cap_is_refused_without_recursion() -> None:
    with pytest.raises(OverBudget, match="nested"):
        ber.normalise(b"\x30\x80" * 90_000)


def test_more_values_than_any_letter_has_are_refused() -> None:
    with pytest.raises(OverBudget, match="values"):
        ber.normalise(b"\x30\x80" + b"\x05\x00" * (der.MAX_ELEMENTS + 1))


def test_the_work_grows_linearly_with_the_number_of_segments() -> None:
    """Forty times the segments: linear work costs forty times as much, quadratic work sixteen hundred times."""

    def seconds(segments: int) -> float:
        data = b"\x30\x80\x24\x80" + b"\x04\x02ab" * segments + b"\x00\x00\x00\x00"
        began = time.process_time()
        normal, _ = ber.normalise(data)
        assert len(normal) > 2 * segments
        return time.process_time() - began

    small = min(seconds(5_000) for _ in range(5))
    assert min(seconds(200_000) for _ in range(2)) < 400 * small
