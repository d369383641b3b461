"""The one place where the application reads the time (the cores `pki` and `smime` are told it)."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

_shift = timedelta(0)


def now() -> datetime:
    """The present moment, UTC."""
    return datetime.now(UTC) + _shift


@contextmanager
def moved(by: timedelta) -> Generator[None]:
    """Move this process's clock, for rehearsals and tests."""
    global _shift
    before = _shift
    _shift = before + by
    try:
        yield
    finally:
        _shift = before
