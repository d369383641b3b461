"""Letters to the outside: frozen bytes, handed over at least once, given up in words."""

from __future__ import annotations

import smtplib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import mail as django_mail

from mail.letter import Letter
from mail.models import Delivery, Message, RawMessage
from mail.models.letters import DeliveryState
from mail.services.plan import plan
from mail.services.send import send
from mail.transport.smtp import hand_over
from tenants import clock
from tenants.scoping import tenant_scope
from tests.cast import Cast, Member, work


@pytest.fixture
def outbox(settings: Any, tmp_path: Path) -> Path:
    """The demonstration's backend: one file a letter. (The test runner puts a list in memory in its place.)"""
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = tmp_path / "outbox"
    return tmp_path / "outbox"


def write_outside(writer: Member) -> Message:
    letter = Letter(to="dave@elsewhere.example", subject="Hello", text="Hello Dave\n", encrypt=False)
    planned = plan(writer.actor, letter.recipients(), clock.now())
    return send(writer.actor, letter, planned, writer.custody, clock.now())


def delivery_of(message: Message) -> Delivery:
    with tenant_scope(message.tenant_id):
        return Delivery.objects.select_related("raw").get(message=message)


def frozen(message: Message) -> bytes:
    with tenant_scope(message.tenant_id):
        return bytes(RawMessage.objects.get(id=message.raw_id).data)


def test_the_outbox_holds_the_very_bytes_that_were_signed(cast: Cast, outbox: Path) -> None:
    message = write_outside(cast.alice)
    work()
    assert delivery_of(message).state == DeliveryState.HANDED_OVER
    assert frozen(message) in b"".join(file.read_bytes() for file in outbox.iterdir())


def test_a_relay_that_refuses_for_good_is_named_to_the_sender(cast: Cast, monkeypatch: Any) -> None:
    message = write_outside(cast.alice)
    refuse_with(monkeypatch, 550, b"no such user")
    work()
    delivery = delivery_of(message)
    assert delivery.state == DeliveryState.FAILED
    assert "no such user" in delivery.failure


def test_a_relay_that_is_busy_is_asked_again(cast: Cast, monkeypatch: Any) -> None:
    message = write_outside(cast.alice)
    refuse_with(monkeypatch, 451, b"later")
    work()
    assert delivery_of(message).state == DeliveryState.QUEUED
    monkeypatch.undo()
    with clock.moved(timedelta(minutes=1)):
        work()
    assert delivery_of(message).state == DeliveryState.HANDED_OVER
    assert delivery_of(message).attempts == 2


def test_after_five_days_without_a_relay_the_sender_is_told(cast: Cast, monkeypatch: Any) -> None:
    message = write_outside(cast.alice)
    refuse_with(monkeypatch, 451, b"later")
    with clock.moved(timedelta(days=5, minutes=1)):
        work()
    assert delivery_of(message).state == DeliveryState.FAILED
    assert "five days" in delivery_of(message).failure


def test_a_delivery_that_was_handed_over_is_not_handed_over_again(cast: Cast, outbox: Path) -> None:
    message = write_outside(cast.alice)
    work()
    before = len(list(outbox.iterdir()))
    hand_over(message.tenant_id, delivery_of(message).id)
    assert len(list(outbox.iterdir())) == before == 1


def refuse_with(monkeypatch: pytest.MonkeyPatch, code: int, reply: bytes) -> None:
    """A relay that answers RCPT with this code (the only thing outside our walls that a test stands in for)."""

    def send_messages(self: object, messages: list[Any]) -> int:
        raise smtplib.SMTPRecipientsRefused({messages[0].to[0]: (code, reply)})

    monkeypatch.setattr(type(django_mail.get_connection()), "send_messages", send_messages)
