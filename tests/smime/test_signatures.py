"""RFC 5754, 4056, 5758, 8419, 9882: an algorithm goes with its own kind of key, and with nothing beyond measure."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from smime import cms, der, oids, signatures
from smime.identifiers import AlgorithmIdentifier, IssuerAndSerial
from smime.rsa_parameters import PssParameters
from smime.signature_faults import SignatureFault, SignatureStatus
from smime.verify import SignerResult, verify

from .forge import CONTENT, attributes_over, signed_message, signer_info
from .people import Person, certify, key, person, root

SHA512 = AlgorithmIdentifier(oids.SHA512)
PSS_512 = AlgorithmIdentifier(oids.RSASSA_PSS, PssParameters(oids.SHA512, oids.SHA512, 64).to_der())
SCHEMES = {
    "rsa": AlgorithmIdentifier(oids.SHA512_WITH_RSA),
    "rsa-pss": PSS_512,
    "ecdsa": AlgorithmIdentifier(oids.ECDSA_SHA512),
    "ed25519": AlgorithmIdentifier(oids.ED25519),
    "ml-dsa-44": AlgorithmIdentifier(oids.ML_DSA_44),
    "ml-dsa-65": AlgorithmIdentifier(oids.ML_DSA_65),
}
KEYS = {
    "rsa-2048": {"rsa", "rsa-pss"},
    "p-521": {"ecdsa"},
    "ed25519": {"ed25519"},
    "ml-dsa-65": {"ml-dsa-65"},
}


def judged(info: bytes, signer: Person) -> SignerResult:
    message = cms.parse(signed_message([info], [signer]))
    assert isinstance(message, cms.SignedData)
    (result,) = verify(message, detached_content=None).signers
    return result


@pytest.mark.parametrize("name", SCHEMES)
@pytest.mark.parametrize("kind", KEYS)
def test_a_key_of_another_kind_never_verifies(kind: str, name: str) -> None:
    """A TypeError inside is a bad signature outside; the right kind of key gets as far as a wrong value."""
    scheme = signatures.resolve(SCHEMES[name], SHA512)
    fits = name in KEYS[kind]
    with pytest.raises(Exception) as caught:  # noqa: PT011 - which of the two is the point
        scheme.check(person(kind).certificate.public_key(), b"\x30\x00", CONTENT)
    assert isinstance(caught.value, TypeError) is not fits
    info = signer_info(
        person(kind), attributes=attributes_over(CONTENT, oids.SHA512), digest=SHA512, signature=SCHEMES[name],
        sign=lambda message: b"\x30\x00",
    )  # fmt: skip
    assert judged(info, person(kind)).status is SignatureStatus.BAD


def signed_with(odd: Person, digest: str, signature: AlgorithmIdentifier, value: bytes) -> SignerResult:
    """A signature value under a certificate whose key could not have made it."""
    info = der.sequence(
        der.integer(1),
        IssuerAndSerial.of(odd.certificate).to_der(),
        AlgorithmIdentifier(digest).to_der(),
        der.set_of(attributes_over(CONTENT, digest), der.context(0)),
        signature.to_der(),
        der.octet_string(value),
    )
    return judged(info, odd)


def test_an_unknown_digest_in_the_mask_of_pss_is_named() -> None:
    sha256 = AlgorithmIdentifier(oids.SHA256, der.NULL_VALUE).to_der()
    mask = AlgorithmIdentifier(oids.MGF1, AlgorithmIdentifier("1.2.3.4").to_der()).to_der()
    odd = AlgorithmIdentifier(oids.RSASSA_PSS, der.sequence(der.tlv(0xA0, sha256), der.tlv(0xA1, mask)))
    with pytest.raises(SignatureFault, match=r"1\.2\.3\.4") as caught:
        signatures.resolve(odd, AlgorithmIdentifier(oids.SHA256))
    assert caught.value.status is SignatureStatus.UNSUPPORTED


@pytest.mark.parametrize(
    "numbers",
    [
        rsa.RSAPublicNumbers(65537, (1 << 8200) + 1),
        rsa.RSAPublicNumbers((1 << 65) + 1, (1 << 2047) + 1),
    ],
)
def test_a_key_that_costs_too_much_to_compute_with_is_not_computed_with(
    numbers: rsa.RSAPublicNumbers,
) -> None:
    public_key = numbers.public_key()
    giant = certify(SimpleNamespace(public_key=lambda: public_key), "Giant")  # type: ignore[arg-type]
    result = signed_with(giant, oids.SHA256, AlgorithmIdentifier(oids.SHA256_WITH_RSA), bytes(256))
    assert result.status is SignatureStatus.UNSUPPORTED
    assert "beyond every sane size" in result.findings[0].summary


def with_public_key_algorithm(someone: Person, algorithm: bytes) -> Person:
    """The same certificate with another algorithm in its SubjectPublicKeyInfo, signed again by the root."""
    outer = der.Reader(someone.certificate.public_bytes(Encoding.DER)).next().reader()
    fields = [field.raw for field in outer.next(der.SEQUENCE).reader().each()]
    bits = list(der.Reader(fields[6]).next().reader().each())[1].raw
    fields[6] = der.sequence(algorithm, bits)
    signed = der.sequence(*fields)
    issuer = root().private_key
    assert isinstance(issuer, ec.EllipticCurvePrivateKey)
    signature = der.bit_string(issuer.sign(signed, ec.ECDSA(hashes.SHA256())))
    encoded = der.sequence(signed, outer.next(der.SEQUENCE).raw, signature)
    return Person(someone.private_key, x509.load_der_x509_certificate(encoded))


def test_a_signer_with_an_unknown_kind_of_key_is_named() -> None:
    odd = with_public_key_algorithm(person("rsa-2048"), AlgorithmIdentifier("1.2.3.4").to_der())
    result = signed_with(odd, oids.SHA256, AlgorithmIdentifier(oids.SHA256_WITH_RSA), bytes(256))
    assert result.status is SignatureStatus.UNSUPPORTED
    assert "a kind that is not known here" in result.findings[0].summary


def test_a_restriction_of_the_key_that_cannot_be_read_permits_nothing() -> None:
    private_key = key("rsa-2048")
    assert isinstance(private_key, rsa.RSAPrivateKey)
    sha512 = PssParameters(oids.SHA512, oids.SHA512, 64).to_der()
    salt = der.tlv(0xA2, der.integer(1000))  # more than any digest has
    broken = AlgorithmIdentifier(oids.RSASSA_PSS, der.sequence(sha512[2:-5], salt)).to_der()
    odd = with_public_key_algorithm(person("rsa-2048"), broken)
    scheme = padding.PSS(mgf=padding.MGF1(hashes.SHA512()), salt_length=64)
    value = private_key.sign(der.set_of(attributes_over(CONTENT, oids.SHA512)), scheme, hashes.SHA512())
    result = signed_with(odd, oids.SHA512, PSS_512, value)
    assert (result.status, result.findings[0].code) == (SignatureStatus.BAD, "key-not-for-algorithm")
