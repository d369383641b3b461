"""A handshake that crosses the deadline does not take the connection out of its reach."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tenants.fetching import get as getting
from tenants.fetching.get import get
from tenants.fetching.places import Places
from tenants.refusals import Refused


def _files(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "slow.example")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(7).not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("slow.example")]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True).sign(key, hashes.SHA256())
    )  # fmt: skip
    certificate, private = folder / "c.pem", folder / "k.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))  # fmt: skip
    return certificate, private


def test_a_handshake_over_the_deadline_ends_the_fetch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, private = _files(tmp_path)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, private)
    listener = socket.create_server(("127.0.0.1", 0))
    sent: list[int] = []

    def serve() -> None:
        plain, _ = listener.accept()
        time.sleep(0.9)  # the deadline passes in the handshake
        try:
            with server.wrap_socket(plain, server_side=True) as tls:
                tls.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                for n in range(12):
                    tls.sendall(b"x")
                    sent.append(n)
                    time.sleep(0.2)
        except OSError:
            return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    trusting = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr(getting.ssl, "create_default_context", lambda: trusting)
    connect = socket.create_connection

    def slow(*args: Any, **named: Any) -> socket.socket:
        made = connect(*args, **named)
        time.sleep(0.5)  # as a late SYN-ACK does
        return made

    monkeypatch.setattr(getting.socket, "create_connection", slow)
    monkeypatch.setattr(getting, "SECONDS", 0.7)
    port = listener.getsockname()[1]
    places = Places((ipaddress.ip_network("127.0.0.0/8"),), frozenset({port}))

    def resolver(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    try:
        with pytest.raises(Refused) as refused:
            get(f"https://slow.example:{port}/x", limit=1000, places=places, resolver=resolver)
    finally:
        thread.join(5)
        listener.close()
    assert refused.value.finding.code == "unreachable"
    assert len(sent) < 6, f"{len(sent)} octets were waited for after the deadline"
