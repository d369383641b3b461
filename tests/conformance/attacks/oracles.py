"""Questions to a decrypting reader: why did it fail (RFC 3218; RFC 8017 §7.2.2; Bleichenbacher, Manger, Vaudenay).

A `Question` is an envelope to Bob with one fault. Every fault of the key and, under GCM, of the content has to be
answered in exactly the same way as a letter that is not for him at all.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from smime.decrypt import DecryptionKey
from smime.encrypt import ContentCipher, enveloped_data
from smime.key_transport import KeyTransport
from tests.conformance.attacks.envelopes import BLOCK, Envelope
from tests.conformance.attacks.exfiltration import send
from tests.conformance.attacks.structures import leaf
from tests.smime.people import Person, person

CONTENT = b"Content-Type: text/plain\r\n\r\n" + b"the merger is on Friday\r\n" * 20

# Each way that a content key takes: the kind of Bob's key, and the transport where it is RSA.
WAYS: dict[str, tuple[str, KeyTransport]] = {
    "PKCS#1 v1.5": ("rsa-2048", KeyTransport.PKCS1_V15),
    "OAEP": ("rsa-2048", KeyTransport.OAEP_SHA256),
    "ECDH P-256": ("p-256", KeyTransport.PKCS1_V15),
    "ECDH P-384": ("p-384", KeyTransport.PKCS1_V15),
    "X25519": ("x25519", KeyTransport.PKCS1_V15),
    "ML-KEM-768": ("ml-kem-768", KeyTransport.PKCS1_V15),
}
RSA_WAYS = ("PKCS#1 v1.5", "OAEP")


def reader(way: str) -> Person:
    """Bob, with a key of that kind."""
    return person(WAYS[way][0], "Bob", 31)


def honest(way: str, cipher: ContentCipher, content: bytes = CONTENT) -> Envelope:
    """A good envelope to him."""
    transport = WAYS[way][1]
    to = [reader(way).certificate]
    return Envelope.take_apart(enveloped_data(content, recipients=to, cipher=cipher, key_transport=transport))


# --- faults -------------------------------------------------------------------------------------------------------------

Change = Callable[[bytes, random.Random], bytes]
CHANGES: dict[str, Change] = {
    "first bit": lambda octets, _: bytes((octets[0] ^ 0x80,)) + octets[1:],
    "last bit": lambda octets, _: octets[:-1] + bytes((octets[-1] ^ 1,)),
    "any bit": lambda octets, chance: _flipped(octets, chance.randrange(len(octets) * 8)),
    "random": lambda octets, chance: chance.randbytes(len(octets)),
    "zeros": lambda octets, _: bytes(len(octets)),
    "ones": lambda octets, _: b"\xff" * len(octets),
    "shorter": lambda octets, _: octets[:-1],
    "a block less": lambda octets, _: octets[:-16],
    "longer": lambda octets, _: octets + b"\0",
    "empty": lambda octets, _: b"",
    "one octet": lambda octets, _: octets[:1],
    "turned": lambda octets, _: octets[::-1],
}
# What stands under PKCS#1 v1.5, exactly: the questions of Bleichenbacher's attack.
PADDINGS: dict[str, Callable[[int, random.Random], bytes]] = {
    "conforming, 16 octets": lambda size, chance: _block(size, chance, chance.randbytes(16)),
    "conforming, 24 octets": lambda size, chance: _block(size, chance, chance.randbytes(24)),
    "conforming, another key": lambda size, chance: _block(size, chance, chance.randbytes(32)),
    "conforming, nothing": lambda size, chance: _block(size, chance, b""),
    "conforming, 200 octets": lambda size, chance: _block(size, chance, chance.randbytes(200)),
    "wrong type": lambda size, chance: _block(size, chance, chance.randbytes(32), kind=1),
    "wrong lead": lambda size, chance: _block(size, chance, chance.randbytes(32), lead=1),
    "no separator": lambda size, chance: b"\0\2" + bytes(chance.choices(range(1, 256), k=size - 2)),
    "early separator": lambda size, chance: b"\0\2" + b"\1" * 3 + b"\0" + chance.randbytes(size - 6),
}


def _flipped(octets: bytes, bit: int) -> bytes:
    changed = bytearray(octets)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def _block(size: int, chance: random.Random, message: bytes, *, kind: int = 2, lead: int = 0) -> bytes:
    fill = bytes(chance.choices(range(1, 256), k=size - 3 - len(message)))
    return bytes((lead, kind)) + fill + b"\0" + message


@dataclass(frozen=True)
class Question:
    """One fault in one part of an envelope."""

    way: str
    cipher: ContentCipher
    part: str
    fault: str

    def cms(self, chance: random.Random) -> bytes:
        """The object that asks."""
        envelope = honest(self.way, self.cipher)
        return _PARTS[self.part](envelope, self, chance).put_together()

    def letter(self, chance: random.Random) -> bytes:
        """The same as a letter."""
        return send(leaf("application/pkcs7-mime", self.cms(chance)), "mallory@contoso.example")

    @property
    def must_fail(self) -> bool:
        """CBC proves nothing: a changed content may come out as other words, without any error."""
        return self.part != "content" or self.cipher is ContentCipher.AES_256_GCM


def _changed_key(envelope: Envelope, question: Question, chance: random.Random) -> Envelope:
    change = CHANGES[question.fault]
    return envelope.with_keys(lambda octets: change(octets, chance))


def _changed_content(envelope: Envelope, question: Question, chance: random.Random) -> Envelope:
    return replace(envelope, octets=CHANGES[question.fault](envelope.octets, chance))


def _changed_tag(envelope: Envelope, question: Question, chance: random.Random) -> Envelope:
    return replace(envelope, mac=CHANGES[question.fault](envelope.mac, chance))


def _of_another_letter(envelope: Envelope, question: Question, chance: random.Random) -> Envelope:
    """The recipients of another letter to Bob: a good key, and not this content's."""
    del chance
    return replace(envelope, recipients=honest(question.way, question.cipher).recipients)


def _padded(envelope: Envelope, question: Question, chance: random.Random) -> Envelope:
    key = reader(question.way).private_key
    assert isinstance(key, rsa.RSAPrivateKey)
    numbers = key.public_key().public_numbers()
    size = key.key_size // 8
    block = PADDINGS[question.fault](size, chance)
    encrypted = pow(int.from_bytes(block, "big") % numbers.n, numbers.e, numbers.n).to_bytes(size, "big")
    return envelope.with_keys(lambda _: encrypted)


def _of_another_size(envelope: Envelope, question: Question, chance: random.Random) -> Envelope:
    """A content key that is properly wrapped and fits no AES-256."""
    return envelope.with_keys(lambda _: _wrapped(question.way, chance.randbytes(int(question.fault))))


def _lucky(envelope: Envelope, question: Question, chance: random.Random) -> Envelope:
    """A wrong content key, properly wrapped, under which the padding of the last block happens to be right."""
    *_, before, last = (envelope.octets[at : at + BLOCK] for at in range(0, len(envelope.octets), BLOCK))
    while True:
        key = chance.randbytes(32)
        decryptor = Cipher(algorithms.AES256(key), modes.CBC(before)).decryptor()
        fill = decryptor.update(last)[-1]
        if fill == 1:
            wrapped = _wrapped(question.way, key)
            return envelope.with_keys(lambda _, wrapped=wrapped: wrapped)  # type: ignore[misc]


def _wrapped(way: str, key: bytes) -> bytes:
    public_key = reader(way).certificate.public_key()
    assert isinstance(public_key, rsa.RSAPublicKey)
    oaep = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)
    return public_key.encrypt(key, oaep if way == "OAEP" else padding.PKCS1v15())


_PARTS = {
    "key": _changed_key,
    "content": _changed_content,
    "tag": _changed_tag,
    "recipients": _of_another_letter,
    "padding": _padded,
    "size": _of_another_size,
    "luck": _lucky,
}


def questions() -> list[Question]:
    """All of them."""
    ciphers = tuple(ContentCipher)
    found = [
        Question(way, cipher, part, fault)
        for way, cipher, part, fault in itertools.product(WAYS, ciphers, ("key", "content", "tag"), CHANGES)
        if part != "tag" or cipher is ContentCipher.AES_256_GCM
    ]
    found += [Question(way, cipher, "recipients", "") for way, cipher in itertools.product(WAYS, ciphers)]
    found += [
        Question("PKCS#1 v1.5", cipher, "padding", fault)
        for cipher, fault in itertools.product(ciphers, PADDINGS)
    ]
    found += [
        Question(way, cipher, "size", size)
        for way, cipher, size in itertools.product(
            RSA_WAYS, ciphers, ("0", "1", "16", "24", "31", "33", "64")
        )
    ]
    return found + lucky()


def lucky() -> list[Question]:
    """The one question in 256 that CBC itself does not refuse."""
    return [Question(way, ContentCipher.AES_256_CBC, "luck", "") for way in RSA_WAYS]


def bobs_keys(way: str) -> tuple[DecryptionKey, ...]:
    """What the reader tries."""
    return (reader(way).decryption,)
