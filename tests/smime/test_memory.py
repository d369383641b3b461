"""Letters grow the memory of a process by a small window, not by their size: measured as the benchmark measures it."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from benchmarks import measuring
from benchmarks.people import person, root
from benchmarks.smime_memory import MIB, in_process, save, to_ber
from smime.encrypt import ContentCipher

MOST = 16 * MIB


@pytest.mark.parametrize("form", ["clear", "opaque"])
@pytest.mark.parametrize("cipher", ContentCipher)
def test_a_letter_of_twenty_megabytes_fits_through_a_small_window(
    cipher: ContentCipher, form: str, tmp_path: Path
) -> None:
    people = [person("p-256", "alice"), person("rsa-2048", "bob"), root()]
    (tmp_path / "people").write_bytes(pickle.dumps([save(someone) for someone in people]))
    octets = str(12 * MIB)
    written = in_process("write", str(tmp_path), octets, cipher.value, form)
    assert int(written["octets"]) > 20 * MIB
    assert int(written["growth"]) < MOST
    assert int(in_process("read", str(tmp_path), octets)["growth"]) < MOST
    to_ber(tmp_path)
    assert int(in_process("read", str(tmp_path), octets)["growth"]) < MOST


def test_a_contest_gives_the_median_of_its_rounds_as_times_the_limit() -> None:
    counted: list[str] = []

    def work(name: str, steps: int) -> measuring.Work:
        def run() -> None:
            counted.append(name)
            sum(range(steps))

        return run

    row = measuring.contest(
        "sums",
        {measuring.LIMIT: work("limit", 200_000), measuring.OURS: work("this", 2_000_000), "absent": None},
        rounds=3,
    )
    assert counted == ["limit", "this"] * 4  # in turn, one of them to warm up
    assert row.seconds["absent"] is None
    ratio = row.ratio(measuring.OURS)
    assert ratio is not None
    assert 5 < ratio < 20
