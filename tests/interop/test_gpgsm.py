"""Letters to and from GnuPG's `gpgsm` (libksba, libgcrypt): a third implementation.

GnuPG 2.2 has no AuthEnvelopedData and cannot import EC keys: RSA and AES-CBC both ways, EC signatures one way.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from smime import cms
from smime.decrypt import DecryptionStatus, decrypt
from smime.encrypt import ContentCipher, enveloped_data
from smime.sign import signed_data
from smime.verify import SignatureStatus, verify
from tests.interop.gpgsm import Gpgsm
from tests.smime.people import AT, Person, person

pytestmark = pytest.mark.gpgsm

LETTER = b"Content-Type: text/plain\r\n\r\nHello\r\n"


def holder() -> Person:
    return person("rsa-3072", "Gpgsm")


@pytest.fixture(scope="module")
def gpgsm() -> Iterator[Gpgsm]:
    # not pytest's folder: the path of the agent's socket must be short
    with tempfile.TemporaryDirectory(prefix="gpgsm-", ignore_cleanup_errors=True) as folder:
        home = Gpgsm(Path(folder), [holder()])
        yield home
        home.stop()


@pytest.mark.parametrize("detached", [False, True])
@pytest.mark.parametrize("kind", ["rsa-3072", "p-256", "p-384"])
def test_gpgsm_verifies_our_signature(gpgsm: Gpgsm, kind: str, detached: bool) -> None:
    encoded = signed_data(LETTER, signers=[person(kind).signing], at=AT, detached=detached)
    content = (gpgsm.write("content", LETTER),) if detached else ()
    done = gpgsm.attempt("--verify", gpgsm.write("signed", encoded), *content)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    assert b"Good signature" in done.stderr


def test_gpgsm_sees_a_changed_letter(gpgsm: Gpgsm) -> None:
    encoded = signed_data(LETTER, signers=[person("p-256").signing], at=AT, detached=True)
    done = gpgsm.attempt("--verify", gpgsm.write("signed", encoded), gpgsm.write("content", LETTER + b"!"))
    assert done.returncode != 0


@pytest.mark.parametrize("option", ["--sign", "--detach-sign"])
def test_we_verify_the_signature_of_gpgsm(gpgsm: Gpgsm, option: str) -> None:
    gpgsm.run("-u", "<gpgsm@contoso.example>", "--output", "signed", option, gpgsm.write("content", LETTER))
    signed = cms.parse((gpgsm.folder / "signed").read_bytes())
    assert isinstance(signed, cms.SignedData)
    result = verify(signed, detached_content=LETTER if option == "--detach-sign" else None)
    assert [(s.status, s.certificate) for s in result.signers] == [
        (SignatureStatus.GOOD, holder().certificate)
    ]


def test_gpgsm_opens_our_envelope(gpgsm: Gpgsm) -> None:
    recipients = [person("rsa-2048").certificate, holder().certificate]
    encoded = enveloped_data(LETTER, recipients=recipients, cipher=ContentCipher.AES_256_CBC)
    # its exit status is about the other recipient's certificate, which it does not know
    assert gpgsm.attempt("--decrypt", gpgsm.write("sealed", encoded)).stdout == LETTER


def test_we_open_the_envelope_of_gpgsm(gpgsm: Gpgsm) -> None:
    content = gpgsm.write("content", LETTER)
    gpgsm.run("-r", "<gpgsm@contoso.example>", "--output", "sealed", "--encrypt", content)
    message = cms.parse((gpgsm.folder / "sealed").read_bytes())
    assert isinstance(message, cms.EnvelopedData)
    result = decrypt(message, keys=[holder().decryption])
    assert (result.status, result.content) == (DecryptionStatus.OK, LETTER)
