"""Enrol: protect the person's keys with a PIN and ask the authority for a signing and an encryption certificate."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime

from django.db import IntegrityError

from tenants import due_work
from tenants.access import Actor
from tenants.keystore.custody import Custody, make_pair, store_pair
from tenants.keystore.tenant_keys import tenant_key
from tenants.models import Certificate, CustodyKey, Enrolment, Person
from tenants.models.custody import KeyKind
from tenants.refusals import Refused, refuse
from tenants.scoping import tenant_scope
from tenants.services.open_templates import open_templates
from tenants.services.readmission import barring_revocation, enrolment_barred

TEMPLATE_CODES = ("signing", "encryption")
SHORTEST_PIN = 6


def enrol(actor: Actor, pin: str, at: datetime) -> Custody:
    """Make the custody pair and the enrolments; the worker issues. Raises Refused.

    The opened custody that comes back is for unlocking at once.
    """
    check_pin(pin)
    with tenant_scope(actor.tenant_id):
        person = Person.objects.get(id=actor.person_id)
        people_key = tenant_key(KeyKind.PEOPLE)
        _refuse_second_pair(person)
    made, custody = make_pair(person, pin, people_key)
    try:
        with tenant_scope(actor.tenant_id, write=True):
            _refuse_second_pair(person)
            store_pair(person, made, at)
            ask_for(person, TEMPLATE_CODES, at)
    except IntegrityError:
        raise _enrolled_already() from None  # the same form was sent twice at once: the other one counts
    return custody


def ask_again(actor: Actor, at: datetime) -> None:
    """Ask for what the person lacks, under the PIN they have; what waits already is tried again. Raises Refused."""
    with tenant_scope(actor.tenant_id, write=True):
        person = Person.objects.select_for_update(of=("self",)).get(id=actor.person_id)
        if not CustodyKey.objects.current().filter(person=person).exists():
            raise refuse("not-enrolled", "Your keys are not protected yet.", remedy="Choose a PIN first.")
        if barring_revocation(person) is not None:
            raise enrolment_barred()
        missing = set(missing_codes(person.id, at))
        for wish in Enrolment.objects.waiting().filter(person=person, template__code__in=missing):
            missing.discard(wish.template.code)
            if wish.next_try_at is not None:
                due_work.schedule("issue", person.tenant_id, wish.id)  # it waits for somebody: look again now
        ask_for(person, sorted(missing), at)


def missing_codes(person_id: uuid.UUID, at: datetime) -> list[str]:
    """The templates that a person has no current certificate of; one on hold waits for its release. Inside a scope."""
    current = Certificate.objects.issued_here().filter(person_id=person_id).with_key().unrevoked(at)
    usable = {"signing": current.signing(), "encryption": current.encryption()}
    return [code for code in TEMPLATE_CODES if not usable[code].exists()]


def ask_for(person: Person, codes: Iterable[str], at: datetime) -> None:
    """One enrolment for each template, inside a write scope. Raises Refused for one that is not open to the person."""
    openings = open_templates(person, at)
    for code in codes:
        template = openings.require(code, wait_for_authority=True)
        wish = Enrolment.objects.create(person=person, template=template, asked_at=at)
        due_work.schedule("issue", person.tenant_id, wish.id)


def check_pin(pin: str) -> None:
    """Six characters or more, not all the same and not a plain run. Raises Refused."""
    run = "01234567890123456789"
    if len(pin) < SHORTEST_PIN:
        raise refuse(
            "pin-too-short",
            f"The PIN needs at least {SHORTEST_PIN} characters.",
            remedy="Choose a longer one.",
        )
    if len(pin) > 128:
        raise refuse(
            "pin-too-long", "The PIN may have 128 characters at most.", remedy="Choose a shorter one."
        )
    if len(set(pin)) == 1 or pin in run or pin in run[::-1]:
        raise refuse(
            "pin-too-simple",
            "This PIN would be guessed at once.",
            remedy="Avoid repeats and runs such as 123456.",
        )


def _refuse_second_pair(person: Person) -> None:
    if CustodyKey.objects.current().filter(person=person).exists():
        raise _enrolled_already()


def _enrolled_already() -> Refused:
    return refuse(
        "enrolled-already",
        "Your keys are protected already.",
        remedy="Open “My certificates” to see them.",
    )
