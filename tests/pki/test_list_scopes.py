"""Lists with a scope: what they cover, what they leave open, and deltas (RFC 5280 §5.2.4, §5.2.5, §6.3.3)."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography import x509

from pki.crl import Crl, Reason, RevokedEntry
from pki.path import Failure, PathResult, Verdict
from pki.signer import Signer
from pki.trust import Trust
from tests.pki.conftest import AT, DAY, Forest
from tests.pki.forgery import delta, forge, forge_authority, forge_list, named, scope, sign_badly
from tests.pki.judging import judge

ADDRESS = x509.RFC822Name("mallory@contoso.example")


def judged(
    contoso: Forest, person: Signer, *lists: Crl, extra: tuple[x509.Certificate, ...] = ()
) -> PathResult:
    trust = contoso.trust(forge_list(contoso.root), *lists)
    return judge(person, Trust(trust.anchors, (*trust.intermediates, *extra), trust.crls))


def revoked(person: Signer, reason: Reason = Reason.SUPERSEDED) -> RevokedEntry:
    return RevokedEntry(person.certificate.serial_number, AT - DAY, reason)


def location(url: str) -> list[x509.GeneralName]:
    return [x509.UniformResourceIdentifier(url)]


OWN = "http://pki.contoso.example/people.crl"


@pytest.mark.parametrize(
    ("url", "verdict"),
    [
        (OWN, Verdict.GOOD),
        ("http://PKI.contoso.example/people.crl", Verdict.GOOD),
        ("http://pki.contoso.example/others.crl", Verdict.UNDETERMINED),
        ("http://pki.contoso.example/People.crl", Verdict.UNDETERMINED),
        ("https://pki.contoso.example/people.crl", Verdict.UNDETERMINED),
    ],
)
def test_a_shard_covers_only_certificates_that_name_its_location(
    contoso: Forest, alice: Signer, url, verdict
):
    shard = forge_list(contoso.issuing, extensions=[scope(full_name=location(url))])
    assert judged(contoso, alice, shard).verdict is verdict


def test_a_shard_says_nothing_about_a_certificate_without_a_location(contoso: Forest):
    bare = forge(contoso.issuing, ADDRESS)
    shard = forge_list(contoso.issuing, extensions=[scope(full_name=location(OWN))])
    assert judged(contoso, bare, shard).verdict is Verdict.UNDETERMINED
    assert judged(contoso, bare, forge_list(contoso.issuing)).verdict is Verdict.GOOD


def test_lists_for_attribute_certificates_are_left_aside(contoso: Forest, alice: Signer):
    other = forge_list(contoso.issuing, extensions=[scope(only_contains_attribute_certs=True)])
    assert judged(contoso, alice, other).verdict is Verdict.UNDETERMINED


def test_a_list_for_people_covers_people(contoso: Forest, alice: Signer):
    people = forge_list(contoso.issuing, extensions=[scope(only_contains_user_certs=True)])
    assert judged(contoso, alice, people).verdict is Verdict.GOOD


COMPROMISE = frozenset({x509.ReasonFlags.key_compromise, x509.ReasonFlags.ca_compromise})
OTHERS = frozenset(
    {
        x509.ReasonFlags.affiliation_changed,
        x509.ReasonFlags.superseded,
        x509.ReasonFlags.cessation_of_operation,
        x509.ReasonFlags.certificate_hold,
        x509.ReasonFlags.privilege_withdrawn,
        x509.ReasonFlags.aa_compromise,
    }
)


def test_lists_for_some_reasons_are_good_only_together(contoso: Forest, alice: Signer):
    some = forge_list(contoso.issuing, extensions=[scope(only_some_reasons=COMPROMISE)])
    rest = forge_list(contoso.issuing, number=2, extensions=[scope(only_some_reasons=OTHERS)])
    assert judged(contoso, alice, some).verdict is Verdict.UNDETERMINED
    assert judged(contoso, alice, some, rest).verdict is Verdict.GOOD


def test_a_list_for_some_reasons_still_revokes(contoso: Forest, alice: Signer):
    entry = revoked(alice, Reason.KEY_COMPROMISE)
    some = forge_list(contoso.issuing, entry, extensions=[scope(only_some_reasons=COMPROMISE)])
    assert judged(contoso, alice, some).failure is Failure.REVOKED


def test_an_unknown_demand_makes_a_list_useless(contoso: Forest, alice: Signer):
    demand = (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.55738.3"), b"\x05\x00"), True)
    assert judged(contoso, alice, forge_list(contoso.issuing, extensions=[demand])).verdict == "undetermined"


def test_a_list_without_a_proper_number_is_not_used(contoso: Forest, alice: Signer):
    unnumbered = forge_list(contoso.issuing, number=None)
    critical = forge_list(contoso.issuing, extensions=[(x509.CRLNumber(7), True)])
    assert judged(contoso, alice, unnumbered).verdict is Verdict.UNDETERMINED
    assert judged(contoso, alice, critical).verdict is Verdict.UNDETERMINED


def test_an_obsolete_signature_makes_a_list_useless_for_mail(contoso: Forest, alice: Signer, tmp_path: Path):
    _, old = sign_badly(contoso.issuing, tmp_path)
    trust = contoso.trust(contoso.root_list(), old)
    assert judge(alice, trust).verdict is Verdict.UNDETERMINED
    assert judge(alice, trust, purpose="any").verdict is Verdict.GOOD


def test_an_authority_that_may_not_sign_lists_signs_none(contoso: Forest):
    usage = x509.KeyUsage(False, False, False, False, False, True, False, False, False)
    mute = forge(
        contoso.root,
        subject=named("Mute"),
        extensions=[(x509.BasicConstraints(True, None), True), (usage, True)],
    )
    person = forge(mute, ADDRESS)
    lists = (forge_list(mute),)
    assert judged(contoso, person, *lists, extra=(mute.certificate,)).verdict is Verdict.UNDETERMINED


# indirect lists


def _delegating(contoso: Forest, *, subject: str = "Lists") -> tuple[Signer, Signer]:
    """A list issuer under the root, and a person whose certificate names it."""
    usage = x509.KeyUsage(False, False, False, False, False, False, True, False, False)
    lister = forge(contoso.root, subject=named(subject), extensions=[(usage, True)])
    point = x509.DistributionPoint(None, None, None, [x509.DirectoryName(lister.certificate.subject)])
    points = (x509.CRLDistributionPoints([point]), False)
    return lister, forge(contoso.issuing, ADDRESS, extensions=[points])


def test_an_indirect_list_speaks_for_certificates_that_name_its_issuer(contoso: Forest):
    lister, person = _delegating(contoso)
    indirect = forge_list(lister, extensions=[scope(indirect_crl=True)])
    assert judged(contoso, person, indirect, extra=(lister.certificate,)).verdict is Verdict.GOOD


def test_another_issuer_without_the_indirect_mark_is_refused(contoso: Forest):
    lister, person = _delegating(contoso)
    plain = forge_list(lister)
    assert judged(contoso, person, plain, extra=(lister.certificate,)).verdict is Verdict.UNDETERMINED


def test_an_indirect_list_of_a_revoked_issuer_is_not_used(contoso: Forest):
    lister, person = _delegating(contoso)
    indirect = forge_list(lister, extensions=[scope(indirect_crl=True)])
    everything = forge_list(contoso.root, revoked(lister))
    trust = contoso.trust(everything, indirect)
    known = Trust(trust.anchors, (*trust.intermediates, lister.certificate), trust.crls)
    assert judge(person, known).failure is Failure.REVOCATION_UNKNOWN


def test_an_issuer_under_a_foreign_anchor_does_not_count(contoso: Forest, fabrikam: Forest):
    _, person = _delegating(contoso)
    usage = x509.KeyUsage(False, False, False, False, False, False, True, False, False)
    stranger = forge(fabrikam.root, subject=named("Lists"), extensions=[(usage, True)])
    indirect = forge_list(stranger, extensions=[scope(indirect_crl=True)])
    trust = contoso.trust(contoso.root_list(), fabrikam.root_list(), indirect)
    both = Trust(
        (*trust.anchors, *fabrikam.trust().anchors), (*trust.intermediates, stranger.certificate), trust.crls
    )
    assert judge(person, both).failure is Failure.REVOCATION_UNKNOWN


# deltas


def test_a_delta_revokes_and_releases(contoso: Forest, alice: Signer):
    clean = forge_list(contoso.issuing, number=5)
    adding = forge_list(contoso.issuing, revoked(alice), number=6, extensions=[delta(5)])
    assert judged(contoso, alice, clean, adding).failure is Failure.REVOKED
    held = forge_list(contoso.issuing, revoked(alice, Reason.CERTIFICATE_HOLD), number=5)
    releasing = forge_list(
        contoso.issuing, revoked(alice, Reason.REMOVE_FROM_CRL), number=6, extensions=[delta(5)]
    )
    assert judged(contoso, alice, held).failure is Failure.REVOKED
    assert judged(contoso, alice, held, releasing).verdict is Verdict.GOOD


def test_a_delta_alone_is_no_list(contoso: Forest, alice: Signer):
    alone = forge_list(contoso.issuing, number=6, extensions=[delta(5)])
    assert judged(contoso, alice, alone).verdict is Verdict.UNDETERMINED


@pytest.mark.parametrize(("number", "base"), [(6, 7), (9, 5), (3, 2)])
def test_a_delta_with_a_gap_or_from_before_is_left_aside(
    contoso: Forest, alice: Signer, number: int, base: int
):
    """Complete list `number`, delta 8 built on `base`: it applies only when base ≤ number < 8."""
    held = forge_list(contoso.issuing, revoked(alice, Reason.CERTIFICATE_HOLD), number=number)
    releasing = forge_list(
        contoso.issuing, revoked(alice, Reason.REMOVE_FROM_CRL), number=8, extensions=[delta(base)]
    )
    applies = base <= number < 8
    assert (judged(contoso, alice, held, releasing).verdict is Verdict.GOOD) is applies


def test_a_delta_by_another_key_releases_nobody(contoso: Forest, alice: Signer):
    held = forge_list(contoso.issuing, revoked(alice, Reason.CERTIFICATE_HOLD), number=5)
    stranger = forge_authority(contoso.root, contoso.issuing.certificate.subject)
    releasing = forge_list(stranger, revoked(alice, Reason.REMOVE_FROM_CRL), number=6, extensions=[delta(5)])
    assert judged(contoso, alice, held, releasing, extra=(stranger.certificate,)).failure is Failure.REVOKED


def test_a_delta_with_an_unknown_demand_releases_nobody(contoso: Forest, alice: Signer):
    held = forge_list(contoso.issuing, revoked(alice, Reason.CERTIFICATE_HOLD), number=5)
    demand = (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.55738.3"), b"\x05\x00"), True)
    entry = revoked(alice, Reason.REMOVE_FROM_CRL)
    releasing = forge_list(contoso.issuing, entry, number=6, extensions=[delta(5), demand])
    assert judged(contoso, alice, held, releasing).failure is Failure.REVOKED


def test_a_delta_from_after_receipt_does_not_reach_back(contoso: Forest, alice: Signer):
    clean = forge_list(contoso.issuing, number=5)
    entry = RevokedEntry(alice.certificate.serial_number, AT + DAY, Reason.SUPERSEDED)
    adding = forge_list(contoso.issuing, entry, number=6, this_update=AT + DAY, extensions=[delta(5)])
    trust = contoso.trust(contoso.root_list(), clean, adding)
    assert judge(alice, trust, now=AT + 2 * DAY).verdict is Verdict.GOOD
