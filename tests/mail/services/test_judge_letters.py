"""Letters that need no key are judged before anybody opens them, and again after a decision about trust."""

from __future__ import annotations

from mail.models import Message
from mail.services.judge_letters import judge_letter
from tenants import clock
from tenants.scoping import tenant_scope
from tenants.services.trust_root import distrust_root
from tests.browsing import browser, words
from tests.cast import Cast, Member, work
from tests.mail.letters import deliver, plain_letter, put, taken
from tests.mail.web.test_inbox import line_of


def newest(member: Member) -> Message:
    with tenant_scope(member.actor.tenant_id):
        return Message.objects.of(member.actor.person_id).newest_first("inbox").first()


def forged(reader: Member) -> Message:
    """The newest letter with one word changed after signing, put into the inbox once more."""
    return put(reader, taken(reader).replace(b"clause 4", b"clause 9"))


def test_a_forged_letter_keeps_its_red_mark_whatever_is_decided_about_trust(cast: Cast) -> None:
    deliver(cast.bob, cast.alice, encrypt=False)
    bad, client = forged(cast.alice), browser(cast.alice)
    client.get(f"/mail/{bad.id}/")
    assert "Signature broken" in line_of(client, bad)
    cast.contoso.trust(cast.northwind)
    assert "Signature broken" in line_of(client, bad)


def test_a_red_mark_stands_in_the_list_before_the_letter_is_opened(cast: Cast) -> None:
    deliver(cast.bob, cast.alice, encrypt=False)
    bad = forged(cast.alice)
    work()
    shown = newest(cast.alice)
    assert (shown.id, shown.seal, shown.seen_at) == (bad.id, "SIG_BAD", None)
    assert "Signature broken" in line_of(browser(cast.alice), bad)


def test_a_letter_that_arrives_is_judged_and_stays_unread(cast: Cast) -> None:
    deliver(cast.bob, cast.alice, encrypt=False)
    row = newest(cast.alice)
    assert (row.seal, row.encryption, row.seen_at) == ("SIG_OK", "NONE", None)
    assert "1 unread" in words(browser(cast.alice).get("/mail/"))


def test_an_encrypted_letter_waits_for_its_reader(cast: Cast) -> None:
    deliver(cast.bob, cast.alice)
    row = newest(cast.alice)
    assert (row.seal, row.judged_at) == ("", None)


def test_a_letter_is_judged_again_when_a_root_is_trusted_and_when_it_is_distrusted(cast: Cast) -> None:
    deliver(cast.charlie, cast.alice, encrypt=False)
    assert newest(cast.alice).seal == "SIG_UNTRUSTED"
    root = cast.contoso.trust(cast.northwind)
    assert newest(cast.alice).seal == "SIG_OK"
    assert "Signed" in line_of(browser(cast.alice), newest(cast.alice))
    distrust_root(cast.olga.actor, root.id, clock.now())
    work()
    assert newest(cast.alice).seal == "SIG_UNTRUSTED"
    assert newest(cast.alice).seen_at is None


def test_judging_twice_judges_once_and_another_forest_not_at_all(cast: Cast) -> None:
    elsewhere, letter = cast.fabrikam.tenant.id, put(cast.alice, plain_letter())
    judge_letter(elsewhere, letter.id)
    assert newest(cast.alice).judged_at is None
    judge_letter(cast.contoso.tenant.id, letter.id)
    first = newest(cast.alice).judged_at
    judge_letter(cast.contoso.tenant.id, letter.id)
    assert newest(cast.alice).judged_at == first is not None
