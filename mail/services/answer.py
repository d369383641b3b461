"""Begin a reply or a forwarded letter (RFC 5322 §3.6.4, RFC 9788 §6).

Recipients come from the believed fields as they were sent, so from protected ones wherever a signature protects them;
what is quoted is what was visible; what the answered letter hid stays hidden, and what was encrypted stays encrypted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mail.html import clean_html
from mail.letter import Letter, Relation, write_address
from mail.services.read import OpenedLetter
from mail.services.send import Threading
from pki.names import same_mailbox
from smime.addresses import Address, read_addresses
from smime.body import html_to_text
from smime.errors import SmimeError
from smime.fields import Field
from smime.headers import Policy, response_policy, unchanged
from smime.mime import encode_value
from smime.report import Encryption, SecurityReport

MOST_REFERENCES = 20
MOST_QUOTED = 100_000
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,250}>")
_PREFIX = {"Re": re.compile(r"\s*re\s*:", re.IGNORECASE), "Fwd": re.compile(r"\s*fwd?\s*:", re.IGNORECASE)}


@dataclass(frozen=True, slots=True)
class Binding:
    """What ties an answer to its letter when it is sent."""

    threading: Threading
    response: Policy = unchanged


def begin_answer(opened: OpenedLetter, own_address: str, relation: Relation) -> Letter:
    """The letter as its writer first sees it."""
    report = opened.report
    if relation is Relation.FORWARD:
        to = cc = ""
        text = "\n\n" + _forwarded(report, opened.message.received_at)
    else:
        fields = _respond(_fields(report), own_address, relation)
        found = {field.key: field.value for field in fields}
        to, cc = found.get("to", ""), found.get("cc", "")
        text = "\n\n" + _quoted(report, opened.message.received_at)
    return Letter(
        to=to,
        cc=cc,
        subject=_subject(report.header("Subject") or "", relation),
        text=text,
        relation=relation,
        originals=_taken_along(report) if relation is Relation.FORWARD else (),
    )


def bind(opened: OpenedLetter, own_address: str, relation: Relation) -> Binding:
    """Threading by the protected Message-ID, and the policy that keeps hidden what was hidden (RFC 9788 §6.1.2)."""
    report = opened.report
    policy: Policy = unchanged
    if report.protection is not None:
        policy = response_policy(
            report.protection, lambda fields: _encoded(_respond(fields, own_address, relation))
        )
    if relation is Relation.FORWARD:
        return Binding(Threading(), policy)
    found = {field.key: field.value for field in _respond(_fields(report), own_address, relation)}
    return Binding(Threading(found.get("in-reply-to", ""), found.get("references", "")), policy)


def is_encrypted(report: SecurityReport) -> bool:
    """Whether the letter came encrypted, however well: its words must not travel less protected."""
    return report.encryption is not Encryption.NONE


def _fields(report: SecurityReport) -> Sequence[Field]:
    """The believed fields; From only if it is the author that was judged."""
    return [f for f in report.believed_fields if f.key != "from" or _is_author(f, report.from_address)]


def _is_author(field: Field, address: str | None) -> bool:
    return any(same_mailbox(found.mailbox, address or "") for found in _addresses(field.value))


def _respond(fields: Sequence[Field], own_address: str, relation: Relation) -> list[Field]:
    """The header of an answer to a letter with these fields: the one respond function of RFC 9788 §6.1.2."""
    given = {field.key: field for field in reversed(fields)}
    made = [Field("Subject", _subject(given["subject"].text if "subject" in given else "", relation))]
    if relation is not Relation.FORWARD:
        made += _recipients(given, own_address, relation) + _thread(given)
    return [field for field in made if field.value]


def _recipients(given: dict[str, Field], own_address: str, relation: Relation) -> list[Field]:
    def listed(name: str) -> list[Address]:
        return _addresses(given[name].value) if name in given else []

    author = listed("from")
    answering_oneself = any(same_mailbox(a.mailbox, own_address) for a in author)
    to = listed("to") if answering_oneself else listed("reply-to") or author
    others = [*listed("to"), *listed("cc")] if relation is Relation.REPLY_ALL else []
    taken = {own_address.lower(), *(address.mailbox.lower() for address in to)}
    cc = [address for address in others if address.mailbox.lower() not in taken]
    return [Field("To", _list(to)), Field("Cc", _list(cc))]


def _addresses(value: str) -> list[Address]:
    try:
        return [address for address in read_addresses(value).addresses if address.mailbox]
    except SmimeError:
        return []


def _list(addresses: Sequence[Address]) -> str:
    """Each once. A name that shows another address is left away."""
    once = {address.mailbox.lower(): address for address in reversed(addresses)}
    return ", ".join(
        write_address("" if address.foreign_addresses else address.name, address.mailbox)
        for address in reversed(once.values())
    )


def _thread(given: dict[str, Field]) -> list[Field]:
    def ids(name: str) -> list[str]:
        return _MESSAGE_ID.findall(given[name].value) if name in given else []

    answered = ids("message-id")[:1]
    earlier = ids("references") or ids("in-reply-to")[:1]
    references = list(dict.fromkeys([*earlier, *answered]))
    kept = references[:1] + references[1:][-(MOST_REFERENCES - 1) :]
    return [Field("In-Reply-To", " ".join(answered)), Field("References", " ".join(kept))]


def _encoded(fields: Sequence[Field]) -> list[Field]:
    """As `send` writes them, so that the policy compares like with like."""
    return [Field(field.name, encode_value(field.name, field.value)) for field in fields]


def _subject(subject: str, relation: Relation) -> str:
    prefix = "Fwd" if relation is Relation.FORWARD else "Re"
    return subject if _PREFIX[prefix].match(subject) else f"{prefix}: {subject}".rstrip()[:500]


def _visible(report: SecurityReport) -> str:
    """The words that were shown; none of an envelope whose content may have been altered (EFAIL)."""
    if report.encryption is Encryption.UNPROTECTED:
        return ""
    shown = clean_html(report.html).html if report.html is not None else None
    return (html_to_text(shown) if shown is not None else report.text)[:MOST_QUOTED]


def _taken_along(report: SecurityReport) -> tuple[int, ...]:
    """The files of a forwarded letter; none of an envelope whose content may have been altered."""
    return () if report.encryption is Encryption.UNPROTECTED else tuple(range(len(report.attachments)))


def _quoted(report: SecurityReport, received_at: datetime) -> str:
    words = _visible(report)
    if not words:
        return ""
    who = report.header("From") or "somebody"
    quoted = "\n".join(f"> {line}" if line and line[0] != ">" else f">{line}" for line in words.splitlines())
    return f"On {received_at:%-d %b %Y, %H:%M} UTC, {who} wrote:\n{quoted}\n"


def _forwarded(report: SecurityReport, received_at: datetime) -> str:
    shown = [(name, report.header(name)) for name in ("From", "To", "Cc", "Subject")]
    lines = [f"{name}: {value}" for name, value in shown if value]
    head = "\n".join(
        ["---------- Forwarded letter ----------", *lines, f"Received: {received_at:%-d %b %Y, %H:%M} UTC"]
    )
    return f"{head}\n\n{_visible(report)}\n"
