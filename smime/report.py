"""What opening a letter came to: the seal, the encryption, the layers, and what may be shown.

The codes are those of the interface, in order from worst to best. A report is a value: it holds no key, touches
nothing, and two reports of the same letter judged at the same time are equal.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from cryptography.x509 import Certificate

from pki.findings import Finding, as_data
from pki.path import PathResult

from .capabilities import Capability
from .fields import Field
from .headers import FieldState, ProtectedHeaders
from .mime import Attachment
from .verify import SignatureStatus


class Seal(StrEnum):
    """The verdict on who wrote the letter, worst first."""

    BAD = "SIG_BAD"
    REVOKED = "SIG_REVOKED"
    INVALID = "SIG_INVALID"
    WEAK = "SIG_WEAK"
    INCOMPLETE = "SIG_INCOMPLETE"
    UNTRUSTED = "SIG_UNTRUSTED"
    MISMATCH = "SIG_MISMATCH"
    WARN_TIME = "SIG_WARN_TIME"
    REV_UNKNOWN = "SIG_OK_REV_UNKNOWN"
    REV_STALE = "SIG_OK_REV_STALE"
    OK = "SIG_OK"
    NONE = "NONE"


class Encryption(StrEnum):
    """How the letter was kept from others, worst first."""

    FAIL = "ENC_FAIL"
    LOCKED = "ENC_LOCKED"
    UNSUPPORTED = "ENC_UNSUPPORTED"
    UNPROTECTED = "ENC_UNPROTECTED"
    WEAK = "ENC_WEAK"
    OK = "ENC_OK"
    NONE = "NONE"


# Nothing behind these envelopes was read: neither a text nor who signed it.
CLOSED = frozenset({Encryption.FAIL, Encryption.LOCKED, Encryption.UNSUPPORTED})


class LayerKind(StrEnum):
    """What a layer does to its content."""

    SIGNED = "signed"
    ENCRYPTED = "encrypted"
    COMPRESSED = "compressed"


class Signature(StrEnum):
    """The mathematics of the signature that counts, without any trust."""

    BAD = "bad"
    WEAK = "weak"
    GOOD = "good"
    NONE = "none"


Sender = Literal["match", "mismatch"]


def worst_seal(seals: Iterable[Seal]) -> Seal:
    """The worst of several; NONE when there is none."""
    order = list(Seal)
    return min(seals, key=order.index, default=Seal.NONE)


def worst_encryption(states: Iterable[Encryption]) -> Encryption:
    """The worst of several; NONE when there is none."""
    order = list(Encryption)
    return min(states, key=order.index, default=Encryption.NONE)


@dataclass(frozen=True, slots=True)
class SignerReport:
    """One signer of one layer, named whatever the verdict.

    `address` is the certificate's mailbox that matches From, else its first; `path` is None where the mathematics
    already failed. `capabilities` and `encryption_certificate` are the signer's own statements, to be used only
    after a full seal.
    """

    address: str | None
    name: str
    organisation: str
    certificate: Certificate | None
    signer_id: str
    status: SignatureStatus
    digest_algorithm: str
    signature_algorithm: str
    signing_time: datetime | None
    seal: Seal
    sender: Sender | None
    path: PathResult | None
    capabilities: tuple[Capability, ...] = ()
    encryption_certificate: Certificate | None = None


@dataclass(frozen=True, slots=True)
class Layer:
    """One cryptographic layer, outermost first in the report. `form` is the media type it came in."""

    kind: LayerKind
    form: str
    algorithm: str = ""
    outcome: str = ""
    signers: tuple[SignerReport, ...] = ()
    recipients: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProtectedField:
    """One header field that a layer at message level protects."""

    name: str
    value: str
    state: FieldState


@dataclass(frozen=True, slots=True)
class SecurityReport:
    """The answer of `open_message`.

    `headers` are the fields to display (decoded; From, To, Cc, Date, Subject … as judged), `protected_headers`
    only those that a layer at message level really protects. `html` is raw and None where only text may be shown;
    `remote_content` is False where it may never load anything from elsewhere (an envelope without integrity).
    `signer` and `path` belong to the worst-judged signer of the signature that counts. `believed_fields` are the fields
    of `headers` as they were sent: an answer takes its addresses from these, never from decoded text. `protection` is
    the protected header, for what an answer must hide (`headers.response_policy`). `post_quantum` says that every
    recipient of every envelope receives the key by ML-KEM; the signature may still be of an older kind.
    """

    seal: Seal
    encryption: Encryption
    layers: tuple[Layer, ...] = ()
    signature: Signature = Signature.NONE
    signer: SignerReport | None = None
    path: PathResult | None = None
    sender: Sender | None = None
    from_address: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    outer_headers: tuple[tuple[str, str], ...] = ()
    protected_fields: tuple[ProtectedField, ...] = ()
    subject_was_encrypted: bool = False
    text: str = ""
    html: str | None = None
    attachments: tuple[Attachment, ...] = ()
    certificates: tuple[Certificate, ...] = ()
    crls: tuple[bytes, ...] = ()
    findings: tuple[Finding, ...] = ()
    encryption_algorithm: str = ""
    recipients: tuple[str, ...] = ()
    remote_content: bool = True
    post_quantum: bool = False
    believed_fields: tuple[Field, ...] = ()
    protection: ProtectedHeaders | None = None

    @property
    def is_closed(self) -> bool:
        """An envelope stayed shut, so that whether the letter is signed is not known unless `seal` says so."""
        return self.encryption in CLOSED

    @property
    def protected_headers(self) -> dict[str, str]:
        """Name and value for people of every protected field; the first of several equally named."""
        found: dict[str, str] = {}
        for entry in self.protected_fields:
            found.setdefault(entry.name, entry.value)
        return found

    def header(self, name: str) -> str | None:
        """The displayed value of one field."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


def as_json(report: SecurityReport) -> dict[str, Any]:
    """The answer of the command line and the API."""
    return {
        "layers": [layer.kind.value for layer in report.layers],
        "signature": report.signature.value,
        "path": report.path.verdict.value if report.path else None,
        "sender": report.sender,
        "seal": report.seal.value,
        "encryption": report.encryption.value,
        "signer": report.signer.address if report.signer else None,
        "protected_headers": report.protected_headers,
        "text": report.text,
        "findings": [as_data(finding) for finding in report.findings],
    }
