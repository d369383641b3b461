"""Who a letter says it is from (RFC 5322 §3.6.2), and who its certificate says signed it (RFC 8550 §3).

Only one plain mailbox in one From field counts as an author. Everything else (two From fields, a list, a group, a
display name that shows another address) is named in words and never matches anybody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.x509 import Certificate, Name

from pki.certificates import mailboxes
from pki.findings import Finding, Severity
from pki.names import email_addresses, same_mailbox

from .addresses import Address, read_addresses
from .fields import Field

_CITATION = "RFC 8550 §3"


@dataclass(frozen=True, slots=True)
class Author:
    """The author of a letter. `mailbox` is empty where none can be read; `display` is for people.

    `single`: exactly one mailbox in exactly one field. An author with findings is named and never matched.
    """

    mailbox: str = ""
    display: str = ""
    findings: tuple[Finding, ...] = ()
    single: bool = True

    @property
    def is_plain(self) -> bool:
        """Whether this author can match a signer at all."""
        return bool(self.mailbox) and not self.findings

    def same_as(self, other: Author) -> bool:
        """Whether both name the same single mailbox."""
        return same_mailbox(self.mailbox, other.mailbox)


def read_author(fields: Sequence[Field]) -> Author:
    """The author by the From fields of one header."""
    if not fields:
        return Author(findings=(_no_author(),))
    found: list[Address] = []
    irregular = False
    for entry in fields:
        read = read_addresses(entry.value)
        found.extend(read.addresses)
        irregular |= read.irregular
    display = ", ".join(entry.text for entry in fields)
    if len(fields) > 1 or len(found) != 1 or irregular:
        mailbox = found[0].mailbox if len(found) == 1 else ""
        return Author(mailbox, display, (_not_one_author(display),), single=False)
    address = found[0]
    if address.foreign_addresses:
        return Author(address.mailbox, address.display(), (_misleading_name(address),))
    return Author(address.mailbox, address.display())


@dataclass(frozen=True, slots=True)
class CertificateAddresses:
    """The addresses that a certificate names."""

    addresses: tuple[str, ...]

    def matching(self, mailbox: str) -> str | None:
        """The one that names the same mailbox, ignoring ASCII case."""
        return next((address for address in self.addresses if same_mailbox(address, mailbox)), None)


def addresses_of(certificate: Certificate) -> CertificateAddresses:
    """rfc822Name and SmtpUTF8Mailbox, and only if there is neither, emailAddress of the subject."""
    try:
        modern = mailboxes(certificate)
    except (ValueError, TypeError):  # extensions that cannot be parsed: the path says so too
        return CertificateAddresses(())
    return CertificateAddresses(modern or email_addresses(subject_of(certificate)))


def subject_of(certificate: Certificate) -> Name:
    """The subject, or an empty name where it cannot be parsed: the path says that it is malformed."""
    try:
        return certificate.subject
    except (ValueError, TypeError):
        return Name([])


def sender_findings(sender: Sequence[Field], author: Author) -> list[Finding]:
    """A differing Sender is said in words and never matched."""
    found = [address for entry in sender for address in read_addresses(entry.value).addresses]
    other = [address.display() for address in found if not same_mailbox(address.mailbox, author.mailbox)]
    if not other:
        return []
    return [
        Finding(
            "sender-differs",
            Severity.INFO,
            f"The letter was sent by {', '.join(other)[:200]} for {author.display or 'an unnamed author'}. Only the "
            "author is compared with the signature.",
            "RFC 5322 §3.6.2",
        )
    ]


def unsigned_author_findings(inner: Author, outer: Author) -> list[Finding]:
    """An envelope that nobody signed may name another author inside than outside: the outer one is displayed."""
    return [] if inner.same_as(outer) else [from_differs(inner, outer)]


def _no_author() -> Finding:
    return Finding(
        "from-missing",
        Severity.WARNING,
        "The letter does not say who it is from, so a signature cannot be compared with its sender.",
        "RFC 5322 §3.6.2",
        "Ask the sender to send it again as an ordinary letter.",
        "sender",
    )


def _not_one_author(display: str) -> Finding:
    return Finding(
        "from-not-single",
        Severity.WARNING,
        f"The letter does not name exactly one author (From: {display[:200]}), so no signature can vouch for it.",
        "RFC 5322 §3.6.2",
        "Ask the person you believe wrote it, on another way.",
        "you",
    )


def _misleading_name(address: Address) -> Finding:
    shown = ", ".join(address.foreign_addresses)
    return Finding(
        "from-name-misleads",
        Severity.WARNING,
        f"The sender's name shows the address {shown[:120]}, but the letter comes from {address.mailbox}. "
        "Names like this are used to deceive.",
        _CITATION,
        "Do not rely on the name; ask the person you believe wrote it, on another way.",
        "you",
    )


def signer_differs(signer: str, author: Author) -> Finding:
    """The certificate names somebody else than From, both in full."""
    return Finding(
        "signer-differs",
        Severity.WARNING,
        f"The letter was signed by {signer}, but says it is from {author.mailbox or 'nobody'}. The signature proves "
        "nothing about the person it claims to be from.",
        _CITATION,
        "Ask the sender to sign with a certificate for the address the letter is sent from.",
        "sender",
    )


def certificate_without_address(name: str) -> Finding:
    """A certificate that names no mailbox can vouch for none."""
    return Finding(
        "certificate-without-address",
        Severity.WARNING,
        f"The certificate of the signer ({name}) names no mail address, so it does not show that the sender signed.",
        _CITATION,
        "Ask the sender for a certificate that contains the mail address.",
        "sender",
    )


def from_differs(inner: Author, outer: Author) -> Finding:
    """RFC 9788 §4.4: the protected From is not the one outside and no signature binds it."""
    return Finding(
        "protected-from-differs",
        Severity.WARNING,
        f"Inside, the letter says it is from {inner.display[:120]}; outside, from {outer.display[:120]}. No signature "
        "shows that the inner name is true, so the outer one is displayed.",
        "RFC 9788 §4.4",
        "Treat the letter with suspicion and ask the person on another way.",
        "you",
    )


def from_rewritten(inner: Author, outer: Author) -> Finding:
    """The same, with a good signature of the inner author: usually a mailing list."""
    return Finding(
        "outer-from-differs",
        Severity.INFO,
        f"On the way the letter was made to look as if from {outer.display[:120] or 'nobody'}; the signature shows "
        f"that it is from {inner.display[:120]}.",
        "RFC 9788 §4.4",
    )
