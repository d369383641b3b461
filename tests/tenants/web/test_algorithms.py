"""The page of algorithms: counts, what a change would do, and the decision."""

from __future__ import annotations

from datetime import timedelta

from tenants import clock
from tenants.models import AlgorithmPolicy
from tenants.models.people import Role
from tenants.scoping import tenant_scope
from tests.browsing import browser, words
from tests.cast import Cast, work

AS_THEY_ARE = {"key-signing": "p-256", "key-encryption": "rsa-3072", "key-dual-use": "rsa-3072"}
MOVE = AS_THEY_ARE | {"key-encryption": "p-256"}


def test_from_the_page_to_everybody_moved(cast: Cast) -> None:
    assert cast.alice
    olga = browser(cast.olga)
    page = words(olga.get("/admin/algorithms/"))
    assert "No policy yet" in page
    assert "Encryption new certificates: RSA-3072" in page
    preview = words(olga.get("/admin/algorithms/next/", MOVE))
    assert (
        "Encryption: from RSA-3072 to EC P-256. 1 person gets a new certificate, 0 have such a key already."
        in preview
    )
    with tenant_scope(cast.contoso.tenant):
        assert not AlgorithmPolicy.objects.exists(), "looking decides nothing"
    response = olga.post("/admin/algorithms/next/", MOVE)
    assert (response.status_code, response["Location"]) == (303, "/admin/algorithms/")
    assert "Decided. The worker replaces" in words(olga.get("/admin/algorithms/"))
    work()
    page = words(olga.get("/admin/algorithms/"))
    assert "Policy 1, in force since" in page
    assert "Encryption new certificates: EC P-256 100 % EC P-256 1 person" in page


def test_a_day_to_come_is_announced(cast: Cast) -> None:
    olga = browser(cast.olga)
    day = (clock.now() + timedelta(days=40)).date()
    assert olga.post("/admin/algorithms/next/", MOVE | {"begins": day.isoformat()}).status_code == 303
    page = words(olga.get("/admin/algorithms/"))
    assert "Policy 1 begins" in page
    assert "Encryption: EC P-256. Decided by Olga Orlova." in page


def test_a_second_administrator_lets_it_happen(cast: Cast) -> None:
    second = cast.contoso.add("Oskar Olsen", role=Role.ADMINISTRATOR)
    olga = browser(cast.olga)
    olga.post("/admin/algorithms/next/", MOVE)
    assert "Another administrator lets it happen" in words(olga.get("/admin/algorithms/"))
    assert "New certificates get other keys at once (encryption: EC P-256)" in words(
        browser(second).get("/admin/approvals/")
    )


def test_bad_choices_come_back_with_a_sentence(cast: Cast) -> None:
    olga = browser(cast.olga)
    for fields, sentence in (
        (AS_THEY_ARE, "Nothing would change."),
        (MOVE | {"begins": "2001-01-01"}, "A policy cannot begin in the past."),
        (MOVE | {"begins": "tomorrow"}, "This is not a date."),
        (MOVE | {"key-encryption": "rsa-512"}, "Choose one of the kinds of key that the form offers."),
        ({}, "This field is required."),
    ):
        response = olga.post("/admin/algorithms/next/", fields)
        assert response.status_code == 422
        assert sentence in words(response)
    with tenant_scope(cast.contoso.tenant):
        assert not AlgorithmPolicy.objects.exists()
