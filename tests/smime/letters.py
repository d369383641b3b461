"""Letters between the people of `tests.smime.people`, written by the product and opened by it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from email.utils import format_datetime

from cryptography.x509 import Certificate

from pki.trust import Trust, TrustAnchor
from smime.compose import encrypt_entity, sign_entity
from smime.encrypt import ContentCipher
from smime.headers import protect
from smime.mime import Attachment, Entity, build_body, message
from smime.open import open_message
from smime.report import SecurityReport
from tests.smime.people import AT, Person, person, root

ALICE, BOB, MALLORY = person("p-256", "Alice"), person("rsa-2048", "Bob"), person("p-384", "Mallory")
TRUST = Trust((TrustAnchor(root().certificate, None, "Test Root"),))
TEXT = "Dear Bob,\n\nthe figures are attached.\n\nAlice"
SUBJECT = "Quarterly figures – secret"
FROM = "Alice <alice@contoso.example>"
GCM, CBC = ContentCipher.AES_256_GCM, ContentCipher.AES_256_CBC


def fields(**changed: str) -> list[tuple[str, str]]:
    """The header of a letter from Alice to Bob."""
    standard = {
        "From": FROM,
        "To": "Bob <bob@contoso.example>",
        "Subject": SUBJECT,
        "Date": format_datetime(AT),
        "Message-ID": "<1@contoso.example>",
    }
    return [*(standard | changed).items()]


def sign(entity: Entity, signer: Person = ALICE, *, opaque: bool = False, at: datetime = AT) -> Entity:
    return sign_entity(entity, signer=signer.signing, certificates=(), at=at, opaque=opaque)


def encrypt(entity: Entity, *recipients: Certificate, cipher: ContentCipher = GCM) -> Entity:
    return encrypt_entity(entity, recipients=recipients or (BOB.certificate,), cipher=cipher)


def letter(
    *,
    body: Entity | None = None,
    header: Sequence[tuple[str, str]] | None = None,
    signer: Person | None = ALICE,
    cipher: ContentCipher | None = GCM,
    opaque: bool = False,
    legacy_display: bool = True,
    attachments: Sequence[Attachment] = (),
    html: str | None = None,
) -> bytes:
    """A whole letter the way the portal sends it: protect, sign, encrypt."""
    body = body or build_body(TEXT, html=html, attachments=attachments)
    encrypted = cipher is not None
    protected = protect(body, header or fields(), encrypted=encrypted, legacy_display=legacy_display)
    entity = protected.entity
    if signer is not None:
        entity = sign(entity, signer, opaque=opaque)
    if cipher is not None:
        entity = encrypt(entity, BOB.certificate, cipher=cipher)
    return message(protected.outer, entity)


def opened(
    raw: bytes,
    *,
    reader: Person | None = BOB,
    reader_address: str = "",
    trust: Trust = TRUST,
    **options: object,
) -> SecurityReport:
    """The letter as Bob sees it a minute later; lists are left aside unless asked for."""
    settings: dict[str, object] = {
        "keys": [reader.decryption] if reader else [],
        "at": AT + timedelta(minutes=1),
        "revocation": "ignored",
        "reader": reader_address,
    }
    return open_message(raw, trust=trust, **(settings | options))  # type: ignore[arg-type]


def codes(report: SecurityReport) -> set[str]:
    return {finding.code for finding in report.findings}
