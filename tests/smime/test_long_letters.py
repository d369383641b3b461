"""Letters beyond what is kept in memory: the same verdicts, the same octets, the same refusals as for short ones."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from smime.encrypt import ContentCipher
from smime.mime import Attachment
from smime.mime_read import parse
from smime.octets import Octets
from smime.report import Encryption, Seal
from tests.smime import letters
from tests.smime.letters import BOB, CBC, GCM, TEXT, letter, opened

FILE = Attachment("a.bin", "application/x-a", random.Random(50).randbytes(2_500_000))


@pytest.mark.parametrize("legacy_display", [False, True])
@pytest.mark.parametrize("opaque", [False, True])
@pytest.mark.parametrize("cipher", [GCM, CBC, None])
def test_a_long_letter_comes_back_whole(
    cipher: ContentCipher | None, opaque: bool, legacy_display: bool
) -> None:
    raw = letter(cipher=cipher, opaque=opaque, legacy_display=legacy_display, attachments=[FILE])
    report = opened(raw)
    assert report.seal is Seal.OK
    assert report.encryption is (Encryption.OK if cipher else Encryption.NONE)
    assert report.text.strip() == TEXT
    assert report.attachments == (FILE,)


def test_a_long_entity_is_written_the_same_every_time() -> None:
    signed = letters.sign(letters.build_body(TEXT, attachments=[FILE]))
    sealed = letters.encrypt(signed)
    assert isinstance(sealed.body, Octets)
    assert sealed.to_bytes() == sealed.to_bytes()
    assert len(sealed.octets()) == len(sealed.to_bytes())


@pytest.mark.parametrize("cipher", [GCM, CBC])
def test_openssl_opens_and_verifies_a_long_letter(cipher: ContentCipher, tmp_path: Path) -> None:
    content = letters.sign(letters.build_body(TEXT, attachments=[FILE]), opaque=False)
    (tmp_path / "letter.eml").write_bytes(letters.encrypt(content, cipher=cipher).to_bytes())
    key = BOB.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "bob.pem").write_bytes(key + BOB.certificate.public_bytes(Encoding.PEM))
    (tmp_path / "root.pem").write_bytes(letters.root().certificate.public_bytes(Encoding.PEM))

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", "cms", *arguments], cwd=tmp_path, check=True, capture_output=True)

    openssl("-decrypt", "-in", "letter.eml", "-recip", "bob.pem", "-binary", "-out", "inner.eml")
    openssl("-verify", "-in", "inner.eml", "-CAfile", "root.pem", "-no_check_time", "-out", "body.eml")
    found = parse((tmp_path / "body.eml").read_bytes())
    assert found.children[1].content() == FILE.content
