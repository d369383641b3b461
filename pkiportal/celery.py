"""The Celery application and its beat table. `celery -A pkiportal worker -Q authority`, `celery -A pkiportal beat`.

Broker and worker settings are in `broker.py`; what the tasks do is in `tenants/due_work.py`.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

from celery import Celery, signals

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pkiportal.settings")
# Django's checks would load every view into the workers, the holder of the authorities' keys among them. `migrate`
# runs the checks before each new version.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")

app = Celery("pkiportal")
app.config_from_object("pkiportal.broker")


def beat_table() -> dict[str, dict[str, Any]]:
    """One sweep per queue, and every registered finder. A message that waited a whole period is worth nothing."""
    from django.conf import settings

    from tenants import after_commit, due_work

    table = {
        f"sweep {queue}": _entry("tenants.tasks.sweep", queue, queue, settings.SWEEP_SECONDS)
        for queue in after_commit.QUEUES
    }
    for finder in due_work.finders():
        table[finder.name] = _entry("tenants.tasks.find_due", finder.name, finder.queue, finder.seconds)
    return table


def _entry(task: str, argument: str, queue: str, seconds: float) -> dict[str, Any]:
    return {
        "task": task,
        "args": [argument],
        "schedule": seconds,
        "options": {"queue": queue, "expires": seconds},
        # Long ago: the first tick after a start runs everything; a restart is no reason to wait.
        "last_run_at": datetime(2000, 1, 1, tzinfo=UTC),
    }


@signals.setup_logging.connect
def leave_logging_to_django(**_: object) -> None:
    """A receiver of this signal keeps Celery from configuring the log: the LOGGING setting stands in every process."""


@app.on_after_finalize.connect
def set_beat_table(sender: Celery, **_: object) -> None:
    # Finalized after Django's applications are ready, so every finder has registered.
    sender.conf.beat_schedule = beat_table()
