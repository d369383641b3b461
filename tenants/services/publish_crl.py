"""Publish the next lists of a generation (authority worker): on every revocation, and every six hours.

Take a number under the row's lock, join the entries, sign, parse back, verify, compare with the published list, keep.
On any failure nothing is swapped: the last good list stays, and the reason is on the authorities page.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from django.conf import settings

from pki import crl as lists
from pki.crl import Crl
from pki.lints import refuse_list
from pki.signer import Signer
from tenants import clock, due_work
from tenants.keystore.authority_keys import open_signer
from tenants.models import Certificate, CrlPublication, Generation, Hold, HoldRelease, Reliance, Revocation
from tenants.models.authorities import AuthorityKind
from tenants.scoping import tenant_scope
from tenants.services.found_forest import publication, record_list
from tenants.services.write_files import write_files

# An entry leaves only after a list that was made this long after its certificate's end (RFC 5280 §3.3): clocks differ.
RETAINED_FOR = timedelta(minutes=10)


@dataclass(frozen=True)
class _Order:
    """What the next list of a shard is made of, read under the generation's lock. `at` is its thisUpdate.

    `location`: the URL of the shard, for its issuing distribution point; empty while there is one list for everything.
    """

    at: datetime
    generation: Generation
    shard: int
    number: int
    entries: tuple[bytes, ...]
    published: bytes | None
    location: str


@due_work.due_work("publish_crl", queue="authority")
def publish_crl(tenant_id: uuid.UUID, generation_id: uuid.UUID) -> datetime | None:
    """Sign and swap in the next list; due again after the period, or never once the generation has ended.

    Of several shards those whose entries have changed, and those whose list has grown old.
    """
    lifetime = timedelta(seconds=settings.CRL_LIFETIME_SECONDS)
    try:
        with tenant_scope(tenant_id):
            generation = Generation.objects.get(id=generation_id)
            signer = open_signer(generation)
        made_at = [
            _publish_shard(tenant_id, generation, shard, signer, lifetime)
            for shard in range(generation.shard_count)
        ]
        _note_success(tenant_id, generation_id)
    except Exception as failure:
        _note_failure(tenant_id, generation_id, failure)
        raise  # the queue tries again, later and later; the last good list is still served
    oldest = min(made_at)
    return None if oldest >= generation.not_after else oldest + timedelta(seconds=settings.CRL_PERIOD_SECONDS)


def publish_root_list(tenant_id: uuid.UUID, generation_id: uuid.UUID, signer: Signer) -> CrlPublication:
    """The same for an offline root, whose signer was opened from its key file for this one signature."""
    order = _read_order(tenant_id, generation_id, 0)
    lifetime = timedelta(seconds=settings.ROOT_CRL_LIFETIME_SECONDS)
    crl = sign_list(order, signer, lifetime, only_ca_certificates=True)
    made = _swap(tenant_id, order, crl)
    write_files(order.generation, 0, crl)
    _note_success(tenant_id, generation_id)
    return made


def _publish_shard(
    tenant_id: uuid.UUID, generation: Generation, shard: int, signer: Signer, lifetime: timedelta
) -> datetime:
    """When the list of the shard that now stands was made."""
    if generation.shard_count > 1 and (standing := _still_good(tenant_id, generation, shard)) is not None:
        return standing
    order = _read_order(tenant_id, generation.id, shard)
    for_authorities = order.generation.authority.kind != AuthorityKind.ISSUING
    made = sign_list(order, signer, lifetime, only_ca_certificates=for_authorities)
    _swap(tenant_id, order, made)
    write_files(order.generation, shard, made)
    return order.at


def _still_good(tenant_id: uuid.UUID, generation: Generation, shard: int) -> datetime | None:
    """When the published list of a shard was made, if a new one would say the same and the old one is young."""
    with tenant_scope(tenant_id):
        newest = _newest(generation.id, shard)
        if newest is None or clock.now() >= newest.this_update + timedelta(
            seconds=settings.CRL_PERIOD_SECONDS
        ):
            return None
        entries = _entries(generation.id, shard, newest.this_update)
    crl = Crl.parse(bytes(newest.der))
    same = crl.entries_der == b"".join(entries) and _names(crl) == (_location(generation, shard),)
    if same:
        write_files(generation, shard, crl)  # the disk may have been full when it was made
    return newest.this_update if same else None


def _read_order(tenant_id: uuid.UUID, generation_id: uuid.UUID, shard: int) -> _Order:
    with tenant_scope(tenant_id, write=True):
        generation = (
            Generation.objects.select_for_update(of=("self",))
            .select_related("authority")
            .get(id=generation_id)
        )
        # Only now, with the lock: a worker that waited for it must not date its list before the one it waited for.
        at = clock.now().replace(microsecond=0)
        generation.last_crl_number += 1
        generation.save(update_fields=["last_crl_number"])
        newest = _newest(generation_id, shard)
        return _Order(
            at,
            generation,
            shard,
            generation.last_crl_number,
            _entries(generation_id, shard, None if newest is None else newest.this_update),
            None if newest is None else bytes(newest.der),
            _location(generation, shard),
        )


def _newest(generation_id: uuid.UUID, shard: int) -> CrlPublication | None:
    return CrlPublication.objects.filter(generation_id=generation_id, shard=shard).newest_first().first()


def _entries(generation_id: uuid.UUID, shard: int, published_at: datetime | None) -> tuple[bytes, ...]:
    """Revocations first, in the order they were made, then what is on hold; without what has ended for long enough."""
    ended_by = None if published_at is None else published_at - RETAINED_FOR
    final = Revocation.objects.on_list_of(generation_id).of_shard(shard).not_ended_by(ended_by)
    held = Hold.objects.on_list_of(generation_id).filter(certificate__shard=shard)
    if ended_by is not None:
        held = held.filter(certificate__not_after__gt=ended_by)
    return tuple(bytes(entry) for rows in (final, held) for entry in rows.values_list("entry_der", flat=True))


def _location(generation: Generation, shard: int) -> str:
    if generation.shard_count == 1:
        return ""
    return publication(generation.tenant_id, generation.id, shard).crl_url


def _names(crl: Crl) -> tuple[str, ...]:
    names = crl.scope.full_names or ()
    return tuple(name.value for name in names if isinstance(name, x509.UniformResourceIdentifier))


def sign_list(
    order: _Order, signer: Signer, lifetime: timedelta, *, only_ca_certificates: bool = False
) -> Crl:
    """Build, lint, sign, parse back and judge against the published list. Raises LintRefusal, CrlRefusal. Opens a scope."""
    published = None if order.published is None else Crl.parse(order.published)
    made = Crl.parse(
        lists.build(
            issuer=signer,
            number=order.number,
            this_update=order.at,
            next_update=min(order.at + lifetime, order.generation.not_after),
            entries=order.entries,
            only_ca_certificates=only_ca_certificates,
            location=order.location,
            judge=lambda unsigned: refuse_list(Crl.parse(unsigned), published),
        )
    )
    leaving = _may_leave(order, lists.vanished(made, published))
    lists.check_successor(
        made,
        published,
        issuer=order.generation.certificate,
        at=order.at,
        still_valid=lambda serial: serial not in leaving,
    )
    return made


def _may_leave(order: _Order, serials: frozenset[int]) -> frozenset[int]:
    """Of what the new list names no more: ended certificates, and released holds. A row that was lost is neither."""
    if not serials:
        return serials
    with tenant_scope(order.generation.tenant_id):
        named = [f"{serial:X}" for serial in serials]
        ended = Certificate.objects.filter(
            generation=order.generation, serial_number__in=named, not_after__lte=order.at
        )
        released = HoldRelease.objects.filter(
            hold__generation=order.generation, hold__serial_number__in=named
        )
        stands = Revocation.objects.filter(generation=order.generation, serial_number__in=named)
        leaving = set(released.values_list("hold__serial_number", flat=True))
        leaving -= set(stands.values_list("serial_number", flat=True))
        leaving |= set(ended.values_list("serial_number", flat=True))
    return frozenset(int(serial, 16) for serial in leaving)


def _swap(tenant_id: uuid.UUID, order: _Order, made: Crl) -> CrlPublication:
    with tenant_scope(tenant_id, write=True):
        generation = Generation.objects.select_for_update().get(id=order.generation.id)
        newest = _newest(generation.id, order.shard)
        if newest is not None and newest.number >= order.number:
            return newest  # a faster worker published a later list
        row = record_list(generation, made, order.at, order.shard)
        for relying_id in Reliance.objects.filter(publisher_id=tenant_id).values_list(
            "relying_id", flat=True
        ):
            due_work.schedule("pull_publications", relying_id, tenant_id)
        return row


def _note_success(tenant_id: uuid.UUID, generation_id: uuid.UUID) -> None:
    with tenant_scope(tenant_id, write=True):
        Generation.objects.filter(id=generation_id).update(crl_failure="", crl_failed_at=None)


def _note_failure(tenant_id: uuid.UUID, generation_id: uuid.UUID, failure: Exception) -> None:
    with tenant_scope(tenant_id, write=True):
        Generation.objects.filter(id=generation_id).update(
            crl_failure=f"{type(failure).__name__}: {failure}"[:200], crl_failed_at=clock.now()
        )
