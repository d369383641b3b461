"""NSS, the library inside Thunderbird, by its `cmsutil`, with a key store of its own in a folder."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12

from tests.smime.people import Person, root


class Nss:
    """A key store with the test root trusted for mail; `people` by nickname with their keys, `others` without."""

    def __init__(self, folder: Path, people: Mapping[str, Person], others: Sequence[Person] = ()) -> None:
        self.folder = folder
        self.run("certutil", "-N", "--empty-password")
        self.write("root", root().certificate.public_bytes(Encoding.DER))
        self.run("certutil", "-A", "-n", "root", "-t", "C,C,C", "-i", "root")
        for nickname, someone in people.items():
            self._import(nickname, someone)
        for number, someone in enumerate(others):
            self.write("other", someone.certificate.public_bytes(Encoding.DER))
            self.run("certutil", "-A", "-n", f"other-{number}", "-t", ",,", "-i", "other")

    def _import(self, nickname: str, someone: Person) -> None:
        packed = pkcs12.serialize_key_and_certificates(
            nickname.encode(),
            someone.private_key,  # type: ignore[arg-type]
            someone.certificate,
            [root().certificate],
            BestAvailableEncryption(b"x"),
        )
        self.write("p12", packed)
        self.run("pk12util", "-i", "p12", "-W", "x")

    def attempt(self, program: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        """One of the tools on this key store."""
        return subprocess.run(
            [_path(program), *arguments, "-d", "sql:."],
            cwd=self.folder,
            capture_output=True,
            check=False,
            timeout=60,
        )

    def run(self, program: str, *arguments: str) -> bytes:
        """The same, which has to succeed."""
        done = self.attempt(program, *arguments)
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        return done.stdout

    def write(self, name: str, content: bytes) -> str:
        """A file for the next command."""
        (self.folder / name).write_bytes(content)
        return name


def _path(program: str) -> str:
    """Debian keeps `cmsutil` where no shell looks, on some releases."""
    return shutil.which(program) or f"/usr/lib/nss/unsupported-tools/{program}"
