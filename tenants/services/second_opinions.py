"""Every night a sample of what was issued and published goes before the second linter; what it says is kept and shown.

Nothing is undone by it: our own rules have passed all of this before it was signed. A finding here means that a rule is
missing in `pki.lints`, or an excuse in `pki.second_opinion`.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from pki import second_opinion
from pki.findings import Finding
from tenants import clock, due_work
from tenants.models import Certificate, CrlPublication, SecondOpinion, Tenant
from tenants.models.authorities import AuthorityKind
from tenants.scoping import tenant_scope

EVERY_SECONDS = 24 * 3600
SAMPLE = 20  # certificates of a forest each night, and as many lists


@dataclass(frozen=True, slots=True)
class _Order:
    """One document to judge. `private`: of a private template; `of_authorities`: a list of CA certificates."""

    certificate_id: uuid.UUID | None
    crl_id: uuid.UUID | None
    der: bytes
    private: bool = False
    of_authorities: bool = False

    def judge(self) -> list[Finding]:
        if self.certificate_id is not None:
            return second_opinion.on_certificate(self.der, private=self.private) or []
        return second_opinion.on_list(self.der, of_authorities=self.of_authorities) or []


@due_work.periodic(EVERY_SECONDS, queue="authority")
def find_second_opinions() -> None:
    """Judge, in every forest, what has no opinion yet. Safe to run twice; without a second linter it does nothing."""
    if not second_opinion.is_installed():
        return
    for tenant_id in list(Tenant.objects.values_list("id", flat=True)):
        with tenant_scope(tenant_id):
            orders = _orders()
        judged = [(order, order.judge()) for order in orders]
        with tenant_scope(tenant_id, write=True):
            for order, findings in judged:
                SecondOpinion.objects.create(
                    certificate_id=order.certificate_id,
                    crl_id=order.crl_id,
                    linter=second_opinion.name(),
                    findings=[[f.code, f.severity.value, f.summary] for f in findings],
                    at=clock.now(),
                )


def objections() -> list[SecondOpinion]:
    """Opinions with something in them, newest first. Inside a scope."""
    return list(SecondOpinion.objects.exclude(findings=[]).order_by("-at", "id")[:SAMPLE])


def _orders() -> list[_Order]:
    by_this = SecondOpinion.objects.filter(linter=second_opinion.name())
    heard = by_this.filter(certificate__isnull=False).values("certificate_id")
    issued = Certificate.objects.issued_here().exclude(id__in=heard).select_related("template").order_by("?")
    lists = CrlPublication.objects.exclude(id__in=by_this.filter(crl__isnull=False).values("crl_id"))
    certificates = [
        _Order(
            row.id, None, bytes(row.der), private=row.template is not None and row.template.profile.private
        )
        for row in issued[:SAMPLE]
    ]
    published = lists.select_related("generation__authority").order_by("-published_at")[:SAMPLE]
    return certificates + [
        _Order(
            None, row.id, bytes(row.der), of_authorities=row.generation.authority.kind == AuthorityKind.ROOT
        )
        for row in published
    ]
