"""What a decision about trust touches is counted by judged authors, not by what letters claim outside."""

from __future__ import annotations

from mail.services.letter_roots import LetterRoots
from tests.browsing import browser
from tests.cast import Cast
from tests.mail.letters import deliver, outside, put, taken


def test_a_forged_outer_author_is_counted_for_its_signer_once_it_was_judged(cast: Cast) -> None:
    northwind, bob = cast.northwind, cast.bob
    deliver(bob, cast.alice, encrypt=False)
    forged = put(cast.alice, outside(taken(cast.alice), from_=f"Nils Nord <nils@{northwind.domain}>"))
    browser(cast.alice).get(f"/mail/{forged.id}/")
    letters = LetterRoots()
    assert letters.effects(cast.olga.actor, [northwind.domain]).letters == 0
    assert letters.effects(cast.olga.actor, [cast.fabrikam.domain]).letters == 2
