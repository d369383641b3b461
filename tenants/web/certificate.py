"""Any certificate that this forest holds: people's, authorities', roots, and learned issuers, by its fingerprint."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from tenants import clock
from tenants.access import SignedInRequest, member
from tenants.scoping import tenant_scope
from tenants.services.certificate_files import FORMS
from tenants.services.find_certificate import HeldCertificate, Origin, find_certificate
from tenants.web.certificate_page import Crumb, Frame, Links, draw_certificate, hand_out


@member
@require_safe
def certificate(request: SignedInRequest, fp: str, tab: str = "general") -> HttpResponse:
    held = held_certificate(request, fp)
    frame = Frame(
        links_of(fp),
        _crumbs(request, held),
        note=_note(held),
        revocation=held.revocation,
        hold=held.hold,
        published=held.published,
    )
    return draw_certificate(request, held.certificate, tab, frame)


@member
@require_safe
def certificate_file(request: SignedInRequest, fp: str, form: str) -> HttpResponse:
    """.cer and .pem hold the certificate, .p7b its path too. Never a private key."""
    held = held_certificate(request, fp)
    if form not in FORMS:
        raise Http404
    return hand_out(request, held.certificate, form)


def held_certificate(request: SignedInRequest, fp: str) -> HeldCertificate:
    """The forest's certificate with this fingerprint, or 404."""
    try:
        sha256 = bytes.fromhex(fp)
    except ValueError:
        raise Http404 from None
    if len(sha256) != 32 or fp != sha256.hex():
        raise Http404
    with tenant_scope(request.actor.tenant_id):
        held = find_certificate(sha256, clock.now())
    if held is None:
        raise Http404
    return held


def links_of(fp: str) -> Links:
    tabs = {tab: reverse("tenants:certificate_tab", args=[fp, tab]) for tab in ("details", "path", "status")}
    files = {form: reverse("tenants:certificate_file", args=[fp, form]) for form in FORMS}
    return Links(general=reverse("tenants:certificate", args=[fp]), **tabs, **files)


def _crumbs(request: SignedInRequest, held: HeldCertificate) -> list[Crumb]:
    if held.person_id == request.actor.person_id:
        return [Crumb(_("My certificates"), reverse("tenants:keys"))]
    if not request.actor.is_administrator:
        return []
    match held.origin:
        case Origin.PERSON:
            return [Crumb(_("Certificates"), reverse("tenants:certificates"))]
        case Origin.AUTHORITY:
            return [Crumb(_("Authorities"), reverse("tenants:authorities"))]
        case _:
            return [Crumb(_("Trust roots"), reverse("tenants:trust"))]


def _note(held: HeldCertificate) -> str:
    match held.origin:
        case Origin.PERSON:
            return _("your organisation’s directory")
        case Origin.AUTHORITY:
            return _("your organisation’s own authorities")
        case Origin.TRUST_ROOT:
            return _("your administrators’ decisions about trust")
        case Origin.LEARNED:
            return held.note
