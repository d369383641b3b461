"""Certificate requests (RFC 2986): the key and its proof of possession, and nothing else.

Names and extensions of a request are the requester's wishes. They are ignored, so that no wish can become a
fact: names come from verified mailboxes, everything else from the profile.
"""

from __future__ import annotations

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from .algorithms import Strength, key_strength
from .errors import MalformedInput, RefusedRequest
from .findings import error
from .keys import PublicKey, describe
from .parsing import PARSE_ERRORS
from .signatures import verify_signature
from .weak_keys import weakness

MAXIMUM_BYTES = 64 * 1024


def read_request(data: bytes) -> PublicKey:
    """The key of a PKCS#10 request in DER or PEM, after its self-signature has been checked.

    Raises `MalformedInput` for unreadable requests and `RefusedRequest` when possession is not proven or
    the key is too weak.
    """
    if len(data) > MAXIMUM_BYTES:
        raise _malformed()
    try:
        pem = data.lstrip().startswith(b"-----")
        request = x509.load_pem_x509_csr(data) if pem else x509.load_der_x509_csr(data)
        key = request.public_key()
        parameters = request.signature_algorithm_parameters
    except PARSE_ERRORS:
        raise _malformed() from None
    try:
        verify_signature(
            key,
            request.signature,
            request.tbs_certrequest_bytes,
            request.signature_algorithm_oid,
            parameters,
        )
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        raise RefusedRequest(
            error(
                "request-not-proven",
                "The request does not prove that its sender holds the key.",
                citation="RFC 2986 §3",
                remedy="Make the request again with the same program that made the key.",
                owner="you",
            )
        ) from None
    if key_strength(key) is not Strength.ACCEPTED:
        raise RefusedRequest(
            error(
                "request-key-weak",
                f"A key of kind {describe(key)} is too weak for a certificate.",
                citation="RFC 8550 §4.3",
                remedy="Make a new key: P-256, or RSA with 3072 bits.",
                owner="you",
            )
        )
    if why := weakness(key):
        raise RefusedRequest(
            error(
                "request-key-broken",
                f"This key must not be certified: {why}.",
                citation="CA/B S/MIME BR 6.1.1.3",
                remedy="Make a new key with current software: P-256, or RSA with 3072 bits.",
                owner="you",
            )
        )
    return key


def _malformed() -> MalformedInput:
    return MalformedInput(
        error(
            "request-malformed",
            "The file is no certificate request.",
            remedy="Make a PKCS#10 request (.csr, .p10) and send that.",
            owner="you",
        )
    )
