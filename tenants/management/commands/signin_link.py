"""`manage.py signin_link ADDRESS`: a one-time sign-in link from the operator, for whoever nobody else may give one."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from tenants import clock
from tenants.models import Account
from tenants.services.add_person import operators_link


class Command(BaseCommand):
    help = (
        "Make a one-time sign-in link, valid for seven days; earlier unused ones stop working. Under the two-person rule "
        "an administrator gets a link in no other way."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("address", help="the address that the person signs in with")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            secret = operators_link(options["address"], clock.now())
        except Account.DoesNotExist:
            raise CommandError(f"Nobody signs in with {options['address']}.") from None
        self.stdout.write(f"{settings.PUBLISH_BASE_URL}/welcome/{secret}/")
