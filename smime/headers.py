"""Header protection (RFC 9788): the true header inside the secured payload, a reduced one outside.

Writing: `protect` copies every field into the header of the payload root (never a message/rfc822 wrapper),
marks it `hp="clear"` or `hp="cipher"`, and records with HP-Outer what stands outside. Policy: `hcp_baseline`.
Reading: `read_protected` finds the protected fields of a payload and `state` says what really protects each.
A payload wrapped in message/rfc822 as RFC 8551 had it is read, never written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from .addresses import read_addresses
from .fields import Field
from .legacy_display import add_legacy_display
from .mime import Entity, encode_fields
from .mime_read import Part

OBSCURED = "[...]"
HP_OUTER = "hp-outer"

# (name, value) -> the value to show outside, or None to leave the field out (RFC 9788 §3)
Policy: TypeAlias = Callable[[str, str], str | None]


class FieldState(StrEnum):
    """What protects one header field of a received message (RFC 9788 §4.3.1)."""

    SIGNED_AND_ENCRYPTED = "signed-and-encrypted"
    ENCRYPTED_ONLY = "encrypted-only"
    SIGNED_ONLY = "signed-only"
    UNPROTECTED = "unprotected"


@dataclass(frozen=True, slots=True)
class Protected:
    """A payload root with its protected fields, and the fields to put outside."""

    entity: Entity
    outer: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ProtectedHeaders:
    """The protected fields of a received payload.

    `hp` is "clear", "cipher", or None for the RFC 8551 wrapping, whose confidentiality cannot be known.
    `outside` are the (name in lower case, value) pairs that the sender placed outside, by HP-Outer.
    """

    hp: str | None
    fields: tuple[Field, ...]
    outside: frozenset[tuple[str, str]]
    payload: Part

    def was_hidden(self, entry: Field) -> bool:
        """Whether the sender meant this field to be confidential; never inferred from the outer header."""
        return self.hp == "cipher" and (entry.key, entry.value) not in self.outside

    def state(self, entry: Field, *, signed: bool, encrypted: bool) -> FieldState:
        """What protects `entry`, given layers at message level: a good signature, an encryption."""
        hidden = encrypted and self.was_hidden(entry)
        if signed:
            return FieldState.SIGNED_AND_ENCRYPTED if hidden else FieldState.SIGNED_ONLY
        return FieldState.ENCRYPTED_ONLY if hidden else FieldState.UNPROTECTED


def baseline(name: str, value: str) -> str | None:
    """hcp_baseline (RFC 9788 §3.2.1): Subject obscured, Comments and Keywords removed, the rest as it is."""
    key = name.lower()
    if key == "subject":
        return OBSCURED
    return None if key in ("comments", "keywords") else value


def unchanged(_name: str, value: str) -> str | None:
    """The policy that hides nothing; only ever the second of two policies."""
    return value


def response_policy(
    original: ProtectedHeaders, respond: Callable[[Sequence[Field]], Sequence[Field]]
) -> Policy:
    """What a reply must hide because the letter it answers hid it (RFC 9788 §6.1.2).

    `respond` makes the header of a reply from the header of a letter. It runs over the protected fields and
    over what stood outside; where the two differ, the reply shows outside what the outer header would have led to.
    """
    inner = respond(original.fields)
    outer = respond([Field(name, value) for name, value in sorted(original.outside)])
    shown = {(entry.key, entry.value) for entry in outer}
    by_name = {entry.key: entry.value for entry in reversed(outer)}
    hidden = {(entry.key, entry.value) for entry in inner} - shown if original.hp == "cipher" else set()

    def policy(name: str, value: str) -> str | None:
        key = name.lower()
        return by_name.get(key) if (key, value) in hidden else value

    return policy


def protect(
    entity: Entity,
    fields: Sequence[tuple[str, str]],
    *,
    encrypted: bool,
    legacy_display: bool,
    policy: Policy = baseline,
    response: Policy = unchanged,
) -> Protected:
    """The payload to sign (and encrypt) and the outer fields to send, after RFC 9788 §5.2.1.

    `fields` are the non-structural fields that every recipient may see; structural ones and Bcc are left out.
    `legacy_display` (with `encrypted` only) repeats hidden fields in the text for readers that do not know
    header protection. Raises RefusedComposition for fields that cannot be written.
    """
    inner = [pair for pair in encode_fields(fields) if not is_structural(pair[0])]
    if not encrypted:
        return Protected(_mark(entity, inner, "clear"), tuple(inner))
    outer = [
        (name, shown)
        for name, value in inner
        if (shown := _outer_value(name, value, policy, response)) is not None
    ]
    if legacy_display:
        entity = add_legacy_display(entity, _changed(inner, outer))
    recorded = [("HP-Outer", f"{name}: {value}") for name, value in outer]
    return Protected(_mark(entity, [*inner, *recorded], "cipher"), tuple(outer))


def _outer_value(name: str, value: str, policy: Policy, response: Policy) -> str | None:
    changed = policy(name, value)
    return response(name, value) if changed == value else changed


def _changed(inner: Sequence[tuple[str, str]], outer: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """User-facing fields whose outer form differs (RFC 9788 §5.2.2 wants only those)."""
    outside = set(outer)
    return [pair for pair in inner if pair not in outside and pair[0].lower() in USER_FACING]


def _mark(entity: Entity, fields: Sequence[tuple[str, str]], hp: str) -> Entity:
    headers = [
        (name, f'{value}; hp="{hp}"' if name.lower() == "content-type" else value)
        for name, value in entity.headers
    ]
    return Entity((*fields, *headers), entity.body)


USER_FACING = frozenset({"from", "to", "cc", "reply-to", "subject", "date", "comments", "keywords", "sender"})


def is_structural(name: str) -> bool:
    """Whether a field describes the MIME structure and not the letter (RFC 9788 §1.6)."""
    key = name.lower()
    return key == "mime-version" or key.startswith("content-")


def read_protected(payload: Part, *, outer_from: str) -> ProtectedHeaders | None:
    """The protected fields of the first part that is no cryptographic layer, or None.

    Only the payload root counts; `hp` anywhere else is ignored (RFC 9788 §4.1). The caller passes a payload
    only from inside a cryptographic layer at message level.
    """
    hp = payload.parameters.get("hp", "").lower()
    if hp in ("clear", "cipher"):
        return ProtectedHeaders(hp, _own_fields(payload), _outside(payload), payload)
    wrapped = _rfc8551_payload(payload, outer_from)
    return ProtectedHeaders(None, _own_fields(wrapped), frozenset(), wrapped) if wrapped else None


def _own_fields(part: Part) -> tuple[Field, ...]:
    return tuple(entry for entry in part.fields if entry.key != HP_OUTER and not is_structural(entry.name))


def _outside(part: Part) -> frozenset[tuple[str, str]]:
    """HP-Outer values split at the first colon."""
    pairs = (entry.value.partition(":") for entry in part.all(HP_OUTER))
    return frozenset((name.strip().lower(), value.strip(" \t")) for name, colon, value in pairs if colon)


def _rfc8551_payload(payload: Part, outer_from: str) -> Part | None:
    """The message inside `message/rfc822` where that is a wrapping and no forwarded letter (RFC 9788 §4.10).

    RFC 8551 §3.1 marks the wrapping with forwarded=no; without it, the author must at least be the same.
    """
    if payload.media_type != "message/rfc822" or payload.parameters.get("forwarded", "").lower() == "yes":
        return None
    inner = payload.nested()
    if inner is None or "hp" in inner.parameters:
        return None
    stated = payload.parameters.get("forwarded", "").lower() == "no"
    return inner if stated or _same_author(inner.value("from"), outer_from) else None


def _same_author(one: str, other: str) -> bool:
    def mailboxes(value: str) -> set[str]:
        return {address.mailbox.lower() for address in read_addresses(value).addresses}

    return mailboxes(one) == mailboxes(other) != set()
