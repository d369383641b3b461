"""Drafts: sealed at rest, saved without a PIN, opened with one."""

from __future__ import annotations

import uuid

from mail.models import Draft, Message
from tenants.scoping import tenant_scope
from tests.browsing import browser, words
from tests.cast import Cast, Member
from tests.mail.composer import carried, press, switched, typed
from tests.mail.letters import deliver

TYPED = {
    "to": "bob@fabrikam.example",
    "subject": "Half a thought",
    "text": "To be continued",
    "encrypt": "on",
}


def draft_of(member: Member) -> Draft:
    with tenant_scope(member.actor.tenant_id):
        return Draft.objects.get(person_id=member.actor.person_id)


def test_a_letter_being_written_is_kept_sealed_without_a_pin(cast: Cast) -> None:
    client = browser(cast.alice)
    saved = client.post("/mail/drafts/save/", {**TYPED, "letter": "a" * 32})
    answer = saved.json()
    assert saved.status_code == 200
    assert answer["url"] == f"/mail/drafts/{answer['id']}/"
    assert b"thought" not in bytes(draft_of(cast.alice).sealed)
    again = client.post("/mail/drafts/save/", {**TYPED, "subject": "A thought", "draft": answer["id"]}).json()
    assert again["id"] == answer["id"] == str(draft_of(cast.alice).id)


def test_nothing_typed_is_nothing_kept(cast: Cast) -> None:
    answer = browser(cast.alice).post("/mail/drafts/save/", {"letter": "a" * 32})
    assert (answer.status_code, answer.json()) == (409, {"error": "There is nothing to keep yet."})


def test_a_draft_that_was_sent_or_discarded_is_not_brought_back(cast: Cast) -> None:
    client = browser(cast.alice)
    saved = client.post("/mail/drafts/save/", TYPED).json()
    assert client.post(f"{saved['url']}discard/").status_code == 303
    gone = client.post("/mail/drafts/save/", {**TYPED, "draft": saved["id"]})
    assert gone.status_code == 409
    assert "sent or discarded already" in gone.json()["error"]
    page = press(client, "save", **TYPED, draft=saved["id"])
    assert "sent or discarded already" in words(page)
    assert typed(page)["text"] == "To be continued"


def test_the_list_names_drafts_only_with_the_key(cast: Cast) -> None:
    locked, unlocked = browser(cast.alice), browser(cast.alice, unlocked=True)
    locked.post("/mail/drafts/save/", TYPED)
    shown = words(locked.get("/mail/drafts/"))
    assert "Sealed draft" in shown
    assert "Half a thought" not in shown
    assert "Unlock your key to read your drafts" in shown
    shown = words(unlocked.get("/mail/drafts/"))
    assert "to bob@fabrikam.example" in shown
    assert "Half a thought" in shown


def test_a_draft_opens_as_it_was_left(cast: Cast) -> None:
    client = browser(cast.alice, unlocked=True)
    url = client.post("/mail/drafts/save/", TYPED).json()["url"]
    page = client.get(url)
    assert typed(page) == {
        "to": TYPED["to"],
        "cc": "",
        "bcc": "",
        "subject": TYPED["subject"],
        "text": TYPED["text"],
    }
    assert switched(page, "encrypt")
    assert not switched(page, "sign")
    kept = press(client, "close", page, url, **TYPED | {"subject": "Three quarters"})
    assert kept["Location"] == "/mail/"
    assert typed(client.get(url))["subject"] == "Three quarters"


def test_a_draft_sent_twice_is_one_letter_and_no_error(cast: Cast) -> None:
    client = browser(cast.alice, unlocked=True)
    fields = TYPED | {"to": cast.bob.address, "sign": "on"}
    url = client.post("/mail/drafts/save/", fields).json()["url"]
    page = client.get(url)
    answers = [press(client, "send", page, url, **fields) for _ in range(2)]
    assert [answer["Location"] for answer in answers] == ["/mail/", "/mail/"]
    with tenant_scope(cast.contoso.tenant):
        assert Message.objects.of(cast.alice.actor.person_id).filter(folder="sent").count() == 1


def test_back_after_send_leads_to_the_sent_letter(cast: Cast) -> None:
    client = browser(cast.alice, unlocked=True)
    fields = TYPED | {"to": cast.bob.address, "sign": "on"}
    url = client.post("/mail/drafts/save/", fields).json()["url"]
    press(client, "send", client.get(url), url, **fields)
    back = client.get(url)
    assert back["Location"] == url.replace("drafts", "sent")
    assert "This letter was sent." in words(client.get(back["Location"]))
    assert browser(cast.olga).get(url).status_code == 404


def test_opening_a_draft_needs_the_key(cast: Cast) -> None:
    client = browser(cast.alice)
    url = client.post("/mail/drafts/save/", TYPED).json()["url"]
    assert client.get(url)["Location"] == f"/unlock/?next={url.replace('/', '%2F')}"


def test_drafts_of_others_are_not_found(cast: Cast) -> None:
    url = browser(cast.alice).post("/mail/drafts/save/", TYPED).json()["url"]
    for member in (cast.olga, cast.bob):
        client = browser(member)
        assert client.get(url).status_code == 404
        assert client.post(url, {**TYPED, "action": "save"}).status_code == 404
        assert client.post(f"{url}discard/").status_code == 404
    assert browser(cast.alice).get(f"/mail/drafts/{uuid.uuid4()}/").status_code == 404
    assert draft_of(cast.alice)


def test_an_id_that_is_nobodys_or_somebody_elses_leads_to_a_letter_of_its_own(cast: Cast) -> None:
    """Whatever a form states as its draft: foreign and absent look alike, and neither can be occupied."""
    deliver(cast.bob, cast.alice)
    deliver(cast.alice, cast.alice)
    client = browser(cast.alice, unlocked=True)
    strangers = [draft_id(cast.bob), message_id(cast.bob, "sent")]
    for stated in (*strangers, message_id(cast.alice, "inbox"), str(uuid.uuid4())):
        fields = TYPED | {"to": cast.alice.address, "sign": "on", "draft": stated, "letter": "a" * 32}
        before = sent_by(cast.alice)
        assert client.post("/mail/drafts/save/", fields).status_code == 409
        for _ in range(2):  # pressed twice, it is still one letter
            sent = client.post("/mail/compose/", fields | {"action": "send"})
            assert (sent.status_code, sent["Location"]) == (303, "/mail/")
        (new,) = sent_by(cast.alice) - before
        assert str(new) != stated


def test_nobody_can_stand_in_the_way_of_the_letter_that_a_draft_becomes(cast: Cast) -> None:
    mine = draft_id(cast.bob)
    fields = TYPED | {"to": cast.alice.address, "sign": "on", "draft": mine, "action": "send"}
    hana = cast.fabrikam.add("Hana Holm")
    for stranger in (cast.alice, hana):
        assert browser(stranger, unlocked=True).post("/mail/compose/", fields).status_code == 303
    sent = browser(cast.bob, unlocked=True).post(f"/mail/drafts/{mine}/", fields)
    assert sent.status_code == 303
    assert sent_by(cast.bob) == {uuid.UUID(mine)}


def test_a_letter_whose_id_is_taken_is_sent_under_another(cast: Cast) -> None:
    from mail.letter import Letter
    from mail.services.plan import plan
    from mail.services.send import send
    from tenants import clock

    deliver(cast.bob, cast.alice)
    taken = uuid.UUID(message_id(cast.alice, "inbox"))
    letter = Letter(to=cast.alice.address, text="x")
    judged = plan(cast.bob.actor, letter.recipients(), clock.now())
    sent = send(cast.bob.actor, letter, judged, cast.bob.custody, clock.now(), letter_id=taken)
    assert sent.id != taken
    assert sent.id in sent_by(cast.bob)


def draft_id(member: Member) -> str:
    return str(browser(member).post("/mail/drafts/save/", TYPED).json()["id"])


def message_id(member: Member, folder: str) -> str:
    with tenant_scope(member.actor.tenant_id):
        return str(Message.objects.of(member.actor.person_id).newest_first(folder).first().id)


def sent_by(member: Member) -> set[uuid.UUID]:
    with tenant_scope(member.actor.tenant_id):
        mine = Message.objects.of(member.actor.person_id).filter(folder="sent")
        return set(mine.values_list("id", flat=True))


def test_another_letter_of_the_forest_cannot_be_claimed_as_the_answered_one(cast: Cast) -> None:
    from tests.mail.letters import plain_letter, put

    foreign = put(cast.alice, plain_letter())
    hana = cast.contoso.add("Hana Holm")
    browser(hana).post("/mail/drafts/save/", {**TYPED, "in_reply_to": str(foreign.id), "relation": "reply"})
    assert draft_of(hana).in_reply_to_id is None


def test_the_pin_is_no_part_of_a_draft(cast: Cast) -> None:
    client = browser(cast.alice, unlocked=True)
    page = press(client, "save", **TYPED, pin="482913")
    assert "482913" not in page.content.decode()
    assert carried(page)["draft"] == str(draft_of(cast.alice).id)
