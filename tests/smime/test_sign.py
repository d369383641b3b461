"""RFC 8551 §2.4, §2.5: what a signature that leaves this house looks like, octet for octet where it matters."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from smime import cms, der, oids, sign, signed_attributes
from smime.capabilities import OURS
from smime.errors import RefusedComposition
from smime.identifiers import IssuerAndSerial
from smime.verify import SignatureStatus, verify

from .forge import CONTENT
from .people import AT, key, person

KINDS = ["rsa-2048", "rsa-3072", "p-256", "p-384", "p-521", "ed25519", "ml-dsa-44", "ml-dsa-65", "ml-dsa-87"]


def signed(kind: str, **changes: object) -> cms.SignedData:
    arguments: dict[str, object] = {"signers": [person(kind).signing], "at": AT, "detached": False, **changes}
    message = cms.parse(sign.signed_data(CONTENT, **arguments))  # type: ignore[arg-type]
    assert isinstance(message, cms.SignedData)
    return message


@pytest.mark.parametrize("detached", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_key_signs_what_it_verifies(kind: str, detached: bool) -> None:
    result = verify(signed(kind, detached=detached), detached_content=CONTENT if detached else None)
    assert [signer.status for signer in result.signers] == [SignatureStatus.GOOD]
    assert result.signers[0].certificate == person(kind).certificate
    assert result.signers[0].findings == ()
    assert result.content == CONTENT


@pytest.mark.parametrize(
    ("kind", "digest", "signature"),
    [
        # SHA-2 without parameters, sha256WithRSAEncryption with NULL (RFC 5754), the others without.
        ("rsa-2048", "300b0609608648016503040201", "300d06092a864886f70d01010b0500"),
        ("p-256", "300b0609608648016503040201", "300a06082a8648ce3d040302"),
        ("p-384", "300b0609608648016503040202", "300a06082a8648ce3d040303"),
        ("p-521", "300b0609608648016503040203", "300a06082a8648ce3d040304"),
        ("ed25519", "300b0609608648016503040203", "300506032b6570"),
        ("ml-dsa-44", "300b0609608648016503040203", "300b0609608648016503040311"),
        ("ml-dsa-65", "300b0609608648016503040203", "300b0609608648016503040312"),
        ("ml-dsa-87", "300b0609608648016503040203", "300b0609608648016503040313"),
    ],
)
def test_the_key_decides_the_algorithms(kind: str, digest: str, signature: str) -> None:
    signer = signed(kind).signers[0]
    assert signer.digest_algorithm.to_der().hex() == digest
    assert signer.signature_algorithm.to_der().hex() == signature
    assert [a.to_der().hex() for a in signed(kind).digest_algorithms] == [digest]


def test_exactly_the_attributes_of_the_house_are_signed() -> None:
    encryption = person("rsa-3072").certificate
    attributes = signed("p-256", encryption_certificate=encryption).signers[0].signed_attributes
    assert attributes is not None
    assert attributes.is_der
    assert sorted(attributes.types) == sorted(
        [
            oids.CONTENT_TYPE,
            oids.MESSAGE_DIGEST,
            oids.SIGNING_TIME,
            oids.SMIME_CAPABILITIES,
            oids.ENCRYPTION_KEY_PREFERENCE,
            oids.SIGNING_CERTIFICATE_V2,
            oids.CMS_ALGORITHM_PROTECTION,
        ]
    )
    assert signed_attributes.message_digest(attributes) == hashlib.sha256(CONTENT).digest()
    assert signed_attributes.signing_time(attributes) == AT
    assert signed_attributes.smime_capabilities(attributes) == OURS
    assert signed_attributes.encryption_key_preference(attributes) == IssuerAndSerial.of(encryption)


def test_the_certificate_is_named_by_digest_with_the_default_left_out() -> None:
    attributes = signed("p-256").signers[0].signed_attributes
    assert attributes is not None
    value = attributes.single(oids.SIGNING_CERTIFICATE_V2)
    certificate = person("p-256").certificate
    digest = hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest()
    issuer = der.sequence(der.tlv(0xA4, certificate.issuer.public_bytes()))
    identifier = der.sequence(
        der.octet_string(digest), der.sequence(issuer, der.integer(certificate.serial_number))
    )
    assert value is not None
    assert value.raw == der.sequence(der.sequence(identifier))


def test_the_algorithms_are_fixed_under_the_signature() -> None:
    signer = signed("rsa-2048").signers[0]
    assert signer.signed_attributes is not None
    value = signer.signed_attributes.single(oids.CMS_ALGORITHM_PROTECTION)
    assert value is not None
    assert value.raw.hex() == "301c" + "300b0609608648016503040201" + "a10d06092a864886f70d01010b0500"


def test_without_an_encryption_certificate_no_preference_is_stated() -> None:
    attributes = signed("p-256").signers[0].signed_attributes
    assert attributes is not None
    assert oids.ENCRYPTION_KEY_PREFERENCE not in attributes.types


def test_the_encryption_certificate_travels_along_and_is_found_by_the_reader() -> None:
    encryption = person("rsa-3072", "Alice").certificate
    result = verify(signed("p-256", encryption_certificate=encryption), detached_content=None)
    assert result.signers[0].encryption_certificate == encryption
    assert encryption in result.certificates


def test_signing_after_2049_uses_four_digit_years() -> None:
    at = datetime(2051, 2, 3, 4, 5, 6, tzinfo=UTC)
    assert verify(signed("p-256", at=at), detached_content=None).signers[0].signing_time == at


def test_rsa_pss_is_written_when_asked_for() -> None:
    message = signed("rsa-2048", pss=True)
    assert message.signers[0].signature_algorithm.to_der().hex() == (
        "304106092a864886f70d01010a3034a00f300d06096086480165030402010500"
        "a11c301a06092a864886f70d010108300d06096086480165030402010500a203020120"
    )
    assert verify(message, detached_content=None).signers[0].status is SignatureStatus.GOOD


def test_several_signers_each_verify_with_their_own_digest() -> None:
    people = [person("p-256", "Alice"), person("rsa-2048", "Bob"), person("p-384", "Carol")]
    message = signed("p-256", signers=[someone.signing for someone in people])
    assert {a.oid for a in message.digest_algorithms} == {oids.SHA256, oids.SHA384}
    result = verify(message, detached_content=None)
    assert [signer.status for signer in result.signers] == [SignatureStatus.GOOD] * 3
    assert {signer.certificate for signer in result.signers} == {someone.certificate for someone in people}


def test_certificates_and_signers_stand_in_der_order() -> None:
    people = [person("p-256", "Alice"), person("rsa-2048", "Bob"), person("p-384", "Carol")]
    message = signed("p-256", signers=[someone.signing for someone in people])
    assert list(message.certificates) == sorted(message.certificates)


def test_a_certificate_given_twice_is_sent_once() -> None:
    alice = person("p-256").certificate
    assert len(signed("p-256", certificates=[alice, alice], encryption_certificate=alice).certificates) == 1


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        (["p-256"], "sha-256"),
        (["rsa-2048", "p-256"], "sha-256"),
        (["p-384", "rsa-2048"], "sha-384,sha-256"),
        (["ed25519"], "sha-512"),
        (["ml-dsa-65"], "sha-512"),
    ],
)
def test_micalg_names_each_digest_once(kinds: list[str], expected: str) -> None:
    assert sign.micalg([person(kind).signing for kind in kinds]) == expected


def test_without_a_signer_nothing_is_signed() -> None:
    with pytest.raises(RefusedComposition, match="no signer"):
        sign.signed_data(CONTENT, signers=[], at=AT, detached=True)


def test_a_key_that_is_not_its_certificates_is_refused() -> None:
    stranger = key("p-256", 7)
    assert isinstance(stranger, ec.EllipticCurvePrivateKey)
    with pytest.raises(RefusedComposition, match="does not belong"):
        sign.SigningKey(stranger, person("p-256").certificate)


def test_a_key_never_shows_in_its_representation() -> None:
    assert "private_key" not in repr(person("p-256").signing)
    assert "private_key" not in repr(person("p-256").decryption)
