"""GET one document from an address that a stranger wrote (security rule 18).

The host is resolved once and connected to by IP; at most one redirect is followed, judged as strictly as the first
address; everything together takes five seconds; nothing is sent along but Host and what the answer may be (RFC 9110).
"""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import threading
import time
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urljoin

from tenants.fetching import hosts
from tenants.fetching.address import Address, read_address
from tenants.fetching.places import Ip, Places, Resolver, look_up, resolve, unreachable
from tenants.refusals import Refused, refuse

SECONDS = 5.0
CERTIFICATE_LIMIT = 64 * 1024
LIST_LIMIT = 10 * 1024 * 1024
PINNED_LIST_LIMIT = 64 * 1024 * 1024
MOST_REDIRECTS = 1
MOST_IPS = 2

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_BLOCK = 64 * 1024
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age=\"?([0-9]{1,9})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Document:
    """The octets, where they came from in the end, and how long the server says that they hold (None: not said)."""

    content: bytes
    source: Address
    max_age: timedelta | None


def get(text: str, *, limit: int, places: Places, resolver: Resolver = resolve) -> Document:
    """Fetch at most `limit` octets.

    Raises Refused: "address-refused" (never asked), "unreachable" (may be mended by another try), "answer-refused"
    (the server answers, but not with a document), "too-large", "host-resting" (not asked at this moment).
    """
    deadline = time.monotonic() + SECONDS
    address = read_address(text)
    for _ in range(MOST_REDIRECTS + 1):
        hosts.take_turn(address)
        ips = places.judge(address, look_up(address, resolver, deadline - time.monotonic()))
        answer = _ask(address, ips, limit, deadline)
        if isinstance(answer, Document):
            return answer
        address = answer
    raise _refused_answer(address, "it redirects more than once")


def _ask(address: Address, ips: list[Ip], limit: int, deadline: float) -> Document | Address:
    """The document, or the address that the answer redirects to."""
    last: Exception | None = None
    for ip in ips[:MOST_IPS]:
        connection = _Pinned(address, ip, deadline)
        try:
            return _exchange(connection, address, limit)
        except Refused:
            raise
        except (OSError, http.client.HTTPException, ValueError) as failed:  # ssl.SSLError is an OSError
            last = failed
        finally:
            connection.finish()
    hosts.leave_alone(address)
    raise unreachable(address, "it does not answer" if last else "no time is left") from None


class _Pinned(http.client.HTTPConnection):
    """A connection to one IP address that ends at the deadline, whatever the other side does in between."""

    def __init__(self, address: Address, ip: Ip, deadline: float) -> None:
        super().__init__(address.host, address.port)
        self._address, self._ip, self._deadline = address, ip, deadline
        self._watch: threading.Timer | None = None
        self.expired = False

    def connect(self) -> None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        plain = socket.create_connection((str(self._ip), self._address.port), timeout=left)
        self.sock = plain
        left = max(0.01, self._deadline - time.monotonic())
        self._watch = threading.Timer(left, self._expire, [plain])
        self._watch.daemon = True
        self._watch.start()
        if self._address.scheme == "https":
            # The watch has to know the wrapped socket during its handshake: wrapping takes the plain one's descriptor away.
            wrapped = ssl.create_default_context().wrap_socket(
                plain, server_hostname=self._address.host, do_handshake_on_connect=False
            )
            self.sock = wrapped
            wrapped.do_handshake()
        if time.monotonic() >= self._deadline:  # the watch may have come and gone while sockets changed
            raise TimeoutError

    def _expire(self, plain: socket.socket) -> None:
        self.expired = True
        for held in (self.sock, plain):
            try:
                held.shutdown(socket.SHUT_RDWR)
            except OSError:  # it is closed already
                continue

    def finish(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
        self.close()


def _exchange(connection: _Pinned, address: Address, limit: int) -> Document | Address:
    fields = {
        "Host": address.host_field,
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "Connection": "close",
        "User-Agent": "pkiportal",
    }
    connection.request("GET", address.target, headers=fields)
    response = connection.getresponse()
    if response.status in _REDIRECTS:
        return read_address(urljoin(str(address), response.headers.get("Location", "")))
    if response.status != 200:
        raise _refused_answer(address, f"it answers with status {response.status}")
    if (response.length or 0) > limit:
        raise _too_large(address, limit)
    content = _read(response, address, limit)
    if connection.expired or (response.length or 0) > 0:
        raise unreachable(address, "its answer did not arrive in full within five seconds")
    return Document(content, address, _max_age(response.headers.get("Cache-Control", "")))


def _read(response: http.client.HTTPResponse, address: Address, limit: int) -> bytes:
    held = bytearray()
    while block := response.read(_BLOCK):
        held += block
        if len(held) > limit:
            raise _too_large(address, limit)
    return bytes(held)


def _max_age(field: str) -> timedelta | None:
    """How long the answer holds (RFC 9111 §5.2.2); "no-store" and "no-cache" are zero."""
    if re.search(r"\bno-(?:store|cache)\b", field, re.IGNORECASE):
        return timedelta(0)
    match = _MAX_AGE.search(field)
    return timedelta(seconds=int(match[1])) if match else None


def _refused_answer(address: Address, why: str) -> Refused:
    return refuse(
        "answer-refused", f"{address.host} was asked in vain: {why}.",
        remedy="Tell the other side: what their certificates point to is not there.",
        owner="sender",
    )  # fmt: skip


def _too_large(address: Address, limit: int) -> Refused:
    return refuse(
        "too-large", f"What {address.host} answers is larger than {limit // 1024} KiB and was not read.",
        remedy="Tell the other side: a document of this kind is much smaller.",
        owner="sender",
    )  # fmt: skip
