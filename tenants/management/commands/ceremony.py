"""`manage.py ceremony`: export the work orders of offline keys, import the results of ceremonies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from pki.ceremony import describe_order
from pki.crl import Reason
from pki.errors import PkiError
from pki.orders import read_order
from tenants import clock
from tenants.models import Generation, Tenant, WorkOrder
from tenants.refusals import Refused
from tenants.scoping import tenant_scope
from tenants.services.approvals import Operator
from tenants.services.export_order import export_order, forest_of_order, offline_generations
from tenants.services.import_result import import_result, order_id_of
from tenants.services.revoke_authority import REASONS, revoke_authority
from tenants.services.want_authority import KEY_TYPES, want_cross, want_generation, want_subordinate


class Command(BaseCommand):
    help = "Carry work to an authority's offline key and back (docs/ceremonies.md)."

    def add_arguments(self, parser: CommandParser) -> None:
        commands = parser.add_subparsers(dest="what", required=True)
        export = commands.add_parser("export", help="write a work order for each offline key of the forests")
        export.add_argument("forests", nargs="+", metavar="FOREST")
        export.add_argument("--to", type=Path, default=Path(), help="folder to write to; here if left out")
        bring = commands.add_parser("import", help="publish what a ceremony signed")
        bring.add_argument("result", type=Path, metavar="RESULT")
        ask = commands.add_parser("new-authority", help="ask for an authority below another one")
        ask.add_argument("forest", metavar="FOREST")
        ask.add_argument("name", metavar="NAME")
        ask.add_argument("--under", required=True, metavar="AUTHORITY")
        ask.add_argument(
            "--path-length", type=int, default=0, help="0 issues to people; 1 and more to authorities"
        )
        ask.add_argument("--domain", action="append", required=True, help="a mail domain; may be given again")
        ask.add_argument("--key-type", choices=[kind.value for kind in KEY_TYPES], default=KEY_TYPES[0].value)
        ask.add_argument("--request", type=Path, help="PKCS#10 of a key that is kept offline")
        cross = commands.add_parser(
            "cross", help="ask for a cross-certificate of a root's key by an authority of ours"
        )
        cross.add_argument("forest", metavar="FOREST")
        cross.add_argument("name", metavar="AUTHORITY", help="who signs")
        cross.add_argument("--root", required=True, type=Path, help="the root's self-signed certificate")
        cross.add_argument(
            "--domain", action="append", required=True, help="what it may vouch for; may be given again"
        )
        revoke = commands.add_parser("revoke", help="revoke the newest generation of an authority")
        revoke.add_argument("forest", metavar="FOREST")
        revoke.add_argument("name", metavar="AUTHORITY")
        revoke.add_argument("--reason", choices=[reason.value for reason in REASONS], required=True)
        again = commands.add_parser("new-generation", help="ask for a new key of an authority")
        again.add_argument("forest", metavar="FOREST")
        again.add_argument("name", metavar="AUTHORITY")
        again.add_argument("--request", type=Path, help="PKCS#10 of a key that is kept offline")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["what"] == "import":
                self._import(options["result"])
            elif options["what"] != "export":
                self._ask(options)
            else:
                for name in options["forests"]:
                    self._export(name, options["to"])
        except (Refused, PkiError) as refusal:
            text = f"{refusal.finding.summary} {refusal.finding.remedy}".strip()
            raise CommandError(f"{text} [{refusal.finding.code}]") from None
        except OSError as unusable:
            raise CommandError(f"{unusable.filename}: {unusable.strerror}") from None

    def _forest(self, name: str) -> Tenant:
        tenant = Tenant.objects.filter(name=name).first()
        if tenant is None:
            known = ", ".join(Tenant.objects.order_by("name").values_list("name", flat=True)) or "none"
            raise CommandError(f"There is no forest named {name}. Forests: {known}.")
        return tenant

    def _ask(self, options: dict[str, Any]) -> None:
        tenant = self._forest(options["forest"])
        request = options["request"].read_bytes() if options.get("request") else b""
        operator, at = Operator(tenant.id), clock.now()
        named = options["under"] if options["what"] == "new-authority" else options["name"]
        with tenant_scope(tenant):
            newest = Generation.objects.filter(authority__name=named).order_by("-number").first()
        if newest is None:
            raise CommandError(f"{tenant.name} has no authority named {named}.")
        if options["what"] == "new-authority":
            waiting = want_subordinate(
                operator, options["name"], newest.id, options["path_length"], options["domain"], options["key_type"],
                request, at,
            )  # fmt: skip
        elif options["what"] == "cross":
            waiting = want_cross(operator, newest.id, options["root"].read_bytes(), options["domain"], at)
        elif options["what"] == "revoke":
            waiting = revoke_authority(operator, newest.id, Reason(options["reason"]), at)
        else:
            waiting = want_generation(operator, newest.authority_id, request, at)
        self.stdout.write(
            "It waits for an administrator, who decides it on the page Approvals." if waiting else
            "Recorded. The worker makes its key within a minute. If an offline key has to sign for it, export the work "
            "order after that; else the worker does the rest."
        )  # fmt: skip

    def _export(self, name: str, folder: Path) -> None:
        tenant = self._forest(name)
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
