"""Judging a path of three certificates with both lists: cold, and warm (`pki.memo`), beside the two signature checks."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from pki.building import signed_by
from pki.crl import Crl
from pki.memo import judge_once
from pki.path import Verdict
from pki.trust import Trust, TrustAnchor
from tenants import clock
from tests.tenants.outside import Authority


def show() -> None:
    """Prints verdicts a second, the best of five rounds."""
    at = clock.now()
    root = Authority.root("Benchmark Root")
    mid = root.below("Benchmark People")
    pia = mid.person("pia@benchmark.example")
    lists = (Crl.parse(root.list()), Crl.parse(mid.list()))
    trust = Trust((TrustAnchor(root.certificate, ("benchmark.example",)),), (mid.certificate,), lists)

    def ask(known: Trust) -> None:
        result = judge_once(
            leaf=pia.certificate, trust=known, at=at + timedelta(seconds=1), address=pia.address
        )
        assert result.verdict is Verdict.GOOD

    def limit() -> None:
        assert signed_by(pia.certificate, mid.certificate)
        assert signed_by(mid.certificate, root.certificate)

    print(f"warm                {_rate(lambda: ask(trust), 50_000):>12,.0f} verdicts/s")
    cold = _rate(lambda: ask(replace(trust)), 200)
    print(f"cold                {cold:>12,.0f} verdicts/s ({1000 / cold:.2f} ms each)")
    print(f"two signatures      {_rate(limit, 2_000):>12,.0f} pairs/s")


def _rate(call: Callable[[], None], times: int) -> float:
    call()
    best = 0.0
    for _ in range(5):
        begun = time.process_time()
        for _ in range(times):
            call()
        best = max(best, times / (time.process_time() - begun))
    return best
