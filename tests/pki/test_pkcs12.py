"""Key files: what other programs write is read bag by bag, and what we write they read."""

from __future__ import annotations

import hashlib
import hmac
import subprocess
from pathlib import Path

import pytest
from asn1crypto import pkcs12
from hypothesis import given, settings
from hypothesis import strategies as st

from pki import der, keys, profiles
from pki.errors import MalformedInput, RefusedRequest, WrongPassword
from pki.formats import Identity, read_pkcs12, write_pkcs12
from pki.keys import KeyType
from pki.passwords import Effort, Password, UnsupportedProtection, derive, readings
from pki.signer import Signer
from tests.conformance.corpora import corpora
from tests.pki.conftest import Forest


def test_a_written_file_reads_back(contoso: Forest, alice: Signer):
    identity = Identity(alice.private_key, alice.certificate)
    data = write_pkcs12(
        identity=identity, chain=[contoso.issuing.certificate], password="zoë – geheim", name="Alice"
    )
    read = read_pkcs12(data, "zoë – geheim")
    assert [(one.certificate, one.name) for one in read.identities] == [(alice.certificate, "Alice")]
    assert keys.to_pkcs8(read.identities[0].private_key) == keys.to_pkcs8(alice.private_key)
    assert read.certificates == [contoso.issuing.certificate]


@pytest.mark.parametrize("password", ["", "wrong", "Secret"])
def test_a_wrong_password_is_named_as_such(alice: Signer, password: str):
    data = write_pkcs12(
        identity=Identity(alice.private_key, alice.certificate), chain=[], password="secret", name=""
    )
    with pytest.raises(WrongPassword):
        read_pkcs12(data, password)


def test_an_empty_password_is_not_written(alice: Signer):
    with pytest.raises(RefusedRequest):
        write_pkcs12(identity=Identity(alice.private_key, alice.certificate), chain=[], password="", name="")


def test_openssl_reads_what_we_write(contoso: Forest, tmp_path: Path):
    person = contoso.person("alice@contoso.example", profile=profiles.ENCRYPTION, key_type=KeyType.RSA_3072)
    file = tmp_path / "alice.p12"
    file.write_bytes(
        write_pkcs12(
            identity=Identity(person.private_key, person.certificate),
            chain=[contoso.issuing.certificate, contoso.root.certificate],
            password="secret",
            name="Alice",
        )
    )
    shown = _openssl("pkcs12", "-in", str(file), "-passin", "pass:secret", "-info", "-nodes")
    assert "PBES2, PBKDF2, AES-256-CBC, Iteration 100000" in shown
    assert shown.count("BEGIN CERTIFICATE") == 3
    assert "BEGIN PRIVATE KEY" in shown


@pytest.mark.parametrize(
    "options",
    [
        ["-keypbe", "AES-256-CBC", "-certpbe", "AES-128-CBC", "-macalg", "sha256"],
        ["-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1"],
        ["-keypbe", "PBE-SHA1-3DES", "-certpbe", "NONE", "-macalg", "sha512"],
        ["-keypbe", "NONE", "-certpbe", "NONE", "-macalg", "sha384"],
    ],
)
@pytest.mark.parametrize("password", ["secret", "zoë", ""])
def test_we_read_what_openssl_writes(alice: Signer, tmp_path: Path, options: list[str], password: str):
    data = _exported(alice, tmp_path, password, *options)
    assert [one.certificate for one in read_pkcs12(data, password).identities] == [alice.certificate]


def test_rc2_is_refused_by_name(alice: Signer, tmp_path: Path):
    data = _exported(alice, tmp_path, "secret", "-legacy", "-certpbe", "PBE-SHA1-RC2-40")
    with pytest.raises(MalformedInput) as refused:
        read_pkcs12(data, "secret")
    assert refused.value.finding.code == "pkcs12-unsupported"
    assert "rc2" in refused.value.finding.summary


def test_a_file_without_integrity_check_is_refused(alice: Signer, tmp_path: Path):
    data = _exported(alice, tmp_path, "secret", "-nomac")
    with pytest.raises(MalformedInput):
        read_pkcs12(data, "secret")


def _exported(person: Signer, folder: Path, password: str, *options: str) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    pem = person.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "in.pem").write_bytes(pem + person.certificate.public_bytes(Encoding.PEM))
    arguments = ["-export", "-in", "in.pem", "-out", "out.p12", "-passout", f"pass:{password}", *options]
    _openssl("pkcs12", *arguments, folder=folder)
    return (folder / "out.p12").read_bytes()


def _openssl(*arguments: str, folder: Path | None = None) -> str:
    run = subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return run.stdout + run.stderr


@pytest.mark.corpora
@pytest.mark.parametrize("name", ["alice", "bob", "carlos", "dana"])
def test_armoured_files_with_two_keys_are_read_whole(name: str):
    read = read_pkcs12((corpora("rfc9216") / f"{name}.p12").read_bytes(), name)
    assert len({keys.spki(one.private_key.public_key()) for one in read.identities}) == 2
    assert len(read.certificates) == 1


@pytest.mark.corpora
@pytest.mark.parametrize(
    "file", ["thunderbird/Alice.p12", "thunderbird/Bob.p12", "nss/Fran.p12", "nss/Fran-ec.p12"]
)
def test_files_of_mail_clients_are_read(file: str):
    folder, name = file.split("/")
    assert len(read_pkcs12((corpora(folder) / name).read_bytes(), "nss").identities) == 1


def test_the_classic_derivation_gives_the_published_values():
    """Test vectors that circulate for RFC 7292 appendix B with password "smeg" and "queeg"."""
    salt = bytes.fromhex("0A58CF64530D823F")
    smeg, queeg = readings("smeg")[0], readings("queeg")[0]
    assert derive("sha1", smeg, salt, 1, 1, 24).hex() == "8aaae6297b6cb04642ab5b077851284eb7128f1a2a7fbca3"
    assert derive("sha1", smeg, salt, 1, 2, 8).hex() == "79993dfe048d3b76"
    long_salt = bytes.fromhex("05DEC959ACFF72F7")
    assert (
        derive("sha1", queeg, long_salt, 1000, 1, 24).hex()
        == "ed2034e36328830ff09df1e1a07dd357185dac0d4f9eb3d4"
    )


def _with_pbmac1(whole: bytes, password: str, *, key_length: bytes = der.integer(32)) -> bytes:
    """The same file with the integrity check of RFC 9579: PBKDF2 and HMAC, both with SHA-256."""
    _, start, end = der.read(whole, 0, len(whole))
    version, safe, _ = (whole[one[1] : one[3]] for one in der.children(whole, start, end))
    content = pkcs12.Pfx.load(whole)["auth_safe"]["content"].native
    key = hashlib.pbkdf2_hmac("sha256", password.encode(), b"salt", 2048, 32)

    def algorithm(oid: str, *parameters: bytes) -> bytes:
        return der.tlv(der.SEQUENCE, bytes.fromhex(oid), *parameters)

    hmac_sha256 = algorithm("06082a864886f70d0209", b"\5\0")
    inner = der.tlv(
        der.SEQUENCE, der.tlv(der.OCTET_STRING, b"salt"), der.integer(2048), key_length, hmac_sha256
    )
    pbkdf2 = algorithm("06092a864886f70d01050c", inner)
    pbmac1 = algorithm("06092a864886f70d01050e", der.tlv(der.SEQUENCE, pbkdf2, hmac_sha256))
    digest = der.tlv(der.OCTET_STRING, hmac.new(key, content, "sha256").digest())
    # salt and iterations outside are left over from the classic check and mean nothing
    mac = der.tlv(
        der.SEQUENCE, der.tlv(der.SEQUENCE, pbmac1, digest), der.tlv(der.OCTET_STRING, b"x"), der.integer(1)
    )
    return der.tlv(der.SEQUENCE, version, safe, mac)


def test_the_newer_integrity_check_is_read(alice: Signer, whole: bytes):
    renewed = _with_pbmac1(whole, "secret")
    assert [one.certificate for one in read_pkcs12(renewed, "secret").identities] == [alice.certificate]
    with pytest.raises(WrongPassword):
        read_pkcs12(renewed, "Secret")


def test_the_newer_integrity_check_needs_a_key_length(whole: bytes):
    with pytest.raises(MalformedInput):
        read_pkcs12(_with_pbmac1(whole, "secret", key_length=b""), "secret")


def test_a_file_cannot_buy_endless_work():
    costly = Password(b"", b"", Effort(1000))
    derive("sha1", costly, b"salt", 900, 1, 8)
    with pytest.raises(UnsupportedProtection):
        derive("sha1", costly, b"salt", 200, 1, 8)


@pytest.fixture(scope="module")
def whole(alice: Signer) -> bytes:
    identity = Identity(alice.private_key, alice.certificate)
    return write_pkcs12(identity=identity, chain=[], password="secret", name="Alice")


@given(st.data())
@settings(deadline=None)
def test_a_damaged_file_is_named_or_opens_unchanged(alice: Signer, whole: bytes, data: st.DataObject):
    at = data.draw(st.integers(0, len(whole) - 1))
    damaged = whole[:at] + bytes([whole[at] ^ data.draw(st.integers(1, 255))]) + whole[at + 1 :]
    try:
        read = read_pkcs12(damaged, "secret")
    except (MalformedInput, WrongPassword):
        return
    # only what the integrity check leaves out (versions, absent parameters) may change without notice
    assert [one.certificate for one in read.identities] == [alice.certificate]


def test_a_key_never_shows_in_an_identity(alice: Signer):
    assert "private_key" not in repr(Identity(alice.private_key, alice.certificate))
