"""A letter while it is being written, as plain values."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from smime.addresses import read_addresses
from smime.mime import Attachment


@dataclass(frozen=True, slots=True)
class Letter:
    """What its writer decided. Address lists are texts as typed; `recipients` reads them."""

    to: str = ""
    cc: str = ""
    bcc: str = ""
    subject: str = ""
    text: str = ""
    attachments: tuple[Attachment, ...] = ()
    sign: bool = True
    encrypt: bool = True

    def recipients(self) -> list[Recipient]:
        """Everybody addressed, each address once; the first field that names it counts."""
        found: dict[str, Recipient] = {}
        for kind in ("to", "cc", "bcc"):
            for recipient in read_recipients(kind, getattr(self, kind)):
                found.setdefault(recipient.address.lower(), recipient)
        return list(found.values())

    def to_json(self) -> bytes:
        """The form a draft is sealed in."""
        data = {
            name: getattr(self, name) for name in ("to", "cc", "bcc", "subject", "text", "sign", "encrypt")
        }
        data["attachments"] = [
            {"name": a.name, "media_type": a.media_type, "content": base64.b64encode(a.content).decode()}
            for a in self.attachments
        ]
        return json.dumps(data).encode()

    @classmethod
    def from_json(cls, raw: bytes) -> Letter:
        data = json.loads(raw)
        attachments = tuple(
            Attachment(a["name"], a["media_type"], base64.b64decode(a["content"]))
            for a in data.pop("attachments")
        )
        return cls(**data, attachments=attachments)


@dataclass(frozen=True, slots=True)
class Recipient:
    """One addressee as typed. `address` is empty when the text is no address."""

    kind: str
    name: str
    address: str
    typed: str = field(default="", compare=False)


def read_recipients(kind: str, typed: str) -> Iterable[Recipient]:
    """Read a typed list: commas, semicolons and line ends separate."""
    for piece in typed.replace(";", ",").replace("\r", "").replace("\n", ",").split(","):
        if not piece.strip():
            continue
        read = read_addresses(piece.strip())
        if len(read.addresses) == 1 and not read.irregular and read.addresses[0].mailbox:
            yield Recipient(kind, read.addresses[0].name, read.addresses[0].mailbox, piece.strip())
        else:
            yield Recipient(kind, "", "", piece.strip())
