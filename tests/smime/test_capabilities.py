"""RFC 8551 §2.5.2, §2.7: what is announced, and what is made of what others announce."""

from __future__ import annotations

import pytest
from cryptography import x509

from smime import capabilities, oids
from smime.capabilities import OURS, Capability, choose
from smime.encrypt import ContentCipher
from smime.errors import Malformed
from smime.key_transport import KeyTransport

from .people import certify, key, person

OUTLOOK_LIKE = (Capability(oids.AES_256_CBC), Capability(oids.AES_128_CBC), Capability(oids.DES_EDE3_CBC))


def test_what_we_announce_is_this_to_the_octet() -> None:
    encoded = capabilities.write(OURS)
    expected = [
        "300b060960864801650304012e",  # AES-256-GCM
        "300b0609608648016503040106",
        "300b060960864801650304012a",  # AES-256-CBC
        "300b0609608648016503040102",
        # RSA-OAEP with SHA-256, tagged as its definition says (RFC 3560 §3), not as its §5 prints
        "303c06092a864886f70d010107302fa00f300d06096086480165030402010500"
        "a11c301a06092a864886f70d010108300d06096086480165030402010500",
        "300b06092a864886f70d010101",
        "301506062b8104010b01300b060960864801650304012d",
        "301506062b8104010b02300b060960864801650304012d",
        "301a060b2a864886f70d0109100313300b060960864801650304012d",
        "300a06082a8648ce3d040302",
        "300a06082a8648ce3d040303",
        "300506032b6570",
        "300b06092a864886f70d01010a",
        "300d06092a864886f70d01010b0500",
    ]
    assert encoded.hex()[8:] == "".join(expected)
    assert capabilities.read(encoded) == OURS


def test_null_and_absent_parameters_mean_the_same() -> None:
    with_null = bytes.fromhex("300f300d06092a864886f70d0101010500")
    assert capabilities.read(with_null) == (Capability(oids.RSA_ENCRYPTION),)


@pytest.mark.parametrize("encoded", ["", "3000ff", "0400", "30023000", "3003300101"])
def test_what_is_no_list_of_capabilities_is_malformed(encoded: str) -> None:
    with pytest.raises(Malformed):
        capabilities.read(bytes.fromhex(encoded))


def test_both_encodings_of_oaep_with_sha256_are_known() -> None:
    ours = next(c for c in OURS if c.oid == oids.RSAES_OAEP)
    assert capabilities.reads_oaep_sha256([ours])
    untagged = bytes.fromhex(
        "302b300d06096086480165030402010500301a06092a864886f70d010108300d06096086480165030402010500"
    )
    assert capabilities.reads_oaep_sha256([Capability(oids.RSAES_OAEP, untagged)])
    assert not capabilities.reads_oaep_sha256([Capability(oids.RSAES_OAEP, bytes.fromhex("3000"))])


def extension(encoded: bytes) -> x509.UnrecognizedExtension:
    return x509.UnrecognizedExtension(x509.ObjectIdentifier(oids.SMIME_CAPABILITIES), encoded)


def test_the_extension_of_a_certificate_is_read() -> None:
    holder = certify(key("p-256"), extension=extension(capabilities.write(OURS)))
    assert capabilities.of_certificate(holder.certificate) == OURS


def test_a_certificate_without_or_with_an_unreadable_extension_announces_nothing() -> None:
    assert capabilities.of_certificate(person("p-256").certificate) == ()
    assert capabilities.of_certificate(certify(key("p-256"), extension=extension(b"\x30")).certificate) == ()


def test_all_who_read_gcm_get_gcm() -> None:
    assert choose([OURS, OURS]).cipher is ContentCipher.AES_256_GCM


def test_one_who_does_not_read_gcm_limits_all_and_is_named() -> None:
    choice = choose([OURS, OUTLOOK_LIKE, OURS, ()])
    assert (choice.cipher, choice.limited_by) == (ContentCipher.AES_256_CBC, (1, 3))


def test_oaep_is_chosen_only_if_everybody_announces_it() -> None:
    assert choose([OURS, OURS]).key_transport is KeyTransport.OAEP_SHA256
    assert choose([OURS, OUTLOOK_LIKE]).key_transport is KeyTransport.PKCS1_V15


def test_nothing_known_of_anybody_means_the_most_compatible() -> None:
    assert choose([]) == capabilities.Choice(ContentCipher.AES_256_CBC, KeyTransport.PKCS1_V15)
    assert choose([()]).cipher is ContentCipher.AES_256_CBC
