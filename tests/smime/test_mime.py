"""What is written as MIME comes back, and leaves nothing for a relay to repair (RFC 8551 §3.1)."""

from __future__ import annotations

import pytest

from smime.body import read_body
from smime.errors import RefusedComposition
from smime.fields import read_block
from smime.mime import Attachment, Entity, build_body, message
from smime.mime_read import parse

TRAPS = (
    "Dear Bob,\nFrom now on\n.\ntrailing blank \ntab\t\n=3D is no equals sign\n\nÄrger mit Umlauten\n"
    + "x" * 200
)


def test_text_of_every_kind_comes_back_unchanged() -> None:
    for text in (TRAPS, "", "one line", "漢字" * 300, "\n\nempty lines first", "emoji 🦉 " * 40):
        body = read_body(parse(build_body(text).to_bytes()), encrypted=False)
        assert body.text == text.strip("\n"), text[:20]


def test_everything_written_is_seven_bit_with_short_crlf_lines() -> None:
    entity = build_body(
        TRAPS, html="<p>ß</p>", attachments=[Attachment("a.bin", "application/x", bytes(range(256)))]
    )
    written = message([("Subject", "Größe " * 40)], entity)
    assert written.isascii()
    assert b"\r" not in written.replace(b"\r\n", b"")
    assert b"\n" not in written.replace(b"\r\n", b"")
    assert max(map(len, written.split(b"\r\n"))) <= 78


def test_no_line_starts_with_from_and_none_ends_with_a_blank() -> None:
    written = build_body(TRAPS + "\n" + "y" * 70 + " From the middle of a long line " + "z" * 70).to_bytes()
    lines = written.split(b"\r\n")
    assert not [line for line in lines if line.startswith(b"From ") or line.endswith((b" ", b"\t"))]


def test_attachments_keep_their_names_and_bytes() -> None:
    files = [
        Attachment("Prüfbericht – 2026.pdf", "application/pdf", b"%PDF" + bytes(1000)),
        Attachment('quote"back\\slash.txt', "text/plain", b"a\nb\r\nc"),
        Attachment("letter.eml", "message/rfc822", b"Subject: x\r\n\r\ny"),
        Attachment("mine.p7s", "application/pkcs7-signature", b"\x30\x00"),
    ]
    body = read_body(parse(build_body("hello", attachments=files).to_bytes()), encrypted=False)
    assert [file.content for file in body.attachments] == [file.content for file in files]
    assert body.attachments[0].name == "Prüfbericht – 2026.pdf"
    assert body.attachments[1].name == "slash.txt"  # what looks like a folder is dropped
    assert body.attachments[3].media_type == "application/pkcs7-signature"


def test_html_and_text_are_two_forms_of_one_letter() -> None:
    body = read_body(parse(build_body("plain", html="<b>rich</b>").to_bytes()), encrypted=False)
    assert (body.text, body.html) == ("plain", "<b>rich</b>")


def test_html_alone_still_gives_words_to_read() -> None:
    html = (
        "<head><title>t</title><style>p{}</style></head><p>Hello &amp; welcome</p><a href='http://x'>here</a>"
    )
    source = b"Content-Type: text/html\r\n\r\n" + html.encode()
    body = read_body(parse(source), encrypted=False)
    assert body.text == "Hello & welcome\nhere"


def test_bcc_is_never_written() -> None:
    written = message([("To", "bob@fabrikam.example"), ("Bcc", "eve@tailspin.example")], build_body("x"))
    assert b"tailspin" not in written


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Subject", "a\r\nBcc: eve@tailspin.example"),
        ("Subject", "a\nb"),
        ("Subject", "nul\0"),
        ("X y", "z"),
        ("To", "ü\n@x"),
        ("To", "jürgen@fabrikam.example"),
        ("Subject", "w" * 1200),
    ],
)
def test_a_header_that_cannot_be_written_is_refused_before_anything_is_signed(name: str, value: str) -> None:
    with pytest.raises(RefusedComposition) as refused:
        message([(name, value)], build_body("x"))
    assert refused.value.finding.remedy
    assert refused.value.finding.owner == "you"


def test_folded_fields_unfold_to_the_same_value() -> None:
    values = [
        "word " * 60 + "end",
        "x" * 300,
        "a\t" + "b  c " * 40 + "d",
        '"Lang, Name" <a@b.example>, ' * 20 + "z@b.example",
    ]
    written = message([("X-Test", value) for value in values], Entity((), b""))
    fields, strays = read_block(written.partition(b"\r\n\r\n")[0])
    assert [field.value for field in fields if field.name == "X-Test"] == values
    assert strays == 0


def test_names_in_address_fields_are_encoded_and_the_addresses_are_not() -> None:
    written = message(
        [("From", "Zoë Müller <zoe@contoso.example>"), ("To", "Jörg <j@bücher.example>")], build_body("x")
    )
    fields, _ = read_block(written.partition(b"\r\n\r\n")[0])
    assert fields[0].text == "Zoë Müller <zoe@contoso.example>"
    assert fields[1].text == "Jörg <j@xn--bcher-kva.example>"
