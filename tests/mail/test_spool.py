"""In-portal delivery: exactly once, whatever runs twice; in doubt is visible."""

from __future__ import annotations

import uuid

from mail.letter import Letter
from mail.models import Delivery, Message, SpoolItem
from mail.models.letters import DeliveryState, Folder
from mail.services.plan import plan
from mail.services.send import send
from mail.transport.spool import confirm, receive
from tenants import clock
from tenants.scoping import tenant_scope
from tests.cast import Cast, Member, work


def write(writer: Member, to: str, *, bcc: str = "", letter_id: uuid.UUID | None = None) -> Message:
    letter = Letter(to=to, bcc=bcc, subject="Hello", text="Hello\n", encrypt=bool(not bcc))
    planned = plan(writer.actor, letter.recipients(), clock.now())
    return send(writer.actor, letter, planned, writer.custody, clock.now(), letter_id=letter_id)


def inbox_of(member: Member) -> list[Message]:
    with tenant_scope(member.actor.tenant_id):
        return list(
            Message.objects.of(member.actor.person_id).newest_first(Folder.INBOX).select_related("raw")
        )


def state_of(message: Message) -> list[tuple[str, str]]:
    with tenant_scope(message.tenant_id):
        return sorted(Delivery.objects.filter(message=message).values_list("recipient", "state"))


def test_a_letter_arrives_once_and_the_sender_hears_of_it(cast: Cast) -> None:
    alice, bob = cast.alice, cast.bob
    message = write(alice, bob.address)
    work()
    assert len(inbox_of(bob)) == 1
    assert state_of(message) == [(bob.address, DeliveryState.DELIVERED)]
    assert not SpoolItem.objects.filter(sender_tenant_id=message.tenant_id).exists()


def test_the_receiving_task_run_twice_delivers_once(cast: Cast) -> None:
    alice, bob = cast.alice, cast.bob
    write(alice, bob.address)
    item = SpoolItem.objects.get(sender_tenant_id=alice.actor.tenant_id)
    for _ in range(3):
        receive(bob.actor.tenant_id, item.id)
    assert len(inbox_of(bob)) == 1


def test_the_confirming_task_run_twice_changes_nothing(cast: Cast) -> None:
    alice, bob = cast.alice, cast.bob
    message = write(alice, bob.address)
    with tenant_scope(message.tenant_id):
        delivery_id = Delivery.objects.get(message=message).id
    confirm(message.tenant_id, delivery_id)
    assert state_of(message) == [(bob.address, DeliveryState.QUEUED)]
    work()
    confirm(message.tenant_id, delivery_id)
    assert state_of(message) == [(bob.address, DeliveryState.DELIVERED)]


def test_the_task_of_another_forest_cannot_take_the_letter(cast: Cast) -> None:
    alice, bob, northwind = cast.alice, cast.bob, cast.northwind
    write(alice, bob.address)
    item = SpoolItem.objects.get(sender_tenant_id=alice.actor.tenant_id)
    receive(northwind.tenant.id, item.id)
    assert SpoolItem.objects.get(id=item.id).outcome == "waiting"
    work()
    assert len(inbox_of(bob)) == 1


def test_an_address_that_nobody_has_is_named_to_the_sender(cast: Cast) -> None:
    alice = cast.alice
    letter = Letter(to=f"nobody@{cast.fabrikam.domain}", subject="Hello", text="Hello\n", encrypt=False)
    planned = plan(alice.actor, letter.recipients(), clock.now())
    message = send(alice.actor, letter, planned, alice.custody, clock.now())
    work()
    with tenant_scope(message.tenant_id):
        delivery = Delivery.objects.get(message=message)
    assert delivery.state == DeliveryState.FAILED
    assert "Nobody there has the address" in delivery.failure


def test_send_pressed_twice_sends_once(cast: Cast) -> None:
    alice, bob, letter_id = cast.alice, cast.bob, uuid.uuid4()
    first = write(alice, bob.address, letter_id=letter_id)
    second = write(alice, bob.address, letter_id=letter_id)
    work()
    assert first.id == second.id
    assert len(inbox_of(bob)) == 1


def test_nobody_sees_who_was_in_bcc(cast: Cast) -> None:
    alice, bob, dana = cast.alice, cast.bob, cast.contoso.add("Dana Duarte")
    write(alice, bob.address, bcc=dana.address)
    work()
    for reader in (bob, dana):
        raw = bytes(inbox_of(reader)[0].raw.data)
        assert dana.address.encode() not in raw
        assert b"Bcc" not in raw
