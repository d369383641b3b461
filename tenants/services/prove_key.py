"""A new key is used once with its certificate before it is sealed: what was issued must sign and open.

Nobody's directory entry may flip to a certificate whose key does not open what is encrypted to it.
"""

from __future__ import annotations

import os

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from pki import certificates, keys
from pki.algorithms import signing_digest
from pki.errors import RefusedRequest
from pki.findings import Finding, error
from pki.requests import read_request
from smime import cms
from smime.decrypt import DecryptionKey, decrypt
from smime.encrypt import ContentCipher, envelope
from smime.octets import blocks_of


def prove_key(private_key: keys.PrivateKey, certificate: x509.Certificate) -> None:
    """Sign and decrypt, as far as the certificate allows each. Raises RefusedRequest if the key does not do it."""
    if certificates.can_sign(certificate) and not _signs(private_key, certificate):
        raise RefusedRequest(_unfit("sign"))
    if certificates.can_encrypt(certificate) and not _opens(private_key, certificate):
        raise RefusedRequest(_unfit("open letters"))


def _signs(private_key: keys.PrivateKey, certificate: x509.Certificate) -> bool:
    """By a request: a signature over the key itself, checked with the key of the certificate."""
    if not isinstance(private_key, keys.SigningPrivateKey):
        return False
    made = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([]))
        .sign(private_key, signing_digest(private_key))
    )
    proven = read_request(made.public_bytes(Encoding.DER))
    return keys.spki(proven) == keys.spki(certificate.public_key())


def _opens(private_key: keys.PrivateKey, certificate: x509.Certificate) -> bool:
    text = os.urandom(64)
    made = envelope(text, recipients=[certificate], cipher=ContentCipher.AES_256_GCM)
    received = cms.parse(b"".join(bytes(block) for block in blocks_of(made)))
    if not isinstance(received, cms.AuthEnvelopedData):
        return False
    opened = decrypt(received, keys=[DecryptionKey(private_key, certificate)])
    return opened.content is not None and b"".join(bytes(b) for b in blocks_of(opened.content)) == text


def _unfit(deed: str) -> Finding:
    return error(
        "key-does-not-fit",
        f"The new key did not {deed} in the trial before it was kept; nothing was issued.",
        remedy="Ask again; if it happens twice, tell the operator of the portal.",
        owner="operator",
    )
