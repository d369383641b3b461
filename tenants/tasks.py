"""Celery's side of due work: what a bell, a sweep and beat call. Thin; everything happens in `due_work`.

Task arguments are ids and names only: nothing of a forest passes through the broker.
"""

from __future__ import annotations

import uuid

from celery import shared_task

from tenants import due_work
from tenants.services import (
    expiry_notices,
    fetch_document,
    issue,
    make_authority,
    publish_crl,
    pull_publications,
    record_generation,
    renew,
    revoke_all,
    rotate,
    second_opinions,
)

# Importing a use case registers its kind of due work.
KINDS = (
    expiry_notices.write_notices,
    expiry_notices.send_notice,
    fetch_document.fetch_document,
    issue.issue,
    make_authority.make_authority,
    record_generation.take_over,
    publish_crl.publish_crl,
    pull_publications.pull_publications,
    revoke_all.fulfil,
    rotate.rotate,
)
FINDERS = (expiry_notices.find_ending_authorities, renew.find_renewals, second_opinions.find_second_opinions)


@shared_task(name="tenants.tasks.run_due")
def run_due(work_id: str) -> None:
    """A bell: run this row if it is due and free."""
    due_work.run(uuid.UUID(work_id))


@shared_task(name="tenants.tasks.sweep")
def sweep(queue: str) -> None:
    """Ring for every due row of the queue that this worker serves."""
    due_work.sweep([queue])


@shared_task(name="tenants.tasks.find_due")
def find_due(finder: str) -> None:
    """Call one periodic finder: it schedules the rows whose time has come."""
    due_work.find(finder)
