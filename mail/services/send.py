"""Send a letter: protect the header, sign, encrypt, record with one delivery per recipient, ring.

Everything cryptographic happens between two scopes. The sender is always a recipient, so that the Sent copy can be
read; every Bcc recipient gets a message of its own; bytes are frozen before the first attempt.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import format_datetime, make_msgid

from cryptography import x509
from django.db import IntegrityError

from mail.letter import Letter, write_address
from mail.models import Delivery, Draft, Message, RawMessage
from mail.models.letters import DeliveryRoute, Folder
from mail.services.plan import Plan, RecipientPlan
from mail.transport import spool
from smime import compose, headers, mime
from smime.sign import SigningKey
from tenants import due_work
from tenants.access import Actor
from tenants.keystore.custody import Custody, seal_for
from tenants.models import CustodyKey, Generation
from tenants.public import forest_of_address
from tenants.refusals import refuse
from tenants.scoping import tenant_scope
from tenants.services.brought_key import brought_signing_key
from tenants.services.mail_keys import SealedKey, current_key

MOST_RECIPIENTS = 500


@dataclass(frozen=True)
class Threading:
    """The Message-IDs that a reply refers to."""

    in_reply_to: str = ""
    references: str = ""


@dataclass(frozen=True)
class _Keys:
    signing: SealedKey | None
    encryption: SealedKey | None
    issuers: tuple[x509.Certificate, ...]


@dataclass(frozen=True)
class _Copy:
    """One RFC 5322 message and whom it goes to."""

    raw: bytes
    recipients: tuple[RecipientPlan, ...]


def send(
    actor: Actor,
    letter: Letter,
    plan: Plan,
    custody: Custody | None,
    at: datetime,
    *,
    letter_id: uuid.UUID | None = None,
    threading: Threading | None = None,
    response: headers.Policy = headers.unchanged,
) -> Message:
    """Send to everybody in `plan`. `letter_id` (its draft's) makes a second press of Send harmless.

    `custody` is needed to sign; `response` hides what the answered letter hid. The caller has shown who cannot read an
    encrypted letter: none may be left in `plan`. Raises Refused, RefusedComposition.
    """
    _check(letter, plan, custody)
    with tenant_scope(actor.tenant_id):
        held = _keys(actor, at)
    if letter.sign and held.signing is None:
        held = _with_brought_key(actor, held, at)
    _check_keys(letter, held)
    message_id = make_msgid(domain=actor.address.rpartition("@")[2])
    fields = _fields(actor, letter, plan, message_id, threading or Threading(), at)
    copies = _write(letter, plan, held, custody, fields, response, at)
    return _record(actor, letter, copies, message_id, letter_id or uuid.uuid4(), at)


def _check(letter: Letter, plan: Plan, custody: Custody | None) -> None:
    if not plan.recipients:
        raise refuse(
            "no-recipient",
            "The letter has no recipient.",
            remedy="Add at least one address to To, Cc or Bcc.",
        )
    if len(plan.recipients) > MOST_RECIPIENTS:
        raise refuse(
            "too-many-recipients",
            f"A letter can go to {MOST_RECIPIENTS} people at most.",
            remedy="Send several.",
        )
    unreadable = [r for r in plan.recipients if "@" not in r.address]
    if unreadable:
        raise refuse("not-an-address", unreadable[0].explanation, remedy="Correct or remove it.")
    if letter.encrypt and plan.cannot_read:
        who = ", ".join(r.name or r.address for r in plan.cannot_read)
        raise refuse(
            "cannot-read",
            f"{who} cannot read this letter encrypted.",
            remedy="Choose what to do in the dialog.",
        )
    if letter.sign and custody is None:
        raise refuse("key-locked", "Your key is locked.", remedy="Unlock it with your PIN to sign.")


def _keys(actor: Actor, at: datetime) -> _Keys:
    issuers = tuple(g.certificate for g in Generation.objects.filter(authority__parent__isnull=False))
    return _Keys(
        current_key(actor.person_id, at, to_sign=True),
        current_key(actor.person_id, at, to_sign=False),
        issuers,
    )


def _with_brought_key(actor: Actor, held: _Keys, at: datetime) -> _Keys:
    """Without a signing certificate of the forest, one that was brought along, with its path, if it holds."""
    found = brought_signing_key(actor, at)
    return held if found is None else replace(held, signing=found.key, issuers=found.issuers)


def _check_keys(letter: Letter, held: _Keys) -> None:
    if letter.sign and held.signing is None:
        raise refuse(
            "no-signing-certificate",
            "You have no valid signing certificate: it was revoked, has expired, or was never issued.",
            remedy="Get a new one under “My certificates”, or send without a signature.", owner="you",
        )  # fmt: skip
    if letter.encrypt and held.encryption is None:
        raise refuse(
            "no-encryption-certificate",
            "You have no valid encryption certificate, so your own copy could not be read again.",
            remedy="Get a new one under “My certificates”.", owner="you",
        )  # fmt: skip


def _write(
    letter: Letter,
    plan: Plan,
    held: _Keys,
    custody: Custody | None,
    fields: Sequence[tuple[str, str]],
    response: headers.Policy,
    at: datetime,
) -> list[_Copy]:
    """The open recipients share one message; every Bcc recipient gets their own."""
    body = mime.build_body(letter.text, attachments=letter.attachments)
    signer = None
    if letter.sign and custody is not None and held.signing is not None:
        signer = SigningKey(held.signing.open_to_sign(custody), held.signing.certificate)
    hidden = [r for r in plan.recipients if r.kind == "bcc"]
    seen = tuple(r for r in plan.recipients if r.kind != "bcc")
    groups: list[tuple[RecipientPlan, ...]] = [seen, *((r,) for r in hidden)]
    payloads: dict[bool, tuple[mime.Entity, tuple[tuple[str, str], ...]]] = {}
    copies = []
    for group in groups:
        legacy = any(forest_of_address(r.address) is None for r in group)
        if legacy not in payloads:
            protected = headers.protect(
                body, fields, encrypted=letter.encrypt, legacy_display=legacy, response=response
            )
            signed = _sign(protected.entity, signer, held, plan, at)
            payloads[legacy] = (signed, protected.outer)
        payload, outer = payloads[legacy]
        copies.append(_Copy(mime.message(outer, _encrypt(payload, letter, plan, group, held)), group))
    return copies


def _sign(
    entity: mime.Entity, signer: SigningKey | None, held: _Keys, plan: Plan, at: datetime
) -> mime.Entity:
    if signer is None:
        return entity
    encryption = held.encryption.certificate if held.encryption else None
    return compose.sign_entity(
        entity,
        signer=signer,
        certificates=held.issuers,
        at=at,
        encryption_certificate=encryption,
        pss=plan.choice.pss,
    )


def _encrypt(
    payload: mime.Entity, letter: Letter, plan: Plan, group: Sequence[RecipientPlan], held: _Keys
) -> mime.Entity:
    if not letter.encrypt or held.encryption is None:
        return payload
    certificates = [r.candidate.certificate for r in group if r.candidate is not None]
    readers = list(dict.fromkeys([*certificates, held.encryption.certificate]))
    choice = plan.choice
    return compose.encrypt_entity(
        payload,
        recipients=readers,
        cipher=choice.cipher,
        key_transport=choice.key_transport,
        cek_hkdf=choice.cek_hkdf,
    )


def _fields(
    actor: Actor, letter: Letter, plan: Plan, message_id: str, threading: Threading, at: datetime
) -> list[tuple[str, str]]:
    def line(kind: str) -> str:
        return ", ".join(write_address(r.name, r.address) for r in plan.recipients if r.kind == kind)

    fields = [
        ("From", write_address(actor.name, actor.address)),
        ("To", line("to")),
        ("Cc", line("cc")),
        ("Subject", letter.subject),
        ("Date", format_datetime(at.replace(microsecond=0))),
        ("Message-ID", message_id),
        ("In-Reply-To", threading.in_reply_to),
        ("References", threading.references),
    ]
    return [(name, value) for name, value in fields if value or name == "Subject"]


def _record(
    actor: Actor, letter: Letter, copies: list[_Copy], message_id: str, letter_id: uuid.UUID, at: datetime
) -> Message:
    try:
        return _record_under(letter_id, actor, letter, copies, message_id, at)
    except IntegrityError:
        with tenant_scope(actor.tenant_id):
            sent = Message.objects.of(actor.person_id).filter(id=letter_id, folder=Folder.SENT).first()
    if sent is not None:
        return sent  # Send was pressed twice: the first press sent it
    # The id is another letter's, of whomever: that is nothing to the writer, and the letter gets one of its own.
    return _record_under(uuid.uuid4(), actor, letter, copies, message_id, at)


def _record_under(
    letter_id: uuid.UUID, actor: Actor, letter: Letter, copies: list[_Copy], message_id: str, at: datetime
) -> Message:
    with tenant_scope(actor.tenant_id, write=True):
        own = _store(copies[0].raw, at)
        message = _record_sent(actor, letter, own, message_id, letter_id, at)
        for copy in copies:
            raw = own if copy is copies[0] else _store(copy.raw, at)
            for recipient in copy.recipients:
                _record_delivery(actor, message, raw, copy.raw, recipient.address, at)
        Draft.objects.filter(id=letter_id, person_id=actor.person_id).delete()
        return message


def _store(raw: bytes, at: datetime) -> RawMessage:
    return RawMessage.objects.create(
        data=raw, sha256=hashlib.sha256(raw).digest(), size=len(raw), stored_at=at
    )


def _record_sent(
    actor: Actor, letter: Letter, raw: RawMessage, message_id: str, letter_id: uuid.UUID, at: datetime
) -> Message:
    sealed = None
    if letter.encrypt:
        custody_key = CustodyKey.objects.current().get(person_id=actor.person_id)
        sealed = seal_for(custody_key, letter.subject.encode(), "subject", letter_id)
    return Message.objects.create(
        id=letter_id,
        person_id=actor.person_id,
        raw=raw,
        folder=Folder.SENT,
        received_at=at,
        seen_at=at,
        from_address=actor.address,
        from_name=actor.name,
        to_line=", ".join(r.address for r in letter.recipients() if r.kind != "bcc")[:500],
        subject=headers.OBSCURED if letter.encrypt else letter.subject[:500],
        sealed_subject=sealed,
        rfc_message_id=message_id,
        is_signed=letter.sign,
        is_encrypted=letter.encrypt,
        has_attachments=bool(letter.attachments),
    )


def _record_delivery(
    actor: Actor, message: Message, raw: RawMessage, data: bytes, address: str, at: datetime
) -> None:
    forest = forest_of_address(address)
    route = DeliveryRoute.SMTP if forest is None else DeliveryRoute.PORTAL
    delivery = Delivery.objects.create(message=message, raw=raw, recipient=address, route=route, queued_at=at)
    if forest is None:
        due_work.schedule("hand_over", actor.tenant_id, delivery.id)
    else:
        spool.put(forest, actor.address, address, data, actor.tenant_id, delivery.id, at)
