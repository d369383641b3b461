"""The process that opens large letters for another one: jobs on its input, reports on its output.

Started by `smime.guard` as `python -m smime.opener`, never by hand. It limits itself before it reads anything, holds
keys for one job only, and ends with its input. A letter costs it its life rather than more than its share.
"""

from __future__ import annotations

import gc
import os
import resource
import sys
import warnings
from typing import IO

from pki.crl import Crl
from pki.keys import from_pkcs8
from pki.trust import Trust

from . import wire
from .decrypt import DecryptionKey
from .open import open_message
from .report import SecurityReport

DONE, OUT_OF_MEMORY = b"done", b"memory"
EXIT_OUT_OF_MEMORY = 3
_OCTETS_PER_LIST_OCTET = 8  # a list with its index


def serve(jobs: IO[bytes], answers: IO[bytes], *, memory: int, seconds: int) -> None:
    """Works until the other side is gone. `memory` octets of address space and `seconds` of CPU for each job."""
    lists: dict[bytes, Crl] = {}
    while True:
        try:
            job = wire.load(wire.read_frame(jobs))
        except wire.BrokenWire:
            return
        if not isinstance(job, wire.Job):
            return
        _limit(memory + job.octets_of_lists * _OCTETS_PER_LIST_OCTET, seconds)
        # only what this job needs is kept: the other side counts on it
        lists = {
            digest: lists[digest] if digest in lists else Crl.parse(wire.read_frame(jobs))
            for digest in job.lists
        }
        letter = wire.read_frame(jobs)
        _answer(answers, job, letter, lists)
        del job, letter
        gc.collect()


def _limit(memory: int, seconds: int) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (memory, most))
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + 1 + seconds, most))


def _answer(answers: IO[bytes], job: wire.Job, letter: bytes, lists: dict[bytes, Crl]) -> None:
    report = _open(job, letter, lists)
    if _ran_out_of_memory(report):
        wire.write_frame(answers, OUT_OF_MEMORY)
        answers.flush()
        raise MemoryError
    encoded, spools = wire.dump(report, letter=letter, lists=lists.values())
    wire.write_frame(answers, DONE)
    wire.write_frame(answers, len(spools).to_bytes(2, "big"))
    wire.write_frame(answers, encoded)
    for spool in spools:
        wire.write_frame(answers, spool)
    answers.flush()


def _open(job: wire.Job, letter: bytes, lists: dict[bytes, Crl]) -> SecurityReport:
    return open_message(
        letter,
        keys=[DecryptionKey(from_pkcs8(der, verified=True), certificate) for der, certificate in job.keys],
        locked=job.locked,
        trust=Trust(job.anchors, job.intermediates, tuple(lists.values()), job.unreachable),
        at=job.at,
        now=job.now,
        revocation="ignored" if job.revocation == "ignored" else "required",
        reader=job.reader,
    )


def _ran_out_of_memory(report: SecurityReport) -> bool:
    return any(("fault", MemoryError.__name__) in finding.evidence for finding in report.findings)


def main() -> int:
    """Arguments: octets of address space, seconds of CPU for each job, octets of the largest file."""
    memory, seconds, largest_file = map(int, sys.argv[1:4])
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # keys would be in it
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
    warnings.simplefilter("ignore")
    with (
        os.fdopen(os.dup(0), "rb") as jobs,
        os.fdopen(os.dup(1), "wb") as answers,
        open(os.devnull, "r+b") as nothing,
    ):
        os.dup2(nothing.fileno(), 0)  # whatever else reads or prints does not do it here
        os.dup2(nothing.fileno(), 1)
        try:
            serve(jobs, answers, memory=memory, seconds=seconds)
        except BrokenPipeError:  # nobody listens any more
            os._exit(0)
        except MemoryError:
            os._exit(EXIT_OUT_OF_MEMORY)  # without another allocation
    return 0


if __name__ == "__main__":
    sys.exit(main())
