"""Other programs at the same work: `openssl cms`, pyca's PKCS#7, endesive where it is installed."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs7

from benchmarks.people import Person, root
from smime.encrypt import ContentCipher


class OpenSsl:
    """`openssl cms`, two processes for each direction, files in `folder`."""

    def __init__(
        self, folder: Path, signer: Person, recipients: Sequence[Person], cipher: ContentCipher
    ) -> None:
        self.folder = folder
        self.cipher = "-aes-256-gcm" if cipher is ContentCipher.AES_256_GCM else "-aes-256-cbc"
        self.recipients = [self._save(f"reader{n}.pem", person) for n, person in enumerate(recipients)]
        self.signer = self._save("signer.pem", signer)
        (folder / "root.pem").write_bytes(root().certificate.public_bytes(Encoding.PEM))

    @staticmethod
    def available() -> bool:
        return shutil.which("openssl") is not None

    def _save(self, name: str, someone: Person) -> str:
        key = someone.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (self.folder / name).write_bytes(key + someone.certificate.public_bytes(Encoding.PEM))
        return name

    def _run(self, *arguments: str) -> None:
        subprocess.run(["openssl", "cms", *arguments], cwd=self.folder, check=True, capture_output=True)

    def write(self, entity: bytes) -> None:
        """Sign, then encrypt, a MIME entity that is ready."""
        (self.folder / "entity").write_bytes(entity)
        self._run(
            "-sign", "-binary", "-in", "entity", "-signer", self.signer, "-md", "sha256", "-out", "signed"
        )
        self._run("-encrypt", "-binary", self.cipher, "-in", "signed", "-out", "sealed", *self.recipients)

    def read(self) -> None:
        """Decrypt and verify what was written last."""
        self._run("-decrypt", "-binary", "-in", "sealed", "-recip", self.recipients[0], "-out", "inner")
        self._run("-verify", "-in", "inner", "-CAfile", "root.pem", "-no_check_time", "-out", "body")


class Pyca:
    """`cryptography`'s own PKCS#7: RSA recipients, CBC, no verification."""

    def __init__(self, signer: Person, recipients: Sequence[Person]) -> None:
        self.signer, self.recipients = signer, recipients
        self.sealed = b""

    def write(self, entity: bytes) -> None:
        """Sign, then encrypt, a MIME entity that is ready."""
        signed = (
            pkcs7.PKCS7SignatureBuilder()
            .set_data(entity)
            .add_signer(self.signer.certificate, self.signer.private_key, hashes.SHA256())
            .sign(Encoding.SMIME, [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary])
        )
        builder = (
            pkcs7.PKCS7EnvelopeBuilder().set_data(signed).set_content_encryption_algorithm(algorithms.AES256)
        )
        for person in self.recipients:
            builder = builder.add_recipient(person.certificate)
        self.sealed = builder.encrypt(Encoding.SMIME, [pkcs7.PKCS7Options.Binary])

    def read(self) -> None:
        """Decrypt what was written last; nothing verifies it."""
        reader = self.recipients[0]
        pkcs7.pkcs7_decrypt_smime(self.sealed, reader.certificate, reader.private_key, [])


def endesive_available() -> bool:
    return importlib.util.find_spec("endesive") is not None


class Endesive:
    """endesive's S/MIME: RSA recipients, CBC."""

    def __init__(self, signer: Person, recipients: Sequence[Person]) -> None:
        self.signer, self.recipients = signer, recipients
        self.sealed = b""

    def write(self, entity: bytes) -> None:
        """Sign, then encrypt, a MIME entity that is ready."""
        from endesive import email

        signed = email.sign(
            entity, self.signer.private_key, self.signer.certificate, [], "sha256", attrs=True
        )
        certificates = [person.certificate for person in self.recipients]
        self.sealed = email.encrypt(signed, certificates, "aes256_cbc")

    def read(self) -> None:
        """Decrypt what was written last."""
        from endesive import email

        email.decrypt(self.sealed.decode(), self.recipients[0].private_key)
