"""My certificates, and taking keys along: the .p12 opens with its password and holds this person's key only."""

from __future__ import annotations

import io
import zipfile

import pytest
from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12

from pki.crl import Reason
from tenants import clock
from tenants.services.revoke import revoke
from tests.browsing import browser, fingerprint, words
from tests.cast import Cast

PASSWORD = "a password for the file"


def form(*certificates: object, password: str = PASSWORD, again: str = PASSWORD) -> dict[str, object]:
    keys = [fingerprint(certificate) for certificate in certificates]
    return {"keys": keys, "password": password, "password_again": again}


def test_the_page_shows_what_is_in_use(cast: Cast) -> None:
    page = words(browser(cast.alice).get("/certificates/"))
    assert "EC P-256" in page
    assert "RSA-3072" in page
    assert f"Issued by {cast.contoso.tenant.name} Issuing G1" in page
    assert "Nothing yet. When a certificate is renewed or revoked" in page


def test_a_revoked_one_is_kept_for_old_letters_and_a_new_one_offered(cast: Cast) -> None:
    revoke(cast.olga.actor, cast.alice.certificate(to_sign=False).id, Reason.KEY_COMPROMISE, clock.now())
    response = browser(cast.alice).get("/certificates/")
    page = words(response)
    assert "key compromise" in page
    assert "No certificate in use" in page
    assert 'href="/enrol/"' in response.content.decode()


def test_exporting_needs_the_open_key(cast: Cast) -> None:
    client = browser(cast.alice)
    certificate = cast.alice.certificate(to_sign=True)
    assert "Unlock your key to export it" in words(client.get("/certificates/export/"))
    response = client.post("/certificates/export/", form(certificate))
    assert "Unlock your key to export it" in words(response)
    assert response["Content-Type"].startswith("text/html")


def test_one_key_is_a_p12_with_its_path(cast: Cast) -> None:
    certificate = cast.alice.certificate(to_sign=True)
    response = browser(cast.alice, unlocked=True).post("/certificates/export/", form(certificate))
    assert response["Content-Type"] == "application/x-pkcs12"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert {"no-store", "private"} <= set(response["Cache-Control"].split(", "))
    assert f"{cast.alice.address}-signing-" in response["Content-Disposition"]
    opened = load_pkcs12(response.content, PASSWORD.encode())
    assert opened.cert is not None
    assert opened.key is not None
    assert opened.cert.certificate == certificate.certificate
    assert opened.key.public_key() == certificate.certificate.public_key()
    chain = [entry.certificate for entry in opened.additional_certs]
    assert cast.contoso.root().certificate in chain
    with pytest.raises(ValueError, match="password"):
        load_pkcs12(response.content, b"not the password")


def test_several_keys_are_an_archive_of_p12_files(cast: Cast) -> None:
    both = [cast.alice.certificate(to_sign=True), cast.alice.certificate(to_sign=False)]
    response = browser(cast.alice, unlocked=True).post("/certificates/export/", form(*both))
    assert response["Content-Type"] == "application/zip"
    archive = zipfile.ZipFile(io.BytesIO(response.content))
    opened = [load_pkcs12(archive.read(name), PASSWORD.encode()) for name in archive.namelist()]
    found = {entry.cert.certificate for entry in opened if entry.cert is not None}
    assert found == {row.certificate for row in both}


@pytest.mark.parametrize(
    ("password", "again", "sentence"),
    [
        ("short", "short", "at least 10 characters"),
        (PASSWORD, PASSWORD + "!", "The two passwords differ"),
        ("", "", "required"),
    ],
)
def test_a_bad_password_is_explained_and_the_choice_is_kept(
    cast: Cast, password: str, again: str, sentence: str
) -> None:
    client = browser(cast.alice, unlocked=True)
    certificate = cast.alice.certificate(to_sign=False)
    response = client.post("/certificates/export/", form(certificate, password=password, again=again))
    assert response.status_code == 422
    assert sentence in words(response)
    page = response.content.decode()
    assert f'value="{fingerprint(certificate)}" checked' in page
    assert page.count(" checked") == 1


def test_nobody_exports_a_key_of_somebody_else(cast: Cast) -> None:
    colleague = cast.contoso.add("Carl Colleague")
    for thief in (colleague, cast.bob):
        response = browser(thief, unlocked=True).post(
            "/certificates/export/", form(cast.alice.certificate(to_sign=True))
        )
        assert response.status_code == 422
        assert response["Content-Type"].startswith("text/html")


def test_choosing_no_key_is_explained(cast: Cast) -> None:
    response = browser(cast.alice, unlocked=True).post("/certificates/export/", form())
    assert "Choose at least one key" in words(response)
