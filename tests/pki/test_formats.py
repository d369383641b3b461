"""Certificate files: one or many, DER, PEM or PKCS#7."""

from __future__ import annotations

import subprocess

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from pki import keys
from pki.errors import MalformedInput
from pki.formats import (
    Identity,
    holds_private_key,
    read_certificates,
    read_crls,
    write_pkcs7,
    write_pkcs12,
)
from pki.signer import Signer
from tests.pki.conftest import Forest


def test_one_certificate_in_der_or_pem(alice: Signer):
    for encoding in (Encoding.DER, Encoding.PEM):
        assert read_certificates(alice.certificate.public_bytes(encoding)) == [alice.certificate]


def test_many_in_one_pem_file_with_text_around(contoso: Forest, alice: Signer):
    chain = [alice.certificate, contoso.issuing.certificate, contoso.root.certificate]
    text = b"\r\n".join(b"subject: x\r\n" + one.public_bytes(Encoding.PEM) for one in chain)
    assert read_certificates(text) == chain


def test_a_bundle_holds_the_whole_path(contoso: Forest, alice: Signer):
    chain = [alice.certificate, contoso.issuing.certificate, contoso.root.certificate]
    bundle = write_pkcs7(chain)
    assert set(read_certificates(bundle)) == set(chain)
    shown = subprocess.run(
        ["openssl", "pkcs7", "-inform", "DER", "-print_certs"], input=bundle, capture_output=True, check=True
    ).stdout
    assert shown.count(b"BEGIN CERTIFICATE") == 3


def test_a_bundle_in_pem_is_read(contoso: Forest):
    pem = subprocess.run(
        ["openssl", "pkcs7", "-inform", "DER"],
        input=write_pkcs7([contoso.root.certificate]),
        capture_output=True,
        check=True,
    ).stdout
    assert read_certificates(pem) == [contoso.root.certificate]


@pytest.mark.parametrize(
    "data",
    [b"", b"hello", b"-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----", b"\x30\x03\x02\x01\x01"],
)
def test_anything_else_is_malformed(data: bytes):
    with pytest.raises(MalformedInput):
        read_certificates(data)


def test_a_crowd_of_certificates_is_refused(alice: Signer):
    with pytest.raises(MalformedInput):
        read_certificates(alice.certificate.public_bytes(Encoding.PEM) * 51)


def test_lists_are_read_in_der_and_pem(contoso: Forest):
    crl = contoso.person_list()
    pem = subprocess.run(
        ["openssl", "crl", "-inform", "DER"], input=crl.der, capture_output=True, check=True
    ).stdout
    assert [one.der for one in read_crls(pem)] == [crl.der] == [one.der for one in read_crls(crl.der)]


@given(st.binary(max_size=300))
def test_random_octets_are_malformed_never_a_crash(data: bytes):
    with pytest.raises(MalformedInput):
        read_certificates(data)


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
@pytest.mark.parametrize("encoding", [Encoding.DER, Encoding.PEM])
def test_a_private_key_is_noticed_in_every_form(encoding: Encoding, form: PrivateFormat):
    key = keys.generate(keys.KeyType.P256)
    assert holds_private_key(key.private_bytes(encoding, form, NoEncryption()))


def test_a_sealed_private_key_is_noticed(alice: Signer):
    key = keys.generate(keys.KeyType.P256)
    for encoding in (Encoding.DER, Encoding.PEM):
        sealed = key.private_bytes(encoding, PrivateFormat.PKCS8, BestAvailableEncryption(b"0123456789"))
        assert holds_private_key(sealed)
    identity = Identity(alice.private_key, alice.certificate, "Alice")
    assert holds_private_key(write_pkcs12(identity=identity, chain=[], password="0123456789", name="Alice"))


def test_certificates_bundles_and_lists_are_no_private_keys(contoso: Forest, alice: Signer):
    chain = [alice.certificate, contoso.issuing.certificate]
    files = [one.public_bytes(encoding) for one in chain for encoding in (Encoding.DER, Encoding.PEM)]
    assert not any(
        map(holds_private_key, [*files, write_pkcs7(chain), contoso.root_list().der, b"", b"junk"])
    )
