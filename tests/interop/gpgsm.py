"""GnuPG's `gpgsm` (libksba, libgcrypt), with a home of its own in a folder."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat, pkcs12

from smime.sign import certs_only
from tests.smime.people import AT, Person, root

PASSPHRASE = "x"


def _packed(someone: Person) -> bytes:
    """A .p12 under the only protection that GnuPG 2.2 imports, with a new salt each time."""
    old = (
        PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(2048)
        .key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC)
        .hmac_hash(hashes.SHA1())  # noqa: S303
        .build(PASSPHRASE.encode())
    )
    key, issuers = someone.private_key, [root().certificate]
    return pkcs12.serialize_key_and_certificates(b"key", key, someone.certificate, issuers, old)  # type: ignore[arg-type]


class Gpgsm:
    """A home with the test root trusted; `people` with their keys (2.2 imports RSA only), `others` without."""

    def __init__(self, folder: Path, people: Sequence[Person], others: Sequence[Person] = ()) -> None:
        self.folder = folder
        self.write("gpgsm.conf", b"disable-crl-checks\ndisable-policy-checks\nno-common-certs-import\n")
        self.write("gpg-agent.conf", b"allow-loopback-pinentry\n")
        fingerprint = root().certificate.fingerprint(hashes.SHA1()).hex()  # noqa: S303 - GnuPG's own format
        self.write("trustlist.txt", f"{fingerprint} S relax\n".encode())
        self.run("--import", self.write("root", root().certificate.public_bytes(Encoding.DER)))
        for someone in people:
            self._import(someone)
        if others:
            self.run("--import", self.write("others", certs_only([other.certificate for other in others])))

    def _import(self, someone: Person) -> None:
        # GnuPG 2.2 misreads some files by chance of their salt: 2 of 40 of one key under one password.
        for _ in range(5):
            if self.attempt("--import", self.write("p12", _packed(someone))).returncode == 0:
                return
        self.run("--import", self.write("p12", _packed(someone)))

    def write(self, name: str, content: bytes) -> str:
        """A file for the next command."""
        (self.folder / name).write_bytes(content)
        return name

    def attempt(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        """`gpgsm` on this home, at the time of the tests."""
        fixed = ["--batch", "--yes", "--pinentry-mode", "loopback", "--passphrase-fd", "0"]
        return subprocess.run(
            ["gpgsm", *fixed, "--faked-system-time", f"{AT:%Y%m%dT%H%M%S}", *arguments],
            cwd=self.folder,
            env={**os.environ, "GNUPGHOME": str(self.folder)},
            input=f"{PASSPHRASE}\n".encode(),
            capture_output=True,
            check=False,
            timeout=60,
        )

    def run(self, *arguments: str) -> bytes:
        """The same, which has to succeed."""
        done = self.attempt(*arguments)
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        return done.stdout

    def stop(self) -> None:
        """Its agent lives on otherwise."""
        environment = {**os.environ, "GNUPGHOME": str(self.folder)}
        subprocess.run(["gpgconf", "--kill", "all"], env=environment, check=False, timeout=60)
