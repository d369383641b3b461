"""Use a one-time sign-in link: choose a password, once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.contrib.auth.password_validation import validate_password
from django.db import transaction

from tenants.models import Account, Person, SignInLink, Tenant
from tenants.refusals import refuse
from tenants.scoping import tenant_scope
from tenants.services.add_person import hash_secret


def find_link(secret: str, at: datetime) -> SignInLink | None:
    """The usable link with this secret; looking does not use it up."""
    link = SignInLink.objects.select_related("account").filter(secret_sha256=hash_secret(secret)).first()
    return link if link is not None and link.is_usable(at) and link.account.is_active else None


class LinkState(StrEnum):
    USABLE = "usable"
    USED = "used"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class LinkFacts:
    """What the person who holds a link may know of it. Without a usable link there is nothing but its state."""

    state: LinkState
    expires_at: datetime | None = None
    name: str = ""
    address: str = ""
    tenant: Tenant | None = None


def inspect_link(secret: str, at: datetime) -> LinkFacts:
    """Look at a link without using it up. A replaced link is unknown; so is one whose account was deactivated."""
    link = (
        SignInLink.objects.select_related("account__tenant").filter(secret_sha256=hash_secret(secret)).first()
    )
    if link is None or not link.account.is_active:
        return LinkFacts(LinkState.UNKNOWN)
    if not link.is_usable(at):
        return LinkFacts(LinkState.EXPIRED if link.used_at is None else LinkState.USED)
    with tenant_scope(link.account.tenant_id):
        person = Person.objects.get(account=link.account)
    return LinkFacts(LinkState.USABLE, link.expires_at, person.name, person.address, link.account.tenant)


def redeem_link(secret: str, password: str, at: datetime) -> Account:
    """Set the account's password and use the link up. Raises Refused, or ValidationError for a weak password."""
    link = find_link(secret, at)
    if link is None:
        raise refuse(
            "link-unusable", "This sign-in link was used already, has expired, or was replaced.",
            remedy="Ask your administrator for a new link.", owner="administrator",
        )  # fmt: skip
    validate_password(password, link.account)
    encoded = Account(address=link.account.address)
    encoded.set_password(password)  # slow on purpose: outside the transaction
    with transaction.atomic():
        if not SignInLink.objects.filter(id=link.id, used_at__isnull=True).update(used_at=at):
            raise refuse("link-unusable", "This sign-in link was used a moment ago.", owner="administrator")
        Account.objects.filter(id=link.account_id).update(password=encoded.password)
    return Account.objects.get(id=link.account_id)
