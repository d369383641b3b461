"""The badge of a forest beside an address: only where a seal stands for the address."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pki.errors import PkiError
from pki.names import Mailbox
from smime.report import Seal
from tenants.models import Tenant
from tenants.public import forest_of

# The signature holds, its path is trusted and its signer is the author: only then is the address more than a claim.
VOUCHED = frozenset({Seal.OK.value, Seal.REV_STALE.value, Seal.REV_UNKNOWN.value})


def forests_of(addresses: Iterable[str]) -> Mapping[str, Tenant]:
    """The forest of every address that belongs to one of this portal, by the address. Needs no scope."""
    domains = {address: _domain(address) for address in set(addresses)}
    owners = {domain: forest_of(domain) for domain in set(domains.values()) if domain}
    forests = Tenant.objects.in_bulk({owner for owner in owners.values() if owner is not None})
    found = {address: owners.get(domain) for address, domain in domains.items()}
    return {address: forests[owner] for address, owner in found.items() if owner is not None}


def forest_badge(address: str) -> Tenant | None:
    """The forest of one address."""
    return forests_of([address]).get(address)


def _domain(address: str) -> str:
    try:
        return Mailbox.parse(address).domain
    except PkiError:
        return ""
