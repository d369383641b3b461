"""The embedded database under concurrency: readers never wait for a writer, writers queue without an error."""

from __future__ import annotations

import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from tenants.due_work import schedule
from tenants.models import DueWork, Person
from tenants.scoping import tenant_scope
from tests.engine import kinds  # noqa: F401  registers the kinds
from tests.engine.bells import Bells

SECONDS = 2.0
READERS, WRITERS = 24, 4


def test_24_readers_and_4_writers_meet_no_lock_error(tenant_id: uuid.UUID, bells: Bells) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("about SQLite; this run is on PostgreSQL")
    start = threading.Barrier(READERS + WRITERS)
    until = time.monotonic() + SECONDS

    def read() -> int:
        times = 0
        start.wait()
        while time.monotonic() < until:
            with tenant_scope(tenant_id):
                assert list(Person.objects.all()) == []
                DueWork.objects.filter(tenant_id=tenant_id).count()
            times += 1
        connection.close()
        return times

    def write() -> int:
        times = 0
        start.wait()
        while time.monotonic() < until:
            with tenant_scope(tenant_id, write=True):
                schedule("test_mail", tenant_id, uuid.uuid4())
            times += 1
        connection.close()
        return times

    with ThreadPoolExecutor(READERS + WRITERS) as pool:
        readers = [pool.submit(read) for _ in range(READERS)]
        writers = [pool.submit(write) for _ in range(WRITERS)]
        reads = [future.result() for future in readers]
        writes = [future.result() for future in writers]
    assert min(reads) > 0
    assert min(writes) > 0
    assert DueWork.objects.filter(tenant_id=tenant_id).count() == sum(writes)
