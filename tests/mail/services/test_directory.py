"""A forest's directory answers only forests that it believes itself, and nobody learns from the answer who is there."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mail.letter import Recipient
from mail.services import plan as planning
from mail.services.plan import State
from tenants import clock, public
from tenants.scoping import tenant_scope
from tenants.services import trust_root
from tenants.services.assemble_trust import assemble_trust
from tests.browsing import browser
from tests.cast import Cast, Forest
from tests.tenants.rogue import RogueRoot


def ask(forest: Forest, address: str) -> dict[str, str]:
    """What the page is told of one recipient, without the address itself."""
    response: Any = browser(forest.administrator).post(
        "/mail/recipients/", {"to": address, "encrypt": "on", "sign": "on"}
    )
    (pill,) = json.loads(response.content)["recipients"]
    return {key: value.replace(address, "…") for key, value in pill.items()}


def everybody(cast: Cast) -> tuple[str, str, str]:
    """With certificates, without, and nobody at all."""
    ready, bare = cast.alice, cast.contoso.add("Newt Newman", ready=False)
    return ready.address, bare.address, f"ghost@{cast.contoso.domain}"


def believe(forest: Forest, root: RogueRoot, domain: str) -> None:
    trust_root.trust_root(forest.administrator.actor, root.certificate, [domain], clock.now())


@pytest.mark.parametrize("whose", ["their own root", "a root made at home"])
def test_trust_on_one_side_opens_no_directory_and_tells_nobody_apart(cast: Cast, whose: str) -> None:
    addresses = everybody(cast)
    if whose == "their own root":
        cast.northwind.trust(cast.contoso)
    else:
        believe(cast.northwind, RogueRoot(), cast.contoso.domain)
    answers = [ask(cast.northwind, address) for address in addresses]
    assert (
        answers
        == [{"field": "to", "address": "…", "name": "", "state": "missing", "reason": "not found"}] * 3
    )


def test_trust_on_both_sides_opens_it(cast: Cast) -> None:
    assert cast.bob
    assert ask(cast.contoso, cast.bob.address) | {"field": ""} == {
        "field": "",
        "address": "…",
        "name": "Bob Berger",
        "state": "ready",
        "reason": "ready",
    }


def test_a_believed_forest_that_believes_another_root_for_us_learns_nothing(cast: Cast) -> None:
    addresses = everybody(cast)
    cast.contoso.trust(cast.northwind)
    believe(cast.northwind, RogueRoot(), cast.contoso.domain)
    answers = [ask(cast.northwind, address) for address in addresses]
    assert answers == [answers[0]] * 3
    assert (answers[0]["name"], answers[0]["reason"]) == ("", "not found")


def test_a_person_without_certificates_has_no_name_for_others(cast: Cast) -> None:
    assert cast.bob
    newt = cast.fabrikam.add("Newt Newman", ready=False)
    assert public.directory_certificates(
        cast.fabrikam.tenant.id, newt.address, asker=cast.contoso.tenant.id, at=clock.now()
    ) == ("", ())


def test_the_publisher_decides_by_the_askers_own_root_and_domain(cast: Cast) -> None:
    def names() -> bool:
        found = public.directory_certificates(
            cast.contoso.tenant.id, cast.alice.address, asker=cast.northwind.tenant.id, at=clock.now()
        )
        return found[0] == "Alice Arden"

    olga, theirs = cast.olga.actor, cast.northwind.root().certificate
    assert not names(), "nothing is believed"
    believe(cast.contoso, RogueRoot(), cast.northwind.domain)
    assert not names(), "a root that is not the asking forest's own"
    row = trust_root.trust_root(olga, theirs, ["partner.test"], clock.now())
    assert not names(), "its root, for somebody else's domain"
    trust_root.trust_root(olga, theirs, [f".{cast.northwind.domain}"], clock.now())
    assert not names(), "its root, for hosts below its domain only"
    trust_root.trust_root(olga, theirs, [cast.northwind.domain], clock.now())
    assert names()
    trust_root.distrust_root(olga, row.id, clock.now())
    assert not names(), "distrusted"


def test_the_name_of_the_directory_is_shown_only_with_a_path_that_holds(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without any list at hand whether a certificate was revoked cannot be determined; that is said, without a name."""
    assert cast.bob
    with tenant_scope(cast.contoso.tenant):
        trust = assemble_trust()
    monkeypatch.setattr(
        planning, "assemble_trust", lambda: type(trust)(trust.anchors, trust.intermediates, ())
    )
    planned = planning.plan(cast.olga.actor, [Recipient("to", "", cast.bob.address)], clock.now())
    (bob,) = planned.recipients
    assert (bob.state, bob.reason, bob.name) == (State.INVALID, "revocation unknown", "")
