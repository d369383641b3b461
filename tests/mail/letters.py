"""Letters for tests: written by people of the cast through the services, or put into an inbox as bytes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from email.utils import format_datetime

from mail.letter import Letter
from mail.models import Message
from mail.services.import_eml import import_eml
from mail.services.plan import plan
from mail.services.send import send
from smime import compose, mime
from smime.mime import Attachment
from smime.sign import SigningKey
from tenants import clock
from tenants.models import Generation
from tenants.scoping import tenant_scope
from tenants.services.mail_keys import current_key
from tests.cast import Member, work

FILE = Attachment("plan.txt", "text/plain", b"the plan\n")


def deliver(
    writer: Member,
    *readers: Member,
    subject: str = "Term sheet",
    text: str = "Both sides can live with clause 4.",
    sign: bool = True,
    encrypt: bool = True,
    attachments: Sequence[Attachment] = (),
) -> Message:
    """Send a letter and let it arrive; the sent one."""
    letter = Letter(
        to=", ".join(reader.address for reader in readers),
        subject=subject,
        text=text,
        sign=sign,
        encrypt=encrypt,
        attachments=tuple(attachments),
    )
    judged = plan(writer.actor, letter.recipients(), clock.now())
    sent = send(writer.actor, letter, judged, writer.custody, clock.now())
    work()
    return sent


def plain_letter(
    *,
    sender: str = "Somebody <somebody@elsewhere.example>",
    subject: str = "Hello",
    body: str = "Hello.\n",
    html: str = "",
) -> bytes:
    """An ordinary letter of the internet."""
    kind = "text/html" if html else "text/plain"
    lines = [
        f"From: {sender}", "To: alice@contoso.example", f"Subject: {subject}", "Message-ID: <1@elsewhere.example>",
        "Date: Tue, 24 Nov 2026 08:00:00 +0000", "MIME-Version: 1.0", f"Content-Type: {kind}; charset=utf-8", "",
        html or body,
    ]  # fmt: skip
    return "\r\n".join(lines).encode()


def put(reader: Member, raw: bytes) -> Message:
    """Into the reader's inbox, as if imported."""
    return import_eml(reader.actor, raw, clock.now())


def outside(raw: bytes, **changes: str) -> bytes:
    """The same letter with other fields outside (`from_`, `to`, `reply_to`, …), as anybody on the way could write them."""
    header, blank, body = raw.partition(b"\r\n\r\n")
    lines = re.split(rb"\r\n(?![ \t])", header)
    for name, value in changes.items():
        field = name.strip("_").replace("_", "-")
        lines = [line for line in lines if not line.lower().startswith(f"{field}:".encode())]
        lines.append(f"{field.title()}: {value}".encode())
    return b"\r\n".join(lines) + blank + body


def taken(reader: Member) -> bytes:
    """The newest letter of an inbox, as bytes."""
    with tenant_scope(reader.actor.tenant_id):
        row = Message.objects.of(reader.actor.person_id).newest_first("inbox").select_related("raw").first()
        return bytes(row.raw.data)


def signing_key(writer: Member) -> SigningKey:
    """The key a person signs with at the moment."""
    with tenant_scope(writer.actor.tenant_id):
        held = current_key(writer.actor.person_id, clock.now(), to_sign=True)
    assert held is not None
    assert writer.custody is not None
    return SigningKey(held.open_to_sign(writer.custody), held.certificate)


def text_signed_only(writer: Member, reader: Member) -> bytes:
    """A letter as programs without header protection sign it."""
    with tenant_scope(writer.actor.tenant_id):
        issuers = [row.certificate for row in Generation.objects.filter(authority__parent__isnull=False)]
    at = clock.now().replace(microsecond=0)
    entity = compose.sign_entity(
        mime.build_body("Hello."), signer=signing_key(writer), certificates=issuers, at=at
    )
    fields = [
        ("From", writer.address),
        ("To", reader.address),
        ("Subject", "x"),
        ("Date", format_datetime(at)),
    ]
    return mime.message(fields, entity)
