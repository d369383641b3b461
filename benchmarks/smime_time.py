"""S/MIME letters: writing and reading, beside the primitives alone and beside other programs.

    python -m benchmarks.smime_time

The other programs are handed a MIME entity that is ready; here the work begins with the file and ends with the letter,
and ends, when reading, with the whole report: layers, signer, path, header, text.
"""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

from benchmarks import libcrypto
from benchmarks.libcrypto import Libcrypto
from benchmarks.limits import Minimum
from benchmarks.measuring import LIMIT, OURS, Row, Work, contest, show
from benchmarks.peers import Endesive, OpenSsl, Pyca, endesive_available
from benchmarks.people import AT, Person, person, trust
from benchmarks.smime_memory import FIELDS
from smime import compose, headers, mime
from smime.encrypt import ContentCipher
from smime.layers import peel, read_message
from smime.mime import Attachment
from smime.open import open_message
from smime.report import Encryption, Seal, SecurityReport

LARGE = 25_000_000
SMALL = 10_000
REPEATED = 10
KINDS = ("rsa-2048", "rsa-3072", "p-256")
IN_PROCESS = "libcrypto, in this process"
PATH = "this, with path and report"
GCM, CBC = ContentCipher.AES_256_GCM, ContentCipher.AES_256_CBC


class Desk:
    """Our side: one writer, her readers, one cipher."""

    def __init__(self, signer: Person, recipients: Sequence[Person], cipher: ContentCipher) -> None:
        self.signer, self.recipients, self.cipher = signer, recipients, cipher
        self.trust = trust()
        self.letter = b""

    def write(self, content: bytes) -> None:
        """Protect, sign, encrypt."""
        body = mime.build_body("Attached.", attachments=[Attachment("a.bin", "application/x-a", content)])
        protected = headers.protect(body, FIELDS, encrypted=True, legacy_display=False)
        signed = compose.sign_entity(protected.entity, signer=self.signer.signing, certificates=(), at=AT)
        certificates = [reader.certificate for reader in self.recipients]
        sealed = compose.encrypt_entity(signed, recipients=certificates, cipher=self.cipher)
        self.letter = mime.message(protected.outer, sealed)

    def peel(self) -> None:
        """Decrypt and verify, without judging the signer."""
        message = read_message(self.letter)
        peeled = peel(message, keys=[self.recipients[0].decryption], locked=(), candidates=())
        assert peeled.payload is not None

    def read(self) -> SecurityReport:
        """Decrypt, verify, judge, and find what is shown."""
        return open_message(
            self.letter,
            keys=[self.recipients[0].decryption],
            trust=self.trust,
            at=AT + timedelta(minutes=1),
            revocation="ignored",
        )

    def prove(self) -> None:
        """That the work is done at all."""
        report = self.read()
        assert (report.seal, report.encryption) == (Seal.OK, Encryption.OK), report.findings


def rows() -> Iterator[Row]:
    """Everything, large letters first."""
    for cipher, write_goal in ((GCM, 1.3), (CBC, 1.15)):
        yield from _large(cipher, write_goal)
    yield from _small()


def _entity(content: bytes) -> bytes:
    return mime.build_body(
        "Attached.", attachments=[Attachment("a.bin", "application/x-a", content)]
    ).to_bytes()


def _large(cipher: ContentCipher, write_goal: float) -> Iterator[Row]:
    alice, bob = person("rsa-2048", "alice"), person("rsa-2048", "bob")
    content = os.urandom(LARGE)
    entity, minimum, desk = _entity(content), Minimum(alice, [bob], cipher), Desk(alice, [bob], cipher)
    sealed = minimum.write(content)
    desk.write(content)
    desk.prove()
    with tempfile.TemporaryDirectory() as folder:
        peers = _peers(Path(folder), alice, [bob], cipher)
        writers: dict[str, Work | None] = {
            LIMIT: lambda: minimum.write(content),
            OURS: lambda: desk.write(content),
            **{name: _writing(peer, entity) for name, peer in peers.items()},
        }
        yield contest(f"sign + encrypt 25 MB, {cipher.value}", writers, rounds=5, goal=write_goal)
        readers: dict[str, Work | None] = {
            LIMIT: lambda: minimum.read(sealed),
            OURS: desk.peel,
            PATH: desk.read,
            **{_reading_title(name): peer.read if peer else None for name, peer in peers.items()},
        }
        yield contest(f"decrypt + verify 25 MB, {cipher.value}", readers, rounds=5, goal=1.5)


Peer = OpenSsl | Libcrypto | Pyca | Endesive


def _peers(
    folder: Path, signer: Person, recipients: Sequence[Person], cipher: ContentCipher
) -> dict[str, Peer | None]:
    only_cbc = cipher is CBC
    return {
        IN_PROCESS: Libcrypto(signer, recipients, cipher) if libcrypto.available() else None,
        "openssl cms": OpenSsl(folder, signer, recipients, cipher) if OpenSsl.available() else None,
        "pyca pkcs7 (CBC only)": Pyca(signer, recipients) if only_cbc else None,
        "endesive (CBC only)": Endesive(signer, recipients) if only_cbc and endesive_available() else None,
    }


def _writing(peer: Peer | None, entity: bytes) -> Work | None:
    return None if peer is None else lambda: peer.write(entity)


def _reading_title(name: str) -> str:
    return name.replace("CBC only", "CBC only, does not verify")


def _small() -> Iterator[Row]:
    """Every cell of the matrix, then the medians over all."""
    cells: dict[str, list[Row]] = {"write": [], "read": []}
    for kind in KINDS:
        for count in (1, 20):
            for direction, row in _cell(kind, count):
                cells[direction].append(row)
                yield row
    for direction, goal in (("write", 1.5), ("read", 1.2)):
        yield _medians(f"10 KB, {direction}: medians over all cells", cells[direction], goal)


def _cell(kind: str, count: int) -> Iterator[tuple[str, Row]]:
    alice = person(kind, "alice")
    readers = [person(kind, f"reader{n}") for n in range(count)]
    content = os.urandom(SMALL)
    minimum, desk = Minimum(alice, readers, GCM), Desk(alice, readers, GCM)
    sealed = minimum.write(content)
    desk.write(content)
    desk.prove()
    title = f"{kind}, {count} recipient{'s' if count > 1 else ''}"
    with tempfile.TemporaryDirectory() as folder:
        peer = OpenSsl(Path(folder), alice, readers, GCM) if OpenSsl.available() else None
        library = Libcrypto(alice, readers, GCM) if libcrypto.available() else None
        entity = _entity(content)
        writing, calling = _writing(peer, entity), _writing(library, entity)
        for first in (writing, calling):
            if first:
                first()
        yield (
            "write",
            contest(
                f"sign + encrypt 10 KB, {title}",
                {
                    LIMIT: lambda: minimum.write(content),
                    OURS: lambda: desk.write(content),
                    IN_PROCESS: calling,
                    "openssl cms": writing,
                },
                rounds=5,
                repeat=REPEATED,
            ),
        )
        yield (
            "read",
            contest(
                f"decrypt + verify 10 KB, {title}",
                {
                    LIMIT: lambda: minimum.read(sealed),
                    OURS: desk.peel,
                    PATH: desk.read,
                    IN_PROCESS: library.read if library else None,
                    "openssl cms": peer.read if peer else None,
                },
                rounds=5,
                repeat=REPEATED,
            ),
        )


def _medians(title: str, cells: Sequence[Row], goal: float) -> Row:
    """Times the limit, over all cells in which a contender took part."""
    ratios: dict[str, float | None] = {}
    for name in cells[0].seconds:
        found = [ratio for cell in cells if (ratio := cell.ratio(name)) is not None]
        ratios[name] = statistics.median(found) if found else None
    return Row(title, ratios, goal, summary=True)


def main() -> None:
    """Prints the table."""
    show(rows())


if __name__ == "__main__":
    main()
