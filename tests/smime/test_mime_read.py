"""Reading MIME: exact offsets, tolerance, and budgets (RFC 2046, RFC 1847)."""

from __future__ import annotations

import time

import pytest

from smime.body import MAX_HTML, MAX_TEXT, html_to_text, read_body, safe_name
from smime.errors import OverBudget
from smime.fields import MAX_BLOCK, decode_words, read_parameters
from smime.mime_read import Part, parse


def tree(part: Part) -> object:
    return (part.media_type, [tree(child) for child in part.children]) if part.children else part.media_type


def multipart(body: bytes, boundary: bytes = b"b") -> bytes:
    return b"Content-Type: multipart/mixed; boundary=" + boundary + b"\r\n\r\n" + body


def test_the_bytes_of_a_part_end_before_the_line_end_of_the_delimiter() -> None:
    part = parse(multipart(b"pre\r\n--b\r\nA: 1\r\n\r\none\r\n\r\n--b  \r\n\r\ntwo--b\r\n--b--\r\nepi"))
    assert [child.raw for child in part.children] == [b"A: 1\r\n\r\none\r\n", b"\r\ntwo--b"]
    assert part.span(part.preamble) == b"pre"
    assert part.span(part.epilogue) == b"epi"


def test_lone_line_feeds_delimit_too() -> None:
    part = parse(multipart(b"--b\r\n\r\none\r\n--b--\r\n").replace(b"\r\n", b"\n"))
    assert [child.raw for child in part.children] == [b"\none"]


def test_a_delimiter_is_a_whole_line() -> None:
    part = parse(multipart(b"--b\r\n\r\n--bc\r\n --b\r\nx--b\r\n--b x\r\n--b--\r\n"))
    assert len(part.children) == 1


def test_an_outer_delimiter_closes_inner_parts() -> None:
    source = multipart(
        b"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\nx\r\n--b\r\n\r\ny\r\n--b--\r\n"
    )
    part = parse(source)
    assert tree(part) == ("multipart/mixed", [("multipart/mixed", ["text/plain"]), "text/plain"])
    assert part.children[0].children[0].raw == b"\r\nx"
    assert "unterminated" in part.children[0].defects


def test_a_header_ends_at_a_delimiter_too() -> None:
    part = parse(multipart(b"--b\r\nContent-Type: text/html\r\n--b\r\n\r\nx\r\n--b--"))
    assert tree(part) == ("multipart/mixed", ["text/html", "text/plain"])


def test_boundaries_that_are_prefixes_of_one_another_are_told_apart() -> None:
    inner = b"Content-Type: multipart/mixed; boundary=bb\r\n\r\n--bb\r\n\r\nx\r\n--bb--"
    part = parse(multipart(b"--b\r\n" + inner + b"\r\n--b\r\n\r\ny\r\n--b--"))
    assert tree(part) == ("multipart/mixed", [("multipart/mixed", ["text/plain"]), "text/plain"])


@pytest.mark.parametrize(
    "source",
    [
        b"", b"\r\n", b"\n", b"x", b"\0" * 100, b":\r\n", b"Content-Type: multipart/mixed; boundary=\r\n\r\nx",
        b"Content-Type: multipart/mixed\r\n\r\nx", multipart(b""), multipart(b"--b"), multipart(b"--b--"),
        b"Content-Type: multipart/mixed; boundary=" + b"q" * 300 + b"\r\n\r\nx", b"A" * 3000, b"From: x",
    ],
)  # fmt: skip
def test_odd_input_gives_a_tree_and_no_exception(source: bytes) -> None:
    part = parse(source)
    assert part.end == len(source)
    read_body(part, encrypted=True)


HEADER = b"Content-Type: multipart/mixed; boundary=b\n\n"
NESTED = b"".join(b"Content-Type: multipart/mixed; boundary=a%d\n\n--a%d\n" % (i, i) for i in range(20))


@pytest.mark.parametrize(
    "source",
    [
        HEADER + b"--b\n\n" * 200_000,
        b"".join(b"Content-Type: multipart/mixed; boundary=a%d\n\n--a%d\n" % (i, i) for i in range(60)),
        b"A: b\n" * 501 + b"\n",
        (b"A: " + b"b" * 15_996 + b"\n") * 16 + b"A:" + b"b" * 6142 + b"\n\n",
        bytes(50 * 1024 * 1024 + 1),
        b"A: " + b"b" * 17_000 + b"\n\n",
        b"A: b\n" + b" c\n" * 200_000,
        b"Subject: " + b"=?utf-8?q?x?= " * 300 + b"\n\n",
    ],
)
def test_what_exceeds_a_budget_is_refused_by_name_and_quickly(source: bytes) -> None:
    begun = time.process_time()
    with pytest.raises(OverBudget) as refused:
        parse(source)
    assert "limit" in refused.value.finding.summary
    assert time.process_time() - begun < 2


@pytest.mark.parametrize(
    "source",
    [
        HEADER + b"--c\n" * 2_000_000,
        NESTED + b"x\n" * 9_000_000,
        b"\n" + b"<" * 4_000_000,
        HEADER + b"".join(b"--b\n" + HEADER.replace(b"=b", b"=%s%d" % (b"q" * 60, i)) for i in range(990)),
    ],
)  # fmt: skip
def test_reading_is_linear(source: bytes) -> None:
    begun = time.process_time()
    parse(source)
    assert time.process_time() - begun < 2


def test_html_of_any_shape_becomes_words_in_linear_time() -> None:
    begun = time.process_time()
    for html in ("<" * 2_000_000, "<style>" * 200_000, "<div " * 300_000, "&" * 1_000_000):
        html_to_text(html)
    assert time.process_time() - begun < 4


def test_encoded_words_are_decoded_tolerantly() -> None:
    assert decode_words("=?utf-8?Q?Gr=C3=BC=C3=9Fe?= =?UTF-8*de?B?IGF1cw==?= Bonn") == "Grüße aus Bonn"
    assert decode_words("=?nonsense?q?x=E4?=") == "xä"
    assert decode_words("x =?utf-8?b?%%%?=") == "x "
    assert "\n" not in decode_words("=?utf-8?q?a=0D=0ABcc:_x?=")


def test_parameters_are_read_in_every_spelling() -> None:
    read = read_parameters
    assert read("text/plain; CHARSET=utf-8").parameters["charset"] == "utf-8"
    assert read('a/b; name="x; y=z"; k=v').parameters == {"name": "x; y=z", "k": "v"}
    assert read("a/b; name*=utf-8''%C3%BC.txt").parameters["name"] == "ü.txt"
    assert read("a/b; name*0=ab; name*2=ef; name*1=cd").parameters["name"] == "abcdef"
    assert read("a/b; x=1; x=2").parameters["x"] == "1"


@pytest.mark.parametrize(
    "charset", ["punycode", "idna", "unicode_escape", "rot13", "zlib", "base64", "undefined", "hex"]
)
def test_a_codec_that_is_no_charset_of_mail_is_never_run(charset: str) -> None:
    body = read_body(
        parse(f"Content-Type: text/plain; charset={charset}\n\nn\\x41o".encode()), encrypted=False
    )
    assert body.text == "n\\x41o"


@pytest.mark.parametrize(
    ("given", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\boot.ini", "boot.ini"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("a\0b\r\nc.txt", "abc.txt"),
        ("", "attachment-1.pdf"),
        ("...", "attachment-1.pdf"),
        ("x" * 300 + ".pdf", "x" * 116 + ".pdf"),
    ],
)
def test_file_names_are_safe_to_show_and_to_save(given: str, safe: str) -> None:
    assert safe_name(given, "application/pdf", 1) == safe


def test_text_parts_of_one_tree_are_joined_and_second_html_parts_become_files() -> None:
    source = multipart(
        b"--b\n\nbody\n--b\nContent-Type: text/html\n\n<i>one</i>\n--b\nContent-Type: text/html\n\n<i>two</i>\n"
        b"--b\n\nfooter\n--b--\n"
    )
    body = read_body(parse(source), encrypted=False)
    assert body.text == "body\n\nfooter"
    assert body.html == "<i>one</i>"
    assert [file.content for file in body.attachments] == [b"<i>two</i>"]


def test_words_with_a_file_name_are_words_and_a_second_such_part_is_a_file() -> None:
    named = b"--b\nContent-Type: text/plain; name=x.txt\n\n"
    body = read_body(parse(multipart(named + b"hello\n" + named + b"file\n--b--\n")), encrypted=False)
    assert body.text == "hello"
    assert [(file.name, file.content) for file in body.attachments] == [("x.txt", b"file")]


def test_a_header_block_of_exactly_the_limit_is_read() -> None:
    block = (b"A: " + b"b" * 15_996 + b"\n") * 16 + b"A:" + b"b" * 6141 + b"\n"
    assert len(block) == MAX_BLOCK
    assert len(parse(block + b"\nx").fields) == 17


def test_words_and_formatted_text_beyond_the_limit_become_files() -> None:
    words, formatted = b"a" * (MAX_TEXT * 4 // 3), b"<p>" + b"b" * (MAX_HTML * 4 // 3 - 3)
    for text, html, named in (
        (words, formatted, []),
        (words + b"a", formatted, ["text-too-large"]),
        (words, formatted + b"b", ["html-too-large"]),
    ):
        body = read_body(
            parse(
                multipart(
                    b"--b\r\n\r\n"
                    + text
                    + b"\r\n--b\r\nContent-Type: text/html\r\n\r\n"
                    + html
                    + b"\r\n--b--"
                )
            ),
            encrypted=False,
        )
        assert [finding.code for finding in body.findings] == named
        assert [file.content for file in body.attachments] == [
            content for content, code in ((text, "text-too-large"), (html, "html-too-large")) if code in named
        ]
        assert (body.html is None) == ("html-too-large" in named)
        shown = formatted[3:] if "text-too-large" in named else words  # the words of the HTML stand in
        assert body.text == shown.decode()
        assert all("MiB" in finding.summary and finding.owner == "you" for finding in body.findings)


def test_hidden_elements_end_where_they_end_in_any_letter_case() -> None:
    """The capital İ has a lower case of two characters: positions in it are not those in the text."""
    for before in ("", "İ" * 50, "ſ<ſtyle>"):
        html = before + "<STYLE>p { color: red }</Style><p>words</p><script>x()"
        assert html_to_text(html) == before.replace("<ſtyle>", "") + "words"


def test_a_long_file_in_quoted_printable_is_decoded() -> None:
    part = parse(b"Content-Transfer-Encoding: Quoted-Printable\r\n\r\n" + b"=41=\r\nB" * 300_000)
    assert part.decoded() == part.content() == b"AB" * 300_000
