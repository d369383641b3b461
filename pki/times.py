"""Moments: always timezone-aware, judged in UTC."""

from __future__ import annotations

from datetime import UTC, datetime


def utc(at: datetime) -> datetime:
    """The moment in UTC. A naive moment is a programming error (`ValueError`)."""
    if at.tzinfo is None:
        raise ValueError("moments are timezone-aware")
    return at.astimezone(UTC)


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def spoken(at: datetime) -> str:
    """ "24 Nov 2026 14:30 UTC", as sentences for people write a moment; the same under every locale."""
    moment = utc(at)
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment:%Y %H:%M} UTC"


def spoken_day(at: datetime) -> str:
    """ "24 Nov 2026"."""
    return spoken(at).rsplit(" ", 2)[0]
