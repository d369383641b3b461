"""The pages of templates: a draft, its changes in words, its samples, and the second person."""

from __future__ import annotations

from typing import Any

import pytest

from pki import second_opinion
from tenants import clock
from tenants.models import Certificate, Enrolment, Template, TemplateAct, TemplateDraft, Tenant
from tenants.models.certificates import EnrolmentState
from tenants.models.people import Role
from tenants.scoping import ScopeError, tenant_scope
from tests.browsing import browser, words
from tests.cast import Cast, Forest, Member, make_ready, work

FORM = {
    "code": "signing", "title": "Signing", "use": "sign", "key_types": ["p-256", "ed25519"], "preferred": "p-256",
    "validity_days": "200", "renewal_days": "60", "name_pattern": "{name}", "rights": "everyone", "people": "",
    "note": "Shorter lives.",
}  # fmt: skip


def newest(forest: Forest, code: str = "signing") -> Template:
    with tenant_scope(forest.tenant):
        found: Template = Template.objects.newest().get(code=code)
    return found


def drafts(forest: Forest) -> list[TemplateDraft]:
    with tenant_scope(forest.tenant):
        return list(TemplateDraft.objects.order_by("code"))


def write(member: Member, forest: Forest, **changes: Any) -> Any:
    code = changes.get("code", "signing")
    address = (
        f"/admin/templates/{newest(forest, code).id}/edit/" if code in KNOWN else "/admin/templates/new/"
    )
    return browser(member).post(address, {**FORM, **changes})


KNOWN = {"signing", "encryption", "dual-use"}


def publish(member: Member, draft: TemplateDraft, fingerprint: str = "") -> Any:
    seen = {"fingerprint": fingerprint or draft.fingerprint}
    return browser(member).post(f"/admin/templates/drafts/{draft.id}/publish/", seen, follow=True)


@pytest.fixture
def dana(cast: Cast) -> Member:
    """A second administrator of Contoso."""
    return cast.contoso.add("Dana Duarte", ready=False, role=Role.ADMINISTRATOR)


def test_the_list_shows_what_the_forest_was_founded_with(cast: Cast) -> None:
    page = words(browser(cast.olga).get("/admin/templates/"))
    assert "Signing sign letters EC P-256, EC P-384, RSA-3072, Ed25519 397 days every member never 1" in page
    assert "Encryption read letters" in page
    assert "You are the only administrator" in page


def test_a_draft_says_in_words_what_it_changes_and_what_linters_say(cast: Cast, dana: Member) -> None:
    answer = write(dana, cast.contoso)
    assert answer.status_code == 303
    page = words(browser(cast.olga).get(answer["Location"]))
    assert "Key types EC P-256, EC P-384, RSA-3072, Ed25519 EC P-256, Ed25519" in page
    assert "Valid 397 days 200 days" in page
    assert "“Shorter lives.”" in page
    assert "rules passed" in page
    if second_opinion.is_installed():
        assert f"and {second_opinion.name()} has nothing against it" in page
    assert "Approve and publish" in page
    assert "Dana Duarte wrote it" in words(browser(cast.olga).get("/admin/templates/"))


def test_the_author_cannot_publish_and_the_second_person_can(cast: Cast, dana: Member) -> None:
    write(dana, cast.contoso)
    (draft,) = drafts(cast.contoso)
    page = words(browser(dana).get(f"/admin/templates/drafts/{draft.id}/"))
    assert "You wrote it, so another administrator has to publish it" in page
    assert "Approve and publish" not in page
    assert "You wrote this draft; another administrator has to publish it" in words(publish(dana, draft))
    assert newest(cast.contoso).version == 1
    assert "Version 2 of “Signing” issues from now on" in words(publish(cast.olga, draft))
    made = newest(cast.contoso)
    assert (made.version, made.profile.validity_days, drafts(cast.contoso)) == (2, 200, [])
    with tenant_scope(cast.contoso.tenant):
        act = TemplateAct.objects.get(template=made)
    assert (act.author_id, act.decided_by_id, act.alone) == (
        dana.actor.person_id,
        cast.olga.actor.person_id,
        False,
    )
    assert [opinion["key_type"] for opinion in act.opinions] == ["p-256", "ed25519"]
    page = words(browser(cast.olga).get(f"/admin/templates/{made.id}/"))
    assert "written by Dana Duarte, published by Olga Orlova" in page
    assert "Valid: 397 days 200 days" in page


def test_the_only_administrator_publishes_alone_and_the_history_says_so(cast: Cast) -> None:
    write(cast.olga, cast.contoso)
    (draft,) = drafts(cast.contoso)
    assert "publish what you wrote" in words(browser(cast.olga).get(f"/admin/templates/drafts/{draft.id}/"))
    publish(cast.olga, draft)
    page = words(browser(cast.olga).get(f"/admin/templates/{newest(cast.contoso).id}/"))
    assert "by Olga Orlova alone, the only administrator then" in page


def test_what_changed_after_it_was_read_is_not_published(cast: Cast, dana: Member) -> None:
    write(dana, cast.contoso)
    (seen,) = drafts(cast.contoso)
    write(dana, cast.contoso, validity_days="825")
    page = words(publish(cast.olga, seen))
    assert "The draft was changed after you opened it; nothing was published" in page
    assert newest(cast.contoso).version == 1


def test_whoever_changes_a_draft_becomes_its_author(cast: Cast, dana: Member) -> None:
    write(dana, cast.contoso)
    write(cast.olga, cast.contoso, validity_days="300")
    (draft,) = drafts(cast.contoso)
    assert draft.author_id == cast.olga.actor.person_id
    assert "another administrator has to publish it" in words(publish(cast.olga, draft))


def test_a_published_version_cannot_be_changed_or_removed(cast: Cast) -> None:
    with tenant_scope(cast.contoso.tenant, write=True):
        row = Template.objects.newest().get(code="signing")
        row.profile_data = {**row.profile_data, "validity_days": 825}
        with pytest.raises(ScopeError, match="append-only"):
            row.save()
        with pytest.raises(ScopeError, match="append-only"):
            Template.objects.filter(id=row.id).update(title="Other")
        with pytest.raises(ScopeError, match="append-only"):
            row.delete()


REFUSED = {
    "escrow of a key that signs": ({"escrow": "on"}, "A key that signs is never kept for recovery"),
    "too long": ({"validity_days": "826"}, "more than 825 days"),
    "too long for private": ({"validity_days": "3651", "private": "on"}, "less than or equal to 3650"),
    "a key that cannot sign": ({"key_types": ["x25519"]}, "Keys of this kind cannot serve this use: x25519"),
    "no key": ({"key_types": []}, "Choose at least one kind of key"),
    "an unknown key": ({"key_types": ["rsa-1024"]}, "not one of the available choices"),
    "a weak key": ({"key_types": ["rsa-2048"]}, "not one of the available choices"),
    "another use": ({"use": "both", "key_types": ["rsa-3072"]}, "cannot change what its keys do"),
    "a name that names nobody": ({"name_pattern": "Director"}, "names nobody"),
    "a name that spells an address": ({"name_pattern": "{name} ceo@bank.example"}, "foreign characters"),
    "an unknown placeholder": ({"name_pattern": "{name} {serial}"}, "foreign characters"),
    "named nobody": ({"rights": "named"}, "Name the people who may enrol"),
    "strangers": ({"rights": "named", "people": "mallory@evil.example"}, "Nobody active in your organisation"),
    "renewed after its end": ({"renewal_days": "200"}, "within their life"),
    "X25519 that is not private": (
        {"code": "encryption", "title": "Encryption", "use": "read", "key_types": ["x25519"]},
        "X25519 is no key type of the S/MIME Baseline Requirements",
    ),
    "a reserved name": ({"code": "issuing", "title": "Sub CA"}, "cannot be the short name of a template"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_draft_outside_the_closed_sets_is_refused_beside_its_field(cast: Cast, case: str) -> None:
    changes, sentence = REFUSED[case]
    answer = write(cast.olga, cast.contoso, **changes)
    assert answer.status_code == 422
    assert sentence in words(answer)
    assert drafts(cast.contoso) == []


def test_what_has_no_field_cannot_be_asked_for(cast: Cast) -> None:
    """Purposes, policies, CA bits, alternative names: a form that states them has stated nothing."""
    write(
        cast.olga, cast.contoso, code="wide", title="Wide", eku="2.5.29.37.0", purposes="clientAuth", ca="true",
        path_length="3", role="issuing", policies="2.23.140.1.5.3.3", subject_alternative_name="ceo@bank.example",
    )  # fmt: skip
    (draft,) = drafts(cast.contoso)
    assert draft.profile.role == "person"
    assert draft.profile.path_length is None
    assert set(draft.profile_data) == {
        "code", "title", "role", "key_types", "validity_days", "signs", "encrypts", "escrow", "path_length",
        "private", "name_pattern",
    }  # fmt: skip


def test_a_template_that_outlives_the_authority_is_not_published(cast: Cast) -> None:
    write(cast.olga, cast.contoso, code="archive", title="Archive", private="on", validity_days="3650")
    (draft,) = drafts(cast.contoso)
    assert "last 3650 days" in words(publish(cast.olga, draft))
    with tenant_scope(cast.contoso.tenant):
        assert not Template.objects.filter(code="archive").exists()


def test_a_draft_that_is_thrown_away_changes_nothing(cast: Cast) -> None:
    write(cast.olga, cast.contoso)
    (draft,) = drafts(cast.contoso)
    page = browser(cast.olga).post(f"/admin/templates/drafts/{draft.id}/discard/", follow=True)
    assert "thrown away" in words(page)
    assert drafts(cast.contoso) == []
    assert newest(cast.contoso).version == 1


def test_a_withdrawn_template_says_who_and_why_and_issues_no_more(cast: Cast) -> None:
    row = newest(cast.contoso, "dual-use")
    olga = browser(cast.olga)
    page = olga.post(f"/admin/templates/{row.id}/withdraw/", {"note": "Nobody needs it."}, follow=True)
    assert "issues no more" in words(page)
    assert "Withdrawn by Olga Orlova" in words(page)
    assert "“Nobody needs it.”" in words(page)
    again = olga.post(f"/admin/templates/{row.id}/withdraw/", {}, follow=True)
    assert "has been withdrawn already" in words(again)


def asking(cast: Cast, dana: Member) -> tuple[Member, Enrolment]:
    """A newcomer who has asked for a certificate of a template that needs an administrator's yes."""
    write(dana, cast.contoso, approval="on")
    publish(cast.olga, drafts(cast.contoso)[0])
    newcomer = cast.contoso.add("Newt Newman")
    with tenant_scope(cast.contoso.tenant):
        wish = Enrolment.objects.get(person_id=newcomer.actor.person_id, state=EnrolmentState.WAITING)
    return newcomer, wish


def can_sign(cast: Cast, member: Member) -> bool:
    with tenant_scope(cast.contoso.tenant):
        mine = Certificate.objects.filter(person_id=member.actor.person_id)
        return mine.signing().exists()


def test_a_certificate_that_needs_a_yes_waits_for_it(cast: Cast, dana: Member) -> None:
    newcomer, wish = asking(cast, dana)
    olga = browser(cast.olga)
    assert "Newt Newman" in words(olga.get("/admin/templates/"))
    assert not can_sign(cast, newcomer)
    page = olga.post(f"/admin/enrolments/{wish.id}/decide/", {"approved": "1"}, follow=True)
    assert "Newt Newman gets the certificate" in words(page)
    again = olga.post(f"/admin/enrolments/{wish.id}/decide/", {"approved": "1"}, follow=True)
    assert "does not wait for a decision any more" in words(again) or can_sign(cast, newcomer)
    work()
    assert can_sign(cast, newcomer)


def test_a_no_ends_the_enrolment_with_a_sentence(cast: Cast, dana: Member) -> None:
    newcomer, wish = asking(cast, dana)
    browser(cast.olga).post(f"/admin/enrolments/{wish.id}/decide/", {"approved": "0"})
    work()
    assert not can_sign(cast, newcomer)
    assert "An administrator did not agree" in words(browser(newcomer).get("/enrol/"))


def test_nobody_agrees_to_their_own_certificate_beside_another_administrator(
    cast: Cast, dana: Member
) -> None:
    asking(cast, dana)
    make_ready(dana)
    with tenant_scope(cast.contoso.tenant):
        wish = Enrolment.objects.get(person_id=dana.actor.person_id, state=EnrolmentState.WAITING)
    page = browser(dana).post(f"/admin/enrolments/{wish.id}/decide/", {"approved": "1"}, follow=True)
    assert "another administrator has to agree" in words(page)
    work()
    assert not can_sign(cast, dana)


def test_only_the_newest_version_issues(cast: Cast) -> None:
    write(cast.olga, cast.contoso, key_types=["p-384"], preferred="p-384", name_pattern="{name} ({forest})")
    publish(cast.olga, drafts(cast.contoso)[0])
    alice = cast.alice.certificate(to_sign=True)
    assert alice.key_description == "EC P-384"
    assert (alice.not_after - alice.not_before).days == 199
    subject = alice.certificate.subject.rfc4514_string()
    assert f"CN=Alice Arden ({cast.contoso.tenant.name})" in subject
    assert clock.now() < alice.not_after


def test_under_the_two_person_rule_the_last_administrator_is_not_told_that_they_may_publish_alone(
    cast: Cast,
) -> None:
    olga = browser(cast.olga)
    alone = "You are the only administrator, so you can publish"
    assert alone in words(olga.get("/admin/templates/"))
    Tenant.objects.filter(id=cast.contoso.tenant.id).update(needs_two_people=True)
    assert alone not in words(olga.get("/admin/templates/"))
