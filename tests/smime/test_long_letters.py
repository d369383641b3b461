"""Letters beyond what is kept in memory: the same verdicts, the same octets, the same refusals as for short ones."""

from __future__ import annotations

import base64
import gc
import os
import random
import subprocess
import zlib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from benchmarks.ber_letters import as_ber
from smime import cms
from smime.encrypt import ContentCipher
from smime.layers import expand
from smime.mime import Attachment
from smime.mime_read import parse
from smime.octets import Octets, Rope, Span
from smime.report import Encryption, Seal
from smime.spool import SealedSpool, spooled
from tests.smime import letters
from tests.smime.letters import BOB, CBC, GCM, TEXT, codes, letter, opened
from tests.smime.small_windows import small_windows
from tests.smime.test_layers import compressed, send
from tests.smime.test_open_mutations import MUTANTS, ORIGINALS, SEED, mutate

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


@pytest.mark.parametrize("name", ORIGINALS)
def test_what_is_read_through_small_windows_is_judged_the_same(name: str) -> None:
    print(f"PKIPORTAL_SEED={SEED}")
    chance = random.Random(f"windows/{SEED}/{name}")
    for number in range(MUTANTS // 6):
        raw = mutate(ORIGINALS[name], chance) if number else ORIGINALS[name]
        with small_windows():
            through_windows = opened(raw)
            assert through_windows == opened(raw)
        assert through_windows == opened(raw)


@pytest.mark.parametrize("cipher", [GCM, CBC])
def test_a_long_letter_in_ber_is_read_like_the_same_in_der(cipher: ContentCipher) -> None:
    raw = letter(cipher=cipher, attachments=[FILE])
    in_ber = as_ber(raw)
    assert len(in_ber) > len(raw)
    report = opened(in_ber)
    assert (report.seal, report.encryption, report.attachments) == (Seal.OK, Encryption.OK, (FILE,))


def test_a_long_object_in_pem_is_read_like_the_same_in_der() -> None:
    encoded = parse(letter(attachments=[FILE])).content()
    in_pem = b"-----BEGIN CMS-----\n" + base64.encodebytes(encoded) + b"-----END CMS-----\n"
    assert opened(in_pem) == opened(encoded)
    assert opened(in_pem).attachments == (FILE,)
    broken = in_pem.replace(b"\n", b"\n*", 9)
    assert opened(broken).findings[0].code == "cms-malformed"


@pytest.mark.parametrize("cipher", [GCM, CBC])
@pytest.mark.parametrize("place", ["start", "middle", "end"])
def test_a_long_envelope_changed_anywhere_is_the_one_failure(cipher: ContentCipher, place: str) -> None:
    raw = letter(cipher=cipher, attachments=[FILE], signer=None if cipher is GCM else letters.ALICE)
    part = parse(raw)
    octets = bytearray(part.content())
    content = cms.parse(bytes(octets)).encrypted.octets  # type: ignore[union-attr]
    assert isinstance(content, Span)
    at = {"start": content.start + 40, "middle": len(octets) // 2, "end": content.end - 1}[place]
    octets[at] ^= 1
    report = opened(raw[: part.body] + base64.encodebytes(octets))
    if cipher is GCM:
        assert report.encryption is Encryption.FAIL
        assert codes(report) == {"decryption-failed"}
        assert (report.text, report.attachments) == ("", ())
    elif place == "end":  # the padding
        assert report.encryption is Encryption.FAIL
        assert codes(report) == {"decryption-failed"}
    elif place == "start":  # the frame around what is signed
        assert (report.seal, report.text, report.attachments) == (Seal.OK, TEXT, (FILE,))
    else:
        assert (report.seal, report.encryption) == (Seal.BAD, Encryption.UNPROTECTED)


def test_no_temporary_file_outlives_a_letter() -> None:
    gc.collect()
    before = set(os.listdir("/proc/self/fd"))
    raw = letter(attachments=[FILE])
    report = opened(raw)
    assert len(os.listdir("/proc/self/fd")) > len(before)
    del report
    gc.collect()
    assert set(os.listdir("/proc/self/fd")) == before


def test_line_ends_of_a_long_letter_are_restored() -> None:
    raw = letter(cipher=None, attachments=[FILE]).replace(b"\r\n", b"\n")
    report = opened(raw)
    assert report.seal is Seal.OK
    assert "line-ends-restored" in codes(report)
    assert report.attachments == (FILE,)


def test_long_compressed_content_is_expanded_outside_memory() -> None:
    signed = letters.sign(letters.build_body(TEXT, attachments=[FILE]))
    report = send(compressed(signed.to_bytes()))
    assert (report.seal, report.attachments) == (Seal.OK, (FILE,))
    words = FILE.content.hex().encode()
    content = cms.parse(parse(compressed(words).to_bytes()).content())
    assert isinstance(content, cms.CompressedData)
    assert expand(content) == words
    assert isinstance(expand(content), SealedSpool)


def test_octets_behind_the_compressed_content_are_left_aside() -> None:
    signed = letters.sign(letters.build_body(TEXT)).to_bytes()
    for behind in (b"x", bytes(1000), FILE.content):
        report = send(compressed(signed, packed=zlib.compress(signed) + behind))
        assert (report.seal, report.text) == (Seal.OK, TEXT)


def test_a_delimiter_is_found_wherever_a_window_ends() -> None:
    tail = b"\r\n--b" + b" " * 990 + b"\r\n\r\ntwo\r\n--b--\r\n"
    with small_windows():
        for length in range(1380, 1420):
            source = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n" + b"x" * length + tail
            part = parse(spooled(Rope([source])))
            assert [child.content() for child in part.children] == [b"x" * length, b"two"]
