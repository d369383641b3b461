"""Ask for the password again before what cannot be taken back: an unattended browser must not be enough."""

from __future__ import annotations

import logging

from django.core.cache import cache
from redis.exceptions import RedisError

from tenants.access import Actor
from tenants.models import Account, Person
from tenants.refusals import refuse
from tenants.scoping import tenant_scope

logger = logging.getLogger(__name__)

TRIES = 5
WINDOW_SECONDS = 15 * 60


def step_up(actor: Actor, password: str) -> None:
    """Raises Refused unless it is the actor's password. Counted before it is checked; opens a scope of its own."""
    with tenant_scope(actor.tenant_id):
        account: Account = Person.objects.select_related("account").get(id=actor.person_id).account
    if not password:
        raise refuse("password-missing", "Type your password again: this cannot be taken back.")
    key = f"step-up-{account.pk}"
    if _count(key) > TRIES:
        raise refuse(
            "password-paused",
            "Too many wrong passwords.",
            remedy="Wait a quarter of an hour, then try again.",
        )
    if not account.check_password(password):
        raise refuse(
            "password-wrong", "That is not your password.",
            remedy="Type the one that you sign in with, not the PIN.",
        )  # fmt: skip
    _forget(key)


def _count(key: str) -> int:
    try:
        cache.add(key, 0, WINDOW_SECONDS)
        return cache.incr(key)
    except ValueError:
        return 1  # the window ended between the two calls
    except (RedisError, OSError) as failure:
        # Losing Redis must not stop an urgent revocation; Argon2 still makes every guess slow.
        logger.error("Passwords are not counted: the cache does not answer (%s).", type(failure).__name__)
        return 0


def _forget(key: str) -> None:
    try:
        cache.delete(key)
    except (RedisError, OSError) as failure:
        logger.warning("A count of passwords was not taken back (%s).", type(failure).__name__)
