"""Twins: a hostile forest copies name, serial and key identifier of an authority, and changes nothing."""

from __future__ import annotations

import pytest
from cryptography import x509

from pki.crl import Crl, Reason, RevokedEntry
from pki.path import Failure, PathResult, Verdict
from pki.signer import Signer
from pki.trust import Trust, TrustAnchor
from tests.pki.conftest import AT, DAY, Forest, make_list
from tests.pki.forgery import forge_authority, forge_list, imitate, named
from tests.pki.judging import judge


@pytest.fixture(scope="module")
def twin(contoso: Forest) -> Forest:
    """Another forest under the very same names; its authorities claim Contoso's serials and key
    identifiers.
    """

    root = imitate(contoso.root.certificate, None)
    return Forest(root, imitate(contoso.issuing.certificate, root), contoso.publication)


def _revoked(person: Signer) -> RevokedEntry:
    return RevokedEntry(person.certificate.serial_number, AT - DAY, Reason.SUPERSEDED)


def test_a_twin_authority_vouches_for_nobody_here(contoso: Forest, twin: Forest, trust: Trust):
    forged = twin.person("olga@contoso.example")
    with_twins = Trust(
        trust.anchors,
        (twin.issuing.certificate, twin.root.certificate, *trust.intermediates),
        trust.crls,
    )
    assert judge(forged, with_twins).verdict is Verdict.INVALID


def test_a_twin_among_the_intermediates_hides_nobody(alice: Signer, twin: Forest, trust: Trust):
    with_twins = Trust(
        trust.anchors, (twin.issuing.certificate, twin.root.certificate, *trust.intermediates), trust.crls
    )
    assert judge(alice, with_twins).verdict is Verdict.GOOD


def test_a_twin_list_neither_revokes_nor_acquits(contoso: Forest, alice: Signer, twin: Forest):
    extra = (twin.issuing.certificate, twin.root.certificate)
    anchors, issuing = contoso.trust().anchors, contoso.issuing.certificate
    accusing = twin.person_list(_revoked(alice), number=99, this_update=AT)
    acquitting = twin.person_list(number=99, this_update=AT)
    own_root = contoso.root_list()

    def judged(*lists: Crl) -> PathResult:
        return judge(alice, Trust(anchors, (issuing, *extra), (own_root, *lists)))

    assert judged(contoso.person_list(), accusing).verdict is Verdict.GOOD
    assert judged(contoso.person_list(_revoked(alice)), acquitting).failure is Failure.REVOKED
    assert judged(acquitting).failure is Failure.REVOCATION_UNKNOWN


def test_a_demanding_list_of_a_twin_changes_nothing(
    contoso: Forest, alice: Signer, twin: Forest, trust: Trust
):
    """Newer than the true list, under its name, with a demand that would make a true list useless."""
    demand = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.55738.3"), b"\x05\x00")
    theirs = forge_list(twin.issuing, number=99, this_update=AT, extensions=[(demand, True)])
    assert (
        judge(alice, Trust(trust.anchors, trust.intermediates, (*trust.crls, theirs))).verdict is Verdict.GOOD
    )


def test_both_twins_can_be_trusted_without_touching_each_other(contoso: Forest, alice: Signer, twin: Forest):
    other = twin.person("olga@contoso.example", serial_number=alice.certificate.serial_number)
    anchors = (TrustAnchor(contoso.root.certificate), TrustAnchor(twin.root.certificate))
    between = (contoso.issuing.certificate, twin.issuing.certificate)
    accused = _revoked(other)
    lists = (contoso.root_list(), twin.root_list(), contoso.person_list(), twin.person_list(accused))
    both = Trust(anchors, between, lists)
    assert judge(alice, both).verdict is Verdict.GOOD
    assert judge(other, both).failure is Failure.REVOKED


def test_a_sibling_authority_cannot_sign_lists_under_a_borrowed_name(contoso: Forest, alice: Signer):
    """Below the same root, an unconstrained authority certifies a key under the name of Contoso's issuing
    one.
    """
    sibling = forge_authority(contoso.root, named("Sibling"))
    borrowed = forge_authority(sibling, contoso.issuing.certificate.subject)
    acquitting = make_list(borrowed, number=99, this_update=AT)
    between = (contoso.issuing.certificate, sibling.certificate, borrowed.certificate)
    trust = Trust(contoso.trust().anchors, between, (make_list(contoso.root), make_list(sibling), acquitting))
    assert judge(alice, trust).failure is Failure.REVOCATION_UNKNOWN


def test_a_second_key_of_the_authority_may_sign_its_lists(contoso: Forest, alice: Signer):
    """The same list is good once the root itself certifies the second key."""
    second = forge_authority(contoso.root, contoso.issuing.certificate.subject)
    lists = (make_list(contoso.root), make_list(second, number=99, this_update=AT))
    between = (contoso.issuing.certificate, second.certificate)
    assert judge(alice, Trust(contoso.trust().anchors, between, lists)).verdict is Verdict.GOOD
