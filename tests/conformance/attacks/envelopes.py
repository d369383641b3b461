"""Envelopes taken apart and put together again with something changed (RFC 5652 §6.1, RFC 5083 §2.1).

Mallory has no key: everything here is done to octets that anyone on the way sees.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from smime import der, oids
from smime.identifiers import AlgorithmIdentifier

BLOCK = 16


@dataclass(frozen=True)
class Envelope:
    """The parts of EnvelopedData or AuthEnvelopedData; `mac` is empty for the former."""

    content_type: str
    version: bytes
    recipients: tuple[bytes, ...]
    algorithm: AlgorithmIdentifier
    octets: bytes
    mac: bytes

    @classmethod
    def take_apart(cls, encoded: bytes) -> Envelope:
        """From a ContentInfo as this project writes it: no originator, no attributes."""
        outer = der.Reader(encoded).next(der.SEQUENCE).reader()
        content_type = outer.next(der.OBJECT_IDENTIFIER).oid()
        fields = outer.next(der.context(0)).reader().next(der.SEQUENCE).reader()
        version = fields.next(der.INTEGER).raw
        recipients = tuple(entry.raw for entry in fields.next(der.SET).reader().each())
        content = fields.next(der.SEQUENCE).reader()
        content.next(der.OBJECT_IDENTIFIER)
        algorithm = AlgorithmIdentifier.read(content.next(der.SEQUENCE))
        octets = content.next().content
        mac = fields.optional(der.OCTET_STRING)
        return cls(content_type, version, recipients, algorithm, octets, mac.content if mac else b"")

    def put_together(self) -> bytes:
        """The ContentInfo again."""
        content = der.sequence(
            der.oid(oids.DATA),
            self.algorithm.to_der(),
            der.tlv(der.context(0, constructed=False), self.octets),
        )
        tail = der.octet_string(self.mac) if self.content_type == oids.AUTH_ENVELOPED_DATA else b""
        inner = der.sequence(self.version, der.tlv(der.SET, *self.recipients), content, tail)
        return der.sequence(der.oid(self.content_type), der.tlv(der.context(0), inner))

    @property
    def iv(self) -> bytes:
        """The initialisation vector of CBC."""
        return der.Reader(self.algorithm.parameters or b"").next(der.OCTET_STRING).content

    def with_iv(self, iv: bytes) -> Envelope:
        """The same with another initialisation vector."""
        return replace(self, algorithm=AlgorithmIdentifier(self.algorithm.oid, der.octet_string(iv)))

    def with_keys(self, change: Callable[[bytes], bytes]) -> Envelope:
        """The encrypted key of every recipient changed: the last OCTET STRING of each way."""
        return replace(self, recipients=tuple(_change_last(entry, change) for entry in self.recipients))


def _change_last(encoded: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """`encoded` with its last primitive value changed, at any depth."""
    element = der.Reader(encoded).next()
    if not element.tag & der.CONSTRUCTED:
        return der.tlv(element.tag, change(element.content))
    *before, last = (child.raw for child in element.reader().each())
    return der.tlv(element.tag, *before, _change_last(last, change))


def xor(*texts: bytes) -> bytes:
    """Octet by octet, as far as the shortest."""
    result = []
    for octets in zip(*texts, strict=False):
        value = 0
        for octet in octets:
            value ^= octet
        result.append(value)
    return bytes(result)


def gadget(envelope: Envelope, known: bytes, wanted: bytes) -> bytes:
    """Ciphertext of CBC that decrypts to a random block before every block of `wanted` (Poddebniak et al., 2018).

    `known` are the first sixteen octets of the plaintext: those of a MIME header are always guessed.
    """
    first = envelope.octets[:BLOCK]
    chosen = [wanted[at : at + BLOCK].ljust(BLOCK) for at in range(0, len(wanted), BLOCK)]
    return b"".join(xor(envelope.iv, known, block) + first for block in chosen)
