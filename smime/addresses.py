"""Address lists in header fields (RFC 5322 §3.4), read so that nobody can hide a second author.

The reader is a single pass over tokens. It never guesses: whatever is not plainly one mailbox is marked,
and a marked list never counts as an author.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from pki.errors import PkiError
from pki.names import normalise_domain, same_mailbox

from .errors import OverBudget, RefusedComposition
from .fields import decode_words, encode_words

MAX_ADDRESSES = 2000

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"?|<[^<>]*>?|[,:;()]|[^",:;()<]+', re.DOTALL)
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
_BARE = re.compile(r"[^\s@<>]+@[^\s@<>]+")
_LOOKS_LIKE_ADDRESS = re.compile(r"[^\s@<>\"'(),;:]{1,64}@[^\s@<>\"'(),;:]*[^\s@<>\"'(),;:.]")
_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox: the decoded display name (or nothing) and the addr-spec as written (or nothing)."""

    name: str
    mailbox: str

    @property
    def foreign_addresses(self) -> tuple[str, ...]:
        """Addresses in the display name that are not this mailbox: such a name misleads."""
        shown = unicodedata.normalize("NFKC", self.name)
        found = _LOOKS_LIKE_ADDRESS.findall(shown)
        return tuple(text for text in found if not same_mailbox(text, self.mailbox))

    def display(self) -> str:
        """`Name <local@domain>` or the mailbox alone."""
        return f"{self.name} <{self.mailbox}>" if self.name else self.mailbox


@dataclass(frozen=True, slots=True)
class AddressList:
    """The mailboxes of one field; `irregular` for groups, junk, or anything that is no clean list."""

    addresses: tuple[Address, ...]
    irregular: bool


@dataclass(slots=True)
class _Pending:
    words: list[str]
    angles: list[str]
    comments: list[str]

    def __bool__(self) -> bool:
        return bool(self.angles or "".join(self.words).strip())


def read_addresses(value: str) -> AddressList:
    """Every mailbox of an address field. Never fails but for the budget on their number (OverBudget)."""
    found: list[Address] = []
    irregular = any(ord(character) < 32 and character != "\t" for character in value)
    pending = _Pending([], [], [])
    for piece in _tokens(value):
        if piece.startswith("("):
            pending.comments.append(piece[1:-1])
        elif piece.startswith("<"):
            pending.angles.append(piece[1:].removesuffix(">"))
            irregular |= not piece.endswith(">")
        elif piece == ":":  # group syntax: no author, and the display name is not one of a person
            irregular, pending = True, _Pending([], [], [])
        elif piece in (",", ";"):
            irregular |= _finish(pending, found)
            pending = _Pending([], [], [])
        else:
            irregular |= bool(pending.angles and piece.strip())
            pending.words.append(piece)
    irregular |= _finish(pending, found)
    return AddressList(tuple(found), irregular)


def _finish(pending: _Pending, found: list[Address]) -> bool:
    """Adds what is pending to `found`; True when it was irregular."""
    if not pending:
        return False
    if len(found) >= MAX_ADDRESSES:
        raise OverBudget("addresses in one header field", MAX_ADDRESSES)
    phrase = " ".join("".join(map(_unquote, pending.words)).split())
    if pending.angles:
        found.extend(Address(decode_words(phrase), _clean(angle)) for angle in pending.angles)
        return len(pending.angles) > 1 or not found[-1].mailbox
    mailbox = _clean("".join(pending.words))
    name = decode_words(" ".join(pending.comments).strip() if mailbox else phrase)
    found.append(Address(name, mailbox))
    return not mailbox


def _clean(text: str) -> str:
    """The addr-spec, or an empty text where there is none; an obsolete source route is no address."""
    mailbox = text.strip()
    return mailbox if _BARE.fullmatch(mailbox) and mailbox.isprintable() else ""


def _unquote(piece: str) -> str:
    if not piece.startswith('"'):
        return piece
    return _QUOTED_PAIR.sub(r"\1", piece[1:].removesuffix('"'))


def _tokens(value: str) -> Iterator[str]:
    """Tokens with nested comments joined into one `(...)`."""
    depth = 0
    comment: list[str] = []
    for match in _TOKEN.finditer(value):
        piece = match[0]
        if piece == "(":
            depth += 1
        if depth:
            comment.append(piece)
        elif piece != ")":
            yield piece
        if piece == ")" and depth:
            depth -= 1
            if not depth:
                yield "".join(comment)
                comment = []
    if comment:
        yield "".join(comment) + ")"


def encode_addresses(value: str) -> str:
    """An address field with names as encoded-words and domains as A-labels (RFC 2047 §5, RFC 5890).

    Raises RefusedComposition where a list cannot be read or a local-part is not ASCII (that needs SMTPUTF8).
    """
    read = read_addresses(value)
    if read.irregular:
        raise _unwritable(value, "is not a plain list of addresses")
    return ", ".join(_encode_address(address) for address in read.addresses)


def _encode_address(address: Address) -> str:
    local_part, _, domain = address.mailbox.rpartition("@")
    if not local_part.isascii():
        raise _unwritable(address.mailbox, "has letters before the @ that most mail systems cannot carry")
    try:
        mailbox = f"{local_part}@{normalise_domain(domain)}" if not domain.isascii() else address.mailbox
    except PkiError:
        raise _unwritable(address.mailbox, "has no valid domain") from None
    if not address.name:
        return mailbox
    return f"{phrase(address.name)} <{mailbox}>"


def phrase(name: str) -> str:
    """A display name as written: atoms, a quoted string, or encoded-words."""
    if not name.isascii():
        return encode_words(name)
    if _ATOM.fullmatch(name):
        return name
    escaped = re.sub(r'(["\\])', r"\\\1", name)
    return f'"{escaped}"'


def _unwritable(text: str, why: str) -> RefusedComposition:
    return RefusedComposition(
        f"The address “{text[:120]}” {why}, so the letter was not written.",
        code="address-unwritable",
        citation="RFC 5322 §3.4, RFC 6531",
        remedy="Correct the address, or ask the recipient for another one.",
    )
