"""What we issue, OpenSSL verifies: paths, lists, revocation, constraints."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from pki import profiles
from pki.certificates import MailDomain
from pki.crl import Crl, Reason, RevokedEntry
from pki.keys import KeyType
from pki.signer import Signer
from tests.pki.conftest import AT, DAY, Forest, found_forest

KINDS = [
    (KeyType.P384, KeyType.P256),
    (KeyType.P384, KeyType.P384),
    (KeyType.RSA_4096, KeyType.RSA_3072),
]


@pytest.fixture(scope="module", params=KINDS, ids=lambda kinds: "-".join(kinds))
def forest(request: pytest.FixtureRequest) -> Forest:
    root_type, issuing_type = request.param
    return found_forest(
        "Contoso", MailDomain("contoso.example", True), root_type=root_type, issuing_type=issuing_type
    )


def _verify(folder: Path, forest: Forest, leaf: Signer, *lists: Crl) -> subprocess.CompletedProcess[str]:
    (folder / "root.pem").write_bytes(forest.root.certificate.public_bytes(Encoding.PEM))
    (folder / "issuing.pem").write_bytes(forest.issuing.certificate.public_bytes(Encoding.PEM))
    (folder / "leaf.pem").write_bytes(leaf.certificate.public_bytes(Encoding.PEM))
    crls = b"".join(
        subprocess.run(
            ["openssl", "crl", "-inform", "DER"], input=crl.der, capture_output=True, check=True
        ).stdout
        for crl in lists
    )
    (folder / "lists.pem").write_bytes(crls)
    return subprocess.run(
        [
            *("openssl", "verify", "-x509_strict", "-purpose", "smimesign", "-crl_check_all"),
            *("-attime", str(int(AT.timestamp())), "-CAfile", "root.pem", "-untrusted", "issuing.pem"),
            *("-CRLfile", "lists.pem", "leaf.pem"),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_openssl_accepts_a_person_with_both_lists(tmp_path: Path, forest: Forest):
    alice = forest.person("alice@contoso.example")
    run = _verify(tmp_path, forest, alice, forest.root_list(), forest.person_list())
    assert (run.returncode, run.stdout.strip()) == (0, "leaf.pem: OK"), run.stderr


def test_openssl_sees_a_revocation_and_its_reason(tmp_path: Path, forest: Forest):
    alice = forest.person("alice@contoso.example")
    entry = RevokedEntry(alice.certificate.serial_number, AT - DAY, Reason.KEY_COMPROMISE, AT - 2 * DAY)
    listed = forest.person_list(entry)
    run = _verify(tmp_path, forest, alice, forest.root_list(), listed)
    assert "certificate revoked" in run.stderr
    shown = subprocess.run(
        ["openssl", "crl", "-inform", "DER", "-text", "-noout"],
        input=listed.der,
        capture_output=True,
        check=True,
    ).stdout.decode()
    assert "Key Compromise" in shown
    assert "Invalidity Date" in shown
    assert f"{alice.certificate.serial_number:X}" in shown.replace(":", "").upper()


def test_openssl_holds_an_authority_to_its_domains(tmp_path: Path, forest: Forest):
    from cryptography import x509

    from tests.pki.forgery import forge

    sly = forge(forest.issuing, x509.RFC822Name("mallory@fabrikam.example"))
    run = _verify(tmp_path, forest, sly, forest.root_list(), forest.person_list())
    assert "permitted subtree violation" in run.stderr


@pytest.mark.parametrize("profile", [profiles.ENCRYPTION, profiles.DUAL_USE])
def test_openssl_finds_a_recipient_key_usable(tmp_path: Path, forest: Forest, profile):
    person = forest.person("alice@contoso.example", profile=profile, key_type=KeyType.RSA_3072)
    (tmp_path / "leaf.pem").write_bytes(person.certificate.public_bytes(Encoding.PEM))
    shown = subprocess.run(
        ["openssl", "x509", "-in", "leaf.pem", "-noout", "-purpose"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "S/MIME encryption : Yes" in shown
    assert ("S/MIME signing : Yes" in shown) is profile.signs
    assert "SSL server : No" in shown
