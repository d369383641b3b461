"""The one function for mail HTML: what comes out, what never does, and that it always comes soon."""

from __future__ import annotations

import time
from html import escape, unescape
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail import html
from mail.html import clean_html
from smime.mime import Attachment

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 40
SVG = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"
PAYLOADS = [
    "<script>alert(1)</script>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<svg onload=alert(1)><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<img src=x onerror=alert(1)>",
    "<img src='x' srcset='http://t/1 1x' onerror=alert(1)>",
    "<img/src=`x`onerror=alert(1)>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href=' java\tscript:alert(1)'>x</a>",
    "<a href='&#106;avascript:alert(1)'>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<a href='vbscript:x'>x</a>",
    "<a href='//elsewhere.example'>x</a>",
    "<img src='data:image/svg+xml;base64,PHN2Zz4='>",
    "<img src='data:text/html;base64,PHN2Zz4='>",
    "<iframe src='https://t/'></iframe><object data='https://t/'></object><embed src='https://t/'>",
    "<link rel=stylesheet href='https://t/'><style>@import 'https://t/'</style><p style='background:url(https://t/)'>",
    "<base href='https://t/'><meta http-equiv=refresh content='0;url=https://t/'>",
    "<form action='https://t/'><input name=a><button formaction='https://t/'>send</button></form>",
    "<video src='https://t/' poster='https://t/'></video><audio src='https://t/'></audio>",
    "<body background='https://t/' onload=alert(1)><table background='https://t/'><tr><td background='https://t/'>",
    "<input type=image src='https://t/'><isindex action='https://t/'>",
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>"></noscript>',
    "<template><img src=x onerror=alert(1)></template>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<!--[if mso]><img src=x onerror=alert(1)><![endif]-->",
    "<![CDATA[<img src=x onerror=alert(1)>]]>",
    "<?xml version='1.0'?><img src=x onerror=alert(1)>",
    "<textarea><img title='</textarea><img src=x onerror=alert(1)>'>",
    "<title><img title='</title><img src=x onerror=alert(1)>'>",
    "<xmp><p title='</xmp><img src=x onerror=alert(1)>'>",
    "<p id=x name=y class=seal onclick=alert(1) style='position:fixed'>x</p>",
    "<p title='\"><img src=x onerror=alert(1)>'>x",
    "<a href='https://x.example/\"onmouseover=alert(1)'>x</a>",
    "<details open ontoggle=alert(1)>",
    "<dialog open><marquee onstart=alert(1)>",
    "<a href='http://a.example' target=_self ping='https://t/'>x</a>",
    "<portal src='https://t/'></portal><frameset><frame src='https://t/'></frameset>",
    "<svg><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>",
    "<select><option><img src=x onerror=alert(1)></option></select>",
    "<img src=cid:one onerror=alert(1)>",
    "\x00<\x00script>alert(1)</script>",
    "<p/onclick=alert(1)//x=>",
]


class Elements(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    handle_startendtag = handle_starttag


def assert_harmless(text: str) -> None:
    for tag, attributes in Elements(text).found:
        assert tag in html.ELEMENTS
        for name, value in attributes.items():
            assert name in html.EVERYWHERE | html.ATTRIBUTES.get(tag, frozenset()) | {"rel"}
            if name == "src":
                assert value is not None
                assert value.startswith("data:image/png;base64,")
            if name == "href":
                assert value is not None
                assert value.lower().startswith(("http://", "https://", "mailto:"))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_nothing_that_acts_or_loads_comes_out(payload: str) -> None:
    for around in (
        "%s",
        "<p>a%sb</p>",
        "<table><tr><td>%s",
        "<a href='http://x.example'><b>%s",
        "<!-- %s -->%s",
    ):
        text = around.replace("%s", payload)
        cleaned = clean_html(text, [Attachment("a", "image/png", PNG, "one")])
        assert cleaned.html is not None
        assert_harmless(cleaned.html)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_each_of_the_two_steps_is_enough_alone(payload: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the scan writes is harmless before nh3 sees it, and nh3 makes the raw payload harmless without the scan."""
    with monkeypatch.context() as without:
        without.setattr(html, "_CLEANER", type("Nothing", (), {"clean": staticmethod(lambda text: text)}))
        scanned = clean_html(payload, [Attachment("a", "image/png", PNG, "one")])
        assert scanned.html is not None
        assert_harmless(scanned.html)
    assert_harmless(html._CLEANER.clean(payload))


@given(st.text(alphabet="<>/='\"!-ab pdivscrt&#;\x00\n", max_size=200))
def test_any_text_comes_out_harmless(text: str) -> None:
    cleaned = clean_html(text)
    assert cleaned.html is not None
    assert_harmless(cleaned.html)


def test_what_a_letter_is_made_of_stays() -> None:
    text = (
        "<h1>Minutes</h1><p dir=rtl>a <b>b</b> <i>c</i><br>d &amp; e &lt; f</p><ul><li>one<li>two</ul>"
        "<table><tr><td colspan=2 align=right>x</td></tr></table><blockquote>old</blockquote>"
        "<a href='https://contoso.example/?a=1&amp;b=2'>link</a> <a href=mailto:bob@fabrikam.example>Bob</a>"
    )
    cleaned = clean_html(text).html
    assert cleaned is not None
    for kept in (
        "<h1>Minutes</h1>", '<p dir="rtl">', "<b>b</b>", "<br>", "d &amp; e &lt; f", "<li>two</li>",
        '<td colspan="2" align="right">', "<blockquote>old</blockquote>",
        '<a href="https://contoso.example/?a=1&amp;b=2" rel="noopener noreferrer">link</a>',
        '<a href="mailto:bob@fabrikam.example"',
    ):  # fmt: skip
        assert kept in cleaned


@given(st.text(alphabet="&<>\xa0a", max_size=60), st.integers(1, 40))
def test_long_runs_of_escaped_characters_lose_nothing(text: str, times: int) -> None:
    cleaned = clean_html(escape(text * times))
    assert cleaned.html is not None
    assert unescape(cleaned.html.replace("<wbr>", "")) == text * times


def test_a_picture_of_the_letter_is_written_in_and_one_from_elsewhere_is_left_out_and_counted() -> None:
    text = "<img src='cid:one' alt='Logo' width=10><img src='https://t.example/x.gif' alt='Chart'><img src=cid:gone>"
    cleaned = clean_html(text, [Attachment("a", "text/html", PNG, "one")])
    assert cleaned.html is not None
    assert '<img src="data:image/png;base64,' in cleaned.html
    assert "[Chart]" in cleaned.html
    assert "t.example" not in cleaned.html
    assert cleaned.blocked_images == 1


@pytest.mark.parametrize("content", [SVG, b"<html>", b"", b"GIF"])
def test_a_picture_that_is_no_raster_is_left_out_whatever_it_claims(content: bytes) -> None:
    cleaned = clean_html("<img src=cid:one>", [Attachment("a.png", "image/png", content, "one")])
    assert cleaned.html == ""


def test_pictures_beyond_ten_mebibytes_are_left_out() -> None:
    picture = Attachment("a", "image/png", PNG + b"\x00" * (6 * 2**20), "one")
    cleaned = clean_html("<img src=cid:one><img src=cid:one>", [picture])
    assert cleaned.html is not None
    assert cleaned.html.count("<img") == 1


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("<div>" * 300, "nested deeper than 256 levels"),
        ("<br>" * 20_001, "more than 20000 parts"),
        ("x" * (2 * 2**20 + 1), "larger than 2 MiB"),
    ],
)
def test_a_letter_beyond_the_budget_is_refused_with_a_sentence(text: str, why: str) -> None:
    cleaned = clean_html(text)
    assert cleaned.html is None
    assert cleaned.finding is not None
    assert why in cleaned.finding.summary


@pytest.mark.parametrize(
    "text",
    [
        "<div>" * 100_000,
        "".join(f"<b title={n}>" for n in range(11)) + "<p>x" * 1_000_000,
        "".join(f"<p><b title={n}>" for n in range(11)) + "<div>x</div>" * 9_900,
        "<table><b><i><u><s>" + "<tr></tr>x" * 6_000,
        "<div><table></div></table>" * 6_000,
        "<a href=http://x.example><div>" * 9_000,
        '<a b="' * 300_000,
        "<a b='" + '<a b="' * 300_000,
        "<" * 2_000_000,
        "<a " * 600_000,
        "<a" + " " * 1_900_000,
        "<!--" * 500_000,
        "<!-- --" * 290_000,
        "<svg>" * 400_000,
        "<script></script " * 120_000,
        "<a " + "b=c " * 400_000 + ">",
        "<a b" + " = " * 600_000 + ">",
        "&" * 2_000_000,
        "&lt" * 600_000,
        "\xa0" * 2_000_000,
        "&nbsp;" * 340_000,
        "&&&&<x>" * 290_000,
        "aaaa&" * 400_000,
    ],
    ids=range(23),
)
def test_no_letter_takes_long(text: str) -> None:
    """nh3 alone needs half a minute for the first of these; a parser that is not linear, hours for the others."""
    started = time.process_time()
    clean_html(text[: html.MOST_CHARACTERS])
    assert time.process_time() - started < 3
