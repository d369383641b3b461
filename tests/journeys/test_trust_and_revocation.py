"""A newcomer arrives, a certificate is revoked, a partner is trusted and no longer: through the pages alone."""

from __future__ import annotations

import re
import time

from cryptography import x509
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from mail.models import Message
from pki.crl import Crl
from tenants.models import Generation
from tenants.scoping import tenant_scope
from tests.browsing import browser, fingerprint, words
from tests.cast import PASSWORD, PIN, Cast, Member, make_ready, work
from tests.mail.letters import deliver

NEW_PASSWORD = "four unrelated words here"


def published_list(certificate: x509.Certificate) -> Crl:
    """The list at the address that stands in a certificate, fetched as a stranger would."""
    points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    (name,) = points[0].full_name or ()
    response = Client(HTTP_HOST="pki.test").get(name.value.removeprefix("http://pki.test"))
    assert response.status_code == 200
    return Crl.parse(response.content)


def test_a_newcomer_gets_a_link_a_password_a_pin_and_can_sign_and_encrypt(cast: Cast) -> None:
    olga = Client()
    olga.post("/sign-in/", {"address": cast.olga.address, "password": PASSWORD})
    typed = {"name": "Newt Newman", "address": f"newt@{cast.contoso.domain}"}
    shown = olga.post("/admin/people/add/", typed)
    (link,) = set(re.findall(r"http://testserver(/welcome/[\w-]+/)", shown.content.decode()))

    newt = Client()
    assert "Welcome, Newt Newman" in words(newt.get(link))
    entered = newt.post(link, {"password": NEW_PASSWORD, "password_again": NEW_PASSWORD}, follow=True)
    assert entered.redirect_chain[-1] == ("/enrol/", 302)
    assert "Choose a PIN" in words(entered)

    waiting = newt.post("/enrol/", {"pin": PIN, "pin_again": PIN}, follow=True)
    assert "Your keys are being made" in words(waiting)
    work()
    done = words(newt.get("/enrol/"))
    assert "You can sign and encrypt, Newt Newman" in done
    assert done.count("issued by") == 2

    # Able at once: the key is open without asking again, and colleagues find the newcomer in the directory.
    assert "Key unlocked" in words(newt.get("/mail/compose/"))
    page = words(olga.get("/admin/people/?q=newt"))
    assert "Newt Newman" in page
    assert "has not signed in yet" not in page
    asked = browser(cast.olga).post(
        "/mail/recipients/", {"to": typed["address"], "cc": "", "bcc": "", "sign": "on", "encrypt": "on"}
    )
    (recipient,) = asked.json()["recipients"]
    assert (recipient["address"], recipient["state"]) == (typed["address"], "ready")


def test_a_revoked_certificate_is_on_the_published_list_within_one_round_of_work(cast: Cast) -> None:
    alice, olga = cast.alice, browser(cast.olga)
    row = alice.certificate(to_sign=True)
    before = published_list(row.certificate)
    assert before.find(row.certificate.serial_number) is None

    begun = time.monotonic()
    form = f"/admin/certificates/{fingerprint(row)}/revoke/"
    assert olga.post(form, {"reason": "keyCompromise", "password": PASSWORD}).status_code == 303
    work()
    after = published_list(row.certificate)
    assert time.monotonic() - begun < 60

    entry = after.find(row.certificate.serial_number)
    assert entry is not None
    assert entry.reason == "keyCompromise"
    assert (before.number, after.number) == (1, 2)
    with tenant_scope(cast.contoso.tenant):
        issuer = Generation.objects.get(authority__kind="issuing")
    after.verify(issuer.certificate)
    assert "Published: list number 2" in words(olga.get(form))

    # She cannot sign any more, and is told how to be able to again.
    page = words(browser(alice).get("/certificates/"))
    assert "No certificate in use" in page
    assert "key compromise" in page
    assert "Revoked" in words(browser(alice).get(f"/certificates/{fingerprint(row)}/"))


def test_olga_believes_northwind_for_its_domain_and_takes_it_back(cast: Cast) -> None:
    alice, charlie, olga = cast.alice, cast.charlie, browser(cast.olga)
    deliver(charlie, alice, subject="Lots 3-5", encrypt=False)
    letter = letter_of(alice)
    at_alice = browser(alice, unlocked=True)
    assert "issuer not trusted by your organisation yet" in words(at_alice.get(letter))

    # The root, as Northwind publishes it beside its authority's certificate.
    issuing = charlie.certificate(to_sign=True).certificate
    root = Client().get(issuer_address(issuer_certificate(issuing)))
    preview = olga.post("/admin/trust/import/", {"file": SimpleUploadedFile("northwind.cer", root.content)})
    assert "1. Compare the fingerprint" in words(preview)
    assert "1 signed letter from there waits" in words(preview)
    assert "issuer not trusted by your organisation yet" in words(at_alice.get(letter)), (
        "a preview decides nothing"
    )

    certificate = re.search(r'name="certificate" value="([^"]+)"', preview.content.decode())
    assert certificate is not None
    decided = {"certificate": certificate[1], "domains": cast.northwind.domain, "action": "trust"}
    assert olga.post("/admin/trust/preview/", decided).status_code == 303
    work()
    assert f"Signed by Charlie Chen · {cast.northwind.tenant.name}" in words(at_alice.get(letter))

    trusted = words(olga.get("/admin/trust/"))
    assert f"{cast.northwind.tenant.name} Root G1" in trusted
    distrust = re.search(
        r'href="(/admin/trust/[0-9a-f-]+/distrust/)"', olga.get("/admin/trust/").content.decode()
    )
    assert distrust is not None
    assert "1 signed letter from its domains is here" in words(olga.get(distrust[1]))
    assert olga.post(distrust[1]).status_code == 303
    assert "your organisation distrusts the issuer" in words(at_alice.get(letter))


def test_a_root_that_is_believed_for_another_domain_does_not_vouch(cast: Cast) -> None:
    alice, charlie, olga = cast.alice, cast.charlie, browser(cast.olga)
    deliver(charlie, alice, subject="Lots 3-5", encrypt=False)
    letter = letter_of(alice)
    root = SimpleUploadedFile("northwind.cer", bytes(cast.northwind.root().der))
    preview = olga.post("/admin/trust/import/", {"file": root}).content.decode()
    certificate = re.search(r'name="certificate" value="([^"]+)"', preview)
    assert certificate is not None
    elsewhere = {"certificate": certificate[1], "domains": "elsewhere.example", "action": "trust"}
    olga.post("/admin/trust/preview/", elsewhere)
    work()
    page = words(browser(alice).get(letter))
    assert "issuer not trusted by your organisation yet" in page
    assert "Signed by Charlie Chen" not in page


def test_alice_asks_and_olga_decides(cast: Cast) -> None:
    alice, charlie, olga = cast.alice, cast.charlie, browser(cast.olga)
    deliver(charlie, alice, subject="Lots 3-5", encrypt=False)
    at_alice, letter = browser(alice), letter_of(alice)
    opened = at_alice.get(letter).content.decode()
    path = re.search(rf'href="({letter}certificate/[0-9a-f]{{64}}/path/)"', opened)
    assert path is not None
    page = at_alice.get(path[1])
    assert "Only an administrator can decide that" in words(page)
    fields = dict(re.findall(r'name="(certificate|message)" value="([^"]*)"', page.content.decode()))
    asked = at_alice.post("/trust/request/", fields)
    assert asked["Location"] == letter
    assert "Your administrators have been asked" in words(at_alice.get(letter))

    wishes = olga.get("/admin/trust/")
    assert f"Alice Arden asks you to trust {cast.northwind.tenant.name} Root G1" in words(wishes)
    wish = re.search(r'href="(/admin/trust/preview/\?request=[0-9a-f-]+)"', wishes.content.decode())
    assert wish is not None
    preview = olga.get(wish[1])
    assert f">{cast.northwind.domain}</textarea>" in preview.content.decode().replace("\n", "")
    certificate = re.search(r'name="certificate" value="([^"]+)"', preview.content.decode())
    assert certificate is not None
    decided = {"certificate": certificate[1], "domains": cast.northwind.domain, "action": "trust"}
    olga.post("/admin/trust/preview/", decided)
    work()
    assert "Signed by Charlie Chen" in words(at_alice.get(letter))


def test_olga_decides_about_the_root_of_a_letter_she_got(cast: Cast) -> None:
    charlie = cast.charlie
    olga = cast.olga
    make_ready(olga)
    deliver(charlie, olga, subject="Lots 3-5", encrypt=False)
    at_olga, letter = browser(olga, unlocked=True), letter_of(olga)
    opened = at_olga.get(letter).content.decode()
    offer = re.search(r'href="(/admin/trust/import/\?message=[0-9a-f-]+)"', opened)
    assert offer is not None
    page = at_olga.get(offer[1])
    assert f"From the letter: {cast.northwind.tenant.name} Root G1" in words(page)
    fields = dict(re.findall(r'name="(certificate|suggested)" value="([^"]*)"', page.content.decode()))
    assert fields["suggested"] == cast.northwind.domain
    preview = at_olga.post("/admin/trust/preview/", {**fields, "action": "preview"})
    assert "3. What changes" in words(preview)
    decided = {"certificate": fields["certificate"], "domains": fields["suggested"], "action": "trust"}
    at_olga.post("/admin/trust/preview/", decided)
    work()
    assert "Signed by Charlie Chen" in words(at_olga.get(letter))
    stranger = browser(cast.fabrikam.administrator)
    assert "From the letter" not in words(stranger.get(offer[1]))


def letter_of(reader: Member) -> str:
    with tenant_scope(reader.actor.tenant_id):
        newest = Message.objects.of(reader.actor.person_id).newest_first("inbox").first()
    assert newest is not None
    return f"/mail/{newest.id}/"


def issuer_address(certificate: x509.Certificate) -> str:
    """The path of the address at which a certificate's issuer is published."""
    access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    return str(access[0].access_location.value).removeprefix("http://pki.test")


def issuer_certificate(certificate: x509.Certificate) -> x509.Certificate:
    return x509.load_der_x509_certificate(Client().get(issuer_address(certificate)).content)
