"""Enrolment: one page, two certificates, a PIN."""

from __future__ import annotations

import pytest

from tenants import clock
from tenants.keystore.custody import Custody
from tenants.refusals import Refused
from tenants.scoping import tenant_scope
from tenants.services.enrol import enrol
from tenants.services.mail_keys import all_keys
from tenants.services.unlock import Paused, WrongPin, unlock
from tests.cast import PIN, Cast


def test_a_newcomer_gets_a_signing_and_an_encryption_certificate(cast: Cast) -> None:
    alice = cast.alice
    assert alice.certificate(to_sign=True).key_description == "EC P-256"
    assert alice.certificate(to_sign=False).key_description == "RSA-3072"


def test_the_pin_opens_the_keys(cast: Cast) -> None:
    alice = cast.alice
    custody = unlock(alice.actor, PIN, clock.now())
    assert isinstance(custody, Custody)
    with tenant_scope(alice.actor.tenant_id):
        sealed = all_keys(alice.actor.person_id)
    opened = [key.open(custody).public_key() for key in sealed]
    assert opened == [key.certificate.public_key() for key in sealed]


def test_five_wrong_pins_pause_the_key_even_for_the_right_pin(cast: Cast) -> None:
    alice = cast.alice
    answers = [unlock(alice.actor, "999999", clock.now()) for _ in range(5)]
    assert answers[:4] == [WrongPin(4), WrongPin(3), WrongPin(2), WrongPin(1)]
    assert isinstance(answers[4], Paused)
    assert isinstance(unlock(alice.actor, PIN, clock.now()), Paused)


@pytest.mark.parametrize("pin", ["12345", "111111", "123456", "654321"])
def test_a_pin_that_would_be_guessed_is_refused(cast: Cast, pin: str) -> None:
    newcomer = cast.contoso.add("Newt Newman", ready=False)
    with pytest.raises(Refused):
        enrol(newcomer.actor, pin, clock.now())


def test_an_encryption_certificate_tells_every_client_what_its_owner_can_read(cast: Cast) -> None:
    from smime import capabilities
    from smime.encrypt import ContentCipher

    alice = cast.alice
    announced = capabilities.of_certificate(alice.certificate(to_sign=False).certificate)
    assert ContentCipher.AES_256_GCM in capabilities.readable_ciphers(announced)
    assert capabilities.reads_oaep_sha256(announced)
    assert capabilities.of_certificate(alice.certificate(to_sign=True).certificate) == ()
