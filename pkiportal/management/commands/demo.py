"""`manage.py demo`: found three forests where nothing is yet, print how to sign in, serve."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from pkiportal import environment
from tenants import clock


class Command(BaseCommand):
    help = (
        "Found the demonstration's three forests if PKIPORTAL_HOME is empty, print address and logins, serve."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--json", action="store_true", help="print address and logins as one line of JSON"
        )
        parser.add_argument("--no-serve", action="store_true", help="only found and print")
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
        parser.add_argument(
            "--port",
            type=int,
            default=environment.number("PORT", 8000),
            help="port to listen on (PORT, else 8000)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.EMBEDDED:
            raise CommandError("The demonstration is the embedded service: unset PKIPORTAL_ROLE.")
        from pkiportal import demo

        environment.private_folder(Path(settings.PKIPORTAL_HOME))
        call_command("migrate", verbosity=0, interactive=False)
        if not demo.is_founded():
            if not options["json"]:
                self.stdout.write("Founding Contoso, Fabrikam and Northwind: keys, certificates, letters …")
                self.stdout.flush()
            demo.found_everything()
        demo.renew_root_lists(clock.now())
        self._print(demo.read_logins(), f"http://localhost:{options['port']}/", as_json=options["json"])
        if not options["no_serve"]:
            call_command(
                "serve", host=options["host"], port=options["port"], verbosity=0 if options["json"] else 1
            )

    def _print(self, logins: list[Any], url: str, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps({"url": url, "logins": [asdict(login) for login in logins]}))
            self.stdout.flush()
            return
        self.stdout.write(f"\nThe portal is at {url}\n")
        if not logins:
            self.stdout.write("This home was not made by the demonstration: its own accounts apply.\n")
        for login in logins:
            pin = f"PIN {login.pin}" if login.pin else "not enrolled yet"
            self.stdout.write(
                f"  {login.forest:<10} {login.name:<13} {login.email:<27} {pin:<17} {login.role}"
            )
        if logins:
            self.stdout.write(f"  The password is the same for everybody: {logins[0].password}\n")
        self.stdout.flush()
