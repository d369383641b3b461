"""Samples of the mail pages."""

from __future__ import annotations

import uuid
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from django.urls import reverse

from pki.findings import Finding, Severity

from . import forms
from .cast import ALICE, BOB_SIGNING, CONTOSO, FABRIKAM, NORTHWIND, NOW, hexadecimal, thing
from .reports import LOCKS, SEALS, report
from .shells import shell

Page = tuple[str, dict[str, Any], str]


def row(sender: str, subject: str, snippet: str, back: timedelta, **changes: Any) -> SimpleNamespace:
    shape = {
        "pk": uuid.uuid4(),
        "sender": sender,
        "forest": None,
        "received_at": NOW - back,
        "subject": subject,
        "snippet": snippet,
        "seal": "SIG_OK",
        "encryption": "ENC_OK",
        "unread": False,
        "has_attachments": False,
        "unreadable": "",
    }
    return thing(**(shape | changes))


def _ago(**amount: float) -> timedelta:
    return timedelta(**amount)


ROWS = [
    row(
        "Bob Berger",
        "Term sheet, second round",
        "Alice, both sides can live with clause 4 as it stands now.",
        _ago(minutes=12),
        forest=FABRIKAM,
        unread=True,
        has_attachments=True,
    ),
    row(
        "Farid Faber",
        "Audit window in January",
        "We could host your auditors from 11 to 15 January if",
        _ago(minutes=36),
        forest=FABRIKAM,
        unread=True,
        seal="SIG_OK_REV_UNKNOWN",
    ),
    row(
        "Charlie Chen",
        "Delivery schedule, lots 3–5",
        "Hello Alice, the carrier confirmed Thursday for lots",
        _ago(minutes=60),
        forest=NORTHWIND,
        unread=True,
        seal="SIG_UNTRUSTED",
        encryption="NONE",
    ),
    row("Ivan Ilic", "", "", _ago(hours=2), unread=True, seal="", encryption="ENC_LOCKED"),
    row(
        "Bob Berger",
        "Urgent: new bank details",
        "Please pay to",
        _ago(days=1),
        seal="SIG_BAD",
        encryption="NONE",
    ),
    row(
        "Dana Duarte",
        "Minutes of the steering group",
        "Attached, with the two open points marked for",
        _ago(days=2),
        has_attachments=True,
    ),
    row(
        "billing@northwind.example",
        "Invoice 2026-1187",
        "Please find enclosed the invoice for October.",
        _ago(days=3),
        seal="NONE",
        encryption="NONE",
    ),
    row("Tina Thorn", "", "", _ago(days=9), seal="NONE", encryption="ENC_FAIL"),
    row(
        "Dave Dorn",
        "Re: archive access",
        "The old terminal signs with SHA-1, sorry.",
        _ago(days=30),
        seal="SIG_WEAK",
        encryption="ENC_WEAK",
    ),
    row(
        "unknown sender",
        "",
        "",
        _ago(days=40),
        seal="",
        encryption="",
        unreadable="This letter is larger than 50 MB and was not read.",
    ),
]

INBOX: dict[str, Any] = {
    "shell": shell(ALICE),
    "rows": ROWS,
    "filter": "all",
    "counts": thing(unread=4, problem=1),
    "older_url": "/mail/?before=x",
    "newest_url": "",
    "before": "",
    "message": None,
}

MESSAGE = thing(
    pk=ROWS[0].pk,
    subject="Term sheet, second round",
    sender_name="Bob Berger",
    sender_address="bob@fabrikam.example",
    forest=FABRIKAM,
    to=["Alice Arden (you)", "Farid Faber"],
    received_at=NOW - timedelta(minutes=12),
    size=14_210,
)
ATTACHMENTS = [
    thing(index=0, name="term-sheet-v2.docx", size=84_120),
    thing(index=1, name="clause-4-markup.pdf", size=1_212_000),
]
DETAILS = thing(
    findings=[
        Finding(
            "crl-unreachable",
            Severity.WARNING,
            "No current revocation list of Fabrikam Issuing G1 is at hand.",
            "RFC 5280 §6.3.3",
            "The portal asks again every hour; ask the sender if it cannot wait.",
            "operator",
            (("tried", "http://crl.fabrikam.example/i1.crl"),),
        )
    ],
    layers=[
        thing(
            kind="encrypted",
            code="ENC_OK",
            title="Encrypted",
            note="AuthEnvelopedData, AES-256-GCM; key by RSA",
        ),
        thing(
            kind="signed",
            code="SIG_OK_REV_UNKNOWN",
            title="Signed",
            note="ECDSA P-256 with SHA-256, today 08:40",
        ),
    ],
    content="plain text, 2 attachments",
    path=[
        thing(name="Fabrikam Root G1", state="good", note="trusted here since 4 Feb 2026", url="#"),
        thing(name="Fabrikam Issuing G1", state="good", note="from this message; not revoked", url="#"),
        thing(name="Bob Berger", state="undetermined", note="from this message; revocation unknown", url="#"),
    ],
    lists=[
        thing(
            issuer="Fabrikam Root G1",
            number=18,
            this_update=NOW - timedelta(days=20),
            next_update=NOW + timedelta(days=70),
            source="http://crl.fabrikam.example/r1.crl",
            note="",
        )
    ],
    recipients=[
        thing(name="Alice Arden", key="7F3A 91C0", you=True),
        thing(name="Bob Berger", key="B2D8 40EE", you=False),
    ],
    signer=[("Address", "bob@fabrikam.example"), ("Method", "ECDSA P-256 with SHA-256")],
)


def message(of: SimpleNamespace, **changes: Any) -> dict[str, Any]:
    shape: dict[str, Any] = {
        "message": MESSAGE,
        "report": of,
        "finding": None,
        "also": ["Farid Faber", "Bob Berger"],
        "always_signs": "",
        "first_signed": False,
        "new_signer": False,
        "attachments": ATTACHMENTS,
        "inner": [],
        "unlock": None,
        "details": None,
    }
    return INBOX | shape | changes


def unlock(form: forms.Pin | None = None, left: int | None = None, paused: bool = False) -> SimpleNamespace:
    until = NOW + timedelta(minutes=15) if paused else None
    return thing(form=form or forms.Pin(), tries_left=left, tries=5, paused_until=until, next="/mail/")


def wrong_pin() -> SimpleNamespace:
    return unlock(
        forms.with_error(forms.Pin({"pin": "1"}), "pin", "That PIN does not fit. 3 tries left."), left=3
    )


LETTER = {
    "to": "bob@fabrikam.example, farid@fabrikam.example, charlie@northwind.example",
    "cc": "dave@legacy.example",
    "subject": "Site visit on 3 December",
    "text": "Dear all,\n\nthe visit is confirmed for 3 December, 10:00.\n\nAlice\n",
    "sign": True,
    "encrypt": True,
}
RECIPIENTS = [
    thing(field="to", name="Bob Berger", address="bob@fabrikam.example", state="ready", reason="ready"),
    thing(
        field="to", name="Farid Faber", address="farid@fabrikam.example", state="soon", reason="expires 1 Dec"
    ),
    thing(
        field="to",
        name="Charlie Chen",
        address="charlie@northwind.example",
        state="missing",
        reason="not found",
    ),
    thing(field="cc", name="", address="dave@legacy.example", state="weak", reason="algorithm too weak"),
]


def compose(form: forms.Letter | None = None, **changes: Any) -> dict[str, Any]:
    shape: dict[str, Any] = {
        "shell": shell(ALICE),
        "form": form or forms.Letter(initial=LETTER),
        "title": "New letter",
        "draft": thing(pk=uuid.uuid4(), saved_at=NOW - timedelta(minutes=4)),
        "in_reply_to": "",
        "identity": thing(name=ALICE.name, address=ALICE.address, note="P-256 until 14 Mar 2027", tone="ok"),
        "recipients": RECIPIENTS,
        "algorithm": thing(
            text="Encrypting with AES-256-CBC, because Farid’s mail program lists nothing newer.", tone="ok"
        ),
        "attachments": [thing(id="a1", name="site-plan.pdf", size=1_200_000)],
        "limit": 50 * 1024 * 1024,
        "sign_reason": "",
        "encrypt_reason": "",
        "send_label": "Send signed & encrypted",
        "cannot": None,
        "unlock": None,
    }
    return shape | changes


CANNOT = thing(
    title="Two of four people can’t read this encrypted",
    people=[
        thing(
            name="Charlie Chen",
            address="charlie@northwind.example",
            state="missing",
            reason="No certificate in your contacts or in a directory your organisation may read.",
        ),
        thing(
            name="",
            address="dave@legacy.example",
            state="weak",
            reason="The certificate has an RSA-1024 key; Contoso’s floor is RSA-2048.",
        ),
    ],
    look_again_note="",
    ready_names=["Bob Berger", "Farid Faber"],
    unencrypted_allowed=False,
    unencrypted_reason="Contoso’s policy forbids it. Ask Olga Orlova.",
)


def pages() -> dict[str, Page]:
    home, here = reverse("mail:inbox"), reverse("mail:message", args=[MESSAGE.pk])
    write = reverse("mail:compose")
    empty = INBOX | {"rows": [], "first_steps": True, "counts": thing(unread=0, problem=0), "older_url": ""}
    finding = Finding(
        "over-budget", Severity.ERROR, "It nests more than 20 parts.", "", "Ask for a simpler one.", "sender"
    )
    found: dict[str, Page] = {
        "mail-inbox": ("mail/inbox.html", INBOX, home),
        "mail-inbox-empty": ("mail/inbox.html", empty, home),
        "mail-inbox-filtered-empty": ("mail/inbox.html", INBOX | {"rows": [], "filter": "problem"}, home),
        "mail-rows": ("mail/_rows.html", INBOX, home),
        "mail-message-details": ("mail/message.html", message(SEALS["unknown"], details=DETAILS), here),
        "mail-message-locked": ("mail/message.html", message(LOCKS["locked"], unlock=unlock()), here),
        "mail-message-unreadable": ("mail/message.html", message(None, finding=finding), here),
        "mail-message-always-signs": (
            "mail/message.html",
            message(SEALS["none"], always_signs="Bob Berger"),
            here,
        ),
        "mail-message-marked": (
            "mail/message.html",
            message(report(), first_signed=True, new_signer=True, inner=[1]),
            here,
        ),
        "mail-body": ("mail/body.html", {"text": report().text, "html": None, "title": "Term sheet"}, here),
        "mail-compose": ("mail/compose.html", compose(), write),
        "mail-compose-blank": (
            "mail/compose.html",
            compose(
                forms.Letter(initial={"sign": True, "encrypt": True}),
                recipients=[],
                algorithm=None,
                attachments=[],
                draft=None,
            ),
            write,
        ),
        "mail-compose-cannot": ("mail/compose.html", compose(cannot=CANNOT), write),
        "mail-compose-nobody": (
            "mail/compose.html",
            compose(cannot=thing(**(vars(CANNOT) | {"ready_names": [], "unencrypted_allowed": True}))),
            write,
        ),
        "mail-compose-unlock": ("mail/compose.html", compose(unlock=wrong_pin()), write),
        "mail-compose-paused": (
            "mail/compose.html",
            compose(unlock=unlock(paused=True), sign_reason="A letter in AES-256-CBC must be signed."),
            write,
        ),
        "mail-compose-errors": (
            "mail/compose.html",
            compose(
                forms.with_error(forms.Letter(LETTER), "to", "“farid” is not an address: it has no @."),
                encrypt_reason="Contoso’s policy requires encryption to fabrikam.example.",
            ),
            write,
        ),
    }
    found |= {f"mail-message-{code}": ("mail/message.html", message(of), here) for code, of in SEALS.items()}
    found |= {
        f"mail-message-lock-{code}": ("mail/message.html", message(of, unlock=unlock()), here)
        for code, of in LOCKS.items()
        if code != "locked"
    }
    return found


__all__ = ["BOB_SIGNING", "CONTOSO", "hexadecimal", "pages", "unlock", "wrong_pin"]
