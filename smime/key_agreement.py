"""Ephemeral-static ECDH on the NIST curves and X25519 (RFC 5753, RFC 8418).

A shared secret Z goes through a key derivation bound to the wrap algorithm (ECC-CMS-SharedInfo), and the derived key
wraps the content key (RFC 3394).
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from enum import StrEnum

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pki.keys import PrivateKey

from . import der, key_wrap, oids
from .errors import Malformed, Unsupported
from .identifiers import AlgorithmIdentifier, IssuerAndSerial
from .key_wrap import KeyRefused
from .recipients import KeyAgreeRecipient, OriginatorKey

_KARI_VERSION = 3
_UKM_OCTETS = 32
_X25519_OCTETS = 32


class _Kdf(StrEnum):
    X963 = "X9.63"
    HKDF = "HKDF"


_SCHEMES: dict[str, tuple[_Kdf, hashes.HashAlgorithm]] = {
    # SHA-1 in this place is a key derivation, not a signature, and what OpenSSL 3.0 writes.
    oids.STD_DH_SHA1: (_Kdf.X963, hashes.SHA1()),  # noqa: S303
    oids.STD_DH_SHA224: (_Kdf.X963, hashes.SHA224()),
    oids.STD_DH_SHA256: (_Kdf.X963, hashes.SHA256()),
    oids.STD_DH_SHA384: (_Kdf.X963, hashes.SHA384()),
    oids.STD_DH_SHA512: (_Kdf.X963, hashes.SHA512()),
    # The NIST curves and X25519 as used here have cofactor 1 or clear it: the same mathematics.
    oids.COFACTOR_DH_SHA1: (_Kdf.X963, hashes.SHA1()),  # noqa: S303
    oids.COFACTOR_DH_SHA224: (_Kdf.X963, hashes.SHA224()),
    oids.COFACTOR_DH_SHA256: (_Kdf.X963, hashes.SHA256()),
    oids.COFACTOR_DH_SHA384: (_Kdf.X963, hashes.SHA384()),
    oids.COFACTOR_DH_SHA512: (_Kdf.X963, hashes.SHA512()),
    oids.STD_DH_HKDF_SHA256: (_Kdf.HKDF, hashes.SHA256()),
    oids.STD_DH_HKDF_SHA384: (_Kdf.HKDF, hashes.SHA384()),
    oids.STD_DH_HKDF_SHA512: (_Kdf.HKDF, hashes.SHA512()),
}


@dataclass(frozen=True, slots=True)
class Agreement:
    """A key agreement as a message declares it, recognised before any key is touched."""

    scheme: str
    wrap: AlgorithmIdentifier
    originator: OriginatorKey
    ukm: bytes | None

    @property
    def weak(self) -> bool:
        """Whether the wrap is weaker than what an accepted cipher promises (RFC 8551 §2.3)."""
        return self.wrap.oid in key_wrap.WEAK_WRAPS

    def unwrap(self, private_key: PrivateKey, encrypted_key: bytes) -> bytes:
        """The content key for `private_key`. Raises KeyRefused, for whatever reason."""
        try:
            secret = _shared_secret(private_key, self.originator.public_key)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise KeyRefused from None
        octets = key_wrap.KEY_OCTETS[self.wrap.oid]
        for key_info in self._key_infos():
            kek = _derive(self.scheme, secret, key_info, self.ukm, octets)
            with contextlib.suppress(KeyRefused):
                return key_wrap.unwrap(self.wrap, kek, encrypted_key)
        raise KeyRefused

    def _key_infos(self) -> tuple[bytes, ...]:
        """As received first: a peer that wrote NULL into the wrap's parameters derived over it as well."""
        received, canonical = self.wrap.to_der(), AlgorithmIdentifier(self.wrap.oid).to_der()
        return (received,) if received == canonical else (received, canonical)


def read(recipient: KeyAgreeRecipient) -> Agreement:
    """Raises Unsupported for a scheme or wrap that is not known, Malformed for one that makes no sense."""
    if recipient.algorithm.oid not in _SCHEMES:
        raise Unsupported(f"key agreement with {recipient.algorithm.title}", code="encryption-unsupported")
    if recipient.originator is None:
        raise Unsupported("key agreement with a static key of the sender", code="encryption-unsupported")
    if recipient.algorithm.parameters is None:
        raise Malformed("a key agreement without its wrap algorithm", citation="RFC 5753 §7.2")
    wrap = AlgorithmIdentifier.read(der.Reader(recipient.algorithm.parameters).next(der.SEQUENCE))
    key_wrap.require_known(wrap)
    return Agreement(recipient.algorithm.oid, wrap, recipient.originator, recipient.ukm)


def _shared_secret(private_key: PrivateKey, public_key: bytes) -> bytes:
    """Z: the X coordinate at full length, or the output of X25519. Raises ValueError or TypeError.

    The curve is the recipient's (RFC 5753 §3.1.1). pyca checks that the point is on it and not at infinity, and that
    X25519 does not come out as zero (RFC 8418 §2).
    """
    if isinstance(private_key, x25519.X25519PrivateKey):
        if len(public_key) == _X25519_OCTETS + 2 and public_key[:2] == b"\x04\x20":
            public_key = public_key[2:]  # some write the OCTET STRING that RFC 8418 §3.2 speaks of
        return private_key.exchange(x25519.X25519PublicKey.from_public_bytes(public_key))
    if isinstance(private_key, ec.EllipticCurvePrivateKey):
        peer = ec.EllipticCurvePublicKey.from_encoded_point(private_key.curve, public_key)
        return private_key.exchange(ec.ECDH(), peer)
    raise TypeError


def _derive(scheme: str, secret: bytes, key_info: bytes, ukm: bytes | None, octets: int) -> bytes:
    """The key encryption key (RFC 5753 §7.2, RFC 8418 §2.2)."""
    shared_info = der.sequence(
        key_info,
        b"" if ukm is None else der.tlv(der.context(0), der.octet_string(ukm)),
        der.tlv(der.context(2), der.octet_string((octets * 8).to_bytes(4, "big"))),
    )
    kdf, digest = _SCHEMES[scheme]
    if kdf is _Kdf.X963:
        return X963KDF(digest, octets, shared_info).derive(secret)
    return HKDF(digest, octets, ukm, shared_info).derive(secret)


# --- writing --------------------------------------------------------------------------------------------------

_CURVE_SCHEMES = {
    "secp256r1": oids.STD_DH_SHA256,
    "secp384r1": oids.STD_DH_SHA384,
    "secp521r1": oids.STD_DH_SHA512,
}


def recipient_info(
    certificate: x509.Certificate,
    public_key: x25519.X25519PublicKey | ec.EllipticCurvePublicKey,
    content_key: bytes,
) -> bytes:
    """A KeyAgreeRecipientInfo for one certificate, under a fresh ephemeral key and AES-256 key wrap.

    A curve must be P-256, P-384 or P-521. One of these per recipient: nothing in it tells that
    there are others.
    """
    if isinstance(public_key, x25519.X25519PublicKey):
        scheme, secret, originator = _x25519_offer(public_key)
    else:
        scheme, secret, originator = _curve_offer(public_key)
    ukm = os.urandom(_UKM_OCTETS)
    wrap = key_wrap.WRITTEN.to_der()
    kek = _derive(scheme, secret, wrap, ukm, key_wrap.KEY_OCTETS[key_wrap.WRITTEN.oid])
    encrypted = der.octet_string(key_wrap.wrap(kek, content_key))
    return der.tlv(
        der.context(1),
        der.integer(_KARI_VERSION),
        der.tlv(der.context(0), der.retag(originator, der.context(1))),
        der.tlv(der.context(1), der.octet_string(ukm)),
        AlgorithmIdentifier(scheme, wrap).to_der(),
        der.sequence(der.sequence(IssuerAndSerial.of(certificate).to_der(), encrypted)),
    )


def _originator_key(algorithm: str, public_key: bytes) -> bytes:
    """OriginatorPublicKey; the algorithm without parameters, because the curve is the recipient's."""
    return der.sequence(AlgorithmIdentifier(algorithm).to_der(), der.bit_string(public_key))


def _x25519_offer(public_key: x25519.X25519PublicKey) -> tuple[str, bytes, bytes]:
    ephemeral = x25519.X25519PrivateKey.generate()
    octets = ephemeral.public_key().public_bytes_raw()
    return oids.STD_DH_HKDF_SHA256, ephemeral.exchange(public_key), _originator_key(oids.X25519, octets)


def _curve_offer(public_key: ec.EllipticCurvePublicKey) -> tuple[str, bytes, bytes]:
    ephemeral = ec.generate_private_key(public_key.curve)
    point = ephemeral.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    secret = ephemeral.exchange(ec.ECDH(), public_key)
    return _CURVE_SCHEMES[public_key.curve.name], secret, _originator_key(oids.EC_PUBLIC_KEY, point)
