"""`manage.py publish_crl`: publish lists now; with --root-key, the list of an offline root."""

from __future__ import annotations

import os
import uuid
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.dateparse import parse_datetime
from django.utils.text import slugify

from pki.errors import PkiError
from tenants import clock, due_work
from tenants.models import CrlPublication, Generation, Tenant
from tenants.models.authorities import AuthorityKind
from tenants.refusals import Refused
from tenants.scoping import tenant_scope
from tenants.services.grow_shards import grow_shards
from tenants.services.publish_crl import publish_crl
from tenants.services.sign_root_list import sign_root_list
from tenants.services.write_files import write_all_files


class Command(BaseCommand):
    help = "Publish the lists of a forest's issuing authorities now, or of its offline root with --root-key."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--forest", required=True, help="name of the forest")
        parser.add_argument(
            "--root-key", type=Path, help="the root's key file (ROOT_KEY_PASSPHRASE if it is encrypted)"
        )

        parser.add_argument(
            "--shards", type=int, help="share the certificates of its issuing authorities among so many lists"
        )
        parser.add_argument(
            "--archive",
            metavar="DATE",
            help="write the lists in force at a date (2026-11-24T10:00:00Z) to --out",
        )
        parser.add_argument(
            "--files", action="store_true", help="write what is current to PUBLISH_FOLDER, and sign nothing"
        )
        parser.add_argument("--out", type=Path, help="folder for --archive")

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = Tenant.objects.filter(name=options["forest"]).first()
        if tenant is None:
            known = ", ".join(Tenant.objects.order_by("name").values_list("name", flat=True)) or "none"
            raise CommandError(f"There is no forest named {options['forest']}. Forests: {known}.")
        try:
            if options["root_key"]:
                passphrase = os.environ.get("ROOT_KEY_PASSPHRASE", "")
                self._print(sign_root_list(tenant.id, options["root_key"], passphrase))
            elif options["files"]:
                self.stdout.write(
                    f"{write_all_files(tenant.id)} lists written to {settings.PUBLISH_FOLDER or 'no folder'}"
                )
            elif options["archive"]:
                self._write_archive(tenant, options["archive"], options["out"])
            else:
                if options["shards"]:
                    self._grow(tenant, options["shards"])
                self._publish_issuing(tenant)
        except (Refused, PkiError) as refusal:
            raise CommandError(f"{refusal.finding.summary} {refusal.finding.remedy}".strip()) from None

    def _grow(self, tenant: Tenant, count: int) -> None:
        for generation_id in self._issuing(tenant):
            grow_shards(tenant.id, generation_id, count)

    def _write_archive(self, tenant: Tenant, date: str, folder: Path | None) -> None:
        """One file for each list that was in force, named by its authority, generation, shard and number."""
        at = parse_datetime(date)
        if at is None or at.tzinfo is None or folder is None:
            raise CommandError("Give a date with its zone, such as 2026-11-24T10:00:00Z, and --out FOLDER.")
        folder.mkdir(parents=True, exist_ok=True)
        with tenant_scope(tenant):
            rows = CrlPublication.objects.filter(this_update__lte=at).select_related("generation__authority")
            found = {(row.generation_id, row.shard): row for row in rows.defer("der").order_by("number")}
            kept = [(row, bytes(row.der)) for row in found.values()]
        for row, der in kept:
            name = f"{slugify(str(row.generation))}-{row.shard}-{row.number}.crl"
            (folder / name).write_bytes(der)
            self.stdout.write(f"{name}: ", ending="")
            self._print(row)

    def _issuing(self, tenant: Tenant) -> list[uuid.UUID]:
        with tenant_scope(tenant):
            issuing = Generation.objects.filter(
                authority__kind=AuthorityKind.ISSUING, not_after__gt=clock.now()
            )
            return list(issuing.values_list("id", flat=True))

    def _publish_issuing(self, tenant: Tenant) -> None:
        with tenant_scope(tenant):
            held = Generation.objects.filter(key__isnull=False, not_after__gt=clock.now())
            ids = list(held.values_list("id", flat=True))
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
