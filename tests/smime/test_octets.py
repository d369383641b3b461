"""Long contents: whatever way they are cut, stored and joined, they are the same octets."""

from __future__ import annotations

import gc
import os
import resource
import tempfile
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from smime.octets import BLOCK, IN_MEMORY, Rope, Span, blocks_of, cut, equal_blocks, joined
from smime.spool import SealedSpool, SpoolWriter, spooled

LONG = bytes(range(251)) * 12_000  # three megabytes without a period of two


def stored(content: bytes = LONG) -> SealedSpool:
    writer = SpoolWriter()
    for at in range(0, len(content), 99_991):
        writer.write(content[at : at + 99_991])
    assert len(writer) == len(content)
    spool = writer.finish()
    assert isinstance(spool, SealedSpool)
    return spool


SPOOL = stored()
POSITION = st.integers(0, len(LONG)) | st.integers(0, 22).map(lambda n: n * 131_072)


def test_a_spool_gives_back_what_was_written() -> None:
    assert len(SPOOL) == len(LONG)
    assert bytes(SPOOL) == LONG
    assert SPOOL == LONG
    assert LONG[:-1] != SPOOL


@given(POSITION, POSITION)
def test_a_spool_is_cut_as_bytes_are(start: int, end: int) -> None:
    assert SPOOL[start:end] == LONG[start:end]
    assert b"".join(SPOOL.blocks(min(start, end), end)) == LONG[min(start, end) : end]
    if start < len(LONG):
        assert SPOOL[start] == LONG[start]


@given(POSITION, POSITION, POSITION, POSITION)
def test_a_span_of_a_span_is_cut_as_bytes_are(a: int, b: int, c: int, d: int) -> None:
    (a, b), (c, d) = sorted((a, b)), sorted((c, d))
    c, d = min(c, b - a), min(d, b - a)
    for source in (SPOOL, LONG):
        inner = Span(Span(source, a, b), c, d)
        assert bytes(inner) == LONG[a:b][c:d]
        assert inner[:10] == LONG[a:b][c:d][:10]


def test_positions_outside_are_refused() -> None:
    assert SPOOL[-1] == LONG[-1]
    with pytest.raises(IndexError):
        SPOOL[len(LONG)]
    with pytest.raises(ValueError, match="whole ranges"):
        SPOOL[::2]


def test_what_is_short_stays_in_memory() -> None:
    writer = SpoolWriter()
    writer.write(b"short")
    assert writer.finish() == b"short"
    assert isinstance(cut(LONG, 5, 10), bytes)
    assert isinstance(joined(b"a", b"b"), bytes)
    assert isinstance(cut(LONG, 5, len(LONG)), Span)
    assert cut(LONG, 0, len(LONG)) is LONG


def test_the_file_of_a_spool_has_no_name_and_no_plaintext() -> None:
    def open_files() -> dict[str, str]:
        folder = Path("/proc/self/fd")
        return {
            entry: os.readlink(folder / entry) for entry in os.listdir(folder) if (folder / entry).exists()
        }

    before = set(open_files())
    spool = stored(b"a secret word " * 200_000)
    (number,) = (entry for entry in open_files() if entry not in before)
    assert "(deleted)" in open_files()[number]
    content = Path(f"/proc/self/fd/{number}").read_bytes()
    assert len(content) > len(spool)
    assert b"secret" not in content
    del spool
    gc.collect()
    assert number not in open_files()


def test_an_abandoned_writer_closes_its_file() -> None:
    before = len(os.listdir("/proc/self/fd"))
    writer = SpoolWriter()
    writer.write(LONG)
    assert len(os.listdir("/proc/self/fd")) == before + 1
    del writer
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_changed_or_exchanged_chunk_is_not_given_out() -> None:
    spool = stored()
    first = os.pread(spool._file, 131_072 + 16, 0)
    os.pwrite(spool._file, first, 131_072 + 16)
    assert spool[:5] == LONG[:5]
    with pytest.raises(InvalidTag):
        spool.read(131_072, 131_080)


@given(st.lists(st.binary(max_size=40)), st.integers(1, 16))
def test_equal_blocks_are_the_same_octets(pieces: list[bytes], size: int) -> None:
    blocks = [bytes(block) for block in equal_blocks(Rope(pieces), size)]
    assert b"".join(blocks) == b"".join(pieces)
    assert all(len(block) == size for block in blocks[:-1])
    assert not blocks or 0 < len(blocks[-1]) <= size


def test_a_rope_reads_the_same_twice() -> None:
    rope = Rope([b"ab", Rope([b"", SPOOL, b"c"]), memoryview(b"d")])
    assert len(rope) == len(LONG) + 4
    assert rope.to_bytes() == rope.to_bytes() == b"ab" + LONG + b"cd"
    assert joined(b"x" * IN_MEMORY, b"y") == b"x" * IN_MEMORY + b"y"
    assert spooled(rope)[2:12] == LONG[:10]
    assert b"".join(blocks_of(LONG)) == LONG


def test_contents_are_equal_to_whatever_has_the_same_octets_and_to_nothing_else() -> None:
    rope = Rope([b"ab", b"cd"])
    assert rope == Rope([b"abc", b"d"]) == b"abcd" == rope
    same = rope
    assert rope == same
    assert rope != b"abce"
    assert rope != b"abc"
    assert rope != "abcd"
    assert rope != [b"ab", b"cd"]


@pytest.mark.parametrize("octets", [IN_MEMORY, IN_MEMORY + 1, IN_MEMORY + BLOCK - 1, IN_MEMORY + BLOCK])
def test_contents_of_whole_chunks_come_back_whole(octets: int) -> None:
    found = spooled(Rope([LONG[:octets]]))
    assert isinstance(found, SealedSpool) == (octets > IN_MEMORY)
    assert bytes(found) == LONG[:octets]


def test_a_disk_that_takes_half_a_chunk_is_an_error_and_no_shorter_content() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    writer = SpoolWriter()
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (BLOCK * 3 // 2, hard))
        with pytest.raises(OSError, match="could not be written"):
            writer.write(LONG)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_where_files_without_a_name_are_not_known_the_name_is_taken_away_at_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delattr(os, "O_TMPFILE")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert stored() == LONG
    assert os.listdir(tmp_path) == []
