"""Ask for a certificate of a key that is kept elsewhere, by a PKCS#10 request.

Of the request only the key and the proof that its sender holds it are used (`pki.requests`). The name comes from the
forest, the address is one that is proven to be the person's, and everything else comes from the template.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from pki import keys
from pki.crl import Reason
from pki.requests import read_request
from tenants import due_work
from tenants.access import Actor
from tenants.models import Certificate, Enrolment, Person, Template
from tenants.refusals import Refused, refuse
from tenants.scoping import tenant_scope
from tenants.services.mailboxes import verified_addresses
from tenants.services.open_templates import open_templates
from tenants.services.readmission import barring_revocation, enrolment_barred

MOST_WAITING = 10


@dataclass(frozen=True, slots=True)
class Choices:
    """What a request may ask for: open templates, and the person's proven addresses."""

    templates: tuple[Template, ...]
    mailboxes: tuple[str, ...]


def choices(actor: Actor, at: datetime) -> Choices:
    """Opens a scope of its own."""
    with tenant_scope(actor.tenant_id):
        person = Person.objects.get(id=actor.person_id)
        return Choices(open_templates(person, at).open, tuple(verified_addresses(person.id)))


def request_certificate(
    actor: Actor, request: bytes, code: str, at: datetime, *, mailbox: str = ""
) -> Enrolment:
    """Record the request; the authority answers. Raises Refused, MalformedInput, RefusedRequest."""
    public_key = read_request(request)
    spki = keys.spki(public_key)
    with tenant_scope(actor.tenant_id, write=True):
        person = Person.objects.select_for_update(of=("self",)).get(id=actor.person_id)
        if barring_revocation(person) is not None:
            raise enrolment_barred()
        template = open_templates(person, at).require(code)
        _check_kind(public_key, template)
        _check_unused(spki, person)
        if mailbox and mailbox not in verified_addresses(person.id):
            raise refuse(
                "mailbox-not-proven", f"{mailbox} is not proven to be yours, so no certificate can name it.",
                remedy="Choose your own address, as your administrator entered it.",
            )  # fmt: skip
        wish = Enrolment.objects.create(
            person=person,
            template=template,
            public_key=spki,
            mailbox="" if mailbox == person.address else mailbox,
            asked_at=at,
        )
        due_work.schedule("issue", person.tenant_id, wish.id)
        return wish


def used_key(spki: bytes, person: Person) -> Refused | None:
    """Why this key gets no certificate: it has one, or had one that was revoked for compromise. Inside a scope."""
    same = Certificate.objects.filter(spki_sha256=hashlib.sha256(spki).digest())
    if same.filter(revocation__reason__in=[Reason.KEY_COMPROMISE.value, Reason.CA_COMPROMISE.value]).exists():
        return refuse(
            "key-revoked", "A certificate of this key was revoked because somebody else may have the key.",
            remedy="Make a new key and a new request.",
        )  # fmt: skip
    if same.exclude(person=person).exists():
        return refuse(
            "key-shared", "Another person of your organisation has a certificate of this key.",
            remedy="A key belongs to one person. Make a new key and a new request.",
        )  # fmt: skip
    if same.exists():
        return refuse(
            "key-used-already", "You have a certificate of this key already.",
            remedy="Every certificate gets a key of its own: make a new key and a new request.",
        )  # fmt: skip
    return None


def _check_unused(spki: bytes, person: Person) -> None:
    refusal = used_key(spki, person)
    if refusal is not None:
        raise refusal
    waiting = Enrolment.objects.waiting().filter(public_key__isnull=False)
    if any(bytes(held or b"") == spki for held in waiting.values_list("public_key", flat=True)):
        raise refuse(
            "key-requested-already", "A request with this key waits already.", remedy="Wait for its answer."
        )
    if waiting.filter(person=person).count() >= MOST_WAITING:
        raise refuse(
            "too-many-requests",
            f"{MOST_WAITING} of your requests wait already.",
            remedy="Wait for their answers.",
        )


def _check_kind(public_key: keys.PublicKey, template: Template) -> None:
    if keys.key_type(public_key) in template.profile.key_types:
        return
    allowed = ", ".join(kind.value.upper() for kind in template.profile.key_types)
    raise refuse(
        "key-not-in-profile",
        f"A key of kind {keys.describe(public_key)} is not allowed by the template “{template.title}”.",
        remedy=f"Make a key of one of these kinds: {allowed}.",
    )
