"""The line under the lock names the other readers of a letter in words."""

from __future__ import annotations

from mail.web.details import Reader, other_readers

ALICE = Reader("Alice Arden", "7F3A 91C0", you=True)
BOB = Reader("Bob Berger", "B2D8 40EE", you=False)
NOBODY = Reader("not known here", "CN=Somebody, 5C", you=False, known=False)


def test_the_reader_is_left_out() -> None:
    assert other_readers([ALICE, BOB]) == ["Bob Berger"]


def test_keys_of_nobody_known_here_are_counted_instead_of_named() -> None:
    assert other_readers([NOBODY, ALICE, BOB, NOBODY]) == ["Bob Berger", "2 keys unknown here"]
    assert other_readers([ALICE, NOBODY]) == ["1 key unknown here"]
