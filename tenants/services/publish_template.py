"""Publish a draft as the next version of its template: by a second administrator, after a sample has passed the linters."""

from __future__ import annotations

import hmac
import uuid
from datetime import datetime

from tenants.access import Actor
from tenants.models import Person, Template, TemplateAct, TemplateDraft, Tenant
from tenants.models.templates import TemplateActKind
from tenants.refusals import Refused, refuse
from tenants.scoping import tenant_scope
from tenants.services.open_templates import why_not_signed
from tenants.services.sample_certificate import judge_samples, must_be_good, sample_ground


def publish_template(actor: Actor, draft_id: uuid.UUID, fingerprint: str, at: datetime) -> Template:
    """`fingerprint`: of the draft as the publisher saw it. Raises Refused, PkiError, TemplateDraft.DoesNotExist.

    The author cannot publish, unless the forest has no other administrator; the record then says so.
    """
    with tenant_scope(actor.tenant_id):
        draft = TemplateDraft.objects.get(id=draft_id)
        _may_publish(actor, draft, fingerprint)
        ground = sample_ground(at)
        too_long = why_not_signed(_version(draft, at), ground.generation, at)
    if too_long is not None:
        raise Refused(too_long)
    opinions = judge_samples(draft.profile, ground, at)
    must_be_good(opinions)
    with tenant_scope(actor.tenant_id, write=True):
        draft = TemplateDraft.objects.select_for_update().get(id=draft_id)
        alone = _may_publish(actor, draft, fingerprint)
        row = _version(draft, at)
        row.save()
        TemplateAct.objects.create(
            template=row,
            kind=TemplateActKind.PUBLISHED,
            author_id=draft.author_id,
            decided_by_id=actor.person_id,
            alone=alone,
            note=draft.note,
            opinions=[opinion.as_data() for opinion in opinions],
            at=at,
        )
        draft.delete()
        return row


def withdraw_template(actor: Actor, template_id: uuid.UUID, note: str, at: datetime) -> Template:
    """Close a template: its newest version issues no more, and none before it. One administrator is enough, because it
    only takes away. Raises Refused, Template.DoesNotExist.
    """
    with tenant_scope(actor.tenant_id, write=True):
        is_only_administrator(actor)
        row = Template.objects.newest().get(id=template_id)
        if row.is_withdrawn:  # type: ignore[attr-defined]
            raise refuse("template-withdrawn-already", f"“{row.title}” has been withdrawn already.")
        TemplateAct.objects.create(
            template=row,
            kind=TemplateActKind.WITHDRAWN,
            decided_by_id=actor.person_id,
            note=note.strip()[:300],
            at=at,
        )
        return row


def is_only_administrator(actor: Actor) -> bool:
    """Whether nobody else administers the forest, and it asks for no second person. Inside a scope.

    Under the two-person rule nobody is the only one: else deactivating the others would be enough to decide alone.
    Raises Refused for whoever is no administrator.
    """
    administrators = set(Person.objects.administrators().values_list("id", flat=True))
    if actor.person_id not in administrators:
        raise refuse(
            "not-administrator", "Only an active administrator can decide this.", owner="administrator"
        )
    return len(administrators) == 1 and not Tenant.objects.get(id=actor.tenant_id).needs_two_people


def _may_publish(actor: Actor, draft: TemplateDraft, fingerprint: str) -> bool:
    """Whether the publisher acts alone. Raises Refused."""
    alone = is_only_administrator(actor) and draft.author_id == actor.person_id
    if draft.author_id == actor.person_id and not alone:
        raise refuse(
            "template-second-person", "You wrote this draft; another administrator has to publish it.",
            remedy="Ask another administrator to open it and publish.", owner="administrator",
        )  # fmt: skip
    if not hmac.compare_digest(draft.fingerprint.encode(), fingerprint.encode()):
        raise refuse(
            "template-draft-changed", "The draft was changed after you opened it; nothing was published.",
            remedy="Read what it says now, and decide again.",
        )  # fmt: skip
    return alone


def _version(draft: TemplateDraft, at: datetime) -> Template:
    before = Template.objects.filter(code=draft.code).order_by("-version").first()
    return Template(
        tenant_id=draft.tenant_id,
        code=draft.code,
        version=1 if before is None else before.version + 1,
        title=draft.title,
        profile_data=draft.profile_data,
        terms_data=draft.terms_data,
        published_at=at,
    )
