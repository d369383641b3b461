"""Samples of the templates' pages."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.urls import reverse

from pki.findings import error

from . import forms
from .cast import NOW, thing

Page = tuple[str, dict[str, Any], str]

FIELDS = [
    thing(label="Name", value="Signing"),
    thing(label="Key types", value="EC P-256"),
    thing(label="Valid", value="397 days"),
    thing(label="Purpose", value="e-mail protection, nothing else"),
]
CHANGES = [
    thing(label="Key types", before="EC P-256, RSA-3072", value="EC P-256"),
    thing(label="Renewed", before="30 days before the end", value="132 days before the end"),
]
DRAFT = thing(
    pk=uuid.uuid4(), title="Signing", author="Dana Duarte", written_at=NOW - timedelta(hours=16), is_own=False
)


def _row(title: str, **changes: Any) -> Any:
    shape = {
        "pk": uuid.uuid4(),
        "title": title,
        "use": "read letters",
        "keys": "RSA-3072",
        "valid": "730 days",
        "rights": "every member",
        "kept": True,
        "version": 3,
        "withdrawn": False,
        "draft_pk": None,
        "draft_version": 4,
        "in_use": 245,
    }
    return thing(**(shape | changes))


def _version(version: int, state: str, **changes: Any) -> Any:
    shape = {
        "pk": uuid.uuid4(),
        "version": version,
        "state": state,
        "in_use": 3,
        "published_at": NOW - timedelta(days=90),
        "author": "Dana Duarte",
        "publisher": "Olga Orlova",
        "alone": False,
        "note": "Ends RSA for signing.",
        "withdrawn_by": "",
        "withdrawn_at": None,
        "withdrawn_note": "",
        "changes": CHANGES,
        "opinions": "Samples passed 74 rules, and pkilint 0.13.3.",
    }
    return thing(**(shape | changes))


def _draft_context(shell: Any, **changes: Any) -> dict[str, Any]:
    good = thing(key_type="p-256", rules=74, linter="pkilint 0.13.3", findings=(), is_good=True)
    return {
        "shell": shell,
        "draft": DRAFT,
        "note": "Ends RSA for signing.",
        "version": 5,
        "before": 4,
        "before_pk": uuid.uuid4(),
        "fields": FIELDS,
        "changes": CHANGES,
        "opinions": [("EC P-256", good)],
        "second_linter": "pkilint 0.13.3",
        "refusal": None,
        "is_good": True,
        "may_publish": True,
        "alone": False,
        "fingerprint": "ab" * 32,
    } | changes


def pages(shell: Any) -> dict[str, Page]:
    rows = [
        _row(
            "Signing",
            use="sign letters",
            keys="EC P-256, RSA-3072",
            kept=False,
            draft_pk=DRAFT.pk,
            draft_version=5,
        ),
        _row("Encryption"),
        _row("Person, ML-KEM", pk=None, version=0, draft_pk=uuid.uuid4(), draft_version=1, in_use=0),
        _row("Signing (2021)", withdrawn=True, in_use=0),
    ]
    asking = thing(
        pk=uuid.uuid4(),
        name="Alice Arden",
        address="alice@contoso.example",
        title="Signing",
        asked_at=NOW,
        is_own=False,
    )
    everything = {
        "shell": shell,
        "rows": rows,
        "drafts": [DRAFT],
        "waiting": [asking],
        "only": False,
        "objections": [],
    }
    versions = [
        _version(4, "issues"),
        _version(3, "superseded", alone=True),
        _version(1, "superseded", publisher="", author="", note="", changes=[], opinions=""),
    ]
    gone = [
        _version(
            5, "withdrawn", withdrawn_by="Olga Orlova", withdrawn_at=NOW, withdrawn_note="Nobody needs it."
        )
    ]
    alone = everything | {"drafts": [], "waiting": [], "only": True, "objections": ["pkilint: odd"]}
    one = {"shell": shell, "title": "Signing", "fields": FIELDS, "draft": DRAFT, "next_version": 5}
    refused = thing(
        key_type="x25519", rules=74, linter="", is_good=False,
        findings=[error("lint-key", "The key is too weak.", citation="BR 6.1.5")],
    )  # fmt: skip
    bad = [("X25519", refused)]
    form = {"shell": shell, "code": "signing", "title": "Signing", "version": 5, "chosen": ["p-256"]}
    form |= {"uses": [("sign", "sign letters", "EC P-256"), ("read", "read letters", "RSA-3072")]}
    first = {"use": "sign", "rights": "everyone", "name_pattern": "{name}"}
    wrong = forms.with_error(forms.Template({"use": "sign"}), "key_types", "Choose at least one kind of key.")
    everywhere, new = reverse("tenants:templates"), reverse("tenants:template_new")
    at, draft = (
        reverse("tenants:template", args=[uuid.uuid4()]),
        reverse("tenants:template_draft", args=[DRAFT.pk]),
    )
    own = thing(**(vars(DRAFT) | {"is_own": True}))
    return {
        "admin-templates": ("tenants/admin/templates.html", everything, everywhere),
        "admin-templates-only": (
            "tenants/admin/templates.html", alone, everywhere,
        ),
        "admin-template": (
            "tenants/admin/template.html", one | {"shown": versions[0], "newest": versions[0], "versions": versions}, at,
        ),
        "admin-template-withdrawn": (
            "tenants/admin/template.html", one | {"shown": gone[0], "newest": gone[0], "versions": gone, "draft": None}, at,
        ),
        "admin-template-draft": ("tenants/admin/template_draft.html", _draft_context(shell), draft),
        "admin-template-draft-own": (
            "tenants/admin/template_draft.html",
            _draft_context(shell, draft=own, may_publish=False, before=0, before_pk=None, changes=[]), draft,
        ),
        "admin-template-draft-refused": (
            "tenants/admin/template_draft.html",
            _draft_context(shell, draft=own, alone=True, is_good=False, opinions=bad, second_linter="", changes=[]), draft,
        ),
        "admin-template-draft-no-authority": (
            "tenants/admin/template_draft.html",
            _draft_context(shell, is_good=False, opinions=[], refusal=error("x", "No authority can issue.")), draft,
        ),
        "admin-template-form": (
            "tenants/admin/template_form.html", form | {"form": forms.Template(initial=first)}, at,
        ),
        "admin-template-new-errors": (
            "tenants/admin/template_form.html", form | {"form": wrong, "code": "", "title": ""}, new,
        ),
    }  # fmt: skip
