"""The doorbell: tell a worker, once the transaction has committed, that a row of due work is ready.

The database is the queue; the broker only carries bells. A bell that is lost, late or rung twice costs time, never
work: the sweep rings again for whatever is due. So a broker that cannot be reached is a line in the log, never an
error for the person whose click wrote the row; and while it is away, only one click in ten seconds pays for trying.
"""

from __future__ import annotations

import logging
import time
import uuid
from functools import partial

from celery import current_app
from django.conf import settings
from django.db import transaction

logger = logging.getLogger(__name__)

# One worker process serves one of these (the embedded service serves all); only `authority` workers open CA keys.
QUEUES = ("authority", "mail", "fetch")

# The broker is left alone for this long after it failed: each failed try costs its caller a connection timeout.
PAUSE_SECONDS = 10.0

_quiet_until = 0.0


def ring(work_id: uuid.UUID, queue: str) -> None:
    """Ring for one row of due work after the current transaction commits, or now if there is none."""
    transaction.on_commit(partial(ring_now, work_id, queue))


def ring_now(work_id: uuid.UUID, queue: str) -> bool:
    """Ring at once. Returns whether the broker took the bell; the sweep makes up for one it did not take."""
    global _quiet_until
    if time.monotonic() < _quiet_until:
        return False
    try:
        _send(work_id, queue)
    except Exception as error:  # noqa: BLE001  whatever ails the broker, the row is committed and the sweep finds it
        _quiet_until = time.monotonic() + PAUSE_SECONDS
        logger.warning(
            "The broker did not take a bell (%s); the sweep will find the work.", type(error).__name__
        )
        return False
    return True


def _send(work_id: uuid.UUID, queue: str) -> None:
    current_app.send_task(
        "tenants.tasks.run_due",
        args=[str(work_id)],
        queue=queue,
        # Later bells come from the sweep, so old ones are worth nothing: a backlog cannot pile up in the broker.
        expires=2 * settings.SWEEP_SECONDS,
        retry=False,
        ignore_result=True,
    )
