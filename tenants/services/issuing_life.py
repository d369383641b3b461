"""Until when an authority may issue: no certificate of a person may outlive it, whichever template is asked for last."""

from __future__ import annotations

from datetime import datetime, timedelta

from pki.certificates import BACKDATING
from tenants.models import Generation, Template


def longest_life() -> timedelta:
    """Inside a scope: the longest validity of the templates that can be enrolled for."""
    days = [int(row.profile_data["validity_days"]) for row in Template.objects.still_open()]
    return timedelta(days=max(days, default=0))


def stops_issuing_at(generation: Generation, longest: timedelta) -> datetime:
    """From then on a certificate of the longest kind would outlive its authority."""
    return generation.not_after - longest + BACKDATING
