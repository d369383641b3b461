"""Envelopes made for the interop tests of NSS and OpenSSL: RSA-OAEP with parameters, ECDH with two derivations."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import pkcs12

from smime import cms
from smime.decrypt import DecryptionKey, DecryptionStatus, decrypt

from .corpora import corpora

pytestmark = pytest.mark.corpora
FOLDER = corpora("nss")
EXPECTED = json.loads((FOLDER / "expected.json").read_text())
CASES = EXPECTED["cases"]


def key(file: str) -> DecryptionKey:
    # pyca and not `pki`: these files hold one key each, and the envelope is what is tested here
    password = EXPECTED["p12_password"].encode()
    private_key, certificate, _ = pkcs12.load_key_and_certificates((FOLDER / file).read_bytes(), password)
    assert certificate is not None
    return DecryptionKey(private_key, certificate)  # type: ignore[arg-type]


@pytest.mark.parametrize("case", CASES, ids=[case["file"] for case in CASES])
def test_the_envelope_opens(case: dict[str, Any]) -> None:
    message = cms.parse((FOLDER / case["file"]).read_bytes())
    assert isinstance(message, cms.EnvelopedData)
    result = decrypt(message, keys=[key(case["key"])])
    assert result.status is DecryptionStatus.OK
    assert case["plaintext_contains"].encode() in (result.content or b"")


@pytest.mark.parametrize("case", CASES, ids=[case["file"] for case in CASES])
def test_the_other_key_does_not_open_it(case: dict[str, Any]) -> None:
    message = cms.parse((FOLDER / case["file"]).read_bytes())
    assert isinstance(message, cms.EnvelopedData)
    other = "Fran.p12" if case["key"] == "Fran-ec.p12" else "Fran-ec.p12"
    assert decrypt(message, keys=[key(other)]).status is DecryptionStatus.FAIL
