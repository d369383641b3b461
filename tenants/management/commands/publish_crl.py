"""`manage.py publish_crl`: publish lists now; with --root-key, the list of an offline root."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from pki.errors import PkiError
from tenants import clock, due_work
from tenants.models import CrlPublication, Generation, Tenant
from tenants.models.authorities import AuthorityKind
from tenants.refusals import Refused
from tenants.scoping import tenant_scope
from tenants.services.publish_crl import publish_crl
from tenants.services.sign_root_list import sign_root_list


class Command(BaseCommand):
    help = "Publish the lists of a forest's issuing authorities now, or of its offline root with --root-key."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--forest", required=True, help="name of the forest")
        parser.add_argument(
            "--root-key", type=Path, help="the root's key file (ROOT_KEY_PASSPHRASE if it is encrypted)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = Tenant.objects.filter(name=options["forest"]).first()
        if tenant is None:
            known = ", ".join(Tenant.objects.order_by("name").values_list("name", flat=True)) or "none"
            raise CommandError(f"There is no forest named {options['forest']}. Forests: {known}.")
        try:
            if options["root_key"]:
                passphrase = os.environ.get("ROOT_KEY_PASSPHRASE", "")
                self._print(sign_root_list(tenant.id, options["root_key"], passphrase))
            else:
                self._publish_issuing(tenant)
        except (Refused, PkiError) as refusal:
            raise CommandError(f"{refusal.finding.summary} {refusal.finding.remedy}".strip()) from None

    def _publish_issuing(self, tenant: Tenant) -> None:
        with tenant_scope(tenant):
            issuing = Generation.objects.filter(
                authority__kind=AuthorityKind.ISSUING, not_after__gt=clock.now()
            )
            ids = list(issuing.values_list("id", flat=True))
        for generation_id in ids:
            publish_crl(tenant.id, generation_id)
            with tenant_scope(tenant, write=True):
                due_work.schedule("publish_crl", tenant.id, generation_id, at=clock.now())
                newest = CrlPublication.objects.filter(generation_id=generation_id).newest_first().first()
            if newest is not None:
                self._print(newest)

    def _print(self, row: CrlPublication) -> None:
        self.stdout.write(
            f"List {row.number} with {row.entry_count} entries, {row.this_update:%Y-%m-%d %H:%M}Z to "
            f"{row.next_update:%Y-%m-%d %H:%M}Z, SHA-256 {bytes(row.sha256).hex()}"
        )
