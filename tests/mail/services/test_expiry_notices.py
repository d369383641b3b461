"""Notices before a certificate ends: only where nothing renews it, at 30, 14, 7 and 1 days, each once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mail.models import Message
from mail.services.expiry_notices import find_expiring
from pki import keys
from tenants import clock
from tenants.scoping import tenant_scope
from tenants.services.import_identity import import_identity
from tenants.services.renew import find_renewals
from tenants.services.request_certificate import request_certificate
from tests.browsing import browser, words
from tests.cast import Cast, Member, work
from tests.outside_identity import PASSWORD, outside
from tests.tenants.web.test_requests import csr


def subjects(member: Member) -> list[str]:
    with tenant_scope(member.actor.tenant_id):
        mine = Message.objects.of(member.actor.person_id).order_by("received_at")
        return list(mine.values_list("subject", flat=True))


def live_through(days: range) -> None:
    for day in days:
        with clock.moved(timedelta(days=day, hours=1)):
            for _ in range(2):
                find_renewals()
                find_expiring()
                work()


def test_a_certificate_by_request_is_told_of_four_times(cast: Cast) -> None:
    alice = cast.alice
    request_certificate(alice.actor, csr(keys.generate(keys.KeyType.P256)), "signing", clock.now())
    work()
    live_through(range(360, 398))
    found = subjects(alice)
    assert len(found) == 4
    assert len(set(found)) == 1
    assert found[0].startswith("A certificate of yours ends on ")


def test_what_renews_itself_is_not_told_of(cast: Cast) -> None:
    alice = cast.alice
    live_through(range(360, 398, 9))
    assert subjects(alice) == []


def test_who_asked_for_a_successor_hears_no_more(cast: Cast) -> None:
    alice = cast.alice
    request_certificate(alice.actor, csr(keys.generate(keys.KeyType.P256)), "signing", clock.now())
    work()
    with clock.moved(timedelta(days=360)):
        request_certificate(alice.actor, csr(keys.generate(keys.KeyType.P256)), "signing", clock.now())
        work()
    live_through(range(370, 398, 9))
    assert subjects(alice) == []


@pytest.mark.parametrize(("ends_in", "number"), [(20, 1), (-5, 0), (200, 0)])
def test_one_that_was_brought_along(cast: Cast, ends_in: int, number: int) -> None:
    alice = cast.alice
    file = outside(alice.address, from_day=-300, to_day=ends_in).p12()
    import_identity(alice.actor, file, PASSWORD, clock.now())
    for _ in range(2):
        find_expiring()
        work()
    assert len(subjects(alice)) == number
    if number:
        assert "A certificate of yours ends on" in words(browser(alice, unlocked=True).get("/mail/"))
