"""Plan a letter before any PIN: who can read it, with which certificate, at what strength, and why not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from mail.letter import Recipient
from mail.models import ContactCertificate
from pki.certificates import can_encrypt
from pki.errors import PkiError
from pki.findings import Finding
from pki.memo import judge_once
from pki.names import Mailbox
from pki.path import Failure, PathResult, Verdict
from pki.trust import Trust
from smime import capabilities
from smime.capabilities import Capability, Choice, Reader
from smime.encrypt import ContentCipher
from smime.key_transport import KeyTransport
from tenants import public
from tenants.access import Actor
from tenants.models import Certificate, Hold, Person, Revocation
from tenants.scoping import tenant_scope
from tenants.services.assemble_trust import assemble_trust
from tenants.services.want_documents import want_documents

EXPIRES_SOON = timedelta(days=30)
SMALLEST_RSA = 2048


class State(StrEnum):
    """How a recipient stands, as the pill shows it."""

    READY = "ready"
    SOON = "soon"
    MISSING = "missing"
    WEAK = "weak"
    REVOKED = "revoked"
    UNTRUSTED = "untrusted"
    INVALID = "invalid"


@dataclass(frozen=True)
class Candidate:
    """A certificate that claims to be somebody's, and where it came from.

    `in_portal`: what is sent there is read by this very program. `remembered` is what the owner's last verified letter
    announced, signed at `remembered_at`. `is_foreign`: another forest says so, and only a path that holds bears it out.
    """

    certificate: x509.Certificate
    name: str
    source: str
    in_portal: bool = False
    remembered: tuple[Capability, ...] = ()
    remembered_at: datetime | None = None
    is_revoked: bool = False
    is_foreign: bool = False

    def announced(self) -> tuple[Capability, ...]:
        """What the reader's program can do, empty if nobody ever said.

        A letter is as old as its signature and a certificate's extension (RFC 4262) as its certificate: of the two the
        newer statement counts.
        """
        if self.in_portal:
            return capabilities.OURS
        issued = capabilities.of_certificate(self.certificate)
        if not issued or not self.remembered:
            return issued or self.remembered
        newer = self.remembered_at is not None and self.remembered_at >= self.certificate.not_valid_before_utc
        return self.remembered if newer else issued


@dataclass(frozen=True)
class RecipientPlan:
    """One recipient's verdict. `reason` is the pill's short text, `explanation` the sentence of the dialog."""

    kind: str
    address: str
    name: str
    state: State
    reason: str
    explanation: str = ""
    candidate: Candidate | None = None
    findings: tuple[Finding, ...] = ()
    failure: Failure = Failure.NONE
    path: PathResult | None = field(default=None, repr=False)

    @property
    def can_read_encrypted(self) -> bool:
        return self.state in (State.READY, State.SOON)

    @property
    def shown_name(self) -> str:
        return self.name or self.address


@dataclass(frozen=True)
class Plan:
    """The whole letter's verdict. `choice` is the one protection for all who can read it encrypted.

    `limiting` are those of them to whom no better cipher could go, `transport_limiting` those for whom the way of
    the key to RSA readers is not.
    """

    recipients: tuple[RecipientPlan, ...]
    choice: Choice
    limiting: tuple[RecipientPlan, ...] = ()
    transport_limiting: tuple[RecipientPlan, ...] = ()

    @property
    def cannot_read(self) -> tuple[RecipientPlan, ...]:
        return tuple(r for r in self.recipients if not r.can_read_encrypted)

    @property
    def cipher(self) -> ContentCipher:
        return self.choice.cipher

    @property
    def algorithm(self) -> str:
        """The cipher's name for people."""
        return self.choice.cipher.value

    @property
    def limited_by(self) -> str:
        """Who limits the cipher: the first one's name, empty for nobody."""
        return self.limiting[0].shown_name if self.limiting else ""


def plan(actor: Actor, recipients: Sequence[Recipient], at: datetime) -> Plan:
    """Judge every recipient. Opens scopes, one forest after the other; sends and signs nothing.

    Issuers and lists that are missing are asked for, so that a second look may say more.
    """
    with tenant_scope(actor.tenant_id):
        trust = assemble_trust()
        found = {r.address.lower(): _known_here(actor, r.address) for r in recipients if r.address}
        colleagues = dict(
            Person.objects.active().filter(address__in=list(found)).values_list("address", "name")
        )
    judged = []
    for recipient in recipients:
        candidates = found.get(recipient.address.lower(), [])
        candidates += _published_elsewhere(actor, recipient.address, trust, at)
        verdict = _judge(recipient, candidates, trust, at)
        name = colleagues.get(recipient.address.lower())
        judged.append(_not_enrolled(verdict, name) if name and not candidates else verdict)
    want_documents(actor.tenant_id, [one.path for one in judged if one.path is not None], at)
    return _with_choice(tuple(judged))


def _not_enrolled(missing: RecipientPlan, name: str) -> RecipientPlan:
    """A colleague is known, with or without a certificate."""
    return replace(
        missing, name=missing.name or name, reason="has no certificate yet",
        explanation="A colleague who has not chosen a PIN yet, and so has no certificate. Signing in and choosing one "
        "takes a minute.",
    )  # fmt: skip


def _known_here(actor: Actor, address: str) -> list[Candidate]:
    """From the forest's own directory and the writer's contacts, inside the scope."""
    person = Person.objects.active().by_address(address).first()
    if person is not None:
        rows = Certificate.objects.issued_here().filter(person=person).encryption().kept_first()
        # A revocation counts here from the moment it is recorded, before the list with it is published.
        revoked = set(
            Revocation.objects.filter(certificate__person=person).values_list("certificate_id", flat=True)
        ) | set(
            Hold.objects.open().filter(certificate__person=person).values_list("certificate_id", flat=True)
        )
        return [
            Candidate(
                row.certificate,
                person.name,
                "your organisation's directory",
                True,
                is_revoked=row.id in revoked,
            )
            for row in rows[:10]
        ]
    held = ContactCertificate.objects.in_use().filter(
        contact__person_id=actor.person_id, contact__address=address.lower(), can_encrypt=True
    )
    return [_from_contact(row) for row in held.select_related("contact").order_by("-added_at")[:10]]


def _from_contact(row: ContactCertificate) -> Candidate:
    return Candidate(
        row.certificate,
        row.contact.name,
        "your contacts",
        in_portal=public.forest_of_address(row.contact.address) is not None,
        remembered=capabilities.read(bytes(row.capabilities)) if row.capabilities else (),
        remembered_at=row.capabilities_signed_at,
    )


def _published_elsewhere(actor: Actor, address: str, trust: Trust, at: datetime) -> list[Candidate]:
    """From the directory of another forest of this portal, if this forest believes a root for that domain."""
    try:
        mailbox = Mailbox.parse(address)
    except PkiError:
        return []
    forest = public.forest_of(mailbox.domain)
    if forest is None or forest == actor.tenant_id:
        return []
    if not any(anchor.vouches_for(mailbox) for anchor in trust.anchors):
        return []
    name, ders = public.directory_certificates(forest, address, asker=actor.tenant_id, at=at)
    source = f"the directory of {mailbox.domain}"
    return [
        Candidate(x509.load_der_x509_certificate(der), name, source, in_portal=True, is_foreign=True)
        for der in ders
    ]


def _judge(recipient: Recipient, candidates: list[Candidate], trust: Trust, at: datetime) -> RecipientPlan:
    if not recipient.address:
        text = f"“{recipient.typed}” is not an address; write it as name@domain."
        return RecipientPlan(recipient.kind, recipient.typed, "", State.INVALID, "not an address", text)
    blank = RecipientPlan(recipient.kind, recipient.address, recipient.name, State.MISSING, "not found")
    verdicts = [_judge_candidate(blank, candidate, trust, at) for candidate in candidates]
    usable = [verdict for verdict in verdicts if verdict.can_read_encrypted]
    if usable:
        return usable[0]
    told = [verdict for verdict in verdicts if _may_be_told(verdict)]
    if told:
        return told[0]
    return replace(
        blank,
        explanation="No certificate in your contacts or in a directory that is open to your organisation.",
    )


def _may_be_told(failed: RecipientPlan) -> bool:
    """Of another forest's directory only what a believed root stands behind: else the answer shows who is there."""
    if failed.candidate is None or not failed.candidate.is_foreign:
        return True
    return failed.failure is Failure.REVOCATION_UNKNOWN


def _judge_candidate(blank: RecipientPlan, candidate: Candidate, trust: Trust, at: datetime) -> RecipientPlan:
    certificate = candidate.certificate
    shown = blank.name or candidate.name
    # Another forest's word for a name is drawn with a good path only.
    named = replace(blank, name=blank.name if candidate.is_foreign else shown, candidate=candidate)
    if candidate.is_revoked:
        return _failed(named, Failure.REVOKED, ())
    if not can_encrypt(certificate):
        return replace(
            named, state=State.INVALID, reason="cannot be encrypted to",
            explanation="The certificate is not meant for encryption. Ask for a signed letter; it brings the right one.",
        )  # fmt: skip
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < SMALLEST_RSA:
        return replace(
            named, state=State.WEAK, reason="algorithm too weak",
            explanation=f"The certificate has an RSA-{key.key_size} key; at least RSA-{SMALLEST_RSA} is required.",
        )  # fmt: skip
    result = judge_once(leaf=certificate, trust=trust, at=at, address=blank.address, use="encryption")
    named = replace(named, path=result)
    if result.verdict is not Verdict.GOOD:
        return _failed(named, result.failure, result.findings)
    named, end = replace(named, name=shown), certificate.not_valid_after_utc
    if end - at < EXPIRES_SOON:
        return replace(named, state=State.SOON, reason=f"expires {end:%-d %b}", findings=result.findings)
    return replace(named, state=State.READY, reason="ready", findings=result.findings)


_FAILURES: dict[Failure, tuple[State, str, str]] = {
    Failure.REVOKED: (State.REVOKED, "revoked", "The certificate is revoked; nothing may be encrypted to it."),
    Failure.UNTRUSTED: (
        State.UNTRUSTED, "not trusted yet",
        "Your organisation does not trust the issuer for this address. Your administrator can import its root.",
    ),
    Failure.TIME: (State.INVALID, "expired", "The certificate is outside its validity. Ask for a new signed letter."),
    Failure.WEAK: (State.WEAK, "algorithm too weak", "The certificate relies on an obsolete algorithm."),
    Failure.ADDRESS: (
        State.INVALID, "someone else's certificate",
        "The certificate names another address. Ask the person for a signed letter from this address.",
    ),
    Failure.REVOCATION_UNKNOWN: (
        State.INVALID, "revocation unknown",
        "Whether the certificate was revoked cannot be determined, because no current list of its issuer is at hand.",
    ),
    Failure.INCOMPLETE: (State.INVALID, "issuer missing", "The certificate of the issuer is missing. Ask for a .p7b."),
}  # fmt: skip


def _failed(named: RecipientPlan, failure: Failure, findings: tuple[Finding, ...]) -> RecipientPlan:
    state, reason, explanation = _FAILURES.get(
        failure, (State.INVALID, "not valid", "The certificate's path does not hold.")
    )
    return replace(
        named, state=state, reason=reason, explanation=explanation, findings=findings, failure=failure
    )


def _with_choice(recipients: tuple[RecipientPlan, ...]) -> Plan:
    """One strength for all who can read the letter, the writer included: the writer's own copy is read here."""
    able = tuple(r for r in recipients if r.can_read_encrypted)
    readers = [Reader(r.candidate.certificate, r.candidate.announced()) for r in able if r.candidate]
    if not readers:
        return Plan(recipients, Choice(ContentCipher.AES_256_GCM, KeyTransport.OAEP_SHA256))
    choice = capabilities.choose(readers)
    if len(able) < len(recipients):  # of the others nothing is known, and they may get it signed only
        choice = replace(choice, pss=False)
    return Plan(
        recipients,
        choice,
        tuple(able[n] for n in choice.limited_by),
        tuple(able[n] for n in choice.transport_limited_by),
    )
