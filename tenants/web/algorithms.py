"""Which keys certificates have and will have: the policy in force, the ones to come, and the form for the next one."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from pki.errors import PkiError
from pki.keys import KeyType
from tenants import clock
from tenants.access import SignedInRequest, administrator
from tenants.models import AlgorithmPolicy, Enrolment, Template
from tenants.models.certificates import EnrolmentState
from tenants.refusals import Refused
from tenants.scoping import tenant_scope
from tenants.services.decide_policy import Effect, decide_policy, effects_of, offered_key_types
from tenants.services.newest_certificates import newest_of
from tenants.web.answers import see_other
from tenants.web.forms import add_finding


@dataclass(frozen=True, slots=True)
class Column:
    """Of one template: what new certificates get, and what people have. `under_way`, `refused`: orders for successors."""

    code: str
    title: str
    preferred: str
    counts: tuple[tuple[str, int], ...]
    moved: int
    total: int
    under_way: int
    refused: int

    @property
    def percent(self) -> int:
        return 100 * self.moved // self.total if self.total else 100


@dataclass(frozen=True, slots=True)
class PolicyRow:
    version: int
    in_force_at: datetime
    decided_by: str
    approved_by: str
    keys: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, row: AlgorithmPolicy, titles: dict[str, str]) -> PolicyRow:
        keys = tuple((titles.get(code, code), key_type.spoken) for code, key_type in row.keys.items())
        approved_by = row.approved_by.name if row.approved_by else ""
        return cls(row.version, row.in_force_at, row.decided_by.name, approved_by, keys)


class NextPolicy(forms.Form):
    """A choice for every open template, named by its code, and the day it begins."""

    begins = forms.DateField(
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"invalid": _("This is not a date. Write year-month-day, such as 2026-12-24.")},
    )

    def __init__(self, templates: list[Template], data: object = None) -> None:
        super().__init__(data)  # type: ignore[arg-type]
        self.now = {template.code: template.profile.key_types[0] for template in templates}
        for template in templates:
            choices = [(kind.value, kind.spoken) for kind in offered_key_types(template)]
            self.fields[f"key-{template.code}"] = forms.ChoiceField(
                choices=choices,
                label=template.title,
                initial=self.now[template.code].value,
                error_messages={"invalid_choice": _("Choose one of the kinds of key that the form offers.")},
            )

    def changes(self) -> dict[str, KeyType]:
        """What differs from the templates as they are."""
        chosen = {code: KeyType(self.cleaned_data[f"key-{code}"]) for code in self.now}
        return {code: kind for code, kind in chosen.items() if kind is not self.now[code]}

    def in_force_at(self) -> datetime | None:
        """The beginning of the day in UTC; None for at once."""
        day: date | None = self.cleaned_data["begins"]
        return None if day is None else datetime.combine(day, time.min, tzinfo=UTC)


@administrator
@require_safe
def algorithms(request: SignedInRequest) -> HttpResponse:
    at = clock.now()
    with tenant_scope(request.actor.tenant_id):
        templates = list(Template.objects.still_open())
        titles = {template.code: template.title for template in templates}
        policies = AlgorithmPolicy.objects.select_related("decided_by", "approved_by")
        in_force = policies.in_force(at).first()
        context = {
            "columns": [_column(template, at) for template in templates],
            "policy": None if in_force is None else PolicyRow.of(in_force, titles),
            "coming": [PolicyRow.of(row, titles) for row in policies.coming(at)],
            "form": NextPolicy(templates),
        }
    return render(request, "tenants/admin/algorithms.html", context)


@administrator
@require_http_methods(["GET", "HEAD", "POST"])
def next_policy(request: SignedInRequest) -> HttpResponse:
    """GET: whom the choice would move. POST: decide it, or let it wait for a second administrator."""
    at = clock.now()
    with tenant_scope(request.actor.tenant_id):
        templates = list(Template.objects.still_open())
    form = NextPolicy(templates, request.POST if request.method == "POST" else request.GET)
    effects: tuple[Effect, ...] = ()
    if form.is_valid():
        with tenant_scope(request.actor.tenant_id):
            effects = effects_of(form.changes(), at)
        if not effects:
            form.add_error(None, _("Nothing would change. Choose another kind of key for a template."))
        elif request.method == "POST" and _decide(request, form, at):
            return see_other("tenants:algorithms")
    context = {"form": form, "effects": [_words_of(effect) for effect in effects]}
    status = 422 if form.errors else 200
    return render(request, "tenants/admin/next_policy.html", context, status=status)


def _decide(request: SignedInRequest, form: NextPolicy, at: datetime) -> bool:
    """Whether it is decided or waits; otherwise the reason is on the form."""
    try:
        waiting = decide_policy(request.actor, form.changes(), form.in_force_at(), at)
    except (Refused, PkiError) as refused:
        add_finding(form, refused.finding, {"policy-in-the-past": "begins"})
        return False
    if waiting is not None:
        messages.success(request, _("Asked for. Another administrator lets it happen on the page Approvals."))
    else:
        messages.success(request, _("Decided. The worker replaces the certificates from that day on."))
    return True


def _words_of(effect: Effect) -> dict[str, object]:
    return {
        "title": effect.template.title,
        "now": effect.template.profile.key_types[0].spoken,
        "then": effect.key_type.spoken,
        "moving": effect.moving,
        "staying": effect.staying,
    }


def _column(template: Template, at: datetime) -> Column:
    preferred = template.profile.key_types[0]
    rows = newest_of(template.code, at)
    counts = Counter(row.key_description for row in rows)
    others = [row.id for row in rows if row.key_description != preferred.spoken]
    orders = Enrolment.objects.filter(replaces__in=others)
    return Column(
        template.code,
        template.title,
        preferred.spoken,
        tuple(counts.most_common()),
        len(rows) - len(others),
        len(rows),
        orders.waiting().values("replaces").distinct().count(),
        orders.filter(state=EnrolmentState.REFUSED).values("replaces").distinct().count(),
    )
