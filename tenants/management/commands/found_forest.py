"""`manage.py found_forest`: a new forest with its root, issuing authority, templates and first administrator."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from pki.certificates import MailDomain
from pki.errors import PkiError
from tenants import clock
from tenants.refusals import Refused
from tenants.services.found_forest import Founding, found_forest


class Command(BaseCommand):
    help = (
        "Found a forest. Its root key is written to a file that you take offline; "
        "ROOT_KEY_PASSPHRASE, if set, encrypts it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the organisation, as letters and certificates name it")
        parser.add_argument(
            "--domain", action="append", required=True, help="a mail domain; may be given again"
        )
        parser.add_argument("--subdomains", action="store_true", help="the forest owns the subdomains too")
        parser.add_argument("--administrator", required=True, help="name of the first administrator")
        parser.add_argument("--address", required=True, help="their address, in one of the domains")
        parser.add_argument("--root-key", required=True, type=Path, help="file to write the root key to")
        parser.add_argument(
            "--hue", type=int, default=1, choices=range(1, 7), help="colour of the badge, 1-6"
        )
        parser.add_argument("--mark", type=int, default=1, choices=range(1, 8), help="tree of the badge, 1-7")

    def handle(self, *args: Any, **options: Any) -> None:
        wish = Founding(
            name=options["name"],
            domains=tuple(MailDomain(domain, options["subdomains"]) for domain in options["domain"]),
            administrator_name=options["administrator"],
            administrator_address=options["address"],
            root_key_file=options["root_key"],
            passphrase=os.environ.get("ROOT_KEY_PASSPHRASE", ""),
            hue=options["hue"],
            mark=options["mark"],
        )
        try:
            founded = found_forest(wish, clock.now())
        except (Refused, PkiError) as refusal:
            raise CommandError(f"{refusal.finding.summary} {refusal.finding.remedy}".strip()) from None
        self.stdout.write(
            f"{founded.tenant.name} is founded.\n"
            f"Root key: {founded.root_key_file} - move it to an offline medium now;\n"
            "  it signs the root's list every 45 days:\n"
            f"  manage.py publish_crl --forest '{founded.tenant.name}' --root-key FILE\n"
            f"{founded.administrator.name} signs in once, within seven days, at\n"
            f"  {settings.PUBLISH_BASE_URL}/welcome/{founded.sign_in_secret}/"
        )
