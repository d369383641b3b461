"""Whom the forest believes, for administrators: import a root, see what would change, trust, distrust; and the wish to."""

from __future__ import annotations

import base64
import binascii
import uuid
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from pki.errors import PkiError
from pki.formats import holds_private_key
from pki.lints import lint_certificate
from pki.names import common_name, display, organization
from tenants import clock, letter_roots
from tenants.access import SignedInRequest, administrator, member
from tenants.models import TrustRequest, TrustRoot
from tenants.models.trust import TrustRequestState, TrustState
from tenants.refusals import Refused
from tenants.scoping import tenant_scope
from tenants.services.assemble_trust import uses_of
from tenants.services.judge_certificate import sha256_of
from tenants.services.root_origin import RootOrigin, root_origin
from tenants.services.trust_root import (
    Terms,
    ask_to_trust,
    check_domains,
    check_terms,
    distrust_root,
    read_root,
    refuse_request,
    trust_root,
)
from tenants.web.answers import see_other
from tenants.web.certificate_fields import key_words
from tenants.web.forms import TrustDomains, TrustImport, add_finding, sentence
from tenants.web.trust_effects import effects_of, losses_of
from tenants.web.unlocked import open_custody
from tenants.web.words import full_day

DECISION_FIELDS = {
    **dict.fromkeys(("no-domain", "own-domain", "domain-too-wide", "domain-malformed"), "domains"),
    "trust-dates": "ends",
    "no-use": "use",
}


@dataclass(frozen=True, slots=True)
class Decider:
    name: str


@dataclass(frozen=True, slots=True)
class RootRow:
    pk: uuid.UUID
    label: str
    organisation: str
    sha256: bytes
    domains: tuple[str, ...]
    state: str
    decided_by: Decider | None
    decided_at: datetime
    terms: str = ""

    @classmethod
    def of(cls, root: TrustRoot) -> RootRow:
        by = Decider(root.decided_by.name) if root.decided_by else None
        domains = tuple(root.domains)
        return cls(
            root.id,
            root.label,
            root.organisation,
            bytes(root.sha256),
            domains,
            root.state,
            by,
            root.decided_at,
            _terms_words(root),
        )


def _terms_words(root: TrustRoot) -> str:
    """How far it is believed, where that is not without bounds."""
    said = []
    if not root.for_encryption:
        said.append(_("signatures only"))
    if not root.for_signing:
        said.append(_("encryption only"))
    if root.begins_at is not None:
        said.append(_("from %(day)s") % {"day": full_day(root.begins_at)})
    if root.ends_at is not None:
        said.append(_("until %(day)s") % {"day": full_day(root.ends_at)})
    return ", ".join(said)


@dataclass(frozen=True, slots=True)
class RootLine:
    root: RootRow
    letters: int | None = None


@dataclass(frozen=True, slots=True)
class RequestRow:
    pk: uuid.UUID
    title: str
    sha256: bytes
    asked_by: Decider
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class Offered:
    title: str
    certificate: str
    sha256: bytes
    suggested: str


@administrator
@require_safe
def trust(request: SignedInRequest) -> HttpResponse:
    with tenant_scope(request.actor.tenant_id):
        roots = TrustRoot.objects.select_related("decided_by").order_by("label", "id")
        lines = [RootLine(RootRow.of(root)) for root in roots]
        wishes = TrustRequest.objects.filter(state=TrustRequestState.OPEN).select_related("asked_by")
        requests = [_request_row(wish) for wish in wishes.order_by("asked_at", "id")]
    # The own root first, then what is believed, then what is no longer.
    order = {TrustState.OWN.value: 0, TrustState.TRUSTED.value: 1}
    lines.sort(key=lambda line: order.get(line.root.state, 2))
    return render(request, "tenants/admin/trust.html", {"roots": lines, "requests": requests})


def _request_row(wish: TrustRequest) -> RequestRow:
    return RequestRow(
        wish.id, title_of(wish.certificate), bytes(wish.sha256), Decider(wish.asked_by.name), wish.asked_at
    )


def title_of(root: x509.Certificate) -> str:
    return common_name(root.subject) or display(root.subject)


@administrator
@require_http_methods(["GET", "HEAD", "POST"])
def trust_import(request: SignedInRequest) -> HttpResponse:
    """Reads a root and goes on to the preview; trusts nothing."""
    if request.method != "POST":
        context = {"form": TrustImport(), "offered": _offered(request)}
        return render(request, "tenants/admin/trust_import.html", context)
    form = TrustImport(request.POST, request.FILES)
    if form.is_valid():
        try:
            content = form.content()
            if holds_private_key(content):
                return _private_key_refused(request, form)
            return _preview(request, read_root(content))
        except (Refused, PkiError) as refused:
            add_finding(form, refused.finding, {"file-malformed": "file" if request.FILES else "pem"})
    return render(request, "tenants/admin/trust_import.html", {"form": form, "offered": None}, status=422)


def _private_key_refused(request: SignedInRequest, form: TrustImport) -> HttpResponse:
    """Nothing of it is kept, and it does not come back into the page."""
    warning = _(
        "This is a private key; it must not leave its offline medium. Nothing of it was kept here. Whoever gave it to you"
        " should count it as known to others. What is needed is the root’s certificate (.cer)."
    )
    empty = TrustImport({"pem": ""})
    empty.full_clean()
    empty.errors.clear()
    empty.add_error("file" if form.cleaned_data.get("file") else "pem", warning)
    context = {"form": empty, "offered": None}
    return render(request, "tenants/admin/trust_import.html", context, status=422)


def _offered(request: SignedInRequest) -> Offered | None:
    message_id = _uuid_or_none(request.GET.get("message", ""))
    if message_id is None:
        return None
    custody = open_custody(request, request.actor)
    found = letter_roots.letters().root_of(request.actor, message_id, custody)
    if found is None:
        return None
    return Offered(title_of(found.root), _base64(found.root), sha256_of(found.root), found.domain)


@administrator
@require_http_methods(["GET", "HEAD", "POST"])
def trust_preview(request: SignedInRequest) -> HttpResponse:
    """What trusting would change; POST with action "trust" does it."""
    if request.method != "POST":
        if "root" in request.GET:
            return _preview(request, _known_root(request))
        wish = _open_request(request)
        return _preview(request, wish.certificate, asked_by=wish.asked_by.name)
    root = posted_root(request)
    if "domains" not in request.POST:
        return _preview(request, root, suggested=request.POST.get("suggested", ""))
    form = TrustDomains(request.POST)
    if form.is_valid():
        try:
            if request.POST.get("action") == "trust":
                trusted = trust_root(request.actor, root, form.names(), clock.now(), form.terms())
                done = _("%(root)s is trusted now, for the domains named.") % {"root": trusted.label}
                messages.success(request, done)
                return see_other("tenants:trust")
            check_terms(form.terms())
            return _preview(request, root, form=form, domains=check_domains(request.actor, form.names()))
        except (Refused, PkiError) as refused:
            add_finding(form, refused.finding, DECISION_FIELDS)
    return _preview(request, root, form=form, status=422)


def _known_root(request: SignedInRequest) -> x509.Certificate:
    """A root that was decided about before, to be decided about again."""
    root_id = _uuid_or_none(request.GET["root"])
    with tenant_scope(request.actor.tenant_id):
        row = TrustRoot.objects.filter(id=root_id).exclude(state=TrustState.OWN).first() if root_id else None
    if row is None:
        raise Http404
    return row.certificate


def _open_request(request: SignedInRequest) -> TrustRequest:
    request_id = _uuid_or_none(request.GET.get("request", ""))
    with tenant_scope(request.actor.tenant_id):
        wishes = TrustRequest.objects.filter(state=TrustRequestState.OPEN).select_related("asked_by")
        wish = wishes.filter(id=request_id).first() if request_id else None
    if wish is None:
        raise Http404
    return wish


def posted_root(request: SignedInRequest) -> x509.Certificate:
    """The root that a form carries along; a form that was tampered with is no page of ours."""
    try:
        return read_root(base64.b64decode(request.POST.get("certificate", ""), validate=True))
    except (binascii.Error, Refused, PkiError):
        raise Http404 from None


def _preview(
    request: SignedInRequest,
    root: x509.Certificate,
    *,
    form: TrustDomains | None = None,
    domains: list[str] | None = None,
    asked_by: str = "",
    suggested: str = "",
    status: int = 200,
) -> HttpResponse:
    with tenant_scope(request.actor.tenant_id):
        known = TrustRoot.objects.filter(sha256=sha256_of(root)).first()
    origin = root_origin(root)
    if form is None:
        domains = list(
            known.domains if known is not None else origin.domains if origin else suggested.split()
        )
        held = TrustDomains.initial_terms(known) if known is not None else {}
        form = TrustDomains(initial={"domains": "\n".join(domains), **held})
    context = {
        "title": title_of(root),
        "facts": _facts(root, origin),
        "sha256": sha256_of(root),
        "certificate": _base64(root),
        "asked_by": asked_by,
        "form": form,
        "example_domain": _example_domain(known, origin, suggested),
        "effects": effects_of(request.actor, domains, origin, _terms(form, known)) if domains else [],
        "findings": lint_certificate(root),
        "known": known,
    }
    return render(request, "tenants/admin/trust_preview.html", context, status=status)


def _terms(form: TrustDomains, known: TrustRoot | None) -> Terms:
    """Of the form if it was sent, else of the decision that stands."""
    if form.is_bound and form.is_valid():
        return form.terms()
    return Terms() if known is None else Terms(uses_of(known), known.begins_at, known.ends_at)


def _example_domain(known: TrustRoot | None, origin: RootOrigin | None, suggested: str) -> str:
    named = (
        list(known.domains) if known is not None else list(origin.domains) if origin else suggested.split()
    )
    return next((domain for domain in named if not domain.startswith(".")), "partner.example")


def _facts(root: x509.Certificate, origin: RootOrigin | None) -> list[tuple[str, str]]:
    valid = f"{full_day(root.not_valid_before_utc)} – {full_day(root.not_valid_after_utc)}"
    facts = [
        (_("Organisation"), organization(root.subject)),
        (_("Key"), key_words(root)),
        (_("Valid"), valid),
    ]
    if origin is not None:
        facts.append(
            (_("In this portal"), _("%(forest)s calls it its own root") % {"forest": origin.forest.name})
        )
    return [(label, value) for label, value in facts if value]


@administrator
@require_http_methods(["GET", "HEAD", "POST"])
def distrust(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    with tenant_scope(request.actor.tenant_id):
        root = TrustRoot.objects.filter(id=pk).select_related("decided_by").first()
    if root is None or root.state == TrustState.OWN:
        raise Http404
    if request.method != "POST":
        context = {"root": RootRow.of(root), "effects": losses_of(request.actor, root)}
        return render(request, "tenants/admin/distrust.html", context)
    distrust_root(request.actor, pk, clock.now())
    messages.success(request, _("%(root)s is no longer trusted.") % {"root": root.label})
    return see_other("tenants:trust")


@administrator
@require_POST
def trust_refuse(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    try:
        refuse_request(request.actor, pk)
    except TrustRequest.DoesNotExist:
        raise Http404 from None
    messages.success(request, _("Refused. Nothing has changed; it can be asked for again."))
    return see_other("tenants:trust")


@member
@require_POST
def trust_request(request: SignedInRequest) -> HttpResponse:
    """Ask the administrators to decide about a root."""
    root = posted_root(request)
    try:
        ask_to_trust(request.actor, root, clock.now())
        messages.success(
            request, _("Your administrators have been asked. The letter changes when they have decided.")
        )
    except (Refused, PkiError) as refused:
        messages.error(request, sentence(refused.finding))
    message_id = _uuid_or_none(request.POST.get("message", ""))
    return see_other(reverse("mail:message", args=[message_id]) if message_id else reverse("portal:home"))


def _uuid_or_none(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _base64(certificate: x509.Certificate) -> str:
    return base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()
