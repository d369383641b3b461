"""Issued certificates and revocation: a reason, the list that names it, and nothing twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from pki.crl import Crl
from tenants import clock
from tenants.models import Generation, Revocation
from tenants.scoping import tenant_scope
from tenants.services.found_forest import publication
from tenants.services.revoke import REASONS
from tests.browsing import browser, fingerprint, words
from tests.cast import PASSWORD, Cast, work


def revoke_page(cast: Cast) -> str:
    return f"/admin/certificates/{fingerprint(cast.alice.certificate(to_sign=True))}/revoke/"


def test_revoking_publishes_a_list_that_names_the_certificate(cast: Cast) -> None:
    certificate = cast.alice.certificate(to_sign=True)
    olga, page = browser(cast.olga), revoke_page(cast)
    typed = {"reason": "keyCompromise", "invalidity_date": "2026-11-20", "password": PASSWORD}
    response = olga.post(page, typed)
    assert (response.status_code, response["Location"]) == (303, page)
    before = words(olga.get(page))
    assert "The new list is being published" in before
    assert "being published" in words(olga.get("/admin/certificates/?filter=revoked"))
    work()
    after = words(olga.get(page))
    assert "Published: list number 2" in after
    assert "key compromise, on list 2" in words(olga.get("/admin/certificates/?filter=revoked"))
    with tenant_scope(cast.contoso.tenant):
        row = Revocation.objects.get(certificate=certificate)
    url = publication(row.tenant_id, row.generation_id).crl_url
    served = Crl.parse(Client().get(url.removeprefix("http://pki.test")).content)
    entry = served.find(certificate.certificate.serial_number)
    assert entry is not None
    assert entry.reason == "keyCompromise"
    assert entry.invalidity_date is not None
    assert f"{entry.invalidity_date:%Y-%m-%d}" == "2026-11-20"


def test_every_reason_that_can_be_given_is_offered_and_no_other(cast: Cast) -> None:
    page = browser(cast.olga).get(revoke_page(cast)).content.decode()
    offered = {reason.value for reason in REASONS} | {"certificateHold"}
    shown = {part.split('"')[0] for part in page.split('name="reason" value="')[1:]}
    assert shown == offered


@pytest.mark.parametrize("reason", ["", "cACompromise", "removeFromCRL", "invented"])
def test_a_reason_that_is_not_offered_is_refused(cast: Cast, reason: str) -> None:
    response = browser(cast.olga).post(revoke_page(cast), {"reason": reason, "invalidity_date": "2026-11-20"})
    assert response.status_code == 422
    assert 'value="2026-11-20"' in response.content.decode(), "what was typed is kept"
    with tenant_scope(cast.contoso.tenant):
        assert not Revocation.objects.exists()


def test_a_date_in_the_future_is_refused_beside_its_field(cast: Cast) -> None:
    tomorrow = (clock.now() + timedelta(days=2)).date().isoformat()
    response = browser(cast.olga).post(
        revoke_page(cast), {"reason": "keyCompromise", "invalidity_date": tomorrow, "password": PASSWORD}
    )
    assert response.status_code == 422
    assert "cannot become doubtful in the future" in words(response)
    assert 'value="keyCompromise" checked' in response.content.decode()


def test_what_is_no_date_is_told_how_to_write_one(cast: Cast) -> None:
    response = browser(cast.olga).post(
        revoke_page(cast), {"reason": "keyCompromise", "invalidity_date": "last week"}
    )
    assert response.status_code == 422
    assert "Write year-month-day, such as 2026-11-24." in words(response)


def test_the_date_is_asked_for_with_a_calendar(cast: Cast) -> None:
    asked = browser(cast.olga).get(revoke_page(cast)).content.decode()
    assert '<input type="date" name="invalidity_date"' in asked


def test_nothing_is_revoked_twice(cast: Cast) -> None:
    olga, page = browser(cast.olga), revoke_page(cast)
    olga.post(page, {"reason": "superseded"})
    again = olga.post(page, {"reason": "keyCompromise"})
    assert "It was revoked" in words(again)
    with tenant_scope(cast.contoso.tenant):
        assert [row.reason for row in Revocation.objects.all()] == ["superseded"]


def test_looking_revokes_nothing(cast: Cast) -> None:
    assert browser(cast.olga).get(revoke_page(cast)).status_code == 200
    with tenant_scope(cast.contoso.tenant):
        assert not Revocation.objects.exists()


@pytest.mark.parametrize("password", ["", "wrong"])
def test_a_compromised_key_needs_the_password_again(cast: Cast, password: str) -> None:
    olga, page = browser(cast.olga), revoke_page(cast)
    refused = olga.post(page, {"reason": "keyCompromise", "password": password})
    assert refused.status_code == 422
    assert ("Type your password again" if not password else "That is not your password") in words(refused)
    with tenant_scope(cast.contoso.tenant):
        assert not Revocation.objects.exists()


def test_a_hold_is_shown_released_and_leaves_the_list(cast: Cast) -> None:
    certificate = cast.alice.certificate(to_sign=True)
    olga, page = browser(cast.olga), revoke_page(cast)
    assert olga.post(page, {"reason": "certificateHold"}).status_code == 303
    work()
    shown = words(olga.get(page))
    assert "On hold since" in shown
    assert "Published: list number 2" in shown
    assert "on hold since" in words(olga.get("/admin/certificates/?filter=held"))
    assert "on hold since" in words(browser(cast.alice).get("/certificates/"))
    status = f"/certificates/{fingerprint(certificate)}/status/"
    assert "On hold since" in words(browser(cast.alice).get(status))
    assert "Release or revoke" in words(olga.get(f"/admin/people/{cast.alice.actor.person_id}/"))

    released = olga.post(f"/admin/certificates/{fingerprint(certificate)}/release/", follow=True)
    assert "The certificate can be used again" in words(released)
    work()
    assert "On hold" not in words(browser(cast.alice).get(status))
    again = olga.post(f"/admin/certificates/{fingerprint(certificate)}/release/", follow=True)
    assert "is not on hold" in words(again)


def test_everything_of_a_person_is_revoked_at_once_after_the_password(cast: Cast) -> None:
    olga, page = browser(cast.olga), f"/admin/people/{cast.alice.actor.person_id}/revoke/"
    asked = words(olga.get(page))
    assert "2 certificates are revoked" in asked
    assert "1 that can sign, 1 that can be encrypted to" in asked
    wrong = olga.post(page, {"reason": "superseded", "password": "wrong"})
    assert (wrong.status_code, "That is not your password" in words(wrong)) == (422, True)
    done = olga.post(page, {"reason": "superseded", "password": PASSWORD}, follow=True)
    assert "2 certificates are revoked. The new list is out within a minute." in words(done)
    assert "nothing to do" in words(olga.get(page))


def test_everything_of_an_authority_is_revoked_in_one_list(cast: Cast) -> None:
    assert cast.alice
    olga = browser(cast.olga)
    with tenant_scope(cast.contoso.tenant):
        generation = Generation.objects.get(authority__kind="issuing")
    page = f"/admin/authorities/generations/{generation.id}/revoke/"
    assert page in olga.get("/admin/authorities/").content.decode()
    assert "1 person can no longer sign" in words(olga.get(page))
    ordered = olga.post(page, {"reason": "cACompromise", "password": PASSWORD}, follow=True)
    assert "0 certificates are revoked so far" in words(ordered)
    work()
    assert "2 certificates were revoked" in words(olga.get(page))
    assert "signs lists only" in words(olga.get("/admin/authorities/"))
    assert browser(cast.northwind.administrator).get(page).status_code == 404


def test_wrong_passwords_are_counted(cast: Cast) -> None:
    olga, page = browser(cast.olga), revoke_page(cast)
    for _ in range(5):
        olga.post(page, {"reason": "keyCompromise", "password": "wrong"})
    paused = olga.post(page, {"reason": "keyCompromise", "password": PASSWORD})
    assert "Too many wrong passwords" in words(paused)


def test_an_authority_is_not_revoked_here(cast: Cast) -> None:
    root = fingerprint(cast.contoso.root())
    assert browser(cast.olga).get(f"/admin/certificates/{root}/revoke/").status_code == 404
    assert browser(cast.olga).get("/admin/certificates/zz/revoke/").status_code == 404


def test_the_list_of_certificates_is_found_by_name_address_serial_and_state(cast: Cast) -> None:
    certificate = cast.alice.certificate(to_sign=False)
    olga = browser(cast.olga)
    spaced = " ".join(certificate.serial_number[i : i + 4] for i in range(0, 12, 4)).lower()
    for query in ("", "?q=arden", "?q=alice@", f"?q={spaced}", "?filter=valid"):
        assert "Alice Arden, Encryption" in words(olga.get(f"/admin/certificates/{query}")), query
    for query in ("?q=nobody", "?filter=revoked", "?filter=expired", "?page=7"):
        assert "No certificate fits" in words(olga.get(f"/admin/certificates/{query}")), query
    with clock.moved(timedelta(days=800)):
        assert "expired" in words(olga.get("/admin/certificates/?filter=expired&q=arden"))


def test_pages_of_fifty_follow_one_another(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    from tenants.services import list_certificates

    monkeypatch.setattr(list_certificates, "PAGE", 1)
    assert cast.alice
    olga = browser(cast.olga)
    first, second = (words(olga.get(f"/admin/certificates/?page={n}")) for n in (1, 2))
    assert ("Alice Arden, Signing" in first) != ("Alice Arden, Signing" in second)
    assert first.rstrip().count("Next") == 1
    assert "Back" in second
