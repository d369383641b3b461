"""Which certificate's key made a signature, and what that key is worth (RFC 8550 §4.2, RFC 5035 §3, RFC 4055 §1.2)."""

from __future__ import annotations

from collections.abc import Sequence

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa

from pki.algorithms import Strength, key_strength
from pki.findings import Finding, error
from pki.keys import PublicKey, describe

from . import oids, signatures, signed_attributes
from .cms import SignerInfo
from .errors import Malformed
from .identifiers import AlgorithmIdentifier, public_key_algorithm
from .rsa_parameters import PssParameters
from .signature_faults import SignatureFault, SignatureStatus, bad

# Certificates that may share one name and number, or one key identifier. Over a bare content each attempt reads all of it.
MAX_TWINS = 8
MAX_TWINS_BARE = 2


def find_signing_certificate(
    signer: SignerInfo,
    scheme: signatures.Scheme,
    messages: list[tuple[bytes, Finding | None]],
    matching: Sequence[x509.Certificate],
) -> tuple[x509.Certificate, list[Finding]]:
    """The certificate whose key made the signature, with findings.

    The one that the signer names by digest is tried first, and has to be the one (RFC 8550 §4.2, RFC 5035 §3).
    """
    attributes = signer.signed_attributes
    named = (
        ()
        if attributes is None
        else signed_attributes.required(signed_attributes.signing_certificates, attributes)
    )
    ordered = sorted(matching, key=lambda c: not all(identifier.matches(c) for identifier in named))
    unsupported: SignatureFault | None = None
    for certificate in ordered[: MAX_TWINS_BARE if attributes is None else MAX_TWINS]:
        try:
            key = _usable_key(certificate, signer.signature_algorithm)
        except SignatureFault as fault:
            unsupported = fault
            continue
        for message, finding in messages:
            if _holds(scheme, key, signer.signature, message):
                if not all(identifier.matches(certificate) for identifier in named):
                    raise bad("signing-certificate-mismatch", "it names another certificate", "RFC 5035 §3")
                return certificate, [finding] if finding else []
    raise unsupported or SignatureFault(SignatureStatus.BAD, _DOES_NOT_VERIFY)


def _usable_key(certificate: x509.Certificate, algorithm: AlgorithmIdentifier) -> PublicKey:
    """The public key, if its size is within what may be computed with and it is meant for `algorithm`."""
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        raise SignatureFault(
            SignatureStatus.UNSUPPORTED, _key_finding("a kind that is not known here")
        ) from None
    if key_strength(key) is Strength.REFUSED:
        raise SignatureFault(
            SignatureStatus.UNSUPPORTED, _key_finding(f"{describe(key)}, beyond every sane size")
        )
    if isinstance(key, rsa.RSAPublicKey) and not _permits(certificate, algorithm):
        raise bad("key-not-for-algorithm", "its key is restricted to another method", "RFC 4055 §1.2, §3.3")
    return key


def _permits(certificate: x509.Certificate, algorithm: AlgorithmIdentifier) -> bool:
    """Whether an RSA key may make this signature: one that says id-RSASSA-PSS makes no other, and only as it says."""
    try:
        restriction = public_key_algorithm(certificate)
        if restriction.oid != oids.RSASSA_PSS:
            return True
        if algorithm.oid != oids.RSASSA_PSS:
            return False
        if restriction.parameters is None:
            return True
        wanted, used = PssParameters.read(restriction), PssParameters.read(algorithm)
    except Malformed:
        return False
    same = (wanted.digest, wanted.mask_digest) == (used.digest, used.mask_digest)
    return same and used.salt_octets >= wanted.salt_octets


def _key_finding(what: str) -> Finding:
    return error(
        "signer-key-unsupported",
        f"The signer's key is {what}; the signature could not be checked.",
        remedy="Ask the sender to use a certificate with an RSA key of 2048 to 8192 bits or an EC key.",
        owner="sender",
    )


def _holds(scheme: signatures.Scheme, key: PublicKey, signature: bytes, message: bytes) -> bool:
    try:
        scheme.check(key, signature, message)
    except (InvalidSignature, TypeError, ValueError, UnsupportedAlgorithm):
        # ValueError: a salt or digest too long for the key. All of these say only: this key did not sign this.
        return False
    return True


def weakness_of(certificate: x509.Certificate, scheme: signatures.Scheme) -> Finding | None:
    key = certificate.public_key()
    weak = scheme.weak or (describe(key) if key_strength(key) is not Strength.ACCEPTED else "")
    if not weak:
        return None
    return error(
        "signature-weak",
        f"The letter is signed with an obsolete method ({weak}) that can be forged; it cannot be relied on.",
        citation="RFC 8551 §4, RFC 6194",
        remedy="Ask the sender to sign with SHA-256 and a key of at least RSA-2048 or P-256.",
        owner="sender",
    )


_DOES_NOT_VERIFY = error(
    "signature-invalid",
    "The signature was not made over this letter with the key of the named certificate.",
    citation="RFC 5652 §5.6",
    remedy="Do not rely on the letter; ask the sender over another way whether it is genuine.",
    owner="sender",
)
