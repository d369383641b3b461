"""Issue the certificate of one enrolment (authority worker): make the key, sign, seal the key to its person."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from pki import certificates, keys
from pki.errors import PkiError
from pki.signer import Signer
from smime import capabilities, oids
from tenants import clock, due_work
from tenants.keystore.authority_keys import open_signer
from tenants.keystore.custody import seal_for
from tenants.models import Certificate, CustodyKey, Enrolment, Generation, MailKey, Person, Template
from tenants.models.certificates import EnrolmentState
from tenants.scoping import tenant_scope
from tenants.services.admit import AwaitsApproval, NotAdmitted, admit
from tenants.services.found_forest import publication

# What an encryption certificate of ours announces to every client (RFC 4262 §2): ciphers and key transports.
READS = tuple(
    capability
    for capability in capabilities.OURS
    if capability.oid
    in {
        oids.AES_256_GCM,
        oids.AES_128_GCM,
        oids.AES_256_CBC,
        oids.AES_128_CBC,
        oids.RSAES_OAEP,
        oids.RSA_ENCRYPTION,
    }
)

LEFT = "The account was deactivated before the certificate was issued."


@dataclass(frozen=True)
class _Order:
    """What the signing needs, read in one scope."""

    enrolment_id: uuid.UUID
    person: Person
    template: Template
    generation: Generation
    signer: Signer
    serial_number: int


@due_work.due_work("issue", queue="authority")
def issue(tenant_id: uuid.UUID, enrolment_id: uuid.UUID) -> datetime | None:
    """Fulfil or refuse the enrolment. Safe to run twice: only a waiting enrolment is touched."""
    at = clock.now()
    order = _record_intent(tenant_id, enrolment_id, at)
    if order is None:
        return None
    try:
        private_key, certificate = _make(order, at)
    except PkiError as refusal:
        _record_refusal(tenant_id, enrolment_id, refusal.finding.summary, at)
        return None
    _record(tenant_id, order, private_key, certificate, at)
    return None


def _record_intent(tenant_id: uuid.UUID, enrolment_id: uuid.UUID, at: datetime) -> _Order | None:
    with tenant_scope(tenant_id, write=True):
        wish = (
            Enrolment.objects.select_for_update(of=("self",))
            .select_related("person", "template")
            .get(id=enrolment_id)
        )
        if wish.state != EnrolmentState.WAITING:
            return None
        if not wish.person.is_active:
            _refuse(wish, LEFT, at)
            return None
        admission = admit(wish, at)
        if isinstance(admission, AwaitsApproval):
            return None  # the decision asks for this work again
        if isinstance(admission, NotAdmitted):
            _refuse(wish, f"{admission.finding.summary} {admission.finding.remedy}".rstrip(), at)
            return None
        serial_number = certificates.new_serial_number()
        # A version that was superseded while the wish waited issues no more: the newest one is meant.
        wish.template, wish.serial_number = admission.template, f"{serial_number:X}"
        wish.save(update_fields=["template", "serial_number"])
        generation = admission.generation
        return _Order(wish.id, wish.person, wish.template, generation, open_signer(generation), serial_number)


def _make(order: _Order, at: datetime) -> tuple[keys.PrivateKey, x509.Certificate]:
    profile = order.template.profile
    private_key = keys.generate(profile.key_types[0])
    certificate = certificates.issue_person(
        issuer=order.signer,
        public_key=private_key.public_key(),
        name=order.person.name,
        mailbox=order.person.address,
        profile=profile,
        publication=publication(order.person.tenant_id, order.generation.id),
        serial_number=order.serial_number,
        at=at,
        smime_capabilities=capabilities.write(READS) if profile.encrypts else None,
    )
    return private_key, certificate


def _record(
    tenant_id: uuid.UUID,
    order: _Order,
    private_key: keys.PrivateKey,
    certificate: x509.Certificate,
    at: datetime,
) -> None:
    der = certificate.public_bytes(Encoding.DER)
    with tenant_scope(tenant_id, write=True):
        wish = Enrolment.objects.select_for_update().get(id=order.enrolment_id)
        if wish.state != EnrolmentState.WAITING:
            return  # another worker was faster; this certificate is dropped, its serial number stays unused
        if not Person.objects.select_for_update().get(id=order.person.id).is_active:
            _refuse(wish, LEFT, at)
            return
        row = Certificate.objects.create(
            person=order.person,
            generation=order.generation,
            template=order.template,
            der=der,
            sha256=hashlib.sha256(der).digest(),
            serial_number=f"{certificate.serial_number:X}",
            key_description=keys.describe(certificate.public_key()),
            not_before=certificate.not_valid_before_utc,
            not_after=certificate.not_valid_after_utc,
            can_sign=certificates.can_sign(certificate),
            can_encrypt=certificates.can_encrypt(certificate),
            added_at=at,
        )
        custody_key = CustodyKey.objects.current().get(person=order.person)
        sealed = seal_for(custody_key, keys.to_pkcs8(private_key), "mail key", row.id)
        MailKey.objects.create(certificate=row, person=order.person, sealed=sealed)
        wish.state, wish.done_at, wish.serial_number = EnrolmentState.ISSUED, at, row.serial_number
        wish.save(update_fields=["state", "done_at", "serial_number"])


def _record_refusal(tenant_id: uuid.UUID, enrolment_id: uuid.UUID, reason: str, at: datetime) -> None:
    with tenant_scope(tenant_id, write=True):
        _refuse(Enrolment.objects.get(id=enrolment_id), reason, at)


def _refuse(wish: Enrolment, reason: str, at: datetime) -> None:
    wish.state, wish.refusal, wish.done_at = EnrolmentState.REFUSED, reason, at
    wish.save(update_fields=["state", "refusal", "done_at"])
