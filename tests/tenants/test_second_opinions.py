"""The nightly sample: what was issued and published goes before the second linter once, and doctor tells what it says."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command

from pki import second_opinion
from tenants import clock
from tenants.models import SecondOpinion
from tenants.scoping import tenant_scope
from tenants.services.second_opinions import find_second_opinions, objections
from tests.browsing import browser, words
from tests.cast import Cast

pytestmark = pytest.mark.skipif(not second_opinion.is_installed(), reason="pkilint is not installed")


def test_everything_is_judged_once_and_nothing_is_found(cast: Cast) -> None:
    assert cast.alice
    find_second_opinions()
    with tenant_scope(cast.contoso.tenant):
        first = SecondOpinion.objects.count()
        assert SecondOpinion.objects.filter(certificate__isnull=False).count() == 2
        assert SecondOpinion.objects.filter(crl__isnull=False).count() >= 2
        assert objections() == []
    find_second_opinions()
    with tenant_scope(cast.contoso.tenant):
        assert SecondOpinion.objects.count() == first


def test_an_objection_stands_on_the_page_and_in_doctor(cast: Cast) -> None:
    with tenant_scope(cast.contoso.tenant, write=True):
        SecondOpinion.objects.create(
            certificate=None,
            linter="pkilint 0",
            findings=[["pkilint:x", "error", "Oddly encoded."]],
            at=clock.now(),
        )
    assert "pkilint 0: Oddly encoded." in words(browser(cast.olga).get("/admin/templates/"))
    said = StringIO()
    call_command("doctor", stdout=said)
    assert "displeases pkilint 0: Oddly encoded." in said.getvalue()


def test_without_the_second_linter_nothing_is_judged(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cast.contoso
    monkeypatch.setattr(second_opinion, "is_installed", lambda: False)
    find_second_opinions()
    with tenant_scope(cast.contoso.tenant):
        assert not SecondOpinion.objects.exists()
    assert second_opinion.on_certificate(b"") is None
