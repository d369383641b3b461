"""Holds and releases, everything at once, keys that were stolen, and how long a list names what was revoked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509
from django.db import connection

from mail.letter import Recipient
from mail.services.plan import State, plan
from pki import keys, path
from pki.crl import Crl, Reason
from pki.revocation import Revoked, Undetermined
from pki.trust import Trust
from tenants import clock, due_work
from tenants.models import (
    Certificate,
    CrlPublication,
    Enrolment,
    Generation,
    Hold,
    HoldRelease,
    Revocation,
)
from tenants.refusals import Refused
from tenants.scoping import tenant_scope
from tenants.services import revoke_all
from tenants.services.assemble_trust import assemble_trust
from tenants.services.deactivate import deactivate
from tenants.services.grow_shards import grow_shards
from tenants.services.hold import hold, release
from tenants.services.judge_certificate import judge_certificate
from tenants.services.publish_crl import publish_crl
from tenants.services.revoke import revoke
from tests import key_pool
from tests.cast import Cast, Member, work
from tests.tenants.test_lists import issuing, served

HOUR = timedelta(hours=1)


def serial(who: Member, *, to_sign: bool = True) -> int:
    return who.certificate(to_sign=to_sign).certificate.serial_number


def hold_signing(cast: Cast) -> Hold:
    return hold(cast.olga.actor, cast.alice.certificate(to_sign=True).id, clock.now())


def test_what_is_on_hold_is_on_the_next_list_and_judged_so_by_those_who_rely_on_it(cast: Cast) -> None:
    alice, bob = cast.alice, cast.bob
    hold_signing(cast)
    work()
    entry = served(cast.contoso).find(serial(alice))
    assert entry is not None
    assert entry.reason is Reason.CERTIFICATE_HOLD
    judged = judge_certificate(bob.actor, alice.certificate(to_sign=True).certificate, clock.now())
    assert isinstance(judged.path.revocation, Revoked)
    assert any("is on hold since" in finding.summary for finding in judged.path.findings)


def test_nothing_is_signed_with_or_encrypted_to_what_is_on_hold_even_before_the_list_is_out(
    cast: Cast,
) -> None:
    alice = cast.alice
    hold(cast.olga.actor, alice.certificate(to_sign=False).id, clock.now())
    (planned,) = plan(cast.olga.actor, [Recipient("to", "", alice.address)], clock.now()).recipients
    assert planned.state is State.REVOKED
    with tenant_scope(cast.contoso.tenant):
        usable = Certificate.objects.filter(person_id=alice.actor.person_id).current(clock.now())
        assert [row.can_sign for row in usable] == [True]


def test_a_released_certificate_leaves_the_next_list_and_is_used_again(cast: Cast) -> None:
    alice = cast.alice
    hold_signing(cast)
    work()
    release(cast.olga.actor, alice.certificate(to_sign=True).id, clock.now())
    work()
    assert served(cast.contoso).find(serial(alice)) is None
    with tenant_scope(cast.contoso.tenant):
        assert (Hold.objects.count(), HoldRelease.objects.count()) == (1, 1), "history stays"
        assert Certificate.objects.filter(person_id=alice.actor.person_id).current(clock.now()).count() == 2
    hold_signing(cast)  # and may be put on hold again
    work()
    assert served(cast.contoso).find(serial(alice)) is not None


def test_what_is_revoked_after_a_hold_is_revoked_from_the_hold_on_and_for_good(cast: Cast) -> None:
    alice = cast.alice
    held = hold_signing(cast)
    with clock.moved(2 * HOUR):
        revoke(cast.olga.actor, alice.certificate(to_sign=True).id, Reason.KEY_COMPROMISE, clock.now())
        work()
    entry = served(cast.contoso).find(serial(alice))
    assert entry is not None
    assert (entry.reason, entry.revoked_at) == (Reason.KEY_COMPROMISE, held.held_at)
    assert len(served(cast.contoso)) == 1
    with pytest.raises(Refused, match="not on hold"):
        release(cast.olga.actor, alice.certificate(to_sign=True).id, clock.now())


def test_holds_refuse_what_makes_no_sense(cast: Cast) -> None:
    alice, olga = cast.alice, cast.olga.actor
    row = alice.certificate(to_sign=True)
    with pytest.raises(Refused, match="Only an administrator"):
        hold(alice.actor, row.id, clock.now())
    hold_signing(cast)
    with pytest.raises(Refused, match="on hold already"):
        hold_signing(cast)
    revoke(olga, row.id, Reason.SUPERSEDED, clock.now())
    with pytest.raises(Refused, match="revoked already"):
        hold_signing(cast)


def test_a_certificate_on_hold_is_revoked_when_its_owner_leaves(cast: Cast) -> None:
    hold_signing(cast)
    _person, n = deactivate(cast.olga.actor, cast.alice.actor.person_id, clock.now(), revoke=True)
    assert n == 2


def test_everything_of_a_generation_is_on_one_list_though_the_worker_dies_on_the_way(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revoke_all, "BATCH", 1)
    assert cast.alice
    forest, generation = cast.contoso, issuing(cast.contoso)
    before = served(forest).number or 0
    order = revoke_all.revoke_generation(cast.olga.actor, generation.id, Reason.CA_COMPROMISE, clock.now())
    assert revoke_all._revoke_batch(forest.tenant.id, order.id) == 1  # and no more: killed
    work()
    assert len(served(forest)) == 2
    assert served(forest).number == before + 1
    assert not issuing(forest).is_issuing
    revoke_all.fulfil(forest.tenant.id, order.id)
    with tenant_scope(forest.tenant):
        assert Revocation.objects.count() == 2
    with pytest.raises(Refused, match="no certificate"):
        revoke_all.revoke_generation(cast.olga.actor, generation.id, Reason.CA_COMPROMISE, clock.now())


def test_a_key_revoked_for_compromise_is_never_certified_again(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = cast.alice
    stolen = keys.generate(keys.KeyType.P256)
    monkeypatch.setattr(keys, "generate", lambda _kind: stolen)
    ann = cast.contoso.add("Ann Anders")
    revoke(cast.olga.actor, ann.certificate(to_sign=True).id, Reason.KEY_COMPROMISE, clock.now())
    ben = cast.contoso.add("Ben Berg")
    with tenant_scope(cast.contoso.tenant):
        refused = Enrolment.objects.filter(person_id=ben.actor.person_id).values_list("refusal", flat=True)
        assert {"because others may have the key" in text for text in refused} == {True}
        assert not Certificate.objects.filter(person_id=ben.actor.person_id).exists()
    monkeypatch.setattr(keys, "generate", key_pool.generate)
    assert alice


def test_an_entry_is_on_one_list_after_its_certificate_has_ended_and_then_leaves(cast: Cast) -> None:
    alice, forest = cast.alice, cast.contoso
    row = alice.certificate(to_sign=True)
    revoke(cast.olga.actor, row.id, Reason.SUPERSEDED, clock.now())
    hold(cast.olga.actor, alice.certificate(to_sign=False).id, clock.now())  # ends a year later
    work()
    with clock.moved(row.not_after - clock.now() + HOUR):
        publish_crl(forest.tenant.id, issuing(forest).id)
        assert served(forest).find(serial(alice)) is not None, "RFC 5280 §3.3"
    with clock.moved(row.not_after - clock.now() + 7 * HOUR):
        publish_crl(forest.tenant.id, issuing(forest).id)
        assert served(forest).find(serial(alice)) is None
        assert served(forest).find(serial(alice, to_sign=False)) is not None
        with pytest.raises(Refused, match="has ended"):
            hold(cast.olga.actor, row.id, clock.now())


def test_a_revocation_whose_row_was_lost_does_not_vanish_from_the_list(cast: Cast) -> None:
    alice, forest = cast.alice, cast.contoso
    revoke(cast.olga.actor, alice.certificate(to_sign=True).id, Reason.SUPERSEDED, clock.now())
    work()
    good = served(forest)
    with tenant_scope(forest.tenant, write=True), connection.cursor() as cursor:
        if connection.vendor != "sqlite":
            pytest.skip("the application role cannot delete it")
        cursor.execute("DELETE FROM tenants_revocation WHERE tenant_id = %s", [forest.tenant.id.hex])
    with pytest.raises(Exception, match="would vanish"):
        publish_crl(forest.tenant.id, issuing(forest).id)
    assert served(forest).der == good.der


def grow(cast: Cast, count: int) -> Generation:
    generation = issuing(cast.contoso)
    grow_shards(cast.contoso.tenant.id, generation.id, count)
    work()
    return generation


def newest_of(cast: Cast, shard: int) -> Crl:
    generation = issuing(cast.contoso)
    with tenant_scope(cast.contoso.tenant):
        lists = CrlPublication.objects.filter(generation=generation, shard=shard)
        return Crl.parse(bytes(lists.newest_first()[0].der))


def test_shards_only_grow(cast: Cast) -> None:
    generation = grow(cast, 2)
    for count in (1, 0, 2):
        with pytest.raises(Refused, match="only grow"):
            grow_shards(cast.contoso.tenant.id, generation.id, count)


def test_after_growth_each_list_states_its_address_and_covers_only_its_own(cast: Cast) -> None:
    alice, bob = cast.alice, cast.bob  # issued while there was one list
    assert newest_of(cast, 0).scope.full_names is None
    grow(cast, 3)
    everybody = [alice, *(cast.contoso.add(f"{name} Shard") for name in ("Ann", "Ben", "Cem", "Dan"))]
    rows = [who.certificate(to_sign=True) for who in everybody]
    assert {row.shard for row in rows} <= {0, 1, 2}
    for row in rows:
        points = row.certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
        address = points[0].full_name[0].value
        listed = newest_of(cast, row.shard).scope.full_names
        assert listed is not None
        assert [name.value for name in listed] == [address]
        good = judge_certificate(bob.actor, row.certificate, clock.now())
        assert not isinstance(good.path.revocation, Revoked)
        assert good.path.revocation is not None
    before = {shard: newest_of(cast, shard).number for shard in range(3)}
    victim = rows[-1]
    revoke(cast.olga.actor, victim.id, Reason.SUPERSEDED, clock.now())
    work()
    after = {shard: newest_of(cast, shard).number for shard in range(3)}
    assert [shard for shard in range(3) if after[shard] != before[shard]] == [victim.shard]
    judged = judge_certificate(bob.actor, victim.certificate, clock.now())
    assert isinstance(judged.path.revocation, Revoked)


def test_the_list_of_another_shard_says_nothing_about_a_certificate(cast: Cast) -> None:
    alice = cast.alice
    grow(cast, 2)
    with tenant_scope(cast.contoso.tenant):
        trust = assemble_trust()
    own = newest_of(cast, alice.certificate(to_sign=True).shard)
    others = tuple(crl for crl in trust.crls if crl.sha256 != own.sha256)
    assert len(others) == len(trust.crls) - 1
    result = path.validate(
        leaf=alice.certificate(to_sign=True).certificate,
        trust=Trust(trust.anchors, trust.intermediates, others),
        at=clock.now(),
        purpose="email",
    )
    assert isinstance(result.revocation, Undetermined)


def test_no_row_is_left_behind(cast: Cast) -> None:
    hold_signing(cast)
    work()
    assert due_work.drain() == 0
