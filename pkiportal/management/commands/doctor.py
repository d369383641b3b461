"""`manage.py doctor`: every authority, the age of its list, the queue; what is wrong and who can mend it."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from pki.findings import Finding, Severity, error, warning
from tenants import clock
from tenants.models import CrlPublication, DueWork, Generation, SecondOpinion, Tenant
from tenants.models.authorities import AuthorityKind
from tenants.models.ceremonies import NoticeAbout
from tenants.scoping import tenant_scope
from tenants.services.expiry_notices import End, coming_ends, describe
from tenants.services.second_opinions import objections

OVERDUE = timedelta(minutes=2)
ROOT_LIST_WARNING = timedelta(days=30)
END_WARNING = timedelta(days=30)


class Command(BaseCommand):
    help = "Check authorities, lists and the work queue. Exit status 1 if anything is broken."

    def handle(self, *args: Any, **options: Any) -> None:
        now, findings = clock.now(), []
        for tenant in Tenant.objects.order_by("name"):
            self.stdout.write(f"{tenant.name}")
            findings += self._forest(tenant, now)
        findings += self._queue(now)
        for finding in findings:
            self.stdout.write(f"[{finding.severity.value}] {finding.summary} {finding.remedy}".rstrip())
        if not findings:
            self.stdout.write("Nothing is wrong.")
        if any(finding.severity is Severity.ERROR for finding in findings):
            sys.exit(1)

    def _forest(self, tenant: Tenant, now: datetime) -> list[Finding]:
        found: list[Finding] = []
        with tenant_scope(tenant):
            found += [_objection(tenant, opinion) for opinion in objections()]
            found += [
                _ending(tenant, end)
                for end in coming_ends(now)
                if end.about != NoticeAbout.LIST and end.ends_at - now <= END_WARNING
            ]
            generations = list(Generation.objects.select_related("authority").order_by("not_before", "id"))
            newest = {
                g.id: CrlPublication.objects.filter(generation=g).newest_first().first() for g in generations
            }
        publishing = DueWork.objects.filter(tenant_id=tenant.id, kind="publish_crl")
        scheduled = set(publishing.values_list("row_id", flat=True))
        for generation in generations:
            crl = newest[generation.id]
            state = f"list {crl.number} of {crl.this_update:%Y-%m-%d %H:%M}Z" if crl else "no list"
            self.stdout.write(f"  {generation}: until {generation.not_after:%Y-%m-%d}, {state}")
            found += _judge(tenant, generation, crl, now)
            online = generation.authority.kind == AuthorityKind.ISSUING and generation.not_after > now
            if online and generation.id not in scheduled:
                text = f"{generation} of {tenant.name} has no next list scheduled."
                remedy = f"Run manage.py publish_crl --forest '{tenant.name}'."
                found.append(error("list-not-scheduled", text, remedy=remedy, owner="operator"))
        return found

    def _queue(self, now: datetime) -> list[Finding]:
        overdue = DueWork.objects.due(now - OVERDUE)
        self.stdout.write(f"Queue: {DueWork.objects.count()} rows, {overdue.count()} overdue")
        return [_overdue(row) for row in overdue[:10]]


def _objection(tenant: Tenant, opinion: SecondOpinion) -> Finding:
    what = "A certificate" if opinion.certificate_id is not None else "A list"
    text = (
        f"{what} of {tenant.name} ({opinion.certificate_id or opinion.crl_id}) displeases {opinion.linter}: "
    )
    remedy = "Report it to the developers: a rule of the portal's own linter is missing."
    return warning("second-opinion", text + str(opinion.findings[0][2]), remedy=remedy, owner="operator")


def _ending(tenant: Tenant, end: End) -> Finding:
    """A certificate or the right to issue that ends within a month, or has ended."""
    summary, remedy = describe(end.generation, end.about, end.ends_at)
    return warning("authority-ends", f"{tenant.name}: {summary}.", remedy=remedy, owner="administrator")


def _overdue(row: DueWork) -> Finding:
    last = f", last {row.last_error}" if row.last_error else ""
    text = f"{row.kind} is overdue since {row.next_run_at:%Y-%m-%d %H:%M}Z ({row.attempts} attempts{last})."
    return warning(
        "work-overdue", text, remedy="Check that a worker for its queue is running.", owner="operator"
    )


def _judge(
    tenant: Tenant, generation: Generation, crl: CrlPublication | None, now: datetime
) -> list[Finding]:
    if generation.not_after <= now:
        return []
    is_root = generation.authority.kind == AuthorityKind.ROOT
    remedy = f"Run manage.py publish_crl --forest '{tenant.name}'" + (" --root-key FILE." if is_root else ".")
    if crl is None or crl.next_update <= now:
        text = f"{generation} of {tenant.name} has no current list."
        return [error("list-lapsed", text, remedy=remedy, owner="operator")]
    if generation.crl_failure:
        text = f"{generation} of {tenant.name} could not publish its next list: {generation.crl_failure}."
        remedy = "The last good list is still served. Read the worker's log."
        return [error("list-failed", text, remedy=remedy, owner="operator")]
    margin = ROOT_LIST_WARNING if is_root else timedelta(seconds=settings.CRL_LIFETIME_SECONDS // 2)
    if crl.next_update - now < margin:
        text = f"The list of {generation} of {tenant.name} ends on {crl.next_update:%Y-%m-%d %H:%M}Z."
        return [warning("list-ends-soon", text, remedy=remedy, owner="operator")]
    return []
