"""Letters to and from `openssl cms`, both ways: what one writes, the other opens and verifies.

OpenSSL 3.0 knows AuthEnvelopedData with AES-GCM, ECDH on the NIST curves and RSA; it has no Ed25519 signatures with
attributes and no X25519 in CMS, so those stay out.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from smime import cms, oids
from smime.decrypt import DecryptionStatus, decrypt
from smime.encrypt import ContentCipher, enveloped_data
from smime.key_transport import KeyTransport
from smime.recipients import KeyAgreeRecipient, KeyTransRecipient
from smime.sign import certs_only, signed_data
from smime.verify import SignatureStatus, verify
from tests.smime.people import AT, Person, person, root

pytestmark = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="openssl: the command is not installed"
)

LETTER = b"Content-Type: text/plain; charset=utf-8\r\n\r\nGr\xc3\xbc\xc3\x9fe\r\n"
SIGNERS = ["rsa-3072", "p-256", "p-384", "p-521"]
ONE = [("rsa-3072", "Bob")]
THREE = [("rsa-3072", "Bob"), ("rsa-2048", "Carol"), ("p-256", "Dora")]
RECIPIENTS = pytest.mark.parametrize("recipients", [ONE, THREE], ids=["1 recipient", "3 recipients"])
ATTIME = str(int(AT.timestamp()))


def openssl(*arguments: object) -> bytes:
    done = subprocess.run(
        ["openssl", "cms", *map(str, arguments)], capture_output=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout


def openssl_fails(*arguments: object) -> bool:
    done = subprocess.run(
        ["openssl", "cms", *map(str, arguments)], capture_output=True, check=False, timeout=60
    )
    return done.returncode != 0


def certificate_file(folder: Path, someone: Person) -> Path:
    path = folder / f"{someone.certificate.serial_number:x}.pem"
    path.write_bytes(someone.certificate.public_bytes(Encoding.PEM))
    return path


def key_file(folder: Path, someone: Person) -> Path:
    path = folder / f"{someone.certificate.serial_number:x}.key"
    path.write_bytes(
        someone.private_key.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        )  # of the test only
    )
    return path


def file(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def cast(recipients: Sequence[tuple[str, str]]) -> list[Person]:
    return [person(kind, name) for kind, name in recipients]


# --- signatures ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("detached", [False, True], ids=["opaque", "detached"])
@pytest.mark.parametrize("kind", SIGNERS)
def test_openssl_verifies_our_signature(kind: str, detached: bool, tmp_path: Path) -> None:
    encoded = signed_data(
        LETTER,
        signers=[person(kind).signing],
        at=AT,
        detached=detached,
        encryption_certificate=person("rsa-2048").certificate,
    )
    arguments = ["-verify", "-inform", "DER", "-in", file(tmp_path, "signed", encoded), "-binary"]
    arguments += ["-CAfile", certificate_file(tmp_path, root()), "-attime", ATTIME, "-purpose", "smimesign"]
    if detached:
        arguments += ["-content", file(tmp_path, "content", LETTER)]
    assert openssl(*arguments) == LETTER


def test_openssl_verifies_our_rsa_pss_signature_and_our_several_signers(tmp_path: Path) -> None:
    signers = [person("rsa-3072", "Alice").signing, person("p-256", "Bob").signing]
    encoded = signed_data(LETTER, signers=signers, at=AT, detached=False, pss=True)
    trust = certificate_file(tmp_path, root())
    signed = file(tmp_path, "signed", encoded)
    assert openssl("-verify", "-inform", "DER", "-in", signed, "-CAfile", trust, "-attime", ATTIME) == LETTER


def test_openssl_rejects_our_signature_over_another_content(tmp_path: Path) -> None:
    """The counter-proof: the check above can fail."""
    encoded = signed_data(LETTER, signers=[person("p-256").signing], at=AT, detached=True)
    arguments = ["-verify", "-inform", "DER", "-in", file(tmp_path, "signed", encoded), "-binary"]
    arguments += ["-CAfile", certificate_file(tmp_path, root()), "-attime", ATTIME]
    assert openssl_fails(*arguments, "-content", file(tmp_path, "content", LETTER + b" "))


@pytest.mark.parametrize(
    ("detached", "options"),
    [
        (False, ()),
        (False, ("-stream",)),  # indefinite lengths; OpenSSL embeds the content then, detached or not
        (False, ("-cades",)),
        (True, ()),
        (True, ("-keyid",)),
        (True, ("-cades",)),
    ],
)
@pytest.mark.parametrize("kind", SIGNERS)
def test_we_verify_the_signature_of_openssl(
    kind: str, detached: bool, options: tuple[str, ...], tmp_path: Path
) -> None:
    signer = person(kind)
    arguments = ["-sign", "-binary", "-in", file(tmp_path, "content", LETTER), "-outform", "DER", *options]
    arguments += ["-signer", certificate_file(tmp_path, signer), "-inkey", key_file(tmp_path, signer)]
    signed = cms.parse(openssl(*arguments, *([] if detached else ["-nodetach"])))
    assert isinstance(signed, cms.SignedData)
    result = verify(signed, detached_content=LETTER if detached else None)
    assert [(s.status, s.certificate) for s in result.signers] == [(SignatureStatus.GOOD, signer.certificate)]
    assert result.content == LETTER
    assert result.signers[0].findings == ()
    assert result.signers[0].signing_time is not None
    assert any(capability.oid == oids.AES_256_CBC for capability in result.signers[0].capabilities)


@pytest.mark.parametrize(
    "options",
    [
        ("-keyopt", "rsa_padding_mode:pss"),
        ("-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_pss_saltlen:20"),
        ("-md", "sha512"),
        ("-md", "sha512", "-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_mgf1_md:sha256"),
        ("-md", "sha384", "-noattr"),
    ],
)
def test_we_verify_the_rsa_variants_of_openssl(options: tuple[str, ...], tmp_path: Path) -> None:
    signer = person("rsa-3072")
    arguments = ["-sign", "-binary", "-nodetach", "-in", file(tmp_path, "content", LETTER), "-outform", "DER"]
    arguments += [
        "-signer",
        certificate_file(tmp_path, signer),
        "-inkey",
        key_file(tmp_path, signer),
        *options,
    ]
    signed = cms.parse(openssl(*arguments))
    assert isinstance(signed, cms.SignedData)
    assert verify(signed, detached_content=None).signers[0].status is SignatureStatus.GOOD


def test_a_changed_letter_of_openssl_is_bad(tmp_path: Path) -> None:
    signer = person("p-256")
    arguments = ["-sign", "-binary", "-in", file(tmp_path, "content", LETTER), "-outform", "DER"]
    arguments += ["-signer", certificate_file(tmp_path, signer), "-inkey", key_file(tmp_path, signer)]
    signed = cms.parse(openssl(*arguments))
    assert isinstance(signed, cms.SignedData)
    changed = verify(signed, detached_content=LETTER.replace(b"Gr", b"gr"))
    assert changed.signers[0].status is SignatureStatus.BAD


def test_openssl_reads_our_certificates_only_message(tmp_path: Path) -> None:
    people = [person("p-256"), person("rsa-2048")]
    carrier = file(tmp_path, "carrier", certs_only([someone.certificate for someone in people]))
    done = subprocess.run(
        ["openssl", "pkcs7", "-inform", "DER", "-in", str(carrier), "-print_certs"],
        capture_output=True,
        check=True,
        timeout=60,
    )
    found = x509.load_pem_x509_certificates(done.stdout)
    assert set(found) == {someone.certificate for someone in people}


# --- envelopes --------------------------------------------------------------------------------------------------------


@RECIPIENTS
@pytest.mark.parametrize("cipher", list(ContentCipher))
def test_openssl_opens_our_envelope_with_every_recipients_key(
    recipients: list[tuple[str, str]], cipher: ContentCipher, tmp_path: Path
) -> None:
    people = cast(recipients)
    encoded = enveloped_data(LETTER, recipients=[p.certificate for p in people], cipher=cipher)
    sealed = file(tmp_path, "sealed", encoded)
    for someone in people:
        arguments = ["-decrypt", "-inform", "DER", "-in", sealed, "-binary"]
        arguments += ["-recip", certificate_file(tmp_path, someone), "-inkey", key_file(tmp_path, someone)]
        assert openssl(*arguments) == LETTER


@pytest.mark.parametrize("kind", ["p-256", "p-384", "p-521"])
def test_openssl_opens_our_key_agreement_on_every_curve(kind: str, tmp_path: Path) -> None:
    someone = person(kind)
    encoded = enveloped_data(LETTER, recipients=[someone.certificate], cipher=ContentCipher.AES_256_GCM)
    arguments = ["-decrypt", "-inform", "DER", "-in", file(tmp_path, "sealed", encoded), "-binary"]
    arguments += ["-recip", certificate_file(tmp_path, someone), "-inkey", key_file(tmp_path, someone)]
    assert openssl(*arguments) == LETTER


def test_openssl_opens_our_oaep(tmp_path: Path) -> None:
    someone = person("rsa-3072")
    encoded = enveloped_data(
        LETTER,
        recipients=[someone.certificate],
        cipher=ContentCipher.AES_256_GCM,
        key_transport=KeyTransport.OAEP_SHA256,
    )
    arguments = ["-decrypt", "-inform", "DER", "-in", file(tmp_path, "sealed", encoded), "-binary"]
    arguments += ["-recip", certificate_file(tmp_path, someone), "-inkey", key_file(tmp_path, someone)]
    assert openssl(*arguments) == LETTER


def encrypted_by_openssl(
    folder: Path, people: Sequence[Person], cipher: str, *options: str
) -> cms.EnvelopedData | cms.AuthEnvelopedData:
    arguments = [
        "-encrypt",
        "-binary",
        "-in",
        file(folder, "content", LETTER),
        "-outform",
        "DER",
        f"-{cipher}",
    ]
    for someone in people:
        arguments += ["-recip", certificate_file(folder, someone)]
        arguments += options if person("rsa-3072", "Bob") is someone or len(people) == 1 else ()
    message = cms.parse(openssl(*arguments))
    assert isinstance(message, cms.EnvelopedData | cms.AuthEnvelopedData)
    return message


@RECIPIENTS
@pytest.mark.parametrize(
    ("cipher", "authenticated", "weak"),
    [
        ("aes-256-gcm", True, False),
        ("aes-192-gcm", True, False),
        ("aes-128-gcm", True, False),
        ("aes-256-cbc", False, False),
        ("aes-192-cbc", False, False),
        ("aes-128-cbc", False, False),
        ("des-ede3-cbc", False, True),
    ],
)
def test_we_open_the_envelope_of_openssl_with_every_recipients_key(
    recipients: list[tuple[str, str]], cipher: str, authenticated: bool, weak: bool, tmp_path: Path
) -> None:
    people = cast(recipients)
    message = encrypted_by_openssl(tmp_path, people, cipher)
    for someone in people:
        result = decrypt(message, keys=[someone.decryption])
        assert (result.status, result.content) == (DecryptionStatus.OK, LETTER)
        assert (result.authenticated, result.weak) == (authenticated, weak)
        assert result.key_certificate == someone.certificate
    stranger = decrypt(message, keys=[person("rsa-2048", "Mallory", 3).decryption])
    assert (stranger.status, stranger.content) == (DecryptionStatus.FAIL, None)


def test_we_open_the_streamed_envelope_of_openssl(tmp_path: Path) -> None:
    content = LETTER * 2000
    arguments = ["-encrypt", "-binary", "-stream", "-outform", "DER", "-aes-256-cbc"]
    arguments += ["-in", file(tmp_path, "content", content)]
    encoded = openssl(*arguments, "-recip", certificate_file(tmp_path, person("rsa-3072")))
    assert encoded[:2] == b"\x30\x80"
    message = cms.parse(encoded)
    assert isinstance(message, cms.EnvelopedData)
    assert decrypt(message, keys=[person("rsa-3072").decryption]).content == content


@pytest.mark.parametrize(
    "options",
    [
        ("rsa_padding_mode:oaep",),
        ("rsa_padding_mode:oaep", "rsa_oaep_md:sha256"),
        ("rsa_padding_mode:oaep", "rsa_oaep_md:sha512", "rsa_mgf1_md:sha256"),
        ("rsa_padding_mode:oaep", "rsa_oaep_label:0102"),
    ],
)
def test_we_open_the_oaep_of_openssl(options: tuple[str, ...], tmp_path: Path) -> None:
    flags = [flag for option in options for flag in ("-keyopt", option)]
    message = encrypted_by_openssl(tmp_path, [person("rsa-3072")], "aes-256-cbc", *flags)
    (recipient,) = message.recipients
    assert isinstance(recipient, KeyTransRecipient)
    assert recipient.algorithm.oid == oids.RSAES_OAEP
    assert decrypt(message, keys=[person("rsa-3072").decryption]).content == LETTER


@pytest.mark.parametrize(
    ("options", "scheme"),
    [
        ((), oids.STD_DH_SHA1),
        (("ecdh_kdf_md:sha256",), oids.STD_DH_SHA256),
        (("ecdh_kdf_md:sha512",), oids.STD_DH_SHA512),
        (("ecdh_kdf_md:sha384", "ecdh_cofactor_mode:1"), oids.COFACTOR_DH_SHA384),
    ],
)
@pytest.mark.parametrize("wrap", ["-aes128-wrap", "-aes256-wrap"])
@pytest.mark.parametrize("kind", ["p-256", "p-384", "p-521"])
def test_we_open_the_key_agreement_of_openssl(
    kind: str, options: tuple[str, ...], scheme: str, wrap: str, tmp_path: Path
) -> None:
    flags = [flag for option in options for flag in ("-keyopt", option)]
    message = encrypted_by_openssl(tmp_path, [person(kind)], "aes-256-gcm", *flags, wrap)
    (recipient,) = message.recipients
    assert isinstance(recipient, KeyAgreeRecipient)
    assert recipient.algorithm.oid == scheme
    assert decrypt(message, keys=[person(kind).decryption]).content == LETTER


def test_we_open_an_envelope_of_openssl_that_names_the_key_identifier(tmp_path: Path) -> None:
    message = encrypted_by_openssl(tmp_path, [person("rsa-3072")], "aes-256-cbc", "-keyid")
    assert decrypt(message, keys=[person("rsa-3072").decryption]).content == LETTER
