"""Bring an identity along: a .p12 of another program, whose keys are sealed to the person and open old letters.

Expired certificates and issuers that nobody believes here are welcome, because reading needs no trust. The keys of a
file are kept all together or not at all.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from django.db import IntegrityError

from pki import keys
from pki.claims import claims_of
from pki.formats import Identity, read_pkcs12
from pki.names import email_addresses, same_mailbox
from pki.parsing import PARSE_ERRORS
from tenants.access import Actor
from tenants.keystore.custody import seal_for
from tenants.models import Certificate, CustodyKey, MailKey, Person
from tenants.refusals import Refused, refuse
from tenants.scoping import tenant_scope
from tenants.services.issue import record_certificate
from tenants.services.judge_certificate import sha256_of
from tenants.services.mailboxes import verified_addresses

MOST_KEYS = 20


@dataclass(frozen=True, slots=True)
class Brought:
    """How many keys are new here, how many were here already, and the kinds that the portal cannot use."""

    added: int
    known: int
    unusable: tuple[str, ...]


def import_identity(actor: Actor, file: bytes, password: str, at: datetime) -> Brought:
    """Keep every key of the file that has its certificate. Raises Refused, WrongPassword, MalformedInput.

    Needs no PIN: sealing goes to the public half of the custody pair.
    """
    with tenant_scope(actor.tenant_id):
        if not CustodyKey.objects.current().filter(person_id=actor.person_id).exists():
            raise _not_enrolled()
        addresses = verified_addresses(actor.person_id)
    content = read_pkcs12(file, password)
    _check(content.identities, content.unusable_keys, addresses)
    try:
        with tenant_scope(actor.tenant_id, write=True):
            added = sum(_keep(actor.person_id, identity, at) for identity in content.identities)
    except IntegrityError:
        raise refuse(
            "sent-twice",
            "The same file was sent twice at once.",
            remedy="Look at the list: it was kept once.",
        ) from None
    return Brought(added, len(content.identities) - added, content.unusable_keys)


def _check(identities: Sequence[Identity], unusable: Sequence[str], addresses: Sequence[str]) -> None:
    """Everything that can be told before anything is kept. Raises Refused."""
    if not identities and unusable:
        raise refuse(
            "pkcs12-key-unusable",
            f"The file holds no key that can be used here: {', '.join(sorted(set(unusable)))} without a"
            " certificate of its own, or of a kind that is not supported.",
            remedy="Export the key again together with its certificate.",
        )
    if not identities:
        raise refuse(
            "pkcs12-no-key", "The file holds certificates, but no private key.",
            remedy="Export again with the private key; another person’s certificate belongs under “Contacts”.",
        )  # fmt: skip
    if len(identities) > MOST_KEYS:
        raise refuse(
            "pkcs12-too-many", f"The file holds {len(identities)} keys; at most {MOST_KEYS} are taken at once.",
            remedy="Export fewer at a time.",
        )  # fmt: skip
    for identity in identities:
        _check_certificate(identity.certificate, addresses)


def _check_certificate(certificate: x509.Certificate, addresses: Sequence[str]) -> None:
    claimed = claims_of(certificate)
    if not claimed.is_readable or not _fits_a_row(certificate):
        raise refuse(
            "certificate-unreadable", "A certificate in the file cannot be read, so nobody can tell whose it is.",
            remedy="Leave it out of the export.",
        )  # fmt: skip
    if claimed.is_authority:
        raise refuse(
            "pkcs12-authority", f"“{claimed.name}” is the key of an authority, not of a person.",
            remedy="Never upload such a key; export your personal key alone.",
        )  # fmt: skip
    named = claimed.mailboxes or tuple(email_addresses(certificate.subject))
    if named and not any(same_mailbox(mine, other) for mine in addresses for other in named):
        raise refuse(
            "pkcs12-other-address", f"The certificate in the file is for {named[0]}, which is not an address of yours.",
            remedy="Export only keys of your own address; keys of another one stay in the other program.",
        )  # fmt: skip


def _fits_a_row(certificate: x509.Certificate) -> bool:
    try:
        ordered = certificate.not_valid_before_utc < certificate.not_valid_after_utc
        return ordered and 0 < certificate.serial_number < 1 << 160
    except PARSE_ERRORS:
        return False


def _keep(person_id: uuid.UUID, identity: Identity, at: datetime) -> bool:
    """Inside the write scope: whether the key was new. Raises Refused, which undoes what the file added before."""
    person = Person.objects.select_for_update(of=("self",)).get(id=person_id)
    same_key = Certificate.objects.filter(spki_sha256=keys.spki_sha256(identity.certificate.public_key()))
    if same_key.exclude(person=person).exists():
        raise refuse(
            "key-shared", "Another person of your organisation has a certificate of the same key.",
            remedy="A key belongs to one person. Tell your administrator: one of the two must be replaced.",
            owner="administrator",
        )  # fmt: skip
    row = Certificate.objects.filter(sha256=sha256_of(identity.certificate)).first()
    if row is None:
        row = record_certificate(person, identity.certificate, at)
    custody_key = CustodyKey.objects.current().filter(person=person).first()
    if custody_key is None:
        raise _not_enrolled()
    held = MailKey.objects.filter(certificate=row).first()
    if held is not None and held.retired_at is None:
        return False
    sealed = seal_for(custody_key, keys.to_pkcs8(identity.private_key), "mail key", row.id)
    if held is None:
        MailKey.objects.create(certificate=row, person=person, sealed=sealed)
    else:  # its PIN was forgotten, and the owner had a copy
        held.sealed, held.retired_at = sealed, None
        held.save(update_fields=["sealed", "retired_at"])
    return True


def _not_enrolled() -> Refused:
    return refuse(
        "not-enrolled", "There is no PIN yet to protect the keys with.",
        remedy="Choose a PIN first; then bring the file.",
    )  # fmt: skip
