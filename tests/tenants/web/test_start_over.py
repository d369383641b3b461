"""A forgotten PIN: an administrator starts the person over; and consent to new certificates after a revocation."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError

from mail.letter import Letter
from mail.models import Draft, Message
from mail.services.drafts import save_draft
from pki.crl import Reason
from tenants import clock, due_work
from tenants.keystore.custody import make_pair, store_pair
from tenants.keystore.tenant_keys import tenant_key
from tenants.models import Certificate, CustodyKey, Enrolment, MailKey, Person, Revocation, UnlockedKey
from tenants.models.certificates import EnrolmentState
from tenants.models.custody import KeyKind
from tenants.scoping import tenant_scope
from tenants.services.enrol import ask_again
from tenants.services.revoke import revoke
from tenants.services.start_over import start_over
from tenants.services.unlock import NotEnrolled, unlock
from tests.browsing import browser, words
from tests.cast import PIN, Cast, Member, work
from tests.mail.letters import deliver

NEW_PIN = "739164"


def page_of(member: Member, end: str = "") -> str:
    return f"/admin/people/{member.actor.person_id}/{end}"


def newest(member: Member) -> Message:
    with tenant_scope(member.actor.tenant_id):
        return Message.objects.of(member.actor.person_id).newest_first("inbox").first()


def enrol_anew(member: Member) -> None:
    """As the person does it: with a new PIN on the enrolment page."""
    client = browser(member)
    assert client.get("/")["Location"] == "/enrol/"
    client.post("/enrol/", {"pin": NEW_PIN, "pin_again": NEW_PIN})
    work()
    opened = unlock(member.actor, NEW_PIN, clock.now())
    assert not isinstance(opened, NotEnrolled)
    member.custody = opened  # type: ignore[assignment]


def test_the_page_says_what_it_costs_before_anything_happens(cast: Cast) -> None:
    olga = browser(cast.olga)
    assert page_of(cast.alice, "start-over/") in olga.get(page_of(cast.alice)).content.decode()
    shown = words(olga.get(page_of(cast.alice, "start-over/")))
    assert "2 certificates are revoked" in shown
    assert "Old encrypted letters stay shut" in shown
    with tenant_scope(cast.alice.actor.tenant_id):
        assert not Revocation.objects.filter(certificate__person_id=cast.alice.actor.person_id).exists()


def test_starting_over_revokes_and_retires_and_destroys_nothing(cast: Cast) -> None:
    browser(cast.alice, unlocked=True)
    with tenant_scope(cast.alice.actor.tenant_id):
        before = [bytes(row.sealed) for row in MailKey.objects.order_by("id")]
    response = browser(cast.olga).post(page_of(cast.alice, "start-over/"))
    assert (response.status_code, response["Location"]) == (303, page_of(cast.alice))
    with tenant_scope(cast.alice.actor.tenant_id):
        mine = Certificate.objects.filter(person_id=cast.alice.actor.person_id)
        assert {row.revocation.reason for row in mine.select_related("revocation")} == {"superseded"}
        (pair,) = CustodyKey.objects.filter(person_id=cast.alice.actor.person_id)
        assert pair.retired_at is not None
        assert [bytes(row.sealed) for row in MailKey.objects.order_by("id")] == before
        assert not UnlockedKey.objects.filter(person_id=cast.alice.actor.person_id).exists()
    assert isinstance(unlock(cast.alice.actor, PIN, clock.now()), NotEnrolled)


def test_an_old_letter_says_that_its_key_is_gone_and_a_new_one_opens(cast: Cast) -> None:
    deliver(cast.bob, cast.alice, subject="From before", text="Before.")
    old = newest(cast.alice)
    page = browser(cast.alice, unlocked=True)
    assert page.get(f"/mail/{old.id}/").status_code == 200
    start_over(cast.olga.actor, cast.alice.actor.person_id, clock.now())
    work()
    enrol_anew(cast.alice)
    page = browser(cast.alice)
    page.post("/unlock/", {"pin": NEW_PIN, "next": "/"})
    shown = page.get(f"/mail/{old.id}/")
    assert shown.status_code == 200
    assert "Encrypted to a key you no longer open" in words(shown)
    assert page.get("/mail/").status_code == 200
    deliver(cast.bob, cast.alice, subject="From after", text="After.")
    fresh = page.get(f"/mail/{newest(cast.alice).id}/")
    assert "From after" in words(fresh)
    assert "Encrypted to you" in words(fresh)


def test_old_drafts_and_sent_letters_are_kept_shut_without_a_crash(cast: Cast) -> None:
    draft = save_draft(cast.alice.actor, Letter(to="x@example.org", subject="Old"), None, clock.now())
    sent = deliver(cast.alice, cast.bob, subject="Sent before")
    start_over(cast.olga.actor, cast.alice.actor.person_id, clock.now())
    work()
    enrol_anew(cast.alice)
    page = browser(cast.alice)
    page.post("/unlock/", {"pin": NEW_PIN, "next": "/"})
    assert "cannot be opened" in words(page.get("/mail/drafts/"))
    assert page.get(f"/mail/drafts/{draft.id}/")["Location"] == "/mail/drafts/"
    assert "sealed with your earlier PIN" in words(page.get("/mail/drafts/"))
    assert page.get("/mail/sent/").status_code == 200
    assert page.get(f"/mail/sent/{sent.id}/").status_code == 200
    with tenant_scope(cast.alice.actor.tenant_id):
        assert Draft.objects.filter(id=draft.id).exists()


def test_keys_that_do_not_open_are_shown_and_never_offered_for_export(cast: Cast) -> None:
    old = cast.alice.certificate(to_sign=False)
    start_over(cast.olga.actor, cast.alice.actor.person_id, clock.now())
    work()
    page = browser(cast.alice)
    assert "sealed with an earlier PIN" in words(page.get("/certificates/"))
    assert page.get("/certificates/export/")["Location"] == "/enrol/"
    enrol_anew(cast.alice)
    page.post("/unlock/", {"pin": NEW_PIN, "next": "/"})
    choices = page.get("/certificates/export/").content.decode()
    assert bytes(old.sha256).hex() not in choices
    assert bytes(cast.alice.certificate(to_sign=False).sha256).hex() in choices


def test_others_encrypt_to_the_new_certificate_only(cast: Cast) -> None:
    start_over(cast.olga.actor, cast.alice.actor.person_id, clock.now())
    work()
    enrol_anew(cast.alice)
    deliver(cast.bob, cast.alice)
    page = browser(cast.alice)
    page.post("/unlock/", {"pin": NEW_PIN, "next": "/"})
    assert "Encrypted to you" in words(page.get(f"/mail/{newest(cast.alice).id}/"))


def test_an_order_that_waits_is_withdrawn(cast: Cast) -> None:
    with tenant_scope(cast.alice.actor.tenant_id):
        certificate = Certificate.objects.filter(person_id=cast.alice.actor.person_id).signing().get()
    revoke(cast.olga.actor, certificate.id, Reason.SUPERSEDED, clock.now())
    ask_again(cast.alice.actor, clock.now())
    start_over(cast.olga.actor, cast.alice.actor.person_id, clock.now())
    due_work.drain()
    with tenant_scope(cast.alice.actor.tenant_id):
        mine = Enrolment.objects.filter(person_id=cast.alice.actor.person_id)
        assert not mine.filter(state=EnrolmentState.WAITING).exists()
        issued = Certificate.objects.filter(person_id=cast.alice.actor.person_id)
        assert issued.current(clock.now()).count() == 0


def test_whoever_has_no_pin_has_nothing_to_start_over(cast: Cast) -> None:
    newt, olga = cast.contoso.add("Newt Newman", ready=False), browser(cast.olga)
    assert "Start over" not in words(olga.get(page_of(newt)))
    assert olga.get(page_of(newt, "start-over/")).status_code == 404
    olga.post(page_of(newt, "start-over/"))
    assert "has not chosen a PIN yet" in words(olga.get(page_of(newt)))


def test_members_strangers_and_the_absent_start_nobody_over(cast: Cast) -> None:
    for client, path in (
        (browser(cast.alice), page_of(cast.alice, "start-over/")),
        (browser(cast.olga), page_of(cast.bob, "start-over/")),
        (browser(cast.olga), f"/admin/people/{uuid.uuid4()}/start-over/"),
        (browser(cast.olga), page_of(cast.bob, "allow/")),
    ):
        assert client.post(path).status_code == 404
    with tenant_scope(cast.bob.actor.tenant_id):
        assert CustodyKey.objects.current().filter(person_id=cast.bob.actor.person_id).exists()


def test_a_person_has_one_current_pair_whoever_asks(cast: Cast) -> None:
    with tenant_scope(cast.alice.actor.tenant_id):
        person, people_key = Person.objects.get(id=cast.alice.actor.person_id), tenant_key(KeyKind.PEOPLE)
    made, _ = make_pair(person, NEW_PIN, people_key)
    with pytest.raises(IntegrityError), tenant_scope(cast.alice.actor.tenant_id, write=True):
        store_pair(person, made, clock.now())


@pytest.mark.parametrize(
    ("reason", "barred"),
    [
        (Reason.PRIVILEGE_WITHDRAWN, True),
        (Reason.AFFILIATION_CHANGED, True),
        (Reason.CESSATION_OF_OPERATION, True),
        (Reason.KEY_COMPROMISE, False),
        (Reason.SUPERSEDED, False),
    ],
)
def test_some_reasons_ask_for_an_administrators_consent(cast: Cast, reason: Reason, barred: bool) -> None:
    alice, olga = browser(cast.alice), browser(cast.olga)
    revoke(cast.olga.actor, cast.alice.certificate(to_sign=True).id, reason, clock.now())
    work()
    shown = words(alice.get("/enrol/"))
    assert ("without an administrator’s consent" in shown) is barred
    assert ("Your PIN" in shown) is not barred
    alice.post("/enrol/", {"pin": PIN, "again": "1"})
    with tenant_scope(cast.alice.actor.tenant_id):
        asked = Enrolment.objects.filter(person_id=cast.alice.actor.person_id, state="waiting").exists()
    assert asked is not barred
    assert ("Allow new certificates" in words(olga.get(page_of(cast.alice)))) is barred
    if not barred:
        return
    olga.post(page_of(cast.alice, "allow/"))
    assert "can ask for new certificates now" in words(olga.get(page_of(cast.alice)))
    alice.post("/enrol/", {"pin": PIN})
    work()
    assert "You can sign and encrypt" in words(alice.get("/enrol/"))


def test_consent_holds_until_the_next_such_revocation(cast: Cast) -> None:
    client, olga = browser(cast.alice), browser(cast.olga)
    revoke(cast.olga.actor, cast.alice.certificate(to_sign=True).id, Reason.PRIVILEGE_WITHDRAWN, clock.now())
    olga.post(page_of(cast.alice, "allow/"))
    client.post("/enrol/", {"pin": PIN})
    work()
    with clock.moved(timedelta(minutes=1)):
        again = cast.alice.certificate(to_sign=True).id
        revoke(cast.olga.actor, again, Reason.AFFILIATION_CHANGED, clock.now())
        assert "without an administrator’s consent" in words(browser(cast.alice).get("/enrol/"))


def test_on_the_persons_page_signing_stands_before_encryption(cast: Cast) -> None:
    shown = words(browser(cast.olga).get(page_of(cast.alice))).partition("In use")[2]
    assert shown.index("Signing") < shown.index("Encryption")


def test_the_pause_promises_only_what_the_administrator_can_do(cast: Cast) -> None:
    client = browser(cast.alice)
    for _ in range(5):
        client.post("/unlock/", {"pin": "999999"})
    shown = words(client.get("/unlock/"))
    assert "start you over with new keys" in shown
    assert "new sign-in link" in shown
    assert "change your password" not in shown
