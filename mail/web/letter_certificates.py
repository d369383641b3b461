"""The certificate viewer for certificates that came with a letter or stand on its path, and for those of contacts."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from mail.models import ContactCertificate, Message
from mail.services.read import open_letter
from smime.report import SecurityReport
from tenants import clock
from tenants.access import SignedInRequest, member
from tenants.scoping import tenant_scope
from tenants.services.certificate_files import FORMS
from tenants.web.certificate_page import TABS, Crumb, Frame, Links, draw_certificate
from tenants.web.unlocked import open_custody


@member
@require_safe
def message_certificate(request: SignedInRequest, pk: uuid.UUID, fp: str, tab: str) -> HttpResponse:
    custody = open_custody(request, request.actor)
    try:
        opened = open_letter(request.actor, pk, custody, clock.now())
    except Message.DoesNotExist:
        raise Http404 from None
    found = {_fingerprint(certificate): certificate for certificate in _certificates(opened.report)}
    if fp not in found:
        raise Http404
    frame = Frame(
        links=_links(fp, "mail:message_certificate", pk),
        crumbs=[Crumb(_("The letter"), reverse("mail:message", args=[pk]))],
        offered=tuple(found.values()),
        note=_("a letter to you"),
        message=str(pk),
    )
    return draw_certificate(request, found[fp], tab, frame)


@member
@require_safe
def contact_certificate(request: SignedInRequest, pk: uuid.UUID, fp: str, tab: str) -> HttpResponse:
    with tenant_scope(request.actor.tenant_id):
        rows = ContactCertificate.objects.filter(contact_id=pk, contact__person_id=request.actor.person_id)
        held = {bytes(row.sha256).hex(): row for row in rows.select_related("contact")}
    if fp not in held:
        raise Http404
    row = held[fp]
    frame = Frame(
        links=_links(fp, "mail:contact_certificate", pk),
        crumbs=[
            Crumb(_("Contacts"), reverse("mail:contacts")),
            Crumb(row.contact.name or row.contact.address, reverse("mail:contact", args=[pk])),
        ],
        note=row.source,
    )
    return draw_certificate(request, row.certificate, tab, frame)


def _certificates(report: SecurityReport) -> Iterable[x509.Certificate]:
    """Everything that the letter carries, its signers, and the paths that were found for them."""
    yield from report.certificates
    for layer in report.layers:
        for signer in layer.signers:
            if signer.certificate is not None:
                yield signer.certificate
            if signer.path is not None:
                yield from signer.path.path


def _links(fp: str, name: str, pk: uuid.UUID) -> Links:
    return Links(**{part: reverse(name, args=[pk, fp, part]) for part in (*TABS, *FORMS)})


def _fingerprint(certificate: x509.Certificate) -> str:
    return certificate.fingerprint(SHA256()).hex()
