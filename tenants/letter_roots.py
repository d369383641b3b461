"""What the layer of letters knows about roots: this layer asks, `mail` registers the answers when it starts.

Trust is decided here, letters lie above; without this port an administrator would decide without seeing the effects.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from cryptography import x509

from tenants.access import Actor
from tenants.keystore.custody import Custody


@dataclass(frozen=True)
class Offer:
    """The root at the top of a letter's path, and the mail domain of its sender."""

    root: x509.Certificate
    domain: str


@dataclass(frozen=True, slots=True)
class Effects:
    """Counts over the whole forest: signed letters from the domains, those not judged trusted so far, senders."""

    letters: int = 0
    waiting: int = 0
    correspondents: int = 0


class Letters(Protocol):
    def root_of(self, actor: Actor, message_id: uuid.UUID, custody: Custody | None) -> Offer | None:
        """The root of a letter of this person; None if the letter is absent, foreign, locked, or has no complete path."""

    def effects(
        self,
        actor: Actor,
        domains: Sequence[str],
        begins_at: datetime | None = None,
        ends_at: datetime | None = None,
    ) -> Effects:
        """What a decision about these domains ("d", ".d") touches, of letters received between the two moments."""

    def judge_again(self, tenant_id: uuid.UUID) -> None:
        """Ask that letters of this forest be judged with what it believes and knows now: a decision was taken, or a
        document arrived. Inside the write scope that records it.
        """


class NoLetters:
    def root_of(self, actor: Actor, message_id: uuid.UUID, custody: Custody | None) -> Offer | None:
        return None

    def effects(
        self,
        actor: Actor,
        domains: Sequence[str],
        begins_at: datetime | None = None,
        ends_at: datetime | None = None,
    ) -> Effects:
        return Effects()

    def judge_again(self, tenant_id: uuid.UUID) -> None:
        pass


_letters: Letters = NoLetters()


def register(letters: Letters) -> None:
    """Called once, when the application starts."""
    global _letters
    _letters = letters


def letters() -> Letters:
    return _letters
