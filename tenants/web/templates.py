"""Templates, for administrators: the list, one template with its history, drafts, publishing by a second person."""

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
from tenants.models import Enrolment, Person, Template, TemplateAct, TemplateDraft
from tenants.models.people import Role
from tenants.refusals import Refused
from tenants.scoping import tenant_scope
from tenants.services.decide_enrolment import decide_enrolment
from tenants.services.draft_template import Use, discard_draft, save_draft
from tenants.services.list_templates import (
    TemplateLine,
    VersionLine,
    VersionState,
    history,
    list_templates,
    waiting_enrolments,
)
from tenants.services.publish_template import publish_template, withdraw_template
from tenants.services.sample_certificate import judge_samples, sample_ground
from tenants.services.second_opinions import objections
from tenants.web.answers import see_other
from tenants.web.forms import add_finding, sentence
from tenants.web.template_form import FIELDS_OF, TemplateForm, initial_of
from tenants.web.template_words import (
    Field,
    changes,
    days_words,
    fields,
    key_words,
    names_of,
    rights_words,
    use_words,
)


@dataclass(frozen=True, slots=True)
class TemplateRow:
    """One line of the list. `pk` is empty while there is only a draft; `version` then too."""

    pk: uuid.UUID | None
    title: str
    use: str
    keys: str
    valid: str
    rights: str
    kept: bool
    version: int
    withdrawn: bool
    draft_pk: uuid.UUID | None
    draft_version: int
    in_use: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """An enrolment that an administrator decides about."""

    pk: uuid.UUID
    name: str
    address: str
    title: str
    asked_at: datetime
    is_own: bool


@dataclass(frozen=True, slots=True)
class DraftLine:
    pk: uuid.UUID
    title: str
    author: str
    written_at: datetime
    is_own: bool


@administrator
@require_safe
def templates(request: SignedInRequest) -> HttpResponse:
    me, now = request.actor.person_id, clock.now()
    with tenant_scope(request.actor.tenant_id):
        lines = list_templates(now)
        waiting = [
            Waiting(w.id, w.person.name, w.person.address, w.template.title, w.asked_at, w.person_id == me)
            for w in waiting_enrolments()
        ]
        only = _administrators() == 1
        # One of each kind: the same rule is broken by every certificate of a template.
        displeased = {o.findings[0][0]: f"{o.linter}: {o.findings[0][2]}" for o in objections()}
    drafts = [
        DraftLine(d.id, d.title, d.author.name, d.written_at, d.author_id == me)
        for d in (line.draft for line in lines)
        if d is not None
    ]
    context = {
        "rows": [_row(line) for line in lines],
        "drafts": drafts,
        "waiting": waiting,
        "only": only,
        "objections": list(displeased.values()),
    }
    return render(request, "tenants/admin/templates.html", context)


def _row(line: TemplateLine) -> TemplateRow:
    newest, draft = line.newest, line.draft
    shown = newest.template if newest is not None else draft
    if shown is None:
        raise ValueError("a line has a version or a draft")
    profile, terms = shown.profile, shown.terms
    return TemplateRow(
        newest.template.id if newest else None,
        shown.title,
        use_words(Use.of(profile)),
        key_words(profile.key_types),
        days_words(profile.validity_days),
        rights_words(terms),
        profile.escrow,
        newest.template.version if newest else 0,
        newest is not None and newest.state is VersionState.WITHDRAWN,
        draft.id if draft else None,
        (newest.template.version if newest else 0) + 1,
        line.in_use,
    )


def _administrators() -> int:
    return Person.objects.active().filter(role=Role.ADMINISTRATOR).count()


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One version in the history, with what changed in words."""

    pk: uuid.UUID
    version: int
    state: str
    in_use: int
    published_at: datetime
    author: str
    publisher: str
    alone: bool
    note: str
    withdrawn_by: str
    withdrawn_at: datetime | None
    withdrawn_note: str
    changes: list[Field]
    opinions: str


@administrator
@require_safe
def template(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """Any version leads to the page of its template; `shown` is the one that was asked for."""
    now = clock.now()
    with tenant_scope(request.actor.tenant_id):
        shown = Template.objects.filter(id=pk).first()
        if shown is None:
            raise Http404
        lines = history(shown.code, now)
        draft = TemplateDraft.objects.select_related("author").filter(code=shown.code).first()
        names = names_of(line.template.terms for line in lines)
    said = [fields(x.template.title, x.template.profile, x.template.terms, names) for x in lines]
    rows = [_version_row(line, said, index) for index, line in enumerate(lines)]
    index = next(i for i, line in enumerate(lines) if line.template.id == shown.id)
    context = {
        "shown": rows[index],
        "title": shown.title,
        "fields": said[index],
        "versions": rows,
        "newest": rows[0],
        "draft": None if draft is None else DraftLine(
            draft.id, draft.title, draft.author.name, draft.written_at, draft.author_id == request.actor.person_id
        ),
        "next_version": rows[0].version + 1,
    }  # fmt: skip
    return render(request, "tenants/admin/template.html", context)


def _version_row(line: VersionLine, said: list[list[Field]], index: int) -> VersionRow:
    published, withdrawn, row = line.published, line.withdrawn, line.template
    return VersionRow(
        row.id,
        row.version,
        line.state.value,
        line.in_use,
        row.published_at,
        published.author.name if published is not None and published.author is not None else "",
        published.decided_by.name if published is not None else "",
        published is not None and published.alone,
        published.note if published is not None else "",
        withdrawn.decided_by.name if withdrawn is not None else "",
        withdrawn.at if withdrawn is not None else None,
        withdrawn.note if withdrawn is not None else "",
        changes(said[index], said[index + 1]) if index + 1 < len(said) else [],
        _opinion_words(published),
    )


def _opinion_words(act: TemplateAct | None) -> str:
    if act is None or not act.opinions:
        return ""
    rules = max(opinion["rules"] for opinion in act.opinions)
    linter = act.opinions[0]["linter"] or _("no second linter")
    return _("Samples passed %(rules)d rules, and %(linter)s.") % {"rules": rules, "linter": linter}


@administrator
@require_POST
def template_withdraw(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    try:
        row = withdraw_template(request.actor, pk, request.POST.get("note", ""), clock.now())
    except Template.DoesNotExist:
        raise Http404 from None
    except Refused as refused:
        messages.error(request, sentence(refused.finding))
    else:
        messages.success(
            request, _("“%(title)s” issues no more. What it has issued stays valid.") % {"title": row.title}
        )
    return see_other("tenants:template", pk)


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
        only = _administrators() == 1
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


@administrator
@require_POST
def decide(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """POST approved: "1" to agree, anything else refuses."""
    approved = request.POST.get("approved") == "1"
    try:
        wish = decide_enrolment(request.actor, pk, clock.now(), approved=approved)
    except Enrolment.DoesNotExist:
        raise Http404 from None
    except Refused as refused:
        messages.error(request, sentence(refused.finding))
    else:
        text = (
            _("%(name)s gets the certificate.")
            if approved
            else _("%(name)s does not get the certificate, and is told so.")
        )
        messages.success(request, text % {"name": wish.person.name})
    return see_other("tenants:templates")
