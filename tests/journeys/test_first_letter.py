"""Two forests exchange their first signed and encrypted letters, through the pages alone."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from pathlib import Path

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from mail.models import Message
from mail.models.letters import Folder
from pki.crl import Reason
from tenants import clock
from tenants.scoping import tenant_scope
from tenants.services.export_identity import export_identity
from tenants.services.pull_publications import keep_list
from tenants.services.revoke import revoke
from tenants.services.trust_root import distrust_root, trust_root
from tests.browsing import browser, words
from tests.cast import PASSWORD, PIN, Cast, Member, work
from tests.journeys.openssl import Authority, must, openssl
from tests.mail.letters import FILE as ATTACHED
from tests.mail.letters import deliver

TEXT = "Bob,\n\nthe visit is confirmed for 3 December.\n\nAlice\n"
FILE = b"%PDF-1.7 the plan of the site\n"


def newest(member: Member) -> uuid.UUID:
    with tenant_scope(member.actor.tenant_id):
        return Message.objects.of(member.actor.person_id).newest_first(Folder.INBOX).first().id


def sign_in(member: Member) -> Client:
    client = Client()
    response = client.post("/sign-in/", {"address": member.address, "password": PASSWORD, "next": "/mail/"})
    assert response.status_code in (302, 303), response.content
    return client


def hidden(response: object, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', response.content.decode())  # type: ignore[attr-defined]
    return found[1] if found else ""


def fields(response: object) -> dict[str, str]:
    """What a browser would send again of the composer's hidden fields."""
    return {name: hidden(response, name) for name in ("draft", "in_reply_to", "relation", "letter")}


def write_first_letter(alice: Member, bob: Member) -> Client:
    """Alice writes with a file, is asked for her PIN on the same page, and sends."""
    page = sign_in(alice)
    begun = page.get("/mail/compose/")
    typed = {"to": bob.address, "subject": "Site visit", "text": TEXT, "sign": "on", "encrypt": "on"}
    asked = page.post(
        "/mail/compose/",
        {**fields(begun), **typed, "action": "send", "files": SimpleUploadedFile("plan.pdf", FILE)},
    )
    assert "Unlock your key to sign" in words(asked)
    kept = re.findall(r'name="keep" value="([^"]+)"', asked.content.decode())
    assert len(kept) == 1
    sent = page.post("/mail/compose/", {**fields(asked), **typed, "keep": kept, "pin": PIN, "action": "send"})
    assert sent.status_code == 303, words(sent)
    assert "Sent signed and encrypted to Bob Berger." in words(page.get("/mail/"))
    work()
    return page


def test_alice_and_bob_exchange_letters(cast: Cast) -> None:
    alice, bob = cast.alice, cast.bob
    at_alice = write_first_letter(alice, bob)

    at_bob = sign_in(bob)
    assert "Encrypted message" in words(at_bob.get("/mail/"))
    letter = f"/mail/{newest(bob)}/"
    assert "Unlock your key to read" in words(at_bob.get(letter))
    unlocked = at_bob.post("/unlock/", {"pin": PIN, "next": letter})
    assert unlocked["Location"] == letter
    read = words(at_bob.get(letter))
    assert f"Signed by Alice Arden · {cast.contoso.tenant.name}" in read
    assert "Encrypted to you (AES-256-GCM)" in read
    assert "Site visit" in read
    assert "Subject was encrypted" in read
    assert "the visit is confirmed for 3 December" in words(at_bob.get(f"{letter}body/"))
    file = at_bob.get(f"{letter}attachment/0/")
    assert file.content == FILE
    assert file["Content-Disposition"] == 'attachment; filename="plan.pdf"'

    begun = at_bob.get(f"/mail/compose/?reply={letter[6:-1]}")
    shown = begun.content.decode()
    assert "&gt; the visit is confirmed for 3 December." in shown
    answer = {
        **fields(begun), "to": alice.address, "subject": "Re: Site visit", "text": "Agreed.\n\n> the visit",
        "sign": "on", "action": "send",
    }  # fmt: skip
    assert at_bob.post("/mail/compose/", answer).status_code == 303
    work()

    reply = f"/mail/{newest(alice)}/"
    read = words(at_alice.get(reply))
    assert f"Signed by Bob Berger · {cast.fabrikam.tenant.name}" in read
    assert (
        "Encrypted to you" in read
    )  # although Encrypt was not posted: a reply to an encrypted letter stays encrypted
    assert "Re: Site visit" in read
    assert "Agreed." in words(at_alice.get(f"{reply}body/"))


def test_a_letter_of_an_unknown_forest_turns_when_its_root_is_trusted_and_back_when_it_is_not(
    cast: Cast,
) -> None:
    alice, charlie = cast.alice, cast.charlie
    at_charlie = browser(charlie, unlocked=True)
    begun = at_charlie.get("/mail/compose/")
    typed = {"to": alice.address, "subject": "Lots 3-5", "text": "Thursday.", "sign": "on", "action": "send"}
    assert at_charlie.post("/mail/compose/", {**fields(begun), **typed}).status_code == 303
    work()

    at_alice, letter = browser(alice, unlocked=True), f"/mail/{newest(alice)}/"
    untrusted = at_alice.get(letter)
    assert "Signed · issuer not trusted by your organisation yet" in words(untrusted)
    way = re.search(r'href="(/mail/[^"]+/certificate/[0-9a-f]{64}/path/)"', untrusted.content.decode())
    assert way is not None
    assert "Ask administrator to trust" in words(at_alice.get(way[1]))
    assert "issuer not trusted yet" in words(at_alice.get("/mail/"))

    root = cast.contoso.trust(cast.northwind)
    name = cast.northwind.tenant.name
    assert f"Signed by Charlie Chen · {name}" in words(at_alice.get(letter))
    assert f"Charlie Chen {name}" in words(
        at_alice.get("/mail/")
    )  # the badge of the forest, only with a seal

    distrust_root(cast.olga.actor, root.id, clock.now())
    assert "issuer not trusted yet" not in words(at_alice.get("/mail/"))  # a verdict from before is not shown
    assert name not in words(at_alice.get("/mail/"))
    assert "Signed · your organisation distrusts the issuer" in words(at_alice.get(letter))


def exported(member: Member, folder: Path, *, to_sign: bool) -> str:
    """One of the person's keys as a PEM file, by way of the .p12 that people take along."""
    row, password = member.certificate(to_sign=to_sign), "take it along"
    assert member.custody is not None
    (folder / "key.p12").write_bytes(export_identity(member.actor, row.id, member.custody, password))
    must(folder, "pkcs12", "-in", "key.p12", "-nodes", "-passin", f"pass:{password}", "-out", "key.pem")
    return "key.pem"


def test_a_downloaded_letter_is_decrypted_and_verified_by_openssl(cast: Cast, tmp_path: Path) -> None:
    alice, bob = cast.alice, cast.bob
    deliver(alice, bob, text="Clause 4 stands.", attachments=[ATTACHED])
    downloaded = browser(bob).get(f"/mail/{newest(bob)}/raw.eml")
    assert downloaded["X-Content-Type-Options"] == "nosniff"
    assert downloaded["Content-Disposition"].startswith("attachment")
    (tmp_path / "letter.eml").write_bytes(downloaded.content)
    key = exported(bob, tmp_path, to_sign=False)
    must(tmp_path, "cms", "-decrypt", "-in", "letter.eml", "-inkey", key, "-out", "signed.eml")
    (tmp_path / "root.der").write_bytes(bytes(cast.contoso.root().der))
    must(tmp_path, "x509", "-inform", "DER", "-in", "root.der", "-out", "root.pem")
    text = must(tmp_path, "cms", "-verify", "-in", "signed.eml", "-CAfile", "root.pem")
    assert b"Clause 4 stands." in text
    changed = (tmp_path / "signed.eml").read_bytes().replace(b"Clause 4 stands.", b"Clause 4 falls. ")
    (tmp_path / "changed.eml").write_bytes(changed)
    assert openssl(tmp_path, "cms", "-verify", "-in", "changed.eml", "-CAfile", "root.pem").returncode != 0


def test_a_letter_signed_outside_with_a_revoked_key_says_so_and_an_earlier_one_says_both_dates(
    cast: Cast, tmp_path: Path
) -> None:
    alice, bob = cast.alice, cast.bob
    deliver(alice, bob, text="While all was well.")
    page, earlier = browser(bob, unlocked=True), f"/mail/{newest(bob)}/"
    key = exported(alice, tmp_path, to_sign=True)
    with clock.moved(timedelta(minutes=3)):
        revoke(cast.olga.actor, alice.certificate(to_sign=True).id, Reason.SUPERSEDED, clock.now())
        work()
        (tmp_path / "text").write_bytes(b"Please pay.")
        raw = must(
            tmp_path, "cms", "-sign", "-in", "text", "-text", "-signer", key, "-inkey", key,
            "-from", f"Alice Arden <{alice.address}>", "-to", bob.address, "-subject", "Bank details",
        )  # fmt: skip
        page.post("/mail/import/", {"file": SimpleUploadedFile("forged.eml", raw)})
        assert "Signed with a revoked certificate" in words(page.get(f"/mail/{newest(bob)}/"))
        assert "certificate revoked since, on" in words(page.get(earlier))
        refused = browser(alice, unlocked=True).post(
            "/mail/compose/", {"to": bob.address, "text": "x", "sign": "on", "action": "send"}
        )
    assert "You have no valid signing certificate" in words(refused)


def test_a_letter_made_by_openssl_is_imported_and_judged(cast: Cast, tmp_path: Path) -> None:
    alice, tailspin = cast.alice, Authority(tmp_path, f"tailspin-{uuid.uuid4().hex[:8]}.example")
    raw = tailspin.signed_letter(alice.address, b"The minutes are attached.")
    page = browser(alice, unlocked=True)
    files = [SimpleUploadedFile("minutes.eml", raw), SimpleUploadedFile("empty.eml", b"")]
    told = words(page.post("/mail/import/", {"file": files}))
    assert "In your inbox, judged as of now" in told
    assert "The file is empty." in told
    letter = f"/mail/{newest(alice)}/"
    assert "Signed · issuer not trusted by your organisation yet" in words(page.get(letter))

    from cryptography import x509

    root = x509.load_der_x509_certificate(tailspin.der("root.pem", "x509"))
    trust_root(cast.olga.actor, root, [tailspin.domain], clock.now())
    assert "revocation status can’t be determined" in words(page.get(letter))

    with tenant_scope(cast.contoso.tenant, write=True):
        assert keep_list(tailspin.der("list.pem", "crl"), root, "a file", clock.now())
    read = words(page.get(letter))
    assert "Signed by Tina Thorn · Tailspin" in read
    assert "Imported from a file" in read
    assert "The minutes are attached." in words(page.get(f"{letter}body/"))

    broken = raw.replace(b"The minutes", b"No minutes ")
    page.post("/mail/import/", {"file": SimpleUploadedFile("broken.eml", broken)})
    assert "Signature broken: the message changed" in words(page.get(f"/mail/{newest(alice)}/"))
