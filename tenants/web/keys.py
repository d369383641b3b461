"""My certificates: what is in use, what is kept for old letters, and taking keys along as a .p12."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from tenants import clock
from tenants.access import Actor, SignedInRequest, member
from tenants.keystore.custody import Custody
from tenants.models import Certificate, Hold
from tenants.refusals import Refused
from tenants.scoping import tenant_scope
from tenants.services.export_identity import export_identity
from tenants.services.renew import renews_at
from tenants.web.answers import download, see_other
from tenants.web.forms import Export, add_finding
from tenants.web.rows import CertificateRow
from tenants.web.unlock import locked
from tenants.web.unlocked import open_custody
from tenants.web.words import ended_words, full_day


@dataclass(frozen=True, slots=True)
class KeptKey:
    certificate: CertificateRow
    title: str
    why: str
    opens: bool = True


@dataclass(frozen=True, slots=True)
class ExportChoice:
    certificate: CertificateRow
    title: str
    note: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class MyCertificates:
    """The newest current one of each purpose, and everything else."""

    signing: CertificateRow | None
    encryption: CertificateRow | None
    kept: tuple[KeptKey, ...]

    @property
    def in_use(self) -> list[CertificateRow]:
        return list(dict.fromkeys(row for row in (self.signing, self.encryption) if row is not None))


def my_certificates(actor: Actor, at: datetime) -> MyCertificates:
    """Opens a scope of its own."""
    with tenant_scope(actor.tenant_id):
        mine = Certificate.objects.filter(person_id=actor.person_id)
        current = mine.issued_here().with_key().current(at)
        signing, encryption = current.signing().first(), current.encryption().first()
        others = (
            mine.exclude(id__in=[row.id for row in (signing, encryption) if row is not None])
            .select_related("revocation", "mail_key")
            .order_by("-not_before", "id")
        )
        holds = Hold.objects.open().filter(certificate__person_id=actor.person_id)
        held = dict(holds.values_list("certificate_id", "held_at"))
        kept = tuple(_kept(row, held.get(row.id), at) for row in others)
    return MyCertificates(
        CertificateRow.of(signing) if signing else None,
        CertificateRow.of(encryption) if encryption else None,
        kept,
    )


def _kept(row: Certificate, held_at: datetime | None, at: datetime) -> KeptKey:
    revocation = getattr(row, "revocation", None)
    since, reason = (revocation.revoked_at, revocation.reason) if revocation else (held_at, "certificateHold")
    why = ended_words(row.not_after, since, reason)
    drawn, mail_key = CertificateRow.of(row), getattr(row, "mail_key", None)
    if mail_key is None:
        ends = _("valid until %(date)s") % {"date": full_day(row.not_after)}
        is_current = since is None and row.not_before <= at < row.not_after
        why = _("the key is kept elsewhere; %(why)s") % {"why": ends if is_current else why}
    elif mail_key.retired_at is not None:
        why = _("%(why)s; sealed with an earlier PIN, opens nothing any more") % {"why": why}
    elif row.generation_id is None:
        why = _("brought along by .p12 on %(date)s") % {"date": full_day(row.added_at)}
    return KeptKey(drawn, drawn.title, why, mail_key is not None and mail_key.retired_at is None)


@member
@require_safe
def keys(request: SignedInRequest) -> HttpResponse:
    mine = my_certificates(request.actor, clock.now())
    context = {
        "signing": mine.signing,
        "encryption": mine.encryption,
        "kept": mine.kept,
        "signing_renews": _renews(mine.signing),
        "encryption_renews": _renews(mine.encryption),
    }
    return render(request, "tenants/keys.html", context)


def _renews(row: CertificateRow | None) -> datetime | None:
    return None if row is None else renews_at(row.not_before, row.not_after)


@member
@sensitive_post_parameters("password", "password_again")
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def export_p12(request: SignedInRequest) -> HttpResponse:
    """One key is a .p12; several are a .zip of them, because most programs read one key a file."""
    mine = my_certificates(request.actor, clock.now())
    if not _all_rows(mine):
        return see_other("tenants:enrol")
    custody = open_custody(request, request.actor)
    form = _export_form(request, mine)
    if request.method == "POST" and custody is not None and form.is_valid():
        answer = _export(request.actor, mine, form, custody)
        if answer is not None:
            return answer
    unlock = locked(request.actor, reverse("tenants:export_p12")) if custody is None else None
    context = {"certificates": _choices(mine, form), "form": form, "unlock": unlock}
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "tenants/export_p12.html", context, status=status)


def _all_rows(mine: MyCertificates) -> list[CertificateRow]:
    return [*mine.in_use, *(kept.certificate for kept in mine.kept if kept.opens)]


def _export_form(request: SignedInRequest, mine: MyCertificates) -> Export:
    form = Export(request.POST if request.method == "POST" else None)
    form.fields["keys"].choices = [(row.sha256.hex(), row.title) for row in _all_rows(mine)]  # type: ignore[attr-defined]
    return form


def _choices(mine: MyCertificates, form: Export) -> list[ExportChoice]:
    chosen = set(form.data.getlist("keys")) if form.is_bound else {row.sha256.hex() for row in mine.in_use}  # type: ignore[attr-defined]
    notes = {kept.certificate.sha256: kept.why for kept in mine.kept}
    return [
        ExportChoice(row, row.title, notes.get(row.sha256, _("in use")), row.sha256.hex() in chosen)
        for row in _all_rows(mine)
    ]


def _export(actor: Actor, mine: MyCertificates, form: Export, custody: Custody) -> HttpResponse | None:
    """The file, or None with the reason on the form. Every certificate is read again as this person's own."""
    wanted = [row for row in _all_rows(mine) if row.sha256.hex() in form.cleaned_data["keys"]]
    try:
        files = [export_identity(actor, row.pk, custody, form.cleaned_data["password"]) for row in wanted]
    except Refused as refused:
        add_finding(form, refused.finding, {"password-too-short": "password"})
        return None
    if len(files) == 1:
        return download(files[0], "application/x-pkcs12", _filename(actor, wanted[0]))
    archive = _zipped([(_filename(actor, row), file) for row, file in zip(wanted, files, strict=True)])
    return download(archive, "application/zip", f"{actor.address}.zip")


def _filename(actor: Actor, row: CertificateRow) -> str:
    purpose = "signing" if not row.can_encrypt else "encryption" if not row.can_sign else "mail"
    return f"{actor.address}-{purpose}-{row.sha256.hex()[:8]}.p12"


def _zipped(files: Sequence[tuple[str, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return buffer.getvalue()
