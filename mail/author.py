"""Who a letter is from, as its report judged it: what lists, headings and statistics show and count by."""

from __future__ import annotations

from collections.abc import Sequence

from pki.names import same_mailbox
from smime.addresses import Address, read_addresses
from smime.errors import SmimeError
from smime.headers import FieldState
from smime.report import SecurityReport


def judged_author(report: SecurityReport) -> tuple[str, str]:
    """Name and address. A name that shows another address is left away; several authors are shown as they stand."""
    if report.from_address is None:
        return "", report.header("From") or ""
    for found in listed(report, "from"):
        if same_mailbox(found.mailbox, report.from_address):
            return ("" if found.foreign_addresses else found.name), report.from_address
    return "", report.from_address


def listed(report: SecurityReport, key: str) -> Sequence[Address]:
    """The addresses of a believed field."""
    fields = [field for field in report.believed_fields if field.key == key]
    try:
        return [found for field in fields for found in read_addresses(field.value).addresses]
    except SmimeError:
        return []


def hides_name(report: SecurityReport) -> bool:
    """Whether the author stands inside the encryption in another form than outside: its name is then a secret."""
    hidden = FieldState.SIGNED_AND_ENCRYPTED
    return any(field.name.lower() == "from" and field.state is hidden for field in report.protected_fields)
