"""Revocation: three verdicts, and lists from before and after the moment judged."""

from __future__ import annotations

from datetime import timedelta

from pki.crl import Reason, RevokedEntry
from pki.path import Failure, Verdict
from pki.revocation import Good, Revoked, Undetermined
from pki.signer import Signer
from pki.trust import Trust
from tests.pki.conftest import AT, DAY, Forest, make_list
from tests.pki.judging import judge

SECONDS = timedelta(seconds=1)


def entry(person: Signer, when=AT, reason: Reason = Reason.SUPERSEDED, invalid=None) -> RevokedEntry:
    return RevokedEntry(person.certificate.serial_number, when, reason, invalid)


def test_a_listed_certificate_is_revoked(contoso: Forest, alice: Signer):
    result = judge(alice, contoso.trust(contoso.root_list(), contoso.person_list(entry(alice, AT - DAY))))
    assert (result.verdict, result.failure) == (Verdict.INVALID, Failure.REVOKED)
    assert result.revocation == Revoked(entry(alice, AT - DAY), alice.certificate)


def test_a_revoked_authority_takes_its_people_along(contoso: Forest, alice: Signer):
    listed = entry(contoso.issuing, AT - DAY, Reason.CA_COMPROMISE)
    result = judge(alice, contoso.trust(contoso.root_list(listed), contoso.person_list()))
    assert result.failure is Failure.REVOKED
    assert result.failing == contoso.issuing.certificate


def test_without_a_list_the_status_is_undetermined(contoso: Forest, alice: Signer):
    result = judge(alice, contoso.trust(contoso.root_list()))
    assert (result.verdict, result.failure) == (Verdict.UNDETERMINED, Failure.REVOCATION_UNKNOWN)
    assert isinstance(result.revocation, Undetermined)
    assert result.revocation.node == alice.certificate


def test_ignoring_revocation_asks_for_no_list(contoso: Forest, alice: Signer):
    result = judge(alice, contoso.trust(), revocation="ignored")
    assert (result.verdict, result.revocation) == (Verdict.GOOD, None)


def test_a_revoked_leaf_outweighs_a_missing_list_above(contoso: Forest, alice: Signer):
    result = judge(alice, contoso.trust(contoso.person_list(entry(alice, AT - DAY))))
    assert result.failure is Failure.REVOKED


def test_an_ended_list_leaves_it_undetermined(contoso: Forest, alice: Signer):
    ended = contoso.person_list(this_update=AT - 9 * DAY, next_update=AT - SECONDS)
    assert judge(alice, contoso.trust(contoso.root_list(), ended)).verdict is Verdict.UNDETERMINED


def test_a_list_from_the_future_is_not_used(contoso: Forest, alice: Signer):
    early = contoso.person_list(this_update=AT + SECONDS)
    assert judge(alice, contoso.trust(contoso.root_list(), early)).verdict is Verdict.UNDETERMINED


def test_a_newer_list_counts_for_an_older_letter(contoso: Forest, alice: Signer):
    later = AT + 3 * DAY
    newer = contoso.person_list(number=2, this_update=later - DAY)
    trust = contoso.trust(contoso.root_list(next_update=AT + 90 * DAY), newer)
    assert judge(alice, trust, now=later).verdict is Verdict.GOOD


def test_a_revocation_after_receipt_is_told_but_does_not_decide(contoso: Forest, alice: Signer):
    later = AT + 3 * DAY
    newer = contoso.person_list(entry(alice, AT + DAY), number=2, this_update=later - DAY)
    result = judge(alice, contoso.trust(contoso.root_list(), contoso.person_list(), newer), now=later)
    assert result.verdict is Verdict.GOOD
    assert isinstance(result.revocation, Good)
    assert result.revocation.revoked_since == entry(alice, AT + DAY)
    assert "revoked_since" in {finding.code for finding in result.findings}


def test_a_compromise_dated_before_receipt_revokes_even_when_listed_later(contoso: Forest, alice: Signer):
    later = AT + 3 * DAY
    listed = entry(alice, AT + DAY, Reason.KEY_COMPROMISE, AT - DAY)
    newer = contoso.person_list(listed, number=2, this_update=later - DAY)
    result = judge(alice, contoso.trust(contoso.root_list(), contoso.person_list(), newer), now=later)
    assert result.failure is Failure.REVOKED


def test_a_newer_list_that_predates_receipt_in_its_entry_revokes(contoso: Forest, alice: Signer):
    later = AT + 3 * DAY
    newer = contoso.person_list(entry(alice, AT - SECONDS), number=2, this_update=later - DAY)
    result = judge(alice, contoso.trust(contoso.root_list(), contoso.person_list(), newer), now=later)
    assert result.failure is Failure.REVOKED


def test_a_list_made_after_expiry_proves_nothing(contoso: Forest, alice: Signer):
    ended = alice.certificate.not_valid_after_utc
    late = contoso.person_list(number=9, this_update=ended + DAY, next_update=ended + 9 * DAY)
    trust = contoso.trust(contoso.root_list(next_update=ended + 9 * DAY), late)
    assert judge(alice, trust, at=ended - DAY, now=ended + 2 * DAY).verdict is Verdict.UNDETERMINED


def test_lists_that_have_ended_since_are_called_stale(contoso: Forest, alice: Signer, trust: Trust):
    result = judge(alice, trust, now=AT + 30 * DAY)
    assert isinstance(result.revocation, Good)
    assert result.revocation.stale


def test_a_list_for_authorities_says_nothing_about_people(contoso: Forest, alice: Signer):
    partial = make_list(contoso.issuing, only_ca_certificates=True)
    assert judge(alice, contoso.trust(contoso.root_list(), partial)).verdict is Verdict.UNDETERMINED


def test_an_expired_and_revoked_certificate_is_called_revoked(contoso: Forest, alice: Signer):
    ended = alice.certificate.not_valid_after_utc
    listed = contoso.person_list(entry(alice), this_update=ended, next_update=ended + 9 * DAY)
    trust = contoso.trust(contoso.root_list(next_update=ended + 9 * DAY), listed)
    assert judge(alice, trust, at=ended + DAY).failure is Failure.REVOKED
