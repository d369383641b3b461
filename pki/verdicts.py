"""The words of a judgement: the verdict, and what broke (so that a caller can pick the seal)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from cryptography import x509

from .findings import Finding


class Verdict(StrEnum):
    """Good, invalid, or not to be determined; there is no silent yes."""

    GOOD = "good"
    INVALID = "invalid"
    UNDETERMINED = "undetermined"


class Failure(StrEnum):
    """What broke. With several, the one that decides; the findings hold them all."""

    NONE = "none"
    UNTRUSTED = "untrusted"
    INCOMPLETE = "incomplete"
    TIME = "time"
    CONSTRAINT = "constraint"
    USAGE = "usage"
    ADDRESS = "address"
    REVOKED = "revoked"
    REVOCATION_UNKNOWN = "revocation-unknown"
    WEAK = "weak"
    SIGNATURE = "signature"
    MALFORMED = "malformed"
    LIMIT = "limit"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a path, and with which certificate of it."""

    failure: Failure
    finding: Finding
    node: x509.Certificate | None = None
