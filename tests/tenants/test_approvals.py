"""The two-person rule: who asks is never who approves, by hash, exactly once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from tenants import clock
from tenants.models import Approval, Tenant
from tenants.models.people import Role
from tenants.refusals import Refused
from tenants.scoping import current_tenant_id, tenant_scope
from tenants.services import approvals
from tenants.services.add_person import add_person, new_link
from tenants.services.approvals import Action, act, approve, decline, set_two_person_rule
from tenants.services.deactivate import deactivate
from tenants.services.publish_template import is_only_administrator
from tenants.services.redeem_link import find_link
from tests.browsing import browser, words
from tests.cast import Cast, Member

done: list[tuple[UUID | None, Any]] = []


@pytest.fixture
def paint() -> Iterator[Action]:
    """An act that leaves a mark in the forest's row, and in done."""

    def prepare(tenant_id: UUID, content: Any, at: object) -> int:
        return int(content["hue"])

    def record(person_id: UUID | None, hue: int, at: object) -> None:
        Tenant.objects.filter(id=current_tenant_id()).update(hue=hue)
        done.append((person_id, hue))

    done.clear()
    yield approvals.register("paint", prepare=prepare, record=record)
    approvals._actions.pop("paint")


def ruled(cast: Cast) -> Member:
    """Contoso with a second administrator and the rule; the second one."""
    second = cast.contoso.add("Sven Second", ready=False, role=Role.ADMINISTRATOR)
    assert set_two_person_rule(cast.olga.actor, on=True, at=clock.now()) is None
    return second


def ask(cast: Cast, action: Action, hue: int = 5) -> Approval:
    actor = cast.olga.actor
    waiting = act(action, actor.tenant_id, actor.person_id, "Paint it.", {"hue": hue}, clock.now())
    assert waiting is not None
    return waiting


def yes(member: Member, waiting: Approval) -> Approval:
    return approve(member.actor, waiting.id, bytes(waiting.sha256), clock.now())


def test_without_the_rule_it_is_done_at_once(cast: Cast, paint: Action) -> None:
    actor = cast.olga.actor
    assert act(paint, actor.tenant_id, actor.person_id, "Paint it.", {"hue": 4}, clock.now()) is None
    assert done == [(actor.person_id, 4)]


def test_with_the_rule_nothing_happens_until_another_one_approves(cast: Cast, paint: Action) -> None:
    second = ruled(cast)
    waiting = ask(cast, paint)
    assert done == []
    with pytest.raises(Refused, match="cannot approve it"):
        yes(cast.olga, waiting)
    assert yes(second, waiting).state == "approved"
    assert done == [(cast.olga.actor.person_id, 5)]
    with pytest.raises(Refused, match="decided already"):
        yes(second, waiting)
    assert len(done) == 1


def test_two_approvals_at_once_do_it_once(cast: Cast, paint: Action) -> None:
    third = cast.contoso.add("Tess Third", ready=False, role=Role.ADMINISTRATOR)  # before the rule
    second = ruled(cast)
    waiting = ask(cast, paint)

    def attempt(member: Member) -> bool:
        try:
            yes(member, waiting)
        except Refused:
            return False
        else:
            return True
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(attempt, [second, third, second, third])) == [False, False, False, True]
    assert len(done) == 1


def test_an_altered_wish_is_not_carried_out(cast: Cast, paint: Action) -> None:
    second = ruled(cast)
    waiting = ask(cast, paint)
    with pytest.raises(Refused, match="not what was shown"):
        approve(second.actor, waiting.id, b"\0" * 32, clock.now())
    with tenant_scope(cast.contoso.tenant, write=True):
        Approval.objects.filter(id=waiting.id).update(content='{"hue":6}')
    with pytest.raises(Refused, match="not what was shown"):
        yes(second, waiting)
    assert done == []


def test_a_refused_and_a_withdrawn_wish_are_over(cast: Cast, paint: Action) -> None:
    second = ruled(cast)
    refused, withdrawn = ask(cast, paint, 2), ask(cast, paint, 3)
    assert decline(second.actor, refused.id, clock.now()).state == "refused"
    assert decline(cast.olga.actor, withdrawn.id, clock.now()).state == "withdrawn"
    for over in (refused, withdrawn):
        with pytest.raises(Refused, match="decided already"):
            yes(second, over)
    assert done == []


def test_the_wish_of_somebody_who_left_is_not_carried_out(cast: Cast, paint: Action) -> None:
    third = cast.contoso.add("Tess Third", ready=False, role=Role.ADMINISTRATOR)  # before the rule
    second = ruled(cast)
    waiting = act(paint, third.actor.tenant_id, third.actor.person_id, "Paint it.", {"hue": 2}, clock.now())
    assert waiting is not None
    deactivate(cast.olga.actor, third.actor.person_id, clock.now(), revoke=True)
    with pytest.raises(Refused, match="active administrator"):
        yes(second, waiting)
    assert done == []


def test_the_same_wish_waits_once(cast: Cast, paint: Action) -> None:
    ruled(cast)
    ask(cast, paint)
    with pytest.raises(Refused, match="asked for already"):
        ask(cast, paint)


def test_the_rule_needs_two_administrators_and_its_end_needs_both(cast: Cast) -> None:
    with pytest.raises(Refused, match="one administrator only"):
        set_two_person_rule(cast.olga.actor, on=True, at=clock.now())
    second = ruled(cast)
    waiting = set_two_person_rule(cast.olga.actor, on=False, at=clock.now())
    assert waiting is not None
    assert Tenant.objects.get(id=cast.contoso.tenant.id).needs_two_people
    yes(second, waiting)
    assert not Tenant.objects.get(id=cast.contoso.tenant.id).needs_two_people


def test_the_page_approves_what_it_showed(cast: Cast, paint: Action) -> None:
    second = ruled(cast)
    waiting = ask(cast, paint)
    asker, approver = browser(cast.olga), browser(second)
    assert "You asked for it, so another administrator has to decide" in words(asker.get("/admin/approvals/"))
    page = approver.get("/admin/approvals/")
    assert "Paint it. " in words(page)
    assert "Asked for by Olga Orlova" in words(page)
    target = f"/admin/approvals/{waiting.id}/approve/"
    assert target.encode() in page.content
    asker.post(target, {"sha256": bytes(waiting.sha256).hex()})
    approver.post(target, {"sha256": "zz"})
    assert done == []
    assert "not what was shown to you" in words(approver.get("/admin/approvals/"))
    approver.post(target, {"sha256": bytes(waiting.sha256).hex()})
    assert "Approved and done: Paint it." in words(approver.get("/admin/approvals/"))
    assert len(done) == 1


def test_under_the_rule_nobody_alone_gets_hold_of_a_second_administrator(cast: Cast) -> None:
    second = ruled(cast)
    at = clock.now()
    with pytest.raises(Refused, match="two-person rule"):
        new_link(cast.olga.actor, second.actor.person_id, at)
    with pytest.raises(Refused, match="two-person rule"):
        add_person(
            cast.olga.actor,
            "Olga Too",
            cast.olga.actor.address.replace("olga", "olga.too", 1),
            Role.ADMINISTRATOR,
            at,
        )
    assert new_link(cast.olga.actor, cast.olga.actor.person_id, at)


def test_under_the_rule_the_last_administrator_is_not_enough_for_templates(cast: Cast) -> None:
    second = ruled(cast)
    with tenant_scope(cast.olga.actor.tenant_id):
        assert not is_only_administrator(cast.olga.actor)
    deactivate(cast.olga.actor, second.actor.person_id, clock.now(), revoke=False)
    with tenant_scope(cast.olga.actor.tenant_id):
        assert not is_only_administrator(cast.olga.actor)


def test_the_operator_makes_the_link_that_nobody_else_may(cast: Cast) -> None:
    out = StringIO()
    call_command("signin_link", cast.olga.address.upper(), stdout=out)
    secret = out.getvalue().rstrip().rstrip("/").rpartition("/")[2]
    assert find_link(secret, clock.now()) is not None
    with pytest.raises(CommandError, match="Nobody signs in with"):
        call_command("signin_link", "nobody@nowhere.example")
