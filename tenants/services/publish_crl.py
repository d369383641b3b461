"""Publish the next list of a generation (authority worker): on every revocation, and every six hours.

Take a number under the row's lock, join the entries, sign, parse back, verify, compare with the published list, keep.
On any failure nothing is swapped: the last good list stays, and the reason is on the authorities page.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from pki import crl as lists
from pki.crl import Crl
from pki.signer import Signer
from tenants import clock, due_work
from tenants.keystore.authority_keys import open_signer
from tenants.models import Certificate, CrlPublication, Generation, Reliance, Revocation
from tenants.scoping import tenant_scope
from tenants.services.found_forest import record_list


@dataclass(frozen=True)
class _Order:
    """What the next list is made of, read under the generation's lock. `at` is its thisUpdate."""

    at: datetime
    generation: Generation
    number: int
    entries: tuple[bytes, ...]
    published: bytes | None
    unexpired: frozenset[int]


@due_work.due_work("publish_crl", queue="authority")
def publish_crl(tenant_id: uuid.UUID, generation_id: uuid.UUID) -> datetime | None:
    """Sign and swap in the next list; due again after the period, or never once the generation has ended."""
    try:
        order = _read_order(tenant_id, generation_id)
        with tenant_scope(tenant_id):
            signer = open_signer(order.generation)
        made = sign_list(order, signer, timedelta(seconds=settings.CRL_LIFETIME_SECONDS))
        _swap(tenant_id, order, made)
    except Exception as failure:
        _note_failure(tenant_id, generation_id, failure)
        raise  # the queue tries again, later and later; the last good list is still served
    if order.at >= order.generation.not_after:
        return None
    return order.at + timedelta(seconds=settings.CRL_PERIOD_SECONDS)


def publish_root_list(tenant_id: uuid.UUID, generation_id: uuid.UUID, signer: Signer) -> CrlPublication:
    """The same for an offline root, whose signer was opened from its key file for this one signature."""
    order = _read_order(tenant_id, generation_id)
    lifetime = timedelta(seconds=settings.ROOT_CRL_LIFETIME_SECONDS)
    return _swap(tenant_id, order, sign_list(order, signer, lifetime, only_ca_certificates=True))


def _read_order(tenant_id: uuid.UUID, generation_id: uuid.UUID) -> _Order:
    with tenant_scope(tenant_id, write=True):
        generation = Generation.objects.select_for_update().get(id=generation_id)
        # Only now, with the lock: a worker that waited for it must not date its list before the one it waited for.
        at = clock.now().replace(microsecond=0)
        generation.last_crl_number += 1
        generation.save(update_fields=["last_crl_number"])
        newest = CrlPublication.objects.filter(generation=generation).newest_first().first()
        entries = Revocation.objects.on_list_of(generation.id).values_list("entry_der", flat=True)
        unexpired = Certificate.objects.filter(
            generation=generation, not_after__gt=at, revocation__isnull=False
        )
        return _Order(
            at,
            generation,
            generation.last_crl_number,
            tuple(bytes(entry) for entry in entries),
            None if newest is None else bytes(newest.der),
            frozenset(int(serial, 16) for serial in unexpired.values_list("serial_number", flat=True)),
        )


def sign_list(
    order: _Order, signer: Signer, lifetime: timedelta, *, only_ca_certificates: bool = False
) -> Crl:
    """Build, sign, parse back and judge against the published list. Raises CrlRefusal."""
    made = Crl.parse(
        lists.build(
            issuer=signer,
            number=order.number,
            this_update=order.at,
            next_update=min(order.at + lifetime, order.generation.not_after),
            entries=order.entries,
            only_ca_certificates=only_ca_certificates,
        )
    )
    published = None if order.published is None else Crl.parse(order.published)
    lists.check_successor(
        made,
        published,
        issuer=order.generation.certificate,
        at=order.at,
        still_valid=order.unexpired.__contains__,
    )
    return made


def _swap(tenant_id: uuid.UUID, order: _Order, made: Crl) -> CrlPublication:
    with tenant_scope(tenant_id, write=True):
        generation = Generation.objects.select_for_update().get(id=order.generation.id)
        newest = CrlPublication.objects.filter(generation=generation).newest_first().first()
        if newest is not None and newest.number >= order.number:
            return newest  # a faster worker published a later list
        row = record_list(generation, made, order.at)
        generation.crl_failure, generation.crl_failed_at = "", None
        generation.save(update_fields=["crl_failure", "crl_failed_at"])
        for relying_id in Reliance.objects.filter(publisher_id=tenant_id).values_list(
            "relying_id", flat=True
        ):
            due_work.schedule("pull_publications", relying_id, tenant_id)
        return row


def _note_failure(tenant_id: uuid.UUID, generation_id: uuid.UUID, failure: Exception) -> None:
    with tenant_scope(tenant_id, write=True):
        Generation.objects.filter(id=generation_id).update(
            crl_failure=f"{type(failure).__name__}: {failure}"[:200], crl_failed_at=clock.now()
        )
