"""`python -m tests.mutation FILE … [-- options of pytest]`: the score of each file, and the defects that nobody notices.

The suite (by default tests/smime without its own random mutants) is collected once and run once, to learn which test
reaches which line and how long it takes. Then each defect gets a process of its own, which runs only those tests,
fastest first, until one fails. MUTATION_JOBS processes work at a time.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import coverage
import pytest
from _pytest.runner import runtestprotocol

from tests.mutation.mutants import Mutant, module_name, mutants, plant

JOBS = int(os.environ.get("MUTATION_JOBS", "1"))
SUITE = (
    "tests/smime",
    "--ignore=tests/smime/test_mutation.py",
    "--ignore=tests/smime/test_open_mutations.py",
)
NOTICED, SURVIVED, UNREACHABLE = 1, 0, 3


@dataclass
class Score:
    """Of one file."""

    noticed: int = 0
    survivors: list[Mutant] = field(default_factory=list)

    @property
    def percent(self) -> float:
        total = self.noticed + len(self.survivors)
        return 100 * self.noticed / total if total else 100.0


class Runner:
    """A plugin that runs the collected suite under one defect after the other."""

    def __init__(self, files: Sequence[Path]) -> None:
        self.files = files
        self.scores: dict[Path, Score] = {path: Score() for path in files}
        self.durations: dict[str, float] = {}
        self.reached: dict[tuple[str, int], set[str]] = defaultdict(set)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self._run_once(session)
        by_name = {item.nodeid: item for item in session.items}
        for path in self.files:
            self._score(path, by_name)
        session.testsfailed = 0
        return True

    def _run_once(self, session: pytest.Session) -> None:
        """Which test reaches which line. Whatever fails without any defect is left out."""
        measuring = coverage.Coverage(
            data_file=None, source=[module_name(path) for path in self.files], config_file=False
        )
        measuring.start()
        for item, following in _in_turn(list(session.items)):
            measuring.switch_context(item.nodeid)
            began = time.monotonic()
            if _fails(item, following):
                print(f"left out, for it fails anyway: {item.nodeid}")
                session.items.remove(item)
            self.durations[item.nodeid] = time.monotonic() - began
        measuring.stop()
        data = measuring.get_data()
        for name in data.measured_files():
            for line, contexts in data.contexts_by_lineno(name).items():
                self.reached[name, line].update(context for context in contexts if context)

    def _score(self, path: Path, by_name: dict[str, pytest.Item]) -> None:
        """All defects of one file, JOBS at a time."""
        waiting: dict[int, tuple[Mutant, int, float]] = {}
        for mutant in mutants(path):
            items = self._items(path, mutant, by_name)
            limit = 20 + 10 * sum(self.durations[item.nodeid] for item in items)
            pid = os.fork()
            if not pid:
                _child(mutant, items)
            waiting[os.pidfd_open(pid)] = (mutant, pid, time.monotonic() + limit)
            while len(waiting) >= JOBS:
                self._collect(path, waiting)
        while waiting:
            self._collect(path, waiting)

    def _items(self, path: Path, mutant: Mutant, by_name: dict[str, pytest.Item]) -> list[pytest.Item]:
        """The tests that reach the line; for one at module level all that reach the file."""
        source = str(path.resolve())
        if mutant.owner:
            names = {name for line in mutant.lines for name in self.reached[source, line]}
        else:
            names = {name for (file, _), found in self.reached.items() if file == source for name in found}
        return [by_name[name] for name in sorted(names, key=self.durations.__getitem__) if name in by_name]

    def _collect(self, path: Path, waiting: dict[int, tuple[Mutant, int, float]]) -> None:
        """The next process that ends, or the one whose time is over: an endless loop is noticed, too."""
        ready, _, _ = select.select(list(waiting), [], [], 1)
        for handle in ready or [h for h, (_, _, until) in waiting.items() if time.monotonic() > until]:
            mutant, pid, _ = waiting.pop(handle)
            if handle not in ready:
                os.kill(pid, signal.SIGKILL)
            _, status = os.waitpid(pid, 0)
            os.close(handle)
            self._count(path, mutant, os.waitstatus_to_exitcode(status))

    def _count(self, path: Path, mutant: Mutant, code: int) -> None:
        if code == SURVIVED:
            self.scores[path].survivors.append(mutant)
            print(f"nobody notices {mutant}", flush=True)
        elif code != UNREACHABLE:
            self.scores[path].noticed += 1


def _in_turn(items: Sequence[pytest.Item]) -> Iterator[tuple[pytest.Item, pytest.Item]]:
    """Each item with the one after it; pytest keeps what both need."""
    return zip(items, [*items[1:], *items[-1:]], strict=True)


def _fails(item: pytest.Item, following: pytest.Item) -> bool:
    return any(report.failed for report in runtestprotocol(item, log=False, nextitem=following))


def _child(mutant: Mutant, items: list[pytest.Item]) -> None:
    """Never returns."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    try:
        plant(mutant)
    except (LookupError, ValueError):
        os._exit(UNREACHABLE)
    except BaseException:  # noqa: BLE001  a module that cannot even be loaded so is noticed
        os._exit(NOTICED)
    try:
        if items:
            items[0].session._setupstate.teardown_exact(items[0])
        if any(_fails(item, following) for item, following in _in_turn(items)):
            os._exit(NOTICED)
    except BaseException:  # noqa: BLE001  the suite itself broke
        os._exit(NOTICED)
    os._exit(SURVIVED)


def main() -> int:
    """0 where every file reaches MUTATION_GOAL percent (default 85)."""
    given = sys.argv[1:]
    cut = given.index("--") if "--" in given else len(given)
    runner = Runner([Path(name) for name in given[:cut]])
    code = pytest.main(["-q", "-p", "no:xdist", *(given[cut + 1 :] or SUITE)], plugins=[runner])
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        return int(code)
    for path, score in runner.scores.items():
        total = score.noticed + len(score.survivors)
        print(f"{path}: {score.percent:.1f} % of {total} defects noticed")
    goal = float(os.environ.get("MUTATION_GOAL", "85"))
    return 0 if all(score.percent >= goal for score in runner.scores.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
