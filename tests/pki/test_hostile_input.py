"""Hostile bytes: whatever is judged, the answer is a verdict, never an exception and never a false yes."""

from __future__ import annotations

import random

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from pki import der
from pki.algorithms import signature_algorithm
from pki.crl import Crl
from pki.errors import MalformedInput
from pki.formats import read_certificates
from pki.path import Failure, Verdict, validate
from pki.show import describe_file
from pki.signer import Signer
from pki.trust import Trust, TrustAnchor
from tests.pki.conftest import AT, Forest

# pyca warns about odd serial numbers and names, on loading and on reading; here they are judged instead
pytestmark = [
    pytest.mark.filterwarnings("ignore:Parsed a serial number"),
    pytest.mark.filterwarnings("ignore:Attribute's length"),
]


def _mutated(seed: int, whole: bytes) -> bytes:
    """Between one and four times an octet changed, or a short run cut out or doubled."""
    chance, data = random.Random(seed), bytearray(whole)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data))
        run = slice(at, at + chance.randint(1, 8))
        action = chance.choice(["flip", "flip", "flip", "cut", "double"])
        if action == "flip":
            data[at] ^= chance.randint(1, 255)
        elif action == "cut":
            del data[run]
        else:
            data[at:at] = data[run]
    return bytes(data)


def _parsed(data: bytes) -> x509.Certificate | None:
    try:
        return read_certificates(data)[0]
    except MalformedInput:
        return None


@pytest.mark.parametrize("purpose", ["email", "any"])
@given(seed=st.integers(0, 1 << 32))
@settings(max_examples=250, deadline=None)
def test_a_changed_leaf_is_never_good(contoso: Forest, alice: Signer, trust: Trust, purpose, seed: int):
    whole = alice.certificate.public_bytes(Encoding.DER)
    leaf = _parsed(_mutated(seed, whole))
    if leaf is not None and leaf != alice.certificate:
        result = validate(leaf=leaf, trust=trust, at=AT, purpose=purpose)
        assert result.verdict is not Verdict.GOOD


@given(seed=st.integers(0, 1 << 32))
@settings(max_examples=250, deadline=None)
def test_a_changed_authority_is_never_a_step(contoso: Forest, alice: Signer, trust: Trust, seed: int):
    whole = contoso.issuing.certificate.public_bytes(Encoding.DER)
    changed = _parsed(_mutated(seed, whole))
    if changed is not None and changed != contoso.issuing.certificate:
        result = validate(leaf=alice.certificate, trust=Trust(trust.anchors, (changed,), trust.crls), at=AT)
        assert result.verdict is not Verdict.GOOD


@given(seed=st.integers(0, 1 << 32))
@settings(max_examples=250, deadline=None)
def test_a_changed_anchor_breaks_no_judgement(contoso: Forest, alice: Signer, trust: Trust, seed: int):
    """An anchor is believed as it is; what must not happen is an exception."""
    changed = _parsed(_mutated(seed, contoso.root.certificate.public_bytes(Encoding.DER)))
    if changed is not None:
        for purpose in ("email", "any"):
            anchored = Trust((TrustAnchor(changed),), trust.intermediates, trust.crls)
            assert validate(leaf=alice.certificate, trust=anchored, at=AT, purpose=purpose).verdict in Verdict


@given(seed=st.integers(0, 1 << 32))
@settings(max_examples=250, deadline=None)
def test_a_changed_list_never_acquits(contoso: Forest, alice: Signer, seed: int):
    whole = contoso.person_list().der
    data = _mutated(seed, whole)
    try:
        changed = Crl.parse(data)
    except MalformedInput:
        return
    result = validate(leaf=alice.certificate, trust=contoso.trust(contoso.root_list(), changed), at=AT)
    assert result.verdict is not Verdict.GOOD or changed.der == whole


@given(seed=st.integers(0, 1 << 32))
@settings(max_examples=150, deadline=None)
def test_showing_changed_files_answers_or_refuses(alice: Signer, contoso: Forest, seed: int):
    kinds = (alice.certificate.public_bytes(Encoding.DER), contoso.person_list().der)
    whole = kinds[seed % 2]
    try:
        assert describe_file("file", _mutated(seed, whole))
    except MalformedInput:
        return


def test_a_name_of_the_wrong_string_type_is_malformed(contoso: Forest, alice: Signer, trust: Trust):
    """A commonName as BIT STRING: pyca calls that a TypeError, on access only."""
    whole = alice.certificate.tbs_certificate_bytes
    at = whole.index(b"Alice")
    tbs = whole[: at - 2] + b"\x03" + whole[at - 1 : at] + b"\x00" + whole[at + 1 :]
    signature = contoso.issuing.private_key.sign(tbs, ec.ECDSA(hashes.SHA256()))
    algorithm = signature_algorithm(contoso.issuing.private_key)
    data = der.tlv(der.SEQUENCE, tbs, algorithm, der.tlv(der.BIT_STRING, b"\x00", signature))
    leaf = x509.load_der_x509_certificate(data)
    assert validate(leaf=leaf, trust=trust, at=AT).failure is Failure.MALFORMED
    assert any("cannot be parsed" in line for line in describe_file("file", data))
