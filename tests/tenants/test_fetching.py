"""The guarded GET: whatever a stranger writes as an address, nobody inside is connected to.

A canary listens on every address of this machine, on the port that counts as the ordinary one here, so that the judgement
of IP addresses alone stands between a shape and the canary. Without that judgement the canary hears of the same shapes.
"""

from __future__ import annotations

import ipaddress
import itertools
import socket
import threading
import time
import uuid
from collections.abc import Generator, Sequence
from datetime import timedelta
from typing import Any

import pytest

from tenants.fetching import address as addresses
from tenants.fetching import get as getting
from tenants.fetching import hosts, places
from tenants.fetching.address import read_address
from tenants.fetching.get import get
from tenants.fetching.places import Places, is_public
from tenants.refusals import Refused
from tests.tenants.publisher import Answer, Publisher, publishing

LIMIT = 1000
NOWHERE = Places()


class Canary:
    """Counts connections to any address of this machine."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        self._socket.bind(("::", 0))
        self._socket.listen(50)
        self.port = self._socket.getsockname()[1]
        self.connections = 0
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                heard, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            heard.close()

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def canary(monkeypatch: pytest.MonkeyPatch) -> Generator[Canary]:
    made = Canary()
    monkeypatch.setattr(addresses, "DEFAULT_PORTS", {"http": made.port, "https": made.port})
    monkeypatch.setattr(hosts, "MOST_IN_A_MINUTE", 10_000)
    monkeypatch.setattr(hosts, "leave_alone", lambda _: None)
    yield made
    made.close()


@pytest.fixture
def web() -> Generator[Publisher]:
    with publishing() as publisher:
        yield publisher


def inside(*publishers: Publisher) -> Places:
    return Places((ipaddress.ip_network("127.0.0.1/32"),), frozenset(p.port for p in publishers))


def answering(*ips: str) -> Any:
    return lambda host, port: list(ips)


# Hosts in every spelling that some program takes for an address of this machine or its neighbours.
SPELLINGS = [
    "127.0.0.1", "127.0.0.2", "127.1", "127.0.1", "127.255.255.254", "2130706433", "0x7f000001", "0x7F.0x0.0x0.0x1",
    "0x7f.1", "0177.0.0.1", "0177.0.0.01", "017700000001", "00000177.0.0.1", "127.0.0.1.", "127.0.0.01", "0127.0.0.1",
    "0", "0.0.0.0", "0.0.0.1",  # noqa: S104
    "00.0.0.0", "1", "4294967295", "[::1]", "[0:0:0:0:0:0:0:1]", "[::]", "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]", "[::ffff:0:127.0.0.1]", "[::127.0.0.1]", "[::7f00:1]", "[0000::0001]", "[64:ff9b::127.0.0.1]",
    "[64:ff9b::7f00:1]", "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]", "[2002:7f00:0001::1]", "[2001:0:7f00:1::]",
    "[2001:db8::1]", "[3fff::1]", "[fe80::1]", "[fe80::1%lo]", "[fe80::1%25lo]", "[::1%25lo]", "[fec0::1]", "[fc00::1]",
    "[fd00:ec2::254]", "[fdff::1]", "[ff02::1]", "[ff05::2]", "[100::1]", "[::1", "::1", "[[::1]]", "[127.0.0.1]", "[v1.x]",
    "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "192.168.255.255", "169.254.169.254",
    "169.254.1.1", "100.64.0.1", "100.127.255.255", "192.0.0.1", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.51.100.1",
    "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "localhost.", "localhost..", "",
    ".", "..", "-", "a..b", "a_b.example", "127.0.0.1%00.example", "127.0.0.1%2f", "%31%32%37.0.0.1", "①②⑦.⓪.⓪.①",
    "１２７.0.0.1", "127。0。0。1", "127．0．0．1", "ⓛocalhost", "loc\u00adalhost", "*", "a b", "127.0.0.1,example.org",
]  # fmt: skip
SHAPES = [
    "http:127.0.0.1", "http:/127.0.0.1/", "http:///127.0.0.1/", "//127.0.0.1/", "127.0.0.1", "/etc/passwd", "",
    "http://", "http:\\\\127.0.0.1\\", "http://127.0.0.1\\@example.org/", "http://example.org\\@127.0.0.1/",
    "http://user@127.0.0.1/", "http://user:password@127.0.0.1/", "http://example.org@127.0.0.1/",
    "http://example.org:80@127.0.0.1/", "http://@127.0.0.1/", "http://127.0.0.1#@example.org/", "http://127.0.0.1/#a",
    "http://example.org#@127.0.0.1/", "http://127.0.0.1?@example.org/", "http://127.0.0.1/\r\nHost: x",
    "http://127.0.0.1/ x", " http://127.0.0.1/", "http://127.0.0.1/\t", "http://127.0.0.1\n.example.org/", "http://127.0.0.1/\x00",
    "file:///etc/passwd", "file://127.0.0.1/etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/_", "dict://127.0.0.1/",
    "ldap://127.0.0.1/", "ldaps://127.0.0.1/", "data:,x", "javascript:alert(1)", "jar:http://127.0.0.1!/", "https:127.0.0.1",
    "HTTP://127.0.0.1/", "hTTps://127.0.0.1/", "http+unix://%2frun%2fx.sock/", "unix:/run/x.sock", "http://127.0.0.1:0/",
    "http://127.0.0.1:65536/", "http://127.0.0.1:-1/", "http://127.0.0.1:080x/", "http://127.0.0.1: 80/",
    "http://127.0.0.1:80:80/", "http://127.0.0.1:/", "http://127.0.0.1:22/", "http://127.0.0.1:6379/", "http://[::1]:25/",
    "http://localhost:5432/", "http://" + "a" * 3000 + "/", "http://" + "a" * 64 + ".example/",
]  # fmt: skip
URLS = [f"{scheme}://{host}/x.crl" for host in SPELLINGS for scheme in ("http", "https")] + SHAPES


def refused(url: str, where: Places = NOWHERE, resolver: Any = None) -> str:
    with pytest.raises(Refused) as caught:
        get(url, limit=LIMIT, places=where, resolver=resolver or places.resolve)
    return caught.value.finding.code


def test_no_shape_of_an_address_reaches_this_machine_or_its_neighbours(canary: Canary) -> None:
    assert len(set(URLS)) >= 120
    codes = {url: refused(url) for url in URLS}
    assert canary.connections == 0
    assert {url for url, code in codes.items() if code not in ("address-refused", "unreachable")} == set()


@pytest.mark.parametrize(
    "ip", ["127.0.0.1", "::1", "10.0.0.1", "::ffff:127.0.0.1", "169.254.169.254", "fe80::1%lo"]
)
def test_a_name_that_leads_inside_is_refused_even_beside_a_public_answer(canary: Canary, ip: str) -> None:
    for found in ([ip], ["93.184.216.34", ip], [ip, "2606:2800:220:1::1"]):
        assert refused("http://pki.example.org/x", resolver=answering(*found)) == "address-refused"
    assert canary.connections == 0


def test_without_the_judgement_of_addresses_the_canary_hears(
    canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "is_public", lambda _: True)
    for url in ("http://127.0.0.1/x", "http://[::1]/x", "http://127.0.0.2/x", "http://0.0.0.0/x"):
        refused(url)
    refused("http://pki.example.org/x", resolver=answering("127.0.0.1"))
    assert canary.connections >= 5


def test_a_resolver_that_changes_its_answer_is_asked_once_and_connected_to_as_judged(
    canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = itertools.chain([["93.184.216.34"]], itertools.repeat(["127.0.0.1"]))
    asked: list[str] = []
    connected: list[tuple[str, int]] = []

    def resolver(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return next(answers)

    def connect(where: tuple[str, int], **_: Any) -> socket.socket:
        connected.append(where)
        raise ConnectionRefusedError

    monkeypatch.setattr(getting.socket, "create_connection", connect)
    assert refused("http://rebinding.example.org/x", resolver=resolver) == "unreachable"
    assert (asked, connected) == (["rebinding.example.org"], [("93.184.216.34", canary.port)])
    assert canary.connections == 0


@pytest.mark.parametrize(
    "target",
    ["http://127.0.0.2/", "http://[::1]/", "http://0.0.0.0/", "http://2130706433/", "//127.0.0.2/", "file:///etc/passwd",
     "http://u@127.0.0.1/", "http://inner.example/", "https://127.0.0.2/", "ftp://127.0.0.1/", "http://127.0.0.1:22/"],
)  # fmt: skip
def test_a_redirect_is_judged_as_strictly_as_the_first_address(
    canary: Canary, web: Publisher, target: str
) -> None:
    for status in (301, 302, 303, 307, 308):
        web.site["/x"] = Answer(status=status, headers={"Location": target})
        code = refused(web.address("/x"), inside(web), answering("127.0.0.2"))
        assert code == "address-refused"
    assert canary.connections == 0
    assert web.asked == ["/x"] * 5


def test_one_redirect_is_followed_and_not_a_second_one(web: Publisher) -> None:
    web.site |= {
        "/a": Answer(status=302, headers={"Location": "/b"}),
        "/b": b"here",
        "/c": Answer(status=302, headers={"Location": web.address("/a")}),
        "/d": Answer(status=302, headers={"Location": "/d"}),
    }
    answer = get(web.address("/a"), limit=LIMIT, places=inside(web))
    assert (answer.content, str(answer.source)) == (b"here", web.address("/b"))
    assert refused(web.address("/c"), inside(web)) == "answer-refused"
    web.asked.clear()
    assert refused(web.address("/d"), inside(web)) == "answer-refused"
    assert web.asked == ["/d", "/d"]


def test_what_is_larger_than_its_kind_is_not_read(web: Publisher) -> None:
    web.site |= {
        "/fits": b"x" * LIMIT,
        "/says": b"x" * (LIMIT + 1),
        "/lies": Answer(b"x" * (LIMIT + 1), headers={"Content-Length": str(10**12)}),
    }
    assert len(get(web.address("/fits"), limit=LIMIT, places=inside(web)).content) == LIMIT
    assert refused(web.address("/says"), inside(web)) == "too-large"
    assert refused(web.address("/lies"), inside(web)) == "too-large"


def raw_server(answer: bytes, pause: float = 0.0) -> tuple[socket.socket, int]:
    """Answers with these octets, one by one if there is a pause, and never closes by itself."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        try:
            heard, _ = listening.accept()
            heard.recv(4096)
            for octet in [answer] if not pause else [bytes([one]) for one in answer]:
                heard.sendall(octet)
                time.sleep(pause)
            heard.recv(1)
        except OSError:
            return

    threading.Thread(target=serve, daemon=True).start()
    return listening, listening.getsockname()[1]


@pytest.mark.parametrize(
    ("answer", "pause"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n" + b"x" * 900, 0.02),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 5000, 0.01),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\nx", 0.0),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n" + b"x" * 900, 0.01),
        (b"", 0.0),
    ],
    ids=["slow-body", "slow-header", "never-ending", "chunked", "silence"],
)
def test_a_server_that_dribbles_is_left_at_the_deadline(
    monkeypatch: pytest.MonkeyPatch, answer: bytes, pause: float
) -> None:
    monkeypatch.setattr(getting, "SECONDS", 0.4)
    listening, port = raw_server(answer, pause)
    with listening:
        where = Places((ipaddress.ip_network("127.0.0.0/8"),), frozenset({port}))
        begun = time.monotonic()
        assert refused(f"http://127.0.0.1:{port}/{uuid.uuid4()}", where) == "unreachable"
        assert time.monotonic() - begun < 5


@pytest.mark.parametrize(
    "answer",
    [b"nonsense\r\n\r\n", b"HTTP/1.1 999999 X\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n"],
    ids=["nonsense", "status", "many-fields"],
)
def test_what_is_no_http_is_no_answer(answer: bytes) -> None:
    listening, port = raw_server(answer)
    with listening:
        where = Places((ipaddress.ip_network("127.0.0.0/8"),), frozenset({port}))
        assert refused(f"http://127.0.0.1:{port}/", where) == "unreachable"


def test_a_host_that_does_not_answer_rests_and_a_busy_one_has_its_measure(
    web: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    dead = Places((ipaddress.ip_network("127.0.0.1/32"),), frozenset({port, web.port}))
    assert refused(f"http://127.0.0.1:{port}/a", dead) == "unreachable"
    assert refused(f"http://127.0.0.1:{port}/b", dead) == "host-resting"
    monkeypatch.setattr(hosts, "MOST_IN_A_MINUTE", 2)
    web.site["/x"] = b"x"
    for _ in range(2):
        get(web.address("/x"), limit=LIMIT, places=inside(web))
    assert refused(web.address("/x"), inside(web)) == "host-resting"
    assert len(web.asked) == 2


@pytest.mark.parametrize(
    ("field", "age"),
    [("max-age=3600", 3600), ("public, max-age=60", 60), ("no-store", 0), ("no-cache, max-age=9", 0), ("", None),
     ("s-maxage=5", None), ("max-age=-1", None), ('max-age="7"', 7)],
)  # fmt: skip
def test_how_long_an_answer_holds_is_what_the_server_says(
    web: Publisher, field: str, age: int | None
) -> None:
    web.site["/x"] = Answer(b"x", headers={"Cache-Control": field})
    found = get(web.address("/x"), limit=LIMIT, places=inside(web)).max_age
    assert found == (None if age is None else timedelta(seconds=age))


@pytest.mark.parametrize("text", ["8.8.8.8", "1.1.1.1", "93.184.216.34", "2606:4700::1111", "2a00:1450::1"])
def test_public_addresses_are_public(text: str) -> None:
    assert is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("http://pki.example.org/root.crl", "http://pki.example.org/root.crl"),
        ("HTTP://PKI.Example.org:80", "http://pki.example.org/"),
        ("https://pki.example.org?a=b&c=%20d", "https://pki.example.org/?a=b&c=%20d"),
        ("http://8.8.8.8/a(1)/b;c=1", "http://8.8.8.8/a(1)/b;c=1"),
        ("http://[2606:4700::1111]/", "http://[2606:4700::1111]/"),
    ],
)
def test_ordinary_addresses_are_read(text: str, read: str) -> None:
    assert str(read_address(text)) == read
