"""Issued certificates and revocation: a reason, the list that names it, and nothing twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from pki.crl import Crl
from tenants import clock
from tenants.models import Revocation
from tenants.scoping import tenant_scope
from tenants.services.found_forest import publication
from tenants.services.revoke import REASONS
from tests.browsing import browser, fingerprint, words
from tests.cast import Cast, work


def revoke_page(cast: Cast) -> str:
    return f"/admin/certificates/{fingerprint(cast.alice.certificate(to_sign=True))}/revoke/"


def test_revoking_publishes_a_list_that_names_the_certificate(cast: Cast) -> None:
    certificate = cast.alice.certificate(to_sign=True)
    olga, page = browser(cast.olga), revoke_page(cast)
    response = olga.post(page, {"reason": "keyCompromise", "invalidity_date": "2026-11-20"})
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
    offered = {reason.value for reason in REASONS}
    shown = {part.split('"')[0] for part in page.split('name="reason" value="')[1:]}
    assert shown == offered


@pytest.mark.parametrize("reason", ["", "certificateHold", "cACompromise", "removeFromCRL", "invented"])
def test_a_reason_that_is_not_offered_is_refused(cast: Cast, reason: str) -> None:
    response = browser(cast.olga).post(revoke_page(cast), {"reason": reason, "invalidity_date": "2026-11-20"})
    assert response.status_code == 422
    assert 'value="2026-11-20"' in response.content.decode(), "what was typed is kept"
    with tenant_scope(cast.contoso.tenant):
        assert not Revocation.objects.exists()


def test_a_date_in_the_future_is_refused_beside_its_field(cast: Cast) -> None:
    tomorrow = (clock.now() + timedelta(days=2)).date().isoformat()
    response = browser(cast.olga).post(
        revoke_page(cast), {"reason": "keyCompromise", "invalidity_date": tomorrow}
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
