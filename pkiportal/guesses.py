"""How often a password may be guessed: per address and per client, counted in the cache before each try.

Counting first means that parallel guesses cannot outrun the count. A right password takes its own try back, nothing more:
whoever has one account must not be able to wash away guesses at another. Addresses are counted whether or not they have an
account, so the door says nothing about who exists.
"""

from __future__ import annotations

import hashlib
import ipaddress
import logging
from dataclasses import dataclass

from django.core.cache import cache
from django.http import HttpRequest
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

WINDOW_SECONDS = 15 * 60
TRIES_PER_ADDRESS = 10
# An office behind one address shares this number.
TRIES_PER_CLIENT = 100


@dataclass(frozen=True, slots=True)
class Guess:
    """One counted try."""

    keys: tuple[str, str]
    allowed: bool

    def take_back(self) -> None:
        """The password was right: this try was no guess."""
        for key in self.keys:
            _count(key, -1)


def count_guess(request: HttpRequest, address: str) -> Guess:
    """Count a try for this address from this client, and say whether it may be made."""
    who = hashlib.sha256(address.strip().lower().encode()).hexdigest()
    keys = (f"guess-address-{who}", f"guess-client-{client_network(request)}")
    counts = [_count(key, 1) for key in keys]
    allowed = counts[0] <= TRIES_PER_ADDRESS and counts[1] <= TRIES_PER_CLIENT
    return Guess(keys, allowed)


def _count(key: str, by: int) -> int:
    try:
        cache.add(key, 0, WINDOW_SECONDS)
        return cache.incr(key, by)
    except ValueError:
        return by  # the window ended between the two calls
    except (RedisError, OSError) as failure:
        # Losing Redis must not lock everybody out; Argon2 still makes every guess slow.
        logger.error(
            "Password guesses are not counted: the cache does not answer (%s).", type(failure).__name__
        )
        return 0


def client_network(request: HttpRequest) -> str:
    """Who is asking: an IPv4 address, or the /64 that one IPv6 customer has.

    REMOTE_ADDR is the client's own address: behind a reverse proxy the web server is told whose X-Forwarded-For to believe.
    """
    try:
        address = ipaddress.ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        return str(address.ipv4_mapped or ipaddress.ip_network((address, 64), strict=False).network_address)
    return str(address)
