"""A letter while it is being written, as plain values."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum

from pki.errors import MalformedInput
from pki.names import Mailbox
from smime.addresses import read_addresses
from smime.mime import Attachment

_PLAIN_NAME = re.compile(r"\w(?:[\w '&+-]*\w)?")
_PIECE = re.compile(r'(?:"[^"\n]*"|[^,;\n])+')
_SAVED = ("to", "cc", "bcc", "subject", "text", "sign", "encrypt", "relation", "originals")


class Relation(StrEnum):
    """What a letter is to the one it was begun from."""

    NEW = ""
    REPLY = "reply"
    REPLY_ALL = "reply-all"
    FORWARD = "forward"


@dataclass(frozen=True, slots=True)
class Letter:
    """What its writer decided. Address lists are texts as typed; `recipients` reads them.

    `originals` are the numbers of the files that a forwarded letter takes along: they stay in that letter until this
    one is sent, so that a draft needs no key to be saved.
    """

    to: str = ""
    cc: str = ""
    bcc: str = ""
    subject: str = ""
    text: str = ""
    attachments: tuple[Attachment, ...] = ()
    sign: bool = True
    encrypt: bool = True
    relation: Relation = Relation.NEW
    originals: tuple[int, ...] = ()

    def recipients(self) -> list[Recipient]:
        """Everybody addressed, each address once; the first field that names it counts."""
        found: dict[str, Recipient] = {}
        for kind in ("to", "cc", "bcc"):
            for recipient in read_recipients(kind, getattr(self, kind)):
                found.setdefault((recipient.address or recipient.typed).lower(), recipient)
        return list(found.values())

    def addressed_to(self, addresses: Iterable[str]) -> Letter:
        """The same letter to those of its recipients only."""
        wanted = {address.lower() for address in addresses}

        def kept(kind: str) -> str:
            several = read_recipients(kind, getattr(self, kind))
            return ", ".join(r.typed for r in several if r.address.lower() in wanted)

        return replace(self, to=kept("to"), cc=kept("cc"), bcc=kept("bcc"))

    @property
    def is_blank(self) -> bool:
        return not any((self.to, self.cc, self.bcc, self.subject, self.text, self.attachments))

    def to_json(self) -> bytes:
        """The form a draft is sealed in; its files are sealed one by one."""
        return json.dumps({name: getattr(self, name) for name in _SAVED}).encode()

    @classmethod
    def from_json(cls, raw: bytes) -> Letter:
        data = {name: value for name, value in json.loads(raw).items() if name in _SAVED}
        data["relation"] = Relation(data.get("relation", ""))
        data["originals"] = tuple(data.get("originals", ()))
        return cls(**data)


@dataclass(frozen=True, slots=True)
class Recipient:
    """One addressee as typed. `address` is empty when the text is no address."""

    kind: str
    name: str
    address: str
    typed: str = field(default="", compare=False)


def read_recipients(kind: str, typed: str) -> Iterator[Recipient]:
    """Read a typed list: commas, semicolons and line ends separate, but not inside a quoted name."""
    for piece in _PIECE.findall(typed.replace("\r", "\n")):
        text = " ".join(piece.split())
        if not text:
            continue
        read = read_addresses(text)
        if len(read.addresses) == 1 and not read.irregular and read.addresses[0].mailbox:
            yield Recipient(kind, read.addresses[0].name, _one_form(read.addresses[0].mailbox), text)
        else:
            yield Recipient(kind, "", "", text)


def _one_form(address: str) -> str:
    """The address with its domain in lower-case A-labels: one mailbox is one recipient, however it is written."""
    try:
        return str(Mailbox.parse(address))
    except MalformedInput:  # such as an address literal: no forest of a portal has one, a mail system may
        return address


def write_address(name: str, address: str) -> str:
    """`Name <local@domain>` so that it reads back as one address, whatever the name holds (RFC 5322 §3.4)."""
    shown = " ".join("".join(c if c.isprintable() else " " for c in name).split())
    if not shown or shown == address:
        return address
    if _PLAIN_NAME.fullmatch(shown):
        return f"{shown} <{address}>"
    unquoted = shown.replace("\\", "").replace('"', "'")
    return f'"{unquoted}" <{address}>'
