"""What a letter is made of, each on an address of its own: the frame with its text, its files, its bytes."""

from __future__ import annotations

import uuid

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from mail.html import clean_html
from mail.models import Message
from mail.services.read import OpenedLetter, open_letter, open_part
from smime.report import SecurityReport
from tenants import clock
from tenants.access import SignedInRequest, member
from tenants.scoping import tenant_scope
from tenants.web.answers import download
from tenants.web.unlocked import open_custody

# No scripts, no requests, no forms, an origin of its own; a link that the reader clicks opens a page of its own.
BODY_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'self'; font-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
# A cryptographic layer that stands inside a letter is opened on its own, in a frame of its own.
INNER_TYPES = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
MOST_INNER = 4


def inner_layers(report: SecurityReport) -> list[int]:
    """The numbers of the files that are layers of their own."""
    found = [n for n, file in enumerate(report.attachments) if file.media_type in INNER_TYPES]
    return found[:MOST_INNER]


@member
@require_safe
@xframe_options_sameorigin
def body(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """The letter alone: no script, no request, nothing of the portal inside."""
    report = _opened(request, pk).report
    if "layer" in request.GET:
        report = _layer(request, report, request.GET["layer"])
    shown = clean_html(report.html, report.attachments).html if report.html is not None else None
    context = {"html": shown, "text": report.text, "title": report.header("Subject") or ""}
    response = render(request, "mail/body.html", context)
    response["Content-Security-Policy"] = BODY_POLICY
    response["Referrer-Policy"] = "no-referrer"
    patch_cache_control(response, private=True, no_store=True)
    return response


def _layer(request: SignedInRequest, report: SecurityReport, number: str) -> SecurityReport:
    """An inner layer, opened alone: neither its text nor its pictures ever meet those of the letter around it."""
    if number not in map(str, inner_layers(report)):
        raise Http404
    content = report.attachments[int(number)].content
    return open_part(request.actor, content, open_custody(request, request.actor), clock.now())


@member
@require_safe
def attachment(request: SignedInRequest, pk: uuid.UUID, index: int) -> HttpResponse:
    """A file to keep. Its type is the sender's claim and is not passed on: nothing opens in the portal's origin."""
    files = _opened(request, pk).report.attachments
    if index >= len(files):
        raise Http404
    return download(files[index].content, "application/octet-stream", files[index].name)


@member
@require_safe
def raw(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """The letter as it came or went, byte for byte."""
    with tenant_scope(request.actor.tenant_id):
        letter = Message.objects.of(request.actor.person_id).select_related("raw").filter(id=pk).first()
        if letter is None:
            raise Http404
        content = bytes(letter.raw.data)
    return download(content, "message/rfc822", f"letter-{letter.received_at:%Y-%m-%d-%H%M}.eml")


def _opened(request: SignedInRequest, pk: uuid.UUID) -> OpenedLetter:
    custody = open_custody(request, request.actor)
    try:
        return open_letter(request.actor, pk, custody, clock.now())
    except Message.DoesNotExist:
        raise Http404 from None
