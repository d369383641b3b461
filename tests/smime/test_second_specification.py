"""A third grammar, that of pyasn1-alt-modules, reads what no other program at hand reads: ML-KEM and ML-DSA in CMS."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, keywrap
from cryptography.hazmat.primitives.asymmetric import mldsa, mlkem
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pyasn1.codec.der.decoder import decode
from pyasn1.codec.der.encoder import encode
from pyasn1_alt_modules import rfc5083, rfc5084, rfc5652, rfc6211, rfc9629, rfc9882, rfc9936

from smime.encrypt import ContentCipher, enveloped_data
from smime.identifiers import IssuerAndSerial
from smime.sign import signed_data

from .forge import CONTENT
from .people import AT, person


def read(encoded: Any, specification: Any) -> Any:
    value, rest = decode(bytes(encoded), asn1Spec=specification)
    assert rest == b""
    return value


@pytest.mark.parametrize(
    ("kind", "oid"), [("ml-kem-768", rfc9936.id_alg_ml_kem_768), ("ml-kem-1024", rfc9936.id_alg_ml_kem_1024)]
)
def test_a_reader_that_follows_the_specification_opens_an_ml_kem_envelope(kind: str, oid: Any) -> None:
    """Every field through the other grammar, every derivation by hand, down to the text."""
    someone = person(kind)
    encoded = enveloped_data(CONTENT, recipients=[someone.certificate], cipher=ContentCipher.AES_256_GCM)
    info = read(encoded, rfc5652.ContentInfo())
    assert info["contentType"] == rfc5083.id_ct_authEnvelopedData
    envelope = read(info["content"], rfc5083.AuthEnvelopedData())
    (recipient,) = envelope["recipientInfos"]
    assert recipient["ori"]["oriType"] == rfc9629.id_ori_kem
    kemri = read(recipient["ori"]["oriValue"], rfc9629.KEMRecipientInfo())
    assert (int(kemri["version"]), kemri["kem"]["algorithm"], int(kemri["kekLength"])) == (0, oid, 32)
    assert kemri["kem"]["parameters"].isValue is False
    assert kemri["kdf"]["algorithm"] == rfc9936.id_alg_hkdf_with_sha256
    assert kemri["wrap"] == rfc9936.kwa_aes256_wrap
    assert encode(kemri["rid"]["issuerAndSerialNumber"]) == IssuerAndSerial.of(someone.certificate).to_der()

    other_info = rfc9629.CMSORIforKEMOtherInfo()
    other_info["wrap"] = kemri["wrap"]
    other_info["kekLength"] = kemri["kekLength"]
    assert isinstance(someone.private_key, mlkem.MLKEM768PrivateKey | mlkem.MLKEM1024PrivateKey)
    secret = someone.private_key.decapsulate(bytes(kemri["kemct"]))
    kek = HKDF(hashes.SHA256(), 32, None, encode(other_info)).derive(secret)
    content_key = keywrap.aes_key_unwrap(kek, bytes(kemri["encryptedKey"]))
    body = envelope["authEncryptedContentInfo"]
    gcm = read(body["contentEncryptionAlgorithm"]["parameters"], rfc5084.GCMParameters())
    sealed = bytes(body["encryptedContent"]) + bytes(envelope["mac"])
    assert AESGCM(content_key).decrypt(bytes(gcm["aes-nonce"]), sealed, None) == CONTENT


@pytest.mark.parametrize(
    ("kind", "algorithm"),
    [
        ("ml-dsa-44", rfc9882.sa_ml_dsa_44),
        ("ml-dsa-65", rfc9882.sa_ml_dsa_65),
        ("ml-dsa-87", rfc9882.sa_ml_dsa_87),
    ],
)
def test_a_reader_that_follows_the_specification_verifies_an_ml_dsa_signature(
    kind: str, algorithm: Any
) -> None:
    someone = person(kind)
    encoded = signed_data(CONTENT, signers=[someone.signing], at=AT, detached=False)
    signed = read(read(encoded, rfc5652.ContentInfo())["content"], rfc5652.SignedData())
    (signer,) = signed["signerInfos"]
    assert signer["signatureAlgorithm"] == algorithm
    assert encode(signer["digestAlgorithm"]).hex() == "300b0609608648016503040203"  # SHA-512, no parameters
    attributes = {entry["attrType"]: entry["attrValues"] for entry in signer["signedAttrs"]}
    protection = read(attributes[rfc6211.id_aa_cmsAlgorithmProtect][0], rfc6211.CMSAlgorithmProtection())
    assert protection["signatureAlgorithm"]["algorithm"] == algorithm["algorithm"]
    digest = hashes.Hash(hashes.SHA512())
    digest.update(CONTENT)
    assert bytes(attributes[rfc5652.id_messageDigest][0])[2:] == digest.finalize()
    to_sign = rfc5652.SignedAttributes()
    to_sign.extend(signer["signedAttrs"])
    public_key = someone.certificate.public_key()
    assert isinstance(public_key, mldsa.MLDSA44PublicKey | mldsa.MLDSA65PublicKey | mldsa.MLDSA87PublicKey)
    public_key.verify(bytes(signer["signature"]), encode(to_sign))
