"""Verdicts that are remembered: a path that holds goes on holding until the first of its lists or certificates ends.

A memo belongs to one `Trust`, which a new list or a decision replaces, so that it is emptied by either. Only good
verdicts are kept: whatever failed is judged anew each time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from .path import PathResult, Verdict, validate
from .revocation import Good
from .trust import Trust, Use

MOST_REMEMBERED = 10_000
LONGEST = timedelta(days=1)
_SHA256 = SHA256()


@dataclass(frozen=True, slots=True)
class _Remembered:
    """Holds from `since` on and before `until`, by the present moment."""

    result: PathResult
    since: datetime
    until: datetime


def judge_once(
    *,
    leaf: x509.Certificate,
    trust: Trust,
    at: datetime,
    now: datetime | None = None,
    offered: Sequence[x509.Certificate] = (),
    purpose: Literal["email", "any"] = "email",
    address: str | None = None,
    revocation: Literal["required", "ignored"] = "required",
    use: Use | None = None,
) -> PathResult:
    """As `pki.path.validate` with the trust's intermediates and the `offered` ones, remembered while it holds."""
    present = at if now is None or now < at else now
    is_of_now = present == at
    key = (
        leaf.fingerprint(_SHA256),
        tuple([one.fingerprint(_SHA256) for one in offered]),
        None if is_of_now else at,
        purpose,
        address,
        revocation,
        use,
    )
    held = trust.memo.get(key)
    if held is not None and held.since <= present < held.until:
        result: PathResult = held.result
        return result
    known = replace(trust, intermediates=(*trust.intermediates, *offered)) if offered else trust
    result = validate(
        leaf=leaf,
        trust=known,
        at=at,
        now=now,
        purpose=purpose,
        address=address,
        revocation=revocation,
        use=use,
    )
    if result.verdict is Verdict.GOOD:
        if len(trust.memo) >= MOST_REMEMBERED:
            trust.memo.clear()
        trust.memo[key] = _Remembered(result, present, _until(result, trust, present, is_of_now=is_of_now))
    return result


def _until(result: PathResult, trust: Trust, present: datetime, *, is_of_now: bool) -> datetime:
    """The first moment at which something that the verdict rests on may be otherwise."""
    ends = [present + LONGEST, *_list_ends(result, trust)]
    if is_of_now:
        ends += [certificate.not_valid_after_utc for certificate in result.path]
        if result.anchor is not None and result.anchor.not_after is not None:
            ends.append(result.anchor.not_after)
    return min(end for end in ends if end > present)


def _list_ends(result: PathResult, trust: Trust) -> Iterator[datetime]:
    """Ends of the lists used, and beginnings of lists that are not in force yet and may say otherwise."""
    if isinstance(result.revocation, Good):
        yield from (crl.next_update for crl in result.revocation.lists if crl.next_update is not None)
    yield from (crl.this_update for crl in trust.crls)
