"""Every handler of the product is called twice in a row for each row: nothing may happen twice that happens once.

A worker that dies after its work and before it could say so leaves exactly this behind.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.core import mail

from mail.letter import Letter
from mail.models import Delivery, Message, SpoolItem
from mail.models.letters import DeliveryState
from mail.services.expiry_notices import find_expiring
from mail.services.plan import plan
from mail.services.send import send
from pki.crl import Reason
from pki.keys import KeyType
from tenants import clock, due_work
from tenants.due_work import Handler
from tenants.models import (
    Certificate,
    Enrolment,
    ForeignCrl,
    Generation,
    MailKey,
    MassRevocation,
    OutsideDocument,
    Revocation,
    Template,
)
from tenants.models.certificates import EnrolmentState
from tenants.scoping import tenant_scope
from tenants.services.decide_policy import decide_policy
from tenants.services.expiry_notices import find_ending_authorities, write_notices
from tenants.services.import_identity import import_identity
from tenants.services.import_result import import_result
from tenants.services.judge_certificate import judge_certificate
from tenants.services.newest_certificates import newest_of
from tenants.services.revoke import revoke
from tenants.services.revoke_all import revoke_generation
from tenants.services.trust_root import trust_root
from tenants.services.want_authority import want_generation
from tests.cast import Cast, Member, work
from tests.ceremonies import export, generations, sign
from tests.outside_identity import PASSWORD as OUTSIDE_PASSWORD
from tests.outside_identity import outside as outside_identity
from tests.tenants.outside import Authority


@pytest.fixture
def twice(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Call every handler twice; returns the kinds that ran."""
    ran: set[str] = set()

    def doubled(name: str, handler: Handler) -> Callable[[uuid.UUID, uuid.UUID], datetime | None]:
        def call(tenant_id: uuid.UUID, row_id: uuid.UUID) -> datetime | None:
            ran.add(name)
            handler(tenant_id, row_id)
            return handler(tenant_id, row_id)

        return call

    for kind in due_work.kinds():
        if not kind.name.startswith("test_"):
            monkeypatch.setitem(
                due_work._kinds, kind.name, replace(kind, handler=doubled(kind.name, kind.handler))
            )
    return ran


def handed_over(address: str) -> int:
    """How many letters the test runner's mail backend took for this address."""
    return sum(address in letter.to for letter in mail.outbox)


def write(sender: Member, to: str, *, encrypt: bool) -> Message:
    letter = Letter(to=to, subject="Once only", text="Once.", encrypt=encrypt)
    return send(
        sender.actor,
        letter,
        plan(sender.actor, letter.recipients(), clock.now()),
        sender.custody,
        clock.now(),
    )


def ask_an_outsider(cast: Cast) -> None:
    """A list of a partner outside, whose address is refused: twice asked, one row, one failure."""
    root = Authority.root("Outside Root")
    person = root.person("pia@outside.example", lists=["http://127.0.0.1/list.crl"])
    trust_root(cast.olga.actor, root.certificate, ["outside.example"], clock.now())
    judge_certificate(cast.alice.actor, person.certificate, clock.now())
    work()
    with tenant_scope(cast.contoso.tenant):
        (row,) = OutsideDocument.objects.all()
    assert (row.failures, row.refusal) == (1, "address-refused")


def revoke_everything(cast: Cast) -> None:
    """One order, fulfilled twice, revokes what was left once."""
    with tenant_scope(cast.contoso.tenant):
        generation = Generation.objects.filter(authority__kind="issuing").earliest("not_before", "number")
        left = Certificate.objects.filter(generation=generation).unrevoked(clock.now()).count()
        before = Revocation.objects.count()
    order = revoke_generation(cast.olga.actor, generation.id, Reason.SUPERSEDED, clock.now())
    work()
    with tenant_scope(cast.contoso.tenant):
        assert MassRevocation.objects.get(id=order.id).revoked == left > 0
        assert Revocation.objects.count() == before + left


def move_keys(cast: Cast) -> None:
    """A policy put into force twice: one version of the template, one order for each certificate."""
    with tenant_scope(cast.contoso.tenant):
        moving = len(newest_of("encryption", clock.now()))
    decide_policy(cast.olga.actor, {"encryption": KeyType.P256}, None, clock.now())
    work()
    with tenant_scope(cast.contoso.tenant):
        assert Template.objects.filter(code="encryption").count() == 2
        assert (
            Enrolment.objects.filter(template__code="encryption", template__version=2).count() == moving > 0
        )


def test_every_kind_of_work_can_run_twice(cast: Cast, twice: set[str]) -> None:
    alice, bob = cast.alice, cast.bob
    with tenant_scope(cast.contoso.tenant):
        issued = Enrolment.objects.filter(
            person_id=alice.actor.person_id, state=EnrolmentState.ISSUED
        ).count()
        certificates = Certificate.objects.filter(person_id=alice.actor.person_id)
        assert certificates.count() == issued > 0
        assert MailKey.objects.filter(person_id=alice.actor.person_id).count() == issued

    outside = f"zoe@{uuid.uuid4().hex}.example"
    inside = write(alice, bob.address, encrypt=True)
    abroad = write(alice, outside, encrypt=False)
    open_to_all = write(alice, bob.address, encrypt=False)
    work()
    with tenant_scope(cast.fabrikam.tenant):
        received = Message.objects.filter(person_id=bob.actor.person_id)
        assert received.count() == 2
        assert received.filter(rfc_message_id=open_to_all.rfc_message_id).values_list("seal").get() == (
            "SIG_OK",
        )
    assert handed_over(outside) == 1
    with tenant_scope(cast.contoso.tenant):
        states = dict(Delivery.objects.filter(message__in=[inside, abroad]).values_list("recipient", "state"))
    assert states == {bob.address: DeliveryState.DELIVERED, outside: DeliveryState.HANDED_OVER}
    assert not SpoolItem.objects.filter(sender_tenant_id=cast.contoso.tenant.id).exists()

    revoke(cast.olga.actor, alice.certificate(to_sign=True).id, Reason.SUPERSEDED, clock.now())
    work()
    with tenant_scope(cast.fabrikam.tenant):
        spki = {bytes(row.issuer_spki_sha256) for row in ForeignCrl.objects.all()}
        assert len(spki) == ForeignCrl.objects.count()

    move_keys(cast)
    ask_an_outsider(cast)
    brought = outside_identity(alice.address, from_day=-300, to_day=5)
    import_identity(alice.actor, brought.p12(), OUTSIDE_PASSWORD, clock.now())
    find_expiring()
    work()
    with tenant_scope(cast.contoso.tenant):
        told = Message.objects.filter(person_id=alice.actor.person_id, subject__startswith="A certificate of")
        assert told.count() == 1
    (issuing,) = generations(cast.contoso, "Issuing")
    want_generation(cast.olga.actor, issuing.authority_id, b"", clock.now())
    work()
    result = sign(cast.contoso, export(cast.contoso))
    import_result(cast.contoso.tenant.id, cast.olga.actor.person_id, result, clock.now())
    with clock.moved(timedelta(minutes=1)):
        work()
    assert [g.is_issuing for g in generations(cast.contoso, "Issuing")] == [False, True]
    with clock.moved(timedelta(days=61)):
        write_notices(cast.contoso.tenant.id, cast.contoso.tenant.id)
        find_ending_authorities()
        work()

    revoke_everything(cast)
    assert twice == {kind.name for kind in due_work.kinds() if not kind.name.startswith("test_")}
