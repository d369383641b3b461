"""How a page is looked at: widths and themes, pictures kept, what axe-core finds.

`SCREENS=all` looks at every page in every width and theme; otherwise each page gets one, drawn by `SCREENS_SEED`
(printed with a failure). Pictures lie in `var/screens` and can be leafed through.
"""

from __future__ import annotations

import os
import random
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
AXE = HERE / "vendor" / "axe-core-4.14.1" / "axe.min.js"
SCREENS = HERE.parent.parent / "var" / "screens"
HEIGHTS = {360: 740, 768: 1024, 1280: 860}
THEMES = ("light", "dark")
# A letter's frame is looked at on its own address, where its rules are its own.
RUN_AXE = """async () => {
  const found = await axe.run(document, { iframes: false, preload: false, resultTypes: ["violations"] });
  return found.violations.map(({ id, impact, help, nodes }) => ({
    id, impact, help, nodes: nodes.map((node) => `${node.html}\\n    ${node.failureSummary}`),
  }));
}"""
GRAVE = ("serious", "critical")


@dataclass(frozen=True, slots=True)
class View:
    """One way to look at a page."""

    width: int
    theme: str

    @property
    def height(self) -> int:
        return HEIGHTS[self.width]


EVERY_VIEW = tuple(View(width, theme) for width in HEIGHTS for theme in THEMES)


class Views:
    """Which views a page is looked at in."""

    def __init__(self) -> None:
        self.all = os.environ.get("SCREENS") == "all"
        self.seed = os.environ.get("SCREENS_SEED") or str(random.SystemRandom().randrange(10**6))
        self._random = random.Random(self.seed)

    def drawn(self) -> tuple[View, ...]:
        return EVERY_VIEW if self.all else (self._random.choice(EVERY_VIEW),)


@cache
def axe_source() -> str:
    return AXE.read_text()


def grave_findings(page: Any) -> list[str]:
    """What axe-core finds on `page` that would shut people out, one paragraph each."""
    page.evaluate(axe_source())
    return [
        f"{found['impact']} {found['id']}: {found['help']}\n  " + "\n  ".join(found["nodes"])
        for found in page.evaluate(RUN_AXE)
        if found["impact"] in GRAVE
    ]
