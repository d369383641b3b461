"""Celery's configuration: Redis when REDIS_URL is set, else bells inside the process. Loaded at first use."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from kombu import Exchange, Queue

from tenants.after_commit import QUEUES


def transport_options(url: str) -> dict[str, Any]:
    """A publisher must not hang on a broker that is away: the sweep makes up for the bell."""
    if url.startswith("memory:"):
        return {"polling_interval": 0.1}
    return {"socket_connect_timeout": 2, "socket_timeout": 10, "max_retries": 0}


broker_url = settings.REDIS_URL or "memory://"
broker_transport_options = transport_options(broker_url)
broker_connection_retry_on_startup = True
# The queue is the database: acknowledging late only shortens the wait after a worker died.
task_acks_late = True
worker_prefetch_multiplier = 1
worker_cancel_long_running_tasks_on_connection_loss = False
task_ignore_result = True
task_queues = [Queue(name, Exchange("pkiportal", type="direct"), routing_key=name) for name in QUEUES]
task_create_missing_queues = False
task_default_queue = "mail"
accept_content = ["json"]
enable_utc = True
timezone = "UTC"
worker_hijack_root_logger = False
worker_redirect_stdouts = False
worker_send_task_events = False
# The beat table is code: nothing to keep in a file between runs.
beat_scheduler = "celery.beat:Scheduler"
