"""RFC 5652 §5.4, §5.6, RFC 5035, RFC 6211: each way to be wrong, alone."""

from __future__ import annotations

import hashlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed448, mldsa, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from smime import cms, der, oids, sign, signatures
from smime.attributes import attribute
from smime.identifiers import AlgorithmIdentifier, IssuerAndSerial, KeyIdentifier
from smime.rsa_parameters import PssParameters
from smime.signing_certificate import MAX_TWINS
from smime.verify import SignatureStatus, SignedResult, SignerResult, verify

from .forge import (
    CONTENT,
    algorithm_protection,
    attributes_over,
    ess_certificate_v2,
    signed_by,
    signed_message,
    signer_info,
)
from .people import AT, Person, certify, key, person, restricted_to_pss

GOOD, BAD, WEAK = SignatureStatus.GOOD, SignatureStatus.BAD, SignatureStatus.WEAK
SHA256 = AlgorithmIdentifier(oids.SHA256)
ECDSA_SHA256 = AlgorithmIdentifier(oids.ECDSA_SHA256)
ALICE = person("p-256", "Alice")
USUAL = attributes_over(CONTENT)


def verified(
    encoded: bytes, content: bytes | None = None, candidates: tuple[x509.Certificate, ...] = ()
) -> SignedResult:
    signed = cms.parse(encoded)
    assert isinstance(signed, cms.SignedData)
    return verify(signed, detached_content=content, candidates=candidates)


def judged(
    encoded: bytes, content: bytes | None = None, candidates: tuple[x509.Certificate, ...] = ()
) -> SignerResult:
    (signer,) = verified(encoded, content, candidates).signers
    return signer


def codes(result: SignerResult) -> list[str]:
    return [finding.code for finding in result.findings]


def test_the_forge_makes_good_signatures_unless_told_otherwise() -> None:
    assert judged(signed_by(ALICE)).status is GOOD


# --- content -----------------------------------------------------------------------------------------------------


def test_a_changed_content_is_bad() -> None:
    detached = sign.signed_data(CONTENT, signers=[ALICE.signing], at=AT, detached=True)
    result = judged(detached, CONTENT + b" ")
    assert (result.status, codes(result)) == (BAD, ["content-changed"])


def test_a_detached_signature_that_carries_a_content_is_bad_even_if_both_are_equal() -> None:
    result = judged(signed_by(ALICE), CONTENT)
    assert (result.status, codes(result)) == (BAD, ["content-twice"])


def test_a_detached_signature_without_its_content_is_bad() -> None:
    detached = sign.signed_data(CONTENT, signers=[ALICE.signing], at=AT, detached=True)
    assert codes(judged(detached)) == ["content-missing"]


def test_an_empty_content_can_be_signed() -> None:
    detached = sign.signed_data(b"", signers=[ALICE.signing], at=AT, detached=True)
    assert judged(detached, b"").status is GOOD


def test_a_message_without_signers_has_no_result_and_no_complaint() -> None:
    result = verified(sign.certs_only([ALICE.certificate]))
    assert (result.signers, result.findings, result.certificates) == ((), (), (ALICE.certificate,))


def test_claims_of_a_broken_signature_are_not_reported() -> None:
    detached = sign.signed_data(
        CONTENT, signers=[ALICE.signing], at=AT, detached=True, encryption_certificate=ALICE.certificate
    )
    result = judged(detached, b"other")
    assert (result.signing_time, result.capabilities, result.encryption_certificate) == (None, (), None)


# --- signed attributes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "oid",
    [
        oids.CONTENT_TYPE,
        oids.MESSAGE_DIGEST,
        oids.SIGNING_TIME,
        oids.SMIME_CAPABILITIES,
        oids.SIGNING_CERTIFICATE_V2,
        oids.CMS_ALGORITHM_PROTECTION,
    ],
)
def test_an_attribute_that_stands_twice_fails(oid: str) -> None:
    full = sign.signed_data(CONTENT, signers=[ALICE.signing], at=AT, detached=False)
    signed = cms.parse(full)
    assert isinstance(signed, cms.SignedData)
    attributes = signed.signers[0].signed_attributes
    assert attributes is not None
    raw = [entry for _, _, entry in attributes.entries]
    assert judged(signed_by(ALICE, raw)).status is GOOD
    twice = [*raw, *(entry for kind, _, entry in attributes.entries if kind == oid)]
    result = judged(signed_by(ALICE, twice))
    assert (result.status, codes(result)) == (BAD, ["signed-attribute-malformed"])


@pytest.mark.parametrize("values", [b"", der.octet_string(hashlib.sha256(CONTENT).digest()) * 2])
def test_a_digest_with_no_or_two_values_fails(values: bytes) -> None:
    digest = der.sequence(der.oid(oids.MESSAGE_DIGEST), der.tlv(der.SET, values))
    assert judged(signed_by(ALICE, [USUAL[0], digest])).status is BAD


def test_attributes_without_a_digest_or_a_content_type_fail() -> None:
    assert codes(judged(signed_by(ALICE, USUAL[:1]))) == ["content-changed"]
    assert codes(judged(signed_by(ALICE, USUAL[1:]))) == ["content-type-mismatch"]


def test_a_content_type_other_than_the_real_one_fails() -> None:
    other = attribute(oids.CONTENT_TYPE, der.oid(oids.SIGNED_DATA))
    assert codes(judged(signed_by(ALICE, [other, *USUAL[1:]]))) == ["content-type-mismatch"]


def out_of_order() -> list[bytes]:
    ordered = sorted(USUAL)
    return ordered[::-1]


def test_attributes_sent_out_of_order_verify_over_the_der_order_with_a_finding() -> None:
    result = judged(signed_by(ALICE, out_of_order(), sort=False))
    assert (result.status, codes(result)) == (GOOD, ["signed-attributes-not-der"])


def test_attributes_sent_out_of_order_verify_over_the_sent_order_with_a_finding() -> None:
    result = judged(
        signed_by(ALICE, out_of_order(), sort=False, signed_over=lambda raw: der.tlv(der.SET, *raw))
    )
    assert (result.status, codes(result)) == (GOOD, ["signed-attributes-not-der"])


def test_attributes_signed_in_a_third_order_are_bad() -> None:
    def third(raw: list[bytes]) -> bytes:
        return der.tlv(der.SET, raw[1], raw[0], raw[2])

    result = judged(signed_by(ALICE, out_of_order(), sort=False, signed_over=third))
    assert (result.status, codes(result)) == (BAD, ["signature-invalid"])


def test_attributes_signed_under_the_tag_they_are_sent_with_are_bad() -> None:
    result = judged(signed_by(ALICE, signed_over=lambda raw: der.set_of(raw, der.context(0))))
    assert result.status is BAD


def test_an_unreadable_signing_time_is_left_aside_with_a_finding() -> None:
    unreadable = attribute(oids.SIGNING_TIME, der.tlv(der.UTC_TIME, b"26112412"))
    result = judged(signed_by(ALICE, [*USUAL[:2], unreadable]))
    assert (result.status, result.signing_time, codes(result)) == (GOOD, None, ["signed-claim-unreadable"])


def test_a_signature_over_the_bare_content_is_read_and_marked() -> None:
    info = signer_info(ALICE, attributes=None)
    result = judged(signed_message([info], [ALICE]))
    assert (result.status, codes(result)) == (GOOD, ["no-signed-attributes"])


def test_a_bare_signature_is_allowed_for_plain_data_only() -> None:
    info = signer_info(ALICE, attributes=None)
    result = judged(signed_message([info], [ALICE], content_type=oids.SIGNED_DATA))
    assert codes(result) == ["signed-attributes-missing"]


def test_attributes_cannot_be_passed_off_as_a_content() -> None:
    """The signature of a good message, taken over to one whose content is the first one's attributes."""
    good = cms.parse(signed_by(ALICE))
    assert isinstance(good, cms.SignedData)
    attributes = good.signers[0].signed_attributes
    assert attributes is not None
    info = signer_info(ALICE, attributes=None, sign=lambda _: good.signers[0].signature)
    result = judged(signed_message([info], [ALICE], content=attributes.in_der_order()))
    assert (result.status, codes(result)) == (BAD, ["content-attribute-confusion"])


def test_a_bare_content_that_only_begins_like_a_set_is_read() -> None:
    content = b"1 is the loneliest number\r\n"
    info = signer_info(ALICE, attributes=None, content=content)
    assert judged(signed_message([info], [ALICE], content=content)).status is GOOD


# --- the signer's certificate -----------------------------------------------------------------------------------------


def test_without_a_certificate_nothing_can_be_said() -> None:
    encoded = signed_message([signer_info(ALICE, attributes=USUAL)], [person("rsa-2048", "Bob")])
    result = judged(encoded)
    assert (result.status, result.certificate) == (SignatureStatus.NO_CERTIFICATE, None)
    assert f"{ALICE.certificate.serial_number:x}" in result.signer_id
    assert "Test Root" in result.signer_id


def test_a_known_certificate_stands_in_for_one_that_was_not_sent() -> None:
    encoded = signed_message([signer_info(ALICE, attributes=USUAL)])
    result = judged(encoded, candidates=(ALICE.certificate,))
    assert (result.status, result.certificate) == (GOOD, ALICE.certificate)


def test_a_signer_named_by_key_identifier_is_found() -> None:
    sid = der.tlv(der.context(0, constructed=False), KeyIdentifier.of(ALICE.certificate).value)
    result = judged(signed_by(ALICE, sid=sid))
    assert (result.status, result.certificate) == (GOOD, ALICE.certificate)


def test_a_certificate_without_key_identifier_is_found_by_the_digest_of_its_key() -> None:
    plain = certify(key("p-256"), key_identifier=False)
    sid = der.tlv(der.context(0, constructed=False), KeyIdentifier.of(ALICE.certificate).value)
    assert judged(signed_by(plain, sid=sid)).certificate == plain.certificate


def test_among_twins_of_one_name_and_number_the_one_that_signed_is_found() -> None:
    first = certify(key("p-256", 1), serial_number=77)
    second = certify(key("p-256", 2), serial_number=77)
    for signer in (first, second):
        encoded = signed_message([signer_info(signer, attributes=USUAL)], [first, second])
        result = judged(encoded)
        assert (result.status, result.certificate) == (GOOD, signer.certificate)


def test_more_twins_than_honesty_needs_are_not_all_tried() -> None:
    twins = [certify(key("p-256", which), serial_number=77) for which in range(10, 10 + MAX_TWINS + 1)]
    for signer, status in ((twins[MAX_TWINS - 1], GOOD), (twins[MAX_TWINS], BAD)):
        encoded = signed_message([signer_info(signer, attributes=USUAL)], twins)
        assert judged(encoded).status is status


def test_a_signature_by_another_key_is_bad() -> None:
    stranger = signatures.signing_scheme(person("p-256", "Mallory", 5).signing.private_key)
    result = judged(signed_by(ALICE, sign=stranger.sign))
    assert (result.status, codes(result)) == (BAD, ["signature-invalid"])
    assert result.certificate == ALICE.certificate


def test_a_key_of_another_kind_than_the_algorithm_is_bad() -> None:
    bob = person("rsa-2048", "Bob")
    assert judged(signed_by(bob, signature=ECDSA_SHA256)).status is BAD


def test_a_signature_that_names_another_certificate_of_the_same_key_is_bad() -> None:
    other = certify(key("p-256"), "Alice")
    attributes = [*USUAL, ess_certificate_v2(other)]
    encoded = signed_message([signer_info(ALICE, attributes=attributes)], [ALICE, other])
    assert codes(judged(encoded)) == ["signing-certificate-mismatch"]


def test_the_certificate_named_by_digest_is_tried_first() -> None:
    """Two certificates of one name, number and key: only the digest tells them apart."""
    first = certify(key("p-256"), "Alice", serial_number=78)
    second = certify(key("p-256"), "Alicia", serial_number=78)
    for named in (first, second):
        info = signer_info(first, attributes=[*USUAL, ess_certificate_v2(named)])
        result = judged(signed_message([info], [first, second]))
        assert (result.status, result.certificate) == (GOOD, named.certificate)


def test_a_digest_of_unknown_kind_names_no_certificate() -> None:
    value = der.sequence(AlgorithmIdentifier("1.2.3.4").to_der(), der.octet_string(b"x"))
    named = attribute(oids.SIGNING_CERTIFICATE_V2, der.sequence(der.sequence(value)))
    assert codes(judged(signed_by(ALICE, [*USUAL, named]))) == ["signing-certificate-mismatch"]


def test_the_old_attribute_with_its_sha1_digest_is_read() -> None:
    def named(person: Person) -> bytes:
        digest = person.certificate.fingerprint(hashes.SHA1())  # noqa: S303
        value = der.sequence(der.sequence(der.sequence(der.octet_string(digest))))
        return attribute(oids.SIGNING_CERTIFICATE, value)

    assert judged(signed_by(ALICE, [*USUAL, named(ALICE)])).status is GOOD
    assert judged(signed_by(ALICE, [*USUAL, named(person("rsa-2048", "Bob"))])).status is BAD


def test_issuer_and_serial_beside_the_digest_have_to_fit_too() -> None:
    def named(serial: int) -> bytes:
        issuer = der.sequence(der.tlv(der.context(4), IssuerAndSerial.of(ALICE.certificate).issuer))
        digest = der.octet_string(ALICE.certificate.fingerprint(hashes.SHA256()))
        identifier = der.sequence(digest, der.sequence(issuer, der.integer(serial)))
        return attribute(oids.SIGNING_CERTIFICATE_V2, der.sequence(der.sequence(identifier)))

    assert judged(signed_by(ALICE, [*USUAL, named(ALICE.certificate.serial_number)])).status is GOOD
    assert judged(signed_by(ALICE, [*USUAL, named(5)])).status is BAD


def test_an_unreadable_certificate_is_left_aside_with_a_finding() -> None:
    certificates = ALICE.certificate.public_bytes(Encoding.DER) + der.sequence(der.NULL_VALUE)
    info = signer_info(ALICE, attributes=USUAL)
    result = verified(signed_message([info], certificates=certificates))
    assert result.signers[0].status is GOOD
    assert [finding.code for finding in result.findings] == ["certificate-unreadable"]


# --- algorithms -------------------------------------------------------------------------------------------------------


def test_algorithm_protection_that_agrees_is_good_whatever_the_null_parameters() -> None:
    with_null = AlgorithmIdentifier(oids.SHA256, der.NULL_VALUE)
    for digest in (SHA256, with_null):
        attributes = [*USUAL, algorithm_protection(digest, ECDSA_SHA256)]
        assert judged(signed_by(ALICE, attributes)).status is GOOD


@pytest.mark.parametrize(
    "protection",
    [
        algorithm_protection(AlgorithmIdentifier(oids.SHA512), ECDSA_SHA256),
        algorithm_protection(SHA256, AlgorithmIdentifier(oids.ECDSA_SHA512)),
        attribute(oids.CMS_ALGORITHM_PROTECTION, der.sequence(SHA256.to_der())),
        attribute(
            oids.CMS_ALGORITHM_PROTECTION,
            der.sequence(SHA256.to_der(), der.retag(ECDSA_SHA256.to_der(), der.context(2))),
        ),
    ],
)
def test_algorithm_protection_that_differs_fails(protection: bytes) -> None:
    assert codes(judged(signed_by(ALICE, [*USUAL, protection]))) == ["algorithm-protection-mismatch"]


def test_a_digest_that_differs_from_the_signatures_is_refused() -> None:
    info = signer_info(
        ALICE, attributes=attributes_over(CONTENT, oids.SHA512), digest=AlgorithmIdentifier(oids.SHA512)
    )
    assert codes(judged(signed_message([info], [ALICE]))) == ["signature-digest-mismatch"]


def test_ed25519_goes_with_sha512_only() -> None:
    dana = person("ed25519", "Dana")
    assert judged(signed_by(dana, attributes_over(CONTENT, oids.SHA512))).status is GOOD
    assert codes(judged(signed_by(dana, USUAL, digest=SHA256))) == ["signature-digest-mismatch"]


def test_rsa_encryption_as_signature_takes_the_digest_of_the_signer() -> None:
    bob = person("rsa-2048", "Bob")
    result = judged(signed_by(bob, signature=AlgorithmIdentifier(oids.RSA_ENCRYPTION, der.NULL_VALUE)))
    assert (result.status, result.signature_algorithm) == (GOOD, "RSA with SHA-256")


def pss_signed(
    digest: str = oids.SHA256, mask: str = oids.SHA256, salt: int = 32, parameters: bytes | None = None
) -> SignerResult:
    bob = person("rsa-2048", "Bob")
    private_key = bob.private_key
    assert isinstance(private_key, rsa.RSAPrivateKey)
    scheme = padding.PSS(mgf=padding.MGF1(signatures.DIGESTS[mask]), salt_length=salt)
    identifier = AlgorithmIdentifier(
        oids.RSASSA_PSS, PssParameters(digest, mask, salt).to_der() if parameters is None else parameters
    )
    return judged(
        signed_by(
            bob,
            attributes_over(CONTENT, digest),
            digest=AlgorithmIdentifier(digest),
            signature=identifier,
            sign=lambda message: private_key.sign(message, scheme, signatures.DIGESTS[digest]),
        )
    )


@pytest.mark.parametrize("salt", [0, 20, 32, 64])
def test_rsa_pss_with_any_salt_verifies(salt: int) -> None:
    assert pss_signed(salt=salt).status is GOOD


def test_rsa_pss_with_another_mask_digest_verifies() -> None:
    assert pss_signed(oids.SHA512, oids.SHA256, 64).status is GOOD


def test_rsa_pss_with_its_defaults_is_sha1_and_therefore_weak() -> None:
    result = pss_signed(oids.SHA1, oids.SHA1, 20, parameters=der.sequence())
    assert (result.status, codes(result)) == (WEAK, ["signature-weak"])


@pytest.mark.parametrize(
    "parameters",
    [
        b"",
        PssParameters(oids.SHA512, oids.SHA256, 32).to_der(),  # another digest than the signer's
        der.sequence(PssParameters(oids.SHA256, oids.SHA256, 32).to_der()[2:], der.tlv(0xA3, der.integer(2))),
        PssParameters(oids.SHA256, oids.SHA256, 31).to_der(),
        PssParameters(oids.SHA256, oids.SHA256, 100_000).to_der(),
        PssParameters(oids.SHA256, oids.SHA512, 32).to_der(),
    ],
)
def test_rsa_pss_with_wrong_parameters_is_bad(parameters: bytes) -> None:
    assert pss_signed(parameters=parameters).status is BAD


PSS_256 = PssParameters(oids.SHA256, oids.SHA256, 32).to_der()


def signed_under_restriction(restriction: bytes, *, pss: bool, salt: int = 32) -> SignerResult:
    """A letter of somebody whose certificate restricts the RSA key to PSS with these parameters."""
    restricted = restricted_to_pss(person("rsa-2048", "Bob"), restriction)
    private_key = restricted.private_key
    assert isinstance(private_key, rsa.RSAPrivateKey)
    scheme = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=salt)
    identifier = AlgorithmIdentifier(oids.RSASSA_PSS, PssParameters(oids.SHA256, oids.SHA256, salt).to_der())
    info = der.sequence(
        der.integer(1),
        IssuerAndSerial.of(restricted.certificate).to_der(),
        SHA256.to_der(),
        der.set_of(USUAL, der.context(0)),
        (identifier if pss else AlgorithmIdentifier(oids.SHA256_WITH_RSA, der.NULL_VALUE)).to_der(),
        der.octet_string(
            private_key.sign(der.set_of(USUAL), scheme if pss else padding.PKCS1v15(), hashes.SHA256())
        ),
    )
    return judged(signed_message([info], [restricted]))


@pytest.mark.parametrize("restriction", [b"", PSS_256])
def test_a_key_restricted_to_pss_signs_with_pss(restriction: bytes) -> None:
    assert signed_under_restriction(restriction, pss=True).status is GOOD


@pytest.mark.parametrize(
    ("restriction", "pss", "salt"),
    [
        (b"", False, 32),  # the mathematics of PKCS#1 v1.5 hold, and the key is not for it
        (PSS_256, False, 32),
        (PSS_256, True, 20),  # salt below the key's
        (PssParameters(oids.SHA512, oids.SHA512, 20).to_der(), True, 32),
    ],
)
def test_a_key_restricted_to_pss_signs_with_nothing_else(restriction: bytes, pss: bool, salt: int) -> None:
    result = signed_under_restriction(restriction, pss=pss, salt=salt)
    assert (result.status, codes(result)) == (BAD, ["key-not-for-algorithm"])


def ed448_signed(digest: AlgorithmIdentifier) -> SignerResult:
    private_key = ed448.Ed448PrivateKey.generate()
    erin = certify(private_key, "Erin")  # type: ignore[arg-type]
    attributes = attributes_over(CONTENT, digest.oid)
    info = der.sequence(
        der.integer(1),
        IssuerAndSerial.of(erin.certificate).to_der(),
        digest.to_der(),
        der.set_of(attributes, der.context(0)),
        AlgorithmIdentifier(oids.ED448).to_der(),
        der.octet_string(private_key.sign(der.set_of(attributes))),
    )
    return judged(signed_message([info], [erin]))


def test_ed448_goes_with_shake256_of_512_bits_only() -> None:
    assert ed448_signed(AlgorithmIdentifier(oids.SHAKE256_LEN, der.integer(512))).status is GOOD
    assert ed448_signed(AlgorithmIdentifier(oids.SHAKE256)).status is GOOD
    assert ed448_signed(AlgorithmIdentifier(oids.SHAKE256_LEN, der.integer(256))).status is not GOOD
    assert ed448_signed(AlgorithmIdentifier(oids.SHA512)).status is BAD


def sha1_signed(signer: Person) -> bytes:
    private_key = signer.private_key
    assert isinstance(private_key, rsa.RSAPrivateKey)
    return signed_by(
        signer,
        attributes_over(CONTENT, oids.SHA1),
        digest=AlgorithmIdentifier(oids.SHA1),
        signature=AlgorithmIdentifier(oids.SHA1_WITH_RSA, der.NULL_VALUE),
        sign=lambda message: private_key.sign(message, padding.PKCS1v15(), hashes.SHA1()),  # noqa: S303
    )


def test_sha1_is_checked_and_never_relied_on() -> None:
    result = judged(sha1_signed(person("rsa-2048", "Bob")))
    assert (result.status, codes(result), result.signing_time) == (WEAK, ["signature-weak"], AT)
    assert (result.capabilities, result.encryption_certificate) == ((), None)
    assert "SHA-1" in result.findings[0].summary


def test_sha1_over_a_changed_letter_is_bad_and_not_merely_weak() -> None:
    altered = sha1_signed(person("rsa-2048", "Bob")).replace(b"Hello", b"Hallo")
    assert judged(altered).status is BAD


def test_rsa_1024_is_checked_and_never_relied_on() -> None:
    result = judged(signed_by(person("rsa-1024", "Old")))
    assert result.status is WEAK
    assert "RSA-1024" in result.findings[0].summary


@pytest.mark.parametrize(
    ("digest", "signature"),
    [(oids.MD5, oids.MD5_WITH_RSA), (oids.MD5, oids.RSA_ENCRYPTION), (oids.SHA256, oids.MD5_WITH_RSA)],
)
def test_md5_is_not_even_checked(digest: str, signature: str) -> None:
    bob = person("rsa-2048", "Bob")
    encoded = signed_by(
        bob, USUAL, digest=AlgorithmIdentifier(digest), signature=AlgorithmIdentifier(signature)
    )
    result = judged(encoded)
    assert (result.status, codes(result)) == (WEAK, ["signature-algorithm-broken"])
    assert "MD5" in result.findings[0].summary


@pytest.mark.parametrize(("digest", "signature"), [("1.2.3.4", oids.ECDSA_SHA256), (oids.SHA256, "1.2.3.4")])
def test_an_unknown_algorithm_is_named(digest: str, signature: str) -> None:
    encoded = signed_by(
        ALICE, USUAL, digest=AlgorithmIdentifier(digest), signature=AlgorithmIdentifier(signature)
    )
    result = judged(encoded)
    assert result.status is SignatureStatus.UNSUPPORTED
    assert "1.2.3.4" in result.findings[0].summary
    assert result.certificate == ALICE.certificate


@pytest.mark.parametrize(
    ("generate", "oid", "digest", "status"),
    [
        (mldsa.MLDSA44PrivateKey.generate, oids.ML_DSA_44, oids.SHA512, GOOD),
        (mldsa.MLDSA65PrivateKey.generate, oids.ML_DSA_65, oids.SHA512, GOOD),
        (mldsa.MLDSA87PrivateKey.generate, oids.ML_DSA_87, oids.SHA512, GOOD),
        (mldsa.MLDSA87PrivateKey.generate, oids.ML_DSA_87, oids.SHA256, WEAK),  # RFC 9882 §4
    ],
)
def test_ml_dsa_verifies_and_a_weak_digest_makes_it_weak(
    generate: type, oid: str, digest: str, status: SignatureStatus
) -> None:
    private_key = generate()
    quinn = certify(private_key, "Quinn")
    attributes = attributes_over(CONTENT, digest)
    info = der.sequence(
        der.integer(1),
        IssuerAndSerial.of(quinn.certificate).to_der(),
        AlgorithmIdentifier(digest).to_der(),
        der.set_of(attributes, der.context(0)),
        AlgorithmIdentifier(oid).to_der(),
        der.octet_string(private_key.sign(der.set_of(attributes))),
    )
    assert judged(signed_message([info], [quinn])).status is status


@pytest.mark.parametrize("digest", [oids.SHA512, oids.SHA1, oids.MD5, "1.2.3.4"])
def test_ml_dsa_over_a_bare_content_ignores_the_digest_that_is_named(digest: str) -> None:
    """RFC 9882 §3.3: nothing is hashed then, so the name says nothing."""
    quinn = person("ml-dsa-65", "Quinn")
    info = signer_info(quinn, attributes=None, digest=AlgorithmIdentifier(digest))
    assert judged(signed_message([info], [quinn])).status is GOOD


# --- several signers, and what is ignored -------------------------------------------------------------------------------


def test_one_bad_signer_does_not_hide_behind_a_good_one() -> None:
    stranger = signatures.signing_scheme(person("p-256", "Mallory", 5).signing.private_key)
    infos = [
        signer_info(ALICE, attributes=USUAL),
        signer_info(person("rsa-2048", "Bob"), attributes=USUAL, sign=stranger.sign),
    ]
    encoded = signed_message(infos, [ALICE, person("rsa-2048", "Bob")])
    assert [signer.status for signer in verified(encoded).signers] == [GOOD, BAD]


def test_a_bad_countersignature_changes_nothing_and_is_listed() -> None:
    unsigned = der.tlv(der.context(1), attribute(oids.COUNTERSIGNATURE, der.sequence(der.NULL_VALUE)))
    result = judged(signed_by(ALICE, unsigned=unsigned))
    assert (result.status, codes(result)) == (GOOD, ["countersignature-ignored"])


def test_a_digest_missing_from_the_list_of_digests_changes_nothing() -> None:
    carol = person("p-384", "Carol")
    assert judged(signed_by(carol, attributes_over(CONTENT, oids.SHA384))).status is GOOD


def test_an_empty_content_can_be_signed_without_attributes_too() -> None:
    info = signer_info(ALICE, attributes=None, content=b"")
    result = judged(signed_message([info], [ALICE], content=b""))
    assert (result.status, codes(result)) == (GOOD, ["no-signed-attributes"])


def test_every_finding_of_a_signature_says_who_can_do_something() -> None:
    unordered = signer_info(ALICE, attributes=out_of_order(), sort=False)
    claim = attribute(oids.SMIME_CAPABILITIES, der.octet_string(b"x"))
    without_certificate = signed_message([signer_info(ALICE, attributes=USUAL)])
    broken = ALICE.certificate.public_bytes(Encoding.DER) + der.sequence(der.NULL_VALUE)
    results = [
        judged(without_certificate),
        judged(signed_by(ALICE, attributes_over(b"another"))),
        judged(signed_message([signer_info(ALICE, attributes=None)], [ALICE])),
        judged(signed_message([unordered], [ALICE])),
        judged(signed_by(ALICE, [*USUAL, claim])),
        verified(signed_message([signer_info(ALICE, attributes=USUAL)], certificates=broken)),
    ]
    assert [finding.code for result in results for finding in result.findings] == [
        "signer-certificate-missing",
        "content-changed",
        "no-signed-attributes",
        "signed-attributes-not-der",
        "signed-claim-unreadable",
        "certificate-unreadable",
    ]
    assert {finding.owner for result in results for finding in result.findings} == {"sender"}
