"""Bring an identity along: a .p12 file of another mail program."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from pki.errors import PkiError
from tenants import clock
from tenants.access import SignedInRequest, member
from tenants.refusals import Refused
from tenants.services.import_identity import Brought, import_identity
from tenants.web.answers import see_other
from tenants.web.forms import BringIdentity, add_finding

FIELDS = {
    code: field
    for field, codes in {
        "password": ("pkcs12-password",),
        "file": (
            "pkcs12-malformed", "pkcs12-unsupported", "pkcs12-key-unusable", "pkcs12-no-key", "pkcs12-too-many",
            "pkcs12-authority", "pkcs12-other-address", "certificate-unreadable", "key-shared", "sent-twice",
        ),
    }.items()
    for code in codes
}  # fmt: skip


@member
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def bring_identity(request: SignedInRequest) -> HttpResponse:
    form = BringIdentity()
    if request.method == "POST":
        form = BringIdentity(request.POST, request.FILES)
        if form.is_valid():
            file, password = form.cleaned_data["file"].read(), form.cleaned_data["password"]
            try:
                brought = import_identity(request.actor, file, password, clock.now())
            except (Refused, PkiError) as refused:
                add_finding(form, refused.finding, FIELDS)
            else:
                messages.success(request, _words(brought))
                return see_other("tenants:keys")
    status = 422 if form.errors else 200
    return render(request, "tenants/bring_identity.html", {"form": form}, status=status)


def _words(brought: Brought) -> str:
    text = _("Every key of this file is here already.")
    if brought.added:
        text = ngettext(
            "%(n)d key is here now, sealed with your PIN. Old letters to it open from now on.",
            "%(n)d keys are here now, sealed with your PIN. Old letters to them open from now on.",
            brought.added,
        ) % {"n": brought.added}
    if brought.unusable:
        left = ", ".join(sorted(set(brought.unusable)))
        text += " " + _("Left out, because the file has no certificate for it or its kind is not supported: %(kinds)s.") % {"kinds": left}  # fmt: skip  # noqa: E501
    return text
