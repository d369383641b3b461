"""A broker that only remembers what was rung."""

from __future__ import annotations

import uuid


class Bells:
    def __init__(self) -> None:
        self.rung: list[tuple[uuid.UUID, str]] = []
        self.broken = False

    def receive(self, work_id: uuid.UUID, queue: str) -> None:
        if self.broken:
            raise ConnectionRefusedError("the broker is away")
        self.rung.append((work_id, queue))

    def of(self, work_id: uuid.UUID) -> list[str]:
        return [queue for rung, queue in self.rung if rung == work_id]
