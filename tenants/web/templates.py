"""Templates, for administrators: the list, one template with its history, what waits for a decision."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tenants import clock
from tenants.access import SignedInRequest, administrator
from tenants.models import Enrolment, Template, TemplateAct, TemplateDraft
from tenants.refusals import Refused
from tenants.scoping import tenant_scope
from tenants.services.decide_enrolment import decide_enrolment
from tenants.services.draft_template import Use
from tenants.services.list_templates import (
    TemplateLine,
    VersionLine,
    VersionState,
    history,
    list_templates,
    waiting_enrolments,
)
from tenants.services.publish_template import is_only_administrator, withdraw_template
from tenants.services.second_opinions import objections
from tenants.web.answers import see_other
from tenants.web.forms import sentence
from tenants.web.template_drafts import DraftLine
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
        only = is_only_administrator(request.actor)
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
