"""The portal as people start it: `manage.py demo` in a process of its own, on a free port, in a folder of its own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError

ROOT = Path(__file__).parent.parent.parent
# What the suite's own environment says about its database must not reach a portal that stands for itself.
KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV")
FLOOR = {"ARGON2_MEMORY_KIB": "19456", "ARGON2_PASSES": "2", "ARGON2_LANES": "1"}
START_SECONDS = 90.0


@dataclass(frozen=True, slots=True)
class Login:
    """One of the demonstration's people; `pin` is empty before enrolment."""

    forest: str
    name: str
    email: str
    password: str
    pin: str
    role: str


@dataclass(frozen=True, slots=True)
class Portal:
    """`url` without a slash at the end; people by their first name in small letters."""

    url: str
    home: Path
    people: dict[str, Login]

    def fetch(self, address: str) -> bytes:
        """What a stranger gets at a public address of this portal; no cookie, no session."""
        assert address.startswith(f"{self.url}/"), address
        with urllib.request.urlopen(address, timeout=10) as answer:  # noqa: S310  the line above
            return bytes(answer.read())


@contextmanager
def started(home: Path) -> Iterator[Portal]:
    """The demonstration, founded afresh in `home`; ends with the block."""
    port = _free_port()
    environment = {name: os.environ[name] for name in KEPT if name in os.environ} | FLOOR
    environment |= {"PKIPORTAL_HOME": str(home), "PORT": str(port), "LOG_LEVEL": "WARNING"}
    log_file = home.parent / f"{home.name}.log"
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "demo", "--json"],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=log,
        )
    try:
        assert process.stdout is not None
        first_line = process.stdout.readline()
        assert first_line, f"The demonstration did not start:\n{log_file.read_text()[-4000:]}"
        told = json.loads(first_line)
        people = [Login(**login) for login in told["logins"]]
        portal = Portal(
            told["url"].rstrip("/"), home, {person.name.split()[0].lower(): person for person in people}
        )
        _wait_until_it_answers(portal, process, log_file)
        yield portal
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _wait_until_it_answers(portal: Portal, process: subprocess.Popen[bytes], log_file: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _answers(portal):
        assert process.poll() is None, f"The portal ended:\n{log_file.read_text()[-4000:]}"
        assert time.monotonic() < deadline, f"The portal does not answer:\n{log_file.read_text()[-4000:]}"
        time.sleep(0.1)


def _answers(portal: Portal) -> bool:
    try:
        portal.fetch(f"{portal.url}/healthz")
    except (URLError, ConnectionError):
        return False
    return True
