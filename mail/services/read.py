"""Read a letter: open it with every key the person has, judge it, remember what the list shows of it.

Nothing here waits for the network. A letter is judged at the time it was received (`received_at`), with the lists
at hand now.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from cryptography import x509
from django.db.models import F

from mail.author import hides_name, judged_author
from mail.models import Message
from mail.services.harvest import Learned, harvest
from pki.path import Failure
from pki.trust import Trust
from smime.decrypt import DecryptionKey
from smime.guard import Guard, was_read
from smime.identifiers import IssuerAndSerial, KeyIdentifier
from smime.report import Encryption, Seal, SecurityReport, Signature
from tenants.access import Actor
from tenants.keystore.custody import Custody, seal_for
from tenants.models import CustodyKey
from tenants.scoping import tenant_scope
from tenants.services.assemble_trust import assemble_trust
from tenants.services.fetched_issuers import fetched_issuers
from tenants.services.learn_issuers import learn_issuers
from tenants.services.mail_keys import SealedKey, all_keys, retired_certificates
from tenants.services.recall_lists import recall_lists
from tenants.services.want_documents import MOST_A_MESSAGE, REPAIRABLE, want_documents

GUARD = Guard()  # of this process; its child starts with the first large letter


@dataclass(frozen=True)
class OpenedLetter:
    """A letter of the reader with its report, and what was learned of its signer (None: nothing to learn).

    `for_retired_key`: it names a certificate of the reader whose key went with a forgotten PIN, and none that opens it.
    `checking`: a document that its verdict lacks is being asked for at this moment.
    """

    message: Message
    report: SecurityReport
    raw: bytes
    learned: Learned | None = None
    for_retired_key: bool = False
    checking: bool = False


class Judged(NamedTuple):
    """`checking`: see OpenedLetter."""

    report: SecurityReport
    checking: bool = False


def read(actor: Actor, message_id: uuid.UUID, custody: Custody | None, at: datetime) -> OpenedLetter:
    """Open a letter of this person, remember its state, learn of its signer.

    Raises Message.DoesNotExist for absent and foreign ones alike.
    """
    opened = open_letter(actor, message_id, custody, at)
    if opened.report.encryption is not Encryption.LOCKED:
        remember(opened.message, opened.report, at, seen=True)
    return replace(opened, learned=harvest(actor, opened.message, opened.report, at))


def open_letter(actor: Actor, message_id: uuid.UUID, custody: Custody | None, at: datetime) -> OpenedLetter:
    """The same without a trace in the letter: for its frame, its files, and answers. Raises Message.DoesNotExist."""
    with tenant_scope(actor.tenant_id):
        message = Message.objects.of(actor.person_id).select_related("raw").get(id=message_id)
        retired = retired_certificates(actor.person_id)
    raw = bytes(message.raw.data)
    report, checking = report_of(message, raw, custody, at, actor.address)
    return OpenedLetter(message, report, raw, for_retired_key=_names_any(report, retired), checking=checking)


def report_of(
    message: Message, raw: bytes, custody: Custody | None, at: datetime, reader: str = ""
) -> Judged:
    """The report of a stored letter with what its owner's forest knows now; what it lacks is asked for. Opens scopes."""
    with tenant_scope(message.tenant_id):
        sealed, trust = all_keys(message.person_id), assemble_trust()
    report = judge(raw, sealed, custody, trust, message.received_at, at, reader)
    if report.path is not None and report.path.failure in REPAIRABLE:
        known = (*report.certificates, *report.path.path)
        is_new = learn_issuers(message.tenant_id, report.certificates, at)
        fetched = fetched_issuers(message.tenant_id, known)
        if is_new or fetched:
            with tenant_scope(message.tenant_id):
                trust = assemble_trust()
            trust = replace(trust, intermediates=(*trust.intermediates, *fetched))
            report = judge(raw, sealed, custody, trust, message.received_at, at, reader)
    if report.path is not None and report.path.failure is Failure.REVOCATION_UNKNOWN:
        recalled = recall_lists(report.path.path, at)  # what has ended is on no list of today
        if recalled:
            trust = replace(trust, crls=(*trust.crls, *recalled))
            report = judge(raw, sealed, custody, trust, message.received_at, at, reader)
    return Judged(report, _ask_outside(message, report, at))


def _ask_outside(message: Message, report: SecurityReport, at: datetime) -> bool:
    """Ask for documents that the verdict lacks; says whether it waits for one. A broken signature asks for nothing."""
    if report.path is None or report.signature is not Signature.GOOD:
        return False
    left = MOST_A_MESSAGE - message.documents_asked
    asked = want_documents(message.tenant_id, [report.path], at, most=left)
    if asked.new:
        with tenant_scope(message.tenant_id, write=True):
            counted = F("documents_asked") + asked.new
            Message.objects.filter(id=message.id).update(documents_asked=counted)
    return asked.pending and report.seal in (Seal.INCOMPLETE, Seal.REV_UNKNOWN)


def _names_any(report: SecurityReport, retired: Sequence[x509.Certificate]) -> bool:
    """Whether a letter that does not open was encrypted to one of these. Public facts of the envelope, no trial."""
    if report.encryption is not Encryption.FAIL:
        return False
    named = {str(reference(one)) for one in retired for reference in (IssuerAndSerial.of, KeyIdentifier.of)}
    return not named.isdisjoint(report.recipients)


def open_part(actor: Actor, content: bytes, custody: Custody | None, at: datetime) -> SecurityReport:
    """A cryptographic layer that stood inside a letter, opened on its own (security: one origin a layer)."""
    with tenant_scope(actor.tenant_id):
        sealed, trust = all_keys(actor.person_id), assemble_trust()
    return judge(content, sealed, custody, trust, at, at)


def judge(
    raw: bytes,
    sealed: Sequence[SealedKey],
    custody: Custody | None,
    trust: Trust,
    received_at: datetime,
    at: datetime,
    reader: str = "",
) -> SecurityReport:
    """The report of a letter. Without custody its keys count as locked. `reader`: see `open_message`."""
    keys: list[DecryptionKey] = []
    locked: list[x509.Certificate] = []
    for key in sealed:
        if custody is None:
            locked.append(key.certificate)
        else:
            keys.append(DecryptionKey(key.open(custody), key.certificate))
    return GUARD.open_message(
        raw, keys=keys, locked=locked, trust=trust, at=received_at, now=at, reader=reader
    )


def remember(message: Message, report: SecurityReport, at: datetime, *, seen: bool) -> None:
    """Keep what the list shows of a judged letter; `seen`: somebody read it. Opens a scope."""
    if not was_read(report):  # the next attempt may come to a verdict
        return
    changes: dict[str, object] = {
        "seal": report.seal.value,
        "encryption": report.encryption.value,
        "judged_at": at,
        # Inside an envelope only the key shows these.
        "is_signed": message.is_signed or report.signature is not Signature.NONE,
        "has_attachments": bool(report.attachments),
    }
    if seen and message.seen_at is None:
        changes["seen_at"] = at
    if report.headers:  # a letter that cannot be read keeps the line that says so
        name, address = judged_author(report)
        changes |= {"from_name": "" if hides_name(report) else name[:200], "from_address": address[:320]}
    with tenant_scope(message.tenant_id, write=True):
        if report.subject_was_encrypted and message.sealed_subject is None:
            custody_key = CustodyKey.objects.current().get(person_id=message.person_id)
            subject = (report.header("Subject") or "").encode()
            changes["sealed_subject"] = seal_for(custody_key, subject, "subject", message.id)
        Message.objects.filter(id=message.id).update(**changes)
