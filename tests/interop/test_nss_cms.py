"""Letters to and from NSS, the library inside Thunderbird, by its `cmsutil`.

NSS before 3.103 has no key agreement in CMS and no version has AuthEnvelopedData: RSA and AES-CBC stand for what that
client opens.
"""

from __future__ import annotations

import pytest

from smime import cms
from smime.decrypt import DecryptionStatus, decrypt
from smime.encrypt import ContentCipher, enveloped_data
from smime.sign import signed_data
from smime.verify import SignatureStatus, verify
from tests.interop.nss import Nss
from tests.smime.people import AT, Person, person

pytestmark = pytest.mark.nss

LETTER = b"Content-Type: text/plain\r\n\r\nHello\r\n"
KINDS = ["rsa-3072", "p-256", "p-384"]


def holder(kind: str) -> Person:
    return person(kind, f"Nss-{kind}")


@pytest.fixture(scope="module")
def nss(tmp_path_factory: pytest.TempPathFactory) -> Nss:
    return Nss(tmp_path_factory.mktemp("nss"), {kind: holder(kind) for kind in KINDS})


@pytest.mark.parametrize("detached", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_nss_verifies_our_signature(nss: Nss, kind: str, detached: bool) -> None:
    encoded = signed_data(
        LETTER,
        signers=[holder(kind).signing],
        at=AT,
        detached=detached,
        encryption_certificate=person("rsa-2048").certificate,
    )
    content = ("-c", nss.write("content", LETTER)) if detached else ()
    seen = nss.run("cmsutil", "-D", "-i", nss.write("signed", encoded), "-h", "1", *content)
    assert b"status=GoodSignature" in seen
    assert seen.endswith(LETTER)


def test_nss_sees_a_changed_letter(nss: Nss) -> None:
    encoded = signed_data(LETTER, signers=[holder("p-256").signing], at=AT, detached=False)
    altered = nss.write("altered", encoded.replace(b"Hello", b"Hallo"))
    seen = nss.attempt("cmsutil", "-D", "-i", altered, "-h", "1")
    assert b"GoodSignature" not in seen.stdout


@pytest.mark.parametrize("detached", [(), ("-T",)])
@pytest.mark.parametrize("kind", KINDS)
def test_we_verify_the_signature_of_nss(nss: Nss, kind: str, detached: tuple[str, ...]) -> None:
    encoded = nss.run(
        "cmsutil", "-S", "-N", kind, "-i", nss.write("content", LETTER), "-G", "-H", "SHA256", *detached
    )
    signed = cms.parse(encoded)
    assert isinstance(signed, cms.SignedData)
    result = verify(signed, detached_content=LETTER if detached else None)
    assert [(s.status, s.certificate) for s in result.signers] == [
        (SignatureStatus.GOOD, holder(kind).certificate)
    ]


def test_nss_opens_our_envelope(nss: Nss) -> None:
    recipients = [holder("rsa-3072").certificate, person("rsa-2048").certificate]
    encoded = enveloped_data(LETTER, recipients=recipients, cipher=ContentCipher.AES_256_CBC)
    assert nss.run("cmsutil", "-D", "-i", nss.write("sealed", encoded)) == LETTER


def test_we_open_the_envelope_of_nss(nss: Nss) -> None:
    mailbox = "nss-rsa-3072@contoso.example"
    nss.run("cmsutil", "-E", "-r", mailbox, "-i", nss.write("content", LETTER), "-o", "enveloped")
    message = cms.parse((nss.folder / "enveloped").read_bytes())
    assert isinstance(message, cms.EnvelopedData)
    result = decrypt(message, keys=[holder("rsa-3072").decryption])
    assert (result.status, result.content) == (DecryptionStatus.OK, LETTER)
