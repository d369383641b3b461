"""RFC 3560, RFC 4055: what may stand in the parameters of RSA-OAEP, and what a wrong key makes of a transport."""

from __future__ import annotations

import pytest

from smime import der, key_transport, oids
from smime.errors import Malformed, Unsupported
from smime.identifiers import AlgorithmIdentifier
from smime.key_transport import KeyTransport
from smime.key_wrap import KeyRefused
from smime.rsa_parameters import OaepParameters

from .people import person


@pytest.mark.parametrize("oid", [oids.RSA_ENCRYPTION, oids.RSAES_OAEP])
@pytest.mark.parametrize("kind", ["p-256", "x25519", "ml-kem-768", "ed25519"])
def test_a_key_that_is_not_rsa_refuses_without_a_reason(kind: str, oid: str) -> None:
    parameters = OaepParameters(oids.SHA256, oids.SHA256).to_der()
    way = key_transport.read(AlgorithmIdentifier(oid, parameters))
    with pytest.raises(KeyRefused) as caught:
        way.unwrap(person(kind).private_key, bytes(256))
    assert caught.value.args == ()


def test_a_transport_that_is_not_known_is_named() -> None:
    with pytest.raises(Unsupported, match=r"1\.2\.3\.4"):
        key_transport.read(AlgorithmIdentifier("1.2.3.4"))


def test_the_parameters_of_oaep_are_written_without_their_defaults() -> None:
    """RFC 3560 §3: an encoder leaves defaults out, so that all of them make the empty SEQUENCE."""
    assert OaepParameters().to_der().hex() == "3000"
    labelled = OaepParameters(label=b"x").to_der()
    assert labelled.hex() == "3012a210300e06092a864886f70d010109040178"
    assert OaepParameters.read(AlgorithmIdentifier(oids.RSAES_OAEP, labelled)).label == b"x"


def _source(*fields: bytes) -> bytes:
    return der.sequence(der.tlv(0xA2, der.sequence(*fields)))


def _mask(*fields: bytes) -> bytes:
    return der.sequence(der.tlv(0xA1, der.sequence(*fields)))


@pytest.mark.parametrize(
    ("encoded", "what"),
    [
        (_source(der.oid("1.2.3.4"), der.octet_string(b"x")), "label"),
        (_source(der.oid(oids.P_SPECIFIED)), "label"),
        (_mask(der.oid("1.2.3.4"), der.NULL_VALUE), "mask generation"),
        (_mask(der.oid(oids.MGF1)), "mask generation"),
    ],
)
def test_parameters_of_oaep_that_make_no_sense_are_malformed(encoded: bytes, what: str) -> None:
    with pytest.raises(Malformed, match=what):
        key_transport.read(AlgorithmIdentifier(oids.RSAES_OAEP, encoded))


@pytest.mark.parametrize("transport", list(KeyTransport))
def test_only_pkcs1_v15_hides_a_wrong_padding_until_the_content_fails(transport: KeyTransport) -> None:
    algorithm = {
        KeyTransport.PKCS1_V15: AlgorithmIdentifier(oids.RSA_ENCRYPTION, der.NULL_VALUE),
        KeyTransport.OAEP_SHA256: AlgorithmIdentifier(
            oids.RSAES_OAEP, OaepParameters(oids.SHA256, oids.SHA256).to_der()
        ),
    }[transport]
    assert key_transport.read(algorithm).rejects_silently is (transport is KeyTransport.PKCS1_V15)
