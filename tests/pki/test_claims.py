"""What a certificate says of itself, for people; a damaged one says nothing and raises nothing."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from pki.claims import Claims, claims_of
from pki.signer import Signer
from tests.pki.conftest import Forest
from tests.pki.damage import DAMAGED, damaged
from tests.pki.forgery import forge


def test_a_person_and_an_authority_say_what_they_are(contoso: Forest, alice: Signer):
    person, root = claims_of(alice.certificate), claims_of(contoso.root.certificate)
    assert (person.name, person.mailboxes) == ("Alice", ("alice@contoso.example",))
    assert (person.can_sign, person.can_encrypt, person.is_authority) == (True, False, False)
    assert (person.is_readable, person.is_root) == (True, False)
    assert (root.name, root.issuer, root.organisation) == ("Contoso Root", "Contoso Root", "Contoso")
    assert (root.is_root, root.mailboxes) == (True, ())
    assert not claims_of(contoso.issuing.certificate).is_root


@pytest.mark.parametrize("how", DAMAGED)
def test_a_damaged_certificate_claims_nothing(how: str):
    claimed = claims_of(damaged(how))
    assert claimed == Claims(name=claimed.name, issuer=claimed.issuer)


def test_an_address_that_is_no_text_makes_a_certificate_unreadable(contoso: Forest):
    odd = x509.OtherName(x509.ObjectIdentifier("1.3.6.1.5.5.7.8.9"), b"\x0c\x02\xff\xfe")
    certificate = forge(contoso.issuing, odd).certificate
    assert not claims_of(certificate).is_readable


def test_damage_leaves_the_rest_loadable():
    for how in DAMAGED:
        assert x509.load_der_x509_certificate(damaged(how).public_bytes(Encoding.DER))
