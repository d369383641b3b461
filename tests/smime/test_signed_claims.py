"""RFC 8551 §2.5: what a signer says of itself, in every form that programs write, and only where the signature holds."""

from __future__ import annotations

import pytest

from smime import capabilities, cms, der, oids
from smime.attributes import attribute
from smime.capabilities import OURS
from smime.identifiers import AlgorithmIdentifier, IssuerAndSerial, KeyIdentifier
from smime.verify import SignatureStatus, SignerResult, verify

from .forge import CONTENT, attributes_over, signed_message, signer_info
from .people import Person, person

ALICE, SECOND = person("p-256", "Alice"), person("rsa-3072", "Alice", 3)
NAME = IssuerAndSerial.of(SECOND.certificate).to_der()
KEY = KeyIdentifier.of(SECOND.certificate).value
PREFERENCE, MICROSOFT = oids.ENCRYPTION_KEY_PREFERENCE, oids.MICROSOFT_ENCRYPTION_KEY_PREFERENCE


def judged(*claims: bytes, people: tuple[Person, ...] = (ALICE, SECOND)) -> SignerResult:
    info = signer_info(ALICE, attributes=[*attributes_over(CONTENT), *claims])
    message = cms.parse(signed_message([info], people))
    assert isinstance(message, cms.SignedData)
    (result,) = verify(message, detached_content=None).signers
    return result


@pytest.mark.parametrize(
    "claim",
    [
        attribute(PREFERENCE, der.retag(NAME, der.context(0))),
        attribute(PREFERENCE, der.tlv(der.context(1), der.octet_string(KEY))),
        attribute(
            PREFERENCE, der.tlv(der.context(1), der.octet_string(KEY), der.tlv(0x18, b"20261124120000Z"))
        ),
        attribute(PREFERENCE, der.tlv(der.context(2, constructed=False), KEY)),
        attribute(MICROSOFT, NAME),
    ],
    ids=["by name", "by key", "by key and date", "by key alone", "microsoft"],
)
def test_a_preference_in_every_form_finds_the_certificate_that_came_along(claim: bytes) -> None:
    result = judged(claim)
    assert (result.status, result.encryption_certificate) == (SignatureStatus.GOOD, SECOND.certificate)
    assert result.findings == ()


def test_the_standards_attribute_counts_before_microsofts() -> None:
    own = attribute(MICROSOFT, IssuerAndSerial.of(ALICE.certificate).to_der())
    standard = attribute(PREFERENCE, der.retag(NAME, der.context(0)))
    assert judged(own, standard).encryption_certificate == SECOND.certificate
    assert judged(own).encryption_certificate == ALICE.certificate


def test_a_preference_for_a_certificate_that_is_not_there_names_none() -> None:
    claim = attribute(PREFERENCE, der.retag(NAME, der.context(0)))
    assert judged(claim, people=(ALICE,)).encryption_certificate is None


@pytest.mark.parametrize(
    "claim",
    [
        attribute(PREFERENCE, der.octet_string(KEY)),
        attribute(PREFERENCE, der.tlv(der.context(3, constructed=False), KEY)),
        attribute(oids.SMIME_CAPABILITIES, der.octet_string(b"x")),
        attribute(oids.SMIME_CAPABILITIES, der.sequence(*[der.sequence(der.oid("1.2.3"))] * 201)),
    ],
    ids=["no choice", "unknown choice", "no list", "too many"],
)
def test_a_claim_that_cannot_be_read_is_left_aside_and_the_signature_still_holds(claim: bytes) -> None:
    result = judged(claim)
    assert result.status is SignatureStatus.GOOD
    assert [finding.code for finding in result.findings] == ["signed-claim-unreadable"]
    assert (result.encryption_certificate, result.capabilities) == (None, ())


@pytest.mark.parametrize("odd", [der.octet_string(b"x"), der.sequence(), der.sequence(der.integer(1))])
def test_an_unreadable_attribute_of_microsofts_takes_nothing_away(odd: bytes) -> None:
    announced = attribute(oids.SMIME_CAPABILITIES, capabilities.write(OURS))
    result = judged(attribute(MICROSOFT, odd), announced)
    assert (result.capabilities, result.encryption_certificate, result.findings) == (OURS, None, ())


def test_ec_public_key_as_signature_takes_the_digest_of_the_signer_and_is_named_with_it() -> None:
    info = signer_info(
        ALICE,
        attributes=attributes_over(CONTENT),
        signature=AlgorithmIdentifier(oids.EC_PUBLIC_KEY),
    )
    message = cms.parse(signed_message([info], [ALICE]))
    assert isinstance(message, cms.SignedData)
    (result,) = verify(message, detached_content=None).signers
    assert (result.status, result.signature_algorithm) == (SignatureStatus.GOOD, "ECDSA with SHA-256")
