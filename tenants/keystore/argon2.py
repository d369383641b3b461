"""Argon2id for passwords and PINs, with the cost of the settings (floor 19 MiB, 2 passes, 1 lane: OWASP)."""

from __future__ import annotations

from dataclasses import dataclass

from argon2.low_level import Type, hash_secret_raw
from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher


@dataclass(frozen=True, slots=True)
class Cost:
    memory_kib: int
    passes: int
    lanes: int

    @classmethod
    def configured(cls) -> Cost:
        return cls(
            max(settings.ARGON2_MEMORY_KIB, 19 * 1024),
            max(settings.ARGON2_PASSES, 2),
            max(settings.ARGON2_LANES, 1),
        )


def stretch(secret: str, salt: bytes, cost: Cost) -> bytes:
    """32 octets derived from a secret that a person typed."""
    return hash_secret_raw(
        secret.encode(), salt, time_cost=cost.passes, memory_cost=cost.memory_kib, parallelism=cost.lanes,
        hash_len=32, type=Type.ID,
    )  # fmt: skip


class PasswordHasher(Argon2PasswordHasher):
    """Django's Argon2id hasher at the configured cost."""

    @property
    def time_cost(self) -> int:  # type: ignore[override]
        return Cost.configured().passes

    @property
    def memory_cost(self) -> int:  # type: ignore[override]
        return Cost.configured().memory_kib

    @property
    def parallelism(self) -> int:  # type: ignore[override]
        return Cost.configured().lanes
