"""Worker and beat processes started by hand, as an operator would."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
CELERY = [sys.executable, "-m", "celery", "-A", "pkiportal"]


class Processes:
    """Starts processes of the full engine on the suite's database and one Redis; ends them all at the end."""

    def __init__(self, folder: Path, redis_url: str) -> None:
        self.journal = folder / "journal"
        self._folder = folder
        self._redis_url = redis_url
        self._running: list[subprocess.Popen[bytes]] = []

    def worker(self, queue: str, *options: str) -> subprocess.Popen[bytes]:
        """A worker with one child process, which has the engine's test kinds."""
        command = [
            *CELERY,
            "worker",
            "-Q",
            queue,
            "-I",
            "tests.engine.kinds",
            "-c",
            "1",
            "-n",
            f"{queue}{time.time_ns()}@%h",
        ]
        return self.start([*command, *options], queue)

    def beat(self) -> subprocess.Popen[bytes]:
        return self.start([*CELERY, "beat"], "beat")

    def start(
        self, command: list[str], role: str, extra: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        environment = {
            **os.environ,
            "PKIPORTAL_ROLE": role,
            "REDIS_URL": self._redis_url,
            "SWEEP_SECONDS": "1",
        }
        environment |= {"ENGINE_JOURNAL": str(self.journal), "LOG_LEVEL": "INFO", **(extra or {})}
        if role not in {"authority", "embedded"}:
            environment.pop("AUTHORITY_MASTER_KEY", None)
        with open(self._folder / f"{role}-{len(self._running)}.log", "wb") as log:
            # A session of its own, so that a killed worker takes its children along.
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._running.append(process)
        return process

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """kill -9 of the process and its children."""
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self._running.remove(process)

    def stop_all(self) -> None:
        for process in list(self._running):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def all_alive(self) -> bool:
        return all(process.poll() is None for process in self._running)

    def logs(self) -> str:
        return "\n".join(f"== {file.name}\n{file.read_text()}" for file in sorted(self._folder.glob("*.log")))


def wait_until(condition: Callable[[], bool], what: str, processes: Processes, seconds: float = 30.0) -> None:
    """Wait for another process; fails with its log."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert processes.all_alive(), f"A process ended before {what}\n{processes.logs()}"
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds} s\n{processes.logs()}"
        time.sleep(0.05)
