"""Everything the forest's authorities issued, for administrators, and revocation."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, time

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from pki.crl import Reason
from tenants import clock
from tenants.access import SignedInRequest, administrator
from tenants.models import Certificate, CrlPublication, Hold, Revocation
from tenants.refusals import Refused
from tenants.scoping import tenant_scope
from tenants.services.compromised_keys import COMPROMISE
from tenants.services.found_forest import publication
from tenants.services.hold import hold as hold_certificate
from tenants.services.hold import release as release_certificate
from tenants.services.list_certificates import CertificateLine, Which, describe, list_certificates
from tenants.services.revoke import revoke as revoke_certificate
from tenants.services.step_up import step_up
from tenants.web import forms
from tenants.web.answers import see_other
from tenants.web.paging import page_query, page_url
from tenants.web.rows import CertificateRow, PersonRow


@dataclass(frozen=True, slots=True)
class IssuedRow:
    certificate: CertificateRow
    person: PersonRow
    title: str
    state: str
    revocation: Revocation | None
    published: int | None
    hold: Hold | None = None
    ended: bool = False
    generation_id: uuid.UUID | None = None
    shard: int = 0

    @classmethod
    def of(cls, line: CertificateLine) -> IssuedRow:
        row = line.certificate
        drawn = CertificateRow.of(row)
        return cls(
            drawn,
            PersonRow.of(row.person),
            drawn.title,
            line.state.value,
            line.revocation,
            line.published,
            line.hold,
            line.ended,
            row.generation_id,
            row.shard,
        )


@dataclass(frozen=True, slots=True)
class ListNews:
    """The list that the forest serves now, beside a revocation: does it name the certificate yet?"""

    number: int | None
    made_at: datetime | None
    names_it: bool
    url: str


@administrator
@require_safe
def certificates(request: SignedInRequest) -> HttpResponse:
    which, q, page = page_query(request, Which, Which.ALL)
    with tenant_scope(request.actor.tenant_id):
        lines, has_next = list_certificates(which, q, page, clock.now())
        rows = [IssuedRow.of(line) for line in lines]
    context = {
        "rows": rows,
        "filter": which.value,
        "q": q,
        "previous_url": page_url("tenants:certificates", which, q, page - 1) if page > 1 else "",
        "next_url": page_url("tenants:certificates", which, q, page + 1) if has_next else "",
    }
    return render(request, "tenants/admin/certificates.html", context)


@administrator
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def revoke(request: SignedInRequest, fp: str) -> HttpResponse:
    """GET shows the form, or what became of a revocation; POST revokes or holds and goes on to the latter."""
    row = _issued(request, fp)
    form = forms.Revoke(request.POST or None)
    if request.method == "POST" and form.is_valid() and _revoke(request, row.certificate.pk, form):
        return see_other("tenants:revoke", fp)
    context = {
        "certificate": row.certificate,
        "title": row.title,
        "person": row.person,
        "form": form,
        "already": row.revocation,
        "hold": row.hold,
        "ended": row.ended,
        "news": _news(request, row),
    }
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "tenants/admin/revoke.html", context, status=status)


@administrator
@require_POST
def release(request: SignedInRequest, fp: str) -> HttpResponse:
    """Takes a hold back."""
    row = _issued(request, fp)
    try:
        release_certificate(request.actor, row.certificate.pk, clock.now())
    except Refused as refused:
        messages.error(request, forms.sentence(refused.finding))
    else:
        messages.success(
            request, _("Released. The certificate can be used again; the next list no longer names it.")
        )
    return see_other("tenants:revoke", fp)


def _issued(request: SignedInRequest, fp: str) -> IssuedRow:
    try:
        sha256 = bytes.fromhex(fp)
    except ValueError:
        raise Http404 from None
    with tenant_scope(request.actor.tenant_id):
        rows = Certificate.objects.issued_here().select_related(
            "person", "revocation", "generation__authority"
        )
        found = rows.filter(sha256=sha256).first()
        if found is None:
            raise Http404
        return IssuedRow.of(describe([found], clock.now())[0])


def _revoke(request: SignedInRequest, certificate_id: uuid.UUID, form: forms.Revoke) -> bool:
    """Whether it is done; otherwise the reason is on the form."""
    reason = forms.chosen_reason(form)
    if reason is None:
        return False
    day = form.cleaned_data["invalidity_date"]
    doubtful_since = datetime.combine(day, time.min, tzinfo=UTC) if day else None
    try:
        if reason is Reason.CERTIFICATE_HOLD:
            hold_certificate(request.actor, certificate_id, clock.now())
            messages.success(request, _("On hold. The new list is out within a minute."))
            return True
        if reason in COMPROMISE:
            step_up(request.actor, form.cleaned_data["password"])
        revoke_certificate(request.actor, certificate_id, reason, clock.now(), doubtful_since)
    except Refused as refused:
        fields = {"invalidity-in-future": "invalidity_date", "reason-not-offered": "reason"}
        forms.add_finding(form, refused.finding, fields | forms.PASSWORD_FIELDS)
        return False
    messages.success(request, _("Revoked. The new list is out within a minute."))
    return True


def _news(request: SignedInRequest, row: IssuedRow) -> ListNews | None:
    if row.generation_id is None or (row.revocation is None and row.hold is None):
        return None
    with tenant_scope(request.actor.tenant_id):
        lists = CrlPublication.objects.filter(generation_id=row.generation_id, shard=row.shard)
        newest = lists.newest_first().defer("der").first()
    url = publication(request.actor.tenant_id, row.generation_id, row.shard).crl_url
    if newest is None:
        return ListNews(None, None, names_it=False, url=url)
    return ListNews(newest.number, newest.this_update, names_it=row.published is not None, url=url)
