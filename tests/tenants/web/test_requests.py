"""Certificates by PKCS#10: only the key and its proof are taken; what does not fit is refused by name."""

from __future__ import annotations

import os
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from django.core.files.uploadedfile import SimpleUploadedFile

from pki import keys
from pki.algorithms import signing_digest
from pki.certificates import mailboxes
from pki.crl import Reason
from tenants import clock
from tenants.models import Certificate, Enrolment, MailKey, Template
from tenants.scoping import tenant_scope
from tenants.services.mail_keys import current_key
from tenants.services.revoke import revoke
from tests.browsing import browser, words
from tests.cast import Cast, Forest, Member, work


def csr(key: Any, *, name: str = "Eve", address: str = "eve@evil.example", wishes: bool = True) -> bytes:
    """A request that wishes for another name, an authority's powers and every purpose."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    )
    if wishes:
        builder = (
            builder.add_extension(x509.SubjectAlternativeName([x509.RFC822Name(address)]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(
                x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]), False
            )
        )
    digest = hashes.SHA256() if isinstance(key, ec.EllipticCurvePrivateKey) else signing_digest(key)
    return builder.sign(key, digest).public_bytes(Encoding.PEM)


def ask(member: Member, request: bytes, template: str = "signing", **more: Any) -> Any:
    sent = {"pem": request.decode("latin-1"), "template": template, "mailbox": member.address, **more}
    return browser(member).post("/certificates/requests/", sent)


def held(member: Member) -> list[Certificate]:
    with tenant_scope(member.actor.tenant_id):
        return list(Certificate.objects.filter(person_id=member.actor.person_id).order_by("added_at"))


def allow(forest: Forest, code: str, *kinds: keys.KeyType) -> None:
    with tenant_scope(forest.tenant, write=True):
        last = Template.objects.newest().get(code=code)
        data = {**last.profile_data, "key_types": [kind.value for kind in kinds]}
        Template.objects.create(
            code=code, version=last.version + 1, title=last.title, profile_data=data,
            terms_data=last.terms_data, published_at=clock.now(),
        )  # fmt: skip


def test_only_the_key_of_a_request_is_taken(cast: Cast) -> None:
    alice, key = cast.alice, keys.generate(keys.KeyType.P256)
    assert ask(alice, csr(key)).status_code == 303
    work()
    made = held(alice)[-1].certificate
    assert made.public_key() == key.public_key()
    assert mailboxes(made) == (alice.address,)
    assert "Eve" not in made.subject.rfc4514_string()
    with pytest.raises(x509.ExtensionNotFound):
        made.extensions.get_extension_for_class(x509.BasicConstraints)
    usage = made.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [x509.oid.ExtendedKeyUsageOID.EMAIL_PROTECTION]


def test_the_certificate_can_be_taken_in_every_form_and_its_key_is_nowhere_here(cast: Cast) -> None:
    from pki.formats import read_certificates

    alice = cast.alice
    file = SimpleUploadedFile("card.csr", csr(keys.generate(keys.KeyType.P256)))
    ask(alice, b"", file=file)
    work()
    made, client = held(alice)[-1], browser(alice)
    page = client.get("/certificates/requests/").content.decode()
    for form, number in (("cer", 1), ("pem", 1), ("p7b", 3)):
        address = f"/certificates/{bytes(made.sha256).hex()}/file/{form}"
        assert address in page
        found = read_certificates(client.get(address).content)
        assert made.certificate in found
        assert len(found) == number
    with tenant_scope(alice.actor.tenant_id):
        assert not MailKey.objects.filter(certificate=made).exists()
        used = current_key(alice.actor.person_id, clock.now(), to_sign=True)
    assert used is not None
    assert used.certificate_id != made.id
    assert "the key is kept elsewhere; valid until" in words(client.get("/certificates/"))


@pytest.mark.parametrize("kind", [keys.KeyType.ED25519, keys.KeyType.ML_DSA_65, keys.KeyType.P384])
def test_kinds_that_the_template_permits(cast: Cast, kind: keys.KeyType) -> None:
    alice = cast.contoso.add("Kim Kinds")
    allow(cast.contoso, "signing", keys.KeyType.P256, kind)
    key = keys.generate(kind)
    assert ask(alice, csr(key, wishes=False)).status_code == 303
    work()
    assert held(alice)[-1].spki_sha256 == keys.spki_sha256(key.public_key())


def unproven() -> bytes:
    """A request whose signature was made by another key."""
    one = x509.load_pem_x509_csr(csr(keys.generate(keys.KeyType.P256)))
    der = bytearray(one.public_bytes(Encoding.DER))
    der[-10] ^= 1
    return bytes(der)


REFUSED = {
    "too small": (lambda: csr(rsa.generate_private_key(65537, 1024)), "too weak"),  # noqa: S505
    "small exponent": (lambda: csr(rsa.generate_private_key(3, 2048)), "public exponent is 3"),
    "small curve": (lambda: csr(ec.generate_private_key(ec.SECP192R1())), "too weak"),
    "other curve": (lambda: csr(ec.generate_private_key(ec.SECP521R1())), "is not allowed by the template"),
    "unproven": (unproven, "does not prove"),
    "a certificate": (
        lambda: b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "no certificate request",
    ),
    "noise": (lambda: os.urandom(500), "no certificate request"),
    "nested": (lambda: b"\x30\x84\x00\x00\x7f\xf0" + b"\x30\x80" * 16_000, "no certificate request"),
    "large": (lambda: b"A" * 70_000, "64 KiB"),
    "nothing": (lambda: b"", "Choose the request file"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_request_that_does_not_fit_is_refused_by_name_at_its_field(cast: Cast, case: str) -> None:
    make, sentence = REFUSED[case]
    alice = cast.alice
    made = make()
    more = {"file": SimpleUploadedFile("it.csr", made)} if made else {}
    answer = ask(alice, b"", **more)
    assert answer.status_code == 422
    assert sentence in words(answer)
    assert 'id="id_file-error"' in answer.content.decode()
    with tenant_scope(alice.actor.tenant_id):
        assert not Enrolment.objects.filter(public_key__isnull=False).exists()


def test_a_key_that_somebody_has_already_is_refused(cast: Cast) -> None:
    alice, carl = cast.alice, cast.contoso.add("Carl Colleague")
    key = keys.generate(keys.KeyType.P256)
    ask(alice, csr(key))
    assert "waits already" in words(ask(alice, csr(key)))
    work()
    assert "You have a certificate of this key already" in words(ask(alice, csr(key)))
    assert "Another person of your organisation" in words(ask(carl, csr(key)))
    revoke(cast.olga.actor, held(alice)[-1].id, Reason.KEY_COMPROMISE, clock.now())
    for person in (alice, carl):
        assert "somebody else may have the key" in words(ask(person, csr(key)))


def test_an_address_of_somebody_else_and_a_closed_template_are_refused(cast: Cast) -> None:
    alice, request = cast.alice, csr(keys.generate(keys.KeyType.P256))
    assert "not proven to be yours" in words(ask(alice, request, mailbox=cast.olga.address))
    assert "not open to you" in words(ask(alice, request, template="root"))


def test_the_gate_looks_at_the_key_again(cast: Cast) -> None:
    """What was free when it was asked for may be taken when it is answered."""
    alice, key = cast.alice, keys.generate(keys.KeyType.P256)
    ask(alice, csr(key))
    own = alice.certificate(to_sign=True).certificate
    with tenant_scope(alice.actor.tenant_id, write=True):
        wish = Enrolment.objects.waiting().get(public_key__isnull=False)
        wish.public_key = keys.spki(own.public_key())
        wish.save()
    work()
    with tenant_scope(alice.actor.tenant_id):
        wish.refresh_from_db()
    assert (wish.state, wish.step, wish.refusal_code) == ("refused", "key", "key-used-already")
    assert "You have a certificate of this key already" in words(
        browser(alice).get("/certificates/requests/")
    )
