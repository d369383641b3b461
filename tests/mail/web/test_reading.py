"""One letter: seal and lock, details, files, bytes, frame; and what a letter teaches."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta

import pytest

from mail.html import clean_html
from mail.models import Contact, ContactCertificate, Message
from pki.crl import Reason
from pki.formats import read_certificates
from tenants import clock
from tenants.models import Certificate, Person
from tenants.scoping import tenant_scope
from tenants.services.revoke import revoke
from tenants.services.trust_root import ask_to_trust, distrust_root, trust_root
from tests.browsing import browser, words
from tests.cast import Cast, Member, work
from tests.mail.letters import FILE, deliver, outside, plain_letter, put, taken, text_signed_only


def newest(member: Member) -> Message:
    with tenant_scope(member.actor.tenant_id):
        return Message.objects.of(member.actor.person_id).newest_first("inbox").first()


def test_a_letter_of_somebody_else_is_not_found_like_one_that_is_not(cast: Cast) -> None:
    deliver(cast.alice, cast.bob)
    letter = newest(cast.bob).id
    colleague, stranger = browser(cast.fabrikam.administrator), browser(cast.alice)
    for page in (colleague, stranger):
        for identifier in (letter, uuid.uuid4()):
            for end in ("", "body/", "attachment/0/", "raw.eml", f"certificate/{'0' * 64}/general/"):
                assert page.get(f"/mail/{identifier}/{end}").status_code == 404
            for end in ("check/", "unread/"):
                assert page.post(f"/mail/{identifier}/{end}").status_code == 404


def test_opening_marks_as_read_and_the_button_takes_it_back(cast: Cast) -> None:
    letter = put(cast.alice, plain_letter())
    page = browser(cast.alice)
    page.get(f"/mail/{letter.id}/")
    assert newest(cast.alice).seen_at is not None
    assert page.post(f"/mail/{letter.id}/unread/").status_code == 303
    assert newest(cast.alice).seen_at is None


def test_a_locked_letter_asks_for_the_pin_stays_unread_and_says_nothing_of_its_content(cast: Cast) -> None:
    deliver(cast.alice, cast.alice, subject="Bonus", text="One million.")
    page, letter = browser(cast.alice), newest(cast.alice)
    shown = page.get(f"/mail/{letter.id}/")
    assert "Unlock your key to read" in words(shown)
    assert f'name="next" value="/mail/{letter.id}/"' in shown.content.decode()
    assert "million" not in shown.content.decode() + page.get(f"/mail/{letter.id}/body/").content.decode()
    assert newest(cast.alice).seen_at is None


def test_details_name_layers_path_list_readers_and_signer(cast: Cast) -> None:
    deliver(cast.alice, cast.bob, attachments=[FILE])
    page = browser(cast.bob, unlocked=True)
    letter = f"/mail/{newest(cast.bob).id}/"
    page.get(letter)
    details = words(page.get(f"{letter}?details=1"))
    for part in (
        "Encrypted AES-256-GCM", "Signed by Alice Arden", "plain text, 1 file",
        "trusted by your organisation", "Alice Arden", "Revocation list", "You", cast.alice.address,
        "From published in this portal",
    ):  # fmt: skip
        assert part in details, part


def test_a_letter_says_what_was_decided_about_its_root(cast: Cast) -> None:
    deliver(cast.charlie, cast.alice, encrypt=False)
    path, page = f"/mail/{newest(cast.alice).id}/", browser(cast.alice)
    assert "nobody in your organisation has decided" in words(page.get(path))
    root = cast.northwind.root().certificate
    ask_to_trust(cast.alice.actor, root, clock.now())
    asked = words(page.get(path))
    assert "waiting for your administrator" in asked
    assert "Ask administrator to trust" not in asked
    trusted = trust_root(cast.olga.actor, root, [cast.northwind.domain], clock.now())
    work()
    assert "Signed by Charlie Chen" in words(page.get(path))
    distrust_root(cast.olga.actor, trusted.id, clock.now())
    shown = words(page.get(path))
    assert "your organisation distrusts the issuer" in shown
    assert "Your organisation distrusted this root" in shown
    assert "nobody in your organisation has decided" not in shown
    assert "Ask administrator to trust" in shown


def test_administrators_are_led_to_the_decision(cast: Cast) -> None:
    deliver(cast.charlie, cast.olga, encrypt=False)
    shown = browser(cast.olga).get(f"/mail/{newest(cast.olga).id}/")
    assert "Decide about this root" in words(shown)
    assert "Ask administrator" not in words(shown)


def test_the_first_signed_letter_and_the_contact_it_brings(cast: Cast) -> None:
    deliver(cast.alice, cast.bob)
    page, letter = browser(cast.bob, unlocked=True), newest(cast.bob)
    assert "first signed letter from this address" in words(page.get(f"/mail/{letter.id}/"))
    assert "first signed letter from this address" in words(page.get(f"/mail/{letter.id}/"))
    with tenant_scope(cast.fabrikam.tenant):
        contact = Contact.objects.get(person_id=cast.bob.actor.person_id)
        assert (contact.address, contact.name) == (cast.alice.address, "Alice Arden")
        assert ContactCertificate.objects.in_use().filter(contact=contact, can_encrypt=True).count() == 1
    deliver(cast.alice, cast.bob)
    assert "first signed letter" not in words(page.get(f"/mail/{newest(cast.bob).id}/"))


def test_another_signer_than_before_is_marked_and_replaces_nobody(cast: Cast) -> None:
    deliver(cast.alice, cast.bob)
    page = browser(cast.bob, unlocked=True)
    page.get(f"/mail/{newest(cast.bob).id}/")
    with clock.moved(timedelta(minutes=2)):  # newer by more than the second that certificates know
        renew_signing_certificate(cast.alice)
        deliver(cast.alice, cast.bob)
        read = page.get(f"/mail/{newest(cast.bob).id}/")
    assert "Signed by Alice Arden" in words(read)
    assert "a different signer than before" in words(read)
    way = re.search(r'href="(/contacts/[^"]+/)">Compare and choose', read.content.decode())
    assert way is not None
    assert "A different signer than before." in words(page.get(way[1]))
    with tenant_scope(cast.fabrikam.tenant):
        states = ContactCertificate.objects.filter(can_sign=True).order_by("added_at")
        assert [row.state for row in states] == ["in-use", "proposed"]


def renew_signing_certificate(member: Member) -> None:
    from tenants import due_work
    from tenants.models import Enrolment, Template

    with tenant_scope(member.actor.tenant_id, write=True):
        wish = Enrolment.objects.create(
            person=Person.objects.get(id=member.actor.person_id),
            template=Template.objects.filter(code="signing").first(),
            asked_at=clock.now(),
        )
        due_work.schedule("issue", member.actor.tenant_id, wish.id)
    work()


def test_a_certificate_revoked_after_receipt_says_both_dates(cast: Cast) -> None:
    deliver(cast.alice, cast.bob)
    letter = f"/mail/{newest(cast.bob).id}/"
    page = browser(cast.bob, unlocked=True)
    assert "revoked since" not in words(page.get(letter))
    row = cast.alice.certificate(to_sign=True)
    with clock.moved(timedelta(minutes=5)):
        revoke(cast.olga.actor, row.id, Reason.SUPERSEDED, clock.now())
        work()
        read = words(page.get(letter))
    assert "Signed by Alice Arden" in read
    assert "certificate revoked since, on" in read
    assert "superseded" in read


def test_an_unsigned_letter_is_loud_when_its_sender_always_signs(cast: Cast) -> None:
    page = browser(cast.bob, unlocked=True)
    for _ in range(2):
        deliver(cast.alice, cast.bob)
        page.get(f"/mail/{newest(cast.bob).id}/")
    forged = put(cast.bob, plain_letter(sender=f"Alice Arden <{cast.alice.address}>"))
    assert "Not signed, though Alice Arden always signs" in words(page.get(f"/mail/{forged.id}/"))


def test_a_letter_that_was_written_to_others_says_so_beside_its_seal(cast: Cast) -> None:
    """A Bcc reads the same as a letter that somebody passed on: the words fit both."""
    hana = cast.contoso.add("Hana Holm")
    deliver(cast.bob, hana, encrypt=False)
    passed_on = put(cast.alice, outside(taken(hana), to=cast.alice.address))
    page = browser(cast.alice)
    read = words(page.get(f"/mail/{passed_on.id}/?details=1"))
    said = "You are not among the recipients that the sender signed; you may have got this as Bcc, or it was passed on."
    assert "Signed by Bob Berger" in read
    assert read.count(said) == 2  # beside the seal and among the findings
    meant = browser(hana).get(f"/mail/{newest(hana).id}/?details=1")
    assert "the recipients that the sender signed" not in words(meant)


def test_a_signature_over_the_text_alone_says_what_it_does_not_cover(cast: Cast) -> None:
    letter = put(cast.alice, text_signed_only(cast.bob, cast.alice))
    read = words(browser(cast.alice).get(f"/mail/{letter.id}/"))
    assert "Signed by Bob Berger" in read
    assert "The signature covers the text, not the header" in read


# The frame


HTML = '<p>Hello <b>Bob</b></p><script>alert(1)</script><img src="http://t.example/x.gif">'


def test_the_frame_is_locked_by_its_own_policy(cast: Cast) -> None:
    letter = put(cast.alice, plain_letter(html=HTML))
    page = browser(cast.alice)
    frame = page.get(f"/mail/{letter.id}/body/")
    policy = dict(part.strip().partition(" ")[::2] for part in frame["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["img-src"] == "data:"
    assert "allow-scripts" not in policy["sandbox"]
    assert "allow-same-origin" not in policy["sandbox"]
    assert "script-src" not in policy
    assert frame["X-Frame-Options"] == "SAMEORIGIN"
    assert "no-store" in frame["Cache-Control"]
    text = frame.content.decode()
    assert "<p>Hello <b>Bob</b></p>" in text
    assert "alert" not in text
    assert "t.example" not in text
    reader = page.get(f"/mail/{letter.id}/")
    assert "1 picture from the network was left out" in words(reader)
    assert "<b>Bob</b>" not in reader.content.decode()


def test_plain_text_is_escaped(cast: Cast) -> None:
    letter = put(cast.alice, plain_letter(body="1 < 2 <script>alert(1)</script>\n"))
    assert b"1 &lt; 2 &lt;script&gt;" in browser(cast.alice).get(f"/mail/{letter.id}/body/").content


def test_a_picture_inside_the_letter_is_shown_as_data(cast: Cast) -> None:
    png = "iVBORw0KGgo="
    raw = (
        "From: a@elsewhere.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b\r\n\r\n"
        '--b\r\nContent-Type: text/html\r\n\r\n<img src="cid:logo">\r\n--b\r\nContent-Type: image/png\r\n'
        f"Content-ID: <logo>\r\nContent-Transfer-Encoding: base64\r\n\r\n{png}\r\n--b--\r\n"
    ).encode()
    letter = put(cast.alice, raw)
    frame = browser(cast.alice).get(f"/mail/{letter.id}/body/").content.decode()
    assert f'src="data:image/png;base64,{png}"' in frame


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ('a"b\r\nX: y.pdf', "a_b_X_ y.pdf"),
        ("../../etc/passwd", "passwd"),
        ("Rechnung für Ø.pdf", "Rechnung für Ø.pdf"),
    ],
)
def test_a_file_is_a_download_under_a_safe_name(cast: Cast, given: str, kept: str) -> None:
    from email.message import EmailMessage
    from urllib.parse import unquote

    message = EmailMessage()
    message["From"], message["Subject"] = "a@elsewhere.example", "x"
    message.set_content("see file")
    message.add_attachment(b"<script>", maintype="text", subtype="html", filename=given.replace("\r\n", " "))
    letter = put(cast.alice, message.as_bytes())
    file = browser(cast.alice).get(f"/mail/{letter.id}/attachment/0/")
    assert file.content == b"<script>"
    assert file["X-Content-Type-Options"] == "nosniff"
    assert file["Content-Type"] == "application/octet-stream"
    disposition = unquote(file["Content-Disposition"])
    assert disposition.startswith("attachment")
    assert kept.replace("_X_", " X_") in disposition or kept in disposition
    assert browser(cast.alice).get(f"/mail/{letter.id}/attachment/1/").status_code == 404


def test_an_altered_envelope_is_text_only_and_is_not_quoted(cast: Cast) -> None:
    """EFAIL: CBC without a signature inside. No HTML, no pictures, nothing of it in an answer."""
    from smime import compose, headers, mime
    from smime.encrypt import ContentCipher

    key = cast.alice.certificate(to_sign=False).certificate
    body = mime.build_body("Plain words.", html='<p>Rich <img src="http://t.example/x"></p>')
    fields = [("From", "mallory@elsewhere.example"), ("To", cast.alice.address), ("Subject", "x")]
    protected = headers.protect(body, fields, encrypted=True, legacy_display=False)
    sealed = compose.encrypt_entity(protected.entity, recipients=[key], cipher=ContentCipher.AES_256_CBC)
    letter = put(cast.alice, mime.message(protected.outer, sealed))
    page = browser(cast.alice, unlocked=True)
    assert "Encrypted, integrity not protected" in words(page.get(f"/mail/{letter.id}/"))
    frame = page.get(f"/mail/{letter.id}/body/").content.decode()
    assert "Plain words." in frame
    assert "Rich" not in frame
    answer = page.get(f"/mail/compose/?reply={letter.id}").content.decode()
    assert "mallory@elsewhere.example" in answer
    assert "Plain words." not in answer


def test_an_encrypted_part_inside_a_letter_opens_in_a_frame_of_its_own(cast: Cast) -> None:
    from smime import compose, mime
    from smime.encrypt import ContentCipher

    key = cast.alice.certificate(to_sign=False).certificate
    inner = compose.encrypt_entity(
        mime.build_body("The old secret."), recipients=[key], cipher=ContentCipher.AES_256_GCM
    )
    around = mime.multipart("mixed", [mime.text_entity("Send this back.", "plain"), inner])
    letter = put(cast.alice, mime.message([("From", "mallory@elsewhere.example"), ("Subject", "x")], around))
    page, address = browser(cast.alice, unlocked=True), f"/mail/{letter.id}/"
    assert f'src="{address}body/?layer=0"' in page.get(address).content.decode()
    assert "old secret" not in words(page.get(f"{address}body/"))
    assert "The old secret." in words(page.get(f"{address}body/?layer=0"))
    assert page.get(f"{address}body/?layer=1").status_code == 404
    for number in ("x", "9" * 5000, "-1", "00", "٠", ""):
        assert page.get(f"{address}body/", {"layer": number}).status_code == 404
    assert "old secret" not in page.get(f"/mail/compose/?reply={letter.id}").content.decode()


# Certificates found in a letter


def test_every_tab_of_a_certificate_found_in_a_letter(cast: Cast) -> None:
    deliver(cast.charlie, cast.alice, encrypt=False)
    letter, page = f"/mail/{newest(cast.alice).id}/", browser(cast.alice)
    fp = bytes(cast.charlie.certificate(to_sign=True).sha256).hex()
    for tab in ("general", "details", "path", "status"):
        response = page.get(f"{letter}certificate/{fp}/{tab}/")
        assert response.status_code == 200
        assert "Charlie Chen" in words(response)
    assert page.get(f"{letter}certificate/{fp}/keys/").status_code == 404
    own = bytes(cast.alice.certificate(to_sign=True).sha256).hex()
    assert page.get(f"{letter}certificate/{own}/general/").status_code == 404


def test_a_certificate_found_in_a_letter_is_handed_out_with_its_path(cast: Cast) -> None:
    deliver(cast.charlie, cast.alice, encrypt=False)
    letter, page = f"/mail/{newest(cast.alice).id}/", browser(cast.alice)
    signing = cast.charlie.certificate(to_sign=True)
    base = f"{letter}certificate/{bytes(signing.sha256).hex()}/"
    assert f"{base}p7b/" in page.get(f"{base}details/").content.decode()
    file = page.get(f"{base}cer/")
    assert file.content == bytes(signing.der)
    assert file["Content-Disposition"] == f'attachment; filename="{cast.charlie.address}.cer"'
    assert read_certificates(page.get(f"{base}pem/").content) == [signing.certificate]
    whole = read_certificates(page.get(f"{base}p7b/").content)
    assert signing.certificate in whole
    assert cast.northwind.root().certificate in whole


def test_checking_again_asks_for_the_lists_and_comes_back(cast: Cast) -> None:
    deliver(cast.alice, cast.bob, encrypt=False)
    page, letter = browser(cast.bob), newest(cast.bob)
    assert page.get(f"/mail/{letter.id}/check/").status_code == 405
    response = page.post(f"/mail/{letter.id}/check/")
    assert (response.status_code, response["Location"]) == (303, f"/mail/{letter.id}/")
    assert "The revocation lists are being asked for" in words(page.get(f"/mail/{letter.id}/"))
    work()


def test_a_get_of_the_parts_changes_nothing(cast: Cast) -> None:
    letter = put(cast.alice, plain_letter(html="<p>x</p>"))
    page = browser(cast.alice)
    for end in ("body/", "raw.eml"):
        page.get(f"/mail/{letter.id}/{end}")
    row = newest(cast.alice)
    assert (row.seen_at, row.judged_at) == (None, None)
    assert clean_html("<p>x</p>").html == "<p>x</p>"


def test_people_of_the_forest_are_no_contacts(cast: Cast) -> None:
    hana = cast.contoso.add("Hana Holm")
    deliver(cast.alice, hana)
    browser(hana, unlocked=True).get(f"/mail/{newest(hana).id}/")
    with tenant_scope(cast.contoso.tenant):
        assert not Contact.objects.exists()
        assert Certificate.objects.filter(person_id=hana.actor.person_id).exists()


def test_below_a_root_that_is_not_believed_no_node_of_the_details_looks_good(cast: Cast) -> None:
    deliver(cast.charlie, cast.alice, encrypt=False)
    shown = browser(cast.alice).get(f"/mail/{newest(cast.alice).id}/?details=1").content.decode()
    (path,) = re.findall(r'<ol class="pathmini">.*?</ol>', shown, re.DOTALL)
    assert re.findall(r'class="mark tone-(\w+)"', path) == ["warn", "quiet", "quiet"]
