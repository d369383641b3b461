"""OpenSSL's command line beside the portal: opens what was downloaded, makes what is imported."""

from __future__ import annotations

import subprocess
from pathlib import Path


def openssl(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run in `folder`; the caller looks at the outcome."""
    return subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, check=False, timeout=60)


def must(folder: Path, *arguments: str) -> bytes:
    done = openssl(folder, *arguments)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout


class Authority:
    """A certificate authority made by OpenSSL, of an organisation outside the portal: root, one person, a list."""

    def __init__(self, folder: Path, domain: str) -> None:
        self.folder, self.domain = folder, domain
        self.address = f"tina@{domain}"
        self._root()
        self._person()
        self._list()

    def _root(self) -> None:
        extensions = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"]
        must(
            self.folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", "root.key", "-out", "root.pem", "-days", "3650", "-subj", "/O=Tailspin/CN=Tailspin Root",
            *(part for extension in extensions for part in ("-addext", extension)),
        )  # fmt: skip

    def _person(self) -> None:
        must(
            self.folder, "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", "tina.key", "-out", "tina.csr",
            "-subj", "/O=Tailspin/CN=Tina Thorn",
        )  # fmt: skip
        (self.folder / "tina.ext").write_text(
            "basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=emailProtection\n"
            f"subjectAltName=email:{self.address}\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
        )
        must(
            self.folder, "x509", "-req", "-in", "tina.csr", "-CA", "root.pem", "-CAkey", "root.key", "-days", "365",
            "-set_serial", "0x4242424242424242", "-extfile", "tina.ext", "-out", "tina.pem",
        )  # fmt: skip

    def _list(self) -> None:
        (self.folder / "index.txt").write_text("")
        (self.folder / "crlnumber").write_text("01\n")
        (self.folder / "ca.cnf").write_text(
            "[ca]\ndefault_ca=own\n[own]\ndatabase=index.txt\ncrlnumber=crlnumber\ndefault_md=sha256\n"
            "default_crl_days=7\ncrl_extensions=list\n[list]\nauthorityKeyIdentifier=keyid\n"
        )
        must(
            self.folder, "ca", "-config", "ca.cnf", "-gencrl", "-cert", "root.pem", "-keyfile", "root.key", "-out",
            "list.pem",
        )  # fmt: skip

    def der(self, name: str, kind: str) -> bytes:
        return must(self.folder, kind, "-in", name, "-outform", "DER")

    def signed_letter(self, to: str, text: bytes) -> bytes:
        """multipart/signed, as `openssl cms` writes it."""
        (self.folder / "text").write_bytes(text)
        return must(
            self.folder, "cms", "-sign", "-in", "text", "-text", "-signer", "tina.pem", "-inkey", "tina.key",
            "-certfile", "root.pem", "-from", f"Tina Thorn <{self.address}>", "-to", to, "-subject", "Minutes",
        )  # fmt: skip
