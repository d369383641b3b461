"""Throw-away twins: what an authority would issue from a profile, signed by a key that signs nothing else.

A sample passes the same gate and the same rules as a real certificate, so that a template can be judged before anybody
enrols. Its keys open nothing: the RSA ones are numbers without a private half.
"""

from __future__ import annotations

import math
import secrets
from datetime import datetime
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from . import certificates, keys
from .algorithms import signing_digest
from .certificates import Publication
from .keys import KeyType, PublicKey, SigningPrivateKey
from .profiles import Profile
from .signer import Signer

SAMPLE_NAME = "Sam Sample"
_RSA_BITS = {KeyType.RSA_2048: 2048, KeyType.RSA_3072: 3072, KeyType.RSA_4096: 4096}
_SMALL_PRIMES = math.prod(n for n in range(3, 752) if all(n % d for d in range(2, math.isqrt(n) + 1)))


def twin_of(authority: x509.Certificate) -> Signer:
    """The authority under a throw-away key of the same kind: names, dates and extensions as in the original."""
    key = _throw_away_key(keys.key_type(authority.public_key()) or KeyType.P256)
    builder = (
        x509.CertificateBuilder()
        .subject_name(authority.subject)
        .issuer_name(authority.issuer)
        .public_key(key.public_key())
        .serial_number(authority.serial_number)
        .not_valid_before(authority.not_valid_before_utc)
        .not_valid_after(authority.not_valid_after_utc)
    )
    for extension in authority.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    return Signer(key, builder.sign(key, signing_digest(key)))


def make_sample(
    profile: Profile,
    kind: KeyType,
    *,
    authority: x509.Certificate,
    mailbox: str,
    publication: Publication,
    at: datetime,
    name: str = SAMPLE_NAME,
    smime_capabilities: bytes | None = None,
) -> x509.Certificate:
    """What `issue_person` would make for a key of this kind. Raises what it raises."""
    return certificates.issue_person(
        issuer=twin_of(authority),
        public_key=sample_key(kind),
        name=name,
        mailbox=mailbox,
        profile=profile,
        publication=publication,
        serial_number=certificates.new_serial_number(),
        at=at,
        smime_capabilities=smime_capabilities,
    )


def sample_key(kind: KeyType) -> PublicKey:
    """A public key of this kind, within milliseconds: an RSA modulus is odd and without small factors, but nobody's."""
    if kind not in _RSA_BITS:
        return keys.generate(kind).public_key()
    bits = _RSA_BITS[kind]
    while True:
        modulus = secrets.randbits(bits) | 1 << (bits - 1) | 1
        if math.gcd(modulus, _SMALL_PRIMES) == 1:
            return rsa.RSAPublicNumbers(65537, modulus).public_key()


@lru_cache(maxsize=8)
def _throw_away_key(kind: KeyType) -> SigningPrivateKey:
    key = keys.generate(kind)
    assert isinstance(key, SigningPrivateKey)  # noqa: S101  `kind` is that of an authority's key
    return key
