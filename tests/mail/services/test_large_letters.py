"""Large letters are opened outside the process that serves people, and are read like any other."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from mail.services import read as reading
from mail.services.read import read
from smime.guard import Guard, Limits
from smime.mime import Attachment
from tenants import clock
from tests.browsing import browser, words
from tests.cast import Cast
from tests.mail.letters import deliver
from tests.mail.services.test_judge_letters import newest

FILE = Attachment("plan.bin", "application/octet-stream", os.urandom(3_000_000))


@pytest.fixture
def guard(monkeypatch: pytest.MonkeyPatch) -> Iterator[Guard]:
    """A guard of this test alone, whose child has a few seconds for a letter."""
    one = Guard(Limits(wall_seconds=5))
    monkeypatch.setattr(reading, "GUARD", one)
    yield one
    one.close()


def test_a_large_letter_is_opened_in_a_child_and_its_file_comes_back(cast: Cast, guard: Guard) -> None:
    deliver(cast.bob, cast.alice, attachments=[FILE])
    row = newest(cast.alice)
    opened = read(cast.alice.actor, row.id, cast.alice.custody, clock.now())
    assert guard.child_id is not None
    assert (opened.report.seal, opened.report.encryption) == ("SIG_OK", "ENC_OK")
    (file,) = opened.report.attachments
    assert (file.name, file.size) == ("plan.bin", len(FILE.content))
    client = browser(cast.alice, unlocked=True)
    assert "plan.bin" in words(client.get(f"/mail/{row.id}/"))
    assert client.get(f"/mail/{row.id}/attachment/0/").content == FILE.content


def test_a_child_that_hangs_costs_one_page_that_says_so(cast: Cast, guard: Guard) -> None:
    deliver(cast.bob, cast.alice, attachments=[FILE], encrypt=False)
    client, before = browser(cast.alice), newest(cast.alice)
    assert before.seal == "SIG_OK"
    assert guard.child_id is not None
    os.kill(guard.child_id, signal.SIGSTOP)
    page = words(client.get(f"/mail/{before.id}/"))
    assert "more time than any honest letter needs" in page
    after = newest(cast.alice)
    assert (after.seal, after.judged_at) == (before.seal, before.judged_at)
    assert "more time" not in words(client.get(f"/mail/{before.id}/"))
