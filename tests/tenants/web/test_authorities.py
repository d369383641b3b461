"""The authorities page: state of every list, addresses, and a button that only asks."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.conf import settings

from tenants import clock
from tenants.models import CrlPublication, DueWork, Generation
from tenants.scoping import tenant_scope
from tests.browsing import browser, words
from tests.cast import Cast, work


def issuing(cast: Cast) -> Generation:
    with tenant_scope(cast.contoso.tenant):
        found: Generation = Generation.objects.get(authority__kind="issuing")
    return found


def test_the_page_shows_lists_keys_and_limits(cast: Cast) -> None:
    assert cast.alice
    page = words(browser(cast.olga).get("/admin/authorities/"))
    assert page.index("Root generation 1") < page.index("Issuing generation 1")
    assert "root, key kept offline" in page
    assert page.count("list is fresh") == 2
    assert f"Only for {cast.contoso.domain}" in page
    assert "Certificates 2" in page
    assert "Certificates 1" in page, "the root has signed its issuing authority"
    assert "number 1, 0 entries" in page
    assert f"/{issuing(cast).id.hex}.crl" in page


def test_publishing_asks_the_worker_who_publishes_the_next_number(cast: Cast) -> None:
    generation = issuing(cast)
    olga = browser(cast.olga)
    response = olga.post(f"/admin/authorities/{generation.authority_id}/publish/")
    assert (response.status_code, response["Location"]) == (303, "/admin/authorities/")
    assert "A new list has been asked for" in words(olga.get("/admin/authorities/"))
    with tenant_scope(cast.contoso.tenant):
        assert CrlPublication.objects.filter(generation=generation).count() == 1, (
            "nothing is signed in a request"
        )
    assert DueWork.objects.get(kind="publish_crl", row_id=generation.id).next_run_at <= clock.now()
    work()
    with tenant_scope(cast.contoso.tenant):
        numbers = CrlPublication.objects.filter(generation=generation).values_list("number", flat=True)
        assert sorted(numbers) == [1, 2]


def test_an_offline_root_cannot_be_asked(cast: Cast) -> None:
    with tenant_scope(cast.contoso.tenant):
        root = Generation.objects.get(authority__kind="root")
    olga = browser(cast.olga)
    olga.post(f"/admin/authorities/{root.authority_id}/publish/")
    assert "the operator signs its list" in words(olga.get("/admin/authorities/"))
    assert not DueWork.objects.filter(row_id=root.id).exists()


def test_an_unknown_authority_is_absent(cast: Cast) -> None:
    assert browser(cast.olga).post(f"/admin/authorities/{uuid.uuid4()}/publish/").status_code == 404


def test_a_list_that_ends_is_told_before_and_after(cast: Cast) -> None:
    olga = browser(cast.olga)
    life = timedelta(seconds=settings.CRL_LIFETIME_SECONDS)
    with clock.moved(life * 3 / 4):
        assert "list ends soon" in words(olga.get("/admin/authorities/"))
    with clock.moved(life + timedelta(minutes=1)):
        assert "list has ended" in words(olga.get("/admin/authorities/"))


def test_a_failure_to_publish_is_shown_with_its_reason(cast: Cast) -> None:
    with tenant_scope(cast.contoso.tenant, write=True):
        Generation.objects.filter(authority__kind="issuing").update(
            crl_failure="CrlRefusal: an entry vanished", crl_failed_at=clock.now()
        )
    page = words(browser(cast.olga).get("/admin/authorities/"))
    assert "The last attempt to publish failed" in page
    assert "CrlRefusal: an entry vanished" in page
