"""Everything the forest's authorities issued, for administrators, and revocation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from pki.crl import Reason
from tenants import clock
from tenants.access import SignedInRequest, administrator
from tenants.models import Certificate, CrlPublication, Revocation
from tenants.refusals import Refused
from tenants.scoping import tenant_scope
from tenants.services.found_forest import publication
from tenants.services.list_certificates import CertificateLine, Which, describe, list_certificates
from tenants.services.revoke import revoke as revoke_certificate
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

    @classmethod
    def of(cls, line: CertificateLine) -> IssuedRow:
        drawn = CertificateRow.of(line.certificate)
        person = PersonRow.of(line.certificate.person)
        return cls(drawn, person, drawn.title, line.state.value, line.revocation, line.published)


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
    """GET shows the form, or what became of a revocation; POST revokes and goes on to the latter."""
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
        "news": _news(request, row),
    }
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "tenants/admin/revoke.html", context, status=status)


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


def _revoke(request: SignedInRequest, certificate_id: object, form: forms.Revoke) -> bool:
    """Whether it is done; otherwise the reason is on the form."""
    reason = next((reason for reason in Reason if reason.value == form.cleaned_data["reason"]), None)
    if reason is None:
        form.add_error("reason", _("Choose one of the reasons."))
        return False
    day = form.cleaned_data["invalidity_date"]
    doubtful_since = datetime.combine(day, time.min, tzinfo=UTC) if day else None
    try:
        revoke_certificate(request.actor, certificate_id, reason, clock.now(), doubtful_since)  # type: ignore[arg-type]
    except Refused as refused:
        fields = {"invalidity-in-future": "invalidity_date", "reason-not-offered": "reason"}
        forms.add_finding(form, refused.finding, fields)
        return False
    messages.success(request, _("Revoked. The new list is out within a minute."))
    return True


def _news(request: SignedInRequest, row: IssuedRow) -> ListNews | None:
    if row.revocation is None:
        return None
    generation_id = row.revocation.generation_id
    with tenant_scope(request.actor.tenant_id):
        lists = CrlPublication.objects.filter(generation_id=generation_id)
        newest = lists.newest_first().defer("der").first()
    url = publication(request.actor.tenant_id, generation_id).crl_url
    if newest is None:
        return ListNews(None, None, names_it=False, url=url)
    return ListNews(newest.number, newest.this_update, names_it=row.published is not None, url=url)
