"""Contacts: colleagues, people learned from letters and files, and a changed certificate."""

from __future__ import annotations

import hashlib
import uuid
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from mail.models import Contact, ContactCertificate
from pki.crl import Reason
from tenants import clock
from tenants.models import Certificate
from tenants.scoping import tenant_scope
from tenants.services.revoke import revoke
from tests.browsing import browser, words
from tests.cast import Cast, Member, work
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


def test_a_revoked_signing_certificate_is_followed_by_a_good_one_without_an_alarm(cast: Cast) -> None:
    client = browser(cast.bob, unlocked=True)
    deliver(cast.alice, cast.bob)
    client.get(f"/mail/{newest(cast.bob).id}/")
    with clock.moved(timedelta(minutes=2)):
        old = cast.alice.certificate(to_sign=True)
        revoke(cast.olga.actor, old.id, Reason.SUPERSEDED, clock.now())
        work()
        renew_signing_certificate(cast.alice)
        deliver(cast.alice, cast.bob)
        page = words(client.get(f"/mail/{newest(cast.bob).id}/"))
    assert "Their earlier signing certificate is revoked or has expired." in page
    assert "a different signer than before" not in page
    assert "until you decide" not in page
    new = cast.alice.certificate(to_sign=True)
    with tenant_scope(cast.fabrikam.tenant):
        signing = ContactCertificate.objects.filter(can_encrypt=False)
        assert [(bytes(row.sha256), row.state) for row in signing] == [(bytes(new.sha256), "in-use")]


def test_an_expired_certificate_is_followed_by_one_from_a_file(cast: Cast) -> None:
    client = browser(cast.bob, unlocked=True)
    deliver(cast.alice, cast.bob)
    client.get(f"/mail/{newest(cast.bob).id}/")
    expired = expired_copy(der(cast.alice, to_sign=True))
    with tenant_scope(cast.fabrikam.tenant, write=True):
        ContactCertificate.objects.filter(can_encrypt=False).update(
            der=expired, sha256=hashlib.sha256(expired).digest()
        )
    response = upload(client, der(cast.alice, to_sign=True))
    assert "The certificate is in use. The earlier one is revoked or has expired." in words(
        client.get(response["Location"])  # type: ignore[index]
    )


def expired_copy(content: bytes) -> bytes:
    """The same names, ended yesterday, signed by nobody that counts: only its end is looked at."""
    own, key = x509.load_der_x509_certificate(content), ec.generate_private_key(ec.SECP256R1())
    ends = clock.now() - timedelta(days=1)
    builder = (
        x509.CertificateBuilder().subject_name(own.subject).issuer_name(own.issuer).public_key(key.public_key())
        .serial_number(own.serial_number + 1).not_valid_before(ends - timedelta(days=9)).not_valid_after(ends)
    )  # fmt: skip
    for extension in own.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def test_what_waits_for_a_decision_about_a_certificate_revoked_since_is_no_alarm(cast: Cast) -> None:
    client, contact, proposal = changed(cast)
    page = words(client.get(f"/contacts/{contact.id}/"))
    assert "Renewals look like this" in page
    assert "are encrypted to the one you know" not in page
    with tenant_scope(cast.fabrikam.tenant):
        known = bytes(ContactCertificate.objects.in_use().get(can_encrypt=False).sha256)
    with tenant_scope(cast.contoso.tenant):
        old = Certificate.objects.get(sha256=known)
    with clock.moved(timedelta(minutes=5)):
        revoke(cast.olga.actor, old.id, Reason.SUPERSEDED, clock.now())
        work()
        page = words(client.get(f"/contacts/{contact.id}/"))
        assert "is revoked or has expired, so a new one was to be expected" in page
        assert "Renewals look like this" not in page
        client.get(f"/mail/{newest(cast.bob).id}/")
    with tenant_scope(cast.fabrikam.tenant):
        assert ContactCertificate.objects.get(id=proposal.id).state == "in-use"


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
