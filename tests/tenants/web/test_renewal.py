"""Renewing and replacing keys from the page of one's certificates."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pki.crl import Reason
from tenants import clock
from tenants.models import Certificate, Revocation
from tenants.scoping import tenant_scope
from tenants.services.mail_keys import all_keys
from tenants.services.revoke import revoke
from tests.browsing import browser, fingerprint, words
from tests.cast import PIN, Cast, Member, work

LATER = timedelta(hours=2)


def reasons(member: Member) -> list[str]:
    with tenant_scope(member.actor.tenant_id):
        mine = Revocation.objects.filter(certificate__person_id=member.actor.person_id)
        return sorted(mine.values_list("reason", flat=True))


def test_the_page_says_when_each_renews_itself_and_renews_it_now(cast: Cast) -> None:
    alice = cast.alice
    old = alice.certificate(to_sign=True)
    with clock.moved(LATER):
        client = browser(alice)
        assert words(client.get("/certificates/")).count("Renews itself on") == 2
        for _ in range(2):
            assert client.post(f"/certificates/{fingerprint(old)}/renew/").status_code == 303
        work()
        new = alice.certificate(to_sign=True)
        assert new.id != old.id
        page = words(client.get("/certificates/"))
        assert "A new key is being made" in page
        assert "replaced by a newer one" in page
        client.post(f"/certificates/{fingerprint(new)}/renew/")
        assert "issued less than an hour ago" in words(client.get("/certificates/"))
        work()
        assert alice.certificate(to_sign=True).id == new.id


def test_nobody_renews_for_somebody_else(cast: Cast) -> None:
    other = cast.contoso.add("Carl Colleague")
    for thief in (other, cast.bob):
        address = f"/certificates/{fingerprint(cast.alice.certificate(to_sign=True))}/renew/"
        assert browser(thief).post(address).status_code == 404


def test_suspected_keys_are_revoked_at_once_and_new_ones_made(cast: Cast) -> None:
    alice = cast.alice
    client = browser(alice, unlocked=True)
    assert "Everything above is revoked at once" in words(client.get("/certificates/replace/"))
    assert client.post("/certificates/replace/", {"why": "suspected", "pin": PIN}).status_code == 303
    assert reasons(alice) == ["keyCompromise", "keyCompromise"]
    assert "2 certificates are revoked" in words(client.get("/certificates/"))
    work()
    now = clock.now()
    with tenant_scope(alice.actor.tenant_id):
        current = Certificate.objects.filter(person_id=alice.actor.person_id).with_key().current(now)
        assert current.signing().count() == current.encryption().count() == 1
        assert len(all_keys(alice.actor.person_id)) == 4


def test_out_of_order_the_old_ones_are_revoked_after_the_new_ones_are_there(cast: Cast) -> None:
    alice = cast.alice
    browser(alice).post("/certificates/replace/", {"why": "routine", "pin": PIN})
    assert reasons(alice) == []
    work()
    assert reasons(alice) == ["superseded", "superseded"]


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"why": "suspected", "pin": "999999"}, "4 tries left"),
        ({"why": "suspected"}, "required"),
        ({"pin": PIN}, "Say what happened"),
        ({"why": "boredom", "pin": PIN}, "Choose one of the two"),
    ],
)
def test_without_pin_or_reason_nothing_is_revoked(cast: Cast, sent: dict[str, str], sentence: str) -> None:
    answer = browser(cast.alice, unlocked=True).post("/certificates/replace/", sent)
    assert answer.status_code == 422
    assert sentence in words(answer)
    assert reasons(cast.alice) == []


def test_who_was_barred_cannot_help_themselves_to_new_keys(cast: Cast) -> None:
    alice = cast.alice
    revoke(cast.olga.actor, alice.certificate(to_sign=True).id, Reason.PRIVILEGE_WITHDRAWN, clock.now())
    client = browser(alice)
    answer = client.post("/certificates/replace/", {"why": "routine", "pin": PIN})
    assert "not issued to you without an administrator" in words(answer)
    with clock.moved(LATER):
        client = browser(alice)
        client.post(f"/certificates/{fingerprint(alice.certificate(to_sign=False))}/renew/")
        assert "without an administrator" in words(client.get("/certificates/"))
