"""The database's clock decides: a process whose own is far off from it must not date what it signs (security: rule 23).

On SQLite both are the clock of one host, unless somebody has moved the process's alone.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import connection

from tenants import clock
from tenants.refusals import refuse

TOLERANCE = timedelta(minutes=10)

_NOW = {
    "postgresql": "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS')",
    "sqlite": "SELECT strftime('%Y-%m-%dT%H:%M:%S', 'now')",
}


def check_clock() -> None:
    """Raises Refused when this process's clock is more than ten minutes off. Inside a scope."""
    with connection.cursor() as cursor:
        cursor.execute(_NOW[connection.vendor])
        (text,) = cursor.fetchone()
    off = clock.of_this_host() - datetime.fromisoformat(text).replace(tzinfo=UTC)
    if abs(off) > TOLERANCE:
        raise refuse(
            "clock-off",
            f"The clock of this worker is off by {abs(off).total_seconds() / 60:.0f} minutes against the database.",
            remedy="Set the clocks of both hosts by NTP; nothing is signed until they agree.",
            owner="operator",
        )
