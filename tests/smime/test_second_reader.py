"""A second reader and writer, asn1crypto, sees the same structures: its grammar of RFC 5652 is not ours."""

from __future__ import annotations

import pytest
from asn1crypto import algos
from asn1crypto import cms as other
from asn1crypto import x509 as other_x509
from cryptography.hazmat.primitives.serialization import Encoding

from smime import cms, oids
from smime.encrypt import ContentCipher, enveloped_data
from smime.identifiers import IssuerAndSerial
from smime.key_transport import KeyTransport
from smime.recipients import KeyAgreeRecipient, KeyTransRecipient
from smime.sign import certs_only, signed_data
from smime.verify import SignatureStatus, verify

from .forge import CONTENT
from .people import AT, person

# asn1crypto knows neither of these two attributes: it shows them as they are
SIGNERS = ["rsa-2048", "p-256", "p-384", "p-521", "ed25519"]


@pytest.mark.parametrize("detached", [False, True])
@pytest.mark.parametrize("kind", SIGNERS)
def test_a_signed_message_reads_the_same(kind: str, detached: bool) -> None:
    encryption = person("rsa-3072").certificate
    encoded = signed_data(
        CONTENT, signers=[person(kind).signing], at=AT, detached=detached, encryption_certificate=encryption
    )
    ours = cms.parse(encoded)
    assert isinstance(ours, cms.SignedData)
    info = other.ContentInfo.load(encoded, strict=True)
    theirs = info["content"]
    assert info["content_type"].dotted == oids.SIGNED_DATA
    assert theirs["encap_content_info"]["content"].native == (None if detached else CONTENT)
    assert {c.chosen.dump() for c in theirs["certificates"]} == set(ours.certificates)
    (signer,) = theirs["signer_infos"]
    (mine,) = ours.signers
    assert signer["sid"].chosen.dump() == IssuerAndSerial.of(person(kind).certificate).to_der()
    assert signer["digest_algorithm"].dump() == mine.digest_algorithm.to_der()
    assert signer["signature_algorithm"].dump() == mine.signature_algorithm.to_der()
    assert signer["signature"].native == mine.signature
    assert mine.signed_attributes is not None
    assert signer["signed_attrs"].untag().dump(force=True) == mine.signed_attributes.encoded
    assert [a["type"].dotted for a in signer["signed_attrs"]] == list(mine.signed_attributes.types)
    times = [a["values"][0].native for a in signer["signed_attrs"] if a["type"].native == "signing_time"]
    assert times == [AT]


def test_a_certificates_only_message_reads_the_same() -> None:
    certificates = [person(kind).certificate for kind in SIGNERS]
    theirs = other.ContentInfo.load(certs_only(certificates), strict=True)["content"]
    assert {c.chosen.dump() for c in theirs["certificates"]} == {
        certificate.public_bytes(Encoding.DER) for certificate in certificates
    }
    assert len(theirs["signer_infos"]) == 0
    assert theirs["version"].native == "v1"


@pytest.mark.parametrize("transport", list(KeyTransport))
@pytest.mark.parametrize("cipher", list(ContentCipher))
def test_an_envelope_reads_the_same(cipher: ContentCipher, transport: KeyTransport) -> None:
    people = [person(kind) for kind in ("rsa-2048", "p-256", "p-384")]
    encoded = enveloped_data(
        CONTENT, recipients=[p.certificate for p in people], cipher=cipher, key_transport=transport
    )
    ours = cms.parse(encoded)
    assert isinstance(ours, cms.EnvelopedData | cms.AuthEnvelopedData)
    theirs = other.ContentInfo.load(encoded, strict=True)["content"]
    part = "encrypted_content_info" if cipher.value.endswith("CBC") else "auth_encrypted_content_info"
    assert theirs[part]["content_encryption_algorithm"].dump() == ours.encrypted.algorithm.to_der()
    assert theirs[part]["encrypted_content"].native == bytes(ours.encrypted.octets or b"")
    if isinstance(ours, cms.AuthEnvelopedData):
        assert theirs["mac"].native == ours.mac
    for mine, foreign in zip(ours.recipients, theirs["recipient_infos"], strict=True):
        _same_recipient(mine, foreign)


def _same_recipient(mine: object, foreign: other.RecipientInfo) -> None:
    if isinstance(mine, KeyTransRecipient):
        assert foreign.name == "ktri"
        assert foreign.chosen["rid"].chosen.dump() == mine.rid.to_der()  # type: ignore[union-attr]
        assert foreign.chosen["key_encryption_algorithm"].dump() == mine.algorithm.to_der()
        assert foreign.chosen["encrypted_key"].native == mine.encrypted_key
        return
    assert isinstance(mine, KeyAgreeRecipient)
    assert foreign.name == "kari"
    assert mine.originator is not None
    originator = foreign.chosen["originator"].chosen
    assert originator["public_key"].native == mine.originator.public_key
    assert foreign.chosen["ukm"].native == mine.ukm
    ((rid, encrypted_key),) = mine.encrypted_keys
    (key,) = foreign.chosen["recipient_encrypted_keys"]
    assert key["rid"].chosen.dump() == rid.to_der()  # type: ignore[union-attr]
    assert key["encrypted_key"].native == encrypted_key


def test_a_message_that_the_other_one_writes_verifies_here() -> None:
    """SignedData put together by asn1crypto over our key: SET order, tags and lengths are its own."""
    alice = person("rsa-2048")
    ours = signed_data(CONTENT, signers=[alice.signing], at=AT, detached=False)
    reference = other.ContentInfo.load(ours)["content"]["signer_infos"][0]
    certificate = other_x509.Certificate.load(alice.certificate.public_bytes(Encoding.DER))
    signer = other.SignerInfo(
        {
            "version": "v1",
            "sid": other.SignerIdentifier(
                {
                    "issuer_and_serial_number": other.IssuerAndSerialNumber(
                        {"issuer": certificate.issuer, "serial_number": certificate.serial_number}
                    )
                }
            ),
            "digest_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}),
            "signed_attrs": reference["signed_attrs"],
            "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": "sha256_rsa"}),
            "signature": reference["signature"].native,
        }
    )
    written = other.ContentInfo(
        {
            "content_type": "signed_data",
            "content": other.SignedData(
                {
                    "version": "v1",
                    "digest_algorithms": [algos.DigestAlgorithm({"algorithm": "sha256"})],
                    "encap_content_info": {"content_type": "data", "content": CONTENT},
                    "certificates": [certificate],
                    "signer_infos": [signer],
                }
            ),
        }
    ).dump()
    message = cms.parse(written)
    assert isinstance(message, cms.SignedData)
    assert verify(message, detached_content=None).signers[0].status is SignatureStatus.GOOD
