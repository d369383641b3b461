"""Moments: always timezone-aware, judged in UTC."""

from __future__ import annotations

from datetime import UTC, datetime


def utc(at: datetime) -> datetime:
    """The moment in UTC. A naive moment is a programming error (`ValueError`)."""
    if at.tzinfo is None:
        raise ValueError("moments are timezone-aware")
    return at.astimezone(UTC)
