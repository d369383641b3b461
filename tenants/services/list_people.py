"""The people of a forest as administrators see them: until when each can sign and be written to."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import Max, OuterRef, Q, QuerySet, Subquery

from tenants.models import Certificate, Enrolment, Person
from tenants.models.certificates import EnrolmentState

ENDS_SOON = timedelta(days=30)
PAGE = 50


class Which(StrEnum):
    ALL = "all"
    NONE = "none"
    ENDING = "ending"
    INACTIVE = "inactive"


@dataclass(frozen=True, slots=True)
class PersonLine:
    person: Person
    signing_until: datetime | None
    encryption_until: datetime | None
    is_waiting: bool
    has_signed_in: bool


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """One page; `total` counts everybody, `counts` what each filter would show."""

    lines: tuple[PersonLine, ...]
    total: int
    counts: dict[str, int]
    page: int
    has_next: bool


def list_people(which: Which, q: str, page: int, at: datetime) -> PeoplePage:
    """Inside a scope. `page` counts from 1."""
    people = _annotated(at)
    found = _filtered(people, which, at)
    if q.strip():
        found = found.filter(Q(name__icontains=q.strip()) | Q(address__icontains=q.strip()))
    start = (page - 1) * PAGE
    rows = list(found.select_related("account").order_by("name", "id")[start : start + PAGE + 1])
    counts = {w.value: _filtered(people, w, at).count() for w in Which if w is not Which.ALL}
    return PeoplePage(_lines(rows[:PAGE]), Person.objects.count(), counts, page, len(rows) > PAGE)


def _annotated(at: datetime) -> QuerySet[Person]:
    mine = Certificate.objects.issued_here().filter(person_id=OuterRef("id")).current(at)
    return Person.objects.annotate(
        signing_until=_latest(mine.signing()), encryption_until=_latest(mine.encryption())
    )


def _latest(certificates: QuerySet[Certificate]) -> Subquery:
    return Subquery(
        certificates.order_by().values("person_id").annotate(end=Max("not_after")).values("end")[:1]
    )


def _filtered(people: QuerySet[Person], which: Which, at: datetime) -> QuerySet[Person]:
    soon = at + ENDS_SOON
    match which:
        case Which.NONE:
            lacking = Q(signing_until__isnull=True) | Q(encryption_until__isnull=True)
            return people.filter(lacking, is_active=True)
        case Which.ENDING:
            ends = Q(signing_until__lte=soon) | Q(encryption_until__lte=soon)
            return people.filter(ends, is_active=True)
        case Which.INACTIVE:
            return people.filter(is_active=False)
        case Which.ALL:
            return people


def _lines(rows: Sequence[Person]) -> tuple[PersonLine, ...]:
    waiting = _waiting([row.id for row in rows])
    return tuple(
        PersonLine(
            row,
            row.signing_until,  # type: ignore[attr-defined]  # annotated above
            row.encryption_until,  # type: ignore[attr-defined]
            row.id in waiting,
            row.account.last_login is not None,
        )
        for row in rows
    )


def _waiting(person_ids: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    wishes = Enrolment.objects.filter(state=EnrolmentState.WAITING, person_id__in=person_ids)
    return set(wishes.values_list("person_id", flat=True))
