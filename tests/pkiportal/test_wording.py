"""Every state of a report has words, a glyph and a tone, and the sentences are those the interface promises."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from pki.crl import Reason
from pki.revocation import Good
from pki.verdicts import Failure
from pkiportal.display import moment
from pkiportal.marks import LOCKS, PILLS, REASONS, SEALS, STATES, UNKNOWN_LOCK, UNKNOWN_SEAL, reason_words
from pkiportal.wording import certificate_verdict, encryption_verdict, seal_verdict
from smime.report import Encryption, Seal
from tests.gallery import reports
from tests.gallery.cast import BOB_SIGNING

SPRITE = Path(__file__).resolve().parents[2] / "static" / "icons.svg"


def test_every_seal_and_every_lock_of_the_report_has_its_mark() -> None:
    assert set(SEALS) == {seal.value for seal in Seal}
    assert set(LOCKS) == {state.value for state in Encryption}


def test_every_seal_and_every_lock_is_in_the_gallery() -> None:
    assert {str(report.seal) for report in reports.SEALS.values()} == {seal.value for seal in Seal}
    assert {str(report.encryption) for report in reports.LOCKS.values()} == {
        state.value for state in Encryption
    }


def test_every_glyph_is_a_symbol_of_the_sprite() -> None:
    symbols = set(re.findall(r'id="([a-z0-9-]+)"', SPRITE.read_text()))
    marks = [*SEALS.values(), *LOCKS.values(), *PILLS.values(), *STATES.values(), UNKNOWN_SEAL, UNKNOWN_LOCK]
    assert {mark.glyph for mark in marks} <= symbols


def test_no_two_states_of_one_kind_look_alike_in_grey() -> None:
    for marks in (SEALS, LOCKS):
        assert len({mark.glyph for mark in marks.values()}) == len(marks)


def test_only_a_full_seal_is_green() -> None:
    green = {code for code, mark in SEALS.items() if mark.tone in ("ok", "aged")}
    assert green == {"SIG_OK", "SIG_OK_REV_STALE"}
    assert {code for code, mark in LOCKS.items() if mark.tone == "ok"} == {"ENC_OK"}


SENTENCES = {
    "ok": "Signed by Bob Berger · Fabrikam",
    "stale": "Signed by Bob Berger · Fabrikam · revocation checked ",
    "unknown": "Signed by Bob Berger · Fabrikam · revocation status can’t be determined",
    "mismatch": "Signed by mallory@fabrlkam.example, but From says bob@fabrikam.example",
    "time": "Signed · certificate expired",
    "untrusted": "Signed · issuer not trusted by your organisation yet",
    "incomplete": "Signed · the issuer’s certificate is missing",
    "weak": "Signed with an obsolete method, cannot be relied on",
    "invalid": "Signed, but the certificate path breaks at Northwind Root G1: not allowed to vouch for fabrikam.example",
    "revoked": "Signed with a revoked certificate (",
    "bad": "Signature broken: the message changed",
    "none": "Not signed",
}


@pytest.mark.parametrize("name", SENTENCES)
def test_a_seal_says_the_sentence_of_its_state(name: str) -> None:
    assert seal_verdict(reports.SEALS[name]).text.startswith(SENTENCES[name])


@pytest.mark.parametrize("name", [name for name in SENTENCES if name not in ("ok", "none")])
def test_every_seal_but_the_perfect_one_says_why_and_offers_one_thing_to_do(name: str) -> None:
    verdict = seal_verdict(reports.SEALS[name])
    assert verdict.why
    assert verdict.action
    assert not verdict.rest


def test_a_signature_that_was_built_wrongly_says_how() -> None:
    wrong = reports.report(seal="SIG_BAD", findings=reports.SEALS["weak"].findings)
    assert seal_verdict(wrong).text.startswith(
        "Signature broken: it was built wrongly (the signature uses SHA-1"
    )
    assert seal_verdict(reports.report(seal="SIG_BAD")).text.endswith("changed, or was built wrongly")


def test_a_certificate_revoked_after_the_letter_came_says_both_dates_and_is_no_line_at_rest() -> None:
    received_at = datetime(2025, 3, 14, 9, 5, tzinfo=UTC)
    verdict = seal_verdict(reports.SEALS["ok-revoked-since"], received_at=received_at)
    revoked_at = reports.SEALS["ok-revoked-since"].path.revocation.revoked_since.revoked_at
    assert verdict.code == "SIG_OK"
    assert "certificate revoked since, on" in verdict.text
    assert "good when the letter arrived, 14 Mar 2025 09:05." in verdict.why
    assert f"revoked {moment(revoked_at)}: " in verdict.why
    assert not verdict.rest
    assert verdict.mark.tone != "ok"


def test_the_list_of_the_signers_issuer_says_as_of_when_nothing_was_revoked() -> None:
    fresh = BOB_SIGNING.not_valid_before_utc + timedelta(days=1)
    old = Good(fresh - timedelta(days=40), fresh + timedelta(days=7), leaf_update=fresh)
    ok = reports.SEALS["ok"]
    shown = seal_verdict(reports.report(path=reports.path(revocation=old)))
    assert shown.why == f"not revoked as of {moment(fresh)}"
    before = BOB_SIGNING.not_valid_before_utc - timedelta(hours=1)
    older = Good(before, fresh + timedelta(days=7), leaf_update=before)
    shown = seal_verdict(reports.report(path=reports.path(revocation=older)))
    assert shown.why == f"newer than the last revocation list of its issuer, {moment(before)}"
    assert ok.seal == shown.code


def test_a_letter_without_a_signature_is_quiet_unless_this_person_always_signs() -> None:
    assert seal_verdict(reports.SEALS["none"]).mark.tone == "quiet"
    loud = seal_verdict(reports.SEALS["none"], always_signs="Bob Berger")
    assert loud.text == "Not signed, though Bob Berger always signs"
    assert loud.mark.tone == "warn"


@pytest.mark.parametrize("encryption", ["ENC_FAIL", "ENC_LOCKED", "ENC_UNSUPPORTED"])
def test_a_letter_that_stays_shut_is_not_called_unsigned(encryption: str) -> None:
    closed = SimpleNamespace(seal="NONE", encryption=encryption, findings=(), signer=None, path=None)
    verdict = seal_verdict(closed, always_signs="Bob Berger")
    assert verdict.text == "Who signed it is inside"
    assert "anyone" not in verdict.why


def test_a_state_without_words_looks_worse_never_better() -> None:
    unknown = reports.report(seal="SIG_TOMORROW", encryption="ENC_TOMORROW")
    assert seal_verdict(unknown).mark.tone == "bad"
    assert encryption_verdict(unknown).mark.tone == "bad"


def test_a_letter_that_cannot_be_decrypted_has_one_text_whatever_the_cause() -> None:
    causes = [
        reports.report(encryption="ENC_FAIL", encryption_algorithm=algorithm, findings=findings)
        for algorithm in ("", "AES-256-GCM", "AES-128-CBC")
        for findings in ((), reports.SEALS["bad"].findings)
    ]
    texts = {
        (encryption_verdict(cause).text.split(" (")[0], encryption_verdict(cause).why) for cause in causes
    }
    assert len(texts) == 1
    assert encryption_verdict(causes[0]).text == "Cannot be decrypted: not for a key of yours, or damaged"
    assert len({encryption_verdict(cause).text for cause in causes}) == 1


def test_the_other_readers_of_a_letter_are_named() -> None:
    verdict = encryption_verdict(reports.report(), also=["Farid Faber", "Bob Berger"])
    assert verdict.why == "also to Farid Faber and Bob Berger"


def test_a_post_quantum_letter_says_so_and_says_that_its_signature_may_not_be() -> None:
    verdict = encryption_verdict(reports.report(post_quantum=True), also=["Farid Faber"])
    assert verdict.text == "Encrypted to you (AES-256-GCM) · post-quantum"
    assert verdict.why.startswith("also to Farid Faber. All copies of its key")
    assert "nothing about the signature" in verdict.why
    weak = encryption_verdict(reports.report(post_quantum=True, encryption="ENC_WEAK"))
    assert "post-quantum" not in weak.text


@pytest.mark.parametrize("failure", list(Failure))
def test_a_certificate_that_fails_is_never_drawn_as_good(failure: Failure) -> None:
    path = SimpleNamespace(verdict="invalid", failure=failure, findings=(), revocation=None, path=())
    verdict = certificate_verdict(path)
    assert verdict.code != "SIG_OK"
    assert verdict.text
    assert verdict.why


def test_every_published_reason_has_words() -> None:
    assert {reason.code for reason in REASONS} >= {reason.value for reason in Reason}
    assert reason_words("keyCompromise") == "key compromise"
