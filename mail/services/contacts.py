"""Contacts by hand: bring a certificate from a file, and decide between a known certificate and a proposed one."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from mail.models import Contact, ContactCertificate
from mail.models.contacts import ContactCertificateState
from mail.services.harvest import Kept, keep_contact_certificate
from mail.services.succession import judge_succession
from pki import path
from pki.claims import claims_of
from pki.formats import read_certificates
from pki.names import common_name
from pki.path import PathResult
from pki.trust import Trust
from tenants.access import Actor
from tenants.models import Person
from tenants.refusals import refuse
from tenants.scoping import tenant_scope
from tenants.services.assemble_trust import assemble_trust
from tenants.services.learn_issuers import learn_issuers
from tenants.services.pull_publications import keep_certificate
from tenants.services.trust_root import refuse_unreadable
from tenants.services.want_documents import want_documents

MOST_ISSUERS = 20


class Imported(NamedTuple):
    """Whose it is, what its path is worth now, and what became of it beside a known one."""

    contact: Contact
    path: PathResult
    kept: Kept


def import_certificate(actor: Actor, data: bytes, at: datetime) -> Imported:
    """Keep the person's certificate of a .cer, .pem or .p7b file as a contact's, with what its path is worth now.

    Authorities in the file help to build its path, which is what a .p7b is sent for. They are kept as candidates for
    other paths only if they lie on one that leads to a believed root, or are published in this portal.
    It is used for encryption only while path, revocation and address pass (mail.services.plan judges at every use).
    Raises Refused, MalformedInput.
    """
    found = read_certificates(data)
    claimed = {certificate: claims_of(certificate) for certificate in found}
    people = [c for c, said in claimed.items() if said.mailboxes and (said.can_encrypt or said.can_sign)]
    if len(people) != 1:
        refuse_unreadable(found)
        raise refuse(
            "not-one-person", f"The file holds {len(people)} certificates of people; exactly one is needed.",
            remedy="Ask your correspondent for their own certificate (.cer), or for a signed letter.",
        )  # fmt: skip
    certificate, address = people[0], claimed[people[0]].mailboxes[0].lower()
    with tenant_scope(actor.tenant_id):
        own = Person.objects.by_address(address).exists()
    if own:
        raise refuse(
            "own-directory", f"{address} is in your organisation's directory already; nothing to import."
        )
    issuers = [c for c, said in claimed.items() if said.is_authority][:MOST_ISSUERS]
    result = _judge(actor, certificate, address, issuers, at)
    if result.anchor is None and learn_issuers(actor.tenant_id, [certificate], at):
        result = _judge(actor, certificate, address, issuers, at)
    want_documents(actor.tenant_id, [result], at)
    succession = judge_succession(actor, address, [certificate], _known(actor, issuers), at)
    with tenant_scope(actor.tenant_id, write=True):
        contact, _ = Contact.objects.get_or_create(
            person_id=actor.person_id,
            address=address,
            defaults={"name": common_name(certificate.subject)[:200], "added_at": at},
        )
        kept = keep_contact_certificate(contact, certificate, "a file", at, succession)
        verified = result.path[1:-1] if result.anchor is not None else ()
        for issuer in verified:
            if claims_of(issuer).is_authority:
                keep_certificate(issuer.public_bytes(Encoding.DER), "a file", at)
    return Imported(contact, result, kept)


def _known(actor: Actor, offered: Sequence[x509.Certificate]) -> Trust:
    with tenant_scope(actor.tenant_id):
        trust = assemble_trust()
    return replace(trust, intermediates=(*trust.intermediates, *offered))


def _judge(
    actor: Actor,
    certificate: x509.Certificate,
    address: str,
    offered: Sequence[x509.Certificate],
    at: datetime,
) -> PathResult:
    return path.validate(leaf=certificate, trust=_known(actor, offered), at=at, address=address)


def choose_certificate(actor: Actor, contact_id: uuid.UUID, sha256: bytes, *, accept: bool) -> None:
    """Use a proposed certificate instead of the known one of its purpose, or drop the proposal. Raises DoesNotExist."""
    with tenant_scope(actor.tenant_id, write=True):
        proposed = ContactCertificate.objects.get(
            contact_id=contact_id,
            contact__person_id=actor.person_id,
            sha256=sha256,
            state=ContactCertificateState.PROPOSED,
        )
        if not accept:
            proposed.delete()
            return
        rivals = ContactCertificate.objects.in_use().filter(
            contact_id=contact_id, can_encrypt=proposed.can_encrypt
        )
        rivals.delete()
        proposed.state = ContactCertificateState.IN_USE
        proposed.save(update_fields=["state"])
