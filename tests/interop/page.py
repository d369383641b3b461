"""`docs/interop.md`: written from outcomes, and read again so that the suite can hold it against the present."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

from tests.interop.cast import CROWD
from tests.interop.matrix import (
    CIPHERS,
    FORMS,
    NO_PEER,
    NOT_WRITTEN,
    PASS,
    REFUSED,
    SIGNATURES,
    SIZES,
    WAYS,
    Cell,
    Sealed,
    Signed,
    Whole,
    directions,
)

PATH = Path(__file__).parent.parent.parent / "docs" / "interop.md"

_HEAD = """# What other programs make of our letters, and we of theirs

Written by `python -m tests.interop.matrix`, not by hand; the suite measures a sample of it in every run and fails where
it finds something else, `make campaigns` measures all of it. `pass`: what one wrote, the other opened or verified, octet for
octet. `refused`: the program, reading or writing, said no in the words below, or takes no such key. `no peer`: that program
cannot write it, so nothing can be read.
`—`: read here and never written.

"""
_ALONE = """
Where no program here knows an algorithm, something else stands in: ML-KEM envelopes and ML-DSA signatures of ours are opened
and verified by a reader that follows the grammars of pyasn1 and nothing of this project
(`tests/smime/test_second_specification.py`). Ed25519, Ed448 and X25519 are read by nothing but this project itself.
"""


def column(writer: str, reader: str) -> str:
    """The heading of one direction."""
    return f"{reader} reads ours" if writer == "this" else f"we read {writer}'s"


class _Words:
    """Refusals, numbered in the order in which they appear."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def short(self, outcome: str) -> str:
        kind, colon, words = outcome.partition(": ")
        if not colon:
            return kind
        return f"{kind} [{self.numbers.setdefault(words, len(self.numbers) + 1)}]"

    def lines(self) -> Iterator[str]:
        for words, number in self.numbers.items():
            yield f"- [{number}] {words.rstrip('.')}."


def write(outcomes: Mapping[Cell, str], versions: Mapping[str, str], on: date) -> str:
    """The page."""
    names, words = list(versions), _Words()
    pairs = directions(names)
    titles = [column(*pair) for pair in pairs]
    programs = ", ".join(f"{name} {version}" for name, version in versions.items())
    lines = [f"Measured on {on.isoformat()} with {programs}.", "", "## Signatures", ""]
    lines += _table(
        ["algorithm", *titles],
        [
            [
                algorithm,
                *(
                    _joined({form: words.short(outcomes[Signed(*pair, algorithm, form)]) for form in FORMS})
                    for pair in pairs
                ),
            ]
            for algorithm in SIGNATURES
        ],
    )
    lines += ["", "Each detached and opaque; one word stands for both.", "", "## Envelopes", ""]
    lines += _table(
        ["key management, cipher", *titles],
        [
            [
                f"{way}, {cipher}",
                *(
                    _joined(
                        {_of(size): words.short(outcomes[Sealed(*pair, way, cipher, size)]) for size in SIZES}
                    )
                    for pair in pairs
                ),
            ]
            for way in WAYS
            for cipher in CIPHERS
        ],
    )
    lines += [
        "",
        f"Each to 1 and to {CROWD} recipients; one word stands for both. NSS chooses its cipher itself.",
        "",
    ]
    lines += ["## Whole letters", "", *_letters(outcomes, pairs), *_ALONE.splitlines()]
    lines += ["", "## In their words", "", *words.lines()]
    return _HEAD + "\n".join(lines) + "\n"


def _letters(outcomes: Mapping[Cell, str], pairs: Sequence[tuple[str, str]]) -> list[str]:
    """Signed and encrypted: every combination whose halves pass by themselves."""
    rows = []
    for pair in pairs:
        found = [
            outcome
            for cell, outcome in outcomes.items()
            if isinstance(cell, Whole) and (cell.writer, cell.reader) == pair
        ]
        rows.append([column(*pair), str(len(found)), str(found.count(PASS))])
    return [
        "Signed, then encrypted: every combination of a signature, a form, a key management, a cipher and a number of",
        "recipients of which both halves pass above.",
        "",
        *_table(["direction", "letters", "pass"], rows),
    ]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]


def _of(size: int) -> str:
    return f"{size} recipient" + ("s" if size > 1 else "")


def _joined(found: Mapping[str, str]) -> str:
    """One word where all say the same."""
    if len(set(found.values())) == 1:
        return next(iter(found.values()))
    return "; ".join(f"{name}: {outcome}" for name, outcome in found.items())


# --- read again ----------------------------------------------------------------------------------------------------------


def read(text: str) -> dict[tuple[str, str], str]:
    """(row, column) → what the page says there."""
    found: dict[tuple[str, str], str] = {}
    head: list[str] = []
    for line in text.splitlines():
        fields = [field.strip() for field in line.strip().strip("|").split("|")]
        if not line.startswith("|"):
            head = []
        elif not head:
            head = fields
        elif set(fields[0]) != {"-"}:
            found |= {(fields[0], title): field for title, field in zip(head[1:], fields[1:], strict=True)}
    return found


def versions(text: str) -> dict[str, str]:
    """Which programs it was measured with."""
    line = next(line for line in text.splitlines() if line.startswith("Measured on "))
    programs = line.partition(" with ")[2].rstrip(".").split(", ")
    return {name: version for name, _, version in (program.partition(" ") for program in programs)}


def says(table: Mapping[tuple[str, str], str], cell: Signed | Sealed) -> str:
    """`pass`, `refused`, `no peer` or `—`."""
    if isinstance(cell, Signed):
        row, variant = cell.algorithm, cell.form
    else:
        row, variant = f"{cell.way}, {cell.cipher}", _of(cell.size)
    text = table[row, column(cell.writer, cell.reader)]
    of_it = re.search(rf"(?:^|; ){re.escape(variant)}: ([^;]*)", text)
    return kind_of(of_it[1] if of_it else text)


def kind_of(outcome: str) -> str:
    """An outcome or a field of the page without its words."""
    return next(kind for kind in (PASS, REFUSED, NO_PEER, NOT_WRITTEN) if outcome.startswith(kind))
