"""Whom a signed letter was written to (RFC 9788 §4.3.1): anybody who received one can put it into a new envelope.

Encryption says who can read, never who was meant. Only To and Cc under the signature say that, and a reader who is not
among them must know it: a Bcc looks the same as a letter that was passed on to embarrass its author.
"""

from __future__ import annotations

from collections.abc import Sequence

from pki.findings import Finding, Severity
from pki.names import same_mailbox

from .addresses import read_addresses
from .errors import OverBudget
from .fields import Field

_CITATION = "RFC 9788 §4.3.1"

NOT_SIGNED = Finding(
    "recipients-not-signed",
    Severity.INFO,
    "The signature covers the text, not the header: whom the letter was written to, its subject and its date are as they "
    "arrived and not proved.",
    _CITATION,
    "If it matters whether the letter was meant for you, ask its author; newer mail programs sign the header too.",
    "sender",
)
NOT_AMONG = Finding(
    "reader-not-addressed",
    Severity.INFO,
    "You are not among the recipients that the sender signed; you may have got this as Bcc, or it was passed on.",
    _CITATION,
    "If it matters whether the letter was meant for you, ask its author.",
    "you",
)


def addressed_findings(protected: Sequence[Field] | None, reader: str) -> list[Finding]:
    """What to say to `reader` of a letter with a good signature; `protected` is its signed header, None without one."""
    if protected is None:
        return [NOT_SIGNED]
    try:
        lists = [read_addresses(field.value) for field in protected if field.key in ("to", "cc")]
    except (
        OverBudget
    ):  # more addresses than anybody reads: whether the reader is among them was not looked up
        return []
    named = (address.mailbox for one in lists for address in one.addresses)
    return [] if any(same_mailbox(mailbox, reader) for mailbox in named) else [NOT_AMONG]
