"""Address fields: whatever is not plainly a list of mailboxes is marked, and nothing else is written (RFC 5322 §3.4)."""

from __future__ import annotations

import pytest

from smime.addresses import MAX_ADDRESSES, encode_addresses, read_addresses
from smime.errors import OverBudget, RefusedComposition


def read(value: str) -> list[tuple[str, str]]:
    return [(address.name, address.mailbox) for address in read_addresses(value).addresses]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a@x.example", [("", "a@x.example")]),
        ("Alice <a@x.example>, b@x.example", [("Alice", "a@x.example"), ("", "b@x.example")]),
        ("a@x.example (Alice)", [("Alice", "a@x.example")]),
        ("a@x.example (Alice (of Contoso))", [("Alice (of Contoso)", "a@x.example")]),
        ("a@x.example ((nested) twice (again))", [("(nested) twice (again)", "a@x.example")]),
        ("a@x.example (never closed", [("never closed", "a@x.example")]),
        ("a@x.example), b@x.example", [("", "a@x.example"), ("", "b@x.example")]),
        ('"Last, First" <a@x.example>', [("Last, First", "a@x.example")]),
        ('"a \\"quoted\\" name" <a@x.example>', [('a "quoted" name', "a@x.example")]),
    ],
)
def test_lists_in_every_plain_form_are_read(value: str, expected: list[tuple[str, str]]) -> None:
    assert read(value) == expected
    assert not read_addresses(value).irregular


@pytest.mark.parametrize(
    "value",
    ["nobody", "Alice <>", "a@x.example b@x.example", "<a@x.example> <b@x.example>", "<a@x.example", "a@x\x01.example",
     "team: a@x.example;", "<a@x.example> Alice"],
)  # fmt: skip
def test_what_is_no_plain_list_is_marked_and_never_written(value: str) -> None:
    assert read_addresses(value).irregular
    with pytest.raises(RefusedComposition, match="plain list") as refused:
        encode_addresses(value)
    assert refused.value.finding.code == "address-unwritable"
    assert refused.value.finding.remedy


def test_a_list_of_the_most_addresses_is_read_and_one_more_is_refused() -> None:
    most = ", ".join(["a@x.example"] * MAX_ADDRESSES)
    assert len(read(most)) == MAX_ADDRESSES
    with pytest.raises(OverBudget):
        read_addresses(most + ", a@x.example")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("a@x.example", "a@x.example"),
        ("a@Bücher.example", "a@xn--bcher-kva.example"),
        ("Alice <a@bücher.example>, b@x.example", "Alice <a@xn--bcher-kva.example>, b@x.example"),
        ('"Last, First" <a@x.example>', '"Last, First" <a@x.example>'),
    ],
)
def test_domains_are_written_as_a_labels_and_names_as_they_must_be(value: str, written: str) -> None:
    assert encode_addresses(value) == written


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("ä@x.example", "before the @"),
        ("a@ä..example", "no valid domain"),
        ("a@ü_.example", "no valid domain"),
    ],
)
def test_an_address_that_mail_cannot_carry_is_refused_by_name(value: str, why: str) -> None:
    with pytest.raises(RefusedComposition, match=why) as refused:
        encode_addresses(value)
    assert value in refused.value.finding.summary
