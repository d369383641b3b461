"""`python -m tests.fuzz`: mutants until FUZZ_MUTANTS (two million) are made or FUZZ_SECONDS (two hours) are over.

Before that, a planted defect has to be caught, or the run is void. FUZZ_SEED repeats a run; each process (FUZZ_JOBS)
has numbers of its own. A mutant that breaks something is written to FUZZ_FOUND (var/fuzz) and named.
"""

from __future__ import annotations

import os
import random
import resource
import sys
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from tests.fuzz import planted
from tests.fuzz.judging import KINDS, Kind, run

MUTANTS = int(os.environ.get("FUZZ_MUTANTS", "2000000"))
SECONDS = float(os.environ.get("FUZZ_SECONDS", "7200"))
JOBS = int(os.environ.get("FUZZ_JOBS", "1"))
SEED = int(os.environ.get("FUZZ_SEED", "0")) or random.SystemRandom().randrange(1, 2**32)
FOUND = Path(os.environ.get("FUZZ_FOUND", "var/fuzz"))
MEMORY = 512 * 1024 * 1024
SHARES = {"cms": 0.6, "mime": 0.25, "inside": 0.15}


@dataclass(frozen=True)
class Outcome:
    """What one process did."""

    made: dict[str, int]
    slowest: float
    memory: int
    broken: tuple[str, ...]


def work(number: int) -> Outcome:
    """One process: all kinds in turn, a thousand at a time, so that a run cut short has tried each."""
    warnings.simplefilter("ignore")  # pyca's about bent certificates
    chance = random.Random(f"{SEED} {number}")
    until = time.monotonic() + SECONDS
    goals = {name: int(MUTANTS * share) // JOBS for name, share in SHARES.items()}
    made = dict.fromkeys(goals, 0)
    slowest, broken = 0.0, []
    while time.monotonic() < until and any(made[name] < goals[name] for name in goals):
        for name, goal in goals.items():
            try:
                count, took = run(KINDS[name], chance, min(1000, goal - made[name]), until=until)
            except Exception as failure:  # noqa: BLE001  whatever it is, it is a find: keep it and go on
                broken.append(_keep(failure))
                made[name] += 1
                continue
            made[name] += count
            slowest = max(slowest, took)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return Outcome(made, slowest, memory, tuple(broken))


def _keep(failure: Exception) -> str:
    note = (getattr(failure, "__notes__", None) or [""])[0]
    raw = bytes.fromhex(note.rpartition(": ")[2])
    FOUND.mkdir(parents=True, exist_ok=True)
    path = FOUND / sha256(raw).hexdigest()[:16]
    path.write_bytes(raw)
    return f"{path}: {type(failure).__name__}: {str(failure).splitlines()[0] if str(failure) else ''}"


def notices(kind: Kind) -> bool:
    """Whether mutants of this kind catch a defect."""
    with planted.forgotten_digest():
        try:
            run(kind, random.Random(SEED), 20_000, until=time.monotonic() + 60)
        except AssertionError:
            return True
    return False


def main() -> int:
    """0: nothing broke. 1: something did. 2: the run is void."""
    print(f"FUZZ_SEED={SEED}", flush=True)
    warnings.simplefilter("ignore")
    if not all(notices(KINDS[name]) for name in ("cms", "mime")):
        print("The planted defect was not caught: this run is void.")
        return 2
    began = time.monotonic()
    with ProcessPoolExecutor(JOBS) as pool:
        outcomes = list(pool.map(work, range(JOBS)))
    made = {name: sum(outcome.made[name] for outcome in outcomes) for name in SHARES}
    memory = max(outcome.memory for outcome in outcomes)
    print(
        f"{sum(made.values())} mutants ({made}) in {time.monotonic() - began:.0f} s; the slowest took "
        f"{max(outcome.slowest for outcome in outcomes) * 1000:.0f} ms; memory {memory // 2**20} MiB"
    )
    broken = [line for outcome in outcomes for line in outcome.broken]
    print("\n".join(broken) or "Nothing broke.")
    return 1 if broken or memory > MEMORY else 0


if __name__ == "__main__":
    sys.exit(main())
