"""RFC 8551 §2.5.2, §2.7: what is announced, and what is made of what others announce."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from cryptography import x509

from smime import capabilities, cms, oids
from smime.capabilities import OURS, Capability, Choice, Reader, choose
from smime.decrypt import decrypt
from smime.encrypt import ContentCipher, enveloped_data
from smime.errors import Malformed
from smime.key_transport import KeyTransport

from .forge import CONTENT
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
        "301506062b8104010b03300b060960864801650304012d",
        "301a060b2a864886f70d0109100313300b060960864801650304012d",
        "300b0609608648016503040402",  # ML-KEM-768 (RFC 9936 §2.4)
        "300b0609608648016503040403",
        "300a06082a8648ce3d040302",
        "300a06082a8648ce3d040303",
        "300a06082a8648ce3d040304",
        "300506032b6570",
        "300b0609608648016503040311",  # ML-DSA-44
        "300b0609608648016503040312",
        "300b0609608648016503040313",
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


def test_what_is_announced_has_a_name_for_people() -> None:
    assert [capability.title for capability in OURS[:2]] == ["AES-256-GCM", "AES-128-GCM"]


# CEK-HKDF is not among ours: what we announced would be written, and OpenSSL opens no such letter.
EVERYTHING = (*OURS, Capability(oids.CEK_HKDF_SHA256))


def test_what_openssl_cannot_open_is_not_announced() -> None:
    assert oids.CEK_HKDF_SHA256 not in {capability.oid for capability in OURS}


def reader(announced: Sequence[Capability], kind: str = "rsa-2048") -> Reader:
    return Reader(person(kind).certificate, tuple(announced))


def without(*dropped: str) -> tuple[Capability, ...]:
    return tuple(capability for capability in EVERYTHING if capability.oid not in dropped)


BEST = Choice(ContentCipher.AES_256_GCM, KeyTransport.OAEP_SHA256, cek_hkdf=True, pss=True)


def test_readers_like_ourselves_get_the_best_of_everything() -> None:
    assert choose([reader(EVERYTHING), reader(EVERYTHING, "p-256")]) == BEST


def test_one_who_does_not_read_gcm_limits_all_and_is_named() -> None:
    choice = choose([reader(OURS), reader(OUTLOOK_LIKE), reader(OURS), reader(())])
    assert (choice.cipher, choice.limited_by) == (ContentCipher.AES_256_CBC, (1, 3))


def only(*listed: str) -> tuple[Capability, ...]:
    """A program that lists these alone, and Triple DES."""
    return tuple(map(Capability, (*listed, oids.DES_EDE3_CBC)))


GCM256, GCM128, CBC256, CBC128 = ContentCipher
A256G, A128G, A256C, A128C = oids.AES_256_GCM, oids.AES_128_GCM, oids.AES_256_CBC, oids.AES_128_CBC


@pytest.mark.parametrize(
    ("programs", "cipher", "limited_by"),
    [
        ([OURS, OURS], GCM256, ()),
        ([only(A256G)], GCM256, ()),
        ([only(A128G)], GCM128, (0,)),
        ([only(A128G), OURS], GCM128, (0,)),
        ([only(A128G), only(A256G)], GCM128, (0,)),
        ([only(A128G, A256C), OURS], GCM128, (0,)),
        ([OURS, only(A128G), only(A256C)], CBC128, (1, 2)),
        ([only(A128G, A256C), only(A256C)], CBC256, (1,)),
        ([only(A256G), only(A256C)], CBC256, (1,)),
        ([only(A256C), OURS], CBC256, (0,)),
        ([only(A256C, A128C), ()], CBC256, (0, 1)),
        ([only(A128C)], CBC128, (0,)),
        ([OURS, only(A128C)], CBC128, (1,)),
        ([(), only(A128C), only(A256C)], CBC128, (1,)),
        ([only()], CBC256, (0,)),
        ([()], CBC256, (0,)),
    ],
)
def test_a_letter_has_the_best_cipher_that_every_reader_opens(
    programs: list[tuple[Capability, ...]], cipher: ContentCipher, limited_by: tuple[int, ...]
) -> None:
    choice = choose([reader(program) for program in programs])
    assert (choice.cipher, choice.limited_by) == (cipher, limited_by)


def test_oaep_is_chosen_only_if_every_rsa_reader_announces_it() -> None:
    choice = choose([reader(OURS), reader(without(oids.RSAES_OAEP))])
    assert (choice.key_transport, choice.transport_limited_by) == (KeyTransport.PKCS1_V15, (1,))
    assert choice.cipher is ContentCipher.AES_256_GCM


@pytest.mark.parametrize("kind", ["p-256", "x25519", "ml-kem-768"])
def test_a_reader_without_an_rsa_key_does_not_limit_the_key_transport_of_others(kind: str) -> None:
    silent = reader(without(oids.RSAES_OAEP), kind)
    choice = choose([reader(OURS), silent])
    assert (choice.key_transport, choice.transport_limited_by) == (KeyTransport.OAEP_SHA256, ())


@pytest.mark.parametrize(("oid", "name"), [(oids.CEK_HKDF_SHA256, "cek_hkdf"), (oids.RSASSA_PSS, "pss")])
def test_what_one_reader_does_not_list_is_not_used_and_changes_nothing_else(oid: str, name: str) -> None:
    assert choose([reader(EVERYTHING), reader(without(oid))]) == replace(BEST, **{name: False})  # type: ignore[arg-type]


def test_hkdf_may_bind_cbc_too() -> None:
    choice = choose([reader(without(oids.AES_256_GCM, oids.AES_128_GCM))])
    assert (choice.cipher, choice.cek_hkdf) == (ContentCipher.AES_256_CBC, True)


def test_nothing_known_of_anybody_means_the_most_compatible() -> None:
    assert choose([]) == Choice(ContentCipher.AES_256_CBC, KeyTransport.PKCS1_V15)
    assert choose([reader(())]) == Choice(
        ContentCipher.AES_256_CBC, KeyTransport.PKCS1_V15, limited_by=(0,), transport_limited_by=(0,)
    )


@pytest.mark.parametrize("kind", ["rsa-2048", "p-256", "x25519", "ml-kem-768"])
@pytest.mark.parametrize(
    "announced",
    [OURS, OUTLOOK_LIKE, (), without(A256G), without(A256G, A128G), only(A128C)],
    ids=["ours", "outlook", "unknown", "GCM-128", "CBC bound", "CBC-128"],
)
def test_what_is_chosen_opens(announced: tuple[Capability, ...], kind: str) -> None:
    choice = choose([reader(announced, kind)])
    encoded = enveloped_data(
        CONTENT,
        recipients=[person(kind).certificate],
        cipher=choice.cipher,
        key_transport=choice.key_transport,
        cek_hkdf=choice.cek_hkdf,
    )
    message = cms.parse(encoded)
    assert isinstance(message, cms.EnvelopedData | cms.AuthEnvelopedData)
    bound = message.encrypted.algorithm.oid == oids.CEK_HKDF_SHA256
    assert bound is choice.cek_hkdf
    result = decrypt(message, keys=[person(kind).decryption])
    assert (result.content, result.algorithm) == (CONTENT, choice.cipher.value)
