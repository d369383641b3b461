"""How often one host is asked by this installation, and that one which does not answer is left alone for a while.

Letters carry the addresses, so whoever writes many letters must not turn the portal against a third party. The counters
are in the cache that all workers share; they hold host names and numbers, and nothing is lost with them.
"""

from __future__ import annotations

from django.core.cache import cache

from tenants.fetching.address import Address
from tenants.refusals import Refused, refuse

MOST_IN_A_MINUTE = 30
QUIET_SECONDS = 60


def take_turn(address: Address) -> None:
    """Count one request. Raises Refused ("host-resting") if the host did not answer lately or was asked often."""
    if cache.get(_quiet(address)):
        raise _resting(address, "it did not answer a moment ago")
    cache.add(_count(address), 0, timeout=60)
    try:
        asked = cache.incr(_count(address))
    except ValueError:  # it ran out between the two calls
        asked = 1
    if asked > MOST_IN_A_MINUTE:
        raise _resting(address, "it has been asked often in the last minute")


def leave_alone(address: Address) -> None:
    """It did not answer: for a minute nobody waits for it."""
    cache.set(_quiet(address), 1, timeout=QUIET_SECONDS)


def _quiet(address: Address) -> str:
    return f"fetch-quiet:{address.host}:{address.port}"


def _count(address: Address) -> str:
    return f"fetch-count:{address.host}:{address.port}"


def _resting(address: Address, why: str) -> Refused:
    return refuse("host-resting", f"{address.host} is not asked at this moment: {why}.")
