"""Letters as lines of a list: plain values, read in one scope, never judged anew.

A line shows what was last known of its letter. A seal that rests on trust and is older than the forest's last decision
about trust is not shown: it returns when the letter is judged again.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.http import Http404
from django.utils.translation import gettext as _

from mail.facts import UNREADABLE
from mail.models import Message
from mail.models.letters import PROBLEM, SEALS_WITHOUT_TRUST, Folder, MessageQuerySet
from mail.web.forests import VOUCHED, forests_of
from smime.addresses import Address
from smime.headers import OBSCURED
from smime.report import Encryption
from tenants.access import Actor
from tenants.keystore.custody import Custody, SealBroken
from tenants.models import Tenant
from tenants.scoping import tenant_scope
from tenants.services.assemble_trust import last_trust_change

PAGE = 40
RECENT = 1000
FILTERS = ("all", "unread", "signed", "encrypted", "problem")
# States of the list that need the key to say more.
_OPENED = frozenset({Encryption.OK.value, Encryption.WEAK.value, Encryption.UNPROTECTED.value})
_UNOPENED = frozenset({"", Encryption.LOCKED.value})


@dataclass(frozen=True, slots=True)
class Row:
    """One line. `subject_hidden`: it stands inside the encryption and cannot be shown at the moment."""

    pk: uuid.UUID
    sender: str
    forest: Tenant | None
    received_at: datetime
    subject: str
    subject_hidden: bool
    snippet: str
    seal: str
    encryption: str
    unread: bool
    has_attachments: bool
    unreadable: str


@dataclass(frozen=True, slots=True)
class Counts:
    unread: int
    problem: int


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a folder. `older` is the cursor of the next page, empty on the last; `is_empty`: no letter at all."""

    rows: tuple[Row, ...]
    counts: Counts
    older: str
    is_empty: bool


def inbox_page(actor: Actor, custody: Custody | None, chosen: str, before: str) -> Page:
    """Raises Http404 for a filter or a cursor that this page never gave out."""
    if chosen not in FILTERS:
        raise Http404
    with tenant_scope(actor.tenant_id):
        everything = Message.objects.of(actor.person_id).newest_first(Folder.INBOX)
        letters, older = page_of(_filtered(everything, chosen), before)
        counts = Counts(everything.unread().count(), _recent_problems(everything))
        is_empty = not letters and not everything.exists()
        changed_at = last_trust_change()
    shown = [_seal(letter, changed_at) for letter in letters]
    vouched = [m.from_address for m, seal in zip(letters, shown, strict=True) if seal in VOUCHED]
    forests = forests_of(vouched)
    rows = tuple(_row(m, seal, custody, forests) for m, seal in zip(letters, shown, strict=True))
    return Page(rows, counts, older, is_empty)


def _recent_problems(letters: MessageQuerySet) -> int:
    """Among the newest letters only: a list that is asked every 20 seconds costs the same in a box of any size."""
    newest = letters.values("id")[:RECENT]
    return Message.objects.filter(id__in=newest).filter(PROBLEM).count()


def _filtered(letters: MessageQuerySet, chosen: str) -> MessageQuerySet:
    match chosen:
        case "unread":
            return letters.unread()
        case "signed":
            return letters.filter(is_signed=True)
        case "encrypted":
            return letters.filter(is_encrypted=True)
        case "problem":
            return letters.problem()
        case _:
            return letters


def page_of(letters: MessageQuerySet, before: str) -> tuple[list[Message], str]:
    """One page of an ordered folder and the cursor of the next. Inside a scope. Raises Http404."""
    if before:
        letters = letters.before(*_read_cursor(before))
    found = list(letters[: PAGE + 1])
    last = found[PAGE - 1] if len(found) > PAGE else None
    return found[:PAGE], _cursor(last) if last else ""


def _cursor(letter: Message) -> str:
    return f"{letter.received_at.astimezone(UTC):%Y%m%dT%H%M%S%f}-{letter.id.hex}"


def _read_cursor(text: str) -> tuple[datetime, uuid.UUID]:
    try:
        at, identifier = text.split("-")
        return datetime.strptime(at, "%Y%m%dT%H%M%S%f").replace(tzinfo=UTC), uuid.UUID(hex=identifier)
    except ValueError:
        raise Http404 from None


def _seal(letter: Message, changed_at: datetime | None) -> str:
    if letter.judged_at is None or letter.seal in SEALS_WITHOUT_TRUST:
        return letter.seal if letter.judged_at is not None else ""
    return "" if changed_at is not None and letter.judged_at <= changed_at else letter.seal


def _row(letter: Message, seal: str, custody: Custody | None, forests: Mapping[str, Tenant]) -> Row:
    subject, hidden = shown_subject(letter, custody)
    unreadable = letter.to_line if letter.from_name == UNREADABLE and not letter.from_address else ""
    encryption = _encryption(letter, custody)
    return Row(
        pk=letter.id,
        sender=_sender(letter),
        forest=forests.get(letter.from_address) if seal in VOUCHED else None,
        received_at=letter.received_at,
        subject=subject,
        subject_hidden=hidden,
        snippet=_snippet(letter),
        seal=seal,
        encryption=encryption,
        unread=letter.seen_at is None,
        has_attachments=letter.has_attachments,
        unreadable=unreadable,
    )


def _sender(letter: Message) -> str:
    """The name, unless it shows another address than the true one."""
    misleads = Address(letter.from_name, letter.from_address).foreign_addresses
    return (letter.from_address if misleads else letter.from_name) or letter.from_address or "—"


def _encryption(letter: Message, custody: Custody | None) -> str:
    if (
        custody is None
        and (letter.encryption in _OPENED or letter.is_encrypted)
        and letter.encryption != "ENC_FAIL"
    ):
        return Encryption.LOCKED.value
    return "" if letter.encryption in _UNOPENED else letter.encryption


def _snippet(letter: Message) -> str:
    if letter.is_encrypted and letter.encryption in _UNOPENED:
        return _("Not opened yet")
    return letter.from_address if letter.from_name else ""


def shown_subject(letter: Message, custody: Custody | None) -> tuple[str, bool]:
    """The true subject if it can be read now, and whether one is hidden."""
    if letter.sealed_subject is None:
        hidden = letter.is_encrypted and letter.subject in ("", OBSCURED, "...")
        return ("" if hidden else letter.subject), hidden
    if custody is None:
        return "", True
    try:
        return custody.open(bytes(letter.sealed_subject), "subject", letter.id).decode(), False
    except SealBroken:  # one letter must never take down a list; opening it says what is wrong
        return "", True


def subjects(letters: Sequence[Message], custody: Custody | None) -> dict[uuid.UUID, str]:
    """The subjects that can be shown, by letter."""
    return {letter.id: shown_subject(letter, custody)[0] for letter in letters}
