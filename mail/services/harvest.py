"""Learn a correspondent's certificates from a letter with a full seal; a usable one is never replaced silently.

The certificates in a letter are not signed by anybody: whoever carries it may exchange them for others of the same
issuer and number (RFC 5652 §10.2.3, RFC 8551 §2.5.3). So one to encrypt to is kept only after its own path, revocation
and address were found good, now.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.db.models import Q

from mail.models import Contact, ContactCertificate, Message
from mail.models.contacts import ContactCertificateState
from mail.models.letters import Folder
from mail.services.succession import Succession, judge_succession, sha256_of
from pki.certificates import can_encrypt, can_sign
from pki.path import Verdict, validate
from pki.trust import Trust
from smime import capabilities
from smime.identifiers import IssuerAndSerial
from smime.report import Seal, SecurityReport, SignerReport
from tenants.access import Actor
from tenants.models import Person
from tenants.scoping import tenant_scope
from tenants.services.assemble_trust import assemble_trust
from tenants.services.pull_publications import keep_certificate

FULL_SEALS = (Seal.OK, Seal.REV_STALE)
MOST_OFFERED = 10


@dataclass(frozen=True, slots=True)
class Learned:
    """What a letter brought. Another certificate than the known one waits for a decision, or has replaced one that ended.

    Signing and encryption are two matters; a certificate for both counts as its encryption.
    """

    contact: Contact
    other_signer: bool = False
    other_encryption: bool = False
    new_signer: bool = False
    new_encryption: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """`replaced`: it follows a known certificate that is revoked or has expired."""

    row: ContactCertificate
    replaced: bool = False

    @property
    def is_proposed(self) -> bool:
        return self.row.state == ContactCertificateState.PROPOSED


def harvest(actor: Actor, message: Message, report: SecurityReport, at: datetime) -> Learned | None:
    """Remember the signer as a contact, if the seal is full and the sender is nobody of the own directory."""
    signer = report.signer
    if (
        message.folder != Folder.INBOX
        or report.seal not in FULL_SEALS
        or signer is None
        or signer.certificate is None
        or signer.address is None
    ):
        return None
    with tenant_scope(actor.tenant_id):
        trust = assemble_trust()
    learned = _certificates_of(signer, report, trust, at)
    if not learned:
        return None
    known = replace(trust, intermediates=(*trust.intermediates, *report.certificates))
    succession = judge_succession(actor, signer.address, learned, known, at)
    with tenant_scope(actor.tenant_id, write=True):
        if Person.objects.by_address(signer.address).exists():
            return None
        contact, _ = Contact.objects.get_or_create(
            person_id=actor.person_id,
            address=signer.address.lower(),
            defaults={"name": signer.name[:200], "added_at": at},
        )
        for issuer in report.path.path[1:-1] if report.path else ():
            keep_certificate(issuer.public_bytes(Encoding.DER), "a signed letter", at)
        kept = [keep_contact_certificate(contact, c, "a signed letter", at, succession) for c in learned]
        _remember_capabilities(contact, [one.row for one in kept], signer, at)
    return Learned(
        contact,
        other_signer=any(one.is_proposed and not one.row.can_encrypt for one in kept),
        other_encryption=any(one.is_proposed and one.row.can_encrypt for one in kept),
        new_signer=any(one.replaced and not one.row.can_encrypt for one in kept),
        new_encryption=any(one.replaced and one.row.can_encrypt for one in kept),
    )


def _certificates_of(
    signer: SignerReport, report: SecurityReport, trust: Trust, at: datetime
) -> list[x509.Certificate]:
    """The signing certificate, and the encryption certificate that the signer names or sent along, if it is good."""
    assert signer.certificate is not None and signer.address is not None  # noqa: S101, PT018  checked by the caller
    known = replace(trust, intermediates=(*trust.intermediates, *report.certificates))

    def is_good(certificate: x509.Certificate) -> bool:
        result = validate(leaf=certificate, trust=known, at=at, address=signer.address, use="encryption")
        return result.verdict is Verdict.GOOD

    if can_encrypt(signer.certificate) and not is_good(signer.certificate):
        return []
    offered = [c for c in report.certificates if can_encrypt(c) and c != signer.certificate]
    wanted = [c for c in offered if _is_meant(signer.encryption_certificate, c)]
    if not wanted and not can_encrypt(signer.certificate):
        wanted = offered
    good = [c for c in wanted[:MOST_OFFERED] if is_good(c)]
    return list(dict.fromkeys([signer.certificate, *good[:3]]))


def _is_meant(preferred: x509.Certificate | None, certificate: x509.Certificate) -> bool:
    """Whether the signer's SMIMEEncryptionKeyPreference means it: the name is not unique, so every bearer is judged."""
    return preferred is not None and (
        certificate == preferred or IssuerAndSerial.of(certificate) == IssuerAndSerial.of(preferred)
    )


def _remember_capabilities(
    contact: Contact, kept: Sequence[ContactCertificate], signer: SignerReport, at: datetime
) -> None:
    """What the signer's program announces, if the letter is newer than the one remembered (RFC 8551 §2.7.1).

    A signing time in the future is no basis. It counts for the certificates of this letter, and for the encryption
    certificate in use as long as the signer is the known one.
    """
    if not signer.capabilities or signer.signing_time is None or signer.signing_time > at:
        return
    concerned = {row.id for row in kept}
    if kept[0].state == ContactCertificateState.IN_USE:
        in_use = ContactCertificate.objects.in_use().filter(contact=contact, can_encrypt=True)
        concerned |= set(in_use.values_list("id", flat=True))
    older = Q(capabilities_signed_at=None) | Q(capabilities_signed_at__lt=signer.signing_time)
    ContactCertificate.objects.filter(older, id__in=concerned).update(
        capabilities=capabilities.write(signer.capabilities), capabilities_signed_at=signer.signing_time
    )


def keep_contact_certificate(
    contact: Contact,
    certificate: x509.Certificate,
    source: str,
    at: datetime,
    succession: Succession = Succession(),  # noqa: B008  a frozen value
) -> Kept:
    """Add a certificate to a contact: in use if it is the first of its purpose or follows one that has ended, else
    proposed. Inside a write scope.
    """
    sha256, encrypts = sha256_of(certificate), can_encrypt(certificate)
    held = ContactCertificate.objects.filter(contact=contact)
    same = held.filter(sha256=sha256).first()
    if same is not None and same.state == ContactCertificateState.IN_USE:
        return Kept(same)
    rivals = held.in_use().filter(can_encrypt=encrypts)
    known = [bytes(sha256) for sha256 in rivals.values_list("sha256", flat=True)]
    follows = succession.follows(sha256, known)
    if follows:
        rivals.delete()
    is_free = follows or not known
    if same is not None:
        if is_free:
            same.state = ContactCertificateState.IN_USE
            same.save(update_fields=["state"])
        return Kept(same, follows)
    row = ContactCertificate.objects.create(
        contact=contact,
        der=certificate.public_bytes(Encoding.DER),
        sha256=sha256,
        can_sign=can_sign(certificate),
        can_encrypt=encrypts,
        state=ContactCertificateState.IN_USE if is_free else ContactCertificateState.PROPOSED,
        source=source,
        added_at=at,
    )
    return Kept(row, follows)
