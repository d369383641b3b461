"""Samples of the administration."""

from __future__ import annotations

import uuid
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from django.urls import reverse

from pki.findings import Finding, Severity

from . import forms, templates
from .cast import ALICE, NORTHWIND_ROOT, NOW, OLGA, Someone, hexadecimal, thing
from .shells import shell
from .tenant_pages import ENCRYPTION, OLD, SIGNING, Page, issued

ADMIN = shell(OLGA, key_open=False)
ROOT_FINGERPRINT = bytes.fromhex(hexadecimal(NORTHWIND_ROOT))


def _person(someone: Someone, *, active: bool = True) -> SimpleNamespace:
    return thing(
        pk=someone.pk,
        name=someone.name,
        address=someone.address,
        is_administrator=someone.is_administrator,
        is_active=active,
    )


def _people() -> dict[str, Page]:
    gina, jon = Someone("Gina Gil", "gina@contoso.example"), Someone("Jon Juhl", "jon@contoso.example")
    until = {"signing_until": SIGNING.not_after, "encryption_until": ENCRYPTION.not_after}
    rows = [
        thing(person=_person(ALICE), note="", note_tone="", **until),
        thing(person=_person(OLGA), note="", note_tone="", **until),
        thing(
            person=_person(gina),
            note="link not used yet",
            note_tone="warn",
            signing_until=None,
            encryption_until=None,
        ),
        thing(
            person=_person(jon, active=False),
            note="revoked 13 Nov",
            note_tone="bad",
            signing_until=None,
            encryption_until=None,
        ),
    ]
    people = {"shell": ADMIN, "rows": rows, "total": 4, "filter": "all", "q": ""}
    people |= {"counts": thing(none=1, ending=0, inactive=1), "previous_url": "", "next_url": "?page=2"}
    row = {"issuer_name": "Contoso Issuing G1", "note": "", "tone": "ok"}
    person: dict[str, Any] = {
        "shell": ADMIN,
        "person": _person(ALICE),
        "in_use": [
            thing(certificate=SIGNING, title="Signing", glyph="seal-ok", **row),
            thing(certificate=ENCRYPTION, title="Encryption", glyph="lock-ok", **row),
        ],
        "earlier": [
            thing(
                certificate=OLD, title="Encryption", glyph="lock-key", **(row | {"note": "ended 15 Sep 2026"})
            )
        ],
        "link": None,
        "waiting_link": None,
        "is_self": False,
        "has_pin": True,
        "facts": [("Added", "4 Feb 2026"), ("Last here", "today 08:50")],
    }
    handed = thing(
        url="https://portal.contoso.example/welcome/3hC0vK9mZr7yQ2wE5tU8iO1p/",
        expires_at=NOW + timedelta(days=7),
    )
    new = {
        "person": _person(gina),
        "in_use": [],
        "earlier": [],
        "link": handed,
        "waiting_link": handed.expires_at,
    }
    barred = thing(reason="affiliationChanged", revoked_at=NOW - timedelta(days=1))
    over = {
        "shell": ADMIN,
        "person": _person(ALICE),
        "is_self": False,
        "effects": [
            thing(
                state="warn",
                title="2 certificates are revoked",
                text="With the reason “superseded”; it is on the list within a minute.",
            ),
            thing(state="ok", title="They choose a new PIN", text="After the next sign-in."),
        ],
    }
    add = {"shell": ADMIN, "form": forms.AddPerson(), "mail_domains": ["contoso.example"]}
    wrong = forms.with_error(
        forms.AddPerson({"name": "Gina", "address": "gina@fabrikam.example"}),
        "address",
        "fabrikam.example is not one of your mail domains; letters to it would never arrive here.",
    )
    at, one = reverse("tenants:people"), reverse("tenants:person", args=[ALICE.pk])
    return {
        "admin-people": ("tenants/admin/people.html", people, at),
        "admin-people-none": ("tenants/admin/people.html", people | {"rows": [], "q": "zoe"}, at),
        "admin-person": ("tenants/admin/person.html", person, one),
        "admin-person-new": ("tenants/admin/person.html", person | new, one),
        "admin-person-self": ("tenants/admin/person.html", person | {"is_self": True}, one),
        "admin-person-barred": ("tenants/admin/person.html", person | {"in_use": [], "barred": barred}, one),
        "admin-start-over": (
            "tenants/admin/start_over.html",
            over,
            reverse("tenants:start_over", args=[ALICE.pk]),
        ),
        "admin-person-left": (
            "tenants/admin/person.html",
            person | {"person": _person(ALICE, active=False)},
            one,
        ),
        "admin-add-person": ("tenants/admin/add_person.html", add, reverse("tenants:add_person")),
        "admin-add-person-errors": (
            "tenants/admin/add_person.html",
            add | {"form": wrong},
            reverse("tenants:add_person"),
        ),
    }


def _authority(name: str, *, root: bool, **changes: Any) -> SimpleNamespace:
    generation = thing(
        pk=uuid.uuid4(),
        authority=thing(name=name, is_root=root),
        number=1,
        not_before=NOW - timedelta(days=40),
        not_after=NOW + timedelta(days=2000),
        is_issuing=not root,
        sha256=ROOT_FINGERPRINT,
        crl_failure="",
        crl_failed_at=None,
    )
    crl = thing(
        number=46,
        this_update=NOW - timedelta(hours=2),
        next_update=NOW + timedelta(days=7),
        entry_count=9,
        size=1104,
    )
    shape = {
        "generation": generation,
        "authority_pk": uuid.uuid4(),
        "online": not root,
        "key_description": "EC P-384" if root else "EC P-256",
        "mail_domains": [] if root else ["contoso.example"],
        "certificates": 1 if root else 248,
        "crl": crl,
        "crl_state": "fresh",
        "next_run": None if root else NOW + timedelta(hours=4),
        "crl_url": "http://localhost:8000/pki/9f41c0d7.crl",
        "issuer_url": "http://localhost:8000/pki/9f41c0d7.cer",
    }
    return thing(**(shape | changes))


def _authorities() -> dict[str, Page]:
    failing = _authority("Contoso Issuing", root=False, crl_state="ended")
    failing.generation.crl_failure = "No process holds the authority’s key."
    failing.generation.crl_failed_at = NOW - timedelta(minutes=5)
    rows = [
        _authority("Contoso Root", root=True, crl_state="ending"),
        _authority("Contoso Issuing", root=False),
        failing,
        _authority("Contoso Issuing", root=False, crl=None, crl_state="none"),
    ]
    at = reverse("tenants:authorities")
    return {"admin-authorities": ("tenants/admin/authorities.html", {"shell": ADMIN, "rows": rows}, at)}


def _certificates() -> dict[str, Page]:
    revocation = thing(revoked_at=NOW - timedelta(hours=3), reason="keyCompromise")
    base = {"person": _person(ALICE), "revocation": None, "published": None}
    rows = [
        thing(certificate=SIGNING, title="signing", state="valid", **base),
        thing(certificate=ENCRYPTION, title="encryption", state="valid", **base),
        thing(certificate=OLD, title="encryption", state="expired", **base),
        thing(certificate=issued(), title="signing", state="revoked", **(base | {"revocation": revocation})),
        thing(
            certificate=issued(),
            title="signing",
            state="revoked",
            **(base | {"revocation": revocation, "published": 46}),
        ),
    ]
    page = {"shell": ADMIN, "rows": rows, "filter": "all", "q": "", "previous_url": "", "next_url": "?page=2"}
    revoke = {
        "shell": ADMIN,
        "certificate": SIGNING,
        "title": "Signing",
        "person": _person(ALICE),
        "already": None,
    }
    wrong = forms.with_error(forms.Revoke({"invalidity_date": "2026-01-01"}), "reason", "Choose a reason.")
    at, one = reverse("tenants:certificates"), reverse("tenants:revoke", args=[SIGNING.sha256.hex()])
    held = thing(held_at=NOW - timedelta(hours=2))
    news = thing(
        number=47, made_at=NOW - timedelta(hours=1), names_it=True, url="http://pki.contoso.example/1.crl"
    )
    return {
        "admin-certificates": ("tenants/admin/certificates.html", page, at),
        "admin-certificates-none": ("tenants/admin/certificates.html", page | {"rows": []}, at),
        "admin-revoke": (
            "tenants/admin/revoke.html",
            revoke | {"form": forms.Revoke(initial={"reason": "keyCompromise"})},
            one,
        ),
        "admin-revoke-errors": ("tenants/admin/revoke.html", revoke | {"form": wrong}, one),
        "admin-revoke-already": ("tenants/admin/revoke.html", revoke | {"already": revocation}, one),
        "admin-revoke-held": (
            "tenants/admin/revoke.html",
            revoke | {"form": forms.Revoke(), "hold": held, "news": news},
            one,
        ),
        "admin-revoke-ended": (
            "tenants/admin/revoke.html",
            revoke | {"form": forms.Revoke(), "ended": True},
            one,
        ),
        **_revoke_all(),
    }


def _revoke_all() -> dict[str, Page]:
    at = reverse("tenants:revoke_all_of_person", args=[ALICE.pk])
    effects = [
        thing(
            state="warn",
            title="2 certificates are revoked",
            text="1 that can sign, 1 that can be encrypted to.",
        ),
        thing(
            state="warn",
            title="They can neither sign nor be written to encrypted",
            text="At once in this portal.",
        ),
    ]
    everything = {
        "shell": ADMIN,
        "page": thing(
            kind="final",
            title="Revoke all certificates of Alice Arden",
            crumb="Alice Arden",
            back=reverse("tenants:person", args=[ALICE.pk]),
            action=at,
        ),
        "form": forms.RevokeAll(),
        "touched": thing(certificates=2, signing=1, encryption=1, people=1),
        "effects": effects,
        "order": None,
    }
    order = thing(ordered_at=NOW, reason="cACompromise", revoked=1500, done_at=None)
    wrong = forms.with_error(
        forms.RevokeAll({"reason": "superseded"}), "password", "That is not your password."
    )
    template = "tenants/admin/revoke_all.html"
    return {
        "admin-revoke-all": (template, everything, at),
        "admin-revoke-all-errors": (template, everything | {"form": wrong}, at),
        "admin-revoke-all-running": (template, everything | {"order": order}, at),
        "admin-revoke-all-nothing": (template, everything | {"touched": thing(certificates=0)}, at),
    }


def _root(label: str, state: str, **changes: Any) -> SimpleNamespace:
    shape = {
        "pk": uuid.uuid4(),
        "label": label,
        "organisation": "",
        "sha256": ROOT_FINGERPRINT,
        "domains": ["fabrikam.example", ".fabrikam.example"],
        "state": state,
        "decided_by": OLGA,
        "decided_at": NOW - timedelta(days=12),
        "terms": "",
    }
    return thing(**(shape | changes))


def _trust() -> dict[str, Page]:
    own = _root("Contoso Root G1", "own", domains=["contoso.example"], decided_by=None)
    roots = [
        thing(root=own, letters=None),
        thing(
            root=_root("Fabrikam Root G1", "trusted", terms="signatures only, until 31 Dec 2026"),
            letters=1206,
        ),
        thing(root=_root("Legacy CA 2011", "distrusted", domains=[".legacy.example"]), letters=5),
    ]
    wish = thing(
        pk=uuid.uuid4(), title="Northwind Root G1", asked_by=ALICE, asked_at=NOW, sha256=ROOT_FINGERPRINT
    )
    trust = {"shell": ADMIN, "roots": roots, "requests": [wish]}
    bad_file = forms.with_error(forms.TrustImport({"pem": "x"}), "pem", "This is no certificate.")
    offered = thing(title="Delivery schedule", certificate="MIIB", sha256=ROOT_FINGERPRINT)
    effects = [
        thing(
            state="ok",
            title="214 addresses become verifiable",
            text="38 letters turn from “issuer not trusted” to “Signed by”.",
        ),
        thing(
            state="info", title="Only northwind.example, only e-mail", text="Other domains stay untrusted."
        ),
    ]
    finding = Finding(
        "no-constraint", Severity.WARNING, "The root limits itself to no domain.", "RFC 5280 §4.2.1.10"
    )
    preview: dict[str, Any] = {
        "shell": ADMIN,
        "title": "Northwind Root G1",
        "facts": [("Key", "EC P-384"), ("Valid", "2023 – 2038"), ("Self-signed", "yes")],
        "sha256": ROOT_FINGERPRINT,
        "certificate": "MIIB",
        "asked_by": "Alice Arden",
        "form": forms.TrustDomains(initial={"domains": "northwind.example"}),
        "effects": effects,
        "findings": [finding],
        "known": None,
    }
    no_domain = forms.with_error(forms.TrustDomains({"domains": ""}), "domains", "Name at least one domain.")
    again = {"form": no_domain, "effects": [], "findings": [], "known": roots[2].root, "asked_by": ""}
    distrust = {"shell": ADMIN, "root": roots[1].root, "effects": effects}
    at, took, shown = (
        reverse("tenants:trust"),
        reverse("tenants:trust_import"),
        reverse("tenants:trust_preview"),
    )
    return {
        "admin-trust": ("tenants/admin/trust.html", trust, at),
        "admin-trust-first": ("tenants/admin/trust.html", trust | {"roots": roots[:1], "requests": []}, at),
        "admin-trust-import": (
            "tenants/admin/trust_import.html",
            {"shell": ADMIN, "form": forms.TrustImport(), "offered": offered},
            took,
        ),
        "admin-trust-import-errors": (
            "tenants/admin/trust_import.html",
            {"shell": ADMIN, "form": bad_file, "offered": None},
            took,
        ),
        "admin-trust-preview": ("tenants/admin/trust_preview.html", preview, shown),
        "admin-trust-preview-errors": ("tenants/admin/trust_preview.html", preview | again, shown),
        "admin-distrust": (
            "tenants/admin/distrust.html",
            distrust,
            reverse("tenants:distrust", args=[roots[1].root.pk]),
        ),
    }


def _approval(summary: str, **changes: Any) -> SimpleNamespace:
    shape = {
        "pk": uuid.uuid4(),
        "summary": summary,
        "sha256": ROOT_FINGERPRINT,
        "asked_by": "Alice Arden",
        "asked_at": NOW - timedelta(hours=2),
        "is_own": False,
        "state": "open",
        "decided_by": "",
        "decided_at": None,
    }
    return thing(**(shape | changes))


def _approvals() -> dict[str, Page]:
    waiting = [
        _approval("Publish list 19 of Contoso Root G1, which a ceremony signed."),
        _approval("Make the authority Contoso Branch.", asked_by="", is_own=False),
        _approval(
            "Revoke the authority Contoso Issuing G1: superseded.", asked_by="Olga Orlova", is_own=True
        ),
    ]
    done = {"decided_by": "Olga Orlova", "decided_at": NOW}
    decided = [
        _approval(f"Make the authority {state}.", state=state, **done)
        for state in ("approved", "refused", "withdrawn")
    ]
    page = {"shell": ADMIN, "waiting": waiting, "decided": decided, "rule": True, "administrators": 2}
    empty = {"waiting": [], "decided": [], "rule": False, "administrators": 1}
    at = reverse("tenants:approvals")
    return {
        "admin-approvals": ("tenants/admin/approvals.html", page, at),
        "admin-approvals-none": ("tenants/admin/approvals.html", page | empty, at),
    }


def _algorithms() -> dict[str, Page]:
    policy = thing(
        version=2,
        in_force_at=NOW,
        decided_by="Olga Orlova",
        approved_by="Oskar Olsen",
        keys=[("Encryption", "EC P-256")],
    )
    columns = [
        thing(
            code="signing", title="Signing", preferred="EC P-256", counts=[("EC P-256", 248)], moved=248, total=248,
            percent=100, under_way=0, refused=0,
        ),
        thing(
            code="encryption", title="Encryption", preferred="EC P-256",
            counts=[("RSA-3072", 183), ("EC P-256", 62)], moved=62, total=245, percent=25, under_way=12, refused=3,
        ),
        thing(
            code="dual-use", title="Signing and encryption with one key", preferred="RSA-3072", counts=[], moved=0,
            total=0, percent=100, under_way=0, refused=0,
        ),
    ]  # fmt: skip
    effects = [
        {"title": "Encryption", "now": "RSA-3072", "then": "EC P-256", "moving": 183, "staying": 62},
        {"title": "Signing", "now": "EC P-256", "then": "Ed25519", "moving": 1, "staying": 1},
    ]
    form = forms.NextPolicy(initial={"key_encryption": "p-256"})
    wrong = forms.with_error(
        forms.NextPolicy({"begins": "2001-01-01"}), "begins", "A policy cannot begin in the past."
    )
    page = {"shell": ADMIN, "columns": columns, "policy": policy, "coming": [policy], "form": form}
    at, one = reverse("tenants:algorithms"), reverse("tenants:next_policy")
    return {
        "admin-algorithms": ("tenants/admin/algorithms.html", page, at),
        "admin-algorithms-none": ("tenants/admin/algorithms.html", page | {"policy": None, "coming": []}, at),
        "admin-next-policy": (
            "tenants/admin/next_policy.html", {"shell": ADMIN, "form": form, "effects": effects}, one,
        ),
        "admin-next-policy-errors": (
            "tenants/admin/next_policy.html", {"shell": ADMIN, "form": wrong, "effects": []}, one,
        ),
    }  # fmt: skip


def pages() -> dict[str, Page]:
    return (
        _algorithms()
        | _people()
        | _approvals()
        | _authorities()
        | _certificates()
        | _trust()
        | templates.pages(ADMIN)
    )
