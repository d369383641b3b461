"""RSA key transport: PKCS#1 v1.5 and OAEP (RFC 3370 §4.2.1, RFC 3560, RFC 8017 §7)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from pki.keys import PrivateKey

from . import der, oids
from .errors import Unsupported
from .identifiers import AlgorithmIdentifier, IssuerAndSerial
from .key_wrap import KeyRefused
from .rsa_parameters import OaepParameters
from .signatures import DIGESTS

_OAEP_DIGESTS = {oid: DIGESTS[oid] for oid in (oids.SHA1, oids.SHA224, oids.SHA256, oids.SHA384, oids.SHA512)}
_KTRI_VERSION = 0  # the recipient is named by issuer and serial number


class KeyTransport(StrEnum):
    """How the content key is encrypted to an RSA key."""

    PKCS1_V15 = "RSA PKCS#1 v1.5"
    OAEP_SHA256 = "RSA-OAEP SHA-256"


@dataclass(frozen=True, slots=True)
class Transport:
    """A key transport as a message declares it, recognised before any key is touched."""

    scheme: padding.AsymmetricPadding

    @property
    def weak(self) -> bool:
        """Never: what a short key is worth is judged from the key."""
        return False

    def unwrap(self, private_key: PrivateKey, encrypted_key: bytes) -> bytes:
        """What `private_key` makes of it. Raises KeyRefused, for whatever reason.

        For PKCS#1 v1.5 the answer to a wrong padding is not an error but random octets of random length
        (implicit rejection): the caller must not tell them from a key.
        """
        if not isinstance(private_key, rsa.RSAPrivateKey):
            raise KeyRefused
        try:
            return private_key.decrypt(encrypted_key, self.scheme)
        except (ValueError, UnsupportedAlgorithm):
            raise KeyRefused from None

    @property
    def rejects_silently(self) -> bool:
        """Whether a wrong padding must stay invisible until the content fails (RFC 8017 §7.2.2, RFC 3218)."""
        return isinstance(self.scheme, padding.PKCS1v15)


def read(algorithm: AlgorithmIdentifier) -> Transport:
    """Raises Unsupported for a scheme that is not known, Malformed for parameters that make no sense."""
    if algorithm.oid == oids.RSA_ENCRYPTION:
        return Transport(padding.PKCS1v15())
    if algorithm.oid == oids.RSAES_OAEP:
        return Transport(_oaep(OaepParameters.read(algorithm)))
    raise Unsupported(f"key transport with {algorithm.title}", code="encryption-unsupported")


def _oaep(parameters: OaepParameters) -> padding.OAEP:
    digest, mask = _OAEP_DIGESTS.get(parameters.digest), _OAEP_DIGESTS.get(parameters.mask_digest)
    if digest is None or mask is None:
        name = oids.title(parameters.digest if digest is None else parameters.mask_digest)
        raise Unsupported(f"RSA-OAEP with {name}", code="encryption-unsupported")
    return padding.OAEP(mgf=padding.MGF1(mask), algorithm=digest, label=parameters.label or None)


_WRITTEN: dict[KeyTransport, AlgorithmIdentifier] = {
    KeyTransport.PKCS1_V15: AlgorithmIdentifier(oids.RSA_ENCRYPTION, der.NULL_VALUE),
    KeyTransport.OAEP_SHA256: AlgorithmIdentifier(
        oids.RSAES_OAEP, OaepParameters(oids.SHA256, oids.SHA256).to_der()
    ),
}


def recipient_info(
    certificate: x509.Certificate, public_key: rsa.RSAPublicKey, content_key: bytes, transport: KeyTransport
) -> bytes:
    """A KeyTransRecipientInfo for one certificate."""
    algorithm = _WRITTEN[transport]
    return der.sequence(
        der.integer(_KTRI_VERSION),
        IssuerAndSerial.of(certificate).to_der(),
        algorithm.to_der(),
        der.octet_string(public_key.encrypt(content_key, read(algorithm).scheme)),
    )
