"""The one place where the application reads the time (the cores `pki` and `smime` are told it)."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

_shift = timedelta(0)


def now() -> datetime:
    """The present moment, UTC."""
    return of_this_host() + _shift


def of_this_host() -> datetime:
    """What the host's clock says, whatever a rehearsal pretends."""
    return datetime.now(UTC)


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
