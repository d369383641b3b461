"""Checking the signature on a certificate or list with a public key (RFC 5280 §4.1.1.3, RFC 4055, 5758,
8410, 9881).

Unlike pyca's `verify_directly_issued_by`, names are not compared here: RFC 5280 §7.1 compares them more
leniently than byte by byte, and that is the path builder's matter.
"""

from __future__ import annotations

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from cryptography.x509.oid import SignatureAlgorithmOID

from .keys import MlDsaPublicKey, PublicKey, describe

_UNHASHED_KEYS = ed25519.Ed25519PublicKey | ed448.Ed448PublicKey | MlDsaPublicKey
_SHA1 = hashes.SHA1()  # noqa: S303 - reading only; what it is worth is `algorithms.signature_strength`'s matter
_RSA_DIGESTS: dict[x509.ObjectIdentifier, hashes.HashAlgorithm] = {
    SignatureAlgorithmOID.RSA_WITH_SHA1: _SHA1,
    SignatureAlgorithmOID.RSA_WITH_SHA224: hashes.SHA224(),
    SignatureAlgorithmOID.RSA_WITH_SHA256: hashes.SHA256(),
    SignatureAlgorithmOID.RSA_WITH_SHA384: hashes.SHA384(),
    SignatureAlgorithmOID.RSA_WITH_SHA512: hashes.SHA512(),
}
_UNHASHED = {  # these sign the message itself
    SignatureAlgorithmOID.ED25519: "Ed25519",
    SignatureAlgorithmOID.ED448: "Ed448",
    x509.ObjectIdentifier("2.16.840.1.101.3.4.3.17"): "ML-DSA-44",
    x509.ObjectIdentifier("2.16.840.1.101.3.4.3.18"): "ML-DSA-65",
    x509.ObjectIdentifier("2.16.840.1.101.3.4.3.19"): "ML-DSA-87",
}
_ECDSA_DIGESTS: dict[x509.ObjectIdentifier, hashes.HashAlgorithm] = {
    SignatureAlgorithmOID.ECDSA_WITH_SHA1: _SHA1,
    SignatureAlgorithmOID.ECDSA_WITH_SHA224: hashes.SHA224(),
    SignatureAlgorithmOID.ECDSA_WITH_SHA256: hashes.SHA256(),
    SignatureAlgorithmOID.ECDSA_WITH_SHA384: hashes.SHA384(),
    SignatureAlgorithmOID.ECDSA_WITH_SHA512: hashes.SHA512(),
}
_DSA_DIGESTS: dict[x509.ObjectIdentifier, hashes.HashAlgorithm] = {
    SignatureAlgorithmOID.DSA_WITH_SHA1: _SHA1,
    SignatureAlgorithmOID.DSA_WITH_SHA224: hashes.SHA224(),
    SignatureAlgorithmOID.DSA_WITH_SHA256: hashes.SHA256(),
    SignatureAlgorithmOID.DSA_WITH_SHA384: hashes.SHA384(),
    SignatureAlgorithmOID.DSA_WITH_SHA512: hashes.SHA512(),
}


def verify_certificate_signature(certificate: x509.Certificate, issuer_key: PublicKey) -> None:
    """Raise `InvalidSignature`, `UnsupportedAlgorithm`, `ValueError` or `TypeError` unless the key signed
    it.
    """
    verify_signature(
        issuer_key,
        certificate.signature,
        certificate.tbs_certificate_bytes,
        certificate.signature_algorithm_oid,
        certificate.signature_algorithm_parameters,
    )


def verify_signature(
    key: PublicKey,
    signature: bytes,
    signed: bytes,
    algorithm: x509.ObjectIdentifier,
    parameters: padding.PSS | padding.PKCS1v15 | ec.ECDSA | None,
) -> None:
    """Check one signature under the algorithm that the object declares; a key of another kind never fits."""
    if isinstance(key, rsa.RSAPublicKey) and isinstance(parameters, padding.PSS):
        # RFC 4055 §3.1: the mask generation's digest is the signature's own
        key.verify(signature, signed, parameters, parameters.mgf._algorithm)
    elif isinstance(key, rsa.RSAPublicKey) and algorithm in _RSA_DIGESTS:
        key.verify(signature, signed, padding.PKCS1v15(), _RSA_DIGESTS[algorithm])
    elif isinstance(key, ec.EllipticCurvePublicKey) and algorithm in _ECDSA_DIGESTS:
        key.verify(signature, signed, ec.ECDSA(_ECDSA_DIGESTS[algorithm]))
    elif _UNHASHED.get(algorithm) == describe(key) and isinstance(key, _UNHASHED_KEYS):
        key.verify(signature, signed)
    elif isinstance(key, dsa.DSAPublicKey) and algorithm in _DSA_DIGESTS:
        key.verify(signature, signed, _DSA_DIGESTS[algorithm])
    else:
        raise InvalidSignature
