"""Whom a forest believes: trust anchors scoped to mail domains, and what else it knows (RFC 5280 §6.1.1
(d)).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from cryptography import x509

from .names import Mailbox, domain_covers

if TYPE_CHECKING:
    from .crl import Crl


Use: TypeAlias = Literal["signing", "encryption"]
EVERY_USE: frozenset[Use] = frozenset({"signing", "encryption"})


@dataclass(frozen=True)
class TrustAnchor:
    """A certificate that is believed: for which addresses, for what, and about which time.

    `domains` holds "d" (mailboxes at exactly that host) and ".d" (at its subdomains), in lower-case A-labels;
    None means any address. `excluded_domains`, in the same form, wins over `domains`. An anchor need not be self-signed.
    Nothing that is judged as of a moment before `not_before` or after `not_after` rests on it (None: no such bound).
    """

    certificate: x509.Certificate
    domains: tuple[str, ...] | None = None
    label: str = ""
    organisation: str = ""
    excluded_domains: tuple[str, ...] = ()
    uses: frozenset[Use] = EVERY_USE
    not_before: datetime | None = None
    not_after: datetime | None = None

    def speaks_at(self, at: datetime) -> bool:
        """Whether this anchor is believed about that moment."""
        return (self.not_before is None or self.not_before <= at) and (
            self.not_after is None or at <= self.not_after
        )

    def vouches_for(self, mailbox: Mailbox) -> bool:
        """Whether this anchor may speak for the mailbox."""
        if any(domain_covers(entry, mailbox.domain) for entry in self.excluded_domains):
            return False
        if self.domains is None:
            return True
        return any(domain_covers(entry, mailbox.domain) for entry in self.domains)


@dataclass(frozen=True)
class Trust:
    """What one forest brings to a judgement: anchors, helpful intermediates and the revocation lists at
    hand.

    `unreachable`: SHA-256 of those lists whose publisher could not be asked for a newer one. `memo` holds verdicts
    that were reached with exactly these inputs (`pki.memo`); a Trust with others has an empty one.
    """

    anchors: tuple[TrustAnchor, ...]
    intermediates: tuple[x509.Certificate, ...] = ()
    crls: tuple[Crl, ...] = ()
    unreachable: frozenset[bytes] = frozenset()
    memo: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
