"""Sealing small secrets: AES-256-GCM with bound context, and HPKE (RFC 9180) to a custody public key.

Every seal is bound to what it is for (`context`): moved to another row, person or forest it does not open.
"""

from __future__ import annotations

import os
import uuid

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

NONCE_OCTETS = 12
_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


class SealBroken(Exception):
    """A seal does not open: wrong key, wrong context, or changed bytes. Says no more on purpose."""


def context(purpose: str, *parts: uuid.UUID | str | int) -> bytes:
    """The associated data of a seal: what it is for, unambiguously joined."""
    return b"\x00".join([b"pkiportal 1", purpose.encode(), *(str(part).encode() for part in parts)])


def seal(key: bytes, plaintext: bytes, bound_to: bytes) -> bytes:
    """nonce (12) || ciphertext || tag (16)."""
    nonce = os.urandom(NONCE_OCTETS)
    return nonce + AESGCM(key).encrypt(nonce, plaintext, bound_to)


def unseal(key: bytes, sealed: bytes, bound_to: bytes) -> bytes:
    """The plaintext. Raises SealBroken."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_OCTETS], sealed[NONCE_OCTETS:], bound_to)
    except (InvalidTag, ValueError):
        raise SealBroken("This seal does not open.") from None


def seal_to(public_key: bytes, plaintext: bytes, bound_to: bytes) -> bytes:
    """HPKE base mode to a raw X25519 public key: needs no secret of the person it is for."""
    return _SUITE.encrypt(plaintext, X25519PublicKey.from_public_bytes(public_key), info=bound_to)


def unseal_with(private_key: X25519PrivateKey, sealed: bytes, bound_to: bytes) -> bytes:
    """Open an HPKE seal. Raises SealBroken."""
    try:
        return _SUITE.decrypt(sealed, private_key, info=bound_to)
    except (InvalidTag, ValueError):
        raise SealBroken("This seal does not open.") from None
