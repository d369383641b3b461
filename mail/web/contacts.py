"""Contacts and colleagues: who can be written to encrypted, with which certificate, and a changed one to decide about."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from mail.letter import Recipient
from mail.models import Contact, ContactCertificate
from mail.models.contacts import ContactCertificateState
from mail.services.contacts import choose_certificate, import_certificate
from mail.services.harvest import Kept
from mail.services.plan import State, plan
from mail.services.succession import has_ended
from mail.web.forests import forests_of
from pki.errors import PkiError
from pki.keys import describe
from pki.path import PathResult, Verdict
from tenants import clock
from tenants.access import Actor, SignedInRequest, member
from tenants.models import Person, Tenant
from tenants.refusals import Refused
from tenants.scoping import tenant_scope
from tenants.services.assemble_trust import assemble_trust
from tenants.services.judge_certificate import judge_certificate
from tenants.web.answers import see_other
from tenants.web.forms import LARGEST_CERTIFICATE_FILE, sentence
from tenants.web.paging import searched_for
from tenants.web.words import full_day

FILTERS = ("all", "ready", "cannot", "changed")
MOST_SHOWN = 100
_READY = frozenset({State.READY.value, State.SOON.value})
_TONES = {State.SOON: "warn", State.MISSING: "info"}


class CertificateFile(forms.Form):
    file = forms.FileField(error_messages={"required": gettext_lazy("Choose a .cer, .pem or .p7b file.")})

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > LARGEST_CERTIFICATE_FILE:
            raise forms.ValidationError(_("The file is larger than 1 MB; certificates are much smaller."))
        return file


@dataclass(frozen=True, slots=True)
class ContactRow:
    pk: uuid.UUID
    name: str
    address: str
    forest: Tenant | None
    url: str
    seal: str
    ready: str
    note: str
    note_tone: str


@dataclass(frozen=True, slots=True)
class CertificateLine:
    sha256: bytes
    url: str
    title: str
    key_description: str
    not_before: datetime
    not_after: datetime
    source: str
    state: str
    tone: str


@dataclass(frozen=True, slots=True)
class Other:
    sha256: bytes
    note: str


@dataclass(frozen=True, slots=True)
class Changed:
    """Another certificate for one purpose. `ended`: the known one is revoked or has expired and is used no more."""

    purpose: str
    before: Other
    now: Other
    ended: bool


@member
@require_safe
def contacts(request: SignedInRequest) -> HttpResponse:
    return _page(request, None)


@member
@require_safe
def contact(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    return _page(request, pk)


def _page(
    request: SignedInRequest, pk: uuid.UUID | None, upload: CertificateFile | None = None
) -> HttpResponse:
    chosen = request.GET.get("filter", "all")
    if chosen not in FILTERS:
        raise Http404
    q = searched_for(request)
    everybody = _everybody(request.actor, q)
    context: dict[str, Any] = {
        "rows": [row for row in everybody if _fits(row, chosen)],
        "total": len(everybody),
        "filter": chosen,
        "counts": {
            "cannot": sum(row.ready not in _READY for row in everybody),
            "changed": sum(row.note_tone == "warn" for row in everybody),
        },
        "q": q,
        "contact": None,
        "upload": upload,
    }
    if pk is not None:
        context |= _one(request.actor, pk)
    return render(request, "mail/contacts.html", context, status=422 if upload is not None else 200)


def _everybody(actor: Actor, q: str) -> list[ContactRow]:
    """Contacts and colleagues by name, each judged as a recipient is; in a large forest the search finds the others."""
    fits = Q(name__icontains=q) | Q(address__icontains=q)
    with tenant_scope(actor.tenant_id):
        mine = list(
            Contact.objects.filter(fits, person_id=actor.person_id).order_by("name", "address")[:MOST_SHOWN]
        )
        proposed = ContactCertificate.objects.filter(
            contact__person_id=actor.person_id, state=ContactCertificateState.PROPOSED
        )
        # Of several the one about the signer is told: False comes before True.
        changed = dict(proposed.order_by("-can_encrypt").values_list("contact_id", "can_encrypt"))
        people = list(
            Person.objects.active().filter(fits).exclude(id=actor.person_id).order_by("name")[:MOST_SHOWN]
        )
    known = [(row.id, row.name, row.address) for row in mine] + [(p.id, p.name, p.address) for p in people]
    judged = plan(actor, [Recipient("to", name, address) for _pk, name, address in known], clock.now())
    forests = forests_of(r.address for r in judged.recipients if r.state.value in _READY)
    rows = []
    for (pk, name, address), verdict in zip(known, judged.recipients, strict=True):
        note, tone = ("", "")
        if pk in changed:
            note, tone = _("a different signer than before"), "warn"
            if changed[pk]:
                note = _("another encryption certificate than before")
        elif verdict.state is not State.READY:
            note, tone = verdict.reason, _TONES.get(verdict.state, "bad")
            tone = "info" if tone == "warn" else tone
            if verdict.state is State.MISSING:
                note = _("no certificate yet")
        url = reverse("mail:contact", args=[pk])
        rows.append(
            ContactRow(pk, name, address, forests.get(address), url, "", verdict.state.value, note, tone)
        )
    return sorted(rows, key=lambda row: (row.name or row.address).casefold())


def _fits(row: ContactRow, chosen: str) -> bool:
    return {
        "ready": row.ready in _READY,
        "cannot": row.ready not in _READY,
        "changed": row.note_tone == "warn",
    }.get(chosen, True)


def _one(actor: Actor, pk: uuid.UUID) -> dict[str, Any]:
    with tenant_scope(actor.tenant_id):
        row = Contact.objects.filter(id=pk, person_id=actor.person_id).first()
        colleague = None if row is not None else Person.objects.active().filter(id=pk).first()
        held = list(
            ContactCertificate.objects.filter(contact_id=pk, contact__person_id=actor.person_id).order_by(
                "state", "-added_at"
            )
        )
        own = [] if colleague is None else list(colleague.certificates.current(clock.now()))
    if row is None and colleague is None:
        raise Http404
    name, address = (row.name, row.address) if row is not None else (colleague.name, colleague.address)  # type: ignore[union-attr]
    lines = [_contact_line(actor, certificate) for certificate in held]
    lines += [_colleague_line(certificate) for certificate in own]
    facts = (
        [(_("Added"), full_day(row.added_at))]
        if row is not None
        else [(_("From"), _("your organisation’s directory"))]
    )
    vouched = any(line.tone == "ok" for line in lines)
    forest = forests_of([address]).get(address) if vouched else None
    return {
        "contact": {"pk": pk, "name": name, "address": address, "forest": forest, "facts": facts},
        "certificates": lines,
        "changed": _changed(actor, address, held),
    }


def _contact_line(actor: Actor, held: ContactCertificate) -> CertificateLine:
    certificate = held.certificate
    sha256 = bytes(held.sha256)
    state, tone = _state(held, judge_certificate(actor, certificate, clock.now()).path)
    return CertificateLine(
        sha256=sha256,
        url=reverse("mail:contact_certificate", args=[held.contact_id, sha256.hex(), "general"]),
        title=_title(can_sign=held.can_sign, can_encrypt=held.can_encrypt),
        key_description=describe(certificate.public_key()),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        source=held.source,
        state=state,
        tone=tone,
    )


def _state(held: ContactCertificate, path: PathResult) -> tuple[str, str]:
    if held.state == ContactCertificateState.PROPOSED:
        return _("proposed, not in use"), "warn"
    if path.verdict is Verdict.GOOD:
        return _("in use"), "ok"
    decisive = next((f.summary for f in path.findings if f.severity == "error"), _("its path does not hold"))
    return decisive, "warn" if path.verdict is Verdict.UNDETERMINED else "bad"


def _colleague_line(row: Any) -> CertificateLine:
    sha256 = bytes(row.sha256)
    return CertificateLine(
        sha256=sha256,
        url=reverse("tenants:certificate", args=[sha256.hex()]),
        title=_title(can_sign=row.can_sign, can_encrypt=row.can_encrypt),
        key_description=row.key_description,
        not_before=row.not_before,
        not_after=row.not_after,
        source=_("your organisation’s directory"),
        state=_("in use"),
        tone="ok",
    )


def _title(*, can_sign: bool, can_encrypt: bool) -> str:
    if can_sign and can_encrypt:
        return _("Signing, and encrypting to them")
    return _("Encrypting to them") if can_encrypt else _("Signing")


def _changed(actor: Actor, address: str, held: list[ContactCertificate]) -> list[Changed]:
    """For each purpose the newest proposal beside the certificate that is in use."""
    found = []
    for encrypts in (False, True):
        mine = [row for row in held if row.can_encrypt == encrypts]
        proposals = [row for row in mine if row.state == ContactCertificateState.PROPOSED]
        known = [row for row in mine if row.state == ContactCertificateState.IN_USE]
        if proposals and known:
            with tenant_scope(actor.tenant_id):
                trust = assemble_trust()
            ended = has_ended(known[0].certificate, trust, address, clock.now())
            purpose = "encryption" if encrypts else "signing"
            found.append(Changed(purpose, _other(known[0]), _other(proposals[0]), ended))
    return found


def _other(row: ContactCertificate) -> Other:
    facts = {"source": row.source, "date": full_day(row.added_at)}
    purpose = _title(can_sign=row.can_sign, can_encrypt=row.can_encrypt)
    return Other(bytes(row.sha256), f"{purpose}, " + _("from %(source)s, known since %(date)s") % facts)


@member
@require_POST
def certificate_import(request: SignedInRequest) -> HttpResponse:
    form = CertificateFile(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, None, form)
    try:
        imported = import_certificate(request.actor, form.cleaned_data["file"].read(), clock.now())
    except (Refused, PkiError) as refused:
        form.add_error("file", sentence(refused.finding))
        return _page(request, None, form)
    if imported.path.verdict is Verdict.GOOD:
        messages.success(request, _kept_words(imported.kept), extra_tags="toast")
    else:
        reason = next((sentence(f) for f in imported.path.findings if f.severity == "error"), "")
        messages.warning(request, _("The certificate is kept, but cannot be used yet.") + f" {reason}")
    return see_other("mail:contact", imported.contact.id)


def _kept_words(kept: Kept) -> str:
    if kept.replaced:
        return _("The certificate is in use. The earlier one is revoked or has expired.")
    if kept.is_proposed:
        return _("The certificate is kept beside the one you know. Decide which to use.")
    return _("The certificate is kept.")


@member
@require_POST
def contact_choose(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """Rule: a known certificate is replaced by its owner's correspondent, never by a letter."""
    choice = request.POST.get("choice", "")
    if choice not in ("new", "old"):
        raise Http404
    try:
        sha256 = bytes.fromhex(request.POST.get("certificate", ""))
        choose_certificate(request.actor, pk, sha256, accept=choice == "new")
    except (ValueError, ContactCertificate.DoesNotExist):
        raise Http404 from None
    text = (
        _("The new certificate is used from now on.")
        if choice == "new"
        else _("The proposed certificate is dropped; nothing else changed.")
    )
    messages.success(request, text, extra_tags="toast")
    return see_other("mail:contact", pk)
