"""The certificate viewer: every certificate of the forest, judged now, in words; files without keys."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import load_der_pkcs7_certificates

from pki.crl import Reason
from tenants import clock
from tenants.models import Generation, TrustRoot
from tenants.scoping import tenant_scope
from tenants.services.judge_certificate import judge_certificate
from tenants.services.revoke import revoke
from tenants.services.trust_root import distrust_root
from tenants.web.certificate_path import node_states
from tests.browsing import browser, fingerprint, words
from tests.cast import Cast, Forest, work

TABS = ("", "details/", "path/", "status/")


def authority(cast: Cast) -> Generation:
    with tenant_scope(cast.contoso.tenant):
        found: Generation = Generation.objects.get(authority__kind="issuing")
    return found


def test_ones_own_certificate_in_four_tabs(cast: Cast) -> None:
    client, certificate = browser(cast.alice), cast.alice.certificate(to_sign=True)
    pages = [words(client.get(f"/certificates/{fingerprint(certificate)}/{tab}")) for tab in TABS]
    general, details, path, status = pages
    assert "Complete, in date and trusted by your organisation" in general
    assert f"from {cast.alice.address} only" in general
    assert "Not for encrypting letters" in general
    assert certificate.serial_number in details
    assert "digital signature, critical" in details
    assert fingerprint(certificate)[:4].upper() in details
    assert path.index("Root G1") < path.index("Issuing G1") < path.rindex("Alice Arden")
    assert "your own root" in path
    assert "Not revoked, as of" in status
    assert "http://pki.test/pki/" in status


def test_authorities_and_roots_have_pages_too(cast: Cast) -> None:
    client = browser(cast.alice)
    issuing = words(client.get(f"/certificates/{fingerprint(authority(cast))}/"))
    assert "authority certificate" in issuing
    assert "neither signs nor receives letters" in issuing
    details = words(client.get(f"/certificates/{fingerprint(authority(cast))}/details/"))
    assert f"only {cast.contoso.domain}" in details
    root = words(client.get(f"/certificates/{fingerprint(cast.contoso.root())}/status/"))
    assert "A root is revoked by nobody" in root


def test_a_partners_root_says_what_it_is_believed_for_and_distrusted_that_it_is_not(cast: Cast) -> None:
    row = _partner_root(cast)
    client = browser(cast.alice)
    page = words(client.get(f"/certificates/{fingerprint(row)}/"))
    assert f"Believed for {cast.fabrikam.domain}" in page
    distrust_root(cast.olga.actor, row.id, clock.now())
    path = words(client.get(f"/certificates/{fingerprint(row)}/path/"))
    assert "distrusted here since" in path
    assert "not trusted by your organisation yet" in path
    assert "Ask administrator to trust" in path


def test_nothing_below_a_root_that_is_not_believed_looks_good(cast: Cast) -> None:
    row = _partner_root(cast)
    distrust_root(cast.olga.actor, row.id, clock.now())
    result = judge_certificate(
        cast.alice.actor,
        cast.bob.certificate(to_sign=True).certificate,
        clock.now(),
        offered=[_issuing_of(cast.fabrikam)],
    ).path
    assert node_states(result) == ("warning", "info", "info")


def _issuing_of(forest: Forest) -> x509.Certificate:
    with tenant_scope(forest.tenant):
        issuing: Generation = Generation.objects.get(authority__kind="issuing")
    return issuing.certificate


def _partner_root(cast: Cast) -> TrustRoot:
    assert cast.fabrikam
    with tenant_scope(cast.contoso.tenant):
        root: TrustRoot = TrustRoot.objects.get(state="trusted")
    return root


def test_a_revoked_certificate_says_so_before_and_after_its_list_is_out(cast: Cast) -> None:
    certificate = cast.alice.certificate(to_sign=True)
    client = browser(cast.alice)
    status = f"/certificates/{fingerprint(certificate)}/status/"
    revoke(cast.olga.actor, certificate.id, Reason.KEY_COMPROMISE, clock.now())
    before = words(client.get(status))
    assert "key compromise" in before
    assert "The list that names it is being published" in before
    work()
    assert "which is published, names it" in words(client.get(status))
    general = words(client.get(f"/certificates/{fingerprint(certificate)}/"))
    assert "Revoked" in general
    assert "trusted by your organisation" not in general


def test_colleagues_see_each_others_certificates_other_forests_do_not(cast: Cast) -> None:
    path = f"/certificates/{fingerprint(cast.alice.certificate(to_sign=False))}/"
    assert browser(cast.contoso.add("Carl Colleague", ready=False)).get(path).status_code == 200
    assert browser(cast.bob).get(path).status_code == 404


@pytest.mark.parametrize("fp", ["0" * 64, "zz", "0" * 63, "G" * 64])
def test_an_unknown_fingerprint_is_absent(cast: Cast, fp: str) -> None:
    assert browser(cast.alice).get(f"/certificates/{fp}/").status_code == 404


def test_an_unknown_tab_or_file_is_absent(cast: Cast) -> None:
    client, fp = browser(cast.alice), fingerprint(cast.alice.certificate(to_sign=True))
    for path in ("nonsense/", "file/p12", "file/key"):
        assert client.get(f"/certificates/{fp}/{path}").status_code == 404
    upper = client.get(f"/certificates/{fp.upper()}/")
    assert upper.status_code == (200 if fp == fp.upper() else 404), "one certificate has one address"


def test_files_hold_the_certificate_and_never_a_key(cast: Cast) -> None:
    client, row = browser(cast.alice), cast.alice.certificate(to_sign=True)
    cer, pem, p7b = (
        client.get(f"/certificates/{fingerprint(row)}/file/{form}") for form in ("cer", "pem", "p7b")
    )
    assert cer.content == bytes(row.der)
    assert x509.load_pem_x509_certificate(pem.content) == row.certificate
    bundle = load_der_pkcs7_certificates(p7b.content)
    assert {c.public_bytes(Encoding.DER) for c in bundle} >= {
        bytes(row.der),
        bytes(authority(cast).der),
        bytes(cast.contoso.root().der),
    }
    for response in (cer, pem, p7b):
        assert b"PRIVATE" not in response.content
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["Content-Disposition"].startswith("attachment")
        assert cast.alice.address in response["Content-Disposition"]
