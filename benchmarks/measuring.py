"""Contests: the same work done by several hands in turn, as medians of CPU time, and the table that shows them."""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

LIMIT = "limit"  # what no program can be faster than: the primitives alone
OURS = "this"
Work = Callable[[], object]


@dataclass(frozen=True)
class Row:
    """One contest. `seconds` by contender; None: not installed, or it cannot do this. `goal` is a ratio to the limit."""

    title: str
    seconds: Mapping[str, float | None]
    goal: float | None = None
    notes: tuple[str, ...] = ()
    summary: bool = False  # `seconds` are times the limit already

    def ratio(self, name: str) -> float | None:
        """How many times the limit that contender takes."""
        limit, found = self.seconds.get(LIMIT), self.seconds.get(name)
        return found / limit if limit and found else None


def cpu_seconds() -> float:
    """User and system time of this process and of the children it has waited for."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def contest(
    title: str,
    contenders: Mapping[str, Work | None],
    *,
    rounds: int,
    repeat: int = 1,
    goal: float | None = None,
    notes: Iterable[str] = (),
) -> Row:
    """Every contender once to warm up, then `rounds` times in turn; short work is done `repeat` times in a round."""
    able = {name: work for name, work in contenders.items() if work is not None}
    taken: dict[str, list[float]] = {name: [] for name in able}
    for number in range(rounds + 1):
        for name, work in able.items():
            begun = cpu_seconds()
            for _ in range(repeat):
                work()
            if number:
                taken[name].append((cpu_seconds() - begun) / repeat)
    seconds = {name: statistics.median(taken[name]) if name in taken else None for name in contenders}
    return Row(title, seconds, goal, tuple(notes))


def show(rows: Iterable[Row]) -> None:
    """Prints each row as it comes: milliseconds, and times the limit."""
    for row in rows:
        print(f"\n{row.title}")
        for name, seconds in row.seconds.items():
            if seconds is None:
                print(f"  {name:<40}{'–':>10}  not available")
                continue
            ratio = seconds if row.summary else row.ratio(name)
            shown = "" if row.summary else f"{seconds * 1000:10.2f} ms"
            verdict = _verdict(row, name, ratio)
            print(f"  {name:<40}{shown:>13}{f'{ratio:8.2f} ×' if ratio else '':>10}{verdict}")
        for note in row.notes:
            print(f"  {note}")


def _verdict(row: Row, name: str, ratio: float | None) -> str:
    if name != OURS or row.goal is None or ratio is None:
        return ""
    return f"  goal ≤ {row.goal:g} ×: {'met' if ratio <= row.goal else 'missed'}"
