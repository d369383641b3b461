"""Contacts: colleagues, people learned from letters and files, and a changed certificate."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from mail.models import Contact, ContactCertificate
from tenants import clock
from tenants.scoping import tenant_scope
from tests.browsing import browser, words
from tests.cast import Cast, Member
from tests.mail.letters import deliver
from tests.mail.web.test_reading import newest, renew_signing_certificate


def upload(client: Client, content: bytes, name: str = "charlie.cer") -> object:
    return client.post("/contacts/import/", {"file": SimpleUploadedFile(name, content)})


def der(member: Member, *, to_sign: bool = False) -> bytes:
    return member.certificate(to_sign=to_sign).certificate.public_bytes(Encoding.DER)


@pytest.mark.parametrize("address", ["/contacts/", "/admin/people/", "/admin/certificates/"])
@pytest.mark.parametrize("q", ["a" * 60_000, "%" * 60_000, "\x00a\x00", "\ud800"])
def test_no_search_is_too_long_or_too_strange(cast: Cast, address: str, q: str) -> None:
    page = browser(cast.olga).get(address, {"q": q.encode("utf-8", "surrogatepass")})
    assert page.status_code == 200
    assert ("Only the first 200 characters were searched for" in words(page)) == (len(q) > 200)
    assert len(page.context["q"]) <= 200


def test_colleagues_are_there_already_and_ready(cast: Cast) -> None:
    cast.contoso.add("Hana Holm")
    client = browser(cast.alice)
    shown = client.get("/contacts/")
    assert "Hana Holm" in words(shown)
    assert "Alice Arden 2" not in words(shown)
    row = next(row for row in shown.context["rows"] if row.name == "Hana Holm")
    assert row.ready == "ready"
    one = words(client.get(row.url))
    assert "Encrypting to them" in one
    assert "your organisation’s directory" in one


def test_a_certificate_from_a_file_is_kept_and_used_once_its_root_is_trusted(cast: Cast) -> None:
    client = browser(cast.alice)
    response = upload(client, der(cast.charlie))
    assert response.status_code == 303  # type: ignore[attr-defined]
    page = client.get(response["Location"])  # type: ignore[index]
    shown = words(page)
    assert "Charlie Chen" in shown
    assert "The certificate is kept, but cannot be used yet." in shown
    assert "is not trusted here yet" in shown
    answer = client.post("/mail/recipients/", {"to": cast.charlie.address, "encrypt": "on"}).json()
    assert answer["recipients"][0]["state"] == "untrusted"
    cast.contoso.trust(cast.northwind)
    answer = client.post("/mail/recipients/", {"to": cast.charlie.address, "encrypt": "on"}).json()
    assert answer["recipients"][0]["state"] == "ready"
    assert "in use" in words(client.get(response["Location"]))  # type: ignore[index]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The submitted file is empty."),
        (b"not a certificate", "certificate"),
        (b"\x30\x82\xff\xff", "certificate"),
    ],
)
def test_a_file_that_holds_no_certificate_is_refused_with_a_sentence(
    cast: Cast, content: bytes, sentence: str
) -> None:
    response = upload(browser(cast.alice), content)
    assert response.status_code == 422  # type: ignore[attr-defined]
    assert sentence in words(response)
    with tenant_scope(cast.contoso.tenant):
        assert not Contact.objects.exists()


def test_a_colleagues_certificate_is_not_imported(cast: Cast) -> None:
    hana = cast.contoso.add("Hana Holm")
    assert "directory already" in words(upload(browser(cast.alice), der(hana)))


def changed(cast: Cast) -> tuple[Client, Contact, ContactCertificate]:
    client = browser(cast.bob, unlocked=True)
    deliver(cast.alice, cast.bob)
    client.get(f"/mail/{newest(cast.bob).id}/")
    with clock.moved(timedelta(minutes=2)):  # newer by more than the second that certificates know
        renew_signing_certificate(cast.alice)
        deliver(cast.alice, cast.bob)
        client.get(f"/mail/{newest(cast.bob).id}/")
    with tenant_scope(cast.fabrikam.tenant):
        proposal = ContactCertificate.objects.select_related("contact").get(state="proposed")
    return client, proposal.contact, proposal


@pytest.mark.parametrize("choice", ["new", "old"])
def test_a_changed_certificate_is_decided_by_the_reader(cast: Cast, choice: str) -> None:
    client, contact, proposal = changed(cast)
    assert "Alice Arden" in words(client.get("/contacts/?filter=changed"))
    fields = {"certificate": bytes(proposal.sha256).hex(), "choice": choice}
    assert client.post(f"/contacts/{contact.id}/choose/", fields).status_code == 303
    with tenant_scope(cast.fabrikam.tenant):
        signing = ContactCertificate.objects.filter(contact=contact, can_encrypt=False)
        assert [(row.id == proposal.id, row.state) for row in signing] == [(choice == "new", "in-use")]
    assert client.post(f"/contacts/{contact.id}/choose/", fields).status_code == 404


def test_contacts_of_others_are_not_found(cast: Cast) -> None:
    deliver(cast.alice, cast.bob)
    browser(cast.bob, unlocked=True).get(f"/mail/{newest(cast.bob).id}/")
    with tenant_scope(cast.fabrikam.tenant):
        contact = Contact.objects.get()
        held = ContactCertificate.objects.filter(contact=contact).first()
    fp = bytes(held.sha256).hex()
    assert browser(cast.bob).get(f"/contacts/{contact.id}/certificate/{fp}/details/").status_code == 200
    for member in (cast.fabrikam.administrator, cast.alice):
        client = browser(member)
        for identifier in (contact.id, uuid.uuid4()):
            assert client.get(f"/contacts/{identifier}/").status_code == 404
            assert client.get(f"/contacts/{identifier}/certificate/{fp}/details/").status_code == 404
            fields = {"certificate": fp, "choice": "old"}
            assert client.post(f"/contacts/{identifier}/choose/", fields).status_code == 404


def test_search_and_filters(cast: Cast) -> None:
    cast.contoso.add("Hana Holm")
    cast.contoso.add("Newt Newman", ready=False)
    client = browser(cast.alice)
    assert "Newt Newman" not in words(client.get("/contacts/?filter=ready"))
    assert "Hana Holm" not in words(client.get("/contacts/?filter=cannot"))
    found = words(client.get("/contacts/?q=hana"))
    assert "Hana Holm" in found
    assert "Newt Newman" not in found
    assert client.get("/contacts/?filter=x").status_code == 404
