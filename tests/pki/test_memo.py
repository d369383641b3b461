"""Remembered verdicts: the same as judged anew, until something that they rest on ends or changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from pki import memo
from pki.crl import Crl
from pki.memo import judge_once
from pki.path import Verdict
from pki.revocation import Good
from pki.trust import Trust, TrustAnchor
from tenants import clock
from tests.tenants.outside import Authority, Person

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
AT = clock.now().replace(microsecond=0)


@pytest.fixture(scope="module")
def root() -> Authority:
    return Authority.root("Memo Root")


@pytest.fixture(scope="module")
def pia(root: Authority) -> Person:
    return root.person("pia@memo.example")


def believing(root: Authority, *lists: bytes) -> Trust:
    made = [Crl.parse(one) for one in lists or (root.list(at=AT - HOUR, lasts=12 * HOUR),)]
    return Trust((TrustAnchor(root.certificate, ("memo.example",)),), (), tuple(made))


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    calls: list[Any] = []
    real = memo.validate

    def validate(**arguments: Any) -> Any:
        calls.append(arguments)
        return real(**arguments)

    monkeypatch.setattr(memo, "validate", validate)
    return calls


def ask(pia: Person, trust: Trust, at: Any = AT, **more: Any) -> Any:
    return judge_once(leaf=pia.certificate, trust=trust, at=at, address=pia.address, **more)


def test_a_good_verdict_is_judged_once_until_its_first_list_ends(
    root: Authority, pia: Person, counted: list[Any]
) -> None:
    trust = believing(root)
    for minutes in range(0, 600, 60):
        assert ask(pia, trust, AT + timedelta(minutes=minutes)).verdict is Verdict.GOOD
    assert len(counted) == 1
    assert ask(pia, trust, AT + 11 * HOUR + timedelta(seconds=1)).verdict is Verdict.UNDETERMINED
    assert len(counted) == 2


def test_what_is_asked_otherwise_is_judged_for_itself(
    root: Authority, pia: Person, counted: list[Any]
) -> None:
    trust, paul = believing(root), root.person("paul@memo.example")
    ask(pia, trust)
    ask(paul, trust)
    ask(pia, trust, use="signing")
    ask(pia, trust, purpose="any")
    ask(pia, trust, revocation="ignored")
    ask(pia, trust, offered=[paul.certificate])
    judge_once(leaf=pia.certificate, trust=trust, at=AT)
    ask(pia, trust, AT, now=AT + HOUR)
    assert (
        judge_once(leaf=pia.certificate, trust=trust, at=AT, address="eve@memo.example").verdict
        is Verdict.INVALID
    )
    assert len(counted) == 9


def test_a_new_list_or_decision_empties_it(root: Authority, pia: Person, counted: list[Any]) -> None:
    trust = believing(root)
    ask(pia, trust)
    for other in (replace(trust), replace(trust, anchors=()), replace(trust, crls=())):
        ask(pia, other)
    assert len(counted) == 4


def test_nothing_but_good_is_remembered(root: Authority, pia: Person, counted: list[Any]) -> None:
    trust = believing(Authority.root("Other"), root.list())
    for _ in range(3):
        assert ask(pia, trust).verdict is not Verdict.GOOD
    assert len(counted) == 3


def test_a_list_that_comes_into_force_later_ends_it(root: Authority, pia: Person, counted: list[Any]) -> None:
    root.revoke(pia.certificate, AT - HOUR)
    later = root.list(at=AT + 2 * HOUR)
    root.revoked.clear()
    trust = believing(root, root.list(at=AT - HOUR), later)
    assert ask(pia, trust).verdict is Verdict.GOOD
    assert ask(pia, trust, AT + HOUR).verdict is Verdict.GOOD
    assert len(counted) == 1
    assert ask(pia, trust, AT + 3 * HOUR).verdict is Verdict.INVALID


def test_an_old_letter_turns_stale_when_its_list_ends(
    root: Authority, pia: Person, counted: list[Any]
) -> None:
    trust = believing(root)
    first, second = ask(pia, trust, AT, now=AT + HOUR), ask(pia, trust, AT, now=AT + 2 * HOUR)
    assert first is second
    late = ask(pia, trust, AT, now=AT + 13 * HOUR)
    assert isinstance(late.revocation, Good)
    assert late.revocation.stale
    assert not first.revocation.stale
    assert len(counted) == 2


def test_the_end_of_the_certificate_and_of_the_anchor_end_it(root: Authority, counted: list[Any]) -> None:
    brief = root.person("brief@memo.example", ends=AT + 3 * HOUR)
    trust = believing(root)
    assert ask(brief, trust).verdict is Verdict.GOOD
    assert ask(brief, trust, AT + 4 * HOUR).verdict is Verdict.INVALID
    bounded = replace(trust, anchors=(replace(trust.anchors[0], not_after=AT + HOUR),))
    pam = root.person("pam@memo.example")
    assert ask(pam, bounded).verdict is Verdict.GOOD
    assert ask(pam, bounded, AT + 2 * HOUR).failure == "untrusted"
    assert len(counted) == 4


def test_an_earlier_moment_is_not_answered_by_a_later_one(root: Authority, counted: list[Any]) -> None:
    fresh = root.person("fresh@memo.example", begins=AT)
    trust = believing(root)
    assert ask(fresh, trust, AT + HOUR).verdict is Verdict.GOOD
    assert ask(fresh, trust, AT - timedelta(minutes=30)).verdict is Verdict.INVALID


def test_it_does_not_grow_without_bound(
    root: Authority, pia: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memo, "MOST_REMEMBERED", 3)
    trust = believing(root)
    for minutes in range(10):
        ask(pia, trust, AT, now=AT + timedelta(minutes=minutes + 1), offered=[pia.certificate] * minutes)
    assert len(trust.memo) <= 3
