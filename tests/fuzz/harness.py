"""Coverage-guided fuzzing of the readers with atheris, which is not among the tools: `pip install atheris`.

`python -m tests.fuzz.harness TARGET [options of libFuzzer] [folders]`; TARGET is one of `TARGETS`. Without a folder of
its own it starts from the messages that the mutants start from. A crash is anything but a named refusal.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

Target = Callable[[bytes], object]


def targets() -> dict[str, Target]:
    """Everything that reads octets of strangers, from the smallest to the whole."""
    from smime import ber, cms, der, mime_read
    from smime.errors import SmimeError
    from tests.fuzz.judging import KINDS

    def quietly(read: Callable[[bytes], object]) -> Target:
        """A named refusal is an answer."""

        def target(data: bytes) -> None:
            with contextlib.suppress(SmimeError):
                read(data)

        return target

    def read_all(data: bytes) -> None:
        stack = [der.Reader(data)]
        while stack:
            for element in stack.pop().each():
                if element.tag & der.CONSTRUCTED:
                    stack.append(element.reader())

    def read_parts(data: bytes) -> None:
        def visit(part: mime_read.Part) -> None:
            _ = part.content(), part.filename, part.disposition, part.raw
            for child in part.children:
                visit(child)

        visit(mime_read.parse(data))

    return {
        "der": quietly(read_all),
        "ber": quietly(ber.normalise),
        "cms": quietly(cms.parse),
        "mime": quietly(read_parts),
        "judge": KINDS["cms"].judge,
        "open": KINDS["mime"].judge,
    }


def seeds(name: str, folder: Path) -> Path:
    """A corpus to start from."""
    from tests.fuzz.judging import cms_seeds, letters

    found = letters() if name in ("mime", "open") else cms_seeds()
    for number, data in enumerate(found.values()):
        (folder / f"seed-{number}").write_bytes(data)
    return folder


def main() -> None:
    """Instruments what is imported from here on, and fuzzes until told to stop."""
    import atheris  # type: ignore[import-untyped,unused-ignore]

    name, *options = sys.argv[1:]
    with atheris.instrument_imports(include=["smime", "pki"]):
        target = targets()[name]
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        given = (
            [] if any(not option.startswith("-") for option in options) else [str(seeds(name, Path(folder)))]
        )
        atheris.Setup([sys.argv[0], *options, *given], target)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
