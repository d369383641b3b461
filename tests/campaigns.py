"""Sampled tests and their full campaigns: `CAMPAIGN=full` runs everything, else a sample under a fresh seed.

The seed is printed with a failure; `CAMPAIGN_SEED` repeats a run. Tests draw inside their bodies, never in their
parameters, so that all workers of one run collect the same names.
"""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from typing import TypeVar

FULL = os.environ.get("CAMPAIGN") == "full"
SEED = int(os.environ.get("CAMPAIGN_SEED", "0")) or random.SystemRandom().randrange(1, 2**32)

_Item = TypeVar("_Item")


def chance(purpose: str) -> random.Random:
    """The random numbers of one test; announces the seed in the captured output."""
    print(f"CAMPAIGN_SEED={SEED}")
    return random.Random(f"{SEED} {purpose}")


def drawn(items: Sequence[_Item], size: int, purpose: str, *, full: int | None = None) -> list[_Item]:
    """`size` of `items`; in a full campaign `full` of them, or all where that is None."""
    wanted = (len(items) if full is None else full) if FULL else size
    return chance(purpose).sample(items, min(wanted, len(items)))
