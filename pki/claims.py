"""What a certificate says of itself, read without surprises: for lists, pages and choices, never for a verdict.

Nothing here is checked: a claim counts only under a path that holds (`pki.path`). A certificate whose names or
extensions cannot be parsed (RFC 5280 §4) claims nothing, and says that it is unreadable.
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography import x509

from .certificates import can_encrypt, can_sign, mailboxes
from .extensions import read_extensions
from .names import common_name, display, organization
from .parsing import PARSE_ERRORS
from .rules import is_authority


@dataclass(frozen=True, slots=True)
class Claims:
    """`name`, `issuer` and `organisation` are for people, empty where a name cannot be read.

    `is_readable`: names and extensions can all be parsed. `is_self_issued`: subject and issuer are the same name.
    """

    name: str = ""
    issuer: str = ""
    organisation: str = ""
    mailboxes: tuple[str, ...] = ()
    is_authority: bool = False
    is_self_issued: bool = False
    can_sign: bool = False
    can_encrypt: bool = False
    is_readable: bool = False

    @property
    def is_root(self) -> bool:
        """A self-issued authority."""
        return self.is_authority and self.is_self_issued


def claims_of(certificate: x509.Certificate) -> Claims:
    """Everything that can be read. Never raises."""
    name, issuer = name_of(certificate), issuer_of(certificate)
    try:
        read_extensions(certificate)
        return Claims(
            name=name,
            issuer=issuer,
            organisation=organization(certificate.subject),
            mailboxes=mailboxes(certificate),
            is_authority=is_authority(certificate),
            is_self_issued=certificate.subject == certificate.issuer,
            can_sign=can_sign(certificate),
            can_encrypt=can_encrypt(certificate),
            is_readable=bool(issuer),
        )
    except PARSE_ERRORS:
        return Claims(name=name, issuer=issuer)


def name_of(certificate: x509.Certificate) -> str:
    """The subject in short, empty if it cannot be parsed."""
    try:
        return common_name(certificate.subject) or display(certificate.subject)
    except PARSE_ERRORS:
        return ""


def issuer_of(certificate: x509.Certificate) -> str:
    """The issuer in short, empty if it cannot be parsed."""
    try:
        return common_name(certificate.issuer) or display(certificate.issuer)
    except PARSE_ERRORS:
        return ""
