"""RFC 5652 §5.3, §6.2: pointing at a certificate, whatever state the certificate is in."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from smime.identifiers import CertificateIndex, IssuerAndSerial, KeyIdentifier

from .people import certify, key, person

ALICE = person("p-256", "Alice")
# What pyca raises for, seen from here: the octets are no certificate, although the object says so.
UNREADABLE = SimpleNamespace(
    serial_number=IssuerAndSerial.of(ALICE.certificate).serial, tbs_certificate_bytes=b"\x30"
)


def test_issuer_and_serial_match_their_own_certificate_only() -> None:
    pointer = IssuerAndSerial.of(ALICE.certificate)
    assert pointer.matches(ALICE.certificate)
    assert not pointer.matches(person("p-256", "Bob", 1).certificate)
    twin = certify(key("p-256"), "Alice", serial_number=pointer.serial)
    assert pointer.matches(
        twin.certificate
    )  # one name and number: which of them signed is found by the digest


def test_a_certificate_that_cannot_be_read_is_never_pointed_at() -> None:
    assert not IssuerAndSerial.of(ALICE.certificate).matches(UNREADABLE)  # type: ignore[arg-type]
    index = CertificateIndex([UNREADABLE], lambda item: item)  # type: ignore[arg-type, return-value]
    assert index.find(IssuerAndSerial.of(ALICE.certificate)) == ()


@pytest.mark.parametrize("reference", [IssuerAndSerial, KeyIdentifier])
def test_of_many_certificates_those_pointed_at_are_found_in_their_order(reference: type) -> None:
    people = [person("p-256", "Alice"), person("p-256", "Bob", 1), person("p-256", "Alice")]
    index = CertificateIndex(people, lambda someone: someone.certificate)
    assert list(index.find(reference.of(ALICE.certificate))) == [people[0], people[2]]  # type: ignore[attr-defined]
    assert index.find(reference.of(person("rsa-2048").certificate)) == ()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("serial", "shown"), [(255, "certificate ff"), (-255, "certificate -ff"), (0, "certificate 0")]
)
def test_a_serial_number_is_shown_in_hexadecimal_whatever_its_sign(serial: int, shown: str) -> None:
    assert str(IssuerAndSerial(b"\x30\x00", serial)).startswith(f"{shown} of issuer")
