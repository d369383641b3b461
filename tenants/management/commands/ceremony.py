"""`manage.py ceremony`: export the work orders of offline keys, import the results of ceremonies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from pki.ceremony import describe_order
from pki.errors import PkiError
from pki.orders import read_order
from tenants import clock
from tenants.models import Tenant, WorkOrder
from tenants.refusals import Refused
from tenants.scoping import tenant_scope
from tenants.services.export_order import export_order, forest_of_order, offline_generations
from tenants.services.import_result import import_result, order_id_of


class Command(BaseCommand):
    help = "Carry work to an authority's offline key and back (docs/ceremonies.md)."

    def add_arguments(self, parser: CommandParser) -> None:
        commands = parser.add_subparsers(dest="what", required=True)
        export = commands.add_parser("export", help="write a work order for each offline key of the forests")
        export.add_argument("forests", nargs="+", metavar="FOREST")
        export.add_argument("--to", type=Path, default=Path(), help="folder to write to; here if left out")
        bring = commands.add_parser("import", help="publish what a ceremony signed")
        bring.add_argument("result", type=Path, metavar="RESULT")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["what"] == "import":
                self._import(options["result"])
            else:
                for name in options["forests"]:
                    self._export(name, options["to"])
        except (Refused, PkiError) as refusal:
            text = f"{refusal.finding.summary} {refusal.finding.remedy}".strip()
            raise CommandError(f"{text} [{refusal.finding.code}]") from None
        except OSError as unusable:
            raise CommandError(f"{unusable.filename}: {unusable.strerror}") from None

    def _export(self, name: str, folder: Path) -> None:
        tenant = Tenant.objects.filter(name=name).first()
        if tenant is None:
            known = ", ".join(Tenant.objects.order_by("name").values_list("name", flat=True)) or "none"
            raise CommandError(f"There is no forest named {name}. Forests: {known}.")
        with tenant_scope(tenant):
            signers = offline_generations(clock.now())
        if not signers:
            self.stdout.write(f"{name} keeps no key outside the portal: nothing has to be signed.")
        for signer in signers:
            self._write(export_order(tenant.id, None, signer.id, clock.now()), folder)

    def _write(self, order: WorkOrder, folder: Path) -> None:
        content = bytes(order.content)
        file = folder / f"order-{order.id.hex[:8]}.json"
        with file.open("xb") as opened:
            opened.write(content)
        self.stdout.write("\n".join(describe_order(read_order(content), bytes(order.sha256))))
        self.stdout.write(
            f"Written to {file}. Sign it on the offline machine until {order.expires_at:%Y-%m-%d %H:%M}Z:\n"
            f"  python -m pki sign {file.name} --key KEYFILE --certificate CERTIFICATE --out result.json"
        )

    def _import(self, file: Path) -> None:
        data = file.read_bytes()
        tenant_id = forest_of_order(order_id_of(data))
        if tenant_id is None:
            raise CommandError(
                "The result answers an order that no forest of this portal has made. [no-such-order]"
            )
        waiting = import_result(tenant_id, None, data, clock.now())
        if waiting is None:
            self.stdout.write("Everything in the result was verified and is published.")
        else:
            self.stdout.write(
                "Everything in the result was verified. It waits for an administrator, who decides it on the page "
                f"Approvals. Fingerprint: {bytes(waiting.sha256).hex()}"
            )
