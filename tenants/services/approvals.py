"""The two-person rule: where a forest asks for it, weighty acts wait until a second administrator lets them happen.

A use case registers how its act is prepared (outside any scope: reading, checking, verifying) and recorded (inside the
one write scope that also marks the approval as used, so that it happens exactly once), and then only calls `act`:

    PUBLISH = register("publish-template", prepare=_prepare, record=_record)

    waiting = act(PUBLISH, actor.tenant_id, actor.person_id, "Publish version 2 of Signing.", {"template": …}, at)

`waiting` is None when it was done at once. Both functions run again when the second administrator approves: what was
true when it was asked for may not be so any more.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tenants.access import Actor
from tenants.models import Approval, Person, Tenant
from tenants.models.approvals import ApprovalState
from tenants.refusals import refuse
from tenants.scoping import current_tenant_id, tenant_scope

Content = Mapping[str, Any]
Prepare = Callable[[uuid.UUID, Content, datetime], Any]
Record = Callable[["uuid.UUID | None", Any, datetime], None]


@dataclass(frozen=True, slots=True)
class Action:
    """`prepare(tenant id, content, at)` gives what `record(person id of who asked or None, prepared, at)` writes.

    `always`: it waits for a second administrator in every forest that has one, with the rule or without.
    """

    kind: str
    prepare: Prepare
    record: Record
    always: bool = False


@dataclass(frozen=True, slots=True)
class Operator:
    """Who asks from the command line: no person of the forest."""

    tenant_id: uuid.UUID
    person_id: None = None


_actions: dict[str, Action] = {}


def register(kind: str, *, prepare: Prepare, record: Record, always: bool = False) -> Action:
    """Name a kind of act; once per kind."""
    if kind in _actions:
        raise RuntimeError(f"{kind!r} is registered twice.")
    _actions[kind] = Action(kind, prepare, record, always)
    return _actions[kind]


def act(
    action: Action,
    tenant_id: uuid.UUID,
    person_id: uuid.UUID | None,
    summary: str,
    content: Content,
    at: datetime,
) -> Approval | None:
    """Do it now (None), or keep it waiting for a second administrator where the forest has the two-person rule.

    `person_id`: the administrator who asks; None for the operator's command line. `content` must be JSON-able. Raises
    Refused, and whatever `prepare` and `record` raise.
    """
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    prepared = action.prepare(tenant_id, json.loads(text), at)
    with tenant_scope(tenant_id, write=True):
        if person_id is not None:
            _require_administrator(person_id)
        tenant = Tenant.objects.select_for_update().get(id=tenant_id)
        if not tenant.needs_two_people and not (
            action.always and Person.objects.administrators().count() > 1
        ):
            action.record(person_id, prepared, at)
            return None
        sha256 = hashlib.sha256(text.encode()).digest()
        if Approval.objects.waiting().filter(kind=action.kind, sha256=sha256).exists():
            raise refuse(
                "asked-already", "Exactly this has been asked for already and waits for a second administrator.",
                remedy="Another administrator decides it on the page Approvals.", owner="administrator",
            )  # fmt: skip
        return Approval.objects.create(
            kind=action.kind,
            summary=summary[:300],
            content=text,
            sha256=sha256,
            asked_by_id=person_id,
            asked_at=at,
        )


def approve(actor: Actor, approval_id: uuid.UUID, sha256: bytes, at: datetime) -> Approval:
    """Let it happen, now and exactly once. `sha256` is what the approver saw. Raises Refused, Approval.DoesNotExist."""
    with tenant_scope(actor.tenant_id):
        waiting = Approval.objects.get(id=approval_id)
    action = _actions.get(waiting.kind)
    if action is None:
        raise refuse(
            "approval-unknown", "This portal no longer knows how to do what was asked for.",
            remedy="Refuse it and ask for it anew.", owner="administrator",
        )  # fmt: skip
    _must_fit(waiting, actor, sha256)
    prepared = action.prepare(actor.tenant_id, json.loads(waiting.content), at)
    with tenant_scope(actor.tenant_id, write=True):
        _require_administrator(actor.person_id)
        row = Approval.objects.select_for_update().get(id=approval_id)
        _must_fit(row, actor, sha256)
        if row.asked_by_id is not None:
            _require_administrator(row.asked_by_id)
        row.state, row.decided_by_id, row.decided_at = ApprovalState.APPROVED, actor.person_id, at
        row.save(update_fields=["state", "decided_by", "decided_at"])
        action.record(row.asked_by_id, prepared, at)
        return row


def decline(actor: Actor, approval_id: uuid.UUID, at: datetime) -> Approval:
    """Refuse what another one asked for, or withdraw the own wish. Raises Refused, Approval.DoesNotExist."""
    with tenant_scope(actor.tenant_id, write=True):
        _require_administrator(actor.person_id)
        row = Approval.objects.select_for_update().get(id=approval_id)
        _must_wait(row)
        own = row.asked_by_id == actor.person_id
        row.state = ApprovalState.WITHDRAWN if own else ApprovalState.REFUSED
        row.decided_by_id, row.decided_at = actor.person_id, at
        row.save(update_fields=["state", "decided_by", "decided_at"])
        return row


def _must_wait(row: Approval) -> None:
    if row.state != ApprovalState.OPEN:
        raise refuse("decided-already", "This has been decided already; nothing was done a second time.")


def _must_fit(row: Approval, actor: Actor, sha256: bytes) -> None:
    _must_wait(row)
    if row.asked_by_id == actor.person_id:
        raise refuse(
            "approval-by-the-asker", "Who asked for something cannot approve it.",
            remedy="Another administrator has to decide.", owner="administrator",
        )  # fmt: skip
    if not row.is_whole() or not hmac.compare_digest(bytes(row.sha256), sha256):
        raise refuse(
            "approval-altered", "What waits here is not what was shown to you; nothing was done.",
            remedy="Open the page again and compare. If it happens again, tell the operator.",
        )  # fmt: skip


def _require_administrator(person_id: uuid.UUID) -> None:
    """Inside the scope: roles are read with the act, not from the session."""
    if not Person.objects.administrators().filter(id=person_id).exists():
        raise refuse(
            "not-administrator", "Whoever asks and whoever approves must be an active administrator.",
            remedy="An administrator has to ask for it anew.", owner="administrator",
        )  # fmt: skip


def _prepare_rule(tenant_id: uuid.UUID, content: Content, at: datetime) -> bool:
    return bool(content["needs_two_people"])


def _record_rule(person_id: uuid.UUID | None, needs_two_people: bool, at: datetime) -> None:
    if needs_two_people and Person.objects.administrators().count() < 2:
        raise refuse(
            "one-administrator", "There is one administrator only: nobody could approve anything.",
            remedy="Make another person an administrator first.", owner="administrator",
        )  # fmt: skip
    Tenant.objects.filter(id=current_tenant_id()).update(needs_two_people=needs_two_people)


RULE = register("two-person-rule", prepare=_prepare_rule, record=_record_rule)


def set_two_person_rule(actor: Actor, *, on: bool, at: datetime) -> Approval | None:
    """Ask for the rule, or for its end; under the rule its end needs a second administrator too. Raises Refused."""
    summary = (
        "Weighty acts need a second administrator from now on." if on
        else "End the two-person rule: one administrator alone decides everything again."
    )  # fmt: skip
    return act(RULE, actor.tenant_id, actor.person_id, summary, {"needs_two_people": on}, at)
