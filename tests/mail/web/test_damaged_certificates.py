"""Certificates that cannot be parsed: in letters, in files, in forms. Each gets a sentence, and none a failure."""

from __future__ import annotations

import base64
from datetime import datetime
from email.utils import format_datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from django.core.files.uploadedfile import SimpleUploadedFile

from mail.models import Contact
from smime import compose, mime
from smime.sign import SigningKey
from tenants import clock
from tenants.models import TrustRequest
from tenants.scoping import tenant_scope
from tests.browsing import browser, words
from tests.cast import Cast
from tests.mail.letters import put
from tests.pki.damage import DAMAGED, KEY, damaged

NAMES = ("subject", "issuer")
TABS = ("general", "details", "path", "status")


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def upload(certificate: x509.Certificate) -> SimpleUploadedFile:
    return SimpleUploadedFile("x.cer", der(certificate))


def letter_of(certificate: x509.Certificate, at: datetime) -> bytes:
    entity = compose.sign_entity(
        mime.build_body("Hello.\n"), signer=SigningKey(KEY, certificate), certificates=[], at=at
    )
    fields = [("From", "bob@fabrikam.example"), ("To", "alice@contoso.example"), ("Subject", "Damaged")]
    return mime.message([*fields, ("Date", format_datetime(at))], entity)


@pytest.mark.parametrize("is_authority", [False, True])
@pytest.mark.parametrize("how", [how for how in DAMAGED if how not in NAMES])
def test_a_letter_with_a_damaged_certificate_is_shown_with_every_tab(
    shared_cast: Cast, how: str, is_authority: bool
) -> None:
    at = clock.now().replace(microsecond=0)
    certificate = damaged(how, at, is_authority=is_authority)
    letter = put(shared_cast.olga, letter_of(certificate, at))
    olga = browser(shared_cast.olga)
    assert olga.get(f"/mail/{letter.id}/?details=1").status_code == 200
    fingerprint = certificate.fingerprint(hashes.SHA256()).hex()
    for tab in TABS:
        page = olga.get(f"/mail/{letter.id}/certificate/{fingerprint}/{tab}/")
        assert page.status_code == 200, tab
        assert "Ask administrator to trust" not in words(page)
    details = words(olga.get(f"/mail/{letter.id}/certificate/{fingerprint}/details/"))
    assert "cannot be parsed" in details
    offered = olga.get(f"/admin/trust/import/?message={letter.id}")
    assert offered.status_code == 200
    assert "From the letter" not in words(offered)


@pytest.mark.parametrize("how", NAMES)
def test_a_certificate_whose_name_cannot_be_read_is_nobodys_and_leads_nowhere(
    shared_cast: Cast, how: str
) -> None:
    at = clock.now().replace(microsecond=0)
    certificate = damaged(how, at)
    letter = put(shared_cast.olga, letter_of(certificate, at))
    page = browser(shared_cast.olga).get(f"/mail/{letter.id}/?details=1")
    assert page.status_code == 200
    assert certificate.fingerprint(hashes.SHA256()).hex() not in page.content.decode()


@pytest.mark.parametrize("how", DAMAGED)
def test_a_file_with_a_damaged_certificate_is_refused_by_name(shared_cast: Cast, how: str) -> None:
    olga = browser(shared_cast.olga)
    for certificate in (damaged(how), damaged(how, is_authority=True)):
        contact = olga.post("/contacts/import/", {"file": upload(certificate)})
        root = olga.post("/admin/trust/import/", {"file": upload(certificate), "pem": ""})
        for response in (contact, root):
            assert response.status_code == 422
            assert "A certificate in the file cannot be parsed" in words(response)
    with tenant_scope(shared_cast.contoso.tenant):
        assert not Contact.objects.filter(person_id=shared_cast.olga.actor.person_id).exists()


@pytest.mark.parametrize("how", DAMAGED)
def test_a_wish_or_decision_about_a_damaged_root_is_none(shared_cast: Cast, how: str) -> None:
    form = {"certificate": base64.b64encode(der(damaged(how, is_authority=True))).decode()}
    decision: dict[str, Any] = {**form, "domains": "partner.example", "action": "trust"}
    assert browser(shared_cast.alice).post("/trust/request/", form).status_code == 404
    assert browser(shared_cast.olga).post("/admin/trust/preview/", decision).status_code == 404
    with tenant_scope(shared_cast.contoso.tenant):
        assert not TrustRequest.objects.exists()
