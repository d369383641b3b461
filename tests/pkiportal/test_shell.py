"""The shell costs no query signed out, two signed in, and shows the key's state truly."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.http import HttpRequest
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from mail.models import Draft
from pkiportal.shell import Shell, shell_of
from tenants import clock
from tenants.access import actor_of
from tenants.keystore.unlocking import keep_unlocked
from tenants.models import Account
from tenants.scoping import tenant_scope
from tenants.services.trust_root import ask_to_trust
from tests.cast import Cast, Member


def request_of(member: Member | None, cookie: str = "") -> HttpRequest:
    request = RequestFactory().get("/")
    request.user = AnonymousUser() if member is None else Account.objects.get(address=member.address)
    if cookie:
        request.COOKIES[settings.UNLOCK_COOKIE_NAME] = cookie
    return request


def queries(capture: CaptureQueriesContext) -> list[str]:
    return [query["sql"] for query in capture.captured_queries if query["sql"].startswith("SELECT")]


def test_signed_out_the_shell_is_empty_and_free(cast: Cast) -> None:
    request = request_of(None)
    with CaptureQueriesContext(connection) as capture:
        shell = shell_of(request)
    assert shell == Shell()
    assert queries(capture) == []


def test_signed_in_the_shell_takes_two_queries(cast: Cast) -> None:
    assert cast.alice.custody is not None
    request = request_of(cast.alice, keep_unlocked(cast.alice.custody, clock.now()).cookie)
    actor_of(request)
    with CaptureQueriesContext(connection) as capture:
        shell = shell_of(request)
        again = shell_of(request)
    made = [sql for sql in queries(capture) if "set_config" not in sql]
    assert len(made) == 2, made
    assert again is shell
    assert shell.key is not None
    assert shell.key.open
    assert 890 < shell.key.seconds_left <= 900


def test_the_chip_is_locked_without_the_cookie_and_absent_without_a_key(cast: Cast) -> None:
    newcomer = cast.contoso.add("Newt Newman", ready=False)
    locked = shell_of(request_of(cast.alice)).key
    assert locked is not None
    assert (locked.open, locked.seconds_left) == (False, 0)
    assert shell_of(request_of(newcomer)).key is None


def test_an_unlocked_key_of_somebody_else_opens_nothing(cast: Cast) -> None:
    assert cast.bob.custody is not None
    cookie = keep_unlocked(cast.bob.custody, clock.now()).cookie
    chip = shell_of(request_of(cast.alice, cookie)).key
    assert chip is not None
    assert not chip.open


def test_the_chip_locks_when_its_time_is_over(cast: Cast) -> None:
    assert cast.alice.custody is not None
    cookie = keep_unlocked(cast.alice.custody, clock.now()).cookie
    with clock.moved(timedelta(minutes=15, seconds=1)):
        chip = shell_of(request_of(cast.alice, cookie)).key
    assert chip is not None
    assert not chip.open


def test_drafts_and_wishes_are_counted_for_those_who_can_act_on_them(cast: Cast) -> None:
    alice, olga = cast.alice, cast.olga
    with tenant_scope(alice.actor.tenant_id, write=True):
        for _ in range(2):
            Draft.objects.create(person_id=alice.actor.person_id, sealed=b"x", updated_at=clock.now())
    ask_to_trust(alice.actor, cast.northwind.root().certificate, clock.now())
    assert (shell_of(request_of(alice)).drafts, shell_of(request_of(alice)).requests) == (2, 0)
    assert (shell_of(request_of(olga)).drafts, shell_of(request_of(olga)).requests) == (0, 1)
