"""`manage.py serve`: the whole service in one process on SQLite."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.kinds import journal
from tests.engine.processes import Processes, wait_until

pytestmark = pytest.mark.slow


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    running = Processes(tmp_path, redis_url="")
    yield running
    running.stop_all()


def start(processes: Processes, tmp_path: Path, port: int, *kinds: str) -> subprocess.Popen[bytes]:
    home = tmp_path / "home"
    extra = {
        "PKIPORTAL_HOME": str(home),
        "DATABASE_URL": f"sqlite:///{home}/portal.sqlite3",
        "PORT": str(port),
    }
    home.mkdir(exist_ok=True)
    return processes.start([sys.executable, "-m", "tests.engine.portal", *kinds], "embedded", extra)


def health(port: int) -> dict[str, str] | None:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
            body: dict[str, str] = json.load(answer)
            return body
    except OSError:
        return None


def done(processes: Processes) -> list[str]:
    return [event for event, _, _ in journal(processes.journal)]


def test_it_serves_works_and_stops_in_good_order(processes: Processes, tmp_path: Path, port: int) -> None:
    portal = start(processes, tmp_path, port, "test_quick", "test_mail")
    wait_until(lambda: health(port) is not None, "an answer", processes)
    assert health(port) == {"status": "ok", "database": "ok"}
    wait_until(lambda: done(processes) == ["done", "done"], "work left over from before", processes)
    portal.send_signal(signal.SIGTERM)
    assert portal.wait(timeout=15) == 0
    log = processes.logs()
    assert f"pkiportal serves http://localhost:{port}/" in log
    assert "Traceback" not in log


def test_its_worker_outlives_a_handler_that_fails_and_the_log_has_no_content(
    processes: Processes, tmp_path: Path, port: int
) -> None:
    portal = start(processes, tmp_path, port, "test_failing", "test_failing", "test_mail")
    wait_until(lambda: sorted(done(processes)) == ["done", "failed", "failed"], "all three", processes)
    assert portal.poll() is None
    assert health(port) is not None
    assert "test_failing of row" in processes.logs()
    assert "the PIN is 4711" not in processes.logs().replace(
        'raise ValueError("Dear Alice, the PIN is 4711")', ""
    )


def test_it_ends_with_a_message_when_its_worker_has_ended(
    processes: Processes, tmp_path: Path, port: int
) -> None:
    portal = start(processes, tmp_path, port, "test_ending")
    assert portal.wait(timeout=30) == 1
    assert done(processes) == ["ended"]
    assert "The worker thread has ended" in processes.logs()


def test_a_taken_port_is_said_in_words(processes: Processes, tmp_path: Path, port: int) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        portal = start(processes, tmp_path, port)
        assert portal.wait(timeout=30) == 1
    log = processes.logs()
    assert f"Cannot listen on 127.0.0.1:{port}" in log
    assert "--port 8100" in log
    assert "Traceback" not in log.split("CommandError")[-1]


def test_a_process_of_the_full_engine_does_not_serve_embedded(processes: Processes, tmp_path: Path) -> None:
    portal = processes.start([sys.executable, "manage.py", "serve"], "mail")
    assert portal.wait(timeout=30) == 1
    assert "This is a mail process" in processes.logs()


def test_beat_has_its_table_before_any_other_thread_has_started() -> None:
    """In a process of its own: whether the table is there must not depend on which thread comes first."""
    script = (
        "import django; django.setup()\n"
        "from pkiportal.celery import app; from pkiportal.embedded import BackgroundBeat\n"
        "print(sorted(BackgroundBeat(app).table()))"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    for queue in ("authority", "fetch", "mail"):
        assert f"sweep {queue}" in answer.stdout
