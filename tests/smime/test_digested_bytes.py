"""RFC 1847 §2.1, RFC 2046 §5.1.1, RFC 8551 §3.1.1: exactly which octets a clear signature covers."""

from __future__ import annotations

import base64

import pytest

from smime.report import Seal, SecurityReport
from smime.sign import signed_data

from .letters import ALICE, codes, fields, opened
from .people import AT

HEAD = b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
PARTS = {
    "ends with a line end": HEAD + b"Dear Bob\r\n",
    "ends without a line end": HEAD + b"Dear Bob",
    "ends with blanks": HEAD + b"Dear Bob \t  ",
    "has blanks at every end of line": HEAD + b"Dear  \r\nBob\t\r\n \r\n",
    "ends with empty lines": HEAD + b"Dear Bob\r\n\r\n\r\n",
    "has no body": HEAD,
    "has no header": b"\r\nDear Bob\r\n",
    "has eight-bit octets": HEAD + "Größe 5 €\r\n".encode(),
    "has a line that begins like a mailbox": HEAD + b"From here\r\n>From there\r\n.\r\n",
    "has a line that begins like the boundary": HEAD + b"--b=_1x\r\n-- \r\n--\r\n",
}
MIXED = HEAD + b"one\r\ntwo\nthree\r\n"


def clear_signed(part: bytes, signed: bytes | None = None, before: bytes = b"", after: bytes = b"") -> bytes:
    """multipart/signed put together by hand around `part`; the signature is over `signed`."""
    signature = signed_data(part if signed is None else signed, signers=[ALICE.signing], at=AT, detached=True)
    header = "".join(f"{name}: {value}\r\n" for name, value in fields() if name != "Subject")
    return b"".join(
        [
            header.encode(),
            b'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256;\r\n',
            b' boundary="b=_1"\r\n\r\n',
            before + b"--b=_1\r\n" + part + b"\r\n--b=_1\r\n",
            b"Content-Type: application/pkcs7-signature; name=smime.p7s\r\n",
            b"Content-Transfer-Encoding: base64\r\n\r\n",
            base64.encodebytes(signature).replace(b"\n", b"\r\n"),
            b"\r\n--b=_1--\r\n" + after,
        ]
    )


def seen(raw: bytes) -> SecurityReport:
    return opened(raw)


def remarks(report: SecurityReport) -> set[str]:
    return codes(report) - {"issuer-nonconformant"}  # about the root of these tests, not about the letter


@pytest.mark.parametrize("name", PARTS)
def test_the_digest_is_over_the_part_as_it_stands(name: str) -> None:
    report = seen(clear_signed(PARTS[name]))
    assert (report.seal, remarks(report)) == (Seal.OK, set())


@pytest.mark.parametrize("name", PARTS)
def test_one_octet_more_or_less_at_the_end_of_the_part_breaks_the_seal(name: str) -> None:
    for signed in (PARTS[name] + b"\r\n", PARTS[name] + b" ", PARTS[name][:-1]):
        assert seen(clear_signed(PARTS[name], signed)).seal is Seal.BAD


@pytest.mark.parametrize("name", PARTS)
def test_a_store_that_keeps_lines_in_its_own_way_does_not_break_the_seal(name: str) -> None:
    raw = clear_signed(PARTS[name]).replace(b"\r\n", b"\n")
    report = seen(raw)
    assert (report.seal, remarks(report)) == (Seal.OK, {"line-ends-restored"})


def test_mixed_line_ends_are_covered_as_they_are() -> None:
    assert seen(clear_signed(MIXED)).seal is Seal.OK
    canonical = MIXED.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    report = seen(clear_signed(MIXED, canonical))  # the sender signed the canonical form and sent another
    assert (report.seal, remarks(report)) == (Seal.OK, {"line-ends-restored"})


def test_text_around_the_parts_is_named_and_neither_covered_nor_shown() -> None:
    part = PARTS["ends with a line end"]
    report = seen(clear_signed(part, before=b"Pay Mallory.\r\n\r\n", after=b"Pay Mallory twice.\r\n"))
    assert (report.seal, remarks(report)) == (Seal.OK, {"text-outside-signature"})
    assert "Mallory" not in report.text
