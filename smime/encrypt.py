"""Writing EnvelopedData and AuthEnvelopedData (RFC 5652 §6, RFC 5083, RFC 8551 §3.3, §3.4) with AES."""

from __future__ import annotations

import os
from collections.abc import Sequence
from enum import StrEnum
from typing import TypeAlias

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa, x25519

from pki.algorithms import RSA_FLOOR_BITS, Strength, key_strength
from pki.certificates import only_enciphers_keys
from pki.keys import MlKemPublicKey, describe

from . import content_encryption, der, key_agreement, key_encapsulation, key_transport, oids
from .errors import RefusedComposition
from .identifiers import display_name
from .key_transport import KeyTransport
from .octets import Content, Rope, joined
from .recipients import MAX_RECIPIENTS

_OTHER_RECIPIENT = der.context(4)
_CURVES = ("secp256r1", "secp384r1", "secp521r1")


ReceivingKey: TypeAlias = (
    rsa.RSAPublicKey | ec.EllipticCurvePublicKey | x25519.X25519PublicKey | MlKemPublicKey
)


class ContentCipher(StrEnum):
    """GCM makes AuthEnvelopedData; CBC makes EnvelopedData, which proves nothing by itself. Best first.

    AES-128 is for readers who say that they know nothing longer.
    """

    AES_256_GCM = "AES-256-GCM"
    AES_128_GCM = "AES-128-GCM"
    AES_256_CBC = "AES-256-CBC"
    AES_128_CBC = "AES-128-CBC"

    @property
    def authenticated(self) -> bool:
        """Whether the cipher itself proves that the content is unchanged."""
        return self in (ContentCipher.AES_256_GCM, ContentCipher.AES_128_GCM)

    @property
    def key_octets(self) -> int:
        """The length of its content key."""
        return 16 if self in (ContentCipher.AES_128_GCM, ContentCipher.AES_128_CBC) else 32


def enveloped_data(
    content: bytes,
    *,
    recipients: Sequence[x509.Certificate],
    cipher: ContentCipher,
    key_transport: KeyTransport = KeyTransport.PKCS1_V15,
    cek_hkdf: bool = False,
) -> bytes:
    """The octets of `envelope`."""
    return bytes(
        envelope(
            content, recipients=recipients, cipher=cipher, key_transport=key_transport, cek_hkdf=cek_hkdf
        )
    )


def envelope(
    content: Content,
    *,
    recipients: Sequence[x509.Certificate],
    cipher: ContentCipher,
    key_transport: KeyTransport = KeyTransport.PKCS1_V15,
    cek_hkdf: bool = False,
) -> Content:
    """A ContentInfo that each of `recipients` can open, in DER.

    One strength for all: a fresh content key, wrapped by RSA `key_transport`, ECDH, X25519 or ML-KEM as each
    certificate's key demands; `cek_hkdf` binds it to `cipher` (RFC 9709), for readers who know that. The caller has
    judged path, revocation and address, and has included the sender. Raises RefusedComposition for a certificate that
    cannot receive a key.
    """
    if not 0 < len(recipients) <= MAX_RECIPIENTS:
        raise RefusedComposition(
            f"A letter can be encrypted to 1 up to {MAX_RECIPIENTS} certificates, not to {len(recipients)}.",
            code="recipient-count",
            remedy="Send the letter in several parts.",
        )
    content_key = os.urandom(cipher.key_octets)
    infos = [_recipient_info(certificate, content_key, key_transport) for certificate in recipients]
    if cipher.authenticated:
        return _auth_enveloped(content_encryption.seal_gcm(content_key, content, cek_hkdf=cek_hkdf), infos)
    return _enveloped(content_encryption.seal_cbc(content_key, content, cek_hkdf=cek_hkdf), infos)


def _recipient_info(certificate: x509.Certificate, content_key: bytes, transport: KeyTransport) -> bytes:
    public_key = _receiving_key(certificate)
    if isinstance(public_key, rsa.RSAPublicKey):
        return key_transport.recipient_info(certificate, public_key, content_key, transport)
    if isinstance(public_key, MlKemPublicKey):
        return key_encapsulation.recipient_info(certificate, public_key, content_key)
    return key_agreement.recipient_info(certificate, public_key, content_key)


def _receiving_key(certificate: x509.Certificate) -> ReceivingKey:
    """The certificate's key, if it may receive: kind, size and keyUsage (RFC 8551 §4, RFC 5280 §4.2.1.3)."""
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        raise _unusable(certificate, "its key is of a kind that is not known here") from None
    if isinstance(key, ec.EllipticCurvePublicKey):
        if key.curve.name not in _CURVES:
            raise _unusable(certificate, f"its key, {describe(key)}, cannot receive encrypted mail")
    elif not isinstance(key, rsa.RSAPublicKey | x25519.X25519PublicKey | MlKemPublicKey):
        raise _unusable(certificate, f"its key, {describe(key)}, cannot receive encrypted mail")
    if isinstance(key, rsa.RSAPublicKey) and (
        key.key_size < RSA_FLOOR_BITS or key_strength(key) is not Strength.ACCEPTED
    ):
        raise _unusable(certificate, f"its key, {describe(key)}, is too weak")
    if not _usage_permits(certificate, key):
        lattice = f"its key usage is not keyEncipherment alone, as {describe(key)} demands (RFC 9935 §5)"
        plain = "it was not issued for encryption"
        raise _unusable(certificate, lattice if isinstance(key, MlKemPublicKey) else plain)
    return key


def _usage_permits(certificate: x509.Certificate, key: ReceivingKey) -> bool:
    """Whether keyUsage lets mail be encrypted to `key`; a certificate without the extension permits all."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return True
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return False
    if isinstance(key, MlKemPublicKey):
        return only_enciphers_keys(usage)
    return usage.key_encipherment if isinstance(key, rsa.RSAPublicKey) else usage.key_agreement


def _unusable(certificate: x509.Certificate, why: str) -> RefusedComposition:
    subject = display_name(certificate.subject.public_bytes())
    return RefusedComposition(
        f"Nothing can be encrypted to the certificate of {subject}: {why}. Nothing was sent.",
        code="recipient-certificate-unusable",
        citation="RFC 8551 §4, RFC 8550 §4.4.2",
        remedy="Ask the recipient for a current encryption certificate, for example in a signed letter.",
        owner="you",
    )


def _enveloped(sealed: content_encryption.Sealed, infos: list[bytes]) -> Content:
    # RFC 5652 §6.1: 3 with an OtherRecipientInfo, 0 if every recipient is a KeyTransRecipientInfo of version 0.
    forms = {recipient[0] for recipient in infos}
    version = 3 if _OTHER_RECIPIENT in forms else 0 if forms == {der.SEQUENCE} else 2
    inner = der.rope(der.SEQUENCE, der.integer(version), der.set_of(infos), _encrypted_content(sealed))
    return _content_info(oids.ENVELOPED_DATA, inner)


def _auth_enveloped(sealed: content_encryption.Sealed, infos: list[bytes]) -> Content:
    inner = der.rope(
        der.SEQUENCE,
        der.integer(0),
        der.set_of(infos),
        _encrypted_content(sealed),
        der.rope(der.OCTET_STRING, sealed.tag),  # in `mac`, never behind the ciphertext (RFC 5084 §3.2)
    )
    return _content_info(oids.AUTH_ENVELOPED_DATA, inner)


def _encrypted_content(sealed: content_encryption.Sealed) -> Rope:
    return der.rope(
        der.SEQUENCE,
        der.oid(oids.DATA),
        sealed.algorithm.to_der(),
        der.rope(der.context(0, constructed=False), sealed.octets),
    )


def _content_info(content_type: str, inner: Rope) -> Content:
    return joined(der.rope(der.SEQUENCE, der.oid(content_type), der.rope(der.context(0), inner)))
