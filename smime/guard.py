"""Large letters are opened in a process of their own, so that no letter can take down the one that serves people.

Reading a letter is bounded by budgets; this is the wall behind them. Letters above `GUARDED` octets go through pipes to
one long-lived child, started by exec with an empty environment, limited in address space and in CPU time for each job.
A child that dies or exceeds a limit costs one answer, which says so, and is replaced by a fresh one.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.x509 import Certificate

from pki.findings import Finding, Severity
from pki.keys import to_pkcs8
from pki.trust import Trust

from . import opener, wire
from .decrypt import DecryptionKey
from .open import open_message
from .report import Encryption, Seal, SecurityReport
from .seal import RevocationMode

GUARDED = 1024 * 1024
MIB = 1024 * 1024
_KEPT_VARIABLES = ("LD_LIBRARY_PATH", "OPENSSL_CONF", "OPENSSL_MODULES", "TMPDIR")
_MOST_SPOOLS = 16
_WITHOUT_VERDICT = {"over-limit", "opener-ended", "opener-not-started"}
_LAST_WORDS_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What one job may take: octets of address space, seconds of CPU, seconds by the clock, octets of a file.

    A child serves `jobs` letters at most.
    """

    memory: int = 512 * MIB
    cpu_seconds: int = 10
    wall_seconds: float = 60.0
    file: int = 256 * MIB
    jobs: int = 500


class Guard:
    """Opens letters, the large ones in a child. May be shared by threads; large letters wait for one another."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._turn = threading.Lock()
        self._child: _Child | None = None

    def open_message(
        self,
        raw: bytes,
        *,
        keys: Sequence[DecryptionKey] = (),
        locked: Sequence[Certificate] = (),
        trust: Trust,
        at: datetime,
        now: datetime | None = None,
        revocation: RevocationMode = "required",
        reader: str = "",
    ) -> SecurityReport:
        """As `smime.open.open_message`. Never raises for what the bytes contain, nor for what they do to the child."""
        if len(raw) <= GUARDED:
            return open_message(
                raw,
                keys=keys,
                locked=locked,
                trust=trust,
                at=at,
                now=now,
                revocation=revocation,
                reader=reader,
            )
        lists = {one.sha256: one.der for one in trust.crls}
        job = wire.Job(
            keys=tuple((to_pkcs8(key.private_key), key.certificate) for key in keys),
            locked=tuple(locked),
            anchors=trust.anchors,
            intermediates=trust.intermediates,
            lists=tuple(lists),
            octets_of_lists=sum(map(len, lists.values())),
            at=at,
            now=now,
            revocation=revocation,
            reader=reader,
            unreachable=trust.unreachable,
        )
        with self._turn:
            return self._ask(job, raw, trust)

    def close(self) -> None:
        """Ends the child; the next large letter starts another."""
        with self._turn:
            self._end()

    @property
    def child_id(self) -> int | None:
        """The process number of the child, or None where none runs."""
        child = self._child
        return child.process.pid if child is not None and child.alive else None

    def _ask(self, job: wire.Job, raw: bytes, trust: Trust) -> SecurityReport:
        try:
            child = self._running()
        except OSError:
            return _refused(_NOT_STARTED)
        try:
            return child.ask(job, raw, trust)
        except (wire.BrokenWire, OSError):
            return _refused(child.why_it_ended())
        except _OverLimit as over:
            return _refused(over.finding)
        finally:
            if not child.alive or child.jobs >= self._limits.jobs:
                self._end()

    def _running(self) -> _Child:
        if self._child is None or not self._child.alive:
            self._end()
            self._child = _Child(self._limits)
        return self._child

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.end()


class _OverLimit(Exception):
    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.code)
        self.finding = finding


class _Child:
    """One child process from its start to its end."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.owner = os.getpid()
        self.jobs = 0
        self.known: set[bytes] = set()  # the lists that the child holds: those of its last job
        self.overdue = False
        arguments = [sys.executable, "-W", "ignore", "-m", opener.__name__]
        arguments += map(str, (limits.memory, limits.cpu_seconds, limits.file))
        self.process = subprocess.Popen(  # noqa: S603
            arguments,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # a traceback may quote a letter
            cwd=Path(__file__).parent.parent,
            env={name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ},
        )
        assert self.process.stdin is not None and self.process.stdout is not None  # noqa: S101, PT018  for the type checker
        self.jobs_pipe, self.answers = self.process.stdin, self.process.stdout

    @property
    def alive(self) -> bool:
        """Whether it can take a job of this process; a child is not inherited by a fork of its parent."""
        return self.owner == os.getpid() and self.process.poll() is None

    def ask(self, job: wire.Job, raw: bytes, trust: Trust) -> SecurityReport:
        """Raises BrokenWire and OSError where the child is gone, _OverLimit where it gave up."""
        self.jobs += 1
        watch = threading.Timer(self.limits.wall_seconds, self._stop)
        watch.daemon = True
        watch.start()
        try:
            self._send(job, raw, trust)
            return self._receive(raw, trust)
        except (wire.SideGone, BrokenPipeError):
            self._settle()
            raise
        except (wire.BrokenWire, OSError):
            self._kill()  # it says what no honest child says, or there is no room for what it says
            raise
        finally:
            watch.cancel()

    def _stop(self) -> None:
        self.overdue = True
        self.process.kill()

    def _settle(self) -> None:
        """It is about to go, and its status tells why."""
        try:
            self.process.wait(_LAST_WORDS_SECONDS)
        except subprocess.TimeoutExpired:
            self._kill()

    def _kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def _send(self, job: wire.Job, raw: bytes, trust: Trust) -> None:
        encoded, _ = wire.dump(job)
        wire.write_frame(self.jobs_pipe, encoded)
        lists = {one.sha256: one.der for one in trust.crls}
        for digest in job.lists:
            if digest not in self.known:
                wire.write_frame(self.jobs_pipe, lists[digest])
        self.known = set(job.lists)
        wire.write_frame(self.jobs_pipe, raw)
        self.jobs_pipe.flush()

    def _receive(self, raw: bytes, trust: Trust) -> SecurityReport:
        state = wire.read_frame(self.answers)
        if state == opener.OUT_OF_MEMORY:
            self._settle()
            raise _OverLimit(_over("memory"))
        count = int.from_bytes(wire.read_frame(self.answers), "big")
        if state != opener.DONE or count > _MOST_SPOOLS:
            raise wire.BrokenWire("an answer that is none")
        encoded = wire.read_frame(self.answers)
        spools = [wire.read_source(self.answers) for _ in range(count)]
        lists = {one.sha256: one for one in trust.crls}
        report = wire.load(encoded, letter=raw, lists=lists, spools=spools)
        if not isinstance(report, SecurityReport):
            raise wire.BrokenWire("an answer that is no report")
        return report

    def why_it_ended(self) -> Finding:
        """The finding of a child that did not answer."""
        status = self.process.wait()
        if self.overdue or status == -signal.SIGXCPU:
            return _over("time")
        if status == opener.EXIT_OUT_OF_MEMORY:
            return _over("memory")
        return _died(status)

    def end(self) -> None:
        """Without waiting for a job: there is none."""
        if self.owner == os.getpid():
            self._kill()
        for pipe in (self.jobs_pipe, self.answers):
            try:
                pipe.close()
            except OSError:  # what was not sent any more
                continue


def was_read(report: SecurityReport) -> bool:
    """Whether a report says anything about its letter. If not, the child did not come to a verdict."""
    return not any(finding.code in _WITHOUT_VERDICT for finding in report.findings)


def _refused(finding: Finding) -> SecurityReport:
    return SecurityReport(Seal.NONE, Encryption.NONE, findings=(finding,))


def _over(what: str) -> Finding:
    return Finding(
        "over-limit",
        Severity.ERROR,
        f"Reading this letter took more {what} than any honest letter needs, so it was stopped. Nothing of the letter "
        "is shown; all other letters can be read as before.",
        remedy="The original file can still be downloaded; ask the sender for a simpler letter.",
        owner="sender",
        evidence=(("limit", what),),
    )


def _died(status: int) -> Finding:
    how = signal.Signals(-status).name if status < 0 else f"status {status}"
    return Finding(
        "opener-ended",
        Severity.ERROR,
        "The process that reads large letters ended while it read this one, so nothing of the letter is shown. The "
        "letter itself is unharmed.",
        remedy="Open the letter again. If it happens again, download the original file and report the letter to the "
        "operator.",
        owner="operator",
        evidence=(("ended", how),),
    )


_NOT_STARTED = Finding(
    "opener-not-started",
    Severity.ERROR,
    "The process that reads large letters could not be started, so nothing of the letter is shown. The letter itself is "
    "unharmed.",
    remedy="Try again later. The operator finds memory or processes exhausted on the machine.",
    owner="operator",
)
