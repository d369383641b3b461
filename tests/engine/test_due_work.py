"""Scheduling, claiming, retrying and sweeping, on a real database, with the broker's bells kept in a list."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import TypeVar

import pytest
from django.conf import settings
from django.db import DatabaseError, connection, transaction

from pki.errors import CrlRefusal
from pki.findings import Finding, Severity
from tenants import clock, due_work
from tenants.due_work import DueWorkError, Outcome, schedule
from tenants.models import DueWork
from tenants.scoping import tenant_scope
from tests.engine import kinds
from tests.engine.bells import Bells

pytestmark = pytest.mark.usefixtures("database")

T = TypeVar("T")

SECOND = timedelta(seconds=1)
LEASE = timedelta(seconds=settings.LEASE_SECONDS)


def scripted(
    tenant_id: uuid.UUID, script: Callable[[], datetime | None], *, at: datetime | None = None
) -> uuid.UUID:
    """Schedule work whose handler is `script`; returns the id of the due row."""
    row_id = uuid.uuid4()
    kinds.scripts[row_id] = script
    return schedule("test_scripted", tenant_id, row_id, at=at)


def row(work_id: uuid.UUID) -> DueWork:
    return DueWork.objects.get(id=work_id)


def exists(work_id: uuid.UUID) -> bool:
    return DueWork.objects.filter(id=work_id).exists()


def test_work_scheduled_in_a_write_scope_rings_its_queue_once_it_has_committed(
    tenant_id: uuid.UUID, bells: Bells
) -> None:
    with tenant_scope(tenant_id, write=True):
        work_id = schedule("test_mail", tenant_id, uuid.uuid4())
        assert bells.rung == []
    assert bells.of(work_id) == ["mail"]
    assert row(work_id).attempts == 0


def test_work_whose_cause_was_rolled_back_neither_stays_nor_rings(tenant_id: uuid.UUID, bells: Bells) -> None:
    def cause() -> None:
        with tenant_scope(tenant_id, write=True):
            schedule("test_mail", tenant_id, uuid.uuid4())
            raise LookupError

    with pytest.raises(LookupError):
        cause()
    assert not DueWork.objects.filter(tenant_id=tenant_id).exists()
    assert bells.rung == []


def test_a_read_only_scope_cannot_schedule(tenant_id: uuid.UUID, bells: Bells) -> None:
    with pytest.raises(DatabaseError), tenant_scope(tenant_id):
        schedule("test_mail", tenant_id, uuid.uuid4())
    assert bells.rung == []


def test_work_can_be_scheduled_outside_any_scope(tenant_id: uuid.UUID, bells: Bells) -> None:
    work_id = schedule("test_mail", tenant_id, uuid.uuid4())
    assert bells.of(work_id) == ["mail"]


def test_later_work_does_not_ring_and_does_not_run_before_its_time(
    tenant_id: uuid.UUID, bells: Bells
) -> None:
    ran: list[int] = []
    work_id = scripted(tenant_id, lambda: ran.append(1), at=clock.now() + timedelta(hours=6))
    assert bells.rung == []
    assert due_work.run(work_id) is Outcome.NOT_CLAIMED
    with clock.moved(timedelta(hours=6, seconds=1)):
        assert due_work.sweep() >= 1
        assert bells.of(work_id) == ["authority"]
        assert due_work.run(work_id) is Outcome.DONE
    assert ran == [1]


def test_asking_twice_is_one_row_due_at_the_earlier_time(tenant_id: uuid.UUID, bells: Bells) -> None:
    row_id, now = uuid.uuid4(), clock.now()
    first = schedule("test_mail", tenant_id, row_id, at=now + 2 * SECOND)
    assert schedule("test_mail", tenant_id, row_id, at=now + 9 * SECOND) == first
    assert row(first).next_run_at == now + 2 * SECOND
    assert schedule("test_mail", tenant_id, row_id, at=now + SECOND) == first
    assert (row(first).next_run_at, row(first).asked) == (now + SECOND, 3)


def test_the_same_row_of_two_forests_is_two_works(tenant_id: uuid.UUID, bells: Bells) -> None:
    row_id = uuid.uuid4()
    first = schedule("test_mail", tenant_id, row_id)
    other = schedule("test_mail", uuid.uuid4(), row_id)
    assert first != other
    DueWork.objects.filter(id=other).delete()


def test_done_work_leaves_no_row_and_a_second_bell_finds_nothing(tenant_id: uuid.UUID, bells: Bells) -> None:
    ran: list[int] = []
    work_id = scripted(tenant_id, lambda: ran.append(1))
    assert [due_work.run(work_id), due_work.run(work_id)] == [Outcome.DONE, Outcome.NOT_CLAIMED]
    assert ran == [1]
    assert not exists(work_id)


def test_a_handler_that_names_a_time_runs_again_then(tenant_id: uuid.UUID, bells: Bells) -> None:
    later = clock.now() + timedelta(hours=1)
    work_id = scripted(tenant_id, lambda: later)
    assert due_work.run(work_id) is Outcome.AGAIN
    assert (row(work_id).next_run_at, row(work_id).lease_token, row(work_id).attempts) == (later, None, 0)


def test_a_bell_that_arrives_while_the_work_runs_does_not_start_it_twice(
    tenant_id: uuid.UUID, bells: Bells
) -> None:
    outcomes: list[Outcome] = []
    work_id = scripted(tenant_id, lambda: outcomes.append(due_work.run(work_id)))
    assert due_work.run(work_id) is Outcome.DONE
    assert outcomes == [Outcome.NOT_CLAIMED]


def test_of_eight_workers_that_hear_the_same_bell_one_runs_the_work(
    tenant_id: uuid.UUID, bells: Bells
) -> None:
    ran: list[str] = []
    work_id = scripted(tenant_id, lambda: ran.append(threading.current_thread().name))
    outcomes = in_threads(8, lambda: due_work.run(work_id))
    assert sorted(outcomes) == [Outcome.DONE, *[Outcome.NOT_CLAIMED] * 7]
    assert len(ran) == 1


@pytest.mark.parametrize("answer", [None, timedelta(hours=6)], ids=["done", "later"])
def test_work_asked_for_while_it_runs_runs_again(
    tenant_id: uuid.UUID, bells: Bells, answer: timedelta | None
) -> None:
    runs: list[int] = []
    row_id = uuid.uuid4()

    def handler() -> datetime | None:
        runs.append(1)
        if len(runs) == 1:
            with tenant_scope(tenant_id, write=True):
                schedule("test_scripted", tenant_id, row_id)
        return clock.now() + answer if answer else None

    kinds.scripts[row_id] = handler
    work_id = schedule("test_scripted", tenant_id, row_id)
    bells.rung.clear()
    assert due_work.run(work_id) is Outcome.AGAIN
    assert len(bells.of(work_id)) == 2  # for the request, and when its lease was given back
    assert due_work.run(work_id) is (Outcome.AGAIN if answer else Outcome.DONE)
    assert len(runs) == 2


def test_handlers_run_outside_any_transaction_and_scope(tenant_id: uuid.UUID, bells: Bells) -> None:
    seen: list[bool] = []
    work_id = scripted(tenant_id, lambda: seen.append(connection.in_atomic_block))
    due_work.run(work_id)
    assert seen == [False]
    with transaction.atomic(), pytest.raises(DueWorkError, match="outside any transaction"):
        due_work.run(work_id)


def test_failed_work_is_free_again_after_a_growing_pause(tenant_id: uuid.UUID, bells: Bells) -> None:
    def fail() -> None:
        raise ValueError

    work_id = scripted(tenant_id, fail)
    assert due_work.run(work_id) is Outcome.FAILED
    assert due_work.run(work_id) is Outcome.NOT_CLAIMED
    failed = row(work_id)
    assert (failed.lease_token, failed.last_error) == (None, "ValueError")
    assert failed.next_run_at > clock.now()
    with clock.moved(timedelta(minutes=11)):
        assert due_work.run(work_id) is Outcome.FAILED
        assert row(work_id).attempts == failed.attempts + 1 == 2


def test_the_pause_doubles_from_five_seconds_to_ten_minutes_and_half_of_it_is_chance() -> None:
    for attempts, longest in [(1, 5), (2, 10), (3, 20), (7, 320), (8, 600), (1000, 600)]:
        pauses = [due_work.retry_pause(attempts).total_seconds() for _ in range(50)]
        assert longest / 2 <= min(pauses) < max(pauses) <= longest


def test_success_after_failures_forgets_them(tenant_id: uuid.UUID, bells: Bells) -> None:
    work_id = scripted(tenant_id, lambda: clock.now() + timedelta(hours=1))
    DueWork.objects.filter(id=work_id).update(attempts=4, last_error="ValueError")
    assert due_work.run(work_id) is Outcome.AGAIN
    assert (row(work_id).attempts, row(work_id).last_error) == (0, "")


def test_the_log_of_a_failure_has_classes_and_places_and_no_content(
    tenant_id: uuid.UUID, bells: Bells, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        try:
            raise KeyError("Dear Bob, the PIN is 4711")
        except KeyError as error:
            raise ValueError("Dear Alice") from error

    work_id = scripted(tenant_id, fail)
    with caplog.at_level(logging.DEBUG):
        due_work.run(work_id)
    assert "ValueError from KeyError" in caplog.text
    assert "test_due_work.py" in caplog.text
    logged = [record.getMessage() for record in caplog.records if record.name == "tenants.due_work"]
    assert len(logged) == 1
    # The places quote lines of our source, never values: neither the exceptions' texts nor their traceback objects.
    assert all(record.exc_info is None for record in caplog.records)
    assert row(work_id).last_error == "ValueError"


def test_a_failure_of_our_own_is_recorded_with_its_code(tenant_id: uuid.UUID, bells: Bells) -> None:
    def refuse() -> None:
        raise CrlRefusal(Finding("crl-number-not-rising", Severity.ERROR, "Contoso's list 7 follows list 9"))

    work_id = scripted(tenant_id, refuse)
    due_work.run(work_id)
    assert row(work_id).last_error == "CrlRefusal (crl-number-not-rising)"


def test_the_lease_of_a_worker_that_died_runs_out_and_the_sweep_finds_the_work(
    tenant_id: uuid.UUID, bells: Bells
) -> None:
    class Killed(BaseException):
        """Leaves no time to give the lease back, as SIGKILL does."""

    def die() -> None:
        raise Killed

    work_id = scripted(tenant_id, die)
    with pytest.raises(Killed):
        due_work.run(work_id)
    kinds.scripts[row(work_id).row_id] = lambda: None
    bells.rung.clear()
    due_work.sweep()
    assert bells.of(work_id) == []
    assert due_work.run(work_id) is Outcome.NOT_CLAIMED
    with clock.moved(LEASE + SECOND):
        due_work.sweep()
        assert bells.of(work_id) == ["authority"]
        assert row(work_id).attempts == 1
        assert due_work.run(work_id) is Outcome.DONE


@pytest.mark.parametrize(
    "late", [lambda: None, lambda: clock.now(), lambda: 1 / 0], ids=["done", "later", "failed"]
)
def test_a_worker_slower_than_its_lease_does_not_touch_what_another_has_claimed(
    tenant_id: uuid.UUID, bells: Bells, late: Callable[[], datetime | None]
) -> None:
    token = uuid.uuid4()

    def outlive_the_lease() -> datetime | None:
        DueWork.objects.filter(id=work_id).update(lease_token=token)
        return late()

    work_id = scripted(tenant_id, outlive_the_lease)
    assert due_work.run(work_id) is Outcome.LEASE_LOST
    assert row(work_id).lease_token == token


def test_a_lost_doorbell_is_made_up_for_by_the_sweep(tenant_id: uuid.UUID, bells: Bells) -> None:
    bells.broken = True
    ran: list[int] = []
    with tenant_scope(tenant_id, write=True):
        work_id = scripted(tenant_id, lambda: ran.append(1))
    assert exists(work_id)
    bells.broken = False
    from tenants import after_commit

    after_commit._quiet_until = 0.0
    assert due_work.sweep(["authority"]) >= 1
    assert bells.of(work_id) == ["authority"]
    assert due_work.run(work_id) is Outcome.DONE


def test_while_the_broker_is_away_one_bell_in_ten_seconds_tries_it(
    tenant_id: uuid.UUID, bells: Bells, caplog: pytest.LogCaptureFixture
) -> None:
    bells.broken = True
    for _ in range(5):
        schedule("test_mail", tenant_id, uuid.uuid4())
    assert len([record for record in caplog.records if "did not take a bell" in record.message]) == 1


def test_a_sweep_rings_only_the_queues_it_is_asked_for(tenant_id: uuid.UUID, bells: Bells) -> None:
    letter, list_ = schedule("test_mail", tenant_id, uuid.uuid4()), scripted(tenant_id, lambda: None)
    bells.rung.clear()
    due_work.sweep(["authority"])
    assert (bells.of(letter), bells.of(list_)) == ([], ["authority"])


def test_draining_runs_what_is_due_and_what_that_makes_due(tenant_id: uuid.UUID, bells: Bells) -> None:
    ran: list[str] = []

    def first() -> None:
        ran.append("first")
        scripted(tenant_id, lambda: ran.append("second"))

    def fail() -> None:
        ran.append("failed")
        raise ValueError

    scripted(tenant_id, first)
    scripted(tenant_id, fail)
    scripted(tenant_id, lambda: ran.append("later"), at=clock.now() + timedelta(hours=1))
    assert due_work.drain() >= 3
    assert sorted(ran) == ["failed", "first", "second"]


def test_an_unknown_kind_is_refused_and_a_row_of_one_is_left_alone(
    tenant_id: uuid.UUID, bells: Bells
) -> None:
    with pytest.raises(DueWorkError, match="test_unheard_of"):
        schedule("test_unheard_of", tenant_id, uuid.uuid4())
    stranger = DueWork.objects.create(
        kind="test_unheard_of", tenant_id=tenant_id, row_id=uuid.uuid4(), next_run_at=clock.now()
    )
    assert due_work.run(stranger.id) is Outcome.NOT_CLAIMED
    assert row(stranger.id).attempts == 0


def test_a_kind_is_registered_once_and_on_a_queue_that_exists() -> None:
    with pytest.raises(DueWorkError, match="registered twice"):
        due_work.due_work("test_mail", queue="mail")(lambda tenant_id, row_id: None)
    with pytest.raises(DueWorkError, match="authority, mail, fetch"):
        due_work.due_work("test_other", queue="other")(lambda tenant_id, row_id: None)


def test_requests_that_race_with_runs_are_never_lost(tenant_id: uuid.UUID, bells: Bells) -> None:
    """Whatever was asked for last is followed by a run that began after it."""
    row_id, lock = uuid.uuid4(), threading.Lock()
    asked, seen = [0], [0]
    kinds.scripts[row_id] = lambda: seen.__setitem__(0, asked[0])

    def ask_and_run() -> None:
        for _ in range(25):
            with lock:
                asked[0] += 1
            due_work.run(schedule("test_scripted", tenant_id, row_id))

    in_threads(8, ask_and_run)
    due_work.drain()
    assert seen == asked == [200]
    assert not DueWork.objects.filter(row_id=row_id).exists()


def in_threads(number: int, act: Callable[[], T]) -> list[T]:
    """Call `act` in so many threads at once, each with a connection of its own."""

    def work() -> T:
        barrier.wait()
        try:
            return act()
        finally:
            connection.close()

    barrier = threading.Barrier(number)
    with ThreadPoolExecutor(number) as pool:
        return [future.result() for future in [pool.submit(work) for _ in range(number)]]
