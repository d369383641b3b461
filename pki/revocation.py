"""What the revocation lists at hand say about a certificate (RFC 5280 §6.3.3): good, revoked, or not to be
determined.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from cryptography import x509

from .crl import RevokedEntry


@dataclass(frozen=True, slots=True)
class Good:
    """Every certificate of the path is covered by a list that does not revoke it at the moment of judgement.

    `this_update` and `next_update` bound the freshness: the oldest and the earliest of the lists used.
    `stale`: the list is past its nextUpdate at present, though it serves for the moment judged.
    `revoked_since`: the entry of a certificate of the path that was revoked after the moment of judgement.
    """

    this_update: datetime
    next_update: datetime | None
    stale: bool = False
    revoked_since: RevokedEntry | None = None


@dataclass(frozen=True, slots=True)
class Revoked:
    """`node` was revoked at or before the moment of judgement."""

    entry: RevokedEntry
    node: x509.Certificate


@dataclass(frozen=True, slots=True)
class Undetermined:
    """No usable list covers `node`; `reason` is a sentence for people."""

    reason: str
    node: x509.Certificate


Revocation: TypeAlias = Good | Revoked | Undetermined
