"""A forest's own domains: no foreign root may be believed for them, and none is heard if it were."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pki import path
from pki.path import Failure
from tenants import clock
from tenants.models import MailDomain
from tenants.refusals import Refused
from tenants.scoping import tenant_scope
from tenants.services import trust_root
from tenants.services.assemble_trust import assemble_trust
from tests.cast import Cast, found
from tests.tenants.rogue import RogueRoot


def refusal(cast: Cast, *domains: str) -> str:
    with pytest.raises(Refused) as refused:
        trust_root.check_domains(cast.olga.actor, domains)
    return refused.value.finding.code


def judged(cast: Cast, root: RogueRoot, address: str, *, relied: str) -> Failure:
    """The failure of a certificate for `address` under a root that Contoso believes for `relied`."""
    trust_root.trust_root(cast.olga.actor, root.certificate, [relied], clock.now())
    with tenant_scope(cast.contoso.tenant):
        trust = assemble_trust()
    return path.validate(
        leaf=root.person(address), trust=trust, at=clock.now() + timedelta(minutes=1), address=address
    ).failure


def test_an_entry_that_touches_an_own_domain_is_refused_in_every_spelling(cast: Cast) -> None:
    own = cast.contoso.domain
    for entry in (own, own.upper(), f"{own}.", f".{own}", f"sub.{own}", f".sub.{own}", f"a.b.{own}"):
        assert refusal(cast, entry) == "own-domain", entry
        assert refusal(cast, "partner.example", entry) == "own-domain", entry


def test_an_entry_above_an_own_domain_is_refused(cast: Cast) -> None:
    forest = found(domain=f"mail.{cast.northwind.domain}")
    actor = forest.administrator.actor
    with pytest.raises(Refused, match="own organisation"):
        trust_root.check_domains(actor, [f".{cast.northwind.domain}"])
    assert trust_root.check_domains(actor, [cast.northwind.domain]) == [cast.northwind.domain]


def test_a_single_label_is_no_mail_domain_to_believe_a_root_for(cast: Cast) -> None:
    for entry in ("com", ".com", "example.", ".localhost"):
        assert refusal(cast, entry) == "domain-too-wide", entry


def test_everything_else_passes(cast: Cast) -> None:
    wanted = [cast.northwind.domain, f".{cast.northwind.domain}", f"not{cast.contoso.domain}", ".co.uk"]
    assert trust_root.check_domains(cast.olga.actor, wanted) == wanted


def test_without_the_first_wall_the_second_holds(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trust_root, "check_domains", lambda _actor, domains: list(domains))
    own, root = cast.contoso.domain, RogueRoot()
    for relied, address in (
        (own, f"olga@{own}"),
        (".example", f"olga@{own}"),
        (f".{own}", f"olga@mail.{own}"),
    ):
        assert judged(cast, root, address, relied=relied) is Failure.UNTRUSTED, relied
    # The same root for a domain of its own is heard: only lists are missing.
    assert judged(cast, root, "otto@other.test", relied="other.test") is Failure.REVOCATION_UNKNOWN


def test_a_domain_that_is_added_later_is_protected_at_once(cast: Cast) -> None:
    root, later = RogueRoot(), f"later-{cast.contoso.domain}"
    assert judged(cast, root, f"lea@{later}", relied=later) is Failure.REVOCATION_UNKNOWN
    MailDomain.objects.create(tenant=cast.contoso.tenant, name=later)
    with tenant_scope(cast.contoso.tenant):
        trust = assemble_trust()
    result = path.validate(
        leaf=root.person(f"lea@{later}"), trust=trust, at=clock.now() + timedelta(minutes=1)
    )
    assert result.failure is Failure.UNTRUSTED
