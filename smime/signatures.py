"""Signature and digest algorithms of SignerInfo (RFC 5754, 4056, 5758, 8419, 9882).

`resolve` turns the two AlgorithmIdentifiers of a signer into a `Scheme` that can check a signature, or raises the
`SignatureFault` that says why there is none; `signing_scheme` chooses by private key what is written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, mldsa, padding, rsa

from pki.keys import PublicKey, SigningPrivateKey, describe

from . import der, oids
from .errors import Malformed
from .identifiers import AlgorithmIdentifier
from .octets import Octets, blocks_of
from .rsa_parameters import PssParameters
from .signature_faults import SignatureFault, SignatureStatus, contradiction, unknown_algorithm

DIGESTS: dict[str, hashes.HashAlgorithm] = {
    oids.SHA1: hashes.SHA1(),  # noqa: S303 - checked on old mail, never relied on
    oids.SHA224: hashes.SHA224(),
    oids.SHA256: hashes.SHA256(),
    oids.SHA384: hashes.SHA384(),
    oids.SHA512: hashes.SHA512(),
    oids.SHA3_224: hashes.SHA3_224(),
    oids.SHA3_256: hashes.SHA3_256(),
    oids.SHA3_384: hashes.SHA3_384(),
    oids.SHA3_512: hashes.SHA3_512(),
    oids.SHAKE256: hashes.SHAKE256(64),
    oids.SHAKE256_LEN: hashes.SHAKE256(64),
}
_SHAKE256_BITS = der.integer(512)  # the only length that goes with Ed448 (RFC 8419 §2.3)
WEAK_DIGESTS = {oids.SHA1}

_RSA_DIGESTS = {
    oids.SHA1_WITH_RSA: oids.SHA1,
    oids.SHA1_WITH_RSA_OIW: oids.SHA1,
    oids.SHA224_WITH_RSA: oids.SHA224,
    oids.SHA256_WITH_RSA: oids.SHA256,
    oids.SHA384_WITH_RSA: oids.SHA384,
    oids.SHA512_WITH_RSA: oids.SHA512,
    oids.RSA_SHA3_224: oids.SHA3_224,
    oids.RSA_SHA3_256: oids.SHA3_256,
    oids.RSA_SHA3_384: oids.SHA3_384,
    oids.RSA_SHA3_512: oids.SHA3_512,
}
_ECDSA_DIGESTS = {
    oids.ECDSA_SHA1: oids.SHA1,
    oids.ECDSA_SHA224: oids.SHA224,
    oids.ECDSA_SHA256: oids.SHA256,
    oids.ECDSA_SHA384: oids.SHA384,
    oids.ECDSA_SHA512: oids.SHA512,
    oids.ECDSA_SHA3_224: oids.SHA3_224,
    oids.ECDSA_SHA3_256: oids.SHA3_256,
    oids.ECDSA_SHA3_384: oids.SHA3_384,
    oids.ECDSA_SHA3_512: oids.SHA3_512,
}
# RFC 9882 §4: digests at least as strong as the signature.
_ML_DSA_DIGESTS = {
    oids.ML_DSA_44: {
        oids.SHA256,
        oids.SHA384,
        oids.SHA512,
        oids.SHA3_256,
        oids.SHA3_384,
        oids.SHA3_512,
        oids.SHAKE256,
    },
    oids.ML_DSA_65: {oids.SHA384, oids.SHA512, oids.SHA3_384, oids.SHA3_512, oids.SHAKE256},
    oids.ML_DSA_87: {oids.SHA512, oids.SHA3_512, oids.SHAKE256},
}
_ML_DSA_KEYS: dict[str, type] = {
    oids.ML_DSA_44: mldsa.MLDSA44PublicKey,
    oids.ML_DSA_65: mldsa.MLDSA65PublicKey,
    oids.ML_DSA_87: mldsa.MLDSA87PublicKey,
}


def digest_algorithm(identifier: AlgorithmIdentifier) -> hashes.HashAlgorithm:
    """The digest of a signer. Raises SignatureFault for a broken or unknown one."""
    found = DIGESTS.get(identifier.oid)
    if found is None:
        raise unknown_algorithm(identifier)
    if identifier.oid == oids.SHAKE256_LEN and identifier.parameters != _SHAKE256_BITS:
        raise unknown_algorithm(identifier)
    return found


def compute(digest: hashes.HashAlgorithm, content: bytes | memoryview | Octets) -> bytes:
    """Digest of `content`, in one pass and without a copy."""
    state = hashes.Hash(digest)
    for block in blocks_of(content):
        state.update(block)
    return state.finalize()


# --- reading --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Scheme:
    """How to check a signature. `weak` names what cannot be relied on, or is empty.

    `check(public_key, signature, message)` raises InvalidSignature, or TypeError if the key is of another kind.
    """

    check: Callable[[PublicKey, bytes, bytes], None]
    weak: str = ""


def resolve(signature: AlgorithmIdentifier, digest: AlgorithmIdentifier, *, bare: bool = False) -> Scheme:
    """The scheme that a signer declares. Raises SignatureFault.

    `bare`: there are no signed attributes, so that ML-DSA uses no digest and what is named is ignored (RFC 9882 §3.3).
    """
    if bare and signature.oid in _ML_DSA_KEYS:
        return _ml_dsa(signature, AlgorithmIdentifier(oids.SHA512))
    digest_algorithm(digest)
    if signature.oid == oids.RSASSA_PSS:
        return _pss(signature, digest)
    if signature.oid in _ML_DSA_KEYS:
        return _ml_dsa(signature, digest)
    if signature.oid == oids.ED25519:
        return _edwards(signature, digest, ed25519.Ed25519PublicKey, {oids.SHA512})
    if signature.oid == oids.ED448:
        return _edwards(signature, digest, ed448.Ed448PublicKey, {oids.SHAKE256, oids.SHAKE256_LEN})
    # Some software names the key instead of the signature: then digestAlgorithm decides (RFC 5754 §3.2).
    if signature.oid == oids.RSA_ENCRYPTION or signature.oid in _RSA_DIGESTS:
        return _rsa(_agreed_digest(_RSA_DIGESTS.get(signature.oid), signature, digest))
    if signature.oid == oids.EC_PUBLIC_KEY or signature.oid in _ECDSA_DIGESTS:
        return _ecdsa(_agreed_digest(_ECDSA_DIGESTS.get(signature.oid), signature, digest))
    raise unknown_algorithm(signature)


def _agreed_digest(declared: str | None, signature: AlgorithmIdentifier, digest: AlgorithmIdentifier) -> str:
    """Both identifiers must name one digest (RFC 5652 §5.3: signedAttrs are hashed with digestAlgorithm)."""
    if declared is not None and declared != digest.oid:
        raise contradiction(signature, digest)
    return digest.oid


def _weak(digest: str) -> str:
    return oids.title(digest) if digest in WEAK_DIGESTS else ""


def _rsa(digest: str) -> Scheme:
    algorithm = DIGESTS[digest]

    def check(key: PublicKey, signature: bytes, message: bytes) -> None:
        if not isinstance(key, rsa.RSAPublicKey):
            raise TypeError
        key.verify(signature, message, padding.PKCS1v15(), algorithm)

    return Scheme(check, _weak(digest))


def _pss(signature: AlgorithmIdentifier, digest: AlgorithmIdentifier) -> Scheme:
    try:
        parameters = PssParameters.read(signature)
    except Malformed as malformed:
        raise SignatureFault(SignatureStatus.BAD, malformed.finding) from None
    if parameters.digest != digest.oid:  # RFC 4056 §3
        raise contradiction(signature, digest)
    mask = DIGESTS.get(parameters.mask_digest)
    if mask is None:
        raise unknown_algorithm(AlgorithmIdentifier(parameters.mask_digest))
    scheme = padding.PSS(mgf=padding.MGF1(mask), salt_length=parameters.salt_octets)
    algorithm = DIGESTS[digest.oid]

    def check(key: PublicKey, signature: bytes, message: bytes) -> None:
        if not isinstance(key, rsa.RSAPublicKey):
            raise TypeError
        key.verify(signature, message, scheme, algorithm)

    return Scheme(check, _weak(digest.oid))


def _ecdsa(digest: str) -> Scheme:
    algorithm = ec.ECDSA(DIGESTS[digest])

    def check(key: PublicKey, signature: bytes, message: bytes) -> None:
        if not isinstance(key, ec.EllipticCurvePublicKey):
            raise TypeError
        key.verify(signature, message, algorithm)

    return Scheme(check, _weak(digest))


_EdwardsKey: TypeAlias = type[ed25519.Ed25519PublicKey] | type[ed448.Ed448PublicKey]


def _edwards(
    signature: AlgorithmIdentifier, digest: AlgorithmIdentifier, kind: _EdwardsKey, allowed: set[str]
) -> Scheme:
    if digest.oid not in allowed:  # RFC 8419 §3
        raise contradiction(signature, digest)

    def check(key: PublicKey, signature: bytes, message: bytes) -> None:
        if not isinstance(key, kind):
            raise TypeError
        key.verify(signature, message)

    return Scheme(check)


def _ml_dsa(signature: AlgorithmIdentifier, digest: AlgorithmIdentifier) -> Scheme:
    kind = _ML_DSA_KEYS[signature.oid]
    suitable = digest.oid in _ML_DSA_DIGESTS[signature.oid]

    def check(key: PublicKey, signature: bytes, message: bytes) -> None:
        if not isinstance(key, kind):
            raise TypeError
        key.verify(signature, message)  # type: ignore[union-attr, call-arg] # narrowed by `kind` at run time

    return Scheme(check, "" if suitable else f"{digest.title} below {signature.title}")


# --- writing --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SigningScheme:
    """What a private key writes: both identifiers and the act itself."""

    digest: AlgorithmIdentifier
    signature: AlgorithmIdentifier
    sign: Callable[[bytes], bytes]


_CURVE_SCHEMES = {
    "secp256r1": (oids.SHA256, oids.ECDSA_SHA256),
    "secp384r1": (oids.SHA384, oids.ECDSA_SHA384),
    "secp521r1": (oids.SHA512, oids.ECDSA_SHA512),
}


_UNHASHED = {
    "Ed25519": oids.ED25519,
    "ML-DSA-44": oids.ML_DSA_44,
    "ML-DSA-65": oids.ML_DSA_65,
    "ML-DSA-87": oids.ML_DSA_87,
}


def signing_scheme(key: SigningPrivateKey, *, pss: bool = False) -> SigningScheme:
    """SHA-256 for RSA and P-256, SHA-384 for P-384, SHA-512 for P-521, Ed25519 and ML-DSA (RFC 9882 §3.3).

    `pss` chooses RSASSA-PSS over PKCS#1 v1.5 for an RSA key. SHA-2 identifiers are written without parameters,
    sha256WithRSAEncryption with NULL (RFC 5754 §2, §3.2).
    """
    if isinstance(key, rsa.RSAPrivateKey):
        return _rsa_pss_signing(key) if pss else _rsa_signing(key)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return _ecdsa_signing(key)
    # These sign the message itself: Ed25519 in pure mode, ML-DSA hedged and with an empty context.
    algorithm = _UNHASHED[describe(key.public_key())]
    return SigningScheme(AlgorithmIdentifier(oids.SHA512), AlgorithmIdentifier(algorithm), key.sign)


def _rsa_signing(key: rsa.RSAPrivateKey) -> SigningScheme:
    return SigningScheme(
        AlgorithmIdentifier(oids.SHA256),
        AlgorithmIdentifier(oids.SHA256_WITH_RSA, der.NULL_VALUE),
        lambda message: key.sign(message, padding.PKCS1v15(), hashes.SHA256()),
    )


def _rsa_pss_signing(key: rsa.RSAPrivateKey) -> SigningScheme:
    parameters = PssParameters(oids.SHA256, oids.SHA256, 32)
    scheme = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=parameters.salt_octets)
    return SigningScheme(
        AlgorithmIdentifier(oids.SHA256),
        AlgorithmIdentifier(oids.RSASSA_PSS, parameters.to_der()),
        lambda message: key.sign(message, scheme, hashes.SHA256()),
    )


def _ecdsa_signing(key: ec.EllipticCurvePrivateKey) -> SigningScheme:
    digest, signature = _CURVE_SCHEMES[key.curve.name]
    algorithm = ec.ECDSA(DIGESTS[digest])
    return SigningScheme(
        AlgorithmIdentifier(digest),
        AlgorithmIdentifier(signature),
        lambda message: key.sign(message, algorithm),
    )
