"""Opening EnvelopedData and AuthEnvelopedData (RFC 5652 §6, RFC 5083) with every key that a person ever had.

What can be told before a key is used is told: an algorithm that is not known is named. From then on there is one
answer for every failure, in text, in findings and, as far as Python allows, in time: a content key that did not
come out is replaced by a random one and the content is tried all the same (RFC 3218, RFC 8017 §7.2.2).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from cryptography import x509

from pki.algorithms import Strength, key_strength
from pki.findings import Finding, error, info, warning
from pki.keys import PrivateKey

from . import content_encryption, key_agreement, key_encapsulation, key_transport, oids, signed_attributes
from .cms import AuthEnvelopedData, EnvelopedData
from .content_encryption import ContentAlgorithm, ContentRefused
from .errors import Malformed, Unsupported
from .identifiers import CertificateIndex
from .key_agreement import Agreement
from .key_encapsulation import Encapsulation
from .key_transport import Transport
from .key_wrap import KeyRefused
from .octets import Source, View, part_of
from .recipients import (
    KemRecipient,
    KeyTransRecipient,
    RecipientId,
    RecipientInfo,
    UnsupportedRecipient,
    all_post_quantum,
    recipient_ids,
)

MAX_ATTEMPTS = 20  # private key operations on one message; an honest one needs one


@dataclass(frozen=True)
class DecryptionKey:
    """A person's key with the certificate that others encrypt to. The key never appears in its representation."""

    private_key: PrivateKey = field(repr=False)
    certificate: x509.Certificate


class DecryptionStatus(StrEnum):
    """OK: open. FAIL: not for these keys, or damaged. LOCKED: a key of this person is named but not unlocked."""

    OK = "ok"
    FAIL = "fail"
    LOCKED = "locked"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True)
class Decrypted:
    """What came out.

    `authenticated` says that the content is as the encrypter wrote it (AEAD); it never says who that was. Without
    it, `content` may be anything: with CBC even a wrong key ends in octets now and then, and the caller must answer
    content that is no MIME entity exactly as FAIL. `recipients` are all that the message names. `post_quantum`
    says that every one of them, and not only this reader, receives the key by ML-KEM; it says nothing of a signature.
    """

    status: DecryptionStatus
    content: Source | None = field(repr=False)
    authenticated: bool
    algorithm: str
    weak: bool
    recipients: tuple[RecipientId, ...]
    key_certificate: x509.Certificate | None
    findings: tuple[Finding, ...]
    post_quantum: bool = False


FAILED = error(
    "decryption-failed",
    "This letter cannot be decrypted: it is not for a key of yours, or it is damaged.",
    citation="RFC 5652 §6",
    remedy="If a key of yours was lost, ask your administrator to recover it; else ask the sender to send again "
    "with your current certificate.",
    owner="you",
)
LOCKED = warning(
    "key-locked",
    "This letter is encrypted to you, and your key is locked.",
    remedy="Unlock your key with your PIN.",
    owner="you",
)
_WEAK = warning(
    "encryption-weak",
    "The letter was encrypted with an old method; others may be able to read it.",
    citation="RFC 8551 §2.7, App. B",
    remedy="Ask the sender to encrypt with AES to your current certificate.",
    owner="sender",
)
_GCM_IN_ENVELOPED_DATA = info(
    "aead-in-enveloped-data",
    "The sender's program put authenticated encryption where the standard forbids it; the letter is treated as "
    "not protected against changes.",
    citation="RFC 8551 §3.3, RFC 5083 §1",
    owner="sender",
)


def decrypt(
    enveloped: EnvelopedData | AuthEnvelopedData,
    *,
    keys: Sequence[DecryptionKey],
    locked: Sequence[x509.Certificate] = (),
) -> Decrypted:
    """Open `enveloped` with whichever of `keys` it names.

    `locked` are certificates whose keys exist but are not unlocked: if the message names one of them and no open key
    fits, the status is LOCKED. Never raises for what is in the message.
    """
    recipients = recipient_ids(enveloped.recipients)
    title = enveloped.encrypted.algorithm.title
    try:
        algorithm = content_encryption.read(enveloped.encrypted.algorithm)
        sealed = _sealed(enveloped, algorithm)
    except Unsupported as unsupported:
        return _closed(DecryptionStatus.UNSUPPORTED, title, recipients, unsupported.finding)
    except Malformed:
        return _closed(DecryptionStatus.FAIL, title, recipients, FAILED)
    own = CertificateIndex(keys, lambda key: key.certificate)
    opened = sealed.open(own, enveloped.recipients)
    if opened is not None:
        return _opened(enveloped, algorithm, recipients, *opened)
    waiting = CertificateIndex(locked, lambda certificate: certificate)
    if any(waiting.find(rid) for rid in recipients):
        return _closed(DecryptionStatus.LOCKED, algorithm.title, recipients, LOCKED)
    unsupported_way = _unsupported_way(enveloped.recipients, own)
    if unsupported_way is not None:
        return _closed(DecryptionStatus.UNSUPPORTED, algorithm.title, recipients, unsupported_way)
    return _closed(DecryptionStatus.FAIL, algorithm.title, recipients, FAILED)


def _closed(
    status: DecryptionStatus, algorithm: str, recipients: tuple[RecipientId, ...], finding: Finding
) -> Decrypted:
    return Decrypted(status, None, False, algorithm, False, recipients, None, (finding,))


def _opened(
    enveloped: EnvelopedData | AuthEnvelopedData,
    algorithm: ContentAlgorithm,
    recipients: tuple[RecipientId, ...],
    content: Source,
    key: DecryptionKey,
    weak_way: bool,
) -> Decrypted:
    misplaced = algorithm.authenticated and isinstance(enveloped, EnvelopedData)
    weak_key = key_strength(key.private_key.public_key()) is not Strength.ACCEPTED
    weak = algorithm.weak or weak_way or weak_key
    findings = [*([_WEAK] if weak else []), *([_GCM_IN_ENVELOPED_DATA] if misplaced else [])]
    return Decrypted(
        status=DecryptionStatus.OK,
        content=content,
        authenticated=algorithm.authenticated and not misplaced,
        algorithm=algorithm.title,
        weak=weak,
        recipients=recipients,
        key_certificate=key.certificate,
        findings=tuple(findings),
        post_quantum=not weak and all_post_quantum(enveloped.recipients),
    )


@dataclass(frozen=True, slots=True)
class _Sealed:
    """The ciphertext with all that opening it needs, but the key."""

    algorithm: ContentAlgorithm
    octets: View
    tag: bytes
    aad: bytes

    def open(
        self, keys: CertificateIndex[DecryptionKey], recipients: Sequence[RecipientInfo]
    ) -> tuple[Source, DecryptionKey, bool] | None:
        """(content, the key that fitted, whether its way is a weak one), or None."""
        for attempt, (key, way, encrypted_key) in enumerate(_ways(keys, recipients)):
            if attempt == MAX_ATTEMPTS:
                break
            try:
                return self._try(key, way, encrypted_key), key, way.weak
            except ContentRefused:
                continue
        return None

    def _try(self, key: DecryptionKey, way: _Way, encrypted_key: bytes) -> Source:
        content_key = os.urandom(self.algorithm.key_octets)
        genuine = way.rejects_silently if isinstance(way, Transport) else False
        try:
            found = way.unwrap(key.private_key, encrypted_key)
        except KeyRefused:
            pass
        else:
            if len(found) == len(content_key):
                content_key, genuine = found, True
        content = self.algorithm.open(content_key, self.octets, tag=self.tag, aad=self.aad)
        if not genuine:
            raise ContentRefused  # OAEP and key wrap know for certain; only the time was still owed
        return content


_Way: TypeAlias = Transport | Agreement | Encapsulation


def _sealed(enveloped: EnvelopedData | AuthEnvelopedData, algorithm: ContentAlgorithm) -> _Sealed:
    octets = enveloped.encrypted.octets
    if octets is None:
        raise Malformed("the encrypted content is not there")
    if isinstance(enveloped, AuthEnvelopedData):
        if not algorithm.authenticated:
            raise Unsupported(
                f"{algorithm.title} in an authenticated envelope", code="encryption-unsupported"
            )
        if len(enveloped.mac) != algorithm.tag_octets:
            raise Malformed("an authentication tag of another size than announced", citation="RFC 5084 §3")
        return _Sealed(algorithm, octets, enveloped.mac, _additional_data(enveloped))
    if algorithm.authenticated:  # where others append the tag to the ciphertext
        cut = max(len(octets) - algorithm.tag_octets, 0)
        tag = bytes(part_of(octets, cut, len(octets)))
        return _Sealed(algorithm, part_of(octets, 0, cut), tag, b"")
    return _Sealed(algorithm, octets, b"", b"")


def _additional_data(enveloped: AuthEnvelopedData) -> bytes:
    """The authenticated attributes in DER order under their universal tag; nothing if there are none.

    They have to name the type of the content, and may be left out for id-data only (RFC 5083 §2.1, §2.2).
    """
    attributes = enveloped.authenticated_attributes
    named = oids.DATA if attributes is None else signed_attributes.content_type(attributes)
    if named != enveloped.encrypted.content_type:
        raise Malformed("authenticated attributes that name another content", citation="RFC 5083 §2.1")
    return b"" if attributes is None else attributes.in_der_order()


def _ways(
    keys: CertificateIndex[DecryptionKey], recipients: Sequence[RecipientInfo]
) -> Iterator[tuple[DecryptionKey, _Way, bytes]]:
    """Every (key, way, encrypted key) where the message names the key's certificate and the way is known."""
    for recipient in recipients:
        for rid, encrypted_key in _named(recipient):
            for key in keys.find(rid):
                way = _known_way(recipient)
                if way is not None:
                    yield key, way, encrypted_key


def _named(recipient: RecipientInfo) -> tuple[tuple[RecipientId, bytes], ...]:
    if isinstance(recipient, UnsupportedRecipient):
        return ()
    if isinstance(recipient, KeyTransRecipient | KemRecipient):
        return ((recipient.rid, recipient.encrypted_key),)
    return recipient.encrypted_keys


def _known_way(recipient: RecipientInfo) -> _Way | None:
    try:
        return _way(recipient)
    except (Unsupported, Malformed):
        return None


def _way(recipient: RecipientInfo) -> _Way:
    if isinstance(recipient, KeyTransRecipient):
        return key_transport.read(recipient.algorithm)
    if isinstance(recipient, KemRecipient):
        return key_encapsulation.read(recipient)
    if isinstance(recipient, UnsupportedRecipient):
        raise Unsupported(recipient.kind)
    return key_agreement.read(recipient)


def _unsupported_way(
    recipients: Sequence[RecipientInfo], keys: CertificateIndex[DecryptionKey]
) -> Finding | None:
    """The finding of a way that is not known, if that is why a letter for these keys stays closed.

    It depends on the message's names and algorithms only, never on what a key made of it.
    """
    nothing_known = all(_known_way(recipient) is None for recipient in recipients)
    for recipient in recipients:
        if nothing_known or any(map(keys.find, recipient.rids)):
            try:
                _way(recipient)
            except (Unsupported, Malformed) as unknown:
                return unknown.finding
    return None
