"""The primitives alone: what sealing and opening a letter costs at the very least (pyca and pybase64 in one pass)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pybase64
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap, aes_key_wrap

from benchmarks.people import Person
from smime.encrypt import ContentCipher

BLOCK = 36 * 1024  # a multiple of three; stays in the nearest caches
_SHA256 = Prehashed(hashes.SHA256())


def _sign(key: Any, digest: bytes) -> bytes:
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(digest, padding.PKCS1v15(), _SHA256)
    return key.sign(digest, ec.ECDSA(_SHA256))


def _verify(key: Any, signature: bytes, digest: bytes) -> None:
    if isinstance(key, rsa.RSAPublicKey):
        key.verify(signature, digest, padding.PKCS1v15(), _SHA256)
    else:
        key.verify(signature, digest, ec.ECDSA(_SHA256))


def _wrap(key: Any, content_key: bytes) -> tuple[Any, bytes]:
    if isinstance(key, rsa.RSAPublicKey):
        return None, key.encrypt(content_key, padding.PKCS1v15())
    ephemeral = ec.generate_private_key(key.curve)
    agreed = X963KDF(hashes.SHA256(), 32, None).derive(ephemeral.exchange(ec.ECDH(), key))
    return ephemeral.public_key(), aes_key_wrap(agreed, content_key)


def _unwrap(key: Any, ephemeral: Any, wrapped: bytes) -> bytes:
    if isinstance(key, rsa.RSAPrivateKey):
        return key.decrypt(wrapped, padding.PKCS1v15())
    agreed = X963KDF(hashes.SHA256(), 32, None).derive(key.exchange(ec.ECDH(), ephemeral))
    return aes_key_unwrap(agreed, wrapped)


def _mode(cipher: ContentCipher, tag: bytes | None = None) -> Any:
    return modes.GCM(bytes(12), tag) if cipher is ContentCipher.AES_256_GCM else modes.CBC(bytes(16))


@dataclass(frozen=True)
class Sealed:
    """What `Minimum.write` made: base64 blocks of the ciphertext, the tag of GCM, the way to the key for one reader."""

    blocks: Sequence[bytes]
    tag: bytes | None
    signature: bytes
    ephemeral: Any
    wrapped: bytes


@dataclass(frozen=True)
class Minimum:
    """The least that a signed and encrypted letter demands of a machine, in both directions."""

    signer: Person
    recipients: Sequence[Person]
    cipher: ContentCipher

    def write(self, content: bytes) -> Sealed:
        """base64, SHA-256, AES and base64 in one pass over small blocks; one signature, one wrapping for each reader."""
        content_key = os.urandom(32)
        encryptor = Cipher(algorithms.AES256(content_key), _mode(self.cipher)).encryptor()
        state = hashes.Hash(hashes.SHA256())
        buffer = memoryview(bytearray(BLOCK // 3 * 4 + 16))
        sealed = []
        view = memoryview(content)
        for at in range(0, len(view), BLOCK):
            text = pybase64.b64encode(view[at : at + BLOCK])
            text = text[: len(text) - len(text) % 48]  # whole blocks of the cipher and of base64
            state.update(text)
            sealed.append(pybase64.b64encode(buffer[: encryptor.update_into(text, buffer)]))
        encryptor.finalize()
        tag = encryptor.tag if self.cipher is ContentCipher.AES_256_GCM else None
        signature = _sign(self.signer.private_key, state.finalize())
        ways = [_wrap(person.private_key.public_key(), content_key) for person in self.recipients]
        return Sealed(sealed, tag, signature, *ways[0])

    def read(self, letter: Sealed) -> None:
        """base64, AES and SHA-256 in one pass; one unwrapping, one verification."""
        content_key = _unwrap(self.recipients[0].private_key, letter.ephemeral, letter.wrapped)
        decryptor = Cipher(algorithms.AES256(content_key), _mode(self.cipher, letter.tag)).decryptor()
        state = hashes.Hash(hashes.SHA256())
        buffer = memoryview(bytearray(BLOCK // 3 * 4 + 16))
        for block in letter.blocks:
            octets = pybase64.b64decode(block, validate=True)
            state.update(buffer[: decryptor.update_into(octets, buffer)])
        decryptor.finalize()
        _verify(self.signer.private_key.public_key(), letter.signature, state.finalize())
