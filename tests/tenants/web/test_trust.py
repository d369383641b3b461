"""Trust: import a root, see what would change, decide for named domains, take it back; and the wish to."""

from __future__ import annotations

import base64
import uuid
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from django.core.files.uploadedfile import SimpleUploadedFile

from pki import certificates, keys
from tenants import clock
from tenants.models import Reliance, TrustRequest, TrustRoot
from tenants.scoping import tenant_scope
from tenants.services.trust_root import ask_to_trust
from tests.browsing import browser, words
from tests.cast import Cast


def northwind(cast: Cast) -> bytes:
    return bytes(cast.northwind.root().der)


def upload(content: bytes, name: str = "root.cer") -> dict[str, Any]:
    return {"file": SimpleUploadedFile(name, content), "pem": ""}


def decision(cast: Cast, domains: str, action: str = "trust") -> dict[str, str]:
    certificate = base64.b64encode(northwind(cast)).decode()
    return {"certificate": certificate, "domains": domains, "action": action}


def held(cast: Cast) -> TrustRoot | None:
    sha256 = cast.northwind.root().sha256
    with tenant_scope(cast.contoso.tenant):
        found: TrustRoot | None = TrustRoot.objects.filter(sha256=sha256).first()
    return found


def test_reading_a_file_shows_fingerprint_domains_and_effects_and_trusts_nothing(cast: Cast) -> None:
    page = browser(cast.olga).post("/admin/trust/import/", upload(northwind(cast)))
    assert page.status_code == 200
    read = words(page)
    fingerprint = bytes(cast.northwind.root().sha256).hex().upper()
    assert f"{fingerprint[:4]} {fingerprint[4:8]}" in read
    assert f"{cast.northwind.tenant.name} calls it its own root" in read
    assert f">{cast.northwind.domain}</textarea>" in page.content.decode().replace("\n", ""), "suggested"
    assert "Revocation is known" in read
    assert held(cast) is None


def test_a_pasted_certificate_is_read_as_well(cast: Cast) -> None:
    pem = cast.northwind.root().certificate.public_bytes(Encoding.PEM).decode()
    page = browser(cast.olga).post("/admin/trust/import/", {"pem": f"Here it is:\n{pem}\nGreetings"})
    assert "1. Compare the fingerprint" in words(page)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"not a certificate", "The file cannot be used"),
        (b"", "empty"),
        (b"\x30\x82\xff\xff", "cannot be used"),
    ],
)
def test_a_file_that_is_none_is_explained(cast: Cast, content: bytes, sentence: str) -> None:
    response = browser(cast.olga).post("/admin/trust/import/", upload(content))
    assert response.status_code == 422
    assert sentence in words(response)


def test_pasted_nonsense_comes_back_as_it_was(cast: Cast) -> None:
    response = browser(cast.olga).post("/admin/trust/import/", {"pem": "this is no PEM"})
    assert response.status_code == 422
    assert "this is no PEM</textarea>" in response.content.decode()
    nothing = browser(cast.olga).post("/admin/trust/import/", {"pem": ""})
    assert "Choose a file, or paste" in words(nothing)


@pytest.mark.parametrize("way", ["file", "pem"])
def test_a_private_key_is_turned_away_and_does_not_come_back(cast: Cast, way: str) -> None:
    secret = keys.to_pkcs8(keys.generate(keys.KeyType.P256))
    pem = b"-----BEGIN PRIVATE KEY-----\n" + base64.encodebytes(secret) + b"-----END PRIVATE KEY-----\n"
    both = pem + cast.northwind.root().certificate.public_bytes(Encoding.PEM)
    sent: dict[str, Any] = upload(both) if way == "file" else {"pem": both.decode()}
    response = browser(cast.olga).post("/admin/trust/import/", sent)
    assert response.status_code == 422
    assert "This is a private key; it must not leave its offline medium" in words(response)
    assert "BEGIN PRIVATE KEY" not in response.content.decode()
    assert held(cast) is None


def test_the_hint_names_a_domain_of_the_root_itself(cast: Cast) -> None:
    page = browser(cast.olga).post("/admin/trust/import/", upload(northwind(cast)))
    assert f"{cast.northwind.domain} means exactly that domain" in words(page)


def test_a_certificate_that_is_no_root_is_refused(cast: Cast) -> None:
    person = bytes(cast.charlie.certificate(to_sign=True).der)
    response = browser(cast.olga).post("/admin/trust/import/", upload(person))
    assert response.status_code == 422
    assert "exactly one is needed" in words(response)


def test_trusting_believes_the_root_for_the_named_domains_only(cast: Cast) -> None:
    olga = browser(cast.olga)
    response = olga.post(
        "/admin/trust/preview/", decision(cast, f"{cast.northwind.domain}\n.{cast.northwind.domain}")
    )
    assert (response.status_code, response["Location"]) == (303, "/admin/trust/")
    page = words(olga.get("/admin/trust/"))
    assert "is trusted now, for the domains named" in page
    assert f"{cast.northwind.domain} and below" in page
    assert "Olga Orlova, today" in page
    root = held(cast)
    assert root is not None
    assert root.domains == [cast.northwind.domain, f".{cast.northwind.domain}"]
    assert Reliance.objects.filter(
        publisher_id=cast.northwind.tenant.id, relying_id=cast.contoso.tenant.id
    ).exists()


def test_a_preview_shows_the_effects_and_decides_nothing(cast: Cast) -> None:
    response = browser(cast.olga).post("/admin/trust/preview/", decision(cast, "partner.example", "preview"))
    assert response.status_code == 200
    assert "What changes for" in words(response)
    assert "Its authorities and lists are fetched at once" in words(response)
    assert held(cast) is None


@pytest.mark.parametrize("action", ["preview", "trust"])
def test_domains_that_cannot_be_are_refused_beside_the_field_and_kept(cast: Cast, action: str) -> None:
    olga = browser(cast.olga)
    for domains, sentence in (
        ("", "Name at least one domain"),
        ("not_a_domain!", "is not a mail domain"),
        (cast.contoso.domain, "belongs to your own organisation"),
    ):
        response = olga.post("/admin/trust/preview/", decision(cast, domains, action))
        assert response.status_code == 422, domains
        assert sentence in words(response)
        assert f"{domains}</textarea>" in response.content.decode()
        assert held(cast) is None


def test_the_own_root_cannot_be_decided_about(cast: Cast) -> None:
    own = base64.b64encode(bytes(cast.contoso.root().der)).decode()
    response = browser(cast.olga).post(
        "/admin/trust/preview/", {"certificate": own, "domains": "x.example", "action": "trust"}
    )
    assert response.status_code == 422
    assert "believed already" in words(response)
    assert browser(cast.olga).get(f"/admin/trust/{cast.contoso.root().id}/distrust/").status_code == 404


def test_a_form_that_was_tampered_with_is_no_page_of_ours(cast: Cast) -> None:
    for certificate in ("", "!!", base64.b64encode(b"nonsense").decode()):
        response = browser(cast.olga).post(
            "/admin/trust/preview/", {"certificate": certificate, "domains": "x.example", "action": "trust"}
        )
        assert response.status_code == 404


def test_distrusting_shows_its_impact_first_and_keeps_the_history(cast: Cast) -> None:
    root = cast.contoso.trust(cast.northwind)
    olga = browser(cast.olga)
    impact = words(olga.get(f"/admin/trust/{root.id}/distrust/"))
    assert "Nobody here can encrypt to them any more" in impact
    still = held(cast)
    assert still is not None
    assert still.state == "trusted", "looking decides nothing"
    response = olga.post(f"/admin/trust/{root.id}/distrust/")
    assert (response.status_code, response["Location"]) == (303, "/admin/trust/")
    assert "distrusted today" in words(olga.get("/admin/trust/"))
    again = words(olga.post("/admin/trust/import/", upload(northwind(cast))))
    assert "This root was distrusted" in again


def test_a_person_asks_and_an_administrator_decides(cast: Cast) -> None:
    alice, olga = browser(cast.alice), browser(cast.olga)
    certificate = base64.b64encode(northwind(cast)).decode()
    message = uuid.uuid4()
    response = alice.post("/trust/request/", {"certificate": certificate, "message": str(message)})
    assert (response.status_code, response["Location"]) == (303, f"/mail/{message}/")
    asked = olga.get("/admin/trust/")
    assert f"Alice Arden asks you to trust {cast.northwind.tenant.name} Root G1" in words(asked)
    with tenant_scope(cast.contoso.tenant):
        wish = TrustRequest.objects.get()
    preview = words(olga.get(f"/admin/trust/preview/?request={wish.id}"))
    assert "Alice Arden asks you to trust this root" in preview
    olga.post("/admin/trust/preview/", decision(cast, cast.northwind.domain))
    assert "asks you to trust" not in words(olga.get("/admin/trust/"))
    with tenant_scope(cast.contoso.tenant):
        assert TrustRequest.objects.get().state == "answered"


def test_refusing_a_wish_changes_nothing_and_it_can_be_asked_again(cast: Cast) -> None:
    root = cast.northwind.root().certificate
    wish = ask_to_trust(cast.alice.actor, root, clock.now())
    olga = browser(cast.olga)
    assert olga.post(f"/admin/trust/{wish.id}/refuse/").status_code == 303
    assert "asks you to trust" not in words(olga.get("/admin/trust/"))
    assert held(cast) is None
    assert olga.post(f"/admin/trust/{wish.id}/refuse/").status_code == 404
    ask_to_trust(cast.alice.actor, root, clock.now())
    assert "asks you to trust" in words(olga.get("/admin/trust/"))


def test_a_request_or_letter_that_is_not_there_is_absent(cast: Cast) -> None:
    olga = browser(cast.olga)
    for query in ("", "?request=nonsense", f"?request={uuid.uuid4()}"):
        assert olga.get(f"/admin/trust/preview/{query}").status_code == 404
    for query in (f"?message={uuid.uuid4()}", "?message=nonsense"):
        page = olga.get(f"/admin/trust/import/{query}")
        assert page.status_code == 200
        assert "From the letter" not in words(page)


def test_a_twin_root_with_the_same_name_is_not_taken_for_the_forests_own(cast: Cast) -> None:
    twin_key = keys.generate(keys.KeyType.P384)
    assert isinstance(twin_key, keys.SigningPrivateKey)
    twin = certificates.issue_root(
        private_key=twin_key,
        common_name=f"{cast.northwind.tenant.name} Root G1",
        organization=cast.northwind.tenant.name,
        at=clock.now() - timedelta(minutes=1),
    )
    page = browser(cast.olga).post("/admin/trust/import/", upload(twin.public_bytes(Encoding.DER)))
    assert page.status_code == 200
    assert "calls it its own root" not in words(page)
    assert cast.northwind.domain not in words(page)


def test_a_distrusted_root_can_be_trusted_again_from_the_list(cast: Cast) -> None:
    olga = browser(cast.olga)
    olga.post("/admin/trust/preview/", decision(cast, cast.northwind.domain))
    root = held(cast)
    assert root is not None
    olga.post(f"/admin/trust/{root.id}/distrust/")
    listed = olga.get("/admin/trust/")
    assert "Trust again" in words(listed)
    address = f"/admin/trust/preview/?root={root.id}"
    assert address in listed.content.decode()
    preview = olga.get(address)
    assert "Trusting it again keeps that history" in words(preview)
    assert f">{cast.northwind.domain}</textarea>" in preview.content.decode().replace("\n", "")
    own = cast.contoso.root().id
    for absent in (own, uuid.uuid4(), "nonsense"):
        assert olga.get(f"/admin/trust/preview/?root={absent}").status_code == 404


def test_a_wish_after_a_decision_is_open_again(cast: Cast) -> None:
    olga = browser(cast.olga)
    root = cast.northwind.root().certificate
    ask_to_trust(cast.alice.actor, root, clock.now())
    olga.post("/admin/trust/preview/", decision(cast, cast.northwind.domain))
    trusted = held(cast)
    assert trusted is not None
    olga.post(f"/admin/trust/{trusted.id}/distrust/")
    ask_to_trust(cast.alice.actor, root, clock.now())
    assert "Alice Arden asks you to trust" in words(olga.get("/admin/trust/"))
