"""What a member brings poisons no judgement: issuers are kept on a verified path only, and not too many of them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from mail.letter import Recipient
from mail.services.contacts import import_certificate
from mail.services.plan import State, plan
from pki import building
from pki.formats import write_pkcs7
from pki.path import Failure
from tenants import clock
from tenants.models import Generation, KnownCertificate
from tenants.models.authorities import AuthorityKind
from tenants.scoping import tenant_scope
from tenants.services import pull_publications
from tenants.services.assemble_trust import assemble_trust
from tenants.services.trust_root import trust_root
from tests.browsing import browser, words
from tests.cast import Cast, Forest, Member
from tests.mail.letters import deliver
from tests.mail.web.test_reading import newest
from tests.tenants.rogue import RogueRoot

A_FILE = 20  # authorities that are looked at in one file


def issuing(forest: Forest) -> x509.Certificate:
    with tenant_scope(forest.tenant):
        return Generation.objects.get(authority__kind=AuthorityKind.ISSUING).certificate


def known(forest: Forest) -> set[bytes]:
    with tenant_scope(forest.tenant):
        return {bytes(der) for der in KnownCertificate.objects.values_list("der", flat=True)}


def bring(member: Member, *file: x509.Certificate) -> Failure:
    return import_certificate(member.actor, write_pkcs7(file), clock.now())[1].failure


def flood(member: Member, victim: x509.Certificate, files: int = 3) -> None:
    """Files of somebody's certificate with look-alikes of an authority: its name and key identifier."""
    rogue = RogueRoot()
    identifier = victim.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    for number in range(files):
        twins = [rogue.authority(victim.subject, (identifier, False)) for _ in range(A_FILE)]
        bring(member, rogue.person(f"z{number}@elsewhere.test"), *twins)


def test_look_alikes_of_a_partners_authority_change_nothing_for_colleagues(cast: Cast) -> None:
    before, ivan = (cast.alice, cast.bob, known(cast.contoso)), cast.contoso.add("Ivan Ilic")
    flood(ivan, issuing(cast.fabrikam))
    assert known(cast.contoso) == before[2]
    deliver(cast.bob, cast.alice)
    page = words(browser(cast.alice, unlocked=True).get(f"/mail/{newest(cast.alice).id}/"))
    assert "Signed by Bob Berger" in page


def test_look_alikes_that_were_there_before_the_root_was_believed_change_nothing(cast: Cast) -> None:
    flood(cast.charlie, issuing(cast.contoso))
    assert known(cast.northwind) == set()
    cast.northwind.trust(cast.contoso)
    cast.contoso.trust(cast.northwind)
    (alice,) = plan(cast.charlie.actor, [Recipient("to", "", cast.alice.address)], clock.now()).recipients
    assert alice.state is State.READY


def believed(cast: Cast, domain: str = "partner.test") -> RogueRoot:
    root = RogueRoot("Partner Root")
    trust_root(cast.olga.actor, root.certificate, [domain], clock.now())
    return root


def ders(*certificates: x509.Certificate) -> set[bytes]:
    return {certificate.public_bytes(Encoding.DER) for certificate in certificates}


def test_issuers_in_a_file_are_kept_if_they_lead_to_a_believed_root(cast: Cast) -> None:
    root = believed(cast)
    upper = root.below("Partner Policy")
    lower, stranger = upper.below("Partner People"), RogueRoot("Stranger")
    person = lower.person("pia@partner.test")
    failure = bring(cast.alice, person, lower.certificate, upper.certificate, stranger.certificate)
    assert failure is Failure.REVOCATION_UNKNOWN
    assert known(cast.contoso) == ders(lower.certificate, upper.certificate)
    with tenant_scope(cast.contoso.tenant):
        assert set(KnownCertificate.objects.values_list("source", flat=True)) == {"a file"}


def test_issuers_below_a_root_that_nobody_believes_are_not_kept(cast: Cast) -> None:
    root = RogueRoot("Partner Root")
    lower = root.below("Partner People")
    failure = bring(cast.alice, lower.person("pia@partner.test"), lower.certificate, root.certificate)
    assert failure is Failure.UNTRUSTED, "judged with what the file brings"
    assert known(cast.contoso) == set()


def test_issuers_that_this_portal_publishes_are_kept_whoever_believes_them(cast: Cast) -> None:
    person, root = cast.charlie.certificate(to_sign=False).certificate, cast.northwind.root().certificate
    assert bring(cast.alice, person, issuing(cast.northwind), root) is Failure.UNTRUSTED
    assert ders(issuing(cast.northwind)) <= known(cast.contoso)


@pytest.mark.parametrize(
    ("limit", "names", "kept"),
    [("MOST_LEARNED", ("A", "B", "C", "D"), 3), ("MOST_OF_ONE_NAME", ("A", "A", "A", "B"), 3)],
)
def test_even_a_believed_root_fills_no_more_than_its_share(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, limit: str, names: Sequence[str], kept: int
) -> None:
    monkeypatch.setattr(pull_publications, limit, kept if limit == "MOST_LEARNED" else 2)
    root = believed(cast)
    for number, name in enumerate(names):
        lower = root.below(name)
        bring(cast.alice, lower.person(f"p{number}@partner.test"), lower.certificate)
    assert len(known(cast.contoso)) == kept
    cast.contoso.trust(cast.northwind)
    assert ders(issuing(cast.northwind)) <= known(cast.contoso), "what the portal publishes is not counted"


def test_own_issuers_come_first_then_published_ones_then_learned_ones(cast: Cast) -> None:
    root = believed(cast)
    lower = root.below("Partner People")
    bring(cast.alice, lower.person("pia@partner.test"), lower.certificate)
    cast.contoso.trust(cast.northwind)
    with tenant_scope(cast.contoso.tenant):
        order = assemble_trust().intermediates
    own, theirs = issuing(cast.contoso), issuing(cast.northwind)
    assert order.index(own) < order.index(theirs) < order.index(lower.certificate)


def test_a_genuine_letter_beyond_the_bounds_could_not_be_checked(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cast.bob
    deliver(cast.bob, cast.alice)
    monkeypatch.setattr(building, "MAXIMUM_SIGNATURE_CHECKS", 0)
    monkeypatch.setattr(building, "MAXIMUM_CANDIDATES", 0)
    page = words(browser(cast.alice, unlocked=True).get(f"/mail/{newest(cast.alice).id}/"))
    assert "Signed · its certificate could not be checked" in page
    assert "forged" not in page
