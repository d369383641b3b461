"""Use a one-time sign-in link: choose a password, once."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.password_validation import validate_password
from django.db import transaction

from tenants.models import Account, SignInLink
from tenants.refusals import refuse
from tenants.services.add_person import hash_secret


def find_link(secret: str, at: datetime) -> SignInLink | None:
    """The usable link with this secret; looking does not use it up."""
    link = SignInLink.objects.select_related("account").filter(secret_sha256=hash_secret(secret)).first()
    return link if link is not None and link.is_usable(at) and link.account.is_active else None


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
