"""The matrix of programs: what each writes, read by the other, into `docs/interop.md`.

{this, `openssl cms`, NSS `cmsutil`, `gpgsm`} × {signature and key-management algorithms} × {CBC, GCM} × {1, 20
recipients} × {detached, opaque}, both ways. `python -m tests.interop.matrix` measures all of it and writes the page;
the suite measures a sample and holds it against the page.
"""

from __future__ import annotations

import base64
import itertools
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

from smime.key_transport import KeyTransport
from smime.report import Seal
from tests.interop.cast import CROWD, crowd, mailbox, reader, signer
from tests.interop.peers import (
    CBC,
    GCM,
    GpgsmPeer,
    NoWay,
    NssPeer,
    OpenSsl,
    Peer,
    Refused,
    Signing,
    This,
    Way,
)
from tests.smime.letters import codes, opened

LETTER = b"Content-Type: text/plain; charset=utf-8\r\n\r\nGr\xc3\xbc\xc3\x9fe\r\n"
WORDS = "Grüße"

SIGNATURES = {
    "RSA PKCS#1 v1.5, SHA-256": Signing("rsa-3072", "sha256"),
    "RSA PKCS#1 v1.5, SHA-384": Signing("rsa-3072", "sha384", ours=False),
    "RSA PKCS#1 v1.5, SHA-512": Signing("rsa-3072", "sha512", ours=False),
    "RSASSA-PSS, SHA-256": Signing("rsa-3072", "sha256", pss=True),
    "RSASSA-PSS, SHA-512": Signing("rsa-3072", "sha512", pss=True, ours=False),
    "ECDSA P-256, SHA-256": Signing("p-256", "sha256"),
    "ECDSA P-256, SHA-512": Signing("p-256", "sha512", ours=False),
    "ECDSA P-384, SHA-384": Signing("p-384", "sha384"),
    "ECDSA P-521, SHA-512": Signing("p-521", "sha512"),
    "Ed25519": Signing("ed25519", "sha512"),
    "Ed448": Signing("ed448", "shake256", ours=False),
    "ML-DSA-44": Signing("ml-dsa-44", "sha512"),
    "ML-DSA-65": Signing("ml-dsa-65", "sha512"),
    "ML-DSA-87": Signing("ml-dsa-87", "sha512"),
}
_OAEP = "rsa_padding_mode:oaep"
WAYS = {
    "RSA PKCS#1 v1.5": Way("rsa-2048", plain=True),
    "RSA-OAEP SHA-1": Way("rsa-2048", (_OAEP,), None),
    "RSA-OAEP SHA-256": Way("rsa-2048", (_OAEP, "rsa_oaep_md:sha256"), KeyTransport.OAEP_SHA256),
    "RSA-OAEP SHA-512, MGF1 SHA-256": Way(
        "rsa-2048", (_OAEP, "rsa_oaep_md:sha512", "rsa_mgf1_md:sha256"), None
    ),
    "ECDH P-256, SHA-1 KDF": Way("p-256", (), None),
    "ECDH P-256, SHA-256 KDF": Way("p-256", ("ecdh_kdf_md:sha256",), plain=True),
    "ECDH P-384, SHA-384 KDF": Way("p-384", ("ecdh_kdf_md:sha384",), plain=True),
    "ECDH P-384, SHA-384 KDF, cofactor": Way("p-384", ("ecdh_kdf_md:sha384", "ecdh_cofactor_mode:1"), None),
    "ECDH P-521, SHA-512 KDF": Way("p-521", ("ecdh_kdf_md:sha512",)),
    "X25519, HKDF SHA-256": Way("x25519"),
    "ML-KEM-768": Way("ml-kem-768", None),
    "ML-KEM-1024": Way("ml-kem-1024", None),
}
CIPHERS = (CBC, GCM)
SIZES = (1, CROWD)
FORMS = {"detached": True, "opaque": False}

PASS, REFUSED, NO_PEER, NOT_WRITTEN = "pass", "refused", "no peer", "—"


@contextmanager
def peers(names: Iterable[str] = ("OpenSSL", "NSS", "gpgsm")) -> Iterator[dict[str, Peer]]:
    """The programs, each in a folder of its own, for as long as the block lasts."""
    with ExitStack() as stack:
        found: dict[str, Peer] = {}
        for name in names:
            # not pytest's folder: the path of an agent's socket must be short
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
            if name == "gpgsm":
                gpgsm = GpgsmPeer(folder)
                stack.callback(gpgsm.close)
                found[name] = gpgsm
            else:
                found[name] = OpenSsl(folder) if name == "OpenSSL" else NssPeer(folder)
        yield found


# --- one cell -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, order=True)
class Signed:
    """A signature alone."""

    writer: str
    reader: str
    algorithm: str
    form: str

    def measure(self, at: dict[str, Peer]) -> None:
        how, detached = SIGNATURES[self.algorithm], FORMS[self.form]
        signed = at[self.writer].sign(LETTER, how, detached=detached)
        _same(at[self.reader].verify(signed, how, LETTER if detached else None), LETTER)


@dataclass(frozen=True, order=True)
class Sealed:
    """An envelope alone."""

    writer: str
    reader: str
    way: str
    cipher: str
    size: int

    def measure(self, at: dict[str, Peer]) -> None:
        how = WAYS[self.way]
        sealed = at[self.writer].encrypt(LETTER, how, self.cipher, crowd(how.kind, self.size))
        _same(at[self.reader].decrypt(sealed, how), LETTER)


@dataclass(frozen=True, order=True)
class Whole:
    """A letter, signed and then encrypted, as a mail program of the writer would put it together."""

    writer: str
    reader: str
    algorithm: str
    form: str
    way: str
    cipher: str
    size: int

    def measure(self, at: dict[str, Peer]) -> None:
        signing, way, detached = SIGNATURES[self.algorithm], WAYS[self.way], FORMS[self.form]
        signed = at[self.writer].sign(LETTER, signing, detached=detached)
        entity = (
            _clear(signed) if detached else _leaf("application/pkcs7-mime; smime-type=signed-data", signed)
        )
        sealed = at[self.writer].encrypt(entity, way, self.cipher, crowd(way.kind, self.size))
        if self.reader == "this":
            _open(sealed, signing, way)
            return
        opened_entity = at[self.reader].decrypt(sealed, way)
        _same(opened_entity, entity)
        content = LETTER if detached else None
        _same(at[self.reader].verify(_object(opened_entity), signing, content), LETTER)


Cell: TypeAlias = Signed | Sealed | Whole


def _same(seen: bytes, sent: bytes) -> None:
    if seen != sent:
        raise Refused("it shows something else")


def _leaf(content_type: str, cms: bytes) -> bytes:
    encoded = base64.encodebytes(cms).replace(b"\n", b"\r\n")
    return f"Content-Type: {content_type}\r\nContent-Transfer-Encoding: base64\r\n\r\n".encode() + encoded


def _clear(cms: bytes) -> bytes:
    """multipart/signed around LETTER."""
    kind = 'multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary="=_m"'
    parts = [LETTER, _leaf("application/pkcs7-signature; name=smime.p7s", cms)]
    body = b"".join(b"--=_m\r\n" + part + b"\r\n" for part in parts) + b"--=_m--\r\n"
    return f"Content-Type: {kind}\r\n\r\n".encode() + body


def _object(entity: bytes) -> bytes:
    """The CMS object of such an entity: the last base64 body in it."""
    body = entity.rpartition(b"base64\r\n\r\n")[2]
    return base64.b64decode(body.partition(b"\r\n\r\n")[0].partition(b"--")[0])


def _open(sealed: bytes, signing: Signing, way: Way) -> None:
    """Through MIME and up to the seal."""
    author = mailbox(signer(signing.kind))
    report = opened(
        f"From: {author}\r\n".encode() + _leaf("application/pkcs7-mime", sealed), reader=reader(way.kind)
    )
    if report.seal is not Seal.OK or report.text != WORDS:
        raise Refused(f"{report.seal}, {report.encryption}: {', '.join(sorted(codes(report)))}")


def outcome(cell: Cell, at: dict[str, Peer]) -> str:
    """`pass`, `no peer`, `—` where this project writes no such thing, or the peer's words of refusal."""
    try:
        cell.measure(at)
    except NoWay:
        return NOT_WRITTEN if cell.writer == "this" else NO_PEER
    except Refused as refused:
        return f"{REFUSED}: {refused}"
    return PASS


# --- all of them ---------------------------------------------------------------------------------------------------------


def directions(names: Sequence[str]) -> list[tuple[str, str]]:
    """(writer, reader), each way."""
    return [pair for name in names for pair in (("this", name), (name, "this"))]


def alone(names: Sequence[str]) -> list[Cell]:
    """Every signature and every envelope by itself."""
    ways = itertools.product(directions(names), WAYS, CIPHERS, SIZES)
    forms = itertools.product(directions(names), SIGNATURES, FORMS)
    return [
        *(Signed(*pair, algorithm, form) for pair, algorithm, form in forms),
        *(Sealed(*pair, way, cipher, size) for pair, way, cipher, size in ways),
    ]


def product(outcomes: dict[Cell, str], names: Sequence[str]) -> list[Cell]:
    """Every letter whose signature and whose envelope pass by themselves."""
    combined = itertools.product(directions(names), SIGNATURES, FORMS, WAYS, CIPHERS, SIZES)
    return [
        Whole(*pair, algorithm, form, way, cipher, size)
        for pair, algorithm, form, way, cipher, size in combined
        if outcomes[Signed(*pair, algorithm, form)] == PASS
        and outcomes[Sealed(*pair, way, cipher, size)] == PASS
    ]


def measure(cells: Iterable[Cell], at: dict[str, Peer]) -> dict[Cell, str]:
    """Their outcomes."""
    everybody: dict[str, Peer] = {"this": This(), **at}
    return {cell: outcome(cell, everybody) for cell in cells}


def main() -> None:
    """Measures everything and writes the page."""
    from tests.interop import page

    with peers() as at:
        outcomes = measure(alone(list(at)), at)
        outcomes |= measure(product(outcomes, list(at)), at)
        versions = {name: peer.version for name, peer in at.items()}
    page.PATH.write_text(page.write(outcomes, versions, datetime.now(UTC).date()))
    failed = [cell for cell in outcomes if isinstance(cell, Whole) and outcomes[cell] != PASS]
    print(f"{len(outcomes)} cells into {page.PATH}; {len(failed)} letters failed though their halves pass")


if __name__ == "__main__":
    from tests.interop.matrix import main as run  # under its own name: `page` knows these classes by that one

    run()
