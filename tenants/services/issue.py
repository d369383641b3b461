"""Issue the certificate of one enrolment (authority worker): make the key, sign, seal the key to its person."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key

from pki import certificates, keys
from pki.claims import claims_of
from pki.crl import Reason
from pki.errors import PkiError
from pki.signer import Signer
from smime import capabilities, oids
from tenants import clock, due_work
from tenants.access import Actor
from tenants.keystore.authority_keys import open_signer
from tenants.keystore.custody import SealBroken, seal_for
from tenants.keystore.tenant_keys import MasterKeyWithheld
from tenants.models import (
    AuthorityKey,
    Certificate,
    CrlPublication,
    CustodyKey,
    Enrolment,
    Generation,
    MailKey,
    Person,
    Template,
)
from tenants.models.certificates import EnrolmentState, EnrolmentStep
from tenants.scoping import tenant_scope
from tenants.services.admit import AwaitsApproval, NotAdmitted, admit
from tenants.services.compromised_keys import refuse_compromised
from tenants.services.enrolment_failures import (
    Failure,
    authority_unreachable,
    awaits_approval,
    custody_changed,
    left,
    not_admitted,
    of_refusal,
    record_failure,
    record_wait,
)
from tenants.services.found_forest import publication
from tenants.services.prove_key import prove_key
from tenants.services.request_certificate import used_key
from tenants.services.revoke import record_revocation

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

# How long an order waits that nobody but an administrator or operator can help on.
RETRY = timedelta(minutes=10)


@dataclass(frozen=True)
class _Order:
    """What the signing needs, read in one scope."""

    enrolment_id: uuid.UUID
    person: Person
    template: Template
    generation: Generation
    signer: Signer
    serial_number: int
    mailbox: str
    public_key: bytes | None
    shard: int


@dataclass(frozen=True)
class _Wait:
    """The order stays as it is until `until`; `cause` is for the log."""

    until: datetime
    cause: Exception | None = None


@due_work.due_work("issue", queue="authority")
def issue(tenant_id: uuid.UUID, enrolment_id: uuid.UUID) -> datetime | None:
    """Fulfil or refuse the enrolment. Safe to run twice: only a waiting enrolment is touched."""
    at = clock.now()
    order = _record_intent(tenant_id, enrolment_id, at)
    if isinstance(order, _Wait):
        if order.cause is not None:
            raise order.cause  # the queue logs it and tries again, later and later
        return order.until
    if order is None:
        return None
    try:
        private_key, certificate = _make(order, at)
    except PkiError as refusal:
        _record_refusal(tenant_id, enrolment_id, of_refusal(refusal), at)
        return None
    _record(tenant_id, order, private_key, certificate, at)
    return None


def _record_intent(tenant_id: uuid.UUID, enrolment_id: uuid.UUID, at: datetime) -> _Order | _Wait | None:
    with tenant_scope(tenant_id, write=True):
        wish = (
            Enrolment.objects.select_for_update(of=("self",))
            .select_related("person", "template")
            .get(id=enrolment_id)
        )
        if wish.state != EnrolmentState.WAITING:
            return None
        failure = _entitlement_failure(wish)
        if failure is not None:
            record_failure(wish, failure, at)
            return None
        admission = admit(wish, at)
        if isinstance(admission, AwaitsApproval):
            record_wait(wish, awaits_approval(admission.template), None)
            return None  # the decision asks for this work again
        if isinstance(admission, NotAdmitted):
            return _not_admitted(wish, admission, at)
        generation = admission.generation
        try:
            signer = open_signer(generation)
        except (AuthorityKey.DoesNotExist, MasterKeyWithheld, SealBroken) as withheld:
            record_wait(wish, authority_unreachable(), at + RETRY)
            return _Wait(at + RETRY, withheld)
        serial_number = certificates.new_serial_number()
        # A version that was superseded while the wish waited issues no more: the newest one is meant.
        wish.template, wish.serial_number = admission.template, f"{serial_number:X}"
        wish.save(update_fields=["template", "serial_number"])
        return _Order(
            wish.id, wish.person, wish.template, generation, signer, serial_number,
            wish.mailbox or wish.person.address,
            None if wish.public_key is None else bytes(wish.public_key),
            _shard(generation, serial_number),
        )  # fmt: skip


def _shard(generation: Generation, serial_number: int) -> int:
    """The list that will name the certificate if ever it is revoked: one of those that are published already."""
    published = CrlPublication.objects.filter(generation=generation, shard__lt=generation.shard_count)
    shards = sorted(published.order_by().values_list("shard", flat=True).distinct())
    return shards[serial_number % len(shards)] if shards else 0


def _entitlement_failure(wish: Enrolment) -> Failure | None:
    """Asked before signing and again under the person's lock before the certificate is kept."""
    if not wish.person.is_active:
        return left()
    if wish.public_key is not None:
        refusal = used_key(bytes(wish.public_key), wish.person)
        return None if refusal is None else of_refusal(refusal)
    if not CustodyKey.objects.current().filter(person=wish.person).exists():
        return custody_changed()
    return None


def _not_admitted(wish: Enrolment, admission: NotAdmitted, at: datetime) -> _Wait | None:
    """For want of an authority it waits: nothing has to be entered again when there is one."""
    failure = not_admitted(admission.finding)
    if failure.step is not EnrolmentStep.AUTHORITY:
        record_failure(wish, failure, at)
        return None
    record_wait(wish, failure, at + RETRY)
    return _Wait(at + RETRY)


def _make(order: _Order, at: datetime) -> tuple[keys.PrivateKey | None, x509.Certificate]:
    """The certificate, and its private key unless the person holds it. Raises PkiError."""
    profile = order.template.profile
    private_key = keys.generate(profile.key_types[0]) if order.public_key is None else None
    public_key = (
        private_key.public_key() if private_key is not None else load_der_public_key(order.public_key or b"")
    )
    with tenant_scope(order.person.tenant_id):
        refuse_compromised(public_key)
    certificate = certificates.issue_person(
        issuer=order.signer,
        public_key=public_key,
        name=order.person.name,
        mailbox=order.mailbox,
        profile=profile,
        publication=publication(order.person.tenant_id, order.generation.id, order.shard),
        serial_number=order.serial_number,
        at=at,
        smime_capabilities=capabilities.write(READS) if profile.encrypts and private_key else None,
    )
    if private_key is not None:
        prove_key(private_key, certificate)
    return private_key, certificate


def _record(
    tenant_id: uuid.UUID,
    order: _Order,
    private_key: keys.PrivateKey | None,
    certificate: x509.Certificate,
    at: datetime,
) -> None:
    with tenant_scope(tenant_id, write=True):
        wish = Enrolment.objects.select_for_update().get(id=order.enrolment_id)
        if wish.state != EnrolmentState.WAITING:
            return  # another worker was faster; this certificate is dropped, its serial number stays unused
        wish.person = Person.objects.select_for_update(of=("self",)).get(id=order.person.id)
        failure = _entitlement_failure(wish)
        if failure is not None:
            record_failure(wish, failure, at)
            return
        row = record_certificate(
            wish.person,
            certificate,
            at,
            generation=order.generation,
            template=order.template,
            shard=order.shard,
        )
        if private_key is not None:
            custody_key = CustodyKey.objects.current().get(person=order.person)
            sealed = seal_for(custody_key, keys.to_pkcs8(private_key), "mail key", row.id)
            MailKey.objects.create(certificate=row, person=order.person, sealed=sealed)
        wish.state, wish.done_at, wish.serial_number = EnrolmentState.ISSUED, at, row.serial_number
        wish.step = wish.refusal_code = wish.refusal = wish.remedy = wish.owner = ""
        wish.next_try_at = None
        wish.save()
        _revoke_replaced(wish, row, at)


def record_certificate(
    person: Person,
    certificate: x509.Certificate,
    at: datetime,
    *,
    generation: Generation | None = None,
    template: Template | None = None,
    shard: int = 0,
) -> Certificate:
    """The row of a person's certificate, inside a write scope; without a generation it was brought along."""
    der, claimed = certificate.public_bytes(Encoding.DER), claims_of(certificate)
    return Certificate.objects.create(
        person=person,
        generation=generation,
        template=template,
        der=der,
        sha256=hashlib.sha256(der).digest(),
        spki_sha256=keys.spki_sha256(certificate.public_key()),
        serial_number=f"{certificate.serial_number:X}",
        shard=shard,
        key_description=keys.describe(certificate.public_key())[:32],
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        can_sign=claimed.can_sign,
        can_encrypt=claimed.can_encrypt,
        added_at=at,
    )


def _revoke_replaced(wish: Enrolment, successor: Certificate, at: datetime) -> None:
    """Only now that the successor is there, in the same transaction: nobody is without a certificate in between."""
    if not wish.revokes_with or wish.replaces_id is None:
        return
    earlier = Certificate.objects.issued_here().filter(
        person=wish.person, template__code=wish.template.code, not_after__gt=at, revocation__isnull=True
    )
    for row in earlier.exclude(id=successor.id):
        record_revocation(_as_actor(wish.person), row, Reason(wish.revokes_with), at)


def _as_actor(person: Person) -> Actor:
    """The person who asked for the replacement answers for the revocation."""
    return Actor(
        person.tenant_id, person.id, person.name, person.address, person.is_administrator, person.tenant
    )


def _record_refusal(tenant_id: uuid.UUID, enrolment_id: uuid.UUID, failure: Failure, at: datetime) -> None:
    with tenant_scope(tenant_id, write=True):
        wish = Enrolment.objects.select_for_update().get(id=enrolment_id)
        if wish.state == EnrolmentState.WAITING:
            record_failure(wish, failure, at)
