"""Names: domains, mailboxes, distinguished names."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from pki import names
from pki.errors import MalformedInput
from pki.names import Mailbox, comparable, domain_covers, normalise_domain, same_mailbox, subtree_covers


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Contoso.Example", "contoso.example"),
        ("contoso.example.", "contoso.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("mail", "mail"),
    ],
)
def test_domains_become_lower_case_a_labels(written: str, read: str):
    assert normalise_domain(written) == read


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "a..b",
        "-a.example",
        "a-.example",
        "a b.example",
        "a_b.example",
        "a.example/x",
        "x" * 64 + ".example",
    ],
)
def test_anything_else_is_no_domain(text: str):
    with pytest.raises(MalformedInput):
        normalise_domain(text)


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "@b.example",
        "a@",
        "a@@b.example",
        "<a@b.example>",
        "a@b.example\r\nBcc: c",
        "a..b@c.example",
        ".a@c.example",
    ],
)
def test_text_that_is_no_mailbox_is_refused(text: str):
    with pytest.raises(MalformedInput):
        Mailbox.parse(text)


def test_mailboxes_match_without_ascii_case_only():
    assert same_mailbox("Alice@Contoso.Example", "aLICE@contoso.example")
    assert same_mailbox("zoë@contoso.example", "ZOë@contoso.example")
    assert not same_mailbox("zoë@contoso.example", "zoË@contoso.example")
    assert not same_mailbox(
        "k@contoso.example", "\u212a@contoso.example"
    )  # the Kelvin sign folds to k in Unicode
    assert not same_mailbox("rubbish", "rubbish")


@given(st.text(max_size=40), st.text(max_size=40))
def test_matching_is_symmetric_and_never_crashes(one: str, other: str):
    assert same_mailbox(one, other) is same_mailbox(other, one)


@pytest.mark.parametrize(
    ("entry", "domain", "covered"),
    [
        ("contoso.example", "contoso.example", True),
        ("contoso.example", "mail.contoso.example", False),
        (".contoso.example", "mail.contoso.example", True),
        (".contoso.example", "contoso.example", False),
        (".contoso.example", ".contoso.example", False),
        (".contoso.example", "evilcontoso.example", False),
        ("CONTOSO.example", "contoso.example", True),
    ],
)
def test_a_domain_and_its_subdomains_are_two_entries(entry: str, domain: str, covered: bool):
    assert domain_covers(entry, domain) is covered


def test_a_mailbox_constraint_compares_the_local_part_exactly():
    assert subtree_covers("Alice@CONTOSO.example", Mailbox.parse("Alice@contoso.example"))
    assert not subtree_covers("Alice@contoso.example", Mailbox.parse("alice@contoso.example"))


def _name(*values: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, value) for value in values])


def test_distinguished_names_compare_without_case_and_inner_space():
    assert comparable(_name("  Good   CA ")) == comparable(_name("good ca"))
    assert comparable(_name("a", "b")) != comparable(_name("b", "a"))
    assert comparable(_name("a")) != comparable(_name("a", "a"))


def test_a_name_is_shown_by_its_common_name_and_organisation():
    attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Contoso"), *_name("Alice")]
    assert names.display(x509.Name(attributes)) == "Alice, Contoso"
    assert names.display(x509.Name([])) == "(empty name)"
