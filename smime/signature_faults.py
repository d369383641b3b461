"""What can be said of a signature, and the findings of those that are not good (RFC 5652 §5.4, RFC 8551 §4)."""

from __future__ import annotations

from enum import StrEnum

from pki.findings import Finding, error

from . import oids
from .identifiers import AlgorithmIdentifier

_BROKEN_DIGESTS = {oids.MD2, oids.MD5, oids.MD2_WITH_RSA, oids.MD5_WITH_RSA}


class SignatureStatus(StrEnum):
    """What the mathematics of one signature say; trust is another question.

    WEAK: right, or not even checked, but made with a method that proves nothing any more. UNSUPPORTED: not checked.
    """

    GOOD = "good"
    BAD = "bad"
    WEAK = "weak"
    NO_CERTIFICATE = "no-certificate"
    UNSUPPORTED = "unsupported"


class SignatureFault(Exception):
    """Why a signature is not good: the status it gets and the finding that explains it."""

    def __init__(self, status: SignatureStatus, finding: Finding) -> None:
        super().__init__(finding.summary)
        self.status = status
        self.finding = finding


def built_wrongly(code: str, how: str, citation: str = "RFC 5652 §5") -> Finding:
    """The finding of a structure that the standard does not allow; `how` says in half a sentence what is wrong."""
    return error(
        code,
        f"The signature was built wrongly: {how}. It proves nothing about this letter.",
        citation=citation,
        remedy="Ask the sender to send the letter again.",
        owner="sender",
    )


def bad(code: str, how: str, citation: str = "RFC 5652 §5.4") -> SignatureFault:
    return SignatureFault(SignatureStatus.BAD, built_wrongly(code, how, citation))


def contradiction(signature: AlgorithmIdentifier, digest: AlgorithmIdentifier) -> SignatureFault:
    """The signature's algorithm and the signer's digest do not belong together."""
    return SignatureFault(
        SignatureStatus.BAD,
        error(
            "signature-digest-mismatch",
            f"The signature was built wrongly: {signature.title} does not go with the digest {digest.title}. "
            "It proves nothing about this letter.",
            citation="RFC 5652 §5.3, RFC 4056 §3, RFC 8419 §3",
            remedy="Ask the sender to send the letter again with another program.",
            owner="sender",
        ),
    )


def unknown_algorithm(identifier: AlgorithmIdentifier) -> SignatureFault:
    """An algorithm that is not known here, or known to be broken: then WEAK, and not even computed."""
    if identifier.oid in _BROKEN_DIGESTS:
        return SignatureFault(
            SignatureStatus.WEAK,
            error(
                "signature-algorithm-broken",
                f"The letter is signed with {identifier.title}, which anyone can forge; it was not even checked.",
                citation="RFC 6149, RFC 6151",
                remedy="Ask the sender to sign with SHA-256 or better.",
                owner="sender",
            ),
        )
    return SignatureFault(
        SignatureStatus.UNSUPPORTED,
        error(
            "signature-algorithm-unsupported",
            f"The letter is signed with {identifier.title}, a method that is not known here; "
            "its signature could not be checked.",
            citation="RFC 5652 §5.3",
            remedy="Ask the sender to sign with RSA or ECDSA and SHA-256.",
            owner="sender",
        ),
    )
