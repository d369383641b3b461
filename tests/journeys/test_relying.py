"""A partner outside the portal publishes its authorities and lists on the web: letters are judged by what is there."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from mail.models import Message
from pki.crl import Reason
from pki.formats import write_pkcs7
from tenants import clock
from tenants.models import ForeignCrl, OutsideDocument
from tenants.scoping import tenant_scope
from tenants.services.trust_root import trust_root
from tests.browsing import browser, words
from tests.cast import Cast, Member, work
from tests.mail.letters import put
from tests.tenants.outside import Authority, Person
from tests.tenants.publisher import Answer, Publisher

DAY = timedelta(days=1)


class Partner:
    """Root, people's authority and Pia, published under /root.cer, /mid.cer, /root.crl, /mid.crl."""

    def __init__(self, cast: Cast, web: Publisher) -> None:
        self.cast, self.web = cast, web
        self.domain = f"partner-{web.port}.example"
        self.root = Authority.root(f"Partner Root {web.port}")
        self.mid = self.root.below(
            "Partner People", issuer=web.address("/root.cer"), lists=[web.address("/root.crl")]
        )
        self.pia = self.person("pia")
        self.publish()

    def person(self, name: str) -> Person:
        return self.mid.person(
            f"{name}@{self.domain}", issuer=self.web.address("/mid.cer"), lists=[self.web.address("/mid.crl")]
        )

    def publish(self, **headers: str) -> None:
        self.web.site["/root.cer"] = self.root.der
        self.web.site["/mid.cer"] = self.mid.der
        self.web.site["/root.crl"] = Answer(self.root.list(), headers=headers)
        self.web.site["/mid.crl"] = Answer(self.mid.list(), headers=headers)

    def believed(self) -> None:
        trust_root(self.cast.olga.actor, self.root.certificate, [self.domain], clock.now())
        work()


@pytest.fixture
def partner(cast: Cast, web: Publisher) -> Partner:
    return Partner(cast, web)


def page(reader: Member, letter: Message, query: str = "") -> str:
    return words(browser(reader).get(f"/mail/{letter.id}/{query}"))


def test_a_letter_with_nothing_enclosed_is_judged_by_what_its_addresses_give(
    cast: Cast, partner: Partner, web: Publisher
) -> None:
    partner.believed()
    letter = put(cast.alice, partner.pia.letter(cast.alice.address))
    assert web.connections == 0, "storing a letter asks nobody"

    first = page(cast.alice, letter)
    assert "Signed by Pia Partner · checking…" in first
    assert "Asking for the certificate of Partner People" in first
    assert web.connections == 0, "opening a letter waits for nobody"

    work()
    after = page(cast.alice, letter)
    assert "Signed by Pia Partner" in after
    assert "not revoked as of" in after
    assert sorted(set(web.asked)) == ["/mid.cer", "/mid.crl", "/root.crl"]
    assert all(
        set(fields) <= {"Host", "Accept", "Accept-Encoding", "Connection", "User-Agent"}
        for fields in web.fields
    )

    asked = len(web.asked)
    page(cast.alice, letter)
    work()
    assert len(web.asked) == asked, "what is at hand is not asked for again"
    details = page(cast.alice, letter, "?details=1")
    assert web.address("/mid.crl") in details


def test_the_letter_of_a_stranger_makes_nobody_ask_for_its_lists(
    cast: Cast, partner: Partner, web: Publisher
) -> None:
    letter = put(
        cast.alice, partner.pia.letter(cast.alice.address, partner.mid.certificate, partner.root.certificate)
    )
    assert "issuer not trusted by your organisation yet" in page(cast.alice, letter)
    work()
    assert web.connections == 0


def test_a_broken_signature_makes_nobody_ask(cast: Cast, partner: Partner, web: Publisher) -> None:
    partner.believed()
    raw = partner.pia.letter(cast.alice.address).replace(b"Minutes of today", b"Minutes of later")
    assert "Signature broken" in page(cast.alice, put(cast.alice, raw))
    work()
    assert web.connections == 0


@pytest.mark.parametrize("how", ["aia", "aia-bundle", "p7b"])
def test_a_reissued_authority_whose_old_copy_is_cached_is_repaired(
    cast: Cast, partner: Partner, web: Publisher, how: str
) -> None:
    partner.believed()
    put(cast.alice, partner.pia.letter(cast.alice.address, partner.mid.certificate))
    work()
    with clock.moved(400 * DAY):
        # The authority was reissued with the same key and name; the copy that everybody has is long out of date.
        old = partner.mid.certificate
        fresh = partner.root.below(
            "Partner People",
            key=partner.mid.key,
            issuer=web.address("/root.cer"),
            lists=[web.address("/root.crl")],
        )
        partner.mid.certificate = fresh.certificate
        partner.root.certificate = Authority.root(
            f"Partner Root {web.port}", key=partner.root.key
        ).certificate
        partner.publish()
        trust_root(cast.olga.actor, partner.root.certificate, [partner.domain], clock.now())
        if how == "aia-bundle":
            web.site["/mid.cer"] = write_pkcs7([old, fresh.certificate, partner.root.certificate])
        if how == "p7b":
            del web.site["/mid.cer"]
        letter = put(cast.alice, partner.person("paul").letter(cast.alice.address, old))
        broken = page(cast.alice, letter)
        assert "the certificate of Partner People, which vouches for it, was not valid then" in broken
        work()
        if how == "p7b":
            assert "not revoked" not in page(cast.alice, letter)
            bundle = write_pkcs7([partner.person("pam").certificate, fresh.certificate])
            browser(cast.alice).post("/contacts/import/", {"file": SimpleUploadedFile("pam.p7b", bundle)})
            work()
            page(cast.alice, letter)
            work()
        assert "not revoked as of" in page(cast.alice, letter)


def test_a_list_that_cannot_be_reached_is_stale_then_undetermined_then_good_again(
    cast: Cast, partner: Partner, web: Publisher
) -> None:
    partner.believed()
    page(cast.alice, put(cast.alice, partner.pia.letter(cast.alice.address, partner.mid.certificate)))
    work()
    assert "/mid.crl" in web.asked
    with clock.moved(2 * DAY):
        web.site.clear()
        letter = put(cast.alice, partner.pia.letter(cast.alice.address))
        page(cast.alice, letter)
        work()
        stale = page(cast.alice, letter)
        assert "revocation checked" in stale
        assert "No newer list could be fetched" in stale
        assert "It stays current until" in stale
        details = page(cast.alice, letter, "?details=1")
        assert "No newer list of Partner People could be fetched" in details
        assert "answers with status 404" in details
    with clock.moved(9 * DAY):
        late = put(cast.alice, partner.pia.letter(cast.alice.address))
        page(cast.alice, late)
        work()
        assert "revocation status can’t be determined" in page(cast.alice, late)
        assert "It stays current" not in page(cast.alice, letter), (
            "the older one arrived while the list was current"
        )
        assert "still speaks for the day this letter arrived" in page(cast.alice, letter)
        partner.publish()
    with clock.moved(9 * DAY + timedelta(hours=7)):
        work()
        assert "not revoked as of" in page(cast.alice, late)


def test_a_revocation_outside_is_seen_and_shows_both_dates_on_older_letters(
    cast: Cast, partner: Partner, web: Publisher
) -> None:
    partner.believed()
    letter = put(cast.alice, partner.pia.letter(cast.alice.address, partner.mid.certificate))
    page(cast.alice, letter)
    work()
    assert "not revoked as of" in page(cast.alice, letter)
    with clock.moved(2 * DAY):
        partner.mid.revoke(partner.pia.certificate, clock.now() - timedelta(hours=1), Reason.SUPERSEDED)
        partner.publish()
        work()
        seen = page(cast.alice, letter)
        assert "certificate revoked since" in seen
        assert "The signature was good when the letter arrived" in seen
        newer = put(cast.alice, partner.pia.letter(cast.alice.address))
        assert "Signed with a revoked certificate" in page(cast.alice, newer)
    with tenant_scope(cast.contoso.tenant):
        assert ForeignCrl.objects.filter(source=web.address("/mid.crl")).count() == 1
        assert set(OutsideDocument.objects.values_list("failures", flat=True)) == {0}


def test_the_list_line_changes_without_anybody_opening_the_letter(
    cast: Cast, partner: Partner, web: Publisher
) -> None:
    partner.believed()
    letter = put(cast.alice, partner.pia.letter(cast.alice.address))
    from mail.services.judge_letters import judge_letter

    judge_letter(cast.contoso.tenant.id, letter.id)
    work()
    with tenant_scope(cast.contoso.tenant):
        row = Message.objects.get(id=letter.id)
    assert (row.seal, row.seen_at) == ("SIG_OK", None)
    assert row.documents_asked <= 4


def test_one_letter_asks_for_four_addresses_at_most(cast: Cast, web: Publisher) -> None:
    root = Authority.root(f"Deep Root {web.port}")
    domain, held = f"deep-{web.port}.example", [root]
    for level in range(6):
        held.append(held[-1].below(f"Deep {level}", lists=[web.address(f"/{level}.crl")]))
    trust_root(cast.olga.actor, root.certificate, [domain], clock.now())
    pia = held[-1].person(f"pia@{domain}", lists=[web.address("/own.crl")])
    letter = put(cast.alice, pia.letter(cast.alice.address, *(one.certificate for one in held[1:])))
    for _ in range(5):
        page(cast.alice, letter)
        work()
    assert len(set(web.asked)) == 4
