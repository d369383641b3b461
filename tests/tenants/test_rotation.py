"""An algorithm policy moves everybody's keys from its day on; nobody is without a certificate, and old letters open."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from pki.keys import KeyType, key_type
from tenants import clock
from tenants.models import AlgorithmPolicy, Approval, Certificate, DueWork, Enrolment, Person, Template
from tenants.models.people import Role
from tenants.refusals import Refused
from tenants.scoping import tenant_scope
from tenants.services import rotate
from tenants.services.approvals import approve
from tenants.services.decide_policy import decide_policy, effects_of, offered_key_types
from tenants.services.newest_certificates import newest_of
from tenants.services.renew import renew_due
from tests.cast import Cast, Member, work, work_in

MOVE = {"encryption": KeyType.P256}


def decide(cast: Cast, begins: datetime | None = None, keys: dict[str, KeyType] | None = None) -> None:
    assert decide_policy(cast.olga.actor, keys or MOVE, begins, clock.now()) is None


def kind(row: Certificate) -> KeyType | None:
    return key_type(row.certificate.public_key())


def in_use(cast: Cast, code: str = "encryption") -> list[KeyType | None]:
    with tenant_scope(cast.contoso.tenant):
        return [kind(row) for row in newest_of(code, clock.now())]


def certificates_of(member: Member) -> list[Certificate]:
    with tenant_scope(member.actor.tenant_id):
        return list(
            Certificate.objects.filter(person_id=member.actor.person_id).encryption().current(clock.now())
        )


def test_nothing_happens_before_the_day_and_everybody_has_moved_after_it(cast: Cast) -> None:
    people = [cast.alice, cast.contoso.add("Hana Holm"), cast.contoso.add("Ivo Ilic")]
    decide(cast, clock.now() + timedelta(days=3))
    work()
    assert in_use(cast) == [KeyType.RSA_3072] * 3
    with clock.moved(timedelta(days=3, seconds=1)):
        work()
        assert in_use(cast) == [KeyType.P256] * 3
        for person in people:
            new, old = certificates_of(person)
            assert (kind(new), kind(old)) == (KeyType.P256, KeyType.RSA_3072), "the old one stays valid"
    assert in_use(cast, "signing") == [KeyType.P256] * 3
    with tenant_scope(cast.contoso.tenant):
        versions = Template.objects.filter(code="encryption").order_by("version")
        assert [template.profile.key_types[0] for template in versions] == [KeyType.RSA_3072, KeyType.P256]
        assert KeyType.RSA_3072 in versions[1].profile.key_types, (
            "requests with the other kind are still served"
        )
        assert versions[1].acts.get().note == "Algorithm policy 1."


def test_running_twice_asks_for_nothing_twice(cast: Cast) -> None:
    assert cast.alice
    decide(cast)
    with tenant_scope(cast.contoso.tenant):
        policy = AlgorithmPolicy.objects.get()
    for _ in range(2):
        rotate.rotate(cast.contoso.tenant.id, policy.id)
    with tenant_scope(cast.contoso.tenant):
        assert Enrolment.objects.filter(replaces__isnull=False).count() == 1
        assert Template.objects.filter(code="encryption").count() == 2
    work()
    rotate.rotate(cast.contoso.tenant.id, policy.id)
    with tenant_scope(cast.contoso.tenant):
        assert Enrolment.objects.filter(replaces__isnull=False).count() == 1


def test_batches_come_back_soon_and_a_finished_policy_every_day(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cast.alice
    assert cast.contoso.add("Hana Holm")
    monkeypatch.setattr(rotate, "BATCH", 1)
    decide(cast)
    with tenant_scope(cast.contoso.tenant):
        policy = AlgorithmPolicy.objects.get()
    soon = rotate.rotate(cast.contoso.tenant.id, policy.id)
    assert soon is not None
    assert soon - clock.now() < timedelta(minutes=1)
    with tenant_scope(cast.contoso.tenant):
        assert Enrolment.objects.waiting().count() == 1
    later = rotate.rotate(cast.contoso.tenant.id, policy.id)
    assert later is not None
    assert later - clock.now() > timedelta(hours=23)


def test_who_enrols_under_the_policy_gets_the_new_kind_at_once(cast: Cast) -> None:
    assert cast.alice
    decide(cast)
    work()
    assert kind(certificates_of(cast.contoso.add("Hana Holm"))[0]) is KeyType.P256


def test_a_later_decision_counts_and_the_earlier_one_rests(cast: Cast) -> None:
    assert cast.alice
    decide(cast, clock.now() + timedelta(days=5))
    decide(cast, clock.now() + timedelta(days=1), {"encryption": KeyType.RSA_4096})
    with tenant_scope(cast.contoso.tenant):
        first = AlgorithmPolicy.objects.get(version=1)
        assert [row.version for row in AlgorithmPolicy.objects.coming(clock.now())] == [2]
    with clock.moved(timedelta(days=6)):
        assert rotate.rotate(cast.contoso.tenant.id, first.id) is None
        with tenant_scope(cast.contoso.tenant):
            assert AlgorithmPolicy.objects.in_force(clock.now()).first().version == 2


def test_people_who_left_are_not_moved(cast: Cast) -> None:
    hana = cast.contoso.add("Hana Holm")
    with tenant_scope(cast.contoso.tenant, write=True):
        Person.objects.filter(id=hana.actor.person_id).update(is_active=False)
    decide(cast)
    work()
    with tenant_scope(cast.contoso.tenant):
        assert not Enrolment.objects.filter(replaces__isnull=False).exists()


def test_a_refused_successor_is_asked_for_again_on_the_next_day(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cast.alice
    decide(cast)
    with tenant_scope(cast.contoso.tenant):
        policy = AlgorithmPolicy.objects.get()
    rotate.rotate(cast.contoso.tenant.id, policy.id)
    with tenant_scope(cast.contoso.tenant, write=True):
        Enrolment.objects.filter(replaces__isnull=False).update(state="refused", done_at=clock.now())
    rotate.rotate(cast.contoso.tenant.id, policy.id)
    with tenant_scope(cast.contoso.tenant):
        assert not Enrolment.objects.waiting().exists()
    with clock.moved(timedelta(days=1, minutes=1)):
        work()
        assert in_use(cast) == [KeyType.P256]


def test_a_policy_takes_two_administrators_where_there_are_two(cast: Cast) -> None:
    second = cast.contoso.add("Oskar Olsen", role=Role.ADMINISTRATOR)
    waiting = decide_policy(cast.olga.actor, MOVE, None, clock.now())
    assert waiting is not None
    assert "EC P-256" in waiting.summary
    with tenant_scope(cast.contoso.tenant):
        assert not AlgorithmPolicy.objects.exists()
    with pytest.raises(Refused, match="cannot approve it"):
        approve(cast.olga.actor, waiting.id, bytes(waiting.sha256), clock.now())
    approve(second.actor, waiting.id, bytes(waiting.sha256), clock.now())
    work()
    with tenant_scope(cast.contoso.tenant):
        policy = AlgorithmPolicy.objects.get()
        act = Template.objects.get(code="encryption", version=2).acts.get()
        assert Approval.objects.get().state == "approved"
    assert (policy.decided_by_id, policy.approved_by_id) == (
        cast.olga.actor.person_id,
        second.actor.person_id,
    )
    assert (act.author_id, act.decided_by_id, act.alone) == (
        policy.decided_by_id,
        policy.approved_by_id,
        False,
    )


def test_a_day_that_passed_while_it_waited_begins_with_the_approval(cast: Cast) -> None:
    second = cast.contoso.add("Oskar Olsen", role=Role.ADMINISTRATOR)
    waiting = decide_policy(cast.olga.actor, MOVE, clock.now() + timedelta(days=1), clock.now())
    assert waiting is not None
    with clock.moved(timedelta(days=9)):
        at = clock.now()
        approve(second.actor, waiting.id, bytes(waiting.sha256), at)
        with tenant_scope(cast.contoso.tenant):
            assert AlgorithmPolicy.objects.get().in_force_at == at
        assert DueWork.objects.get(kind="rotate", tenant_id=cast.contoso.tenant.id).next_run_at == at


@pytest.mark.parametrize(
    ("keys", "begins", "code"),
    [
        ({"signing": KeyType.X25519}, None, "key-type-not-offered"),
        ({"encryption": KeyType.ED25519}, None, "key-type-not-offered"),
        ({"dual-use": KeyType.P256}, None, "key-type-not-offered"),
        ({"root": KeyType.P256}, None, "key-type-not-offered"),
        ({}, None, "policy-empty"),
        (MOVE, timedelta(days=-1), "policy-in-the-past"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_recorded(
    cast: Cast, keys: dict[str, KeyType], begins: timedelta | None, code: str
) -> None:
    at = clock.now()
    with pytest.raises(Refused) as refused:
        decide_policy(cast.olga.actor, keys, None if begins is None else at + begins, at)
    assert refused.value.finding.code == code
    with tenant_scope(cast.contoso.tenant):
        assert not AlgorithmPolicy.objects.exists()


def test_members_decide_nothing(cast: Cast) -> None:
    with pytest.raises(Refused, match="Only an administrator"):
        decide_policy(cast.alice.actor, MOVE, None, clock.now())


def test_effects_are_counted_before_anything_happens(cast: Cast) -> None:
    assert cast.alice
    assert cast.contoso.add("Hana Holm")
    with tenant_scope(cast.contoso.tenant):
        (effect,) = effects_of(MOVE, clock.now())
        assert (effect.moving, effect.staying) == (2, 0)
        assert KeyType.RSA_3072 in offered_key_types(effect.template)


def test_over_three_years_nobody_is_ever_without_a_certificate(cast: Cast) -> None:
    assert cast.alice
    decide(cast, clock.now() + timedelta(days=200))
    for day in range(0, 3 * 365, 15):
        with clock.moved(timedelta(days=day)):
            renew_due(cast.contoso.tenant.id, clock.now())
            work_in(cast.contoso)
            for code in ("signing", "encryption"):
                assert len(in_use(cast, code)) == 1, f"{code} on day {day}"
            if day > 200:
                assert in_use(cast) == [KeyType.P256]
