"""`manage.py makesecret`: a fresh secret for SECRET_KEY, PEOPLE_MASTER_KEY or AUTHORITY_MASTER_KEY."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from pkiportal import environment


class Command(BaseCommand):
    help = "Print 32 fresh random octets in base64: a value for SECRET_KEY, PEOPLE_MASTER_KEY or AUTHORITY_MASTER_KEY."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(environment.fresh_secret())
