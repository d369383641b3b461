"""What a list shows of a letter, read from its bytes without any key and without judging anything."""

from __future__ import annotations

from smime.addresses import read_addresses
from smime.errors import SmimeError
from smime.layer_kind import claims_encryption, claims_signature, is_cms_part, is_multipart_signed
from smime.mime_read import Part, parse

# The author's name of a letter that is beyond a limit: its list line then says which, in place of recipients.
UNREADABLE = "Unreadable letter"


def read_facts(raw: bytes) -> dict[str, object]:
    """Column values of mail.models.Message. A letter beyond every limit still gets a line in the list."""
    try:
        part = parse(raw)
    except SmimeError as error:
        return {"from_name": UNREADABLE, "to_line": error.finding.summary[:500]}
    author = _author(part)
    return {
        "subject": part_text(part, "subject")[:500],
        "from_name": author[0][:200],
        "from_address": author[1][:320],
        "to_line": part_text(part, "to")[:500],
        "rfc_message_id": part_text(part, "message-id")[:500],
        "is_signed": is_multipart_signed(part) or (is_cms_part(part) and claims_signature(part)),
        "is_encrypted": (is_cms_part(part) and not claims_signature(part)) or claims_encryption(part),
        "has_attachments": part.media_type == "multipart/mixed",
    }


def part_text(part: Part, name: str) -> str:
    """The decoded first field of that name (lower case), without control characters; empty if absent."""
    found = part.all(name)
    return "".join(c if c.isprintable() else " " for c in found[0].text).strip() if found else ""


def _author(part: Part) -> tuple[str, str]:
    try:
        addresses = read_addresses(part.value("from")).addresses
    except SmimeError:
        return "", ""
    return (addresses[0].name, addresses[0].mailbox) if addresses else ("", "")
