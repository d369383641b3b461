"""Somebody leaves: nothing is issued to them any more, and their certificates go with them in one list."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pki.crl import Crl
from tenants import clock, public
from tenants.models import Certificate, CrlPublication, Enrolment, Revocation
from tenants.models.certificates import EnrolmentState
from tenants.refusals import Refused
from tenants.scoping import tenant_scope
from tenants.services import issue
from tenants.services.add_person import set_active
from tenants.services.deactivate import deactivate
from tenants.services.enrol import enrol
from tests.browsing import browser, words
from tests.cast import PIN, Cast, Member, work


def revocations(cast: Cast, member: Member) -> list[Revocation]:
    with tenant_scope(cast.contoso.tenant):
        return list(Revocation.objects.filter(certificate__person_id=member.actor.person_id))


def wishes(cast: Cast, member: Member) -> list[Enrolment]:
    with tenant_scope(cast.contoso.tenant):
        return list(Enrolment.objects.filter(person_id=member.actor.person_id))


def lists(cast: Cast) -> int:
    with tenant_scope(cast.contoso.tenant):
        count: int = CrlPublication.objects.count()
    return count


def issued(cast: Cast, member: Member) -> int:
    with tenant_scope(cast.contoso.tenant):
        count: int = Certificate.objects.filter(person_id=member.actor.person_id).count()
    return count


def test_nothing_is_issued_to_somebody_who_was_deactivated_while_waiting(cast: Cast) -> None:
    newt = cast.contoso.add("Newt Newman", ready=False)
    enrol(newt.actor, PIN, clock.now())
    set_active(cast.olga.actor, newt.actor.person_id, active=False)
    work()
    assert issued(cast, newt) == 0
    asked = wishes(cast, newt)
    assert {wish.state for wish in asked} == {EnrolmentState.REFUSED}
    assert {"deactivated" in wish.refusal for wish in asked} == {True}


def test_nothing_is_issued_to_somebody_who_is_deactivated_while_it_is_being_signed(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    newt, make = cast.contoso.add("Newt Newman", ready=False), issue._make

    def made_meanwhile(*arguments: object) -> object:
        set_active(cast.olga.actor, newt.actor.person_id, active=False)
        return make(*arguments)  # type: ignore[arg-type]

    enrol(newt.actor, PIN, clock.now())
    monkeypatch.setattr(issue, "_make", made_meanwhile)
    work()
    assert issued(cast, newt) == 0
    assert {wish.state for wish in wishes(cast, newt)} == {EnrolmentState.REFUSED}


def test_deactivating_with_revocation_revokes_everything_current_in_one_list(cast: Cast) -> None:
    alice, before = cast.alice, lists(cast)
    with clock.moved(timedelta(minutes=1)):
        person, revoked = deactivate(cast.olga.actor, alice.actor.person_id, clock.now(), revoke=True)
        work()
    assert (person.is_active, revoked) == (False, 2)
    entries = revocations(cast, alice)
    assert {entry.reason for entry in entries} == {"cessationOfOperation"}
    assert len({entry.revoked_at for entry in entries}) == 1
    assert lists(cast) == before + 1
    row = alice.certificate(to_sign=True)
    published = public.current_list(cast.contoso.tenant.id, row.generation_id)
    assert published is not None
    found = Crl.parse(published.der)
    for purpose in (True, False):
        certificate = alice.certificate(to_sign=purpose).certificate
        assert found.find_of(certificate.issuer, certificate.serial_number) is not None


def test_certificates_that_are_revoked_or_brought_along_are_no_obstacle(cast: Cast) -> None:
    deactivate(cast.olga.actor, cast.alice.actor.person_id, clock.now(), revoke=True)
    set_active(cast.olga.actor, cast.alice.actor.person_id, active=True)
    _person, revoked = deactivate(cast.olga.actor, cast.alice.actor.person_id, clock.now(), revoke=True)
    assert revoked == 0


def test_the_page_offers_to_revoke_and_does_what_was_ticked(cast: Cast) -> None:
    olga, alice, hana = browser(cast.olga), cast.alice, cast.contoso.add("Hana Holm")
    page = f"/admin/people/{alice.actor.person_id}/"
    assert 'name="revoke" value="on" checked' in olga.get(page).content.decode()
    olga.post(f"{page}deactivate/", {"revoke": "on"})
    said = words(olga.get(page))
    assert "Alice Arden can no longer sign in, and 2 certificates are revoked." in said
    assert len(revocations(cast, alice)) == 2
    olga.post(f"/admin/people/{hana.actor.person_id}/deactivate/")
    assert "Hana Holm can no longer sign in." in words(olga.get(f"/admin/people/{hana.actor.person_id}/"))
    assert revocations(cast, hana) == []


def test_without_certificates_there_is_nothing_to_tick(cast: Cast) -> None:
    newt = cast.contoso.add("Newt Newman", ready=False)
    page = browser(cast.olga).get(f"/admin/people/{newt.actor.person_id}/").content.decode()
    assert "Deactivate" in page
    assert 'name="revoke"' not in page


def test_who_may_not_deactivate_revokes_nothing(cast: Cast) -> None:
    hana = cast.contoso.add("Hana Holm")
    for actor, person_id in (
        (cast.alice.actor, hana.actor.person_id),
        (cast.olga.actor, cast.olga.actor.person_id),
    ):
        with pytest.raises(Refused):
            deactivate(actor, person_id, clock.now(), revoke=True)
    assert revocations(cast, hana) == []
