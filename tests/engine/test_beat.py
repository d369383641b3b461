"""The beat table: one sweep per queue, every registered finder, and messages that grow old."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pkiportal.celery import app, beat_table
from tenants import due_work
from tenants.after_commit import QUEUES
from tenants.due_work import DueWorkError
from tenants.tasks import find_due, run_due, sweep
from tests.variables import ROOT

found: list[str] = []


@due_work.periodic(60, queue="fetch")
def test_finder_of_the_suite() -> None:
    found.append("called")


test_finder_of_the_suite.__test__ = False  # type: ignore[attr-defined]


def test_every_queue_is_swept_by_a_worker_of_its_own() -> None:
    sweeps = [entry for entry in beat_table().values() if entry["task"] == sweep.name]
    assert [(entry["args"], entry["options"]["queue"]) for entry in sweeps] == [
        ([name], name) for name in QUEUES
    ]


def test_every_finder_is_called_in_its_period_on_its_queue() -> None:
    table = beat_table()
    for finder in due_work.finders():
        entry = table[finder.name]
        assert (entry["task"], entry["args"]) == (find_due.name, [finder.name])
        assert (entry["schedule"], entry["options"]["queue"]) == (finder.seconds, finder.queue)


def test_a_message_that_waited_a_whole_period_is_dropped() -> None:
    assert all(entry["options"]["expires"] == entry["schedule"] for entry in beat_table().values())


def test_the_task_calls_the_finder_and_an_unknown_one_is_an_error() -> None:
    found.clear()
    find_due("test_finder_of_the_suite")
    assert found == ["called"]
    with pytest.raises(DueWorkError, match="nobody"):
        find_due("nobody")


def test_the_application_has_the_table_and_the_tasks_and_delivers_by_queue_name() -> None:
    app.finalize()
    assert set(app.conf.beat_schedule) >= {f"sweep {queue}" for queue in QUEUES}
    assert {run_due.name, sweep.name, find_due.name} <= set(app.tasks)
    assert [(queue.name, queue.routing_key) for queue in app.conf.task_queues] == [
        (name, name) for name in QUEUES
    ]


def test_a_worker_process_loads_no_view() -> None:
    program = (
        "import sys; from pkiportal.celery import app; app.loader.init_worker(); app.finalize(); "
        "assert 'tenants.tasks' in sys.modules; "
        "print([name for name in sys.modules if name == 'pkiportal.urls' or '.web.' in name or '.api.' in name])"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert loaded.stdout.strip() == "[]"
