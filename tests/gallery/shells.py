"""The shell around a page: forest, person, key chip, counts."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

from .cast import CONTOSO, NOW, Someone, thing


def shell(person: Someone | None, *, key_open: bool = True) -> SimpleNamespace:
    left = 252 if key_open else 0
    key = thing(open=key_open, seconds_left=left, closes_at=NOW + timedelta(seconds=left))
    return thing(
        forest=CONTOSO if person else None,
        person=person,
        key=key if person else None,
        unread=4,
        drafts=1,
        requests=1,
        approvals=1,
        template_work=1,
    )
