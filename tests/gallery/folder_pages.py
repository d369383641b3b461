"""Samples of sent letters, drafts, contacts and import."""

from __future__ import annotations

import uuid
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from django.urls import reverse

from . import forms
from .cast import ALICE, BOB, BOB_SIGNING, FABRIKAM, NORTHWIND, NOW, hexadecimal, thing
from .mail_pages import Page, unlock
from .shells import shell

FINGERPRINT = bytes.fromhex(hexadecimal(BOB_SIGNING))


def _delivery(name: str, address: str, state: str, failure: str = "") -> SimpleNamespace:
    finished = None if state == "queued" else NOW - timedelta(minutes=3)
    return thing(
        name=name,
        address=address,
        state=state,
        failure=failure,
        finished_at=finished,
        queued_at=NOW - timedelta(minutes=4),
    )


def _sent() -> dict[str, Page]:
    def row(to: str, subject: str, state: str, summary: str) -> SimpleNamespace:
        sent_at = NOW - timedelta(hours=5)
        return thing(
            pk=uuid.uuid4(), to=to, bcc="", sent_at=sent_at, subject=subject, subject_hidden=not subject, state=state,
            summary=summary,
        )  # fmt: skip

    rows = [
        row("Bob, Farid, Dave", "Badges for the site visit", "failed", "1 came back"),
        row("Bob Berger", "Re: Term sheet", "delivered", "Delivered, signed and encrypted"),
        row("Charlie Chen", "", "queued", "On its way"),
    ]
    letter = thing(
        pk=rows[0].pk,
        subject="Badges for the site visit",
        to=["Bob Berger", "Farid Faber"],
        bcc=["Dorn, Dave"],
        sent_at=NOW - timedelta(minutes=4),
        signed=True,
        encrypted_with="AES-256-GCM",
        certificate=hexadecimal(BOB_SIGNING),
        locked=False,
    )
    deliveries = [
        _delivery("Bob Berger", "bob@fabrikam.example", "delivered"),
        _delivery("Farid Faber", "farid@fabrikam.example", "queued"),
        _delivery("", "relay@elsewhere.example", "handed-over"),
        _delivery(
            "Dave Dorn",
            "dave@legacy.example",
            "failed",
            "The mail relay refused it: no such person. Check the address and send it again.",
        ),
    ]
    open_: dict[str, Any] = {
        "shell": shell(ALICE),
        "rows": rows,
        "letter": letter,
        "deliveries": deliveries,
        "taken": "1 of 4 delivered, 1 handed to the mail relay",
        "text": "Dear all,\n\nbring your badges.\n\nAlice",
        "attachments": [thing(name="plan.pdf", size=212_000)],
        "unlock": None,
        "older_url": "?before=x",
        "newest_url": "",
    }
    shut = thing(**(vars(letter) | {"locked": True, "subject": "", "signed": False, "encrypted_with": ""}))
    at, one = reverse("mail:sent"), reverse("mail:sent_message", args=[letter.pk])
    return {
        "mail-sent": ("mail/sent.html", open_ | {"letter": None}, at),
        "mail-sent-empty": ("mail/sent.html", open_ | {"letter": None, "rows": [], "older_url": ""}, at),
        "mail-sent-letter": ("mail/sent.html", open_, one),
        "mail-sent-locked": ("mail/sent.html", open_ | {"letter": shut, "text": "", "unlock": unlock()}, one),
    }


def _drafts() -> dict[str, Page]:
    def row(to: str, subject: str) -> SimpleNamespace:
        return thing(pk=uuid.uuid4(), updated_at=NOW - timedelta(hours=2), to=to, subject=subject, snippet="")

    page = {"shell": shell(ALICE), "rows": [row("Bob Berger", "Site visit"), row("", "")], "unlock": None}
    locked = {"shell": shell(ALICE, key_open=False), "rows": [row("", "")], "unlock": unlock()}
    at = reverse("mail:drafts")
    return {
        "mail-drafts": ("mail/drafts.html", page, at),
        "mail-drafts-locked": ("mail/drafts.html", locked, at),
        "mail-drafts-empty": ("mail/drafts.html", page | {"rows": []}, at),
    }


def _contacts() -> dict[str, Page]:
    def row(pk: uuid.UUID, name: str, address: str, **more: Any) -> SimpleNamespace:
        shape = {"forest": None, "seal": "SIG_OK", "ready": "ready", "note": "", "note_tone": ""}
        return thing(
            pk=pk, name=name, address=address, url=reverse("mail:contact", args=[pk]), **(shape | more)
        )

    rows = [
        row(
            BOB.pk,
            BOB.name,
            BOB.address,
            forest=FABRIKAM,
            note="a different signer than before",
            note_tone="warn",
        ),
        row(
            uuid.uuid4(),
            "Charlie Chen",
            "charlie@northwind.example",
            forest=NORTHWIND,
            seal="SIG_UNTRUSTED",
            ready="missing",
        ),
        row(uuid.uuid4(), "", "dave@legacy.example", seal="", ready="weak"),
    ]
    facts = [
        ("First signed letter", "9 Dec 2025"),
        ("Encrypted with", "AES-256-GCM, the newest his program lists"),
    ]
    contact = thing(pk=BOB.pk, name=BOB.name, address=BOB.address, forest=FABRIKAM, facts=facts)
    row_shape = {
        "sha256": FINGERPRINT,
        "key_description": "EC P-256",
        "not_before": NOW - timedelta(days=30),
        "not_after": NOW + timedelta(days=300),
    }
    certificates = [
        thing(
            title="Encrypting to them", source="Fabrikam’s directory", state="in use", tone="ok", **row_shape
        ),
        thing(title="Signing", source="letter of 12 Nov", state="new", tone="warn", **row_shape),
        thing(title="Signing", source="letter of 9 Dec", state="ends 1 Dec", tone="", **row_shape),
    ]
    note = thing(sha256=FINGERPRINT, note="until 24 Nov 2026")
    page: dict[str, Any] = {
        "shell": shell(ALICE),
        "rows": rows,
        "total": 3,
        "filter": "all",
        "counts": thing(cannot=2, changed=1),
        "q": "",
        "contact": None,
        "certificates": [],
        "changed": [],
        "upload": None,
    }
    one = {
        "contact": contact,
        "certificates": certificates,
        "changed": [
            thing(purpose="signing", before=note, now=note, ended=False),
            thing(purpose="encryption", before=note, now=note, ended=True),
        ],
    }
    wrong = forms.with_error(
        forms.Upload({}), "file", "This file holds no certificate. Ask for a .cer, .pem or .p7b file."
    )
    at = reverse("mail:contacts")
    return {
        "mail-contacts": ("mail/contacts.html", page, at),
        "mail-contact": ("mail/contacts.html", page | one, reverse("mail:contact", args=[BOB.pk])),
        "mail-contacts-empty": ("mail/contacts.html", page | {"rows": [], "upload": wrong}, at),
        "mail-contacts-nobody": ("mail/contacts.html", page | {"rows": [], "q": "zoe"}, at),
    }


def _import() -> dict[str, Page]:
    results = [
        thing(
            name="from-openssl.eml", ok=True, url="/mail/", text="Signed and encrypted, in your inbox now."
        ),
        thing(
            name="huge.eml",
            ok=False,
            url="",
            text="It is larger than 50 MB and was not read. Nothing was kept.",
        ),
    ]
    page = {"shell": shell(ALICE), "form": forms.Upload(), "results": None, "limit": 50 * 1024 * 1024}
    wrong = forms.with_error(forms.Upload({}), "file", "Choose at least one .eml file.")
    at = reverse("mail:import_eml")
    return {
        "mail-import": ("mail/import_eml.html", page, at),
        "mail-import-errors": ("mail/import_eml.html", page | {"form": wrong}, at),
        "mail-import-done": ("mail/import_eml.html", page | {"results": results}, at),
    }


def pages() -> dict[str, Page]:
    return _sent() | _drafts() | _contacts() | _import()
