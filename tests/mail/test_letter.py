"""Address lists as people type them, and as they are written into headers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.letter import Letter, Relation, read_recipients, write_address
from smime.addresses import read_addresses
from smime.mime import encode_value


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("a@b.example, c@d.example;e@f.example\ng@h.example", ["a@b.example", "c@d.example", "e@f.example", "g@h.example"]),
        ('"Berger, Bob" <bob@f.example>, a@b.example', ["bob@f.example", "a@b.example"]),
        ("Bob Berger <bob@f.example>", ["bob@f.example"]),
        ('"Bob <bob@f.example>, a@b.example', ["", "a@b.example"]),
        (" , ;\r\n", []),
        ("nobody", [""]),
    ],
)  # fmt: skip
def test_commas_semicolons_and_lines_separate_but_not_inside_a_quoted_name(
    typed: str, found: list[str]
) -> None:
    assert [recipient.address for recipient in read_recipients("to", typed)] == found


@given(st.text(max_size=40))
def test_a_written_address_reads_back_as_exactly_one_whatever_the_name(name: str) -> None:
    written = write_address(name, "bob@f.example")
    read = read_addresses(written)
    assert not read.irregular
    assert [address.mailbox for address in read.addresses] == ["bob@f.example"]
    assert [r.address for r in read_recipients("to", f"{written}, a@b.example")] == [
        "bob@f.example",
        "a@b.example",
    ]
    encoded = read_addresses(encode_value("To", written))
    assert [address.mailbox for address in encoded.addresses] == ["bob@f.example"]


def test_everybody_is_addressed_once_and_the_first_field_counts() -> None:
    letter = Letter(to="a@b.example, A@B.example", cc="a@b.example", bcc="c@d.example")
    assert [(r.kind, r.address) for r in letter.recipients()] == [
        ("to", "a@b.example"),
        ("bcc", "c@d.example"),
    ]


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("bob@FABRIKAM.example", "bob@fabrikam.example"),
        ("bob@fabrikam.example.", "bob@fabrikam.example"),
        ("Bob <Bob@bücher.example>", "Bob@xn--bcher-kva.example"),
        ("bob@[127.0.0.1]", "bob@[127.0.0.1]"),
    ],
)
def test_a_recipient_has_one_form_however_the_domain_is_typed(typed: str, address: str) -> None:
    (recipient,) = read_recipients("to", typed)
    assert (recipient.address, recipient.typed) == (address, typed)


def test_another_spelling_of_a_domain_is_not_another_recipient() -> None:
    letter = Letter(to="bob@fabrikam.example", cc="bob@Fabrikam.Example.", bcc="BOB@fabrikam.example.")
    assert [(r.kind, r.address) for r in letter.recipients()] == [("to", "bob@fabrikam.example")]


def test_a_letter_to_some_of_its_recipients_keeps_their_fields() -> None:
    letter = Letter(to="Bob <b@x.example>, c@x.example", cc="d@x.example", bcc="e@x.example")
    some = letter.addressed_to(["B@x.example", "e@x.example"])
    assert (some.to, some.cc, some.bcc) == ("Bob <b@x.example>", "", "e@x.example")


def test_a_draft_reads_back() -> None:
    letter = Letter(to="a@b.example", text="Hallo ü", sign=False, relation=Relation.FORWARD, originals=(0, 2))
    assert Letter.from_json(letter.to_json()) == letter
