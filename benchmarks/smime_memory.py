"""Memory growth of writing and reading large letters, as peak resident memory of a fresh process.

    python -m benchmarks.smime_memory [--sizes 1 10 50]

Growth is the peak of the resident set during the work, minus the resident set before it, minus the buffer that
the work hands back. The input is there before. What is written to temporary files counts where it is mapped or
held, not where only the page cache has it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import pickle
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from cryptography.x509 import load_der_x509_certificate

from benchmarks.people import AT, Person, person, root
from pki.trust import Trust, TrustAnchor
from smime import compose, headers, mime
from smime.encrypt import ContentCipher
from smime.mime import Attachment
from smime.open import open_message
from smime.report import Encryption, Seal

MIB = 1024 * 1024
BASE64 = 78 / 57  # what one base64 layer makes of its content
FIELDS = [
    ("From", "alice@bench.example"),
    ("To", "bob@bench.example"),
    ("Subject", "A large file"),
    ("Date", "Tue, 24 Nov 2026 12:00:00 +0000"),
    ("Message-ID", "<1@bench.example>"),
]


def _status(field: str) -> int:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024
    raise LookupError(field)


class Meter:
    """Peak resident memory between two moments of this process."""

    def __enter__(self) -> Meter:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak starts anew
        self.before = _status("VmRSS")
        self.started = time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.process_time() - self.started
        self.growth = _status("VmHWM") - self.before


def write(
    content: bytes, alice: Person, bob: Person, cipher: ContentCipher, *, opaque: bool, legacy: bool = False
) -> bytes:
    """The letter as the portal writes it: protect, sign, encrypt."""
    body = mime.build_body(
        "The file is attached.", attachments=[Attachment("a.bin", "application/x-a", content)]
    )
    protected = headers.protect(body, FIELDS, encrypted=True, legacy_display=legacy)
    signed = compose.sign_entity(
        protected.entity, signer=alice.signing, certificates=(), at=AT, opaque=opaque
    )
    sealed = compose.encrypt_entity(signed, recipients=[bob.certificate], cipher=cipher)
    return mime.message(protected.outer, sealed)


def save(someone: Person) -> tuple[bytes, bytes]:
    """Key and certificate as octets that another process can load."""
    key = someone.private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return key, someone.certificate.public_bytes(Encoding.DER)


def _load(saved: tuple[bytes, bytes]) -> Person:
    key, certificate = saved
    return Person(load_der_private_key(key, None), load_der_x509_certificate(certificate))


def _measured_write(folder: Path, size: int, cipher: ContentCipher, form: str) -> dict[str, object]:
    alice, bob = (_load(saved) for saved in pickle.loads((folder / "people").read_bytes())[:2])  # noqa: S301
    opaque, legacy = form == "opaque", form == "legacy"
    content = os.urandom(size)
    write(b"warm" * 300_000, alice, bob, cipher, opaque=opaque, legacy=legacy)
    with Meter() as meter:
        raw = write(content, alice, bob, cipher, opaque=opaque, legacy=legacy)
    (folder / "letter.eml").write_bytes(raw)
    (folder / "digest").write_bytes(hashlib.sha256(content).digest())
    return {"growth": meter.growth - len(raw), "seconds": meter.seconds, "octets": len(raw)}


def _measured_read(folder: Path, size: int) -> dict[str, object]:
    alice, bob, issuer = (_load(saved) for saved in pickle.loads((folder / "people").read_bytes()))  # noqa: S301
    trust = Trust((TrustAnchor(issuer.certificate, None, "Benchmark Root"),))
    small = write(b"warm" * 300_000, alice, bob, ContentCipher.AES_256_GCM, opaque=False)
    raw = (folder / "letter.eml").read_bytes()

    def read(letter: bytes):
        return open_message(
            letter, keys=[bob.decryption], trust=trust, at=AT + timedelta(minutes=1), revocation="ignored"
        )

    read(small)
    with Meter() as meter:
        report = read(raw)
    assert report.seal is Seal.OK, report.findings
    assert report.encryption is Encryption.OK, report.findings
    with Meter() as asked:
        content = report.attachments[0].content
    assert hashlib.sha256(content).digest() == (folder / "digest").read_bytes()
    assert len(content) == size
    return {
        "growth": meter.growth,
        "seconds": meter.seconds,
        "octets": len(raw),
        "asked": asked.growth - len(content),
    }


def in_process(*arguments: str) -> dict[str, Any]:
    """One row measured in a process of its own: `write FOLDER OCTETS CIPHER FORM`, or `read FOLDER OCTETS`."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.smime_memory", *arguments],
        capture_output=True,
        check=False,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout)


def to_ber(folder: Path) -> None:
    """The letter's envelope in indefinite lengths and segments of 1 000 octets, as streaming writers send it."""
    from benchmarks.ber_letters import as_ber

    letter = folder / "letter.eml"
    letter.write_bytes(as_ber(letter.read_bytes()))


def measure(sizes: list[int]) -> list[tuple[str, int, dict[str, object]]]:
    """Every row: (what, MiB, figures)."""
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        people = [person("p-256", "alice"), person("rsa-3072", "bob"), root()]
        (folder / "people").write_bytes(pickle.dumps([save(someone) for someone in people]))
        for cipher in ContentCipher:
            for form, layers in (("clear", 2), ("opaque", 3), ("legacy", 2)):
                for size in sizes:
                    octets = str(int(0.995 * size * MIB / BASE64**layers))
                    label = f"{cipher.value}, {form}-signed"
                    rows.append(
                        (f"write {label}", size, in_process("write", name, octets, cipher.value, form))
                    )
                    rows.append((f"read  {label}", size, in_process("read", name, octets)))
                    if form != "legacy":
                        to_ber(folder)
                        rows.append((f"read  {label}, BER", size, in_process("read", name, octets)))
    return rows


def show(sizes: list[int]) -> None:
    """Prints the table."""
    print(f"{'':<44}{'MiB':>5}{'growth':>10}{'CPU':>9}{'+ file':>9}")
    for label, size, row in measure(sizes):
        asked = f"{int(row['asked']) / MIB:7.1f} M" if "asked" in row else ""
        print(
            f"{label:<44}{size:>5}{int(row['growth']) / MIB:8.1f} M"
            f"{float(row['seconds']) * 1000:6.0f} ms{asked:>9}"
        )


def main() -> None:
    """Prints the table, or measures one row in this process."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.smime_memory")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 10, 50], help="MiB of the letter")
    if len(sys.argv) > 1 and sys.argv[1] in ("write", "read"):
        what, folder, size, *rest = sys.argv[1:]
        octets = int(size)
        found = (
            _measured_write(Path(folder), octets, ContentCipher(rest[0]), rest[1])
            if what == "write"
            else _measured_read(Path(folder), octets)
        )
        print(json.dumps(found))
        return
    show(parser.parse_args().sizes)


if __name__ == "__main__":
    main()
