"""Hostile input: messages changed along their structure never break anything but themselves.

Every run draws its own seed, prints it with a failure, and takes MUTATION_SEED to repeat one. Whatever the change,
`parse` answers or refuses with a named error, `verify` and `decrypt` answer; a changed signature is never good over
another content, and no change makes AES-GCM give out a byte that was not encrypted.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable

import pytest

from smime import cms, der
from smime.decrypt import DecryptionStatus, decrypt
from smime.encrypt import ContentCipher, enveloped_data
from smime.errors import SmimeError
from smime.key_transport import KeyTransport
from smime.sign import signed_data
from smime.verify import SignatureStatus, verify

from .forge import CONTENT, attributes_over, signed_by
from .people import AT, person

# pyca warns of names beyond their size and of serial numbers below one, and reads them
pytestmark = [
    pytest.mark.filterwarnings("ignore:Attribute's length"),
    pytest.mark.filterwarnings("ignore:Parsed a serial number"),
]

SEED = int(os.environ.get("MUTATION_SEED", random.SystemRandom().randrange(1 << 32)))
SECONDS = float(os.environ.get("MUTATION_SECONDS", "1"))
FEWEST = 20
SLOWEST = 2.0  # seconds for one message, the limit for all parsers here
KEYS = [person(kind).decryption for kind in ("rsa-2048", "p-256", "x25519", "ml-kem-768")]
CANDIDATES = (person("p-256").certificate, person("rsa-2048").certificate)


def seeds() -> dict[str, bytes]:
    """One message of each shape."""
    signing = [person("p-256").signing, person("rsa-2048").signing]
    to_all = [key.certificate for key in KEYS]
    rsa = [person("rsa-2048").certificate]
    return {
        "opaque": signed_data(CONTENT, signers=signing, at=AT, detached=False, encryption_certificate=rsa[0]),
        "detached": signed_data(CONTENT, signers=signing[:1], at=AT, detached=True),
        "pss": signed_data(CONTENT, signers=signing[1:], at=AT, detached=False, pss=True),
        "ed25519": signed_data(CONTENT, signers=[person("ed25519").signing], at=AT, detached=False),
        "ml-dsa": signed_data(CONTENT, signers=[person("ml-dsa-65").signing], at=AT, detached=False),
        "plain attributes": signed_by(person("p-256"), attributes_over(CONTENT)),
        "gcm": enveloped_data(CONTENT, recipients=to_all, cipher=ContentCipher.AES_256_GCM),
        "cbc": enveloped_data(CONTENT, recipients=to_all, cipher=ContentCipher.AES_256_CBC),
        "oaep": enveloped_data(
            CONTENT,
            recipients=rsa,
            cipher=ContentCipher.AES_256_GCM,
            key_transport=KeyTransport.OAEP_SHA256,
        ),
        "bound": enveloped_data(CONTENT, recipients=rsa, cipher=ContentCipher.AES_256_CBC, cek_hkdf=True),
    }


# --- changes along the structure: what comes out is mostly well-formed, so it reaches the deep places -------------------

Change = Callable[[random.Random, "list[Node]"], None]


class Node:
    """One value of a message as a tree that can be changed and written again."""

    def __init__(self, element: der.Element) -> None:
        self.tag = element.tag
        self.children: list[Node] = []
        self.content = element.content
        if self.tag & der.CONSTRUCTED:
            self.children = [Node(child) for child in element.reader().each()]

    def walk(self) -> list[Node]:
        return [self, *(node for child in self.children for node in child.walk())]

    def encode(self, chance: random.Random, ber: bool) -> bytes:
        body = b"".join(child.encode(chance, ber) for child in self.children) or self.content
        if ber and self.tag & der.CONSTRUCTED and chance.random() < 0.5:
            return bytes((self.tag, 0x80)) + body + b"\x00\x00"
        return der.tlv(self.tag, body)


def duplicate(chance: random.Random, nodes: list[Node]) -> None:
    parent = _parent(chance, nodes)
    if parent:
        parent.children.insert(chance.randrange(len(parent.children) + 1), chance.choice(parent.children))


def remove(chance: random.Random, nodes: list[Node]) -> None:
    parent = _parent(chance, nodes)
    if parent:
        del parent.children[chance.randrange(len(parent.children))]
        parent.content = b""


def shuffle(chance: random.Random, nodes: list[Node]) -> None:
    parent = _parent(chance, nodes)
    if parent:
        chance.shuffle(parent.children)


def transplant(chance: random.Random, nodes: list[Node]) -> None:
    parent, other = _parent(chance, nodes), chance.choice(nodes)
    if parent and parent not in other.walk():
        parent.children[chance.randrange(len(parent.children))] = other


def retag(chance: random.Random, nodes: list[Node]) -> None:
    chance.choice(nodes).tag = chance.choice(
        [0x02, 0x04, 0x06, 0x24, 0x30, 0x31, 0x80, 0xA0, 0xA1, 0xA2, 0x00, 0x1F]
    )


def flip(chance: random.Random, nodes: list[Node]) -> None:
    leaf = _leaf(chance, nodes)
    if leaf.content:
        at = chance.randrange(len(leaf.content))
        leaf.content = (
            leaf.content[:at] + bytes((leaf.content[at] ^ 1 << chance.randrange(8),)) + leaf.content[at + 1 :]
        )


def resize(chance: random.Random, nodes: list[Node]) -> None:
    leaf = _leaf(chance, nodes)
    leaf.content = chance.choice(
        [b"", leaf.content[:-1], leaf.content + b"\x00", leaf.content * 2, b"\xff" * 9]
    )


def swap_identifier(chance: random.Random, nodes: list[Node]) -> None:
    identifiers = [node for node in nodes if node.tag == der.OBJECT_IDENTIFIER]
    if len(identifiers) > 1:
        chance.choice(identifiers).content = chance.choice(identifiers).content


def _parent(chance: random.Random, nodes: list[Node]) -> Node | None:
    parents = [node for node in nodes if node.children]
    return chance.choice(parents) if parents else None


def _leaf(chance: random.Random, nodes: list[Node]) -> Node:
    return chance.choice([node for node in nodes if not node.children])


CHANGES: list[Change] = [duplicate, remove, shuffle, transplant, retag, flip, resize, swap_identifier]


def mutant(chance: random.Random, seed: bytes) -> bytes:
    tree = Node(der.Reader(seed).next())
    for _ in range(chance.choice([1, 1, 1, 2, 4])):
        chance.choice(CHANGES)(chance, tree.walk())
    encoded = tree.encode(chance, ber=chance.random() < 0.3)
    if chance.random() < 0.1:
        encoded = encoded[: chance.randrange(len(encoded))]
    return encoded


# --- what must hold ------------------------------------------------------------------------------------------------


def judge(encoded: bytes) -> None:
    try:
        message = cms.parse(encoded)
    except SmimeError:
        return
    if isinstance(message, cms.SignedData):
        _judge_signed(message)
    elif isinstance(message, cms.EnvelopedData | cms.AuthEnvelopedData):
        _judge_enveloped(message)


def _judge_signed(message: cms.SignedData) -> None:
    # An embedded content is judged as it is, a detached one over a content that nobody signed.
    result = verify(
        message, detached_content=None if message.content is not None else b"another", candidates=CANDIDATES
    )
    for signer in result.signers:
        assert signer.status is not SignatureStatus.GOOD or result.content == CONTENT
        assert signer.status is SignatureStatus.GOOD or signer.findings
        assert signer.certificate is not None or signer.status in (
            SignatureStatus.NO_CERTIFICATE,
            SignatureStatus.BAD,
            SignatureStatus.WEAK,
            SignatureStatus.UNSUPPORTED,
        )


def _judge_enveloped(message: cms.EnvelopedData | cms.AuthEnvelopedData) -> None:
    result = decrypt(message, keys=KEYS, locked=CANDIDATES)
    assert (result.content is None) == (result.status is not DecryptionStatus.OK)
    assert not result.authenticated or result.content == CONTENT
    assert result.status is DecryptionStatus.OK or len(result.findings) == 1


@pytest.mark.parametrize("shape", list(seeds()))
def test_no_change_of_a_message_breaks_anything(shape: str) -> None:
    print(f"MUTATION_SEED={SEED}")
    chance = random.Random(f"{SEED} {shape}")
    seed = seeds()[shape]
    until = time.monotonic() + SECONDS
    count = 0
    while count < FEWEST or time.monotonic() < until:
        encoded = mutant(chance, seed)
        began = time.process_time()
        try:
            judge(encoded)
        except BaseException:
            print(f"after {count} mutants: {encoded.hex()}")
            raise
        assert time.process_time() - began < SLOWEST
        count += 1


def test_the_judge_notices_a_forged_good_signature(monkeypatch: pytest.MonkeyPatch) -> None:
    """The counter-proof: a verifier that forgets the digest is caught."""
    from smime import verify as verifier

    def forgetful(self: object, signer: cms.SignerInfo) -> bytes:
        from smime.signed_attributes import message_digest

        assert signer.signed_attributes is not None
        return message_digest(signer.signed_attributes) or b""

    monkeypatch.setattr(verifier._Judge, "_digest", forgetful)
    with pytest.raises(AssertionError):
        judge(seeds()["opaque"].replace(b"Hello", b"Hallo"))
