"""`manage.py serve`: the embedded service, everything in one process."""

from __future__ import annotations

import sys
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from pkiportal import environment
from pkiportal.cookies import cookie_names


class Command(BaseCommand):
    help = (
        "Serve the portal in one process: web, worker and beat (SQLite unless DATABASE_URL says otherwise)."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
        parser.add_argument(
            "--port",
            type=int,
            default=environment.number("PORT", 8000),
            help="port to listen on (PORT, else 8000)",
        )

    def handle(self, *args: Any, host: str, port: int, **options: Any) -> None:
        if not settings.EMBEDDED:
            raise CommandError(
                f"This is a {settings.PKIPORTAL_ROLE} process (PKIPORTAL_ROLE). `serve` is the embedded service, which "
                "is every process at once and holds both master keys; unset PKIPORTAL_ROLE, or start the web process "
                "with `waitress-serve pkiportal.wsgi:application`."
            )
        # Imported here: they start Celery and the URL table, which no other command needs.
        from pkiportal.embedded import Embedded, PortTaken
        from pkiportal.wsgi import application

        try:
            service = Embedded(application, host=host, port=port)
        except PortTaken as error:
            raise CommandError(str(error)) from error
        if connection.vendor == "sqlite":
            call_command("migrate", verbosity=0, interactive=False)
        for name, value in cookie_names(service.port).items():
            setattr(settings, name, value)
        connection.close()
        if options["verbosity"]:
            self.stdout.write(
                f"pkiportal serves http://{_shown(host)}:{service.port}/ - stop it with Ctrl-C."
            )
            self.stdout.flush()
        sys.exit(service.serve())


def _shown(host: str) -> str:
    return {"0.0.0.0": "localhost", "127.0.0.1": "localhost", "::": "localhost"}.get(host, host)  # noqa: S104
