"""Wall 5: for members of another forest, what exists and what does not look the same, at every address and method.

Generated from the URL resolver: a new address is covered without an edit here, one without a mark fails. The same probes
made by the owner succeed, so they are not vacuous.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from mail.letter import Letter
from mail.models import Contact, Draft, Message
from mail.services.drafts import save_draft
from mail.services.plan import plan
from mail.services.send import send
from pki.keys import KeyType
from tenants import clock
from tenants.models import Account, Certificate, Generation, Tenant
from tenants.scoping import tenant_scope
from tenants.services.draft_template import Use, Wish
from tenants.services.draft_template import save_draft as save_draft_of_template
from tenants.walls import tenant_owned_models
from tests.cast import Cast, Forest, Member, found, work

METHODS = ("get", "post", "put", "patch", "delete", "head", "options")
TEXTS = {"tab": "details", "form": "cer", "token": "x" * 43}


@dataclass(frozen=True)
class Address:
    """One URL pattern: its name, whole route, parameters, and the access mark of its view."""

    name: str
    pattern: URLPattern
    prefix: str
    access: str

    @property
    def parameters(self) -> tuple[str, ...]:
        return tuple(self.pattern.pattern.converters)  # type: ignore[attr-defined]

    def paths(self, values: dict[str, list[str]]) -> Iterator[str]:
        """The route with every combination of values for its parameters."""
        routes = [self.prefix + str(self.pattern.pattern)]
        for parameter, converter in self.pattern.pattern.converters.items():  # type: ignore[attr-defined]
            marks = [f"<{kind}:{parameter}>" for kind in ("uuid", "str", "int", "hexid")]
            routes = [
                route.replace(mark, value)
                for route in routes
                for mark in marks
                if mark in route
                for value in values[parameter]
            ]
            assert routes, (self.name, parameter, converter)
        yield from ("/" + route for route in routes)


def addresses() -> list[Address]:
    def walk(resolver: URLResolver, prefix: str) -> Iterator[Address]:
        for entry in resolver.url_patterns:
            if isinstance(entry, URLResolver):
                yield from walk(entry, prefix + str(entry.pattern))
            else:
                access = getattr(entry.callback, "access", "")
                yield Address(entry.name or entry.lookup_str, entry, prefix, access)

    return list(walk(get_resolver(), ""))


ALL = addresses()
PRIVATE = [address for address in ALL if address.access != "public"]
WITH_OBJECT = [address for address in PRIVATE if address.parameters]
WITHOUT_OBJECT = [address for address in PRIVATE if not address.parameters]


# Nothing of the kind lies ready in the cast: no open request, no proposal, no attachment.
NOTHING_THERE = {"trust_refuse", "contact_choose", "attachment", "message_certificate", "contact_certificate"}
NOTHING_THERE |= {"approval_approve", "approval_decline", "release"}
# Their probes would end what the others look at; their own tests show that they work.
ENDING = {
    "draft_discard", "deactivate_person", "template_publish", "template_discard", "template_withdraw", "decide_enrolment",
}  # fmt: skip
# A post would end the cast for the probes that follow.
PROBED_WITHOUT_CHANGE = {"revoke", "revoke_all_of_person", "revoke_all_of_generation"}


def title(address: Address) -> str:
    return address.name


@dataclass
class Two:
    """Contoso with something of everything, and the administrator of a forest that has nothing to do with it."""

    contoso: Forest
    alice: Member
    olga: Member
    stranger: Member
    values: dict[str, list[str]]


@pytest.fixture(scope="module")
def two(migrated_database: None, django_db_blocker: Any) -> Iterator[Two]:
    with django_db_blocker.unblock():
        cast = Cast()
        alice, bob = cast.alice, cast.bob
        for sender, receiver in ((bob, alice), (alice, bob)):
            letter = Letter(to=receiver.address, subject="Canary subject", text="Canary text", encrypt=False)
            planned = plan(sender.actor, letter.recipients(), clock.now())
            send(sender.actor, letter, planned, sender.custody, clock.now())
        work()
        save_draft(alice.actor, Letter(subject="Canary draft"), None, clock.now())
        with tenant_scope(cast.contoso.tenant, write=True):
            Contact.objects.create(
                person_id=alice.actor.person_id,
                address="canary@elsewhere.example",
                name="Canary",
                added_at=clock.now(),
            )
        usual = {"use": Use.SIGN, "key_types": (KeyType.P256,), "validity_days": 100}
        save_draft_of_template(
            cast.olga.actor, Wish(code="canary", title="Canary template", **usual), clock.now()
        )
        stranger = found("Tailspin", "Tina Tail").administrator
        yield Two(cast.contoso, alice, cast.contoso.administrator, stranger, values_of(cast.contoso.tenant))


def values_of(tenant: Tenant) -> dict[str, list[str]]:
    """For each parameter, everything of the forest that could be put there."""
    with tenant_scope(tenant):
        ids = [
            str(row_id)
            for model in tenant_owned_models()
            for row_id in model.objects.order_by("id").values_list("id", flat=True)[:2]
        ]
        prints = [bytes(row).hex() for row in Certificate.objects.values_list("sha256", flat=True)]
        prints += [bytes(row).hex() for row in Generation.objects.values_list("sha256", flat=True)]
        messages = [str(row_id) for row_id in Message.objects.values_list("id", flat=True)]
        assert Draft.objects.count() == 1
    return {
        "pk": ids,
        "fp": prints,
        "index": ["0"],
        "message": messages,
        **{k: [v] for k, v in TEXTS.items()},
    }


def signed_in(member: Member | None) -> Client:
    client = Client(raise_request_exception=False)
    if member is not None:
        client.force_login(Account.objects.get(address=member.address))
    return client


def test_every_address_is_marked() -> None:
    assert [
        address.name for address in ALL if address.access not in {"member", "administrator", "public"}
    ] == []


def test_no_private_address_names_a_forest() -> None:
    assert [a.name for a in PRIVATE if "tenant" in a.parameters] == []


@pytest.mark.parametrize("address", PRIVATE, ids=title)
def test_the_signed_out_see_the_door_and_nothing_else(two: Two, address: Address) -> None:
    client = signed_in(None)
    path = next(address.paths({**two.values, "pk": two.values["pk"][:1], "fp": two.values["fp"][:1]}))
    for method in METHODS:
        answer = getattr(client, method)(path)
        at_the_door = answer.status_code == 302 and answer["Location"].startswith("/sign-in/")
        assert at_the_door or answer.status_code in {401, 403, 405}, (method, answer.status_code)


@pytest.mark.parametrize("address", WITH_OBJECT, ids=title)
def test_objects_of_another_forest_do_not_exist_for_its_administrator(two: Two, address: Address) -> None:
    client = signed_in(two.stranger)
    absent = {**two.values, "pk": [str(uuid.uuid4())], "fp": ["ab" * 32]}
    for method in METHODS:
        nothing = [getattr(client, method)(path) for path in address.paths(absent)]
        paths = list(address.paths(two.values))
        for path in paths if method in ("get", "post") else paths[:3]:
            answer = getattr(client, method)(path)
            assert answer.status_code == nothing[0].status_code in {404, 405}, (
                method,
                path,
                answer.status_code,
            )
            if method == "get":
                assert masked(answer) == masked(nothing[0])


def masked(answer: Any) -> bytes:
    """The answer without what differs by chance: nonces and masked tokens."""
    import re

    return re.sub(rb'(nonce|value)="[^"]*"', b"", answer.content)


@pytest.mark.parametrize("address", [a for a in WITH_OBJECT if a.name not in ENDING], ids=title)
def test_the_same_probe_finds_something_for_its_owner(two: Two, address: Address) -> None:
    statuses = set()
    for member in (two.alice, two.olga):
        client = signed_in(member)
        for path in address.paths(two.values):
            for method in ("get", "post") if address.name not in PROBED_WITHOUT_CHANGE else ("get",):
                statuses.add(getattr(client, method)(path).status_code)
    if address.name not in NOTHING_THERE:
        assert statuses - {404, 405, 500}, statuses


@pytest.mark.parametrize("address", WITHOUT_OBJECT, ids=title)
def test_lists_of_one_forest_hold_nothing_of_another(two: Two, address: Address) -> None:
    answer = signed_in(two.stranger).get("/" + address.prefix + str(address.pattern.pattern))
    page = answer.content.decode("utf-8", "replace")
    assert answer.status_code < 500
    for canary in ("Canary", two.contoso.domain, two.alice.actor.name, str(two.contoso.tenant.id)):
        assert canary not in page


@pytest.mark.parametrize("address", [a for a in PRIVATE if a.access == "administrator"], ids=title)
def test_pages_of_administrators_do_not_exist_for_members(two: Two, address: Address) -> None:
    client = signed_in(two.alice)
    path = next(address.paths(two.values))
    for method in METHODS:
        assert getattr(client, method)(path).status_code in {404, 405}, (method, path)


def test_what_a_form_says_of_the_forest_is_ignored(two: Two) -> None:
    client = signed_in(two.stranger)
    foreign = str(two.contoso.tenant.id)
    answer = client.post(
        "/admin/people/add/",
        {
            "name": "Mallory",
            "email": f"mallory@{two.contoso.domain}",
            "tenant": foreign,
            "tenant_id": foreign,
        },
        headers={"X-Tenant": foreign},
    )
    assert answer.status_code < 500
    assert not Account.objects.filter(address=f"mallory@{two.contoso.domain}").exists()


def test_an_account_of_a_deactivated_person_is_signed_out_at_once(two: Two) -> None:
    from tenants.services.add_person import set_active

    ivan = two.contoso.add("Ivan Gone", ready=False)
    client = signed_in(ivan)
    assert client.get("/certificates/").status_code == 200
    set_active(two.olga.actor, ivan.actor.person_id, active=False)
    assert client.get("/certificates/")["Location"].startswith("/sign-in/")


@pytest.mark.parametrize("address", WITHOUT_OBJECT, ids=title)
def test_no_cache_keeps_a_private_page(two: Two, address: Address) -> None:
    for member in (two.alice, two.olga):
        answer = signed_in(member).get("/" + address.prefix + str(address.pattern.pattern))
        if answer.status_code == 200:
            assert "no-store" in answer["Cache-Control"] or "private" in answer["Cache-Control"]


def test_a_form_sent_after_the_session_ended_leads_home_through_the_door(two: Two) -> None:
    assert signed_in(None).post("/mail/compose/")["Location"] == "/sign-in/?next=/"
