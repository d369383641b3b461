"""`manage.py makesecret`: print a fresh secret for SECRET_KEY or a master key."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from pkiportal import environment


class Command(BaseCommand):
    help = "Print a fresh 32-octet secret in base64."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(environment.fresh_secret())
