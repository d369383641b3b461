"""Whatever a person writes is read back as it was written (RFC 2045, RFC 2047, RFC 2231, RFC 5322)."""

from __future__ import annotations

import os

from hypothesis import given, settings
from hypothesis import strategies as st

from smime.addresses import Address, phrase, read_addresses
from smime.base64_text import decode_base64, encode_base64
from smime.body import read_body, safe_name
from smime.fields import decode_words, encode_words, fold, parameter, read_block, read_parameters
from smime.mime import Attachment, build_body, message
from smime.mime_read import parse

many = settings(max_examples=int(os.environ.get("PKIPORTAL_EXAMPLES", "150")), database=None, deadline=None)

LINE = st.text(st.characters(blacklist_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=200)
PRINTABLE = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=300)


@many
@given(st.lists(LINE, max_size=12))
def test_any_text_is_read_back(lines: list[str]) -> None:
    text = "\n".join(lines).lstrip("\ufeff")
    source = build_body(text).to_bytes()
    assert source.isascii()
    assert max(map(len, source.split(b"\r\n"))) <= 78
    assert read_body(parse(source), encrypted=False).text == (text.strip("\n") if text.strip() else "")


@many
@given(LINE)
def test_any_words_survive_encoding(text: str) -> None:
    encoded = encode_words(text)
    assert encoded.isascii()
    if "=?" not in text:
        assert decode_words(encoded) == text


@many
@given(PRINTABLE)
def test_folding_is_undone_by_unfolding(value: str) -> None:
    line = f"X-Name: {value.strip()}"
    assert fold(line).replace("\r\n", "") == line
    fields, strays = read_block(fold(line).encode())
    assert strays == 0
    assert fields[0].value == value.strip()


@many
@given(LINE)
def test_any_parameter_is_read_back(value: str) -> None:
    written = f"a/b; {parameter('name', value)}; x=y"
    assert written.isascii()
    assert read_parameters(written).parameters == {"name": value, "x": "y"}


@many
@given(LINE)
def test_any_display_name_stays_the_name_of_one_mailbox(name: str) -> None:
    name = " ".join(name.split())
    written = f"{phrase(name)} <a@b.example>" if name else "a@b.example"
    read = read_addresses(written)
    assert [address.mailbox for address in read.addresses] == ["a@b.example"]
    assert not read.irregular
    if "=?" not in name:
        assert read.addresses == (Address(name, "a@b.example"),)


@many
@given(st.binary(max_size=4000))
def test_any_octets_survive_base64(content: bytes) -> None:
    encoded = encode_base64(content)
    assert decode_base64(encoded) == content
    assert decode_base64(encoded.replace(b"\r\n", b"\n").rstrip(b"\n=")) == content


@many
@given(LINE)
def test_a_safe_name_is_never_a_path_and_never_empty(name: str) -> None:
    safe = safe_name(name, "application/octet-stream", 1)
    assert safe
    assert safe not in (".", "..")
    assert not set(safe) & set('/\\\0:*?"<>|\r\n\u202e')
    assert len(safe) <= 120
    assert safe_name(safe, "application/octet-stream", 1) == safe


@many
@given(
    st.binary(max_size=600),
    st.sampled_from([b"", b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"]),
)
def test_any_octets_have_a_tree_whose_parts_lie_inside(octets: bytes, head: bytes) -> None:
    root = parse(head + octets)
    pending = [root]
    while pending:
        part = pending.pop()
        assert 0 <= part.start <= part.body <= part.end <= len(root.source)
        pending.extend(part.children)
    read_body(root, encrypted=True)


@many
@given(st.binary(max_size=300), LINE)
def test_any_file_survives_with_its_bytes(content: bytes, name: str) -> None:
    raw = message([("Subject", "x")], build_body("text", attachments=[Attachment(name, "a/b", content)]))
    (found,) = read_body(parse(raw), encrypted=False).attachments
    assert found.content == content
    assert found.name == safe_name(name, "a/b", 1)
