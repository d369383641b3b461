"""Add a person to a forest, with a one-time sign-in link to hand over; make a new link; activate and deactivate."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from datetime import datetime, timedelta

from django.db import IntegrityError

from pki.names import Mailbox
from tenants.access import Actor
from tenants.models import Account, MailDomain, Person, SignInLink, Tenant, UnlockedKey
from tenants.models.people import Role
from tenants.public import forest_of
from tenants.refusals import refuse
from tenants.scoping import current_tenant_id, tenant_scope

LINK_LIFETIME = timedelta(days=7)


def add_person(actor: Actor, name: str, address: str, role: Role, at: datetime) -> tuple[Person, str]:
    """The new person and the secret of their sign-in link, which is shown once. Raises Refused, MalformedInput."""
    _require_administrator(actor)
    mailbox = read_own_address(address)
    if not name.strip():
        raise refuse(
            "name-missing", "The person needs a name.", remedy="Write the name as letters should show it."
        )
    if forest_of(mailbox.domain) != actor.tenant_id:
        own = ", ".join(MailDomain.objects.filter(tenant_id=actor.tenant_id).values_list("name", flat=True))
        raise refuse(
            "domain-not-own", f"{mailbox.domain} is not a mail domain of your organisation.",
            remedy=f"Use an address in {own}.",
        )  # fmt: skip
    taken = refuse(
        "address-taken", f"{mailbox} has an account already.", remedy="Look for it in the list of people."
    )
    if Account.objects.filter(address=str(mailbox).lower()).exists():
        raise taken
    try:
        with tenant_scope(actor.tenant_id, write=True):
            if role == Role.ADMINISTRATOR:
                _refuse_second_self()
            return create_person(name, str(mailbox), role, at)
    except IntegrityError:
        raise taken from None  # somebody else added it a moment ago


def read_own_address(text: str) -> Mailbox:
    """An address that this portal can serve. Raises Refused, MalformedInput.

    Certificates and letters of the portal carry rfc822Name and plain SMTP addresses; a local part beyond ASCII would need
    SmtpUTF8Mailbox (RFC 9598) and SMTPUTF8 (RFC 6531) with every correspondent.
    """
    mailbox = Mailbox.parse(text)
    if not mailbox.local_part.isascii():
        raise refuse(
            "address-not-ascii",
            f"“{mailbox.local_part}” holds letters that most mail servers refuse before the @.",
            remedy="Use a to z, digits, dots and hyphens there, such as mueller.",
        )
    return mailbox


def create_person(name: str, address: str, role: Role, at: datetime) -> tuple[Person, str]:
    """Account, person and link, inside an open write scope."""
    account = Account(tenant_id=current_tenant_id(), address=address.lower())
    account.set_unusable_password()
    account.save()
    person = Person.objects.create(
        account=account, name=" ".join(name.split()), address=address.lower(), role=role, added_at=at
    )
    return person, _create_link(account.id, at)


def new_link(actor: Actor, person_id: uuid.UUID, at: datetime) -> str:
    """A fresh sign-in link; earlier unused ones stop working. Raises Refused, Person.DoesNotExist."""
    _require_administrator(actor)
    with tenant_scope(actor.tenant_id, write=True):
        person = Person.objects.get(id=person_id)
        if person.role == Role.ADMINISTRATOR and person.id != actor.person_id:
            _refuse_second_self()
        return _replace_link(person.account_id, at)


def operators_link(address: str, at: datetime) -> str:
    """A fresh sign-in link for the operator to hand over, for anybody. Raises Account.DoesNotExist."""
    account = Account.objects.get(address=address.strip().lower())
    with tenant_scope(account.tenant_id, write=True):
        return _replace_link(account.id, at)


def set_active(actor: Actor, person_id: uuid.UUID, *, active: bool) -> Person:
    """Let a person in, or keep them out at once: sessions of an inactive account end with their next request."""
    with tenant_scope(actor.tenant_id, write=True):
        return record_access(actor, person_id, active=active)


def record_access(actor: Actor, person_id: uuid.UUID, *, active: bool) -> Person:
    """The same inside an open write scope; the row stays locked in it. Raises Refused, Person.DoesNotExist."""
    _require_administrator(actor)
    if person_id == actor.person_id and not active:
        raise refuse("own-account", "You cannot deactivate yourself.", remedy="Ask another administrator.")
    person = Person.objects.select_for_update(of=("self",)).get(id=person_id)
    person.is_active = active
    person.save(update_fields=["is_active"])
    Account.objects.filter(id=person.account_id).update(is_active=active)
    UnlockedKey.objects.filter(person=person).delete()
    return person


def _require_administrator(actor: Actor) -> None:
    if not actor.is_administrator:
        raise refuse("not-administrator", "Only an administrator manages people.", owner="administrator")


def _refuse_second_self() -> None:
    """Inside the scope: whoever holds the link of another administrator could approve their own wishes with it."""
    if Tenant.objects.get(id=current_tenant_id()).needs_two_people:
        raise refuse(
            "two-people-administrators",
            "Under the two-person rule nobody alone makes an administrator, or a link for another one.",
            remedy="End the rule together on the page Approvals first. For a link alone ask the operator: "
            "manage.py signin_link ADDRESS.",
            owner="administrator",
        )


def _replace_link(account_id: uuid.UUID, at: datetime) -> str:
    SignInLink.objects.filter(account_id=account_id, used_at__isnull=True).delete()
    return _create_link(account_id, at)


def _create_link(account_id: uuid.UUID, at: datetime) -> str:
    secret = secrets.token_urlsafe(32)
    SignInLink.objects.create(
        account_id=account_id, secret_sha256=hash_secret(secret), expires_at=at + LINK_LIFETIME
    )
    return secret


def hash_secret(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
