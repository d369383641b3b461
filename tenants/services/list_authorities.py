"""Authorities with the state of their lists: what administrators see and what the API answers."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cryptography import x509
from django.db.models import Count

from pki import keys
from pki.certificates import Publication
from pki.extensions import find
from tenants.models import AuthorityKey, Certificate, CrlPublication, DueWork, Generation
from tenants.scoping import current_tenant_id
from tenants.services.found_forest import publication


class ListState(StrEnum):
    FRESH = "fresh"
    ENDING = "ending"
    ENDED = "ended"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class AuthorityLine:
    """One generation of an authority. `online`: a worker holds its key and publishes by itself. `certificates`: how many
    it has signed, of people and of authorities.
    """

    generation: Generation
    authority_pk: uuid.UUID
    online: bool
    key_description: str
    mail_domains: tuple[str, ...]
    certificates: int
    crl: CrlPublication | None
    crl_state: ListState
    next_run: datetime | None
    crl_url: str
    issuer_url: str


def list_authorities(at: datetime) -> tuple[AuthorityLine, ...]:
    """Roots first, each followed by the authorities under it, newest generation first. Inside a scope."""
    generations = Generation.objects.select_related("authority").order_by("authority__name", "-number")
    online = set(AuthorityKey.objects.values_list("generation_id", flat=True))
    issued = dict(
        Certificate.objects.issued_here().values_list("generation_id").annotate(n=Count("id")).order_by()
    )
    due = dict(
        DueWork.objects.filter(kind="publish_crl", tenant_id=current_tenant_id()).values_list(
            "row_id", "next_run_at"
        )
    )
    everything = list(generations)
    return tuple(
        _line(
            generation,
            generation.id in online,
            issued.get(generation.id, 0) + _authorities_under(generation, everything),
            due.get(generation.id),
            at,
        )
        for generation in _in_tree_order(everything)
    )


def _authorities_under(issuer: Generation, generations: list[Generation]) -> int:
    """How many authorities' certificates a generation has signed, its own apart."""
    return sum(
        one.authority.parent_id == issuer.authority_id
        and one.certificate.issuer == issuer.certificate.subject
        for one in generations
    )


def _in_tree_order(generations: list[Generation]) -> Iterator[Generation]:
    children: dict[uuid.UUID | None, list[Generation]] = {}
    for generation in generations:
        children.setdefault(generation.authority.parent_id, []).append(generation)

    def below(parent_id: uuid.UUID | None) -> Iterator[Generation]:
        seen: list[uuid.UUID] = []
        for generation in children.get(parent_id, []):
            if generation.authority_id not in seen:
                seen.append(generation.authority_id)
        for authority_id in seen:
            yield from (g for g in children[parent_id] if g.authority_id == authority_id)
            yield from below(authority_id)

    yield from below(None)


def _line(
    generation: Generation, online: bool, issued: int, next_run: datetime | None, at: datetime
) -> AuthorityLine:
    newest = CrlPublication.objects.filter(generation=generation).newest_first().defer("der").first()
    addresses: Publication = publication(generation.tenant_id, generation.id)
    return AuthorityLine(
        generation,
        generation.authority_id,
        online,
        keys.describe(generation.certificate.public_key()),
        permitted_domains(generation.certificate),
        issued,
        newest,
        list_state(newest, at),
        next_run,
        addresses.crl_url,
        addresses.issuer_url,
    )


def permitted_domains(certificate: x509.Certificate) -> tuple[str, ...]:
    """The mail domains that an authority is limited to ("d", ".d"); empty if it is not."""
    constraints = find(certificate, x509.NameConstraints)
    bases = constraints.permitted_subtrees if constraints is not None else None
    return tuple(base.value for base in bases or () if isinstance(base, x509.RFC822Name))


def list_state(crl: CrlPublication | None, at: datetime) -> ListState:
    """Fresh until less than a third of its life is left."""
    if crl is None:
        return ListState.NONE
    if crl.next_update <= at:
        return ListState.ENDED
    third = (crl.next_update - crl.this_update) / 3
    return ListState.ENDING if crl.next_update - at < third else ListState.FRESH
