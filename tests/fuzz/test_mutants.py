"""Twenty thousand mutants of CMS and MIME: always an answer, in time, and never a seal for other words."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests import campaigns
from tests.fuzz import differential, judging, planted
from tests.fuzz.judging import KINDS, run

# a mutated certificate may earn a warning of pyca beside its finding
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

COUNTS = {"cms": 12_000, "mime": 5_000, "inside": 3_000}
SLICES = 4


@pytest.mark.parametrize("part", range(SLICES))
@pytest.mark.parametrize("name", KINDS)
def test_no_mutant_breaks_anything(name: str, part: int) -> None:
    count = COUNTS[name] // SLICES
    made, _ = run(KINDS[name], campaigns.chance(f"{name} {part}"), count)
    assert made == count


def test_what_two_readers_accept_they_read_alike() -> None:
    """Against asn1crypto, and a few against OpenSSL, which costs a process each."""
    chance = campaigns.chance("differential")
    both = {"asn1crypto": 0, "openssl": 0}
    for number in range(20_000 if campaigns.FULL else 2_000):
        raw = KINDS["cms"].make(chance)
        ours = differential.ours(raw)
        if ours is None:
            continue
        readings = {"asn1crypto": differential.asn1crypto(raw)}
        if number % 20 == 0:
            written = differential.openssl(raw)
            readings["openssl"] = None if written is None else differential.ours(written)
            assert written is None or readings["openssl"] is not None, raw.hex()
        for name, theirs in readings.items():
            if theirs is not None:
                both[name] += 1
                assert list(differential.differences(ours, theirs)) == [], (name, raw.hex())
    assert both["asn1crypto"] > 500
    assert both["openssl"] > 20


# --- the proof of the proof ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["cms", "mime"])
def test_a_forgotten_digest_is_noticed(name: str) -> None:
    with planted.forgotten_digest(), pytest.raises(AssertionError):
        run(KINDS[name], random.Random(1), 5_000)


def test_a_fault_is_noticed() -> None:
    with planted.fault_in_the_body(), pytest.raises(AssertionError, match="not judged"):
        run(KINDS["mime"], random.Random(1), 5_000)


def test_a_slow_reader_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "SLOWEST", 0.2)
    with planted.slow_reader(0.25), pytest.raises(AssertionError, match="took"):
        run(KINDS["mime"], random.Random(1), 50)


def test_a_reader_that_reads_something_else_is_noticed() -> None:
    for raw in judging.cms_seeds().values():
        ours = differential.ours(raw)
        assert ours is not None
        assert list(differential.differences(ours, ours)) == []
        assert list(differential.differences(ours, ours | {"content": b"else"}))


def test_the_command_makes_mutants_and_says_how_many() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz"],
        cwd=Path(__file__).parent.parent.parent,
        env={**os.environ, "FUZZ_MUTANTS": "300", "FUZZ_SECONDS": "60"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "300 mutants" in done.stdout
