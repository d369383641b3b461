"""Moments as sentences write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from pki.times import spoken, spoken_day


def test_a_moment_is_written_like_everywhere_else_and_in_utc():
    at = datetime(2026, 11, 24, 15, 5, tzinfo=timezone(timedelta(hours=1)))
    assert spoken(at) == "24 Nov 2026 14:05 UTC"
    assert spoken_day(datetime(2027, 3, 1, tzinfo=UTC)) == "1 Mar 2027"


def test_a_moment_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="timezone-aware"):
        spoken(datetime(2026, 11, 24))  # noqa: DTZ001
