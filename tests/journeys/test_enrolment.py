"""Ways to a certificate, end to end: an identity that comes along opens old letters; renewal goes unnoticed."""

from __future__ import annotations

from datetime import timedelta

from cryptography.hazmat.primitives.serialization import Encoding
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from smime.encrypt import ContentCipher, envelope
from smime.octets import blocks_of
from tenants import clock
from tenants.services.renew import find_renewals
from tenants.services.sign_root_list import sign_root_list
from tests.browsing import browser, words
from tests.cast import Cast, Member, work
from tests.journeys.test_first_letter import newest
from tests.mail.letters import deliver
from tests.outside_identity import PASSWORD, Outside, outside

TEXT = "The old contract is in the blue folder."


def old_letter(old: Outside, member: Member) -> bytes:
    """A letter of years ago, as another program kept it: encrypted to the certificate of that time."""
    inner = f"Content-Type: text/plain; charset=us-ascii\r\n\r\n{TEXT}\r\n".encode()
    sealed = envelope(inner, recipients=[old.certificate], cipher=ContentCipher.AES_256_GCM)
    head = (
        f"From: Bill <bill@elsewhere.example>\r\nTo: {member.address}\r\nSubject: Old times\r\n"
        "Date: Tue, 07 Jan 2025 10:00:00 +0000\r\nMessage-ID: <old@elsewhere.example>\r\nMIME-Version: 1.0\r\n"
        "Content-Type: application/pkcs7-mime; smime-type=authEnveloped-data; name=smime.p7m\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\n"
    )
    import base64

    body = base64.encodebytes(b"".join(bytes(block) for block in blocks_of(sealed)))
    return head.encode() + body.replace(b"\n", b"\r\n")


def import_letter(page: Client, raw: bytes) -> None:
    page.post("/mail/import/", {"file": SimpleUploadedFile("old.eml", raw)})


def test_old_letters_open_with_the_identity_that_was_brought_along(cast: Cast) -> None:
    alice, old = cast.alice, outside(cast.alice.address)
    page = browser(alice, unlocked=True)
    import_letter(page, old_letter(old, alice))
    letter = f"/mail/{newest(alice)}/"
    assert "Cannot be decrypted" in words(page.get(letter))
    sent = {"file": SimpleUploadedFile("old.p12", old.p12()), "password": PASSWORD}
    assert page.post("/certificates/bring/", sent)["Location"] == "/certificates/"
    assert "Old letters to it open from now on" in words(page.get("/certificates/"))
    assert "Encrypted to you" in words(page.get(letter))
    assert TEXT in words(page.get(f"{letter}body/"))
    # What Alice writes is signed by the certificate of her own forest all the same.
    deliver(alice, cast.bob, text="A new letter.")
    read = browser(cast.bob, unlocked=True).get(f"/mail/{newest(cast.bob)}/")
    assert f"Signed by Alice Arden · {cast.contoso.tenant.name}" in words(read)


def test_letters_before_and_after_a_renewal_open_and_their_seals_hold(cast: Cast) -> None:
    alice, bob = cast.alice, cast.bob
    deliver(bob, alice, text="Before the renewal.")
    first = newest(alice)
    with clock.moved(timedelta(days=500)):
        for forest in (cast.contoso, cast.fabrikam):
            sign_root_list(forest.tenant.id, forest.founded.root_key_file, "")
        work()
        find_renewals()
        work()
        new = alice.certificate(to_sign=False)
        assert new.not_after > clock.now() + timedelta(days=700)
        deliver(bob, alice, text="After the renewal.")
        page = browser(alice, unlocked=True)
        for message, text in ((first, "Before the renewal."), (newest(alice), "After the renewal.")):
            read = words(page.get(f"/mail/{message}/"))
            assert "Encrypted to you" in read
            assert "Signed by Bob Berger" in read
            assert text in words(page.get(f"/mail/{message}/body/"))
        raw = page.get(f"/mail/{newest(alice)}/raw.eml").content
        assert raw
        deliver(alice, bob, text="And an answer.")
        at_bob = browser(bob, unlocked=True)
        assert f"Signed by Alice Arden · {cast.contoso.tenant.name}" in words(
            at_bob.get(f"/mail/{newest(bob)}/")
        )
    assert new.certificate.public_bytes(Encoding.DER) == bytes(new.der)
