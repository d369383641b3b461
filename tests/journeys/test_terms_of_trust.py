"""A root is believed for a purpose and a time: through the page that decides, to the letters that it touches."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import pytest

from mail.letter import Recipient
from mail.services.plan import State, plan
from tenants import clock
from tenants.models import TrustRoot
from tenants.scoping import tenant_scope
from tenants.services.pull_publications import keep_list
from tests.browsing import browser, words
from tests.cast import Cast, work
from tests.mail.letters import deliver, put
from tests.mail.services.test_judge_letters import newest
from tests.tenants.outside import Authority

DAY = timedelta(days=1)


def decide(cast: Cast, root: Authority, **terms: str) -> Any:
    fields = {
        "certificate": base64.b64encode(root.der).decode(),
        "domains": "partner.example",
        "action": "trust",
    }
    response = browser(cast.olga).post("/admin/trust/preview/", fields | terms)
    work()
    return response


def kept(cast: Cast, root: Authority) -> None:
    with tenant_scope(cast.contoso.tenant, write=True):
        assert keep_list(root.list(lasts=60 * DAY), root.certificate, "a file", clock.now())


@pytest.fixture
def root() -> Authority:
    return Authority.root("Partner Root")


def test_a_last_day_parts_with_a_root_without_losing_the_past(cast: Cast, root: Authority) -> None:
    kept(cast, root)
    pia = root.person("pia@partner.example")
    before = put(cast.alice, pia.letter(cast.alice.address))
    last_day = f"{clock.now() + DAY:%Y-%m-%d}"
    assert decide(cast, root, ends=last_day).status_code == 303
    alice = browser(cast.alice)
    assert "Signed by Pia Partner" in words(alice.get(f"/mail/{before.id}/"))
    assert "until" in words(browser(cast.olga).get("/admin/trust/"))
    with clock.moved(5 * DAY):
        after = put(cast.alice, pia.letter(cast.alice.address))
        shown = words(alice.get(f"/mail/{after.id}/"))
        assert "issuer not trusted by your organisation yet" in shown
        assert "is trusted here, but only until" in shown
        assert "Signed by Pia Partner" in words(alice.get(f"/mail/{before.id}/"))


def test_a_first_day_leaves_older_letters_untrusted(cast: Cast, root: Authority) -> None:
    kept(cast, root)
    letter = put(cast.alice, root.person("pia@partner.example").letter(cast.alice.address))
    decide(cast, root, begins=f"{clock.now() + 2 * DAY:%Y-%m-%d}")
    shown = words(browser(cast.alice).get(f"/mail/{letter.id}/"))
    assert "is trusted here, but only from" in shown


@pytest.mark.parametrize(
    ("use", "signs", "encrypts"), [("", True, True), ("signing", True, False), ("encryption", False, True)]
)
def test_a_root_for_one_purpose_serves_no_other(
    cast: Cast, root: Authority, use: str, signs: bool, encrypts: bool
) -> None:
    assert cast.alice
    theirs = cast.northwind.root()
    charlie = cast.charlie
    certificate = base64.b64encode(bytes(theirs.der)).decode()
    fields = {"certificate": certificate, "domains": cast.northwind.domain, "action": "trust", "use": use}
    browser(cast.olga).post("/admin/trust/preview/", fields)
    cast.northwind.trust(cast.contoso)
    work()
    deliver(charlie, cast.alice, encrypt=False)
    letter = newest(cast.alice)
    assert (letter.seal == "SIG_OK") is signs
    (found,) = plan(cast.alice.actor, [Recipient("to", "", charlie.address)], clock.now()).recipients
    assert (found.state is State.READY) is encrypts


def test_the_preview_says_what_the_terms_change_and_keeps_what_was_typed(cast: Cast, root: Authority) -> None:
    put(cast.alice, root.person("pia@partner.example").letter(cast.alice.address))
    shown = decide(cast, root, action="preview", use="signing", ends="2020-01-31")
    page = words(shown)
    assert (
        "Not after 31 January 2020, which has passed" in page
        or "Not after 31 Jan 2020, which has passed" in page
    )
    assert "Nobody here can encrypt to them" in page
    assert "No signed letter from there waits" in page, "the letter arrived after the last day"
    assert 'value="2020-01-31"' in shown.content.decode()
    with tenant_scope(cast.contoso.tenant):
        assert not TrustRoot.objects.filter(label="Partner Root").exists()


@pytest.mark.parametrize(
    ("terms", "sentence"),
    [
        ({"begins": "2026-05-02", "ends": "2026-05-01"}, "the root would never be believed"),
        ({"ends": "31.12.2026"}, "This is not a date"),
        ({"use": "everything"}, "not one of the available choices"),
    ],
)
def test_terms_that_cannot_be_are_refused_beside_their_field(
    cast: Cast, root: Authority, terms: dict[str, str], sentence: str
) -> None:
    response = decide(cast, root, **terms)
    assert response.status_code == 422
    assert sentence in words(response)


def test_deciding_again_starts_from_the_terms_that_stand(cast: Cast, root: Authority) -> None:
    decide(cast, root, use="encryption", begins="2026-01-01", ends="2027-01-01")
    with tenant_scope(cast.contoso.tenant):
        row = TrustRoot.objects.get(label="Partner Root")
    page = browser(cast.olga).get(f"/admin/trust/preview/?root={row.id}").content.decode()
    assert '<option value="encryption" selected>' in page
    assert 'value="2026-01-01"' in page
    assert 'value="2027-01-01"' in page
    decide(cast, root)
    with tenant_scope(cast.contoso.tenant):
        row = TrustRoot.objects.get(label="Partner Root")
    assert (row.for_signing, row.for_encryption, row.begins_at, row.ends_at) == (True, True, None, None)


@pytest.mark.parametrize("domain", ["{own}", ".{own}", "mail.{own}", ".example", "example"])
def test_no_terms_let_a_foreign_root_speak_for_own_or_parent_domains(
    cast: Cast, root: Authority, domain: str
) -> None:
    typed = domain.format(own=cast.contoso.domain)
    response = decide(cast, root, domains=typed, use="signing", ends="2099-01-01")
    assert response.status_code == 422
    with tenant_scope(cast.contoso.tenant):
        assert not TrustRoot.objects.filter(label="Partner Root").exists()
