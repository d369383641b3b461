"""Every benchmark: `python -m benchmarks` for all, or one of its modules alone."""

from __future__ import annotations

import sys
from collections.abc import Callable

from benchmarks import lists, measuring, smime_memory, smime_time, verdicts

PARTS: dict[str, Callable[[], None]] = {
    "smime-time": lambda: measuring.show(smime_time.rows()),
    "smime-memory": lambda: smime_memory.show([1, 10, 50]),
    "verdicts": verdicts.show,
    "lists": lambda: measuring.show(lists.rows()),
}


def main() -> int:
    """Runs the parts that are named, or all."""
    wanted = sys.argv[1:] or list(PARTS)
    unknown = [name for name in wanted if name not in PARTS]
    if unknown:
        print(f"Unknown: {', '.join(unknown)}. There are: {', '.join(PARTS)}.", file=sys.stderr)
        return 2
    for name in wanted:
        print(f"\n== {name}")
        PARTS[name]()
    return 0


if __name__ == "__main__":
    sys.exit(main())
