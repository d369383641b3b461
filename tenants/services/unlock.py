"""Unlock a person's custody key with the PIN. Five wrong PINs pause it; keys are never destroyed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from tenants.access import Actor
from tenants.keystore.custody import Custody, SealBroken, open_pair
from tenants.keystore.tenant_keys import tenant_key
from tenants.models import CustodyKey
from tenants.models.custody import KeyKind
from tenants.scoping import tenant_scope


@dataclass(frozen=True, slots=True)
class WrongPin:
    tries_left: int


@dataclass(frozen=True, slots=True)
class Paused:
    until: datetime


@dataclass(frozen=True, slots=True)
class NotEnrolled:
    """There is nothing to unlock yet."""


def unlock(actor: Actor, pin: str, at: datetime) -> Custody | WrongPin | Paused | NotEnrolled:
    """Try the PIN. The try is counted before it is checked, so that parallel guesses cannot outrun the count."""
    with tenant_scope(actor.tenant_id, write=True):
        row = CustodyKey.objects.current().select_for_update().filter(person_id=actor.person_id).first()
        if row is None:
            return NotEnrolled()
        if row.is_paused(at):
            assert row.paused_until is not None  # noqa: S101  that is what paused means
            return Paused(row.paused_until)
        row.wrong_tries += 1
        if row.wrong_tries >= settings.PIN_TRIES:
            row.paused_until = at + timedelta(seconds=settings.PIN_PAUSE_SECONDS * 2**row.pauses)
            row.wrong_tries, row.pauses = 0, min(row.pauses + 1, 10)
        row.save(update_fields=["wrong_tries", "paused_until", "pauses"])
        people_key = tenant_key(KeyKind.PEOPLE)
    try:
        custody = open_pair(row, pin, people_key)
    except SealBroken:
        return (
            Paused(row.paused_until)
            if row.paused_until and row.is_paused(at)
            else WrongPin(settings.PIN_TRIES - row.wrong_tries)
        )
    with tenant_scope(actor.tenant_id, write=True):
        still = CustodyKey.objects.current().filter(id=row.id)
        is_current = still.update(wrong_tries=0, pauses=0, paused_until=None)
    return custody if is_current else NotEnrolled()  # retired while the PIN was being tried
