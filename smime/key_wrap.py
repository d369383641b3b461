"""Wrapping the content key under a key encryption key: AES key wrap (RFC 3394), Triple DES key wrap (RFC 3217)."""

from __future__ import annotations

import hashlib
import hmac

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import keywrap
from cryptography.hazmat.primitives.ciphers import Cipher, modes

from . import oids
from .errors import Unsupported
from .identifiers import AlgorithmIdentifier

# Octets of the key that wraps.
KEY_OCTETS = {oids.AES_128_WRAP: 16, oids.AES_192_WRAP: 24, oids.AES_256_WRAP: 32, oids.DES_EDE3_WRAP: 24}
WEAK_WRAPS = {oids.DES_EDE3_WRAP}
# What we write; its parameters are absent (RFC 3565 §2.3.2).
WRITTEN = AlgorithmIdentifier(oids.AES_256_WRAP)

_TRIPLE_DES_WRAP_IV = bytes.fromhex("4adda22c79e82105")  # RFC 3217 §3.1
_TRIPLE_DES_WRAPPED_OCTETS = 40


class KeyRefused(Exception):
    """A content key did not come out. Carries nothing: every cause looks the same."""


def require_known(wrap: AlgorithmIdentifier) -> None:
    """Raises Unsupported for a wrap that is not known here."""
    if wrap.oid not in KEY_OCTETS:
        raise Unsupported(f"key wrap with {wrap.title}", code="encryption-unsupported")


def wrap(kek: bytes, content_key: bytes) -> bytes:
    """AES key wrap of `content_key`."""
    return keywrap.aes_key_wrap(kek, content_key)


def unwrap(algorithm: AlgorithmIdentifier, kek: bytes, encrypted_key: bytes) -> bytes:
    """The content key. Raises KeyRefused, for whatever reason."""
    try:
        if algorithm.oid == oids.DES_EDE3_WRAP:
            return _triple_des_unwrap(kek, encrypted_key)
        return keywrap.aes_key_unwrap(kek, encrypted_key)
    except (keywrap.InvalidUnwrap, ValueError):
        raise KeyRefused from None


def _triple_des_unwrap(kek: bytes, encrypted_key: bytes) -> bytes:
    """Triple DES key wrap undone (RFC 3217 §3.2): old clients wrap the keys of old ciphers with it."""
    if len(encrypted_key) != _TRIPLE_DES_WRAPPED_OCTETS:
        raise KeyRefused
    reversed_text = _triple_des_cbc(kek, _TRIPLE_DES_WRAP_IV, encrypted_key)[::-1]
    checked = _triple_des_cbc(kek, reversed_text[:8], reversed_text[8:])
    content_key, checksum = checked[:24], checked[24:]
    if not hmac.compare_digest(hashlib.sha1(content_key, usedforsecurity=False).digest()[:8], checksum):
        raise KeyRefused
    return content_key


def _triple_des_cbc(key: bytes, iv: bytes, octets: bytes) -> bytes:
    decryptor = Cipher(TripleDES(key), modes.CBC(iv)).decryptor()
    return decryptor.update(octets) + decryptor.finalize()
