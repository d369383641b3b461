"""Drafts of templates, for administrators: writing the next version, and its publishing by a second person."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from pki import second_opinion
from pki.errors import PkiError
from tenants import clock
from tenants.access import SignedInRequest, administrator
from tenants.models import Person, Template, TemplateDraft
from tenants.refusals import Refused
from tenants.scoping import tenant_scope
from tenants.services.draft_template import Use, discard_draft, save_draft
from tenants.services.publish_template import is_only_administrator, publish_template
from tenants.services.sample_certificate import judge_samples, sample_ground
from tenants.web.answers import see_other
from tenants.web.forms import add_finding, sentence
from tenants.web.template_form import FIELDS_OF, TemplateForm, initial_of
from tenants.web.template_words import (
    changes,
    fields,
    key_words,
    names_of,
    use_words,
)


@dataclass(frozen=True, slots=True)
class DraftLine:
    pk: uuid.UUID
    title: str
    author: str
    written_at: datetime
    is_own: bool


@administrator
@require_http_methods(["GET", "HEAD", "POST"])
def template_new(request: SignedInRequest) -> HttpResponse:
    usual = {
        "use": Use.SIGN.value, "key_types": ["p-256"], "preferred": "p-256", "validity_days": 397,
        "renewal_days": 132, "name_pattern": "{name}", "rights": "everyone",
    }  # fmt: skip
    return _write(request, usual, code="", title="", version=1)


@administrator
@require_http_methods(["GET", "HEAD", "POST"])
def template_edit(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """Write the next version, starting from this one, or from the draft that is there."""
    with tenant_scope(request.actor.tenant_id):
        row = Template.objects.filter(id=pk).first()
        if row is None:
            raise Http404
        draft = TemplateDraft.objects.filter(code=row.code).first()
        newest = Template.objects.filter(code=row.code).latest("version").version
        initial = _initial(draft or row, draft.note if draft else "")
    return _write(request, initial, code=row.code, title=row.title, version=newest + 1)


@administrator
@require_http_methods(["GET", "HEAD", "POST"])
def template_draft_edit(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    with tenant_scope(request.actor.tenant_id):
        draft = TemplateDraft.objects.filter(id=pk).first()
        if draft is None:
            raise Http404
        newest = Template.objects.filter(code=draft.code).order_by("-version").first()
        initial = _initial(draft, draft.note)
    return _write(
        request, initial, code=draft.code, title=draft.title, version=newest.version + 1 if newest else 1
    )


def _initial(row: Template | TemplateDraft, note: str) -> dict[str, object]:
    addresses = (
        Person.objects.filter(id__in=row.terms.people).order_by("address").values_list("address", flat=True)
    )
    return initial_of(row.title, row.profile, row.terms, list(addresses), note)


def _write(
    request: SignedInRequest, initial: dict[str, object], *, code: str, title: str, version: int
) -> HttpResponse:
    data = request.POST.copy() if request.method == "POST" else None
    if code and data is not None:
        data["code"] = code  # which template is written is said by the address, not by the form
    form = TemplateForm(data, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            draft = save_draft(request.actor, form.wish(), clock.now())
        except (Refused, PkiError) as refused:
            add_finding(form, refused.finding, FIELDS_OF)
        else:
            messages.success(request, _("The draft is kept. It issues nothing until it is published."))
            return see_other("tenants:template_draft", draft.id)
    chosen = form["key_types"].value() or []
    context = {
        "form": form,
        "code": code,
        "title": title,
        "version": version,
        "chosen": list(chosen),
        "uses": [(use.value, use_words(use), key_words(use.key_types)) for use in Use],
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "tenants/admin/template_form.html", context, status=status)


@administrator
@require_safe
def template_draft(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """What the draft changes, what linters say of its samples, and the decision of the second person."""
    now, me = clock.now(), request.actor.person_id
    refusal: Refused | None = None
    ground = None
    with tenant_scope(request.actor.tenant_id):
        draft = TemplateDraft.objects.select_related("author").filter(id=pk).first()
        if draft is None:
            raise Http404
        before = Template.objects.filter(code=draft.code).order_by("-version").first()
        only = is_only_administrator(request.actor)
        names = names_of([draft.terms, *([before.terms] if before else [])])
        try:
            ground = sample_ground(now)
        except Refused as refused:
            refusal = refused
    opinions = judge_samples(draft.profile, ground, now) if ground is not None else ()
    said = fields(draft.title, draft.profile, draft.terms, names)
    old = fields(before.title, before.profile, before.terms, names) if before else []
    is_own = draft.author_id == me
    context = {
        "draft": DraftLine(draft.id, draft.title, draft.author.name, draft.written_at, is_own),
        "note": draft.note,
        "version": before.version + 1 if before else 1,
        "before": before.version if before else 0,
        "before_pk": before.id if before else None,
        "fields": said,
        "changes": changes(said, old) if before else [],
        "opinions": [(key_words([opinion.key_type]), opinion) for opinion in opinions],
        "second_linter": second_opinion.name(),
        "refusal": refusal.finding if refusal is not None else None,
        "is_good": ground is not None and all(opinion.is_good for opinion in opinions),
        "may_publish": not is_own or only,
        "alone": is_own and only,
        "fingerprint": draft.fingerprint,
    }
    return render(request, "tenants/admin/template_draft.html", context)


@administrator
@require_POST
def template_publish(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """POST fingerprint: of the draft as the page showed it."""
    try:
        row = publish_template(request.actor, pk, request.POST.get("fingerprint", ""), clock.now())
    except TemplateDraft.DoesNotExist:
        raise Http404 from None
    except (Refused, PkiError) as refused:
        messages.error(request, sentence(refused.finding))
        return see_other("tenants:template_draft", pk)
    text = _("Version %(version)d of “%(title)s” issues from now on.")
    messages.success(request, text % {"version": row.version, "title": row.title})
    return see_other("tenants:template", row.id)


@administrator
@require_POST
def template_discard(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    try:
        title = discard_draft(request.actor, pk)
    except TemplateDraft.DoesNotExist:
        raise Http404 from None
    except Refused as refused:
        messages.error(request, sentence(refused.finding))
    else:
        messages.success(
            request,
            _("The draft of “%(title)s” is thrown away. Nothing else has changed.") % {"title": title},
        )
    return see_other("tenants:templates")
