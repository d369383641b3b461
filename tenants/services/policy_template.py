"""What an algorithm policy makes of a template: the same certificate and terms, another kind of key, a new version."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from pki.keys import KeyType
from pki.profiles import Profile
from tenants.models import AlgorithmPolicy, Template, TemplateAct
from tenants.models.templates import TemplateActKind


def with_key_type(profile: Profile, key_type: KeyType) -> Profile:
    """The profile with this kind of key first; the others stay allowed. Raises RefusedRequest where it cannot serve."""
    others = tuple(kind for kind in profile.key_types if kind is not key_type)
    return replace(profile, key_types=(key_type, *others))


def publish_for(policy: AlgorithmPolicy, code: str, key_type: KeyType, at: datetime) -> Template | None:
    """The version that new certificates get under the policy; None if the template is closed. Inside a write scope.

    Nothing is published where the newest version prefers this kind of key already.
    """
    newest = Template.objects.still_open().filter(code=code).first()
    if newest is None or newest.profile.key_types[0] is key_type:
        return newest
    made = Template.objects.create(
        code=code,
        version=newest.version + 1,
        title=newest.title,
        profile_data=with_key_type(newest.profile, key_type).as_data(),
        terms_data=newest.terms_data,
        published_at=at,
    )
    TemplateAct.objects.create(
        template=made,
        kind=TemplateActKind.PUBLISHED,
        author_id=policy.decided_by_id,
        decided_by_id=policy.approved_by_id or policy.decided_by_id,
        alone=policy.approved_by_id is None,
        note=f"Algorithm policy {policy.version}.",
        at=at,
    )
    return made
