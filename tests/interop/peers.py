"""Every program of the matrix behind the same four acts: sign, verify, encrypt, decrypt CMS objects in DER.

A peer that has no way to do something raises `NoWay`; one that tries and refuses raises `Refused` with its own words.
"""

from __future__ import annotations

import ctypes
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from smime import cms
from smime.decrypt import DecryptionStatus, decrypt
from smime.encrypt import ContentCipher, enveloped_data
from smime.errors import SmimeError
from smime.key_transport import KeyTransport
from smime.sign import signed_data
from smime.verify import SignatureStatus, verify
from tests.interop.cast import CROWD, crowd, mailbox, reader, signer
from tests.interop.gpgsm import Gpgsm
from tests.interop.nss import Nss
from tests.interop.test_openssl_cms import ATTIME, certificate_file, key_file
from tests.smime.people import AT, Person, root

CBC, GCM = "AES-256-CBC", "AES-256-GCM"
_CIPHERS = {CBC: ContentCipher.AES_256_CBC, GCM: ContentCipher.AES_256_GCM}


@dataclass(frozen=True)
class Signing:
    """One signature algorithm: Alice's kind of key, the digest, and whether RSA is padded as PSS."""

    kind: str
    digest: str
    pss: bool = False
    ours: bool = True  # what this project writes; all others it only reads


@dataclass(frozen=True)
class Way:
    """One way of a content key: the readers' kind of key, and the options that lead OpenSSL to it."""

    kind: str
    openssl: tuple[str, ...] | None = ()
    ours: KeyTransport | None = KeyTransport.PKCS1_V15  # what this project writes; None: it only reads
    plain: bool = False  # what a program writes that takes no options: NSS and gpgsm


class NoWay(Exception):
    """This program knows no such thing."""


class Refused(Exception):
    """It knows, or meets it, and says no: in its own words."""


class Peer(Protocol):
    """A program that does CMS."""

    name: str
    version: str

    def sign(self, content: bytes, how: Signing, *, detached: bool) -> bytes: ...

    def verify(self, signed: bytes, how: Signing, content: bytes | None) -> bytes: ...

    def encrypt(self, content: bytes, how: Way, cipher: str, to: Sequence[Person]) -> bytes: ...

    def decrypt(self, enveloped: bytes, how: Way) -> bytes: ...


class This:
    """This project, below MIME."""

    name = "this"
    version = ""

    def sign(self, content: bytes, how: Signing, *, detached: bool) -> bytes:
        if not how.ours:
            raise NoWay
        key = signer(how.kind).signing
        return signed_data(content, signers=[key], at=AT, detached=detached, pss=how.pss)

    def verify(self, signed: bytes, how: Signing, content: bytes | None) -> bytes:
        message = _parsed(signed)
        assert isinstance(message, cms.SignedData)
        result = verify(message, detached_content=content)
        (only,) = result.signers
        if only.status is not SignatureStatus.GOOD or only.certificate != signer(how.kind).certificate:
            raise Refused("; ".join(finding.summary for finding in only.findings))
        return bytes(result.content)

    def encrypt(self, content: bytes, how: Way, cipher: str, to: Sequence[Person]) -> bytes:
        if how.ours is None:
            raise NoWay
        certificates = [person.certificate for person in to]
        return enveloped_data(
            content, recipients=certificates, cipher=_CIPHERS[cipher], key_transport=how.ours
        )

    def decrypt(self, enveloped: bytes, how: Way) -> bytes:
        message = _parsed(enveloped)
        assert isinstance(message, cms.EnvelopedData | cms.AuthEnvelopedData)
        result = decrypt(message, keys=[reader(how.kind).decryption])
        if result.status is not DecryptionStatus.OK or result.content is None:
            raise Refused("; ".join(finding.summary for finding in result.findings))
        return bytes(result.content)


def _parsed(encoded: bytes) -> cms.Content:
    try:
        return cms.parse(encoded)
    except SmimeError as refusal:
        raise Refused(refusal.finding.summary) from None


class OpenSsl:
    """`openssl cms`."""

    name = "OpenSSL"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.trust = certificate_file(folder, root())
        self.version = _said("openssl", "version").split()[1]

    def _run(self, *arguments: object) -> bytes:
        done = subprocess.run(
            ["openssl", "cms", *map(str, arguments)], capture_output=True, check=False, timeout=60
        )
        if done.returncode:
            raise Refused(_openssl_words(done.stderr.decode(errors="replace")))
        return done.stdout

    def _file(self, content: bytes, name: str = "in") -> Path:
        path = self.folder / name
        path.write_bytes(content)
        return path

    def sign(self, content: bytes, how: Signing, *, detached: bool) -> bytes:
        if how.kind.startswith("ml-"):
            raise NoWay
        person = signer(how.kind)
        options = ["-md", how.digest]
        options += ["-keyopt", "rsa_padding_mode:pss"] if how.pss else []
        options += [] if detached else ["-nodetach"]
        files = ["-signer", certificate_file(self.folder, person), "-inkey", key_file(self.folder, person)]
        return self._run("-sign", "-binary", "-in", self._file(content), "-outform", "DER", *files, *options)

    def verify(self, signed: bytes, how: Signing, content: bytes | None) -> bytes:
        options = ["-inform", "DER", "-binary", "-CAfile", self.trust, "-attime", ATTIME, "-purpose", "any"]
        if content is not None:
            options += ["-content", self._file(content, "content")]
        return self._run("-verify", "-in", self._file(signed), *options)

    def encrypt(self, content: bytes, how: Way, cipher: str, to: Sequence[Person]) -> bytes:
        if how.openssl is None:
            raise NoWay
        options = [flag for option in how.openssl for flag in ("-keyopt", option)]
        people = [
            argument
            for person in to
            for argument in ("-recip", certificate_file(self.folder, person), *options)
        ]
        return self._run(
            "-encrypt",
            "-binary",
            "-in",
            self._file(content),
            "-outform",
            "DER",
            f"-{cipher.lower()}",
            *people,
        )

    def decrypt(self, enveloped: bytes, how: Way) -> bytes:
        person = reader(how.kind)
        files = ["-recip", certificate_file(self.folder, person), "-inkey", key_file(self.folder, person)]
        return self._run("-decrypt", "-inform", "DER", "-binary", "-in", self._file(enveloped), *files)


def _openssl_words(said: str) -> str:
    """The reason of each error, innermost first: the fifth field of its line."""
    reasons = [line.split(":")[5] for line in said.splitlines() if line.count(":") > 6 and ":error:" in line]
    return ", ".join(dict.fromkeys(reasons)) or said.strip().splitlines()[-1]


class NssPeer:
    """NSS `cmsutil`. It chooses the cipher of an envelope itself."""

    name = "NSS"
    SIGNS = ("rsa-3072", "p-256", "p-384", "p-521")
    READS = ("rsa-2048", "p-256", "p-384", "p-521")

    def __init__(self, folder: Path) -> None:
        people = {f"alice-{kind}": signer(kind) for kind in self.SIGNS}
        people |= {f"reader-{kind}": reader(kind) for kind in self.READS}
        self.store = Nss(folder, people, others("rsa-2048", "p-256", "p-384"))
        self.version = _nss_version()

    def _run(self, *arguments: str) -> bytes:
        done = self.store.attempt("cmsutil", *arguments)
        if done.returncode:
            raise Refused(_last_words(done.stderr))
        return done.stdout

    def sign(self, content: bytes, how: Signing, *, detached: bool) -> bytes:
        if how.kind not in self.SIGNS or how.pss:
            raise NoWay
        options = ["-N", f"alice-{how.kind}", "-G", "-H", how.digest.upper(), *(["-T"] if detached else [])]
        return self._run("-S", *options, "-i", self.store.write("in", content))

    def verify(self, signed: bytes, how: Signing, content: bytes | None) -> bytes:
        del how
        options = [] if content is None else ["-c", self.store.write("content", content)]
        seen = self._run("-D", "-h", "1", "-i", self.store.write("in", signed), *options)
        head, _, shown = seen.partition(b"type=data; \n")
        status = re.search(rb"status=(\w+)", head)
        if status is None or status[1] != b"GoodSignature":
            raise Refused(status[1].decode() if status else "it sees no signature")
        return shown

    def encrypt(self, content: bytes, how: Way, cipher: str, to: Sequence[Person]) -> bytes:
        if how.kind not in self.READS or not how.plain or cipher != CBC:
            raise NoWay
        return self._run("-E", "-r", ",".join(map(mailbox, to)), "-i", self.store.write("in", content))

    def decrypt(self, enveloped: bytes, how: Way) -> bytes:
        if how.kind not in self.READS:
            raise Refused("it takes no such key")
        return self._run("-D", "-i", self.store.write("in", enveloped))


def _nss_version() -> str:
    library = ctypes.CDLL("libnss3.so")
    library.NSS_GetVersion.restype = ctypes.c_char_p
    return str(library.NSS_GetVersion().decode())


class GpgsmPeer:
    """`gpgsm`. Version 2.2 takes RSA keys only."""

    name = "gpgsm"

    def __init__(self, folder: Path) -> None:
        self.home = Gpgsm(folder, [signer("rsa-3072"), reader("rsa-2048")], others("rsa-2048"))
        self.version = _said("gpgsm", "--version").splitlines()[0].rpartition(" ")[2]

    def _run(self, *arguments: str) -> bytes:
        done = self.home.attempt(*arguments)
        if done.returncode:
            raise Refused(_last_words(done.stderr))
        return done.stdout

    def _output(self, *arguments: str) -> bytes:
        self._run("--output", "out", *arguments)
        return (self.home.folder / "out").read_bytes()

    def sign(self, content: bytes, how: Signing, *, detached: bool) -> bytes:
        if how.kind != "rsa-3072" or how.pss:
            raise NoWay
        act = "--detach-sign" if detached else "--sign"
        user = f"<{mailbox(signer(how.kind))}>"
        return self._output("--digest-algo", how.digest, "-u", user, act, self.home.write("in", content))

    def verify(self, signed: bytes, how: Signing, content: bytes | None) -> bytes:
        del how
        if content is not None:
            self._run("--verify", self.home.write("in", signed), self.home.write("content", content))
            return content
        return self._output("--verify", self.home.write("in", signed))

    def encrypt(self, content: bytes, how: Way, cipher: str, to: Sequence[Person]) -> bytes:
        if how.kind != "rsa-2048" or not how.plain or cipher != CBC:
            raise NoWay
        people = [argument for person in to for argument in ("-r", f"<{mailbox(person)}>")]
        return self._output("--cipher-algo", "AES256", *people, "--encrypt", self.home.write("in", content))

    def decrypt(self, enveloped: bytes, how: Way) -> bytes:
        if how.kind != "rsa-2048":
            raise Refused("it takes no such key")
        done = self.home.attempt("--decrypt", self.home.write("in", enveloped))
        if not done.stdout:  # its exit status is about the other recipients, too, whom it does not know
            raise Refused(_last_words(done.stderr))
        return done.stdout

    def close(self) -> None:
        """Ends its agent."""
        self.home.stop()


def _last_words(said: bytes) -> str:
    """The last line of a program's complaint, without its own name."""
    lines = [line for line in said.decode(errors="replace").splitlines() if line.strip()]
    return re.sub(r"^\w+: (problem \w+: )?", "", lines[-1]) if lines else "it says nothing"


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


def others(*kinds: str) -> list[Person]:
    """Whom a program has to know to encrypt to a crowd."""
    return [someone for kind in kinds for someone in crowd(kind, CROWD)[:-1]]
