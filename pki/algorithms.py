"""Signature algorithms: what we write by key, and how strong what we read is (RFC 4055, 5758, 8410, 6194).
 `signature_strength` names the state of an algorithm that a certificate or list is signed with; `sign`-side
encodings are complete AlgorithmIdentifier values in DER.
"""

from __future__ import annotations

from enum import StrEnum

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from .keys import PublicKey, SigningPrivateKey, describe
from .parsing import PARSE_ERRORS


class Strength(StrEnum):
    """State of an algorithm for reading: accepted, read-only (checked, never relied on) or refused."""

    ACCEPTED = "accepted"
    READ_ONLY = "read-only"
    REFUSED = "refused"


RSA_FLOOR_BITS = 2048
RSA_CEILING_BITS = 8192
RSA_EXPONENT_CEILING = 1 << 64

_SIGNATURE_ALGORITHM = {
    "rsa": bytes.fromhex("300d06092a864886f70d01010b0500"),  # sha256WithRSAEncryption, NULL (RFC 4055 §5)
    "secp256r1": bytes.fromhex(
        "300a06082a8648ce3d040302"
    ),  # ecdsa-with-SHA256, no parameters (RFC 5758 §3.2)
    "secp384r1": bytes.fromhex("300a06082a8648ce3d040303"),
    "secp521r1": bytes.fromhex("300a06082a8648ce3d040304"),
    "Ed25519": bytes.fromhex("300506032b6570"),  # RFC 8410 §3
    "ML-DSA-44": bytes.fromhex("300b0609608648016503040311"),  # RFC 9881 §2
    "ML-DSA-65": bytes.fromhex("300b0609608648016503040312"),
    "ML-DSA-87": bytes.fromhex("300b0609608648016503040313"),
}
_CURVE_DIGEST: dict[str, type[hashes.SHA256] | type[hashes.SHA384] | type[hashes.SHA512]] = {
    "secp256r1": hashes.SHA256,
    "secp384r1": hashes.SHA384,
    "secp521r1": hashes.SHA512,
}


def signing_digest(
    key: SigningPrivateKey | PublicKey,
) -> hashes.SHA256 | hashes.SHA384 | hashes.SHA512 | None:
    """The digest this key signs with; None when the algorithm brings its own (Ed25519, ML-DSA)."""
    if isinstance(key, rsa.RSAPrivateKey | rsa.RSAPublicKey):
        return hashes.SHA256()
    if isinstance(key, ec.EllipticCurvePrivateKey | ec.EllipticCurvePublicKey):
        return _CURVE_DIGEST[key.curve.name]()
    return None


def signature_algorithm(key: SigningPrivateKey) -> bytes:
    """DER AlgorithmIdentifier of the signatures this key makes."""
    if isinstance(key, rsa.RSAPrivateKey):
        return _SIGNATURE_ALGORITHM["rsa"]
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return _SIGNATURE_ALGORITHM[key.curve.name]
    return _SIGNATURE_ALGORITHM[describe(key.public_key())]


def signature_strength(signed: x509.Certificate | x509.CertificateRevocationList) -> Strength:
    """How far a signature on this object can be relied on.

    MD2 and MD5 are refused; SHA-1 is computed but never relied on (RFC 6194); unknown algorithms are refused.
    """
    try:
        digest = signed.signature_hash_algorithm
    except PARSE_ERRORS:  # an unknown identifier, or parameters that cannot be parsed
        return Strength.REFUSED
    if (
        digest is None
        or digest.name in {"sha224", "sha256", "sha384", "sha512"}
        or digest.name.startswith("sha3")
    ):
        return Strength.ACCEPTED
    return Strength.READ_ONLY if digest.name == "sha1" else Strength.REFUSED


def key_strength(key: PublicKey) -> Strength:
    """How far a public key can be relied on: RSA 2048 to 8192 with a sane exponent, the NIST curves,
    Edwards and Montgomery curves, module lattices.
    """
    if isinstance(key, rsa.RSAPublicKey):
        exponent = key.public_numbers().e
        if key.key_size > RSA_CEILING_BITS or exponent % 2 == 0 or exponent > RSA_EXPONENT_CEILING:
            return Strength.REFUSED
        return Strength.ACCEPTED if key.key_size >= RSA_FLOOR_BITS else Strength.READ_ONLY
    if isinstance(key, ec.EllipticCurvePublicKey):
        return Strength.ACCEPTED if key.curve.key_size >= 256 else Strength.READ_ONLY
    return Strength.ACCEPTED
