"""Lists of revoked certificates: by event, by schedule, and whatever goes wrong the last good one stays."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from pki.crl import Crl, Reason
from tenants import clock, due_work
from tenants.models import AuthorityKey, CrlPublication, Generation, Revocation
from tenants.models.authorities import AuthorityKind
from tenants.public import current_list
from tenants.refusals import Refused
from tenants.scoping import tenant_scope
from tenants.services.publish_crl import publish_crl
from tenants.services.revoke import revoke
from tenants.services.sign_root_list import sign_root_list
from tests.cast import Cast, Forest, Member, work


def issuing(forest: Forest) -> Generation:
    with tenant_scope(forest.tenant):
        return Generation.objects.select_related("authority").get(authority__kind=AuthorityKind.ISSUING)


def served(forest: Forest) -> Crl:
    published = current_list(forest.tenant.id, issuing(forest).id)
    assert published is not None
    return Crl.parse(published.der)


def revoke_signing(cast: Cast, who: Member, reason: Reason = Reason.KEY_COMPROMISE) -> Revocation:
    return revoke(cast.olga.actor, who.certificate(to_sign=True).id, reason, clock.now())


def test_a_forest_is_born_with_an_empty_list_of_each_authority(cast: Cast) -> None:
    forest = cast.contoso
    with tenant_scope(forest.tenant):
        numbers = list(
            CrlPublication.objects.values_list("generation__authority__kind", "number", "entry_count")
        )
    assert sorted(numbers) == [("issuing", 1, 0), ("root", 1, 0)]


def test_a_revocation_is_in_the_next_list_which_its_issuer_signed(cast: Cast) -> None:
    alice = cast.alice
    before = served(cast.contoso)
    revoke_signing(cast, alice)
    work()
    after = served(cast.contoso)
    after.verify(issuing(cast.contoso).certificate)
    entry = after.find(int(alice.certificate(to_sign=True).serial_number, 16))
    assert entry is not None
    assert entry.reason is Reason.KEY_COMPROMISE
    assert after.number is not None
    assert before.number is not None
    assert after.number > before.number
    assert after.find(int(alice.certificate(to_sign=False).serial_number, 16)) is None


def test_a_burst_of_revocations_makes_one_list(cast: Cast) -> None:
    people = [cast.contoso.add(f"{name} Burst") for name in ("Ann", "Ben", "Cem")]
    before = served(cast.contoso).number
    for person in people:
        revoke_signing(cast, person)
    work()
    assert before is not None
    assert served(cast.contoso).number == before + 1
    assert len(served(cast.contoso)) == 3


def test_six_hours_later_the_next_list_has_a_higher_number(cast: Cast) -> None:
    before = served(cast.contoso)
    with clock.moved(timedelta(hours=5, minutes=59)):
        work()
        assert served(cast.contoso).number == before.number
    with clock.moved(timedelta(hours=6, minutes=1)):
        work()
        after = served(cast.contoso)
    assert before.number is not None
    assert after.number == before.number + 1
    assert after.this_update > before.this_update


def test_a_clock_that_goes_back_publishes_nothing_older(cast: Cast) -> None:
    forest = cast.contoso
    with clock.moved(timedelta(days=1)):
        work()
        newest = served(forest)
    with clock.moved(timedelta(hours=-1)), pytest.raises(Exception, match=r".+"):
        publish_crl(forest.tenant.id, issuing(forest).id)
    assert served(forest).der == newest.der


@pytest.mark.parametrize("off", [timedelta(hours=-1), timedelta(days=1)])
def test_a_worker_whose_clock_disagrees_with_the_database_signs_nothing(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, off: timedelta
) -> None:
    forest = cast.contoso
    good, right = served(forest), clock.of_this_host
    with monkeypatch.context() as patch:
        patch.setattr(clock, "of_this_host", lambda: right() + off)
        with pytest.raises(Refused, match="off by"):
            publish_crl(forest.tenant.id, issuing(forest).id)
    assert served(forest).der == good.der
    assert "off by" in issuing(forest).crl_failure
    publish_crl(forest.tenant.id, issuing(forest).id)
    assert (served(forest).number or 0) > (good.number or 0)


def test_without_the_key_the_last_good_list_stays_and_the_page_can_say_why(cast: Cast) -> None:
    alice, forest, generation = cast.alice, cast.contoso, issuing(cast.contoso)
    before = served(forest)
    with tenant_scope(forest.tenant, write=True):
        sealed = bytes(AuthorityKey.objects.get(generation=generation).sealed)
        AuthorityKey.objects.filter(generation=generation).update(sealed=b"gone")
    revoke_signing(cast, alice)
    work()
    assert served(forest).der == before.der
    assert "SealBroken" in issuing(forest).crl_failure
    with tenant_scope(forest.tenant, write=True):
        AuthorityKey.objects.filter(generation=generation).update(sealed=sealed)
    with clock.moved(timedelta(minutes=15)):
        work()
        assert len(served(forest)) == 1
    assert issuing(forest).crl_failure == ""


def test_the_numbers_of_racing_workers_rise_strictly(cast: Cast) -> None:
    forest, generation = cast.contoso, issuing(cast.contoso)

    def publish(_: int) -> None:
        try:
            publish_crl(forest.tenant.id, generation.id)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as workers:
        list(workers.map(publish, range(16)))
    with tenant_scope(forest.tenant):
        rows = CrlPublication.objects.filter(generation=generation).order_by("published_at", "number")
        numbers = list(rows.values_list("number", flat=True))
    assert len(numbers) == len(set(numbers))
    assert served(forest).number == max(numbers)


def test_running_the_task_twice_loses_nothing(cast: Cast) -> None:
    forest = cast.contoso
    revoke_signing(cast, cast.alice)
    publish_crl(forest.tenant.id, issuing(forest).id)
    publish_crl(forest.tenant.id, issuing(forest).id)
    assert len(served(forest)) == 1


def test_a_certificate_is_revoked_once(cast: Cast) -> None:
    revoke_signing(cast, cast.alice)
    with pytest.raises(Refused, match="already"):
        revoke_signing(cast, cast.alice)


def test_a_member_cannot_revoke(cast: Cast) -> None:
    alice = cast.alice
    with pytest.raises(Refused):
        revoke(alice.actor, alice.certificate(to_sign=True).id, Reason.SUPERSEDED, clock.now())


def test_the_offline_root_signs_its_list_with_its_key_file(cast: Cast) -> None:
    forest = cast.contoso
    with clock.moved(timedelta(days=40)):
        made = sign_root_list(forest.tenant.id, forest.founded.root_key_file, "")
    assert made.number == 2
    crl = Crl.parse(bytes(made.der))
    crl.verify(forest.root().certificate)


def test_the_key_of_another_root_is_refused(cast: Cast) -> None:
    with pytest.raises(Refused, match="no root of this forest"):
        sign_root_list(cast.contoso.tenant.id, cast.northwind.founded.root_key_file, "")


def test_a_relying_forest_learns_of_a_revocation_with_the_same_bell(cast: Cast) -> None:
    bob = cast.bob
    revoke(
        cast.fabrikam.administrator.actor, bob.certificate(to_sign=True).id, Reason.SUPERSEDED, clock.now()
    )
    work()
    from tenants.services.assemble_trust import assemble_trust

    with tenant_scope(cast.contoso.tenant):
        lists = assemble_trust().crls
    serial = int(bob.certificate(to_sign=True).serial_number, 16)
    assert any(crl.find(serial) for crl in lists)


def test_no_queue_row_is_left_behind_but_the_schedule(cast: Cast) -> None:
    tenant = cast.contoso.tenant
    revoke_signing(cast, cast.alice)
    work()
    from tenants.models import DueWork

    rows: Any = list(DueWork.objects.filter(tenant_id=tenant.id).values_list("kind", "attempts"))
    assert rows == [("publish_crl", 0)]
    assert due_work.drain() == 0


def test_a_revocation_by_a_clock_that_runs_ahead_is_in_the_next_list_all_the_same(cast: Cast) -> None:
    alice = cast.alice
    with clock.moved(timedelta(seconds=5)):
        revoke_signing(cast, alice)
    publish_crl(cast.contoso.tenant.id, issuing(cast.contoso).id)
    assert served(cast.contoso).find(int(alice.certificate(to_sign=True).serial_number, 16)) is not None
