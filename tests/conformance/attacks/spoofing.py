"""Forged seals: authors × hands × structures × wrappings × headers.

A letter is *honest* when nothing about it is wrong: the hand speaks for the author that the letter names, the structure
and the wrapping are sound. Everything else is an attack and must not carry a full seal.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from email.utils import format_datetime
from typing import TypeAlias

from smime.encrypt import ContentCipher
from smime.headers import protect
from smime.mime import Entity, build_body, message, multipart, text_entity
from tests.conformance.attacks.cast import ALICE, MALLORY, cast
from tests.conformance.attacks.structures import EVIL, STRUCTURES
from tests.conformance.attacks.structures import HONEST as HONEST_STRUCTURES
from tests.conformance.attacks.structures import WRONG as WRONG_STRUCTURES
from tests.smime.letters import encrypt, sign
from tests.smime.people import AT

TEXT = "Dear Bob,\n\nthe figures are attached.\n\nAlice"
SUBJECT = "Quarterly figures"


# --- authors: the From (and Sender) fields outside, and the one mailbox that they plainly name -------------------------


@dataclass(frozen=True)
class Header:
    """The identity fields of a letter. `mailbox` is None where nobody can match.

    `single` is False where they do not name exactly one author: then not even a protected one inside is believed.
    """

    fields: tuple[tuple[str, str], ...]
    mailbox: str | None
    single: bool = True


def _from(value: str, mailbox: str | None, *more: tuple[str, str], single: bool = True) -> Header:
    return Header((("From", value), *more), mailbox, single)


def _several(value: str, *more: tuple[str, str]) -> Header:
    return _from(value, None, *more, single=False)


AUTHORS = {
    "alice": _from(f"Alice <{ALICE}>", ALICE),
    "alice bare": _from(ALICE, ALICE),
    "alice in capitals": _from(f"ALICE <{ALICE.upper()}>", ALICE),
    "alice encoded": _from(f"=?utf-8?q?=C3=84lice?= <{ALICE}>", ALICE),
    "alice by a secretary": _from(f"Alice <{ALICE}>", ALICE, ("Sender", MALLORY)),
    "mallory": _from(f"Mallory <{MALLORY}>", MALLORY),
    "alice as a name": _from(f'"{ALICE}" <{MALLORY}>', None),
    "alice as an encoded name": _from(f"=?utf-8?q?alice=40contoso=2Eexample?= <{MALLORY}>", None),
    "alice as a wide name": _from(f"alice＠contoso.example <{MALLORY}>", None),
    "mallory as a name": _from(f'"{MALLORY}" <{ALICE}>', None),
    "alice in a comment": _from(f"{MALLORY} ({ALICE})", None),
    "two mailboxes": _several(f"{ALICE}, {MALLORY}"),
    "two mailboxes, turned": _several(f"{MALLORY}, {ALICE}"),
    "two angles": _several(f"<{ALICE}> <{MALLORY}>"),
    "a group": _several(f"Board: {ALICE};"),
    "two fields": _several(ALICE, ("From", MALLORY)),
    "two fields, turned": _several(MALLORY, ("From", ALICE)),
    "the same twice": _several(ALICE, ("From", ALICE)),
    "a homograph": _from("alice@сontoso.example", None),
    "a longer domain": _from(f"{ALICE}.evil.example", None),
    "a detail": _from("alice+x@contoso.example", None),
    "a source route": _several(f"@evil.example:{ALICE}"),
    "two at signs": _several(f"{ALICE}@evil.example"),
    "nobody": _several("Alice"),
    "no field": Header((("Sender", ALICE),), None),
    "only Sender and Reply-To": Header((("Sender", ALICE), ("Reply-To", ALICE)), None),
}  # fmt: skip


# --- wrappings: what stands around the signed entity ------------------------------------------------------------------

Signing: TypeAlias = Callable[[Entity], Entity]
Wrapping: TypeAlias = Callable[[Entity, Signing], Entity]
HIDE = f"<p>{EVIL}</p><div style='display:none'>"


def _gcm(entity: Entity) -> Entity:
    return encrypt(entity, cast().bob.certificate)


def _cbc(entity: Entity) -> Entity:
    return encrypt(entity, cast().bob.certificate, cipher=ContentCipher.AES_256_CBC)


def _mallory(entity: Entity) -> Entity:
    return sign(entity, cast().mallory)


def _evil(subtype: str = "plain") -> Entity:
    return text_entity(EVIL if subtype == "plain" else HIDE, subtype)


def _beside(subtype: str, *, first: bool, kind: str) -> Wrapping:
    def wrap(body: Entity, signing: Signing) -> Entity:
        parts = [signing(body), _evil(kind)]
        return multipart(subtype, parts if first else parts[::-1])

    return wrap


def _forwarded(body: Entity, signing: Signing) -> Entity:
    inner = message([("From", ALICE), ("Subject", SUBJECT)], signing(body))
    return multipart("mixed", [_evil(), Entity((("Content-Type", "message/rfc822"),), inner)])


def _forwarded_alone(body: Entity, signing: Signing) -> Entity:
    inner = message([("From", ALICE), ("Subject", SUBJECT)], signing(body))
    return Entity((("Content-Type", "message/rfc822"),), inner)


def _shown_by_cid(body: Entity, signing: Signing) -> Entity:
    entity = signing(body)
    held = Entity((("Content-ID", "<signed>"), *entity.headers), entity.body)
    return multipart("related", [text_entity(f"<p>{EVIL}</p><img src='cid:signed'>", "html"), held])


def _five_layers(body: Entity, signing: Signing) -> Entity:
    entity = signing(body)
    for _ in range(4):
        entity = _gcm(entity)
    return entity


SOUND: dict[str, Wrapping] = {
    "plain": lambda body, signing: signing(body),
    "gcm": lambda body, signing: _gcm(signing(body)),
    "cbc": lambda body, signing: _cbc(signing(body)),
    "gcm in cbc": lambda body, signing: _cbc(_gcm(signing(body))),
    "triple": lambda body, signing: signing(_gcm(signing(body))),
    "triple by mallory": lambda body, signing: _mallory(_gcm(signing(body))),
    "signed twice": lambda body, signing: signing(signing(body)),
}
UNSOUND: dict[str, Wrapping] = {
    "around ciphertext": lambda body, signing: signing(_gcm(body)),
    "around unprotected ciphertext": lambda body, signing: signing(_cbc(body)),
    "deep around ciphertext": lambda body, signing: _gcm(signing(_gcm(body))),
    "carol around it": lambda body, signing: sign(signing(body), cast().carol),
    "around carol's": lambda body, signing: signing(sign(body, cast().carol)),
    "forwarded": _forwarded,
    "forwarded alone": _forwarded_alone,
    "shown by cid": _shown_by_cid,
    "five layers": _five_layers,
    **{
        f"{subtype} {'before' if first else 'behind'} {kind}": _beside(subtype, first=first, kind=kind)
        for subtype in ("mixed", "related", "alternative", "parallel", "digest", "x-unknown")
        for first in (True, False)
        for kind in ("plain", "html")
    },
    "in an encrypted part": lambda body, signing: multipart("mixed", [_evil(), _gcm(signing(body))]),
    "encrypted beside evil": lambda body, signing: _gcm(multipart("mixed", [signing(body), _evil("html")])),
}
WRAPPINGS = SOUND | UNSOUND


# --- headers: what is protected inside (RFC 9788) -----------------------------------------------------------------------


@dataclass(frozen=True)
class Inside:
    """A payload with its protected header. `author`: the mailbox that the protected From names, "" for none."""

    payload: Entity
    outer: tuple[tuple[str, str], ...]
    author: str | None


Protection: TypeAlias = Callable[[Header, str], Inside]


def _outside(header: Header) -> list[tuple[str, str]]:
    rest = [("To", "bob@contoso.example"), ("Subject", SUBJECT), ("Date", format_datetime(AT))]
    return [*header.fields, *rest]


def _unprotected(header: Header, text: str) -> Inside:
    return Inside(build_body(text), tuple(_outside(header)), "")


def _protected(author: str | None, *, hp: str, value: str = "") -> Protection:
    """`author` inside whatever stands outside."""

    def make(header: Header, text: str) -> Inside:
        inner = [("From", value or f"{author}"), ("Subject", SUBJECT), ("Date", format_datetime(AT))]
        found = protect(build_body(text), inner, encrypted=hp == "cipher", legacy_display=False)
        return Inside(found.entity, tuple(_outside(header)), author)

    return make


def _two_inside(header: Header, text: str) -> Inside:
    found = protect(build_body(text), [("From", ALICE)], encrypted=False, legacy_display=False)
    twice = Entity((("From", MALLORY), *found.entity.headers), found.entity.body)
    return Inside(twice, tuple(_outside(header)), None)


def _wrapped(header: Header, text: str) -> Inside:
    """The older form: message/rfc822; forwarded=no (RFC 8551 §3.1)."""
    inner = message([("From", ALICE), ("Subject", SUBJECT), ("Date", format_datetime(AT))], build_body(text))
    kind = Entity((("Content-Type", "message/rfc822; forwarded=no"),), inner)
    return Inside(kind, tuple(_outside(header)), ALICE)


def _elsewhere(header: Header, text: str) -> Inside:
    """`hp` and a From below the payload root protect nothing and name nobody."""
    deep = protect(build_body(text), [("From", MALLORY)], encrypted=False, legacy_display=False).entity
    return Inside(multipart("mixed", [deep]), tuple(_outside(header)), "")


PROTECTIONS: dict[str, Protection] = {
    "none": _unprotected,
    "clear, alice": _protected(ALICE, hp="clear"),
    "cipher, alice": _protected(ALICE, hp="cipher"),
    "clear, mallory": _protected(MALLORY, hp="clear"),
    "cipher, mallory": _protected(MALLORY, hp="cipher"),
    "clear, a misleading name": _protected(None, hp="clear", value=f'"{ALICE}" <{MALLORY}>'),
    "two inside": _two_inside,
    "wrapped, alice": _wrapped,
    "elsewhere": _elsewhere,
}


# --- the product --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Attack:
    """One letter by the names of what it is made of."""

    author: str
    hand: str
    structure: str
    wrapping: str
    protection: str

    def letter(self) -> bytes:
        people = cast().hands[self.hand].people
        inside = PROTECTIONS[self.protection](AUTHORS[self.author], TEXT)
        signed = WRAPPINGS[self.wrapping](
            inside.payload, lambda entity: STRUCTURES[self.structure](entity, people)
        )
        # a header of this house refuses what these letters need: lines are put together by hand
        lines = b"".join(f"{name}: {value}\r\n".encode() for name, value in inside.outer)
        return lines + message([], signed)

    @property
    def named(self) -> str | None:
        """The mailbox that the letter names as its author, with the signature believed."""
        inner = PROTECTIONS[self.protection](AUTHORS[self.author], TEXT).author
        return AUTHORS[self.author].mailbox if inner == "" else inner

    @property
    def faults(self) -> int:
        """How many things are wrong with it: 0 is an honest letter."""
        return (
            self._author_is_wrong + (self.structure not in HONEST_STRUCTURES) + (self.wrapping not in SOUND)
        )

    @property
    def _author_is_wrong(self) -> bool:
        """Nobody speaks for two authors outside, whatever stands inside."""
        speaks_for = cast().hands[self.hand].speaks_for
        return speaks_for is None or self.named != speaks_for or not AUTHORS[self.author].single


def size() -> int:
    """Of the whole product."""
    return len(AUTHORS) * len(cast().hands) * len(STRUCTURES) * len(WRAPPINGS) * len(PROTECTIONS)


def draw(chance: random.Random, faults: int) -> Attack:
    """A combination with exactly so many faults. Attacks with one fault are the sharpest: nothing else stops them."""
    wrong = chance.sample(("author", "structure", "wrapping"), faults)
    structure = chance.choice(list(WRONG_STRUCTURES if "structure" in wrong else HONEST_STRUCTURES))
    wrapping = chance.choice(list(UNSOUND if "wrapping" in wrong else SOUND))
    while True:
        author, hand, protection = map(chance.choice, (list(AUTHORS), list(cast().hands), list(PROTECTIONS)))
        attack = Attack(author, hand, structure, wrapping, protection)
        if attack.faults == faults:
            return attack


def each_once() -> list[Attack]:
    """Every value of every dimension at least once, alone against an honest rest: the smallest whole campaign."""
    base = Attack("alice", "alice", "clear", "plain", "none")
    dimensions: dict[str, Mapping[str, object]] = {
        "author": AUTHORS, "hand": cast().hands, "structure": STRUCTURES, "wrapping": WRAPPINGS, "protection": PROTECTIONS,
    }  # fmt: skip
    return [replace(base, **{name: value}) for name, values in dimensions.items() for value in values]
