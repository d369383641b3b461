"""Custody: who can open which key, and who cannot."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import override_settings

from tenants import clock
from tenants.keystore.custody import Custody, SealBroken
from tenants.keystore.sealing import context, seal, unseal
from tenants.keystore.tenant_keys import MasterKeyWithheld, tenant_key
from tenants.keystore.unlocking import find_unlocked, keep_unlocked, lock
from tenants.models import AuthorityKey, MailKey, UnlockedKey
from tenants.models.custody import KeyKind
from tenants.scoping import tenant_scope
from tenants.services.unlock import unlock
from tests.cast import PIN, Cast


def test_a_seal_opens_only_with_its_key_and_for_what_it_was_made() -> None:
    sealed = seal(b"k" * 32, b"secret", context("draft", "alice"))
    assert unseal(b"k" * 32, sealed, context("draft", "alice")) == b"secret"
    for key, bound_to in ((b"x" * 32, context("draft", "alice")), (b"k" * 32, context("draft", "bob"))):
        with pytest.raises(SealBroken):
            unseal(key, sealed, bound_to)
    with pytest.raises(SealBroken):
        unseal(b"k" * 32, sealed[:-1], context("draft", "alice"))
    with pytest.raises(SealBroken):
        unseal(b"k" * 32, b"", context("draft", "alice"))


def test_the_pin_opens_nothing_without_the_master_key(cast: Cast) -> None:
    alice = cast.alice
    with override_settings(PEOPLE_MASTER_KEY=b"t" * 32), pytest.raises(SealBroken):
        unlock(alice.actor, PIN, clock.now())


def test_the_keys_of_one_person_do_not_open_for_another(cast: Cast) -> None:
    alice, dana = cast.alice, cast.contoso.add("Dana Duarte")
    assert dana.custody is not None
    with tenant_scope(alice.actor.tenant_id):
        row = MailKey.objects.filter(person_id=alice.actor.person_id).first()
    assert row is not None
    with pytest.raises(SealBroken):
        dana.custody.open(bytes(row.sealed), "mail key", row.certificate_id)


def test_an_unlocked_key_needs_both_the_row_and_the_cookie(cast: Cast) -> None:
    alice, now = cast.alice, clock.now()
    assert alice.custody is not None
    kept = keep_unlocked(alice.custody, now)
    who = (alice.actor.tenant_id, alice.actor.person_id)
    found = find_unlocked(*who, kept.cookie, now)
    assert found is not None
    assert isinstance(found[0], Custody)
    for cookie in (
        None,
        "",
        "x.y",
        kept.cookie[:-4] + "AAA=",
        kept.cookie.split(".")[0] + "." + "A" * 43 + "=",
    ):
        assert find_unlocked(*who, cookie, now) is None
    with tenant_scope(alice.actor.tenant_id):
        wrapped = bytes(UnlockedKey.objects.get(person_id=alice.actor.person_id).wrapped)
    assert alice.custody.raw() not in wrapped


def test_an_unlocked_key_lapses_after_fifteen_minutes(cast: Cast) -> None:
    alice, now = cast.alice, clock.now()
    assert alice.custody is not None
    kept = keep_unlocked(alice.custody, now)
    who = (alice.actor.tenant_id, alice.actor.person_id)
    assert find_unlocked(*who, kept.cookie, now + timedelta(minutes=14, seconds=59)) is not None
    assert find_unlocked(*who, kept.cookie, now + timedelta(minutes=15)) is None


def test_the_cookie_of_one_person_opens_nothing_for_another(cast: Cast) -> None:
    alice, bob, now = cast.alice, cast.bob, clock.now()
    assert alice.custody is not None
    kept = keep_unlocked(alice.custody, now)
    assert find_unlocked(bob.actor.tenant_id, bob.actor.person_id, kept.cookie, now) is None


def test_locking_ends_every_unlocked_copy(cast: Cast) -> None:
    alice, now = cast.alice, clock.now()
    assert alice.custody is not None
    cookies = [keep_unlocked(alice.custody, now).cookie for _ in range(2)]
    lock(alice.actor.tenant_id, alice.actor.person_id)
    who = (alice.actor.tenant_id, alice.actor.person_id)
    assert [find_unlocked(*who, cookie, now) for cookie in cookies] == [None, None]


def test_a_web_process_cannot_open_an_authority_key(cast: Cast) -> None:
    from tenants.keystore.authority_keys import open_signer

    tenant = cast.contoso.tenant
    with override_settings(AUTHORITY_MASTER_KEY=None), tenant_scope(tenant):
        generation = AuthorityKey.objects.select_related("generation").get().generation
        with pytest.raises(MasterKeyWithheld):
            open_signer(generation)
        assert len(tenant_key(KeyKind.PEOPLE)) == 32


def test_no_key_shows_itself(cast: Cast) -> None:
    alice = cast.alice
    assert alice.custody is not None
    shown = repr(alice.custody) + repr(keep_unlocked(alice.custody, clock.now()))
    assert alice.custody.raw().hex() not in shown
    assert "cookie" not in shown
