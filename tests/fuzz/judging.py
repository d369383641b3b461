"""Mutants with their judge: what each kind starts from, and what must hold for everything that becomes of it."""

from __future__ import annotations

import functools
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from smime.encrypt import enveloped_data
from smime.mime import Attachment, Entity, build_body, message
from smime.mime_read import parse
from smime.report import Encryption, Seal, SecurityReport
from tests.fuzz.mime_mutants import mime_mutant
from tests.smime.letters import BOB, CBC, GCM, MALLORY, TEXT, codes, encrypt, fields, letter, opened, sign
from tests.smime.test_mutation import judge as judge_cms
from tests.smime.test_mutation import mutant as cms_mutant
from tests.smime.test_mutation import seeds

SLOWEST = 2.0  # seconds of work for one message
SEALED = (Seal.OK, Seal.REV_STALE, Seal.REV_UNKNOWN)
FILE = Attachment("a.bin", "application/octet-stream", bytes(range(200)))


@functools.cache
def letters() -> dict[str, bytes]:
    """Letters of Alice, one of each build."""
    rich = build_body(TEXT, html="<p>figures</p>", attachments=[FILE])
    inner = message([("From", "Alice <alice@contoso.example>"), ("Subject", "x")], sign(build_body(TEXT)))
    forwarded = Entity((("Content-Type", "message/rfc822"),), inner)
    return {
        "clear": letter(cipher=None, html="<p>figures</p>", attachments=[FILE]),
        "opaque": letter(cipher=None, opaque=True, html="<p>figures</p>"),
        "gcm": letter(cipher=GCM, attachments=[FILE]),
        "cbc": letter(cipher=CBC, html="<p>figures</p>"),
        "triple": message(fields(), sign(encrypt(sign(rich)), MALLORY)),
        "twice": message(fields(), sign(sign(rich))),
        "forwarded": message(fields(), sign(forwarded)),
        "plain": message(fields(), rich),
    }


@functools.cache
def insides() -> dict[str, bytes]:
    """What stands inside an envelope: bent, and then encrypted to Bob as Mallory can."""
    rich = build_body(TEXT, html="<p>figures</p>", attachments=[FILE])
    return {
        "signed": sign(rich).to_bytes(),
        "opaque": sign(rich, opaque=True).to_bytes(),
        "plain": rich.to_bytes(),
    }


def _contents(report: SecurityReport) -> tuple[object, ...]:
    return (report.text, report.html, report.attachments)


@functools.cache
def honest() -> tuple[tuple[object, ...], ...]:
    """All that Alice ever signed."""
    shown = [opened(raw) for raw in letters().values()]
    shown += [opened(message(fields(), _enveloped(inside, CBC))) for inside in insides().values()]
    return tuple(_contents(report) for report in shown if report.seal in SEALED)


def _enveloped(inside: bytes, cipher: object) -> Entity:
    part = parse(inside)
    headers = tuple((entry.name, entry.value) for entry in part.fields)
    return encrypt(Entity(headers, inside[part.body :]), cipher=cipher)  # type: ignore[arg-type]


def judge_letter(raw: bytes) -> None:
    """Any bytes as a letter to Bob."""
    report = opened(raw)
    assert "could-not-open" not in codes(report), "not judged at all"
    if report.seal in SEALED:
        assert _contents(report) in honest(), "sealed over other words than Alice's"
    if report.encryption is Encryption.UNPROTECTED:
        assert report.html is None, "HTML out of an envelope that nothing protects"
    if report.encryption is Encryption.FAIL:
        assert not report.text, "words out of an envelope that did not open"


@dataclass(frozen=True)
class Kind:
    """One kind of mutant: how it is made and who judges it."""

    name: str
    make: Callable[[random.Random], bytes]
    judge: Callable[[bytes], None]


def _cms(chance: random.Random) -> bytes:
    return cms_mutant(chance, chance.choice(list(cms_seeds().values())))


@functools.cache
def cms_seeds() -> dict[str, bytes]:
    """One object of each shape; made once, so that seeds and judge know the same people."""
    return seeds()


def _letter(chance: random.Random) -> bytes:
    return mime_mutant(chance, chance.choice(list(letters().values())))


def _inside(chance: random.Random) -> bytes:
    bent = mime_mutant(chance, chance.choice(list(insides().values())))
    return enveloped_data(bent, recipients=[BOB.certificate], cipher=chance.choice((CBC, GCM)))


KINDS = {
    kind.name: kind
    for kind in (
        Kind("cms", _cms, judge_cms),
        Kind("mime", _letter, judge_letter),
        Kind("inside", _inside, judge_letter),
    )
}


def run(kind: Kind, chance: random.Random, count: int, *, until: float = float("inf")) -> tuple[int, float]:
    """(mutants made, seconds of the slowest). Raises what a judge raises, with the bytes in a note."""
    slowest = 0.0
    for number in range(count):
        if time.monotonic() > until:
            return number, slowest
        raw = kind.make(chance)
        began = time.process_time()
        try:
            kind.judge(raw)
            spent = time.process_time() - began
            assert spent < SLOWEST, f"took {spent:.1f} s"
        except BaseException as broken:
            broken.add_note(f"{kind.name} mutant {number}: {raw.hex()}")
            raise
        slowest = max(slowest, spent)
    return count, slowest
