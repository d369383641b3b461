"""Bringing an identity along: what is kept, and that a hostile or wrong file is refused by name with nothing kept."""

from __future__ import annotations

import os
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12
from django.core.files.uploadedfile import SimpleUploadedFile

from mail.letter import Letter
from mail.services.plan import plan
from pki import keys
from tenants import clock
from tenants.models import Certificate, MailKey
from tenants.scoping import tenant_scope
from tenants.services.mail_keys import all_keys, current_key
from tests.browsing import browser, words
from tests.cast import Cast, Member
from tests.outside_identity import PASSWORD, outside
from tests.pki.test_pkcs12_kinds import key_file


def bring(member: Member, file: bytes, password: str = PASSWORD) -> Any:
    sent = {"file": SimpleUploadedFile("old.p12", file), "password": password}
    return browser(member).post("/certificates/bring/", sent)


def brought(member: Member) -> list[Certificate]:
    with tenant_scope(member.actor.tenant_id):
        mine = Certificate.objects.filter(person_id=member.actor.person_id, generation__isnull=True)
        return list(mine.order_by("not_before"))


def counts(member: Member) -> tuple[int, int]:
    with tenant_scope(member.actor.tenant_id):
        return Certificate.objects.count(), MailKey.objects.count()


def test_an_expired_identity_of_an_unknown_authority_is_kept_and_sealed(cast: Cast) -> None:
    alice, old = cast.alice, outside(cast.alice.address)
    assert bring(alice, old.p12()).status_code == 303
    page = words(browser(alice).get("/certificates/"))
    assert "brought along by .p12 on" in page
    assert alice.custody is not None
    with tenant_scope(alice.actor.tenant_id):
        opened = [key.open(alice.custody).public_key() for key in all_keys(alice.actor.person_id)]
    assert old.key.public_key() in opened
    assert PASSWORD not in page


def test_a_valid_one_is_not_used_in_place_of_what_was_issued_here(cast: Cast) -> None:
    alice = cast.alice
    signing, encryption = alice.certificate(to_sign=True), alice.certificate(to_sign=False)
    bring(alice, outside(alice.address, from_day=-1, to_day=300).p12())
    with tenant_scope(alice.actor.tenant_id):
        for to_sign, own in ((True, signing), (False, encryption)):
            used = current_key(alice.actor.person_id, clock.now(), to_sign=to_sign)
            assert used is not None
            assert used.certificate_id == own.id
    letter = Letter(to=alice.address, subject="", text="")
    (judged,) = plan(cast.olga.actor, letter.recipients(), clock.now()).recipients
    assert judged.candidate is not None
    assert judged.candidate.certificate == encryption.certificate


def test_several_keys_of_modern_kinds_come_together(cast: Cast) -> None:
    alice = cast.alice
    kinds = (keys.KeyType.ED25519, keys.KeyType.X25519, keys.KeyType.P384)
    old = [outside(alice.address, kind=kind) for kind in kinds]
    file = key_file([keys.to_pkcs8(one.key) for one in old], [one.certificate for one in old], PASSWORD)
    assert bring(alice, file).status_code == 303
    assert {row.key_description for row in brought(alice)} == {"Ed25519", "X25519", "EC P-384"}


def test_bringing_the_same_file_again_adds_nothing(cast: Cast) -> None:
    alice, old = cast.alice, outside(cast.alice.address)
    bring(alice, old.p12())
    before = counts(alice)
    client = browser(alice)
    client.post(
        "/certificates/bring/", {"file": SimpleUploadedFile("a.p12", old.p12()), "password": PASSWORD}
    )
    assert "is here already" in words(client.get("/certificates/"))
    assert counts(alice) == before


def without_key(member: Member) -> bytes:
    """A PKCS#12 with a certificate and no key."""
    protection = serialization.BestAvailableEncryption(PASSWORD.encode())
    held = pkcs12.PKCS12Certificate(outside(member.address).certificate, None)
    return pkcs12.serialize_key_and_certificates(None, None, None, [held.certificate], protection)


def alone(member: Member) -> bytes:
    """A key whose certificate is not in the file."""
    one, other = outside(member.address), outside(member.address, kind=keys.KeyType.P256)
    return key_file([keys.to_pkcs8(one.key)], [other.certificate], PASSWORD)


def half_foreign(member: Member) -> bytes:
    both = outside(member.address), outside("eve@elsewhere.example")
    return key_file([keys.to_pkcs8(one.key) for one in both], [one.certificate for one in both], PASSWORD)


REFUSED = {
    "wrong password": (lambda m: outside(m.address).p12("another one"), "does not open this key file"),
    "no key": (without_key, "no private key"),
    "key without certificate": (alone, "no key that can be used here"),
    "another person's address": (
        lambda m: outside("eve@elsewhere.example").p12(),
        "for eve@elsewhere.example",
    ),
    "one of two for somebody else": (half_foreign, "for eve@elsewhere.example"),
    "an authority's key": (lambda m: outside(m.address, authority=True).p12(), "the key of an authority"),
    "ten megabytes": (lambda m: os.urandom(10 * 1024 * 1024), "larger than 1 MiB"),
    "noise": (lambda m: os.urandom(3000), "damaged or no PKCS#12 file"),
    "empty": (lambda m: b"", "empty"),
    "truncated": (lambda m: outside(m.address).p12()[:-200], "cannot be used"),
    "nested": (lambda m: b"\x30\x80" * 50_000, "cannot be used"),
    "a certificate only": (
        lambda m: outside(m.address).certificate.public_bytes(serialization.Encoding.PEM),
        "damaged or no PKCS#12 file",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_that_does_not_fit_is_refused_by_name_and_nothing_is_kept(cast: Cast, case: str) -> None:
    make, sentence = REFUSED[case]
    alice = cast.alice
    before = counts(alice)
    answer = bring(alice, make(alice))  # type: ignore[no-untyped-call]
    assert answer.status_code == 422
    assert sentence in words(answer)
    field = "password" if case == "wrong password" else "file"
    assert f'id="id_{field}-error"' in answer.content.decode()
    assert counts(alice) == before


def test_a_key_of_a_colleague_is_refused(cast: Cast) -> None:
    alice, carl = cast.alice, cast.contoso.add("Carl Colleague")
    shared = outside("")
    assert bring(alice, shared.p12()).status_code == 303
    answer = bring(carl, shared.p12())
    assert "Another person of your organisation has a certificate of the same key" in words(answer)
    assert brought(carl) == []


def test_without_a_pin_nothing_can_be_brought(cast: Cast) -> None:
    newt = cast.contoso.add("Newt Newman", ready=False)
    assert "There is no PIN yet" in words(bring(newt, outside(newt.address).p12()))


def test_a_forgotten_pin_is_no_loss_to_who_has_the_exported_file(cast: Cast) -> None:
    from tenants.services.export_identity import export_identity
    from tenants.services.start_over import start_over
    from tests.cast import make_ready

    alice = cast.contoso.add("Alma Again")
    old = alice.certificate(to_sign=False)
    assert alice.custody is not None
    file = export_identity(alice.actor, old.id, alice.custody, PASSWORD)
    start_over(cast.olga.actor, alice.actor.person_id, clock.now())
    make_ready(alice)
    assert bring(alice, file).status_code == 303
    with tenant_scope(alice.actor.tenant_id):
        key = next(one for one in all_keys(alice.actor.person_id) if one.certificate_id == old.id)
    assert key.open(alice.custody).public_key() == old.certificate.public_key()
