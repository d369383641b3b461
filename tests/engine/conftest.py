"""The engine's tests use kinds of work of their own, and rows with random ids."""

from __future__ import annotations

import socket
import uuid
from collections.abc import Iterator

import pytest

from tests.engine.bells import Bells


@pytest.fixture
def tenant_id(database: None) -> Iterator[uuid.UUID]:
    """A forest's id; work left over for it is removed, so that no later test drains it."""
    from tenants.models import DueWork

    tenant_id = uuid.uuid4()
    yield tenant_id
    DueWork.objects.filter(tenant_id=tenant_id).delete()


@pytest.fixture
def bells(monkeypatch: pytest.MonkeyPatch) -> Bells:
    """The bells that reach the broker, kept instead of sent: the broker is the one thing the tests stand in for."""
    from tenants import after_commit

    kept = Bells()
    monkeypatch.setattr(after_commit, "_send", kept.receive)
    monkeypatch.setattr(after_commit, "_quiet_until", 0.0)
    return kept


@pytest.fixture
def port() -> int:
    """A free TCP port of this host."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
