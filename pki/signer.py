"""A key with the certificate it signs under.
 The digest follows the key: SHA-256 for RSA and P-256, SHA-384 for P-384, SHA-512 for P-521; Ed25519 brings
its own (RFC 8410).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography import x509

from .errors import RefusedRequest
from .findings import error
from .keys import SigningPrivateKey, spki_sha256


@dataclass(frozen=True)
class Signer:
    """An authority that can sign now. The private key never appears in its representation."""

    private_key: SigningPrivateKey = field(repr=False)
    certificate: x509.Certificate

    def __post_init__(self) -> None:
        if spki_sha256(self.private_key.public_key()) != spki_sha256(self.certificate.public_key()):
            raise RefusedRequest(
                error(
                    "signer-key-mismatch",
                    "The private key does not belong to the authority's certificate.",
                    remedy="Open the key file of this generation of the authority.",
                    owner="operator",
                )
            )
