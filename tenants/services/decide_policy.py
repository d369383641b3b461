"""Decide which kind of key new certificates get, from a date on; and see beforehand whom it moves.

A policy changes templates, so it takes two administrators, as publishing a template does, wherever there are two.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max

from pki.errors import RefusedRequest
from pki.keys import KeyType
from pki.times import spoken_day
from tenants import due_work
from tenants.access import Actor
from tenants.models import AlgorithmPolicy, Approval, Template
from tenants.models.approvals import ApprovalState
from tenants.refusals import refuse
from tenants.scoping import current_tenant_id, tenant_scope
from tenants.services.approvals import Content, act, register
from tenants.services.newest_certificates import newest_of
from tenants.services.policy_template import with_key_type

# Kinds that every part of the portal and the programs outside can use; others are an opt-in of a template.
OFFERED = (KeyType.P256, KeyType.P384, KeyType.RSA_3072, KeyType.RSA_4096, KeyType.ED25519)


@dataclass(frozen=True, slots=True)
class Effect:
    """Of one template. `moving`: people whose newest valid certificate has another kind of key than the policy wants."""

    template: Template
    key_type: KeyType
    moving: int
    staying: int


@dataclass(frozen=True, slots=True)
class _Wish:
    key_types: dict[str, KeyType]
    in_force_at: datetime


def offered_key_types(template: Template) -> tuple[KeyType, ...]:
    """What a policy may choose for this template: nothing that its purpose rules out."""
    return tuple(kind for kind in OFFERED if _fits(template, kind))


def _fits(template: Template, key_type: KeyType) -> bool:
    try:
        with_key_type(template.profile, key_type)
    except RefusedRequest:
        return False
    return True


def effects_of(key_types: Mapping[str, KeyType], at: datetime) -> tuple[Effect, ...]:
    """Whom a policy moves now, by template. Inside a scope."""
    return tuple(
        _effect(template, key_types[template.code], at)
        for template in Template.objects.still_open().filter(code__in=key_types)
    )


def _effect(template: Template, key_type: KeyType, at: datetime) -> Effect:
    rows = newest_of(template.code, at)
    moving = sum(row.key_description != key_type.spoken for row in rows)
    return Effect(template, key_type, moving, len(rows) - moving)


def decide_policy(
    actor: Actor, key_types: Mapping[str, KeyType], in_force_at: datetime | None, at: datetime
) -> Approval | None:
    """Record the next version, or let it wait for a second administrator (then the approval comes back).

    `in_force_at`: None for at once. Raises Refused.
    """
    if not actor.is_administrator:
        raise refuse("not-administrator", "Only an administrator decides this.", owner="administrator")
    if not key_types:
        raise refuse(
            "policy-empty", "Nothing would change.", remedy="Choose another kind of key for a template."
        )
    if in_force_at is not None and in_force_at < at:
        raise refuse(
            "policy-in-the-past", "A policy cannot begin in the past.",
            remedy="Give a later day, or leave it empty to begin at once.",
        )  # fmt: skip
    content = {
        "key_types": {code: key_type.value for code, key_type in sorted(key_types.items())},
        "in_force_at": None if in_force_at is None else in_force_at.isoformat(),
    }
    return act(POLICY, actor.tenant_id, actor.person_id, _summary(key_types, in_force_at), content, at)


def _summary(key_types: Mapping[str, KeyType], in_force_at: datetime | None) -> str:
    keys = ", ".join(f"{code}: {key_type.spoken}" for code, key_type in sorted(key_types.items()))
    begins = "at once" if in_force_at is None else f"from {spoken_day(in_force_at)}"
    return f"New certificates get other keys {begins} ({keys}), and everybody's are replaced."


def _prepare(tenant_id: uuid.UUID, content: Content, at: datetime) -> _Wish:
    wanted = None if content["in_force_at"] is None else datetime.fromisoformat(content["in_force_at"])
    key_types = {code: KeyType(value) for code, value in content["key_types"].items()}
    with tenant_scope(tenant_id):
        templates = {template.code: template for template in Template.objects.still_open()}
        for code, key_type in key_types.items():
            if code not in templates or key_type not in offered_key_types(templates[code]):
                raise refuse(
                    "key-type-not-offered", f"Keys of the kind {key_type.spoken} cannot be chosen for “{code}”.",
                    remedy="Choose one of the kinds that the form offers.",
                )  # fmt: skip
    # A day that has passed while it waited for its approval: from now on.
    return _Wish(key_types, at if wanted is None else max(wanted, at))


def _record(person_id: uuid.UUID | None, wish: _Wish, at: datetime) -> None:
    assert person_id is not None  # noqa: S101  there is no command for it
    approval = Approval.objects.filter(kind=POLICY.kind, state=ApprovalState.APPROVED, decided_at=at).first()
    last = AlgorithmPolicy.objects.aggregate(last=Max("version"))["last"] or 0
    made = AlgorithmPolicy.objects.create(
        version=last + 1,
        key_types={code: key_type.value for code, key_type in wish.key_types.items()},
        in_force_at=wish.in_force_at,
        decided_by_id=person_id,
        approved_by_id=None if approval is None else approval.decided_by_id,
        decided_at=at,
    )
    due_work.schedule("rotate", current_tenant_id(), made.id, at=wish.in_force_at)


POLICY = register("algorithm-policy", prepare=_prepare, record=_record, always=True)
