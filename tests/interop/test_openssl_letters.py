"""Whole letters to and from `openssl cms`: header, MIME and CMS together, as a person would import and export them."""

from __future__ import annotations

import itertools
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from smime.mime import Attachment
from smime.report import Encryption, Seal, Signature
from tests.interop.cast import long_lived
from tests.interop.test_openssl_cms import ATTIME, certificate_file, key_file, openssl, pytestmark
from tests.smime.letters import BOB, CBC, GCM, TEXT, codes, letter, opened
from tests.smime.people import person, root

__all__ = ["pytestmark"]


SENDERS = [long_lived(person("p-256", "Alice")), long_lived(person("rsa-2048", "Alice", 5))]
HEADER = (
    "-from",
    "alice@contoso.example",
    "-to",
    "bob@contoso.example",
    "-subject",
    "made by another program",
)


def pipe(data: bytes, *arguments: object) -> bytes:
    command: Sequence[str] = ["openssl", "cms", *map(str, arguments)]
    done = subprocess.run(command, input=data, capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout


@pytest.mark.parametrize(
    ("cipher", "opaque", "sender"), list(itertools.product([CBC, GCM], [False, True], SENDERS))
)
def test_openssl_opens_and_verifies_a_downloaded_letter(tmp_path: Path, cipher, opaque: bool, sender) -> None:
    raw = letter(
        cipher=cipher, opaque=opaque, signer=sender, attachments=[Attachment("a.bin", "a/b", b"\0\1")]
    )
    (tmp_path / "letter.eml").write_bytes(raw)
    signed = openssl(
        "-decrypt", "-in", tmp_path / "letter.eml", "-recip", certificate_file(tmp_path, BOB),
        "-inkey", key_file(tmp_path, BOB),
    )  # fmt: skip
    content = pipe(
        signed, "-verify", "-CAfile", certificate_file(tmp_path, root()), "-attime", ATTIME, "-purpose", "any",
    )  # fmt: skip
    assert TEXT.splitlines()[2].encode() in content
    assert b'hp="cipher"' in content


@pytest.mark.parametrize("sender", SENDERS)
@pytest.mark.parametrize(
    "options", [(), ("-nodetach",), ("-nodetach", "-stream"), ("-keyid",), ("-nosmimecap",)]
)
def test_a_letter_signed_by_openssl_is_sealed(tmp_path: Path, sender, options) -> None:
    raw = pipe(
        TEXT.encode(), "-sign", "-text", "-signer", certificate_file(tmp_path, sender),
        "-inkey", key_file(tmp_path, sender), "-md", "sha256", *options, *HEADER,
    )  # fmt: skip
    report = opened(raw)
    assert (report.seal, report.signature, report.sender) == (Seal.OK, Signature.GOOD, "match"), codes(report)
    assert report.text == TEXT


@pytest.mark.parametrize("cipher", ["-aes-256-cbc", "-aes-128-cbc", "-aes-256-gcm", "-des3"])
@pytest.mark.parametrize("options", [(), ("-stream",), ("-keyid",), ("-keyopt", "rsa_padding_mode:oaep")])
def test_a_letter_signed_and_encrypted_by_openssl_opens(tmp_path: Path, cipher: str, options) -> None:
    sender = SENDERS[0]
    signed = pipe(
        TEXT.encode(), "-sign", "-text", "-signer", certificate_file(tmp_path, sender),
        "-inkey", key_file(tmp_path, sender), "-md", "sha256",
    )  # fmt: skip
    raw = pipe(signed, "-encrypt", cipher, "-recip", certificate_file(tmp_path, BOB), *options, *HEADER)
    report = opened(raw)
    expected = Encryption.WEAK if cipher == "-des3" else Encryption.OK
    assert (report.seal, report.encryption, report.text) == (Seal.OK, expected, TEXT), codes(report)
    assert [layer.kind.value for layer in report.layers] == ["encrypted", "signed"]


def test_bare_text_in_an_envelope_of_openssl_is_shown(tmp_path: Path) -> None:
    raw = pipe(TEXT.encode(), "-encrypt", "-aes-256-cbc", "-recip", certificate_file(tmp_path, BOB), *HEADER)
    report = opened(raw)
    assert (report.encryption, report.text) == (Encryption.UNPROTECTED, TEXT)
    assert "bare-text" in codes(report)


@pytest.mark.parametrize("form", ["DER", "PEM"])
def test_a_bare_object_of_openssl_is_opened_without_a_letter_around_it(tmp_path: Path, form: str) -> None:
    raw = pipe(
        TEXT.encode(), "-encrypt", "-aes-256-gcm", "-recip", certificate_file(tmp_path, BOB), "-outform", form
    )
    report = opened(raw)
    assert (report.encryption, report.text) == (Encryption.OK, TEXT)
