"""What became of asking for the issuers and lists of one judgement: a finding for each address, with its evidence."""

from __future__ import annotations

import uuid

from cryptography import x509

from pki.claims import name_of
from pki.findings import Finding, Severity
from pki.parsing import load_certificate
from pki.path import PathResult
from pki.times import spoken
from tenants.models import OutsideDocument
from tenants.models.trust import DocumentKind
from tenants.scoping import tenant_scope
from tenants.services.want_documents import wanted_by


def document_findings(tenant_id: uuid.UUID, result: PathResult) -> tuple[Finding, ...]:
    """In the order of the path, the person's own certificate first. Opens a read scope."""
    keys = list(dict.fromkeys(one.key for one in wanted_by(result)))
    if not keys:
        return ()
    with tenant_scope(tenant_id):
        rows = {bytes(row.key): row for row in OutsideDocument.objects.filter(key__in=keys).defer("content")}
    return tuple(_finding(rows[key]) for key in keys if key in rows)


def _finding(row: OutsideDocument) -> Finding:
    what = _what(row)
    evidence = [("address", row.address)]
    if row.asked_at is None:
        summary = f"{what} is being asked for at {row.address}."
        return Finding("document-asked-for", Severity.INFO, summary, evidence=tuple(evidence))
    evidence += [("asked", spoken(row.asked_at)), ("next", spoken(row.next_at))]
    if not row.failures:
        summary = f"{what} was fetched from {row.address} on {spoken(row.asked_at)}."
        return Finding("document-fetched", Severity.INFO, summary, evidence=tuple(evidence))
    evidence.append(("reason", row.refusal))
    return Finding(
        f"document-{row.refusal}",
        Severity.WARNING,
        f"{what} was asked for at {row.address} on {spoken(row.asked_at)} in vain. {row.refusal_text}",
        citation="RFC 5280 §4.2.1.13" if row.kind == DocumentKind.LIST else "RFC 5280 §4.2.2.1",
        remedy=f"The portal asks again after {spoken(row.next_at)}. If it lasts, tell the other side.",
        owner="sender",
        evidence=tuple(evidence),
    )


def _what(row: OutsideDocument) -> str:
    if row.kind == DocumentKind.LIST:
        return f"The revocation list of {_named(load_certificate(bytes(row.issuer or b'')))}"
    return f"The issuer’s certificate of {_named(load_certificate(bytes(row.certificate)))}"


def _named(certificate: x509.Certificate) -> str:
    return name_of(certificate) or "an authority without a readable name"
