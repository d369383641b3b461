"""Key encapsulation with ML-KEM-768 and ML-KEM-1024 (RFC 9629, RFC 9936).

The recipient's public key encapsulates a shared secret; HKDF-SHA-256, bound to the wrap algorithm and its size,
derives the key that wraps the content key. A ciphertext that is not genuine yields another secret without an error
(FIPS 203 §6.3), which then fails to unwrap like any wrong key.
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from pki.keys import MlKemPrivateKey, MlKemPublicKey, PrivateKey, describe

from . import der, key_wrap, oids
from .errors import Malformed, Unsupported
from .identifiers import AlgorithmIdentifier, IssuerAndSerial
from .key_wrap import KeyRefused
from .recipients import KemRecipient

_KEMRI_VERSION = 0
_KINDS = {"ML-KEM-768": oids.ML_KEM_768, "ML-KEM-1024": oids.ML_KEM_1024}


@dataclass(frozen=True, slots=True)
class Encapsulation:
    """A key encapsulation as a message declares it, recognised before any key is touched."""

    kem: str
    ciphertext: bytes
    wrap: AlgorithmIdentifier
    ukm: bytes | None

    @property
    def weak(self) -> bool:
        """Never: only AES wraps are read."""
        return False

    def unwrap(self, private_key: PrivateKey, encrypted_key: bytes) -> bytes:
        """The content key for `private_key`. Raises KeyRefused, for whatever reason."""
        if not isinstance(private_key, MlKemPrivateKey) or _kem(private_key.public_key()) != self.kem:
            raise KeyRefused
        try:
            secret = private_key.decapsulate(self.ciphertext)
        except (ValueError, UnsupportedAlgorithm):  # a ciphertext of another length
            raise KeyRefused from None
        kek = _derive(secret, self.wrap, self.ukm)
        return key_wrap.unwrap(self.wrap, kek, encrypted_key)


def _kem(public_key: MlKemPublicKey) -> str:
    return _KINDS[describe(public_key)]


def read(recipient: KemRecipient) -> Encapsulation:
    """Raises Unsupported for a mechanism, derivation or wrap that is not known, Malformed where they contradict."""
    if recipient.kem.oid not in _KINDS.values():
        raise Unsupported(f"key encapsulation with {recipient.kem.title}", code="encryption-unsupported")
    if recipient.kdf.oid != oids.HKDF_SHA256:
        raise Unsupported(f"key derivation with {recipient.kdf.title}", code="encryption-unsupported")
    if recipient.wrap.oid in key_wrap.WEAK_WRAPS:
        raise Unsupported(f"key wrap with {recipient.wrap.title}", code="encryption-unsupported")
    key_wrap.require_known(recipient.wrap)
    if recipient.kek_octets != key_wrap.KEY_OCTETS[recipient.wrap.oid]:
        raise Malformed("a key size that does not go with its key wrap", citation="RFC 9629 §3")
    return Encapsulation(recipient.kem.oid, recipient.ciphertext, recipient.wrap, recipient.ukm)


def _derive(secret: bytes, wrap: AlgorithmIdentifier, ukm: bytes | None) -> bytes:
    """The key encryption key: no salt, CMSORIforKEMOtherInfo as info (RFC 9629 §5, RFC 9936 §2.2.1)."""
    octets = key_wrap.KEY_OCTETS[wrap.oid]
    info = der.sequence(
        wrap.to_der(),
        der.integer(octets),
        b"" if ukm is None else der.tlv(der.context(0), der.octet_string(ukm)),
    )
    return HKDF(hashes.SHA256(), octets, None, info).derive(secret)


# --- writing --------------------------------------------------------------------------------------------------


def recipient_info(certificate: x509.Certificate, public_key: MlKemPublicKey, content_key: bytes) -> bytes:
    """An OtherRecipientInfo with KEMRecipientInfo for one certificate: a fresh encapsulation, AES-256 key wrap."""
    secret, ciphertext = public_key.encapsulate()
    kek = _derive(secret, key_wrap.WRITTEN, None)
    info = der.sequence(
        der.integer(_KEMRI_VERSION),
        IssuerAndSerial.of(certificate).to_der(),
        AlgorithmIdentifier(_kem(public_key)).to_der(),
        der.octet_string(ciphertext),
        AlgorithmIdentifier(oids.HKDF_SHA256).to_der(),
        der.integer(len(kek)),
        key_wrap.WRITTEN.to_der(),
        der.octet_string(key_wrap.wrap(kek, content_key)),
    )
    return der.tlv(der.context(4), der.oid(oids.KEM_RECIPIENT_INFO), info)
