"""Which templates are open to whom, and the gate that asks again before anything is signed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from pki import profiles
from tenants import clock, due_work
from tenants.models import (
    Certificate,
    Enrolment,
    EnrolmentDecision,
    Generation,
    Person,
    Template,
    TemplateAct,
)
from tenants.models.certificates import EnrolmentState
from tenants.models.templates import Rights, TemplateActKind, Terms
from tenants.refusals import Refused
from tenants.scoping import tenant_scope
from tenants.services.enrol import enrol
from tenants.services.open_templates import Openings, open_templates
from tests.cast import PIN, Cast, Forest, Member, work


def publish(
    forest: Forest, code: str = "signing", *, profile: dict[str, Any] | None = None, **terms: Any
) -> Template:
    """The next version of a template, as if two people had published it."""
    with tenant_scope(forest.tenant, write=True):
        old = Template.objects.newest().get(code=code)
        changed = profiles.Profile.from_data({**old.profile_data, **(profile or {})})
        data = {**Terms.usual(changed).as_data(), **terms}
        return Template.objects.create(
            code=code,
            version=old.version + 1,
            title=old.title,
            profile_data=changed.as_data(),
            terms_data=data,
            published_at=clock.now(),
        )


def withdraw(forest: Forest, template: Template) -> None:
    with tenant_scope(forest.tenant, write=True):
        TemplateAct.objects.create(
            template=template,
            kind=TemplateActKind.WITHDRAWN,
            decided_by_id=forest.administrator.actor.person_id,
            at=clock.now(),
        )


def openings(member: Member) -> Openings:
    with tenant_scope(member.actor.tenant_id):
        return open_templates(Person.objects.get(id=member.actor.person_id), clock.now())


def codes(member: Member) -> set[str]:
    return {template.code for template in openings(member).open}


def why(member: Member, code: str = "signing") -> str:
    with pytest.raises(Refused) as refused:
        openings(member).require(code)
    finding = refused.value.finding
    assert finding.owner == "administrator"
    assert ("Step", "template") in finding.evidence
    assert finding.remedy
    return finding.code


def wish_of(member: Member, code: str) -> Enrolment:
    with tenant_scope(member.actor.tenant_id):
        return Enrolment.objects.select_related("template").get(
            person_id=member.actor.person_id, template__code=code
        )


def test_the_templates_of_a_new_forest_are_open_to_everybody(cast: Cast) -> None:
    assert codes(cast.alice) == codes(cast.olga) == {"signing", "encryption", "dual-use"}


def test_a_template_for_administrators_is_closed_to_members(cast: Cast) -> None:
    assert cast.alice
    publish(cast.contoso, rights="administrators")
    assert "signing" in codes(cast.olga)
    assert why(cast.alice) == "template-for-administrators"


def test_a_template_for_named_people_is_open_to_them_alone(cast: Cast) -> None:
    publish(cast.contoso, rights="named", people=[str(cast.alice.actor.person_id)])
    assert "signing" in codes(cast.alice)
    assert why(cast.olga) == "template-for-named-people"


def test_a_withdrawn_template_is_closed_and_the_version_before_does_not_come_back(cast: Cast) -> None:
    assert cast.alice
    withdraw(cast.contoso, publish(cast.contoso))
    assert why(cast.alice) == "template-withdrawn"


def test_a_template_that_nobody_published_is_named(cast: Cast) -> None:
    assert why(cast.alice, "shared-mailbox") == "no-template"


def test_a_template_that_outlives_the_authority_is_closed_with_both_ends(cast: Cast) -> None:
    alice = cast.alice
    with tenant_scope(cast.contoso.tenant):
        end = Generation.objects.issuing(clock.now()).get().not_after
    with clock.moved(end - clock.now() - timedelta(days=500)):
        assert why(alice, "encryption") == "template-outlives-authority"
        assert why(alice, "signing") == "authority-ends-soon"
        assert codes(alice) == set(), "an authority stops for all when the longest kind would outlive it"
    with clock.moved(end - clock.now() - timedelta(days=732)):
        assert codes(alice) == {"signing", "encryption", "dual-use"}
    with clock.moved(end - clock.now() + timedelta(days=1)):
        assert why(alice) == "template-without-authority"


def test_a_newcomer_is_told_which_template_is_closed(cast: Cast) -> None:
    newcomer = cast.contoso.add("Newt Newman", ready=False)
    publish(cast.contoso, "encryption", rights="administrators")
    with pytest.raises(Refused, match="“Encryption” is open to administrators only"):
        enrol(newcomer.actor, PIN, clock.now())
    with tenant_scope(cast.contoso.tenant):
        assert not Enrolment.objects.filter(person_id=newcomer.actor.person_id).exists()


def test_rights_that_end_while_a_wish_waits_end_the_wish(cast: Cast) -> None:
    newcomer = cast.contoso.add("Newt Newman", ready=False)
    enrol(newcomer.actor, PIN, clock.now())
    publish(cast.contoso, rights="administrators")
    work()
    wish = wish_of(newcomer, "signing")
    assert wish.state == EnrolmentState.REFUSED
    assert "open to administrators only" in wish.refusal
    assert wish_of(newcomer, "encryption").state == EnrolmentState.ISSUED


def test_a_version_superseded_while_a_wish_waits_does_not_issue(cast: Cast) -> None:
    newcomer = cast.contoso.add("Newt Newman", ready=False)
    enrol(newcomer.actor, PIN, clock.now())
    newest = publish(cast.contoso, profile={"validity_days": 30})
    work()
    assert wish_of(newcomer, "signing").template == newest
    issued = newcomer.certificate(to_sign=True)
    assert issued.template_id == newest.id
    assert (issued.not_after - issued.not_before).days == 29


def test_without_approval_nothing_is_signed_and_with_it_once(cast: Cast) -> None:
    publish(cast.contoso, approval=True)
    newcomer = cast.contoso.add("Newt Newman", ready=True)
    wish = wish_of(newcomer, "signing")
    assert (wish.state, wish.serial_number) == (EnrolmentState.WAITING, "")
    with tenant_scope(cast.contoso.tenant, write=True):
        EnrolmentDecision.objects.create(
            enrolment=wish,
            template=wish.template,
            approved=True,
            decided_by_id=cast.olga.actor.person_id,
            at=clock.now(),
        )
        due_work.schedule("issue", cast.contoso.tenant.id, wish.id)
    work()
    assert wish_of(newcomer, "signing").state == EnrolmentState.ISSUED
    with tenant_scope(cast.contoso.tenant):
        assert Certificate.objects.filter(person_id=newcomer.actor.person_id, can_sign=True).count() == 1


def test_an_approval_of_an_older_version_does_not_open_the_newer_one(cast: Cast) -> None:
    older = publish(cast.contoso, approval=True)
    newcomer = cast.contoso.add("Newt Newman", ready=True)
    wish = wish_of(newcomer, "signing")
    with tenant_scope(cast.contoso.tenant, write=True):
        EnrolmentDecision.objects.create(
            enrolment=wish,
            template=older,
            approved=True,
            decided_by_id=cast.olga.actor.person_id,
            at=clock.now(),
        )
    publish(cast.contoso, approval=True, profile={"validity_days": 800})
    with tenant_scope(cast.contoso.tenant, write=True):
        due_work.schedule("issue", cast.contoso.tenant.id, wish.id)
    work()
    assert wish_of(newcomer, "signing").state == EnrolmentState.WAITING


def test_terms_say_who_and_when(cast: Cast) -> None:
    with tenant_scope(cast.contoso.tenant):
        terms = Template.objects.newest().get(code="signing").terms
    assert terms == Terms(Rights.EVERYONE, (), False, 132)
