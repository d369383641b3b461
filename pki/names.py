"""Names: mailboxes, mail domains and distinguished names.
 Domains are compared as lower-case A-labels (RFC 5890). Mailboxes compare without regard to ASCII case,
local-part included, for sender and recipient match (RFC 8550 §3, RFC 9788 §4.4.5). Distinguished names
compare by RFC 5280 §7.1.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from cryptography import x509
from cryptography.x509.oid import NameOID

from .errors import MalformedInput
from .findings import Finding, error

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_LOCAL_PART_FORBIDDEN = re.compile(r"[\x00-\x20\x7f-\x9f@<>()\[\],;:\\\"]")


def normalise_domain(domain: str) -> str:
    """The domain in lower-case A-labels, without a trailing dot. Raises `MalformedInput`."""
    text = domain.strip().rstrip(".")
    # plain ASCII passes as it is: real domains carry labels that IDNA 2008 would refuse (such as ab--c)
    ascii_form = text.lower() if text.isascii() else _a_labels(text, domain)
    labels = ascii_form.split(".")
    if not text or len(ascii_form) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise MalformedInput(_bad_domain(domain))
    return ascii_form


def _a_labels(text: str, domain: str) -> str:
    import idna  # an offline machine, which has pyca alone, meets A-labels only

    try:
        return idna.encode(text, uts46=True).decode("ascii").lower()
    except idna.IDNAError:
        raise MalformedInput(_bad_domain(domain)) from None


def _bad_domain(domain: str) -> Finding:
    return error(
        "domain-malformed",
        f"“{domain[:80]}” is not a mail domain.",
        remedy="Write the part after the @, such as contoso.example.",
        owner="you",
    )


@dataclass(frozen=True, slots=True)
class Mailbox:
    """An address: the local-part as written and the domain in lower-case A-labels. Equality is exact; see
    `matches`.
    """

    local_part: str
    domain: str

    @classmethod
    def parse(cls, text: str) -> Mailbox:
        """Read "local@domain" (no display name, no quoting). Raises `MalformedInput`."""
        local_part, separator, domain = text.strip().rpartition("@")
        dots_wrong = local_part.startswith(".") or local_part.endswith(".") or ".." in local_part
        too_long = len(local_part.encode("utf-8", "replace")) > 64
        if (
            not separator
            or not local_part
            or dots_wrong
            or too_long
            or _LOCAL_PART_FORBIDDEN.search(local_part)
        ):
            raise MalformedInput(
                error(
                    "address-malformed",
                    f"“{text[:80]}” is not a mail address.",
                    remedy="Write it as name@domain.",
                    owner="you",
                )
            )
        return cls(local_part, normalise_domain(domain))

    def __str__(self) -> str:
        return f"{self.local_part}@{self.domain}"

    @property
    def key(self) -> str:
        """The form to index and compare by: ASCII letters lowered, all others as written."""
        return ascii_lower(self.local_part) + "@" + self.domain

    def matches(self, other: Mailbox) -> bool:
        """Whether both name the same mailbox, without regard to ASCII case."""
        return self.key == other.key


def ascii_lower(text: str) -> str:
    """Lower ASCII letters only; Unicode case folding would join addresses that are different people."""
    return text.translate(_ASCII_LOWER)


_ASCII_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


def same_mailbox(one: str, other: str) -> bool:
    """Whether two address texts name the same mailbox; unreadable text matches nothing."""
    try:
        return Mailbox.parse(one).matches(Mailbox.parse(other))
    except MalformedInput:
        return False


def domain_covers(entry: str, domain: str) -> bool:
    """Whether "d" or ".d" covers a domain: "d" that host only, ".d" its subdomains only (RFC 5280
    §4.2.1.10).
    """
    entry = entry.lower()
    return domain.endswith(entry) and len(domain) > len(entry) if entry.startswith(".") else domain == entry


def subtree_covers(base: str, mailbox: Mailbox) -> bool:
    """Whether an rfc822Name constraint covers a mailbox: one mailbox, a host or a domain (RFC 5280
    §4.2.1.10).

    The local-part is compared exactly (RFC 5280 §7.5).
    """
    local_part, separator, host = base.rpartition("@")
    if separator:
        return local_part == mailbox.local_part and host.lower() == mailbox.domain
    return domain_covers(host, mailbox.domain)


def common_name(name: x509.Name) -> str:
    """The most specific commonName, or an empty text."""
    return _last(name, NameOID.COMMON_NAME)


def organization(name: x509.Name) -> str:
    """The organizationName, or an empty text."""
    return _last(name, NameOID.ORGANIZATION_NAME)


def email_addresses(name: x509.Name) -> tuple[str, ...]:
    """Addresses in the obsolete emailAddress attribute (RFC 5280 §4.1.2.6)."""
    return tuple(str(attribute.value) for attribute in name.get_attributes_for_oid(NameOID.EMAIL_ADDRESS))


def display(name: x509.Name) -> str:
    """One readable line: common name and organisation when there, else the whole name as RFC 4514 text."""
    parts = [part for part in (common_name(name), organization(name)) if part]
    return ", ".join(dict.fromkeys(parts)) or name.rfc4514_string() or "(empty name)"


def _last(name: x509.Name, oid: x509.ObjectIdentifier) -> str:
    attributes = name.get_attributes_for_oid(oid)
    return str(attributes[-1].value) if attributes else ""


ComparableName = tuple[frozenset[tuple[str, str | bytes]], ...]


@lru_cache(maxsize=4096)
def comparable(name: x509.Name) -> ComparableName:
    """A hashable form in which two names are equal exactly when RFC 5280 §7.1 says so.

    Case folded, compatibility-normalised, inner white space collapsed, outer white space dropped (RFC 4518 as
    far as certificates need it).
    """
    return tuple(
        frozenset((attribute.oid.dotted_string, _prepare(attribute.value)) for attribute in rdn)
        for rdn in name.rdns
    )


def _prepare(value: str | bytes) -> str | bytes:
    if isinstance(value, bytes):
        return value
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", value).casefold())
    return " ".join(folded.split())


def within(name: ComparableName, base: ComparableName) -> bool:
    """Whether `name` lies in the directory subtree `base` (RFC 5280 §4.2.1.10)."""
    return name[: len(base)] == base
