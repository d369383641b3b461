"""Key pairs: generation, PKCS#8 (RFC 5958), description and identity by SHA-256 of the
SubjectPublicKeyInfo.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Any, TypeAlias

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, mldsa, mlkem, rsa, x448, x25519
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

from .errors import MalformedInput
from .findings import error

MlDsaPrivateKey: TypeAlias = mldsa.MLDSA44PrivateKey | mldsa.MLDSA65PrivateKey | mldsa.MLDSA87PrivateKey
MlDsaPublicKey: TypeAlias = mldsa.MLDSA44PublicKey | mldsa.MLDSA65PublicKey | mldsa.MLDSA87PublicKey
MlKemPrivateKey: TypeAlias = mlkem.MLKEM768PrivateKey | mlkem.MLKEM1024PrivateKey
MlKemPublicKey: TypeAlias = mlkem.MLKEM768PublicKey | mlkem.MLKEM1024PublicKey
SigningPrivateKey: TypeAlias = (
    rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | MlDsaPrivateKey
)
PrivateKey: TypeAlias = SigningPrivateKey | x25519.X25519PrivateKey | MlKemPrivateKey
PublicKey: TypeAlias = PublicKeyTypes


class KeyType(StrEnum):
    """The kinds of key this portal makes. Those from X25519 on stand in no profile of its own: a template opts in."""

    RSA_2048 = "rsa-2048"
    RSA_3072 = "rsa-3072"
    RSA_4096 = "rsa-4096"
    P256 = "p-256"
    P384 = "p-384"
    P521 = "p-521"
    ED25519 = "ed25519"
    X25519 = "x25519"
    ML_DSA_44 = "ml-dsa-44"
    ML_DSA_65 = "ml-dsa-65"
    ML_DSA_87 = "ml-dsa-87"
    ML_KEM_768 = "ml-kem-768"
    ML_KEM_1024 = "ml-kem-1024"

    @property
    def spoken(self) -> str:
        """As `describe` calls a key of this type: "RSA-3072", "EC P-256"."""
        if self in _CURVES:
            return f"EC {_CURVE_NAMES[_CURVES[self].name]}"
        return "Ed25519" if self is KeyType.ED25519 else self.value.upper()

    @property
    def is_rsa(self) -> bool:
        """Whether keys of this type can both sign and receive keys."""
        return self in _RSA_BITS

    @property
    def is_kem(self) -> bool:
        """Whether keys of this type receive keys by encapsulation, and do nothing else (RFC 9935 §5)."""
        return self in (KeyType.ML_KEM_768, KeyType.ML_KEM_1024)

    @property
    def can_sign(self) -> bool:
        """Whether keys of this type make signatures."""
        return not self.is_kem and self is not KeyType.X25519

    @property
    def can_encrypt(self) -> bool:
        """Whether mail can be encrypted to keys of this type."""
        return self.is_rsa or self.is_kem or self in _CURVES or self is KeyType.X25519


_RSA_BITS = {KeyType.RSA_2048: 2048, KeyType.RSA_3072: 3072, KeyType.RSA_4096: 4096}
_CURVES: dict[KeyType, ec.EllipticCurve] = {
    KeyType.P256: ec.SECP256R1(),
    KeyType.P384: ec.SECP384R1(),
    KeyType.P521: ec.SECP521R1(),
}
_CURVE_NAMES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}
_NAMED_KEYS: tuple[tuple[type, str], ...] = (
    (ed25519.Ed25519PublicKey, "Ed25519"),
    (ed448.Ed448PublicKey, "Ed448"),
    (x25519.X25519PublicKey, "X25519"),
    (x448.X448PublicKey, "X448"),
    (mldsa.MLDSA44PublicKey, "ML-DSA-44"),
    (mldsa.MLDSA65PublicKey, "ML-DSA-65"),
    (mldsa.MLDSA87PublicKey, "ML-DSA-87"),
    (mlkem.MLKEM768PublicKey, "ML-KEM-768"),
    (mlkem.MLKEM1024PublicKey, "ML-KEM-1024"),
)
_MODERN_KEYS: dict[KeyType, tuple[type[Any], type[Any]]] = {
    KeyType.ED25519: (ed25519.Ed25519PrivateKey, ed25519.Ed25519PublicKey),
    KeyType.X25519: (x25519.X25519PrivateKey, x25519.X25519PublicKey),
    KeyType.ML_DSA_44: (mldsa.MLDSA44PrivateKey, mldsa.MLDSA44PublicKey),
    KeyType.ML_DSA_65: (mldsa.MLDSA65PrivateKey, mldsa.MLDSA65PublicKey),
    KeyType.ML_DSA_87: (mldsa.MLDSA87PrivateKey, mldsa.MLDSA87PublicKey),
    KeyType.ML_KEM_768: (mlkem.MLKEM768PrivateKey, mlkem.MLKEM768PublicKey),
    KeyType.ML_KEM_1024: (mlkem.MLKEM1024PrivateKey, mlkem.MLKEM1024PublicKey),
}


def generate(key_type: KeyType) -> PrivateKey:
    """A fresh key pair from the operating system's generator. RSA takes tens of milliseconds and more."""
    if key_type in _RSA_BITS:
        return rsa.generate_private_key(public_exponent=65537, key_size=_RSA_BITS[key_type])
    if key_type in _CURVES:
        return ec.generate_private_key(_CURVES[key_type])
    private_key: PrivateKey = _MODERN_KEYS[key_type][0].generate()
    return private_key


def to_pkcs8(key: PrivateKey) -> bytes:
    """Unencrypted PKCS#8 in DER; the caller protects it. ML-DSA and ML-KEM keys are kept as their seed (RFC 9881 §6)."""
    return key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def from_pkcs8(der: bytes, *, verified: bool = False) -> PrivateKey:
    """Load an unencrypted PKCS#8 key.

    `verified=True` skips the consistency check of RSA keys (tens of milliseconds): only right for bytes whose
    integrity is already protected, such as an AEAD plaintext. Raises `MalformedInput`.
    """
    try:
        key = serialization.load_der_private_key(der, password=None, unsafe_skip_rsa_key_validation=verified)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise MalformedInput(_UNREADABLE_KEY) from None  # the cause may quote key bytes
    return known_private_key(key)


def known_private_key(key: object) -> PrivateKey:
    """Narrow any key to the kinds this portal handles. Raises `MalformedInput`."""
    if isinstance(key, PrivateKey):
        return key
    raise MalformedInput(_UNREADABLE_KEY)


_UNREADABLE_KEY = error(
    "key-unreadable",
    "This is not a private key that the portal can use.",
    remedy="Supply an RSA, P-256, P-384, P-521, Ed25519, X25519, ML-DSA or ML-KEM key in PKCS#8 or PKCS#12 form.",
    owner="you",
)


def describe(public_key: PublicKey) -> str:
    """A short name for people, such as "RSA-3072" or "EC P-256"."""
    if isinstance(public_key, rsa.RSAPublicKey):
        return f"RSA-{public_key.key_size}"
    if isinstance(public_key, ec.EllipticCurvePublicKey):
        return f"EC {_CURVE_NAMES.get(public_key.curve.name, public_key.curve.name)}"
    if isinstance(public_key, dsa.DSAPublicKey):
        return f"DSA-{public_key.key_size}"
    return next(
        (name for kind, name in _NAMED_KEYS if isinstance(public_key, kind)), type(public_key).__name__
    )


def key_type(public_key: PublicKey) -> KeyType | None:
    """The portal's key type of a public key; None for kinds we do not issue to."""
    if isinstance(public_key, rsa.RSAPublicKey):
        return next((kind for kind, bits in _RSA_BITS.items() if bits == public_key.key_size), None)
    if isinstance(public_key, ec.EllipticCurvePublicKey):
        return next((kind for kind, curve in _CURVES.items() if curve.name == public_key.curve.name), None)
    return next((kind for kind, (_, public) in _MODERN_KEYS.items() if isinstance(public_key, public)), None)


def spki(public_key: PublicKey) -> bytes:
    """DER SubjectPublicKeyInfo."""
    return public_key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def spki_sha256(public_key: PublicKey) -> bytes:
    """SHA-256 of the SubjectPublicKeyInfo: the identity of a key (names and key ids can be copied)."""
    return hashlib.sha256(spki(public_key)).digest()
