"""Reading an address out of a certificate so strictly that two programs cannot read it as two places.

Only `http(s)://host[:port][/path][?query]` passes (RFC 3986 §3, a part of it): a host is a DNS name, four decimal
numbers, or IPv6 in brackets. Other spellings of an IP address, credentials, fragments, white space and backslashes are
refused, whatever some resolver or client would make of them.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from tenants.refusals import Refused, refuse

LONGEST = 2000
DEFAULT_PORTS = {"http": 80, "https": 443}

_ADDRESS = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<target>(?:/[\x21\x23-\x5b\x5d-\x7e]*)?(?:\?[\x21\x23-\x5b\x5d-\x7e]*)?)",
    re.IGNORECASE,
)
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Address:
    """Where to ask: `host` is a lower-case DNS name or the plain text of an IP address; `target` begins with "/"."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def is_default_port(self) -> bool:
        return self.port == DEFAULT_PORTS[self.scheme]

    @property
    def host_field(self) -> str:
        """The value of the Host field (RFC 9110 §7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.is_default_port else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host_field}{self.target}"


def read_address(text: str) -> Address:
    """Raises Refused ("address-refused") for whatever is not plainly one place."""
    match = _ADDRESS.fullmatch(text) if len(text) <= LONGEST else None
    if match is None:
        raise refuse_address("it is not written as a plain web address")
    scheme = match["scheme"].lower()
    port = int(match["port"]) if match["port"] else DEFAULT_PORTS[scheme]
    if not 0 < port < 65536:
        raise refuse_address("its port does not exist")
    if "#" in match["target"]:
        raise refuse_address("it carries a fragment")
    target = match["target"] if match["target"].startswith("/") else "/" + match["target"]
    return Address(scheme, _host(match["host"].lower()), port, target)


def _host(text: str) -> str:
    if text.startswith("["):
        try:
            return str(ipaddress.IPv6Address(text[1:-1]))
        except ValueError:
            raise refuse_address("its host is no IPv6 address") from None
    labels = text.split(".")
    if len(text) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise refuse_address("its host is no name")
    if labels[-1][
        0
    ].isdigit():  # a name ends in a label with a letter; what looks like a number must be a plain one
        try:
            return str(ipaddress.IPv4Address(text))
        except ValueError:
            raise refuse_address("its host is a number in an unusual form") from None
    return text


def refuse_address(why: str) -> Refused:
    """An address that is not asked, now or ever."""
    return refuse(
        "address-refused", f"The address in the certificate is not asked: {why}.",
        remedy="Ask the other side for a .p7b file with the whole path, or to publish at a public web address.",
        owner="sender",
    )  # fmt: skip
