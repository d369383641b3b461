"""Which IP addresses may be connected to: public unicast ones, and networks that the operator names.

A name is resolved once, every answer is judged, and the connection goes to the IP address that was judged: a resolver
that answers otherwise the second time is not asked a second time.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, TimeoutError
from dataclasses import dataclass
from typing import TypeAlias

from tenants.fetching.address import Address, refuse_address
from tenants.refusals import Refused, refuse

Ip: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolver: TypeAlias = Callable[[str, int], Sequence[str]]

# IPv6 that is given out for the internet (RFC 4291 §2.4); whatever lies elsewhere is special, new kinds too.
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
# Special within it, or public addresses that stand for others: tunnels and translators lead where they say.
_NOT_PUBLIC = tuple(
    ipaddress.ip_network(text)
    for text in (
        "192.88.99.0/24",  # 6to4 relays (RFC 7526)
        "2001::/23",  # IETF protocol assignments, Teredo among them (RFC 4380)
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4 (RFC 3056)
        "3fff::/20",  # documentation (RFC 9637)
    )
)
_resolving = ThreadPoolExecutor(4, "resolve")


@dataclass(frozen=True)
class Places:
    """`inside`: networks that may be asked although they are not public, on `ports` beside 80 and 443."""

    inside: tuple[Network, ...] = ()
    ports: frozenset[int] = frozenset()

    def judge(self, address: Address, found: Sequence[str]) -> list[Ip]:
        """The IP addresses to connect to, in order. Raises Refused if only one of them is not allowed."""
        ips = [_plain(text) for text in dict.fromkeys(found)]
        if not ips:
            raise refuse_address("its host has no IP address")
        for ip in ips:
            self._judge_one(address, ip)
        return ips

    def _judge_one(self, address: Address, ip: Ip) -> None:
        if any(ip.version == network.version and ip in network for network in self.inside):
            if not address.is_default_port and address.port not in self.ports:
                raise refuse_address("its port is not one of those that the operator allows")
            return
        if not address.is_default_port:
            raise refuse_address("it names another port than 80 for http or 443 for https")
        if not is_public(ip):
            raise refuse_address("its host does not lie on the public internet")


def is_public(ip: Ip) -> bool:
    """Whether it is a public unicast address that stands for nothing but itself."""
    if any(ip.version == network.version and ip in network for network in _NOT_PUBLIC):
        return False
    if ip.is_multicast or ip.is_reserved or ip.is_unspecified or ip.is_loopback or ip.is_link_local:
        return False
    if isinstance(ip, ipaddress.IPv6Address) and ip not in _GLOBAL_UNICAST:
        return False
    return ip.is_global


def _plain(text: str) -> Ip:
    try:
        ip = ipaddress.ip_address(text)
    except ValueError:
        raise refuse_address("its host has an IP address that cannot be read") from None
    if isinstance(ip, ipaddress.IPv6Address) and ip.scope_id:
        raise refuse_address("its host does not lie on the public internet")
    return ip


def resolve(host: str, port: int) -> Sequence[str]:
    """What the system's resolver answers, as text. Raises OSError."""
    return [str(answer[4][0]) for answer in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def look_up(address: Address, resolver: Resolver, seconds: float) -> Sequence[str]:
    """Resolve the host once, within the time. An IP address is its own answer. Raises Refused ("unreachable")."""
    try:
        return [str(ipaddress.ip_address(address.host))]
    except ValueError:
        pass
    try:
        return _resolving.submit(resolver, address.host, address.port).result(timeout=max(0.0, seconds))
    except (OSError, UnicodeError, TimeoutError):
        raise unreachable(address, "its name cannot be resolved") from None


def unreachable(address: Address, why: str) -> Refused:
    """A failure that another try may mend."""
    return refuse(
        "unreachable", f"{address.host} could not be asked: {why}.",
        remedy="The portal tries again by itself. If it lasts, tell the other side.",
        owner="sender",
    )  # fmt: skip
