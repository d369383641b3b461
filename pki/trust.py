"""Whom a forest believes: trust anchors scoped to mail domains, and what else it knows (RFC 5280 §6.1.1
(d)).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography import x509

from .names import Mailbox, domain_covers

if TYPE_CHECKING:
    from .crl import Crl


@dataclass(frozen=True)
class TrustAnchor:
    """A certificate that is believed, and for which addresses.

    `domains` holds "d" (mailboxes at exactly that host) and ".d" (at its subdomains), in lower-case A-labels;
    None means any address. `excluded_domains`, in the same form, wins over `domains`. An anchor need not be self-signed.
    """

    certificate: x509.Certificate
    domains: tuple[str, ...] | None = None
    label: str = ""
    organisation: str = ""
    excluded_domains: tuple[str, ...] = ()

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
    """

    anchors: tuple[TrustAnchor, ...]
    intermediates: tuple[x509.Certificate, ...] = ()
    crls: tuple[Crl, ...] = ()
