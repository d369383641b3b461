"""The full engine in processes of its own on a real Redis: dead workers, lost bells, an emptied broker."""

from __future__ import annotations

import os
import random
import socket
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from shutil import which
from time import monotonic
from urllib.parse import urlsplit, urlunsplit

import pytest
import redis
from celery import Celery

from pkiportal.broker import transport_options
from tenants import after_commit, clock
from tenants.due_work import schedule
from tenants.models import DueWork
from tenants.scoping import tenant_scope
from tests.engine import kinds
from tests.engine.processes import Processes, wait_until

pytestmark = [pytest.mark.redis, pytest.mark.slow, pytest.mark.usefixtures("database")]


@pytest.fixture
def redis_url() -> Iterator[str]:
    """A numbered database of the Redis that the run was given, reserved in its database 0, emptied before and after."""
    address = urlsplit(os.environ["TEST_REDIS_URL"])
    reservations = redis.Redis.from_url(urlunsplit(address._replace(path="/0")))
    for number in random.sample(range(1, 16), 15):
        if reservations.set(f"pkiportal-test-{number}", os.getpid(), nx=True, ex=300):
            break
    else:
        pytest.fail("all numbered databases of this Redis are taken by other runs")
    url = urlunsplit(address._replace(path=f"/{number}"))
    with redis.Redis.from_url(url) as broker:
        broker.flushdb()
        yield url
        broker.flushdb()
    reservations.delete(f"pkiportal-test-{number}")
    reservations.close()


@pytest.fixture
def processes(tmp_path: Path, redis_url: str) -> Iterator[Processes]:
    running = Processes(tmp_path, redis_url)
    yield running
    running.stop_all()


@pytest.fixture
def doorbell(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Celery]:
    """Let this process, as a web process would, ring by the real Redis."""
    broker = Celery("bells", broker=redis_url, set_as_current=False)
    monkeypatch.setattr(after_commit, "current_app", broker)
    monkeypatch.setattr(after_commit, "_quiet_until", 0.0)
    yield broker
    broker.close()


@pytest.fixture
def no_doorbell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every bell of this process is lost."""
    monkeypatch.setattr(after_commit, "_send", lambda work_id, queue: None)


def ask(kind: str, tenant_id: uuid.UUID) -> uuid.UUID:
    row_id = uuid.uuid4()
    with tenant_scope(tenant_id, write=True):
        schedule(kind, tenant_id, row_id)
    return row_id


def events(processes: Processes, row_id: uuid.UUID) -> list[str]:
    return [event for event, row, _ in kinds.journal(processes.journal) if row == str(row_id)]


def gone(row_id: uuid.UUID) -> bool:
    return not DueWork.objects.filter(row_id=row_id).exists()


@pytest.mark.usefixtures("doorbell")
def test_a_bell_reaches_a_worker_of_its_queue_without_beat(
    tenant_id: uuid.UUID, processes: Processes
) -> None:
    processes.worker("authority")
    row_id = ask("test_quick", tenant_id)
    wait_until(lambda: gone(row_id), "the work", processes)
    assert events(processes, row_id) == ["done"]


@pytest.mark.usefixtures("no_doorbell")
def test_a_worker_and_beat_started_by_hand_process_a_row_whose_bell_was_lost(
    tenant_id: uuid.UUID, processes: Processes
) -> None:
    row_id = ask("test_quick", tenant_id)
    processes.worker("authority")
    processes.beat()
    wait_until(lambda: gone(row_id), "the work", processes)
    assert events(processes, row_id) == ["done"]


@pytest.mark.usefixtures("no_doorbell")
def test_a_worker_serves_its_own_queue_only(tenant_id: uuid.UUID, processes: Processes) -> None:
    letter, list_ = ask("test_mail", tenant_id), ask("test_quick", tenant_id)
    processes.worker("authority")
    processes.beat()
    wait_until(lambda: gone(list_), "the authority's work", processes)
    assert not gone(letter)
    processes.worker("mail")
    wait_until(lambda: gone(letter), "the letter's work", processes)


@pytest.mark.usefixtures("doorbell")
def test_work_of_a_worker_killed_in_the_middle_runs_again_when_its_lease_has_run_out(
    tenant_id: uuid.UUID, processes: Processes
) -> None:
    worker = processes.worker("authority")
    row_id = ask("test_slow_once", tenant_id)
    wait_until(lambda: events(processes, row_id) == ["start"], "the first start", processes)
    processes.kill(worker)
    left = DueWork.objects.get(row_id=row_id)
    assert left.lease_until is not None
    assert left.attempts == 1

    processes.worker("authority")
    processes.beat()
    later = ask("test_quick", tenant_id)
    wait_until(lambda: gone(later), "later work", processes)
    assert events(processes, row_id) == ["start"], "the lease still holds"
    DueWork.objects.filter(row_id=row_id).update(lease_until=clock.now())
    wait_until(lambda: gone(row_id), "the second run", processes)
    assert events(processes, row_id) == ["start", "start", "done"]


@pytest.mark.usefixtures("doorbell")
def test_an_emptied_broker_loses_no_work(tenant_id: uuid.UUID, processes: Processes, redis_url: str) -> None:
    before = [ask("test_quick", tenant_id) for _ in range(20)]
    broker = redis.Redis.from_url(redis_url)
    assert broker.llen("authority") == 20
    broker.flushdb()
    processes.worker("authority")
    processes.beat()
    wait_until(lambda: all(gone(row_id) for row_id in before), "the work whose bells were emptied", processes)
    broker.flushdb()
    after = [ask("test_quick", tenant_id) for _ in range(20)]
    wait_until(lambda: all(gone(row_id) for row_id in after), "later work", processes)
    assert sorted(row for _, row, _ in kinds.journal(processes.journal)) == sorted(map(str, before + after))
    broker.close()


@pytest.mark.usefixtures("doorbell")
def test_two_beats_and_two_workers_run_each_row_once(tenant_id: uuid.UUID, processes: Processes) -> None:
    for _ in range(2):
        processes.worker("authority")
        processes.beat()
    rows = [ask("test_quick", tenant_id) for _ in range(100)]
    wait_until(lambda: all(gone(row_id) for row_id in rows), "the work", processes)
    assert sorted(row for _, row, _ in kinds.journal(processes.journal)) == sorted(map(str, rows))


def test_a_broker_that_is_away_costs_the_caller_at_most_seconds_and_no_error(
    tenant_id: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = Celery("away", broker="redis://127.0.0.1:1/0", set_as_current=False)
    away.conf.broker_transport_options = transport_options("redis://127.0.0.1:1/0")
    monkeypatch.setattr(after_commit, "current_app", away)
    monkeypatch.setattr(after_commit, "_quiet_until", 0.0)
    began = monotonic()
    rows = [ask("test_quick", tenant_id) for _ in range(10)]
    assert monotonic() - began < 5.0
    assert not any(gone(row_id) for row_id in rows)


@pytest.mark.skipif(which("redis-server") is None, reason="redis-server is not installed")
def test_a_killed_and_restarted_broker_is_found_again(
    tenant_id: uuid.UUID, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"redis://127.0.0.1:{port}/0"
    processes = Processes(tmp_path, url)
    server = ["redis-server", "--port", str(port), "--save", "", "--dir", str(tmp_path)]
    with closing(Celery("bells", broker=url, set_as_current=False)) as broker:
        broker.conf.broker_transport_options = transport_options(url)
        monkeypatch.setattr(after_commit, "current_app", broker)
        monkeypatch.setattr(after_commit, "_quiet_until", 0.0)
        try:
            redis_server = processes.start(server, "redis")
            processes.worker("authority")
            processes.beat()
            first = ask("test_quick", tenant_id)
            wait_until(lambda: gone(first), "work before", processes)
            processes.kill(redis_server)
            meanwhile = ask("test_quick", tenant_id)
            processes.start(server, "redis")
            wait_until(lambda: gone(meanwhile), "work asked for while the broker was away", processes, 60)
        finally:
            processes.stop_all()
