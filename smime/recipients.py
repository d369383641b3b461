"""RecipientInfo: how the content key reaches each reader (RFC 5652 §6.2, RFC 5753, RFC 9629 §3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from . import der, oids
from .errors import Malformed, OverBudget
from .identifiers import AlgorithmIdentifier, CertificateReference, IssuerAndSerial, KeyIdentifier

MAX_RECIPIENTS = 2000

RecipientId: TypeAlias = CertificateReference

_KEY_AGREEMENT = der.context(1)
_KEK = der.context(2)
_PASSWORD = der.context(3)
_OTHER = der.context(4)
_KEY_IDENTIFIER = der.context(0, constructed=False)


@dataclass(frozen=True, slots=True)
class KeyTransRecipient:
    """The content key encrypted to an RSA key."""

    rid: RecipientId
    algorithm: AlgorithmIdentifier
    encrypted_key: bytes

    @property
    def rids(self) -> tuple[RecipientId, ...]:
        return (self.rid,)


@dataclass(frozen=True, slots=True)
class OriginatorKey:
    """The sender's ephemeral public key: its algorithm and the octets of its BIT STRING."""

    algorithm: AlgorithmIdentifier
    public_key: bytes


@dataclass(frozen=True, slots=True)
class KeyAgreeRecipient:
    """The content key wrapped under a key agreed with one or several EC or X25519 keys.

    `originator` is None where the sender used a static key of a certificate, which is not read here.
    """

    originator: OriginatorKey | None
    ukm: bytes | None
    algorithm: AlgorithmIdentifier
    encrypted_keys: tuple[tuple[RecipientId, bytes], ...]

    @property
    def rids(self) -> tuple[RecipientId, ...]:
        return tuple(rid for rid, _ in self.encrypted_keys)


@dataclass(frozen=True, slots=True)
class KemRecipient:
    """The content key wrapped under a key that was derived from an encapsulated secret (RFC 9629 §3)."""

    rid: RecipientId
    kem: AlgorithmIdentifier
    ciphertext: bytes
    kdf: AlgorithmIdentifier
    kek_octets: int
    ukm: bytes | None
    wrap: AlgorithmIdentifier
    encrypted_key: bytes

    @property
    def rids(self) -> tuple[RecipientId, ...]:
        return (self.rid,)


@dataclass(frozen=True, slots=True)
class UnsupportedRecipient:
    """A way that is not read here, named; the other recipients are unaffected (RFC 5652 §6.2).

    `rid` is None where the form names no certificate (a password, a shared key).
    """

    kind: str
    rid: RecipientId | None = None

    @property
    def rids(self) -> tuple[RecipientId, ...]:
        return () if self.rid is None else (self.rid,)


RecipientInfo: TypeAlias = KeyTransRecipient | KeyAgreeRecipient | KemRecipient | UnsupportedRecipient
_POST_QUANTUM_KEMS = {oids.ML_KEM_512, oids.ML_KEM_768, oids.ML_KEM_1024}


def all_post_quantum(recipients: tuple[RecipientInfo, ...]) -> bool:
    """Whether no recipient's way to the content key falls to a quantum computer: one other way opens all."""
    return bool(recipients) and all(
        isinstance(recipient, KemRecipient) and recipient.kem.oid in _POST_QUANTUM_KEMS
        for recipient in recipients
    )


def recipient_ids(recipients: tuple[RecipientInfo, ...]) -> tuple[RecipientId, ...]:
    """Whom a message names, in order."""
    return tuple(rid for recipient in recipients for rid in recipient.rids)


def read_recipients(element: der.Element) -> tuple[RecipientInfo, ...]:
    """A SET OF RecipientInfo, counted before it is looked into. Never empty (RFC 5652 §6.1)."""
    children = der.count_children(element, MAX_RECIPIENTS, "recipients")
    if not children:
        raise Malformed("it is encrypted to nobody")
    found: list[RecipientInfo] = []
    total = 0
    for child in children:
        found.append(_recipient_info(child))
        total += max(len(found[-1].rids), 1)
        if total > MAX_RECIPIENTS:
            raise OverBudget("recipients", MAX_RECIPIENTS)
    return tuple(found)


def _recipient_info(element: der.Element) -> RecipientInfo:
    if element.tag == der.SEQUENCE:
        return _key_transport(element.reader())
    if element.tag == _KEY_AGREEMENT:
        return _key_agreement(element.reader())
    if element.tag == _KEK:
        return UnsupportedRecipient("a key shared in advance")
    if element.tag == _PASSWORD:
        return UnsupportedRecipient("a password")
    if element.tag == _OTHER:
        return _other(element.reader())
    return UnsupportedRecipient(f"recipient form [{element.tag & 0x1F}]")


def _key_transport(fields: der.Reader) -> KeyTransRecipient:
    fields.next(der.INTEGER).small_integer()
    rid = fields.next(der.SEQUENCE, _KEY_IDENTIFIER)
    algorithm = AlgorithmIdentifier.read(fields.next(der.SEQUENCE))
    encrypted_key = fields.next(der.OCTET_STRING).content
    fields.finish()
    return KeyTransRecipient(_recipient_identifier(rid), algorithm, encrypted_key)


def _recipient_identifier(element: der.Element) -> RecipientId:
    return IssuerAndSerial.read(element) if element.tag == der.SEQUENCE else KeyIdentifier(element.content)


def _key_agreement(fields: der.Reader) -> KeyAgreeRecipient:
    fields.next(der.INTEGER).small_integer()
    wrapper = fields.next(der.context(0)).reader()
    originator = _originator(wrapper.next())
    wrapper.finish()
    ukm = _ukm(fields.optional(der.context(1)))
    algorithm = AlgorithmIdentifier.read(fields.next(der.SEQUENCE))
    keys = der.count_children(fields.next(der.SEQUENCE), MAX_RECIPIENTS, "recipients")
    fields.finish()
    return KeyAgreeRecipient(originator, ukm, algorithm, tuple(map(_recipient_encrypted_key, keys)))


def _originator(element: der.Element) -> OriginatorKey | None:
    if element.tag != der.context(1):
        return None
    fields = element.reader()
    algorithm = AlgorithmIdentifier.read(fields.next(der.SEQUENCE))
    public_key = fields.next(der.BIT_STRING).bit_string()
    fields.finish()
    return OriginatorKey(algorithm, public_key)


def _ukm(element: der.Element | None) -> bytes | None:
    if element is None:
        return None
    inside = element.reader()
    value = inside.next(der.OCTET_STRING).content
    inside.finish()
    return value


def _recipient_encrypted_key(element: der.Element) -> tuple[RecipientId, bytes]:
    fields = element.reader()
    rid = fields.next(der.SEQUENCE, der.context(0))
    encrypted_key = fields.next(der.OCTET_STRING).content
    fields.finish()
    if rid.tag == der.SEQUENCE:
        return IssuerAndSerial.read(rid), encrypted_key
    # RecipientKeyIdentifier; its date and other are for key stores that we do not have.
    return KeyIdentifier(rid.reader().next(der.OCTET_STRING).content), encrypted_key


def _other(fields: der.Reader) -> RecipientInfo:
    kind = fields.next(der.OBJECT_IDENTIFIER).oid()
    if kind != oids.KEM_RECIPIENT_INFO:
        return UnsupportedRecipient(f"recipient information {kind}")
    info = fields.next(der.SEQUENCE).reader()
    fields.finish()
    info.next(der.INTEGER).small_integer()
    recipient = KemRecipient(
        rid=_recipient_identifier(info.next(der.SEQUENCE, _KEY_IDENTIFIER)),
        kem=AlgorithmIdentifier.read(info.next(der.SEQUENCE)),
        ciphertext=info.next(der.OCTET_STRING).content,
        kdf=AlgorithmIdentifier.read(info.next(der.SEQUENCE)),
        kek_octets=info.next(der.INTEGER).small_integer(),
        ukm=_ukm(info.optional(der.context(0))),
        wrap=AlgorithmIdentifier.read(info.next(der.SEQUENCE)),
        encrypted_key=info.next(der.OCTET_STRING).content,
    )
    info.finish()
    return recipient
