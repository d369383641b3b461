"""Certificates for keys that are kept elsewhere: a PKCS#10 request in, a certificate with its path out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from pki.errors import PkiError
from pki.findings import Finding
from tenants import clock
from tenants.access import SignedInRequest, member
from tenants.models import Certificate, Enrolment
from tenants.refusals import Refused
from tenants.scoping import tenant_scope
from tenants.services.enrolment_failures import failure_of
from tenants.services.request_certificate import Choices, choices, request_certificate
from tenants.web.answers import see_other
from tenants.web.forms import CertificateRequest, add_finding

FIELDS = {
    "request-malformed": "file",
    "request-not-proven": "file",
    "request-key-weak": "file",
    "request-key-broken": "file",
    "key-not-in-profile": "file",
    "key-revoked": "file",
    "key-shared": "file",
    "key-used-already": "file",
    "key-requested-already": "file",
    "mailbox-not-proven": "mailbox",
}
SHOWN = 20


@dataclass(frozen=True, slots=True)
class RequestLine:
    """One request: `sha256` is that of the certificate once it is issued."""

    title: str
    mailbox: str
    asked_at: datetime
    state: str
    step: str
    refusal: Finding | None
    sha256: bytes | None


@member
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def requests(request: SignedInRequest) -> HttpResponse:
    """The form, and below it what became of earlier requests."""
    now = clock.now()
    offered = choices(request.actor, now)
    form = _form(request, offered)
    if request.method == "POST" and form.is_valid():
        try:
            request_certificate(
                request.actor,
                form.content(),
                form.cleaned_data["template"],
                now,
                mailbox=form.cleaned_data["mailbox"],
            )
        except (Refused, PkiError) as refused:
            add_finding(form, refused.finding, FIELDS)
        else:
            messages.success(
                request, _("The request is with your authority; the answer stands below in a moment.")
            )
            return see_other("tenants:requests")
    context = {"form": form, "lines": _lines(request), "has_templates": bool(offered.templates)}
    return render(request, "tenants/requests.html", context, status=422 if form.errors else 200)


def _form(request: SignedInRequest, offered: Choices) -> CertificateRequest:
    if request.method == "POST":
        form = CertificateRequest(request.POST, request.FILES)
    else:
        form = CertificateRequest(initial={"mailbox": request.actor.address})
    form.fields["template"].choices = [(row.code, row.title) for row in offered.templates]  # type: ignore[attr-defined]
    form.fields["mailbox"].choices = [(one, one) for one in offered.mailboxes]  # type: ignore[attr-defined]
    return form


def _lines(request: SignedInRequest) -> list[RequestLine]:
    with tenant_scope(request.actor.tenant_id):
        wishes = Enrolment.objects.filter(person_id=request.actor.person_id, public_key__isnull=False)
        rows = list(wishes.select_related("template").order_by("-asked_at")[:SHOWN])
        serials = [row.serial_number for row in rows if row.state == "issued"]
        issued = Certificate.objects.issued_here().filter(
            person_id=request.actor.person_id, serial_number__in=serials
        )
        prints = {serial: bytes(sha256) for serial, sha256 in issued.values_list("serial_number", "sha256")}
    return [_line(row, request.actor.address, prints) for row in rows]


def _line(wish: Enrolment, address: str, prints: dict[str, bytes]) -> RequestLine:
    failure = failure_of(wish)
    sha256 = prints.get(wish.serial_number)
    return RequestLine(
        wish.template.title,
        wish.mailbox or address,
        wish.asked_at,
        wish.state,
        "" if failure is None else str(failure.step.label),
        None if failure is None else failure.finding,
        None if sha256 is None else bytes(sha256),
    )
