"""A child that opens no letter. What it answers is chosen by the memory that it is allowed."""

from __future__ import annotations

import os
import sys
import time

from smime import opener, wire

OUT_OF_MEMORY, NO_STATE, TOO_MANY_SPOOLS, SILENT, DEAF = 1, 2, 3, 4, 5


def main() -> None:
    lie = int(sys.argv[1])
    jobs, answers = sys.stdin.buffer, sys.stdout.buffer
    if lie == DEAF:
        time.sleep(1)  # the job is under way, longer than a pipe holds
        return
    wire.read_frame(jobs)
    wire.read_frame(jobs)
    if lie == SILENT:
        os.close(1)
        time.sleep(60)
    elif lie == OUT_OF_MEMORY:
        wire.write_frame(answers, opener.OUT_OF_MEMORY)
    else:
        wire.write_frame(answers, b"well" if lie == NO_STATE else opener.DONE)
        wire.write_frame(answers, (17).to_bytes(2, "big"))
    if lie != SILENT:
        answers.flush()


if __name__ == "__main__":
    main()
