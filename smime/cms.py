"""Cryptographic Message Syntax: from bytes to structure (RFC 5652, RFC 5083, RFC 3274).

`parse` takes DER, BER or PEM and answers with one of four structures. It does no cryptography and gives no verdict:
the counts of certificates, lists, signers and recipients are checked against their budgets before any of them is
looked into, and everything below that level stays a span of bytes until somebody needs it.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from . import ber, der, oids
from .attributes import Attributes
from .base64_text import decoded_strictly
from .errors import Malformed, OverBudget, Unsupported
from .identifiers import AlgorithmIdentifier, CertificateReference, IssuerAndSerial, KeyIdentifier
from .octets import Source, View, cut, search
from .recipients import RecipientInfo, read_recipients

MAX_CERTIFICATES = 50
MAX_CERTIFICATE_OCTETS = 64 * 1024
MAX_CRLS = 20
MAX_SIGNERS = 5
MAX_DIGEST_ALGORITHMS = 32


@dataclass(frozen=True, slots=True)
class SignerInfo:
    """One signature (RFC 5652 §5.3)."""

    version: int
    sid: CertificateReference
    digest_algorithm: AlgorithmIdentifier
    signed_attributes: Attributes | None
    signature_algorithm: AlgorithmIdentifier
    signature: bytes
    unsigned_attributes: Attributes | None


@dataclass(frozen=True, slots=True)
class SignedData:
    """RFC 5652 §5.1. `content` is None for a detached signature; certificates and lists are DER, not yet judged.

    `other_certificates` counts attribute certificates and other forms, which are not read.
    """

    version: int
    digest_algorithms: tuple[AlgorithmIdentifier, ...]
    content_type: str
    content: View | None
    certificates: tuple[bytes, ...]
    crls: tuple[bytes, ...]
    signers: tuple[SignerInfo, ...]
    other_certificates: int = 0


@dataclass(frozen=True, slots=True)
class EncryptedContent:
    """EncryptedContentInfo (RFC 5652 §6.1). `octets` is None where the ciphertext travels separately."""

    content_type: str
    algorithm: AlgorithmIdentifier
    octets: View | None


@dataclass(frozen=True, slots=True)
class EnvelopedData:
    """RFC 5652 §6.1: encrypted, nothing proves that it is unchanged."""

    version: int
    recipients: tuple[RecipientInfo, ...]
    encrypted: EncryptedContent


@dataclass(frozen=True, slots=True)
class AuthEnvelopedData:
    """RFC 5083 §2.1: encrypted and authenticated."""

    version: int
    recipients: tuple[RecipientInfo, ...]
    encrypted: EncryptedContent
    authenticated_attributes: Attributes | None
    mac: bytes


@dataclass(frozen=True, slots=True)
class CompressedData:
    """RFC 3274 §1.1. Expanding it is the caller's affair, under the caller's budget."""

    algorithm: AlgorithmIdentifier
    content_type: str
    content: View


Content: TypeAlias = SignedData | EnvelopedData | AuthEnvelopedData | CompressedData


def parse(data: Source) -> Content:
    """Read one ContentInfo from DER, BER or PEM.

    Raises Malformed, Unsupported (a content type that is not read here, named) or OverBudget.
    """
    encoded = _without_armour(data)
    try:
        return _content_info(encoded)
    except Malformed:
        # Strict DER first, because nearly all mail is; what is not may still be BER (RFC 5652 allows it).
        normal, consumed = ber.normalise(encoded)
        _refuse_trailer(encoded, consumed)
        if normal == cut(encoded, 0, consumed):
            raise
        return _content_info(normal)


_ARMOUR_LABELS = (b"CMS", b"PKCS7", b"PKCS #7 SIGNED DATA")


def _without_armour(data: Source) -> Source:
    """The octets inside PEM armour (RFC 7468 §8, §9), or `data` itself."""
    if data[:1] == b"\x30" or b"-----BEGIN " not in data[:4096]:
        return data
    for label in _ARMOUR_LABELS:
        begin = _find(b"-----BEGIN " + label + b"-----", data, 0)
        end = _find(b"-----END " + label + b"-----", data, begin[1]) if begin else None
        if begin and end:
            try:
                return decoded_strictly(data, begin[1], end[0])
            except binascii.Error as error:
                raise Malformed("its base64 text is not valid") from error
    raise Malformed("its PEM armour is not complete")


def _find(label: bytes, data: Source, start: int) -> tuple[int, int] | None:
    found = search(re.compile(re.escape(label)), data, start, len(data), len(label))
    return (found[0] + found[1].start(), found[0] + found[1].end()) if found else None


def _refuse_trailer(data: Source, end: int) -> None:
    """Transports pad with line ends and zeros; anything else behind the structure could hide content."""
    if data[end : end + 64].strip(b"\r\n\t \x00") or len(data) - end > 4096:
        raise Malformed("there is something behind its end")


def _content_info(data: Source) -> Content:
    top = der.Reader(data)
    outer = top.next(der.SEQUENCE)
    _refuse_trailer(data, outer.end)
    fields = outer.reader()
    content_type = fields.next(der.OBJECT_IDENTIFIER).oid()
    read = _READERS.get(content_type)
    if read is None:
        raise Unsupported(f"content of type {oids.title(content_type)}", code="content-type-unsupported")
    wrapper = fields.next(der.context(0)).reader()
    fields.finish()
    inner = wrapper.next(der.SEQUENCE)
    wrapper.finish()
    return read(inner.reader())


# --- SignedData -----------------------------------------------------------------------------------------------


def _signed_data(fields: der.Reader) -> SignedData:
    version = fields.next(der.INTEGER).small_integer()
    digests = der.count_children(fields.next(der.SET), MAX_DIGEST_ALGORITHMS, "digest algorithms")
    content_type, content = _encapsulated(fields.next(der.SEQUENCE))
    certificates, others = _certificates(fields.optional(der.context(0)))
    crls = _crls(fields.optional(der.context(1)))
    signers = der.count_children(fields.next(der.SET), MAX_SIGNERS, "signers")
    fields.finish()
    return SignedData(
        version=version,
        digest_algorithms=tuple(map(AlgorithmIdentifier.read, digests)),
        content_type=content_type,
        content=content,
        certificates=certificates,
        crls=crls,
        signers=tuple(map(_signer_info, signers)),
        other_certificates=others,
    )


def _encapsulated(element: der.Element) -> tuple[str, View | None]:
    """EncapsulatedContentInfo, and with it the wrapping of CompressedData: (eContentType, eContent)."""
    fields = element.reader()
    content_type = fields.next(der.OBJECT_IDENTIFIER).oid()
    wrapper = fields.optional(der.context(0))
    fields.finish()
    if wrapper is None:
        return content_type, None
    inside = wrapper.reader()
    content = inside.next(der.OCTET_STRING)
    inside.finish()
    return content_type, content.view


def _certificates(element: der.Element | None) -> tuple[tuple[bytes, ...], int]:
    if element is None:
        return (), 0
    choices = der.count_children(element, MAX_CERTIFICATES, "certificates")
    plain = [choice for choice in choices if choice.tag == der.SEQUENCE]
    if any(len(certificate) > MAX_CERTIFICATE_OCTETS for certificate in plain):
        raise OverBudget("octets in a certificate", MAX_CERTIFICATE_OCTETS)
    return tuple(certificate.raw for certificate in plain), len(choices) - len(plain)


def _crls(element: der.Element | None) -> tuple[bytes, ...]:
    if element is None:
        return ()
    choices = der.count_children(element, MAX_CRLS, "revocation lists")
    return tuple(choice.raw for choice in choices if choice.tag == der.SEQUENCE)


def _signer_info(element: der.Element) -> SignerInfo:
    if element.tag != der.SEQUENCE:
        raise Malformed("a signer is not a structure")
    fields = element.reader()
    version = fields.next(der.INTEGER).small_integer()
    sid = _signer_identifier(fields.next(der.SEQUENCE, der.context(0, constructed=False)))
    digest_algorithm = AlgorithmIdentifier.read(fields.next(der.SEQUENCE))
    signed = fields.optional(der.context(0))
    signature_algorithm = AlgorithmIdentifier.read(fields.next(der.SEQUENCE))
    signature = fields.next(der.OCTET_STRING).content
    unsigned = fields.optional(der.context(1))
    fields.finish()
    return SignerInfo(
        version=version,
        sid=sid,
        digest_algorithm=digest_algorithm,
        signed_attributes=None if signed is None else Attributes.read(signed),
        signature_algorithm=signature_algorithm,
        signature=signature,
        unsigned_attributes=None if unsigned is None else Attributes.read(unsigned),
    )


def _signer_identifier(element: der.Element) -> CertificateReference:
    return IssuerAndSerial.read(element) if element.tag == der.SEQUENCE else KeyIdentifier(element.content)


# --- the envelopes --------------------------------------------------------------------------------------------


def _enveloped_data(fields: der.Reader) -> EnvelopedData:
    version = fields.next(der.INTEGER).small_integer()
    fields.optional(der.context(0))  # originatorInfo: certificates of the sender, no use here
    recipients = read_recipients(fields.next(der.SET))
    encrypted = _encrypted_content(fields.next(der.SEQUENCE))
    fields.optional(der.context(1))  # unprotectedAttrs
    fields.finish()
    return EnvelopedData(version, recipients, encrypted)


def _auth_enveloped_data(fields: der.Reader) -> AuthEnvelopedData:
    version = fields.next(der.INTEGER).small_integer()
    fields.optional(der.context(0))
    recipients = read_recipients(fields.next(der.SET))
    encrypted = _encrypted_content(fields.next(der.SEQUENCE))
    attributes = fields.optional(der.context(1))
    mac = fields.next(der.OCTET_STRING).content
    fields.optional(der.context(2))
    fields.finish()
    authenticated = None if attributes is None else Attributes.read(attributes)
    return AuthEnvelopedData(version, recipients, encrypted, authenticated, mac)


def _encrypted_content(element: der.Element) -> EncryptedContent:
    fields = element.reader()
    content_type = fields.next(der.OBJECT_IDENTIFIER).oid()
    algorithm = AlgorithmIdentifier.read(fields.next(der.SEQUENCE))
    body = fields.optional(der.context(0, constructed=False), der.context(0))
    fields.finish()
    if body is None:
        return EncryptedContent(content_type, algorithm, None)
    return EncryptedContent(content_type, algorithm, body.octets())


def _compressed_data(fields: der.Reader) -> CompressedData:
    fields.next(der.INTEGER).small_integer()
    algorithm = AlgorithmIdentifier.read(fields.next(der.SEQUENCE))
    content_type, content = _encapsulated(fields.next(der.SEQUENCE))
    fields.finish()
    if content is None:
        raise Malformed("compressed data without content")
    return CompressedData(algorithm, content_type, content)


_READERS: dict[str, Callable[[der.Reader], Content]] = {
    oids.SIGNED_DATA: _signed_data,
    oids.ENVELOPED_DATA: _enveloped_data,
    oids.AUTH_ENVELOPED_DATA: _auth_enveloped_data,
    oids.COMPRESSED_DATA: _compressed_data,
}
