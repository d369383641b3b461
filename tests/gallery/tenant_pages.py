"""Samples of the door, of a person's keys and certificates, and of the error pages."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from django.urls import reverse

from pki.findings import Finding, Severity

from . import forms
from .cast import (
    ALICE,
    BOB_SIGNING,
    CHARLIE_SIGNING,
    NORTHWIND,
    NORTHWIND_ROOT,
    NOW,
    OLGA,
    certificate,
    hexadecimal,
    thing,
)
from .mail_pages import unlock, wrong_pin
from .shells import shell

Page = tuple[str, dict[str, Any], str]
GONE = "Address and password do not fit together. Check both, or ask your administrator for a new link."


def issued(key: str = "EC P-256", *, back: int = 120, on: int = 277, **more: Any) -> SimpleNamespace:
    """As `tenants.models.Certificate`: binary columns come back as memoryview from PostgreSQL."""
    made = certificate("Alice Arden", "Contoso Issuing G1", days_back=back, days_on=on)
    return thing(
        sha256=memoryview(bytes.fromhex(hexadecimal(made))),
        key_description=key,
        not_before=made.not_valid_before_utc,
        not_after=made.not_valid_after_utc,
        issuer_name="Contoso Issuing G1",
        **more,
    )


SIGNING, ENCRYPTION = issued(), issued("RSA-3072", back=30, on=700)
OLD = issued("RSA-2048", back=800, on=-70)


def _door() -> dict[str, Page]:
    nobody, newcomer = shell(None), shell(ALICE, key_open=False)
    wrong = forms.with_error(forms.SignIn({"address": "alice@contoso.example", "password": "x"}), None, GONE)
    bad = forms.with_error(
        forms.SignIn({"address": "alice", "password": "x"}), "address", "An address has an @ and a domain."
    )
    link = {"shell": newcomer, "token": "t0k3n", "name": ALICE.name, "address": ALICE.address}
    pins = forms.with_error(
        forms.NewPin({"pin": "12", "pin_again": "12"}), "pin", "Six digits or more, please."
    )
    made = [thing(title="Signing", **vars(SIGNING)), thing(title="Encryption", **vars(ENCRYPTION))]
    refusal = Finding(
        "authority-unavailable",
        Severity.ERROR,
        "The authority did not answer: no process holds its key at the moment.",
        "",
        "Your PIN is kept. Try again in a minute; if it stays so, tell the operator.",
        "operator",
    )
    enrol: dict[str, Any] = {"shell": newcomer, "form": forms.NewPin(), "certificates": [], "refusal": None}
    at = reverse("tenants:enrol")
    return {
        "door": ("door.html", {"shell": nobody, "form": forms.SignIn(), "next": "/mail/"}, "/sign-in/"),
        "door-wrong": ("door.html", {"shell": nobody, "form": wrong, "next": ""}, "/sign-in/"),
        "door-field": ("door.html", {"shell": nobody, "form": bad, "next": ""}, "/sign-in/"),
        "door-notice": (
            "door.html",
            {
                "shell": nobody,
                "form": forms.SignIn(),
                "messages": [
                    thing(
                        message="You are signed out. Your key is locked.", level_tag="success", tags="success"
                    )
                ],
            },
            "/sign-in/",
        ),
        "signin-link": (
            "tenants/signin_link.html",
            link
            | {"link_state": "usable", "form": forms.NewPassword(), "expires_at": NOW + timedelta(days=2)},
            "/",
        ),
        "signin-link-used": ("tenants/signin_link.html", link | {"link_state": "used"}, "/"),
        "signin-link-expired": ("tenants/signin_link.html", link | {"link_state": "expired"}, "/"),
        "signin-link-unknown": ("tenants/signin_link.html", link | {"link_state": "unknown"}, "/"),
        "enrol": ("tenants/enrol.html", enrol | {"state": "form"}, at),
        "enrol-errors": ("tenants/enrol.html", enrol | {"state": "form", "form": pins}, at),
        "enrol-again": (
            "tenants/enrol.html",
            enrol | {"state": "form", "form": forms.Pin(), "pin_exists": True},
            at,
        ),
        "enrol-working": ("tenants/enrol.html", enrol | {"state": "working"}, at),
        "enrol-done": ("tenants/enrol.html", enrol | {"state": "done", "certificates": made}, at),
        "enrol-failed": ("tenants/enrol.html", enrol | {"state": "failed", "refusal": refusal}, at),
        "enrol-waiting": (
            "tenants/enrol.html",
            enrol
            | {
                "state": "waiting",
                "refusal": refusal,
                "step": "Is an authority there that can issue?",
                "next_try_at": NOW + timedelta(minutes=10),
            },
            at,
        ),
    }


def _keys() -> dict[str, Page]:
    mine = shell(ALICE)
    kept = [thing(certificate=OLD, title="Encryption", why="ended 15 Sep 2026")]
    page = {
        "shell": mine,
        "signing": SIGNING,
        "encryption": ENCRYPTION,
        "kept": kept,
        "signing_renews": NOW + timedelta(days=150),
        "encryption_renews": NOW + timedelta(days=450),
    }
    choice = [
        thing(certificate=ENCRYPTION, title="Encryption", note="", chosen=True),
        thing(certificate=SIGNING, title="Signing", note="others could sign as you", chosen=False),
    ]
    export = {"shell": mine, "certificates": choice, "form": forms.Export(), "unlock": None}
    errors = forms.with_error(forms.Export({"password": "x"}), "password_again", "The two do not agree.")
    errors.add_error("keys", "Choose at least one key.")
    keys, out, open_ = reverse("tenants:keys"), reverse("tenants:export_p12"), reverse("tenants:unlock")
    return {
        "keys": ("tenants/keys.html", page, keys),
        "keys-none": ("tenants/keys.html", page | {"signing": None, "kept": []}, keys),
        "export": ("tenants/export_p12.html", export, out),
        "export-errors": ("tenants/export_p12.html", export | {"form": errors}, out),
        "export-locked": ("tenants/export_p12.html", export | {"unlock": unlock()}, out),
        "unlock": ("tenants/unlock.html", {"shell": shell(ALICE, key_open=False), "unlock": unlock()}, open_),
        "unlock-wrong": ("tenants/unlock.html", {"shell": mine, "unlock": wrong_pin()}, open_),
        "unlock-paused": ("tenants/unlock.html", {"shell": mine, "unlock": unlock(paused=True)}, open_),
    }


def _more_keys() -> dict[str, Page]:
    """Replacing, bringing along, and requests."""
    mine = {"shell": shell(ALICE)}
    valid = [thing(title="Signing", **vars(SIGNING)), thing(title="Encryption", **vars(ENCRYPTION))]
    replace = mine | {"form": forms.ReplaceKeys(), "certificates": valid, "why": ""}
    unsaid = forms.with_error(forms.ReplaceKeys({"pin": "x"}), "why", "Say what happened.")
    unsaid.add_error("pin", "That PIN does not fit. 4 tries left.")
    shut = forms.with_error(
        forms.BringIdentity({"password": "x"}), "password", "The password does not open this key file."
    )
    weak = Finding(
        "key-revoked", Severity.ERROR, "A certificate of this key was revoked.", "", "Make a new key.", "you"
    )
    line = {"title": "Signing", "mailbox": ALICE.address, "asked_at": NOW, "step": "", "refusal": None}
    lines = [
        thing(**line, state="issued", sha256=SIGNING.sha256),
        thing(**line, state="waiting", sha256=None),
        thing(**line | {"refusal": weak, "step": "Is the key fit and proven?"}, state="refused", sha256=None),
    ]
    asked = mine | {"form": forms.CertificateRequest(), "lines": lines, "has_templates": True}
    unread = forms.with_error(forms.CertificateRequest({}), "file", "The file is no certificate request.")
    at, bring, ask = (
        reverse("tenants:replace_keys"),
        reverse("tenants:bring_identity"),
        reverse("tenants:requests"),
    )
    return {
        "replace": ("tenants/replace_keys.html", replace, at),
        "replace-errors": ("tenants/replace_keys.html", replace | {"form": unsaid, "certificates": []}, at),
        "bring": ("tenants/bring_identity.html", mine | {"form": forms.BringIdentity()}, bring),
        "bring-errors": ("tenants/bring_identity.html", mine | {"form": shut}, bring),
        "requests": ("tenants/requests.html", asked, ask),
        "requests-errors": ("tenants/requests.html", asked | {"form": unread, "lines": []}, ask),
        "requests-closed": ("tenants/requests.html", asked | {"lines": [], "has_templates": False}, ask),
    }


def _node(subject: Any, name: str, state: str, **more: Any) -> SimpleNamespace:
    shape = {
        "name": name,
        "tag": "authority",
        "tag_tone": "",
        "note": "In this letter · EC P-256",
        "state": state,
        "not_before": subject.not_valid_before_utc,
        "not_after": subject.not_valid_after_utc,
        "sha256": bytes.fromhex(hexadecimal(subject)),
        "why": "",
        "forest": None,
    }
    return thing(**(shape | more))


def viewer(**changes: Any) -> dict[str, Any]:
    shape: dict[str, Any] = {
        "shell": shell(ALICE),
        "tab": "general",
        "title": "Charlie Chen",
        "subtitle": "charlie@northwind.example · signing certificate",
        "crumbs": [thing(label="Inbox", url="/mail/"), thing(label="Delivery schedule", url="/mail/")],
        "links": thing(
            general="?g", details="?d", path="?p", status="?s", cer="/c.cer", pem="/c.pem", p7b="/c.p7b"
        ),
        "path": thing(verdict="invalid", failure="untrusted", findings=(), revocation=None),
        "certificate": thing(
            not_before=CHARLIE_SIGNING.not_valid_before_utc,
            not_after=CHARLIE_SIGNING.not_valid_after_utc,
            sha256=bytes.fromhex(hexadecimal(CHARLIE_SIGNING)),
        ),
        "forest": NORTHWIND,
        "belongs": [("Name", "Charlie Chen"), ("Address", "charlie@northwind.example")],
        "uses": [
            thing(state="ok", title="Signing letters", text="from charlie@northwind.example only"),
            thing(state="skip", title="Not for encrypting to him", text="That takes his other certificate."),
        ],
        "groups": [
            thing(
                heading="Who and by whom",
                fields=[
                    thing(name="Subject", value="Charlie Chen", gloss="the person it names", mono=False),
                    thing(
                        name="Serial number",
                        value="5CA0197E42D3880B",
                        gloss="what a list would name",
                        mono=True,
                    ),
                ],
            )
        ],
        "nodes": [
            _node(
                NORTHWIND_ROOT,
                "Northwind Root G1",
                "undetermined",
                tag="not trusted here yet",
                tag_tone="warn",
                forest=NORTHWIND,
                why="Nobody in your organisation has decided about it.",
            ),
            _node(BOB_SIGNING, "Northwind Issuing G1", "good"),
            _node(CHARLIE_SIGNING, "Charlie Chen", "good", tag="person"),
        ],
        "trust_request": thing(certificate="MIIB", message="", asked=False),
        "status": thing(
            state="good",
            title="Not revoked, as of today 06:00",
            text="List 1208 of Northwind Issuing G1 does not name this certificate.",
            letters=3,
            lists=[
                thing(
                    issuer="Northwind Issuing G1",
                    number=1208,
                    this_update=NOW - timedelta(hours=6),
                    next_update=NOW + timedelta(days=7),
                    source="http://crl.northwind.example/i1.crl",
                    note="",
                )
            ],
        ),
    }
    return shape | changes


def _certificate() -> dict[str, Page]:
    at = reverse("tenants:certificate", args=[hexadecimal(CHARLIE_SIGNING)])
    asked = thing(certificate="MIIB", message="", asked=True)
    revoked = thing(
        state="revoked", title="Revoked on 11 Nov 2026", text="Key compromise.", lists=[], letters=None
    )
    found = {
        f"certificate-{tab}": ("tenants/certificate.html", viewer(tab=tab), at)
        for tab in ("general", "details", "path", "status")
    }
    return found | {
        "certificate-path-admin": ("tenants/certificate.html", viewer(tab="path", shell=shell(OLGA)), at),
        "certificate-path-asked": ("tenants/certificate.html", viewer(tab="path", trust_request=asked), at),
        "certificate-revoked": ("tenants/certificate.html", viewer(tab="status", status=revoked), at),
    }


def _errors() -> dict[str, Page]:
    return {
        "error-404": ("404.html", {"shell": shell(ALICE)}, "/nowhere/"),
        "error-404-signed-out": ("404.html", {}, "/nowhere/"),
        "error-403": ("403.html", {"shell": shell(ALICE)}, "/"),
        "error-403-csrf": ("403_csrf.html", {}, "/"),
        "error-400": ("400.html", {}, "/"),
        "error-500": ("500.html", {"reference": "K7QM-4F2D"}, "/"),
        "error-500-bare": ("500.html", {}, "/"),
    }


def pages() -> dict[str, Page]:
    return _door() | _keys() | _more_keys() | _certificate() | _errors()
