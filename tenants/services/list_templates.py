"""Templates as administrators see them: the list, one template's history, drafts, and who waits for a decision."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db.models import Count

from tenants.models import Certificate, Enrolment, Template, TemplateAct, TemplateDraft
from tenants.models.certificates import EnrolmentState
from tenants.models.templates import TemplateActKind


class VersionState(StrEnum):
    ISSUES = "issues"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class VersionLine:
    """One published version. `published` is None for what the forest was founded with; `in_use`: certificates that are
    valid and not revoked.
    """

    template: Template
    state: VersionState
    in_use: int
    published: TemplateAct | None
    withdrawn: TemplateAct | None


@dataclass(frozen=True, slots=True)
class TemplateLine:
    """One code: its newest version, or none while there is only a draft. `in_use` counts all versions."""

    newest: VersionLine | None
    draft: TemplateDraft | None
    in_use: int


def list_templates(at: datetime) -> list[TemplateLine]:
    """By title. Inside a scope."""
    counts = _in_use(at)
    drafts = {draft.code: draft for draft in TemplateDraft.objects.select_related("author")}
    versions: dict[str, list[Template]] = {}
    for template in Template.objects.order_by("title", "code", "-version"):
        versions.setdefault(template.code, []).append(template)
    acts = _acts()
    lines = [
        TemplateLine(
            _line(rows[0], rows[0], counts, acts),
            drafts.pop(code, None),
            sum(counts.get(row.id, 0) for row in rows),
        )
        for code, rows in (
            (code, sorted(rows, key=lambda row: -row.version)) for code, rows in versions.items()
        )
    ]
    new = [TemplateLine(None, draft, 0) for draft in sorted(drafts.values(), key=lambda draft: draft.title)]
    return sorted(lines, key=_title) + new


def _title(line: TemplateLine) -> str:
    return line.newest.template.title.casefold() if line.newest is not None else ""


def history(code: str, at: datetime) -> list[VersionLine]:
    """Every version of a code, newest first. Inside a scope."""
    rows = list(Template.objects.filter(code=code).order_by("-version"))
    counts, acts = _in_use(at), _acts()
    return [_line(row, rows[0], counts, acts) for row in rows]


def waiting_enrolments() -> list[Enrolment]:
    """Enrolments that wait for an administrator's decision, oldest first. Inside a scope."""
    asking = {row.code for row in Template.objects.newest() if row.terms.approval}
    wishes = Enrolment.objects.filter(
        state=EnrolmentState.WAITING, template__code__in=asking, decisions__isnull=True
    )
    return list(wishes.select_related("person", "template").order_by("asked_at", "id"))


def _in_use(at: datetime) -> dict[uuid.UUID, int]:
    rows = Certificate.objects.current(at).order_by().values_list("template_id").annotate(n=Count("id"))
    return {template_id: count for template_id, count in rows if template_id is not None}


Acts = dict[tuple[uuid.UUID, str], TemplateAct]


def _acts() -> Acts:
    rows = TemplateAct.objects.select_related("author", "decided_by")
    return {(act.template_id, act.kind): act for act in rows}


def _line(row: Template, newest: Template, counts: dict[uuid.UUID, int], acts: Acts) -> VersionLine:
    withdrawn = acts.get((row.id, TemplateActKind.WITHDRAWN))
    state = VersionState.SUPERSEDED
    if withdrawn is not None:
        state = VersionState.WITHDRAWN
    elif row.id == newest.id:
        state = VersionState.ISSUES
    return VersionLine(
        row, state, counts.get(row.id, 0), acts.get((row.id, TemplateActKind.PUBLISHED)), withdrawn
    )
