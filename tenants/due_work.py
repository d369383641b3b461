"""Work that must happen: kinds, scheduling, claiming, retrying, sweeping.

Every action that must happen is a `DueWork` row, written in the same transaction as its cause. A worker claims a row
by a lease, calls the kind's handler *outside* any transaction and removes the row, or sets when it runs next. A worker
that dies leaves its lease to run out; the sweep then finds the row. So a handler runs at least once: it must be
idempotent, and it must look at its own row rather than at why it was called, because several requests for the same
(kind, forest, row) are one row that is due at the earliest of their times.

    @due_work("publish_crl", queue="authority")
    def publish_crl(tenant_id: UUID, row_id: UUID) -> datetime | None: ...     # None: done; a time: run again then

    with tenant_scope(tenant, write=True):
        ...
        schedule("publish_crl", tenant.id, authority.id)
"""

from __future__ import annotations

import logging
import random
import traceback
import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import F, Q

from pki.errors import PkiError
from smime.errors import SmimeError
from tenants import after_commit, clock
from tenants.after_commit import QUEUES
from tenants.models import DueWork
from tenants.models.work import DueWorkQuerySet

logger = logging.getLogger(__name__)

FIRST_RETRY_SECONDS = 5.0
LAST_RETRY_SECONDS = 600.0
# Bells per sweep and queue: more would only pile up in the broker, the rest are rung by the next sweeps.
SWEEP_BATCH = 10_000

# A bell may arrive before the moment it was rung at, by the clock of the host that hears it. Shorter than any pause.
CLOCK_SKEW = timedelta(seconds=2)

Handler = Callable[[uuid.UUID, uuid.UUID], "datetime | None"]
Finder = Callable[[], None]


class DueWorkError(RuntimeError):
    """An unknown or doubly registered kind, or a handler called inside a transaction: a programming error."""


class Outcome(StrEnum):
    """What became of one call of `run`."""

    DONE = "done"
    AGAIN = "again"
    FAILED = "failed"
    NOT_CLAIMED = "not-claimed"
    LEASE_LOST = "lease-lost"


@dataclass(frozen=True, slots=True)
class Kind:
    name: str
    queue: str
    handler: Handler


@dataclass(frozen=True, slots=True)
class Periodic:
    name: str
    queue: str
    seconds: float
    finder: Finder


_kinds: dict[str, Kind] = {}
_finders: dict[str, Periodic] = {}


def due_work(name: str, *, queue: str) -> Callable[[Handler], Handler]:
    """Register the handler of a kind of work. It gets (tenant id, row id), opens its own scopes, and is idempotent."""

    def register(handler: Handler) -> Handler:
        _must_be_new(name, queue, _kinds)
        _kinds[name] = Kind(name, queue, handler)
        return handler

    return register


def periodic(seconds: float, *, queue: str) -> Callable[[Finder], Finder]:
    """Register a finder that beat calls every `seconds` on `queue`: it looks for rows whose time has come and
    schedules them. Its name is its function's. Two beats call it twice, so it must be idempotent too."""

    def register(finder: Finder) -> Finder:
        name = finder.__name__
        _must_be_new(name, queue, _finders)
        _finders[name] = Periodic(name, queue, seconds, finder)
        return finder

    return register


def kinds() -> tuple[Kind, ...]:
    return tuple(_kinds.values())


def finders() -> tuple[Periodic, ...]:
    return tuple(_finders.values())


def find(name: str) -> None:
    """Call one registered finder."""
    try:
        finder = _finders[name].finder
    except KeyError:
        raise DueWorkError(f"No finder {name!r} is registered in this process.") from None
    finder()


def schedule(kind: str, tenant_id: uuid.UUID, row_id: uuid.UUID, *, at: datetime | None = None) -> uuid.UUID:
    """Ask for work, in the caller's transaction; returns the id of its row. Asking again moves the row forward only.

    Work that is due rings after the commit; later work is found by the sweep when its time comes.
    """
    queue = _kind(kind).queue
    now = clock.now()
    work_id = _ask(kind, tenant_id, row_id, at or now)
    if at is None or at <= now:
        after_commit.ring(work_id, queue)
    return work_id


def run(work_id: uuid.UUID) -> Outcome:
    """Claim the row, call its handler outside any transaction, record the outcome.

    Never raises for what the handler raised: that is logged without its message (which may quote a letter), and the
    row runs again after a growing pause.
    """
    if connection.in_atomic_block:
        raise DueWorkError("Due work runs outside any transaction: its handler opens its own scopes.")
    work = _claim(work_id)
    if work is None:
        return Outcome.NOT_CLAIMED
    try:
        run_next_at = _kind(work.kind).handler(work.tenant_id, work.row_id)
    except Exception as error:  # noqa: BLE001  one bad row must not stop the worker
        return _record_failure(work, error)
    return _record_success(work, run_next_at)


def sweep(queues: Collection[str] = QUEUES) -> int:
    """Ring for every due row of these queues; returns how many bells the broker took."""
    rows = _due(queues).values_list("id", "kind")[:SWEEP_BATCH]
    return sum(after_commit.ring_now(work_id, _kinds[kind].queue) for work_id, kind in list(rows))


def drain(queues: Collection[str] = QUEUES) -> int:
    """Run in this process whatever is due, and what that makes due, until nothing is; returns how many runs.

    For commands and rehearsals that have no worker beside them. Failed work waits for its next try.
    """
    runs = 0
    while due := list(_due(queues).values_list("id", flat=True)[:SWEEP_BATCH]):
        runs += sum(run(work_id) is not Outcome.NOT_CLAIMED for work_id in due)
    return runs


def _kind(name: str) -> Kind:
    try:
        return _kinds[name]
    except KeyError:
        raise DueWorkError(f"No kind of due work is called {name!r} in this process.") from None


def _must_be_new(name: str, queue: str, registry: Mapping[str, object]) -> None:
    if queue not in QUEUES:
        raise DueWorkError(f"{name!r} names the queue {queue!r}; there are {', '.join(QUEUES)}.")
    if name in registry:
        raise DueWorkError(f"{name!r} is registered twice.")


# One statement, so that two requests for the same work cannot miss each other. PostgreSQL and SQLite read it alike.
_ASK = """
    INSERT INTO {table} (id, kind, tenant_id, row_id, next_run_at, asked, attempts, last_error)
    VALUES (%s, %s, %s, %s, %s, 1, 0, '')
    ON CONFLICT (tenant_id, kind, row_id) DO UPDATE SET
        asked = {table}.asked + 1,
        next_run_at = CASE WHEN excluded.next_run_at < {table}.next_run_at
                           THEN excluded.next_run_at ELSE {table}.next_run_at END
    RETURNING id
"""


def _ask(kind: str, tenant_id: uuid.UUID, row_id: uuid.UUID, at: datetime) -> uuid.UUID:
    table = connection.ops.quote_name(DueWork._meta.db_table)
    asked = {"id": uuid.uuid4(), "kind": kind, "tenant_id": tenant_id, "row_id": row_id, "next_run_at": at}
    values = [
        DueWork._meta.get_field(name).get_db_prep_value(value, connection)  # type: ignore[union-attr]
        for name, value in asked.items()
    ]
    with connection.cursor() as cursor:
        cursor.execute(_ASK.format(table=table), values)
        (work_id,) = cursor.fetchone()
    return work_id if isinstance(work_id, uuid.UUID) else uuid.UUID(work_id)


def _due(queues: Collection[str]) -> DueWorkQuerySet:
    served = [kind.name for kind in _kinds.values() if kind.queue in queues]
    return DueWork.objects.due(clock.now()).filter(kind__in=served)


def _claim(work_id: uuid.UUID) -> DueWork | None:
    """One UPDATE takes the lease, so that of two workers one gets the row. A claim counts as an attempt at once:
    work that kills its worker is seen to have tried."""
    now = clock.now()
    token = uuid.uuid4()
    free = Q(lease_until__isnull=True) | Q(lease_until__lte=now)
    due = Q(next_run_at__lte=now + CLOCK_SKEW)
    claimed = DueWork.objects.filter(free, due, id=work_id, kind__in=list(_kinds)).update(
        lease_until=now + timedelta(seconds=settings.LEASE_SECONDS),
        lease_token=token,
        attempts=F("attempts") + 1,
    )
    return DueWork.objects.filter(id=work_id, lease_token=token).first() if claimed else None


def _record_success(work: DueWork, run_next_at: datetime | None) -> Outcome:
    claimed = DueWork.objects.filter(id=work.id, lease_token=work.lease_token)
    unasked = claimed.filter(asked=work.asked)
    if run_next_at is None:
        if unasked.delete()[0]:
            return Outcome.DONE
    elif unasked.update(next_run_at=run_next_at, **_FREE, **_SOUND):
        _ring_if_due(work, run_next_at)
        return Outcome.AGAIN
    # It was asked for again while it ran, perhaps after the handler had looked: what it saw may be old.
    if claimed.update(**_FREE, **_SOUND):
        _ring_if_due(work, work.next_run_at)
        return Outcome.AGAIN
    return _lease_lost(work)


def _record_failure(work: DueWork, error: Exception) -> Outcome:
    pause = retry_pause(work.attempts)
    _log_failure(work, error, pause)
    failed = DueWork.objects.filter(id=work.id, lease_token=work.lease_token).update(
        next_run_at=clock.now() + pause, last_error=describe_error(error), **_FREE
    )
    return Outcome.FAILED if failed else _lease_lost(work)


_FREE: dict[str, Any] = {"lease_until": None, "lease_token": None}
_SOUND: dict[str, Any] = {"attempts": 0, "last_error": ""}


def _lease_lost(work: DueWork) -> Outcome:
    logger.warning(
        "%s ran longer than its lease of %s s; another worker has it.", work.kind, settings.LEASE_SECONDS
    )
    return Outcome.LEASE_LOST


def retry_pause(attempts: int) -> timedelta:
    """How long to wait after the given number of attempts: 5 s, doubling up to 10 minutes, of which a random half
    is taken off so that what failed together does not return together."""
    longest = min(LAST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2 ** min(attempts - 1, 16))
    return timedelta(seconds=longest * random.uniform(0.5, 1.0))


def describe_error(error: Exception) -> str:
    """The error's class and, for our own, its finding's code: nothing that could quote a letter or a key."""
    name = type(error).__qualname__
    if isinstance(error, PkiError | SmimeError):
        name += f" ({error.finding.code})"
    return name[:200]


def _log_failure(work: DueWork, error: Exception, pause: timedelta) -> None:
    where = "".join(traceback.format_tb(error.__traceback__))
    logger.error(
        "%s of row %s in forest %s failed at attempt %d: %s; next try in %.0f s\n%s",
        *(
            work.kind,
            work.row_id,
            work.tenant_id,
            work.attempts,
            _causes(error),
            pause.total_seconds(),
            where,
        ),
    )


def _causes(error: BaseException) -> str:
    names: list[str] = []
    cause: BaseException | None = error
    while cause is not None and len(names) < 8:
        names.append(describe_error(cause) if isinstance(cause, Exception) else type(cause).__qualname__)
        cause = cause.__cause__ or cause.__context__
    return " from ".join(names)


def _ring_if_due(work: DueWork, at: datetime) -> None:
    if at <= clock.now():
        after_commit.ring(work.id, _kind(work.kind).queue)
