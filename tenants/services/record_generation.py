"""Record an authority's certificate that was signed, inside the write scope: its generation, key, list to come."""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from pki import keys
from tenants import clock, due_work
from tenants.models import (
    AuthorityKey,
    AuthorityRequest,
    CrlPublication,
    CrossCertificate,
    Generation,
    Reliance,
)
from tenants.models.authorities import AuthorityKind
from tenants.models.ceremonies import RequestState
from tenants.refusals import refuse
from tenants.scoping import current_tenant_id, tenant_scope

TAKE_OVER_PAUSE = timedelta(seconds=10)


def record_signed(request_id: uuid.UUID, certificate: x509.Certificate, at: datetime) -> Generation | None:
    """The request becomes a generation (its key moves with it), or a cross-certificate (None). Once: raises Refused."""
    request = AuthorityRequest.objects.select_for_update(of=("self",)).get(id=request_id)
    if request.state != RequestState.READY:
        raise refuse(
            "request-over", f"The request for {request.title} no longer waits for a signature.",
            remedy="Look at the page Authorities, and export a new work order.", owner="administrator",
        )  # fmt: skip
    request.state, request.done_at = RequestState.DONE, at
    if request.is_cross:
        _record_cross(request, certificate, at)
        request.save(update_fields=["state", "done_at"])
        return None
    assert request.authority_id is not None  # noqa: S101  only cross-certificates have none
    generation = new_generation(request.id, request.authority_id, request.number, certificate)
    if request.sealed is not None:
        AuthorityKey.objects.create(generation=generation, sealed=bytes(request.sealed))
        due_work.schedule("publish_crl", current_tenant_id(), generation.id)
    if generation.authority.kind == AuthorityKind.ISSUING:
        due_work.schedule("take_over", current_tenant_id(), generation.id)
    request.sealed = None  # the key has one place
    request.save(update_fields=["state", "done_at", "sealed"])
    return generation


def new_generation(
    generation_id: uuid.UUID,
    authority_id: uuid.UUID,
    number: int,
    certificate: x509.Certificate,
    *,
    is_issuing: bool = False,
    last_crl_number: int = 0,
) -> Generation:
    """A later generation does not issue yet: its list comes first (`take_over`)."""
    der = certificate.public_bytes(Encoding.DER)
    return Generation.objects.create(
        id=generation_id,
        authority_id=authority_id,
        number=number,
        der=der,
        sha256=hashlib.sha256(der).digest(),
        spki_sha256=keys.spki_sha256(certificate.public_key()),
        serial_number=f"{certificate.serial_number:X}",
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        is_issuing=is_issuing,
        last_crl_number=last_crl_number,
    )


def _record_cross(request: AuthorityRequest, certificate: x509.Certificate, at: datetime) -> None:
    assert request.issuer_id is not None  # noqa: S101  a cross-certificate is always by a key of ours
    der = certificate.public_bytes(Encoding.DER)
    CrossCertificate.objects.create(
        issuer_id=request.issuer_id,
        subject_id=request.subject_id,
        title=request.title,
        der=der,
        sha256=hashlib.sha256(der).digest(),
        serial_number=f"{certificate.serial_number:X}",
        not_after=certificate.not_valid_after_utc,
        published_at=at,
    )


def tell_relying() -> None:
    """Inside the write scope: the forests that rely on this one are to pull what it has published."""
    tenant_id = current_tenant_id()
    for relying_id in Reliance.objects.filter(publisher_id=tenant_id).values_list("relying_id", flat=True):
        due_work.schedule("pull_publications", relying_id, tenant_id)


@due_work.due_work("take_over", queue="authority")
def take_over(tenant_id: uuid.UUID, generation_id: uuid.UUID) -> datetime | None:
    """A new generation issues once its list is out; earlier ones then sign lists only. Safe to run twice."""
    with tenant_scope(tenant_id, write=True):
        generation = Generation.objects.select_for_update(of=("self",)).get(id=generation_id)
        later = Generation.objects.filter(authority_id=generation.authority_id, number__gt=generation.number)
        if later.filter(is_issuing=True).exists():
            return None
        if not CrlPublication.objects.filter(generation=generation).exists():
            return clock.now() + TAKE_OVER_PAUSE
        Generation.objects.filter(authority_id=generation.authority_id, number__lt=generation.number).update(
            is_issuing=False
        )
        generation.is_issuing = True
        generation.save(update_fields=["is_issuing"])
        tell_relying()
    return None
