"""Whatever is wrong with an envelope, the answer is the one that a stranger's letter gets."""

from __future__ import annotations

import random

import pytest

from smime import decrypt as decrypting
from smime import layers
from smime.encrypt import ContentCipher
from smime.report import Encryption, SecurityReport
from tests import campaigns
from tests.conformance.attacks.exfiltration import send
from tests.conformance.attacks.judging import SEALED, as_bob_sees_it
from tests.conformance.attacks.oracles import CONTENT, WAYS, Question, bobs_keys, honest, lucky, questions
from tests.conformance.attacks.structures import leaf

CIPHERS = list(ContentCipher)
WORDS = CONTENT.partition(b"\r\n\r\n")[2].decode().replace("\r\n", "\n").strip()


def answer(report: SecurityReport) -> tuple[object, ...]:
    """All that a person, a page or an API sees of it, but for the names of the algorithms in the envelope itself."""
    outcomes = [(layer.kind, layer.outcome) for layer in report.layers]
    return (
        report.seal, report.encryption, report.signature, report.text, report.html, report.attachments,
        report.findings, report.remote_content, outcomes,
    )  # fmt: skip


def to_a_stranger(question: Question) -> tuple[object, ...]:
    """The answer to a good letter that Bob has no key for."""
    raw = honest(question.way, question.cipher).put_together()
    return answer(
        as_bob_sees_it(send(leaf("application/pkcs7-mime", raw), "mallory@contoso.example"), keys=())
    )


def told(chance: random.Random, asked: list[Question]) -> list[Question]:
    """The questions that got another answer than a stranger's letter."""
    found = []
    for question in asked:
        report = as_bob_sees_it(question.letter(chance), keys=bobs_keys(question.way))
        if report.encryption is Encryption.UNPROTECTED and not question.must_fail:
            assert (report.html, report.seal in SEALED) == (None, False)
        elif answer(report) != to_a_stranger(question):
            found.append(question)
    return found


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("cipher", CIPHERS)
def test_the_honest_envelope_of_these_questions_opens(way: str, cipher: ContentCipher) -> None:
    raw = send(leaf("application/pkcs7-mime", honest(way, cipher).put_together()), "mallory@contoso.example")
    assert as_bob_sees_it(raw, keys=bobs_keys(way)).text == WORDS


def test_no_question_gets_an_answer_of_its_own() -> None:
    chance = campaigns.chance("oracles")
    rounds = 20 if campaigns.FULL else 1
    asked = questions() * rounds if campaigns.FULL else chance.sample(questions(), 150)
    assert told(chance, asked) == []


def test_without_the_second_look_a_lucky_padding_shows_what_the_wrong_key_makes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chance = campaigns.chance("luck")
    assert told(chance, lucky()) == []
    monkeypatch.setattr(layers, "_makes_sense", lambda content: True)
    assert told(chance, lucky()) == lucky()


def test_without_the_random_key_a_wrong_padding_is_told_from_a_wrong_content(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def talkative(self: object, key: object, way: object, encrypted_key: bytes) -> bytes:
        raise ValueError("padding")

    asked = [Question("PKCS#1 v1.5", cipher, "padding", "wrong type") for cipher in CIPHERS]
    monkeypatch.setattr(decrypting._Sealed, "_try", talkative)
    assert told(campaigns.chance("padding"), asked) == asked
