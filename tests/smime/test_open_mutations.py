"""Mutated letters: `open_message` always answers, within two seconds, and never lends a seal to changed words.

The seed is printed and can be set with PKIPORTAL_SEED; the number of mutants with PKIPORTAL_MUTANTS.
"""

from __future__ import annotations

import os
import random
import time

import pytest

from smime.mime import Attachment, build_body, message
from smime.mime_read import parse
from smime.report import Seal
from tests.smime.letters import BOB, CBC, GCM, MALLORY, TEXT, codes, encrypt, fields, letter, opened, sign

# A mutated certificate may earn a warning of pyca beside its finding.
pytestmark = pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")

SEED = int(os.environ.get("PKIPORTAL_SEED", "0")) or random.SystemRandom().randrange(1, 2**32)
MUTANTS = int(os.environ.get("PKIPORTAL_MUTANTS", "300"))
SEALED = (Seal.OK, Seal.REV_STALE, Seal.REV_UNKNOWN)

FILE = Attachment("a.bin", "application/octet-stream", bytes(range(200)))
ORIGINALS = {
    "clear": letter(cipher=None, html="<p>figures</p>", attachments=[FILE]),
    "opaque": letter(cipher=None, opaque=True),
    "gcm": letter(cipher=GCM, attachments=[FILE]),
    "cbc": letter(cipher=CBC, html="<p>figures</p>"),
    "triple": message(fields(), sign(encrypt(sign(build_body(TEXT))), MALLORY)),
    "bare": parse(letter(cipher=None, opaque=True)).content(),
    "bare envelope": parse(letter()).content(),
}
TOKENS = (
    b"\r\n", b"\n", b"--", b"\0", b"=?utf-8?b?", b"?=", b'"', b";", b":", b"<", b">", b"(", b"@", b"\xff", b"\x30\x80",
    b"\x00\x00", b"Content-Type: multipart/signed; boundary=x\r\n", b"From: eve@evil.example\r\n", b"hp=cipher",
    b"Content-Transfer-Encoding: base64\r\n\r\n", b"boundary=", b"\x30\x84\xff\xff\xff\xff", b" " * 100, b"A" * 2000,
)  # fmt: skip


def mutate(source: bytes, chance: random.Random) -> bytes:
    """One to four changes of bytes, spans and tokens."""
    data = bytearray(source)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data) + 1)
        span = chance.choice((1, 1, 2, 16, 200))
        kind = chance.randrange(6)
        if kind == 0 and at < len(data):
            data[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            del data[at : at + span]
        elif kind == 2:
            data[at:at] = chance.choice(TOKENS)
        elif kind == 3:
            data[at:at] = data[at : at + span] * chance.choice((1, 2, 50))
        elif kind == 4:
            other = chance.randrange(len(data) + 1)
            data[at : at + span] = data[other : other + span]
        else:
            del data[at:]
    return bytes(data)


@pytest.mark.parametrize("name", ORIGINALS)
def test_a_mutated_letter_is_always_answered_and_never_seals_other_words(name: str) -> None:
    print(f"PKIPORTAL_SEED={SEED}")
    chance = random.Random(f"{SEED}/{name}")
    honest = opened(ORIGINALS[name])
    slowest = 0.0
    for _ in range(MUTANTS):
        raw = mutate(ORIGINALS[name], chance)
        begun = time.process_time()
        report = opened(raw)
        slowest = max(slowest, time.process_time() - begun)
        assert "could-not-open" not in codes(report), raw
        if report.seal in SEALED:
            assert (report.text, report.html, report.attachments) == (
                honest.text,
                honest.html,
                honest.attachments,
            )
    assert slowest < 2


@pytest.mark.parametrize("size", [0, 1, 2, 3, 10, 1000, 100_000])
def test_random_bytes_are_answered(size: int) -> None:
    chance = random.Random(f"{SEED}/{size}")
    for _ in range(10):
        report = opened(chance.randbytes(size))
        assert report.seal is Seal.NONE
        assert "could-not-open" not in codes(report)


@pytest.mark.parametrize(
    "raw",
    [
        b"From: " + b"(" * 16_000 + b"\r\n\r\nx",
        b"From: " + b'"\\' * 8_000 + b"\r\n\r\nx",
        b"From: " + b"a@b," * 4_000 + b"\r\n\r\nx",
        b"From: " + b"<" * 16_000 + b"\r\n\r\nx",
        b"Content-Type: " + b";" * 16_000 + b"\r\n\r\nx",
        b"Content-Type: a/b; " + b"x*0*=" * 3_000 + b"\r\n\r\nx",
        b"Content-Type: text/html\r\n\r\n" + b"<div " * 400_000,
        b"Content-Type: text/html\r\n\r\n" + b"<a" * 900_000,
        b"Content-Type: text/plain; charset=utf-7\r\n\r\n" + b"+ADw-" * 100_000,
        b"Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        + b"=\r\n" * 1_000_000,
        b"Content-Type: application/pkcs7-mime\r\n\r\n" + b"\x30\x80" * 200_000,
        b"Content-Type: application/pkcs7-mime\r\n\r\n" + b"\x30\x84\x7f\xff\xff\xff" + b"0" * 1000,
        b"\x30\x80" * 500_000,
        b"-----BEGIN PKCS7-----\n" + b"A" * 1_000_000,
        b"\n" * 3_000_000,
        b"From x\n" * 500_000,
        b"Date: " + b"1" * 16_000 + b"\r\nFrom: a@b\r\n\r\nx",
        b"Date: Mon, 99 Foo 99999999999999999999 25:61:61 +9999\r\nFrom: a@b\r\n\r\nx",
    ],
    ids=range(18),
)
def test_hostile_shapes_are_answered_within_two_seconds(raw: bytes) -> None:
    begun = time.process_time()
    report = opened(raw)
    assert time.process_time() - begun < 2
    assert report.seal not in SEALED
    assert "could-not-open" not in codes(report)


def test_the_last_guard_answers_for_a_fault_of_ours_too() -> None:
    """The guard is the one place that catches everything; here the fault is a key that is none."""

    class Broken:
        certificate = BOB.certificate

        @property
        def private_key(self) -> object:
            raise AssertionError("d41d8cd9")

    report = opened(ORIGINALS["gcm"], keys=[Broken()])
    assert codes(report) == {"could-not-open"}
    assert (report.seal, report.text) == (Seal.NONE, "")
    assert "d41d8cd9" not in str(report)  # the sentence names the kind, never the details
