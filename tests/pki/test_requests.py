"""Requests: the key survives, wishes do not."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from pki import certificates, keys, profiles
from pki.errors import MalformedInput, RefusedRequest
from pki.keys import KeyType
from pki.requests import read_request
from tests.pki.conftest import AT, Forest


def _request(key, *, encoding: Encoding = Encoding.DER) -> bytes:
    """A request that asks for everything it must not get."""
    return (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Administrator")]))
        .add_extension(x509.BasicConstraints(True, None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.RFC822Name("olga@contoso.example")]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]), critical=False)
        .sign(key, hashes.SHA256())
        .public_bytes(encoding)
    )


@pytest.mark.parametrize("encoding", [Encoding.DER, Encoding.PEM])
@pytest.mark.parametrize("kind", [KeyType.P256, KeyType.RSA_2048])
def test_only_the_key_is_taken(kind: KeyType, encoding: Encoding):
    key = keys.generate(kind)
    assert keys.spki(read_request(_request(key, encoding=encoding))) == keys.spki(key.public_key())


def test_wishes_of_a_request_never_reach_the_certificate(contoso: Forest):
    issued = certificates.issue_person(
        issuer=contoso.issuing,
        public_key=read_request(_request(keys.generate(KeyType.P256))),
        name="Alice",
        mailbox="alice@contoso.example",
        profile=profiles.SIGNING,
        publication=contoso.publication,
        serial_number=certificates.new_serial_number(),
        at=AT,
    )
    assert certificates.mailboxes(issued) == ("alice@contoso.example",)
    assert "Administrator" not in issued.subject.rfc4514_string()
    purposes = issued.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(purposes) == [ExtendedKeyUsageOID.EMAIL_PROTECTION]


def test_a_request_for_a_key_that_is_not_held_is_refused():
    mine, theirs = keys.generate(KeyType.P256), keys.generate(KeyType.P256)
    data = _request(mine).replace(keys.spki(mine.public_key()), keys.spki(theirs.public_key()))
    with pytest.raises(RefusedRequest) as refused:
        read_request(data)
    assert refused.value.finding.code == "request-not-proven"


def test_a_short_key_is_refused():
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - the weak key is the point
    with pytest.raises(RefusedRequest) as refused:
        read_request(_request(key))
    assert refused.value.finding.code == "request-key-weak"


@pytest.mark.parametrize("junk", [b"", b"no request", b"\x30\x00", b"\x30" + b"\x80" * 100_000])
def test_junk_is_malformed(junk: bytes):
    with pytest.raises(MalformedInput):
        read_request(junk)
