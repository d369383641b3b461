"""Fetch one document from outside, judge it, keep it: the fetch worker's errand.

An issuer's certificate is kept only if it signed the certificate that names its address; it helps other paths only once
it leads to a believed root. A list is kept only if its issuer's key verifies it and it may follow the one at hand. A
failure replaces nothing: it is remembered with its reason, and the address is left alone for a growing while.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings

from pki import path
from pki.building import signed_by
from pki.claims import claims_of
from pki.crl import Crl
from pki.errors import PkiError
from pki.findings import Finding
from pki.foreign_lists import check_current, check_received
from pki.formats import read_certificates, read_crls, write_pkcs7
from pki.locations import issuer_addresses, list_addresses
from pki.parsing import load_certificate
from tenants import clock, due_work, letter_roots
from tenants.fetching.get import CERTIFICATE_LIMIT, LIST_LIMIT, PINNED_LIST_LIMIT, Document, get
from tenants.fetching.places import Places
from tenants.models import OutsideDocument
from tenants.models.trust import DocumentKind
from tenants.refusals import Refused, refuse
from tenants.scoping import tenant_scope
from tenants.services.assemble_trust import assemble_trust
from tenants.services.pull_publications import keep_certificate, receive_list

SHORTEST, LONGEST = timedelta(hours=1), timedelta(days=1)  # between two good answers
SOONEST = timedelta(minutes=5)  # after a list's end, and after a first failure
LONGEST_PAUSE = timedelta(hours=6)
NEVER = timedelta(days=1)  # an address that is refused for what it is
FORGOTTEN = timedelta(days=7)  # not wanted for so long: not asked again until it is
MOST_KEPT = 8  # certificates of one answer


@due_work.due_work("fetch_document", queue="fetch")
def fetch_document(tenant_id: uuid.UUID, row_id: uuid.UUID) -> datetime | None:
    """Ask once, if it is time. Run again at once it finds that it is not."""
    at = clock.now()
    with tenant_scope(tenant_id):
        row = OutsideDocument.objects.filter(id=row_id).first()
    if row is None or at - row.wanted_at > FORGOTTEN:
        return None
    if row.next_at > at:
        return row.next_at
    try:
        answer = get(_address(row), limit=_limit(row), places=_places())
        next_at = (_take_issuers if row.kind == DocumentKind.ISSUER else _take_list)(row, answer, at)
    except (Refused, PkiError) as refused:
        return _failed(row, refused.finding, at)
    return next_at


def _places() -> Places:
    return Places(settings.FETCH_NETWORKS, settings.FETCH_PORTS)


def _limit(row: OutsideDocument) -> int:
    if row.kind == DocumentKind.ISSUER:
        return CERTIFICATE_LIMIT
    return PINNED_LIST_LIMIT if row.is_pinned else LIST_LIMIT


def _address(row: OutsideDocument) -> str:
    """Where the same document is published at several addresses, each failure leads to the next one."""
    certificate = load_certificate(bytes(row.certificate))
    points = (
        (issuer_addresses(certificate),) if row.kind == DocumentKind.ISSUER else list_addresses(certificate)
    )
    same = next((addresses for addresses in points if row.address in addresses), (row.address,))
    return same[(same.index(row.address) + row.failures) % len(same)]


# Issuers


def _take_issuers(row: OutsideDocument, answer: Document, at: datetime) -> datetime | None:
    subject = load_certificate(bytes(row.certificate))
    issuers = _issuers_among(read_certificates(answer.content), subject)
    if not issuers:
        raise refuse(
            "not-the-issuer", f"What {answer.source.host} publishes did not sign the certificate that points there.",
            remedy="Ask the sender for a .p7b file with the whole path.", owner="sender",
        )  # fmt: skip
    content = write_pkcs7(issuers)
    with tenant_scope(row.tenant_id):
        trust = assemble_trust()
    found = path.validate(
        leaf=subject,
        trust=replace(trust, intermediates=(*trust.intermediates, *issuers)),
        at=at,
        purpose="any",
        revocation="ignored",
    )
    led = found.path[1:] if found.anchor is not None and found.verdict is path.Verdict.GOOD else ()
    with tenant_scope(row.tenant_id, write=True):
        for certificate in led:
            if certificate in issuers:
                keep_certificate(
                    certificate.public_bytes(Encoding.DER), f"from {answer.source.host}"[:40], at
                )
        news = row.content is None or bytes(row.content) != content
        _answered(row, at, at + LONGEST, news=news, content=content)
    return None


def _issuers_among(found: Sequence[x509.Certificate], subject: x509.Certificate) -> list[x509.Certificate]:
    """Those that signed the subject, and those that signed them: whatever else is published there is left alone."""
    authorities = [certificate for certificate in found if claims_of(certificate).is_authority]
    kept: list[x509.Certificate] = []
    below = [subject]
    while below and len(kept) < MOST_KEPT:
        signers = [c for c in authorities if c not in kept and any(signed_by(one, c) for one in below)]
        kept += signers[: MOST_KEPT - len(kept)]
        below = signers
    return kept


# Lists


def _take_list(row: OutsideDocument, answer: Document, at: datetime) -> datetime | None:
    issuer, certificate = load_certificate(bytes(row.issuer or b"")), load_certificate(bytes(row.certificate))
    crl = _only_list(answer)
    # Verified and indexed before the transaction; inside it only what is at hand is compared.
    check_received(crl, None, issuer=issuer, certificate=certificate, at=at)
    check_current(crl, at)
    next_at = _when_next(crl, answer.max_age, at)
    with tenant_scope(row.tenant_id, write=True):
        is_new = receive_list(crl, issuer, str(answer.source), at, certificate)
        if row.is_pinned and not claims_of(issuer).is_self_issued:
            # It stood on a path to a believed root when the list was wanted; the next letter may come without it.
            keep_certificate(issuer.public_bytes(Encoding.DER), "a path that holds", at)
        _answered(row, at, next_at, news=is_new or row.failures > 0, list_sha256=crl.sha256)
    return next_at


def _only_list(answer: Document) -> Crl:
    found = read_crls(answer.content)
    if len(found) != 1:
        raise refuse(
            "not-one-list", f"{answer.source.host} publishes {len(found)} lists in one file; exactly one is needed.",
            remedy="Tell the authority that its list cannot be used.", owner="sender",
        )  # fmt: skip
    return found[0]


def _when_next(crl: Crl, max_age: timedelta | None, at: datetime) -> datetime:
    """By what the server says, at most hourly; no later than the list's end."""
    left = crl.next_update - at if crl.next_update is not None else LONGEST
    period = min(LONGEST, max(SHORTEST, left if max_age is None else max_age))
    return at + max(SOONEST, min(left, period))


# What became of it


def _answered(row: OutsideDocument, at: datetime, next_at: datetime, *, news: bool, **kept: bytes) -> None:
    """Inside the write scope."""
    changes: dict[str, object] = {
        "asked_at": at,
        "answered_at": at,
        "next_at": next_at,
        "failures": 0,
        "refusal": "",
        "refusal_text": "",
        **kept,
    }
    if news:
        changes["changed_at"] = at
        letter_roots.letters().judge_again(row.tenant_id)
    OutsideDocument.objects.filter(id=row.id).update(**changes)


def _failed(row: OutsideDocument, finding: Finding, at: datetime) -> datetime:
    if finding.code == "host-resting":  # nobody was asked: nothing is known about the document
        next_at = at + timedelta(seconds=61)
        with tenant_scope(row.tenant_id, write=True):
            OutsideDocument.objects.filter(id=row.id).update(next_at=next_at)
        return next_at
    pause = NEVER if finding.code == "address-refused" else SOONEST * 2 ** min(row.failures, 8)
    next_at = at + min(pause, NEVER if finding.code == "address-refused" else LONGEST_PAUSE)
    with tenant_scope(row.tenant_id, write=True):
        OutsideDocument.objects.filter(id=row.id).update(
            asked_at=at,
            next_at=next_at,
            failures=row.failures + 1,
            refusal=finding.code,
            refusal_text=finding.summary[:400],
        )
    return next_at
