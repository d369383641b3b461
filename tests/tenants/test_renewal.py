"""Renewal: at two thirds of the life, with a new key, and nobody is without a valid certificate at any instant."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta

import pytest

from pki import keys
from pki.crl import Reason
from tenants import clock
from tenants.models import Certificate, Enrolment, MailKey, Template
from tenants.refusals import Refused
from tenants.scoping import tenant_scope
from tenants.services.add_person import set_active
from tenants.services.mail_keys import all_keys, current_key
from tenants.services.renew import (
    due_certificates,
    find_renewals,
    newest_template,
    renew,
    renew_due,
    renews_at,
)
from tenants.services.revoke import revoke
from tests.cast import Cast, Forest, Member, found, work, work_in

DAY = timedelta(days=1)


def held(member: Member) -> list[Certificate]:
    with tenant_scope(member.actor.tenant_id):
        rows = Certificate.objects.filter(person_id=member.actor.person_id)
        return list(rows.select_related("template").order_by("not_before"))


def current(member: Member, at: datetime, *, to_sign: bool) -> bytes | None:
    with tenant_scope(member.actor.tenant_id):
        key = current_key(member.actor.person_id, at, to_sign=to_sign)
    return None if key is None else keys.spki_sha256(key.certificate.public_key())


def publish(forest: Forest, code: str, **changes: object) -> Template:
    """Another version of a template."""
    with tenant_scope(forest.tenant, write=True):
        last = newest_template(code)
        assert last is not None
        return Template.objects.create(
            code=code,
            version=last.version + 1,
            title=last.title,
            profile_data={**last.profile_data, **changes},
            published_at=clock.now(),
        )


@pytest.mark.parametrize(("life", "day"), [(397, 264.67), (730, 486.67), (75, 45), (40, 20)])
def test_it_is_due_at_two_thirds_with_thirty_days_of_overlap(life: int, day: float) -> None:
    start = clock.now()
    assert renews_at(start, start + life * DAY) - start == pytest.approx(day * DAY, abs=0.01 * DAY)


def test_three_years_without_an_instant_without_a_certificate(cast: Cast) -> None:
    alice, start = cast.alice, clock.now()
    for week in range(3 * 52):
        with clock.moved(week * 7 * DAY):
            renew_due(cast.contoso.tenant.id, clock.now())
            work_in(cast.contoso)
            for to_sign in (True, False):
                assert current(alice, clock.now(), to_sign=to_sign), f"week {week}"
    rows = held(alice)
    for signs in (True, False):
        lives = [(row.not_before, row.not_after) for row in rows if row.can_sign is signs]
        assert len(lives) > 2
        assert lives[-1][1] > start + 3 * 365 * DAY
        for (_, ended), (began, _) in itertools.pairwise(lives):
            assert ended - began >= 30 * DAY
    assert len({bytes(row.spki_sha256) for row in rows if row.can_sign}) == sum(r.can_sign for r in rows)


def test_the_new_one_is_used_at_once_and_the_old_key_still_opens(cast: Cast) -> None:
    alice = cast.alice
    old = alice.certificate(to_sign=False)
    with clock.moved(500 * DAY):
        find_renewals()
        work()
        new = alice.certificate(to_sign=False)
        assert new.id != old.id
        assert current(alice, clock.now(), to_sign=False) == bytes(new.spki_sha256)
        with tenant_scope(alice.actor.tenant_id):
            assert {key.certificate_id for key in all_keys(alice.actor.person_id)} >= {old.id, new.id}
            assert not hasattr(Certificate.objects.get(id=old.id), "revocation")
            opened = [key.open(alice.custody) for key in all_keys(alice.actor.person_id)]
    assert old.certificate.public_key() in [key.public_key() for key in opened]


def test_finding_twice_asks_once(cast: Cast) -> None:
    alice = cast.alice
    with clock.moved(500 * DAY):
        find_renewals()
        find_renewals()
        work()
        find_renewals()
        work()
    assert len(held(alice)) == 4


def test_another_version_changes_the_kind_of_key(cast: Cast) -> None:
    alice = cast.alice
    old = alice.certificate(to_sign=False)
    assert old.key_description == "RSA-3072"
    template = publish(cast.contoso, "encryption", key_types=["p-256"])
    with tenant_scope(cast.contoso.tenant, write=True):
        first = renew(Certificate.objects.get(id=old.id), template, clock.now())
        again = renew(Certificate.objects.get(id=old.id), template, clock.now())
    assert first == again
    work()
    new = alice.certificate(to_sign=False)
    assert (new.key_description, new.can_encrypt, new.template_id) == ("EC P-256", True, template.id)
    with tenant_scope(cast.contoso.tenant, write=True):
        assert renew(Certificate.objects.get(id=old.id), template, clock.now()) is None
        with pytest.raises(Refused, match="does not follow"):
            renew(Certificate.objects.get(id=old.id), newest_template("signing"), clock.now())  # type: ignore[arg-type]


def test_the_old_one_is_revoked_only_when_its_successor_is_there(cast: Cast) -> None:
    alice = cast.alice
    old = alice.certificate(to_sign=True)
    with tenant_scope(cast.contoso.tenant, write=True):
        row = Certificate.objects.get(id=old.id)
        renew(row, newest_template("signing"), clock.now(), revokes_with=Reason.SUPERSEDED)  # type: ignore[arg-type]
    assert current(alice, clock.now(), to_sign=True) == bytes(old.spki_sha256)
    work()
    new = alice.certificate(to_sign=True)
    with tenant_scope(cast.contoso.tenant):
        assert Certificate.objects.get(id=old.id).revocation.reason == "superseded"
        assert not hasattr(Certificate.objects.get(id=new.id), "revocation")


def test_who_left_who_has_no_pin_and_who_was_revoked_is_not_renewed(cast: Cast) -> None:
    forest = found("Renewals", "Rita Rose")
    forest.add("Nina Newcomer", ready=False)
    gone, revoked, stays = forest.add("Gert Gone"), forest.add("Rolf Revoked"), forest.add("Stan Stays")
    set_active(forest.administrator.actor, gone.actor.person_id, active=False)
    for row in held(revoked):
        revoke(forest.administrator.actor, row.id, Reason.CESSATION_OF_OPERATION, clock.now())
    work()
    with clock.moved(600 * DAY), tenant_scope(forest.tenant):
        due = set(due_certificates(clock.now()))
    assert due == {row.id for row in held(stays)}


def test_a_renewal_without_an_authority_waits_and_goes_on_by_itself(cast: Cast) -> None:
    from tests.tenants.web.test_enrol import set_issuing

    alice = cast.alice
    with clock.moved(300 * DAY):
        set_issuing(cast, is_issuing=False)
        find_renewals()
        work()
        with tenant_scope(cast.contoso.tenant):
            waits = Enrolment.objects.waiting().get(person_id=alice.actor.person_id)
        assert (waits.step, waits.refusal_code, waits.owner) == (
            "authority",
            "template-without-authority",
            "administrator",
        )
        set_issuing(cast, is_issuing=True)
    with clock.moved(300 * DAY + timedelta(minutes=11)):
        work()
        assert current(alice, clock.now(), to_sign=True) == bytes(alice.certificate(to_sign=True).spki_sha256)
    assert len(held(alice)) == 3


def test_a_key_that_does_not_fit_its_certificate_is_never_kept(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tenants.services import issue

    alice, other = cast.alice, keys.generate(keys.KeyType.P256)
    real = issue.certificates.issue_person

    def mixed_up(**order: object) -> object:
        return real(**{**order, "public_key": other.public_key()})  # type: ignore[arg-type]

    monkeypatch.setattr(issue.certificates, "issue_person", mixed_up)
    with clock.moved(300 * DAY):
        find_renewals()
        work()
    with tenant_scope(cast.contoso.tenant):
        refused = Enrolment.objects.get(person_id=alice.actor.person_id, state="refused")
        assert refused.refusal_code == "key-does-not-fit"
        assert MailKey.objects.filter(person_id=alice.actor.person_id).count() == 2
    assert len(held(alice)) == 2
