"""What a letter may teach: an encryption certificate only after its own path, revocation and address are good."""

from __future__ import annotations

from collections.abc import Sequence
from email.utils import format_datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from mail.models import ContactCertificate
from mail.services.read import read
from pki.crl import Reason
from smime import compose, headers, mime
from tenants import clock
from tenants.models import Generation
from tenants.scoping import tenant_scope
from tenants.services.revoke import revoke
from tests.cast import Cast, Member, work
from tests.mail.letters import put, signing_key


def twin_of(certificate: x509.Certificate) -> x509.Certificate:
    """Same names, issuer, number and extensions, but a key of the attacker, signed by nobody that counts."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(certificate.subject)
        .issuer_name(certificate.issuer)
        .public_key(ec.generate_private_key(ec.SECP256R1()).public_key())
        .serial_number(certificate.serial_number)
        .not_valid_before(certificate.not_valid_before_utc)
        .not_valid_after(certificate.not_valid_after_utc)
    )
    for extension in certificate.extensions:
        if not isinstance(extension.value, x509.SubjectKeyIdentifier | x509.KeyUsage):
            builder = builder.add_extension(extension.value, extension.critical)
    agreement = x509.KeyUsage(False, False, False, False, True, False, False, False, False)
    builder = builder.add_extension(agreement, critical=True)
    return builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())


def receive(
    writer: Member,
    reader: Member,
    *,
    preferred: x509.Certificate | None,
    enclosed: Sequence[x509.Certificate] = (),
) -> None:
    """A letter with a full seal whose certificate set somebody has arranged."""
    with tenant_scope(writer.actor.tenant_id):
        issuers = [row.certificate for row in Generation.objects.filter(authority__parent__isnull=False)]
    at = clock.now().replace(microsecond=0)
    fields = [
        ("From", writer.address),
        ("To", reader.address),
        ("Subject", "x"),
        ("Date", format_datetime(at)),
    ]
    protected = headers.protect(mime.build_body("x"), fields, encrypted=False, legacy_display=False)
    entity = compose.sign_entity(
        protected.entity, signer=signing_key(writer), certificates=[*enclosed, *issuers], at=at,
        encryption_certificate=preferred,
    )  # fmt: skip
    opened = read(reader.actor, put(reader, mime.message(protected.outer, entity)).id, None, clock.now())
    assert opened.report.seal == "SIG_OK", opened.report.findings


def kept(reader: Member) -> list[bytes]:
    """The encryption certificates that were learned."""
    with tenant_scope(reader.actor.tenant_id):
        rows = ContactCertificate.objects.filter(contact__person_id=reader.actor.person_id, can_encrypt=True)
        return [bytes(row.der) for row in rows]


def true_one(member: Member) -> x509.Certificate:
    return member.certificate(to_sign=False).certificate


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def test_a_twin_of_the_preferred_certificate_is_not_kept_and_does_not_keep_the_true_one_out(
    cast: Cast,
) -> None:
    bob, alice = cast.bob, cast.alice
    receive(bob, alice, preferred=twin_of(true_one(bob)))
    assert kept(alice) == []
    receive(bob, alice, preferred=true_one(bob))
    assert kept(alice) == [der(true_one(bob))]
    with tenant_scope(alice.actor.tenant_id):
        assert not ContactCertificate.objects.filter(state="proposed").exists()


@pytest.mark.parametrize("twin_first", [True, False])
def test_of_two_bearers_of_the_preferred_name_the_good_one_is_kept(cast: Cast, twin_first: bool) -> None:
    both = [twin_of(true_one(cast.bob)), true_one(cast.bob)]
    first, second = both if twin_first else reversed(both)
    receive(cast.bob, cast.alice, preferred=first, enclosed=[second])
    assert kept(cast.alice) == [der(true_one(cast.bob))]


def test_an_enclosed_certificate_that_nobody_prefers_is_judged_as_well(cast: Cast) -> None:
    receive(cast.bob, cast.alice, preferred=None, enclosed=[twin_of(true_one(cast.bob))])
    assert kept(cast.alice) == []
    receive(cast.bob, cast.alice, preferred=None, enclosed=[true_one(cast.bob)])
    assert kept(cast.alice) == [der(true_one(cast.bob))]


def test_a_certificate_of_somebody_else_is_not_kept_for_the_signer(cast: Cast) -> None:
    receive(cast.bob, cast.alice, preferred=true_one(cast.fabrikam.add("Fritz Falk")))
    assert kept(cast.alice) == []


def test_a_revoked_certificate_is_not_kept(cast: Cast) -> None:
    bob = cast.bob
    row = bob.certificate(to_sign=False)
    revoke(cast.fabrikam.administrator.actor, row.id, Reason.KEY_COMPROMISE, clock.now())
    work()
    receive(bob, cast.alice, preferred=row.certificate)
    assert kept(cast.alice) == []
