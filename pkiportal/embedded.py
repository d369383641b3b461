"""The whole service in one process: web server, one worker, beat. Bells travel inside the process.

The main thread serves HTTP (waitress, its own pool of threads); one thread runs a Celery worker (solo pool, on
`memory://`), one runs beat. The worker outlives whatever a handler raises. Should the worker or beat thread end all
the same, the process says so and ends with status 1, so that whoever started it notices: a portal that still answers
but delivers nothing would be worse than one that is gone.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType

import celery.worker.state
from celery import Celery
from celery.beat import Scheduler, Service
from celery.worker import WorkController
from waitress.server import create_server

from pkiportal.celery import app as celery_app
from tenants.after_commit import QUEUES

logger = logging.getLogger(__name__)

WEB_THREADS = 8
# How long a stop waits for a handler or request in progress. Work cut off is claimed again when its lease runs out.
STOP_SECONDS = 20.0


class PortTaken(RuntimeError):
    """The address cannot be listened on."""


class Embedded:
    """`Embedded(application, host, port).serve()` returns the process's exit status.

    Binding happens on construction, so that a taken port is known before anything else is done.
    """

    def __init__(self, application: Callable[..., object], *, host: str, port: int) -> None:
        try:
            self._server = create_server(  # type: ignore[no-untyped-call]
                application, host=host, port=port, threads=WEB_THREADS, ident=None
            )
        except OSError as error:
            raise PortTaken(
                f"Cannot listen on {host}:{port} ({error.strerror or error}). Another program, perhaps a second "
                "portal, uses this port: stop it, or choose another port with PORT=8100 or --port 8100."
            ) from error
        self.port: int = self._server.effective_port
        self._worker = BackgroundWorker(celery_app)
        self._beat = BackgroundBeat(celery_app)
        self._stopping = threading.Event()
        self._died = ""

    def serve(self) -> int:
        """Run until SIGTERM or SIGINT (status 0) or until a background thread has ended (status 1)."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        self._worker.start()
        self._beat.start()
        threading.Thread(target=self._watch, name="watch", daemon=True).start()
        try:
            self._server.run()
        finally:
            self._stop()
        return 1 if self._died else 0

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        # waitress stops on SystemExit: it takes no new request and lets running ones end.
        if not self._stopping.is_set():
            self._stopping.set()
            raise SystemExit

    def _watch(self) -> None:
        while not self._stopping.wait(0.5):
            if dead := [thread.name for thread in (self._worker, self._beat) if not thread.is_alive()]:
                self._died = " and ".join(dead)
                logger.critical(
                    "The %s thread has ended; stopping the service, so that it is noticed.", self._died
                )
                signal.raise_signal(signal.SIGTERM)
                return

    def _stop(self) -> None:
        self._stopping.set()
        self._server.close()
        self._beat.stop()
        self._worker.stop()
        deadline = time.monotonic() + STOP_SECONDS
        for thread in (self._worker, self._beat):
            thread.join(max(0.0, deadline - time.monotonic()))
            if thread.is_alive():
                logger.warning(
                    "The %s thread is still busy; its work runs again at the next start.", thread.name
                )


class BackgroundWorker(threading.Thread):
    """A Celery worker on every queue in a thread. `WorkController`, not `Worker`: the latter installs signal handlers,
    which only a main thread may do."""

    def __init__(self, app: Celery) -> None:
        super().__init__(name="worker", daemon=True)
        self._app = app

    def run(self) -> None:
        self._app.loader.init_worker()
        controller = WorkController(
            app=self._app,
            pool_cls="solo",
            concurrency=1,
            queues=",".join(QUEUES),
            without_heartbeat=True,
            without_mingle=True,
            without_gossip=True,
        )
        controller.start()

    def stop(self) -> None:
        # An exit status: the consumer looks for one between two tasks, and then ends in good order.
        celery.worker.state.should_stop = 0  # type: ignore[assignment]


class BackgroundBeat(threading.Thread):
    """Celery's beat in a thread; its table lives in memory."""

    def __init__(self, app: Celery) -> None:
        super().__init__(name="beat", daemon=True)
        # The table is made when the application is finalized. Left to the worker thread, that may come too late, and
        # beat would run with an empty table: no sweep, no schedule, for the life of the process.
        app.finalize()
        self._service = Service(app, max_interval=1, scheduler_cls=Scheduler)
        if not self.table():
            raise RuntimeError("Beat has nothing to do: its table is empty.")

    def table(self) -> tuple[str, ...]:
        """The names of what beat calls."""
        return tuple(self._service.scheduler.schedule)

    def run(self) -> None:
        self._service.start(embedded_process=False)

    def stop(self) -> None:
        self._service.stop()
