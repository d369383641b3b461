"""Mutants of letters along their MIME structure (RFC 2045, RFC 2046, RFC 1847).

A letter becomes a tree of parts with header fields, delimiters and bodies; a mutant is that tree with a few changes,
written again. What comes out is mostly well-formed, so that it reaches the places behind the first check.
"""

from __future__ import annotations

import base64
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from smime.errors import SmimeError
from smime.mime_read import Part, parse
from smime.transfer import decode_base64
from tests.smime.test_mutation import mutant as cms_mutant


@dataclass
class Node:
    """One part: its header lines, and either a body or children between delimiters."""

    header: list[bytes]
    body: bytes = b""
    children: list[Node] = field(default_factory=list)
    boundary: bytes = b""
    preamble: bytes = b""
    epilogue: bytes = b""

    @classmethod
    def read(cls, part: Part) -> Node:
        header = part.source[part.start : part.body].replace(b"\r\n\r\n", b"\r\n")
        lines = _logical_lines(header)
        if not part.children:
            return cls(lines, part.source[part.body : part.end])
        boundary = part.parameters.get("boundary", "").encode()
        children = [cls.read(child) for child in part.children]
        return cls(lines, b"", children, boundary, part.span(part.preamble), part.span(part.epilogue))

    def walk(self) -> list[Node]:
        return [self, *(node for child in self.children for node in child.walk())]

    def write(self) -> bytes:
        head = b"".join(line + b"\r\n" for line in self.header) + b"\r\n"
        if not self.children:
            return head + self.body
        mark = b"--" + self.boundary
        parts = b"".join(b"\r\n" + mark + b"\r\n" + child.write() for child in self.children)
        return head + self.preamble + parts + b"\r\n" + mark + b"--\r\n" + self.epilogue


def _logical_lines(header: bytes) -> list[bytes]:
    """Fields with their folds left in."""
    lines: list[bytes] = []
    for line in header.split(b"\r\n"):
        if line[:1] in (b" ", b"\t") and lines:
            lines[-1] += b"\r\n" + line
        elif line:
            lines.append(line)
    return lines


# --- what can be changed ----------------------------------------------------------------------------------------------

Change = Callable[[random.Random, list[Node]], None]

TYPES = (
    b"text/plain", b"text/html; charset=utf-7", b"multipart/mixed; boundary=x", b"multipart/alternative; boundary=x",
    b"multipart/related", b"multipart/digest; boundary=x", b"message/rfc822", b"message/rfc822; forwarded=no",
    b'multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary=x',
    b"multipart/signed; protocol=application/pgp-signature; boundary=x", b"application/pkcs7-mime",
    b"application/pkcs7-mime; smime-type=signed-data", b"application/pkcs7-mime; smime-type=enveloped-data",
    b"application/x-pkcs7-mime; smime-type=authEnveloped-data", b"application/octet-stream; name=smime.p7m",
    b"application/pkcs7-signature; name=smime.p7s", b'text/plain; hp="clear"', b'text/html; hp="cipher"',
    b"text/plain; hp-legacy-display=1", b"text/plain; charset=utf-16", b"text/plain; charset=\"=?utf-8?b?", b"a", b"",
)  # fmt: skip
FIELDS = (
    b"From: mallory@contoso.example", b"From: Alice <alice@contoso.example>, m@x", b"From:", b"Sender: a@b",
    b"HP-Outer: From: mallory@contoso.example", b"HP-Outer: Subject: [...]", b"HP-Outer", b"Subject: =?utf-8?b?4?=",
    b"Content-Transfer-Encoding: base64", b"Content-Transfer-Encoding: quoted-printable",
    b"Content-Transfer-Encoding: x-uuencode", b"Content-Disposition: attachment; filename*0*=utf-8''%41; filename*1=b",
    b"Content-ID: <a>", b"MIME-Version: 1.0", b"Date: Mon, 31 Feb 2026 25:00:00 +9999", b": x", b"no field at all",
    b"X-Long: " + b"a" * 3000, b"To: " + b"a@b," * 300, b"Content-Type: text/plain", b"From \x80\xff",
)  # fmt: skip
BODIES = (
    b"", b"\r\n", b"--x\r\n\r\nhidden\r\n--x--\r\n", b"\0" * 20, b"=3D=\r\n=ZZ", b"<p>Hello</p>", b"\xff\xfe\0a",
    b"MIAGCSqGSIb3DQEHAqCA\r\n", b"\n\n\n", b"From here\r\n.\r\n", b"A" * 1200,
)  # fmt: skip


def duplicate(chance: random.Random, nodes: list[Node]) -> None:
    if parent := _parent(chance, nodes):
        parent.children.insert(chance.randrange(len(parent.children) + 1), chance.choice(parent.children))


def remove(chance: random.Random, nodes: list[Node]) -> None:
    if parent := _parent(chance, nodes):
        del parent.children[chance.randrange(len(parent.children))]


def shuffle(chance: random.Random, nodes: list[Node]) -> None:
    if parent := _parent(chance, nodes):
        chance.shuffle(parent.children)


def transplant(chance: random.Random, nodes: list[Node]) -> None:
    parent, other = _parent(chance, nodes), chance.choice(nodes)
    if parent and all(parent is not node for node in other.walk()):
        parent.children[chance.randrange(len(parent.children))] = other


def wrap(chance: random.Random, nodes: list[Node]) -> None:
    """One part deeper inside something."""
    node = chance.choice(nodes)
    inner = Node(node.header, node.body, node.children, node.boundary, node.preamble, node.epilogue)
    node.header = [b"Content-Type: " + chance.choice(TYPES)]
    node.children, node.boundary = [inner], b"x"
    if chance.random() < 0.5:
        node.children.insert(chance.randrange(2), Node([], chance.choice(BODIES)))


def unwrap(chance: random.Random, nodes: list[Node]) -> None:
    if parent := _parent(chance, nodes):
        child = chance.choice(parent.children)
        parent.header, parent.body, parent.children = child.header, child.body, child.children
        parent.boundary = child.boundary


def retype(chance: random.Random, nodes: list[Node]) -> None:
    node = chance.choice(nodes)
    node.header = [line for line in node.header if not line.lower().startswith(b"content-type:")]
    node.header.insert(0, b"Content-Type: " + chance.choice(TYPES))


def add_field(chance: random.Random, nodes: list[Node]) -> None:
    node = chance.choice(nodes)
    node.header.insert(chance.randrange(len(node.header) + 1), chance.choice(FIELDS))


def drop_field(chance: random.Random, nodes: list[Node]) -> None:
    node = chance.choice(nodes)
    if node.header:
        del node.header[chance.randrange(len(node.header))]


def bend_field(chance: random.Random, nodes: list[Node]) -> None:
    """One field written in another way, or with a piece of itself exchanged."""
    node = chance.choice(nodes)
    if not node.header:
        return
    at = chance.randrange(len(node.header))
    line = node.header[at]
    spot = chance.randrange(len(line) + 1)
    node.header[at] = chance.choice(
        (
            line.upper(), line.replace(b" ", b"\r\n\t"), line.replace(b'"', b""), line.replace(b";", b";;"),
            line.replace(b"=", b" = "), line[:spot], line[:spot] + b"\0" + line[spot:], line + b"; boundary=y",
            line[:spot] + b'"' + line[spot:], line + b"\r\n \r\n", line[:spot] + b"(" + line[spot:], b" " + line,
        )
    )  # fmt: skip


def bend_boundary(chance: random.Random, nodes: list[Node]) -> None:
    if parent := _parent(chance, nodes):
        parent.boundary = chance.choice(
            (b"", b"x", parent.boundary + b" ", parent.boundary[:-1], parent.boundary + b"--", b"a" * 300)
        )


def fill_outside(chance: random.Random, nodes: list[Node]) -> None:
    if parent := _parent(chance, nodes):
        parent.preamble, parent.epilogue = chance.choice(BODIES), chance.choice(BODIES)


def replace_body(chance: random.Random, nodes: list[Node]) -> None:
    _leaf(chance, nodes).body = chance.choice(BODIES)


def bend_body(chance: random.Random, nodes: list[Node]) -> None:
    leaf = _leaf(chance, nodes)
    if leaf.body:
        at = chance.randrange(len(leaf.body))
        piece = chance.choice((b"", b"\0", b"\n", b"=", bytes((leaf.body[at] ^ 1 << chance.randrange(8),))))
        leaf.body = leaf.body[:at] + piece + leaf.body[at + 1 :]


def bare_line_ends(chance: random.Random, nodes: list[Node]) -> None:
    leaf = _leaf(chance, nodes)
    leaf.body = leaf.body.replace(b"\r\n", chance.choice((b"\n", b"\r", b"\r\n\r\n")))


def bend_object(chance: random.Random, nodes: list[Node]) -> None:
    """The CMS object of a base64 part, changed along its own structure."""
    objects = [node for node in nodes if node.body[:2] == b"MI"]
    if not objects:
        return
    node = chance.choice(objects)
    try:
        changed = cms_mutant(chance, decode_base64(node.body))
    except (SmimeError, IndexError, ValueError):
        return  # bent before, no longer a structure to bend along
    node.body = base64.encodebytes(changed).replace(b"\n", b"\r\n")


def _parent(chance: random.Random, nodes: list[Node]) -> Node | None:
    parents = [node for node in nodes if node.children]
    return chance.choice(parents) if parents else None


def _leaf(chance: random.Random, nodes: list[Node]) -> Node:
    return chance.choice([node for node in nodes if not node.children])


CHANGES: tuple[Change, ...] = (
    duplicate, remove, shuffle, transplant, wrap, unwrap, retype, add_field, drop_field, bend_field, bend_boundary,
    fill_outside, replace_body, bend_body, bare_line_ends, bend_object, bend_object,
)  # fmt: skip


def mime_mutant(chance: random.Random, source: bytes) -> bytes:
    """`source` with one to four changes along its structure, now and then with its end cut off."""
    tree = Node.read(parse(source))
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        nodes = tree.walk()
        if len(nodes) > 200:
            break
        chance.choice(CHANGES)(chance, nodes)
    written = tree.write()
    if chance.random() < 0.05:
        written = written[: chance.randrange(len(written))]
    return written
