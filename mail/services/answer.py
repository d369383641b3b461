"""Begin a reply or a forwarded letter (RFC 5322 §3.6.4, RFC 9788 §6).

Recipients come from the believed fields as they were sent, so from protected ones wherever a signature protects them;
what is quoted is what was visible; what the answered letter hid stays hidden, and what was encrypted stays encrypted.

An answer must not open letters for others: anybody can put a stolen envelope into a letter of their own and wait for the
quote. So nothing of an encrypted letter is taken along unless its signature binds whoever is answered.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mail.html import clean_html
from mail.letter import Letter, Relation, write_address
from mail.models.letters import Folder
from mail.services.read import OpenedLetter
from mail.services.send import Threading
from pki.names import same_mailbox
from smime.addresses import Address, read_addresses
from smime.body import html_to_text
from smime.errors import SmimeError
from smime.fields import Field
from smime.headers import OBSCURED, Policy, response_policy, unchanged
from smime.mime import encode_value
from smime.report import Encryption, Seal, SecurityReport, Signature

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
    open_words = not withheld(opened, own_address, relation)
    subject = _subject(_heading(report, open_words=open_words), relation)
    if relation is Relation.FORWARD:
        text = "\n\n" + _forwarded(report, opened.message.received_at, open_words=open_words)
        return Letter(subject=subject, text=text, relation=relation, originals=taken_along(opened))
    found = {field.key: field.value for field in _respond(_fields(report), own_address, relation)}
    text = "\n\n" + (_quoted(report, opened.message.received_at) if open_words else "")
    return Letter(
        to=found.get("to", ""), cc=found.get("cc", ""), subject=subject, text=text, relation=relation
    )


def withheld(opened: OpenedLetter, own_address: str, relation: Relation) -> str:
    """Why nothing of an encrypted letter is taken along, as a sentence; empty if it may be.

    The signature must be good and its signer the author, and whoever else is answered must stand in signed fields
    (RFC 9788 §4.4, §10.1): otherwise somebody who could not open the letter may be asking for its words.
    """
    report = opened.report
    if not is_encrypted(report) or opened.message.folder == Folder.SENT:
        return ""
    if report.signature is not Signature.GOOD or report.sender != "match":
        return UNBOUND_AUTHOR
    if report.protection is not None or relation is Relation.FORWARD:
        return ""
    fields = {field.key: field for field in reversed(_fields(report))}
    answered = [a for f in _recipients(fields, own_address, relation) for a in _addresses(f.value)]
    known = (report.from_address or "", own_address)
    bound = all(any(same_mailbox(address.mailbox, one) for one in known) for address in answered)
    return "" if bound else UNBOUND_RECIPIENTS


UNBOUND_AUTHOR = (
    "Nothing of the letter is quoted: it came encrypted, and no good signature shows that it was written by the person "
    "you answer."
)
UNBOUND_RECIPIENTS = (
    "Nothing of the letter is quoted: it came encrypted, and its signature does not cover the list of recipients, so "
    "somebody else may have added an address."
)


def taken_along(opened: OpenedLetter) -> tuple[int, ...]:
    """The numbers of the files that a forwarded letter may take; none of an envelope that may have been altered."""
    report = opened.report
    if report.encryption is Encryption.UNPROTECTED or withheld(opened, "", Relation.FORWARD):
        return ()
    return tuple(range(len(report.attachments)))


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
    """The believed fields; From only if it is the author that was judged, and where the signer is another one, theirs."""
    if report.sender == "mismatch":
        others = [f for f in report.believed_fields if f.key not in ("from", "reply-to")]
        signer = _only_signer(report)
        return [Field("From", signer), *others] if signer else others
    return [f for f in report.believed_fields if f.key != "from" or _is_author(f, report.from_address)]


def _only_signer(report: SecurityReport) -> str:
    """The address of the one signer, if nothing but From speaks against them; else nobody is to be answered."""
    signers = {signer.address for layer in report.layers for signer in layer.signers if signer.sender}
    return (signers.pop() or "") if report.seal is Seal.MISMATCH and len(signers) == 1 else ""


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


def _heading(report: SecurityReport, *, open_words: bool) -> str:
    """The Subject; only the one outside where nothing may be taken along, and none where that hides it."""
    if open_words:
        return report.header("Subject") or ""
    outside = next((value for name, value in report.outer_headers if name.lower() == "subject"), "")
    return "" if outside in (OBSCURED, "...") else outside


def _visible(report: SecurityReport) -> str:
    """The words that were shown; none of an envelope whose content may have been altered (EFAIL)."""
    if report.encryption is Encryption.UNPROTECTED:
        return ""
    shown = clean_html(report.html).html if report.html is not None else None
    return (html_to_text(shown) if shown is not None else report.text)[:MOST_QUOTED]


def _quoted(report: SecurityReport, received_at: datetime) -> str:
    words = _visible(report)
    if not words:
        return ""
    who = report.header("From") or "somebody"
    quoted = "\n".join(f"> {line}" if line and line[0] != ">" else f">{line}" for line in words.splitlines())
    return f"On {received_at:%-d %b %Y, %H:%M} UTC, {who} wrote:\n{quoted}\n"


def _forwarded(report: SecurityReport, received_at: datetime, *, open_words: bool) -> str:
    if not open_words:
        return ""
    shown = [(name, report.header(name)) for name in ("From", "To", "Cc", "Subject")]
    lines = [f"{name}: {value}" for name, value in shown if value]
    head = "\n".join(
        ["---------- Forwarded letter ----------", *lines, f"Received: {received_at:%-d %b %Y, %H:%M} UTC"]
    )
    return f"{head}\n\n{_visible(report)}\n"
