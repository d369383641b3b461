"""A person's custody pair (X25519) and the PIN that opens its private half.

The PIN alone protects nothing against a thief of the database: Argon2id of the PIN is mixed (HKDF-SHA-256) with the
forest's people key, whose master key lies outside the database. Whatever a worker makes for a person is sealed to the
public half, so workers need no PIN.
"""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tenants.keystore.argon2 import Cost, stretch
from tenants.keystore.sealing import SealBroken, context, seal, seal_to, unseal, unseal_with
from tenants.models import CustodyKey, Person


@dataclass(frozen=True, slots=True)
class PinSeal:
    """A private half sealed under a PIN, before it is a row."""

    public_key: bytes
    sealed_private_key: bytes
    salt: bytes
    cost: Cost


class Custody:
    """An opened custody pair: reads what was sealed to the person. Its repr shows no key."""

    def __init__(self, tenant_id: uuid.UUID, person_id: uuid.UUID, private_key: X25519PrivateKey) -> None:
        self.tenant_id = tenant_id
        self.person_id = person_id
        self._private_key = private_key

    def __repr__(self) -> str:
        return f"<Custody of person {self.person_id}>"

    def open(self, sealed: bytes, purpose: str, *parts: uuid.UUID | str | int) -> bytes:
        """What `seal_for` sealed with the same purpose and parts. Raises SealBroken."""
        return unseal_with(
            self._private_key, sealed, person_context(self.tenant_id, self.person_id, purpose, *parts)
        )

    def raw(self) -> bytes:
        """The private half (32 octets): for wrapping it under an unlock cookie, nothing else."""
        return self._private_key.private_bytes_raw()

    @classmethod
    def from_raw(cls, tenant_id: uuid.UUID, person_id: uuid.UUID, raw: bytes) -> Custody:
        return cls(tenant_id, person_id, X25519PrivateKey.from_private_bytes(raw))


def person_context(
    tenant_id: uuid.UUID, person_id: uuid.UUID, purpose: str, *parts: uuid.UUID | str | int
) -> bytes:
    return context(purpose, tenant_id, person_id, *parts)


def seal_for(custody_key: CustodyKey, plaintext: bytes, purpose: str, *parts: uuid.UUID | str | int) -> bytes:
    """Seal something to a person. Needs no secret; only the person's PIN leads back."""
    bound_to = person_context(custody_key.tenant_id, custody_key.person_id, purpose, *parts)
    return seal_to(bytes(custody_key.public_key), plaintext, bound_to)


def make_pair(person: Person, pin: str, people_key: bytes) -> tuple[PinSeal, Custody]:
    """A fresh pair under a PIN. Slow on purpose (Argon2id): call it outside a scope."""
    private_key = X25519PrivateKey.generate()
    salt, cost = os.urandom(16), Cost.configured()
    wrapping = _wrapping_key(pin, salt, cost, people_key)
    sealed = seal(wrapping, private_key.private_bytes_raw(), _pair_context(person.tenant_id, person.id, 1))
    public = private_key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return PinSeal(public, sealed, salt, cost), Custody(person.tenant_id, person.id, private_key)


def store_pair(person: Person, made: PinSeal, at: datetime) -> CustodyKey:
    """Keep a fresh pair, inside the write scope."""
    return CustodyKey.objects.create(
        person=person,
        public_key=made.public_key,
        sealed_private_key=made.sealed_private_key,
        salt=made.salt,
        argon2_memory_kib=made.cost.memory_kib,
        argon2_passes=made.cost.passes,
        argon2_lanes=made.cost.lanes,
        created_at=at,
    )


def open_pair(row: CustodyKey, pin: str, people_key: bytes) -> Custody:
    """Open with the PIN. Slow on purpose: call it outside a scope. Raises SealBroken for a wrong PIN."""
    cost = Cost(row.argon2_memory_kib, row.argon2_passes, row.argon2_lanes)
    wrapping = _wrapping_key(pin, bytes(row.salt), cost, people_key)
    raw = unseal(
        wrapping, bytes(row.sealed_private_key), _pair_context(row.tenant_id, row.person_id, row.version)
    )
    return Custody.from_raw(row.tenant_id, row.person_id, raw)


def _wrapping_key(pin: str, salt: bytes, cost: Cost, people_key: bytes) -> bytes:
    stretched = stretch(pin, salt, cost)
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=people_key, info=b"pkiportal PIN").derive(
        stretched
    )


def _pair_context(tenant_id: uuid.UUID, person_id: uuid.UUID, version: int) -> bytes:
    return context("custody pair", tenant_id, person_id, version)


__all__ = ["Custody", "PinSeal", "SealBroken", "make_pair", "open_pair", "seal_for", "store_pair"]
