"""Import letters from .eml files: each is kept or refused by itself, with a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from mail.services.import_eml import held_already
from mail.services.import_eml import import_eml as keep_letter
from tenants import clock
from tenants.access import Actor, SignedInRequest, member
from tenants.refusals import Refused
from tenants.web.forms import sentence
from tenants.web.words import full_day

MOST_FILES = 100


class Files(forms.Form):
    """Drawn by hand: several files under one name."""

    file = forms.FileField(
        error_messages={"required": gettext_lazy("Choose at least one .eml file.")}, allow_empty_file=True
    )


@dataclass(frozen=True, slots=True)
class Result:
    name: str
    ok: bool
    url: str
    text: str


@member
@require_http_methods(["GET", "HEAD", "POST"])
def import_eml(request: SignedInRequest) -> HttpResponse:
    form = Files(request.POST or None, request.FILES or None)
    results = None
    if request.method == "POST":
        files = request.FILES.getlist("file")
        form = Files(request.POST, request.FILES)
        if len(files) > MOST_FILES:
            form.add_error("file", _("At most %(n)d files at a time. Choose fewer.") % {"n": MOST_FILES})
        elif files:
            results, form = [_import(request.actor, file) for file in files], Files()
    context = {"form": form, "results": results, "limit": settings.MESSAGE_LIMIT}
    return render(request, "mail/import_eml.html", context, status=422 if form.errors else 200)


def _import(actor: Actor, file: UploadedFile[Any]) -> Result:
    name = (file.name or _("A file"))[:120]
    raw = file.read()
    held = held_already(actor, raw) if raw else None
    if held is not None:
        facts = {"date": full_day(held.received_at)}
        text = _("Already in your inbox, since %(date)s. Nothing was added.") % facts
        return Result(name, True, reverse("mail:message", args=[held.id]), text)
    try:
        kept = keep_letter(actor, raw, clock.now())
    except Refused as refused:
        return Result(name, False, "", sentence(refused.finding))
    text = _("In your inbox, judged as of now, because nothing proves when it was received.")
    return Result(name, True, reverse("mail:message", args=[kept.id]), text)
