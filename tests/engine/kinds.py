"""Kinds of work for the engine's tests, also loaded into worker processes (`celery worker -I tests.engine.kinds`).

What a handler does is appended to a journal file, whose path is in ENGINE_JOURNAL, so that another process can see it.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from tenants.due_work import due_work

# What the handler "test_scripted" does for a row: set by a test, in its own process.
scripts: dict[uuid.UUID, Callable[[], datetime | None]] = {}


def note(event: str, row_id: uuid.UUID) -> None:
    with open(os.environ["ENGINE_JOURNAL"], "a") as journal:
        journal.write(f"{event} {row_id} {os.getpid()}\n")


def journal(path: Path) -> list[tuple[str, str, int]]:
    """(event, row id, process id) in order."""
    if not path.exists():
        return []
    lines = (line.split() for line in path.read_text().splitlines())
    return [(event, row, int(process)) for event, row, process in lines]


@due_work("test_scripted", queue="authority")
def scripted(tenant_id: uuid.UUID, row_id: uuid.UUID) -> datetime | None:
    return scripts[row_id]()


@due_work("test_quick", queue="authority")
def quick(tenant_id: uuid.UUID, row_id: uuid.UUID) -> None:
    note("done", row_id)


@due_work("test_mail", queue="mail")
def mail(tenant_id: uuid.UUID, row_id: uuid.UUID) -> None:
    note("done", row_id)


@due_work("test_slow_once", queue="authority")
def slow_once(tenant_id: uuid.UUID, row_id: uuid.UUID) -> None:
    """Hangs the first time, so that the process can be killed in the middle; ends at once the second time."""
    first = ("start", str(row_id)) not in {
        (event, row) for event, row, _ in journal(Path(os.environ["ENGINE_JOURNAL"]))
    }
    note("start", row_id)
    if first:
        time.sleep(60)
    note("done", row_id)


@due_work("test_failing", queue="authority")
def failing(tenant_id: uuid.UUID, row_id: uuid.UUID) -> None:
    note("failed", row_id)
    raise ValueError("Dear Alice, the PIN is 4711")


@due_work("test_ending", queue="fetch")
def ending(tenant_id: uuid.UUID, row_id: uuid.UUID) -> None:
    """Ends the worker that runs it, as a defect in the worker would."""
    note("ended", row_id)
    raise SystemExit
