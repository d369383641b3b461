"""Revocation lists: signing them and looking one serial number up, beside the octets alone and other programs.

    python -m benchmarks lists

The other programs are slow enough to be asked at 100 000 entries only; a million is measured against the limit.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from benchmarks.measuring import LIMIT, OURS, Row, Work, contest
from pki import crl
from pki.entries import Reason, RevokedEntry
from pki.signer import Signer
from tenants import clock
from tests.tenants.outside import Authority

SMALL, LARGE = 100_000, 1_000_000
LOOK_UPS = 1000


class Desk:
    """An authority and so many revoked serial numbers."""

    def __init__(self, folder: Path, count: int) -> None:
        self.folder, self.authority = folder, Authority.root("Benchmark Root")
        self.at = clock.now().replace(microsecond=0)
        revoked_at = self.at - timedelta(days=1)
        self.serials = [secrets.randbits(150) | 1 << 150 for _ in range(count)]
        self.entries = [RevokedEntry(s, revoked_at, Reason.SUPERSEDED).to_der() for s in self.serials]
        self.list = self.build()

    def build(self) -> bytes:
        """The list from entries that were encoded when they were revoked."""
        return crl.build(
            issuer=Signer(self.authority.key, self.authority.certificate),
            number=7,
            this_update=self.at,
            next_update=self.at + timedelta(days=7),
            entries=self.entries,
        )

    def limit(self) -> None:
        """Read as many octets, hash them, sign once, write them."""
        digest = hashlib.sha256(self.list).digest()
        self.authority.key.sign(digest, ec.ECDSA(Prehashed(hashes.SHA256())))
        (self.folder / "limit").write_bytes(self.list)

    def ours(self) -> None:
        (self.folder / "ours").write_bytes(self.build())

    def pyca(self) -> None:
        """pyca's builder, which is handed all entries at once."""
        dated = self.at - timedelta(days=1)
        reason = x509.CRLReason(x509.ReasonFlags.superseded)
        entries = [
            x509.RevokedCertificateBuilder().serial_number(s).revocation_date(dated).add_extension(reason, False).build()
            for s in self.serials
        ]  # fmt: skip
        builder = x509.CertificateRevocationListBuilder(revoked_certificates=entries)
        builder = builder.issuer_name(self.authority.certificate.subject).last_update(self.at)
        made = builder.next_update(self.at + timedelta(days=7)).sign(self.authority.key, hashes.SHA256())
        (self.folder / "pyca").write_bytes(made.public_bytes(Encoding.DER))

    def openssl(self) -> Work | None:
        """`openssl ca -gencrl` over its own database."""
        if shutil.which("openssl") is None:
            return None
        folder, key = self.folder, self.authority.key
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / "ca.pem").write_bytes(pem + self.authority.certificate.public_bytes(Encoding.PEM))
        ends, dated = "301231235959Z", f"{self.at - timedelta(days=1):%y%m%d%H%M%SZ}"
        lines = (
            f"R\t{ends}\t{dated},superseded\t{s:040X}\tunknown\t/CN={n}\n" for n, s in enumerate(self.serials)
        )
        (folder / "index.txt").write_text("".join(lines))
        (folder / "number").write_text("07\n")
        (folder / "ca.cnf").write_text(
            "[ca]\ndefault_ca=a\n[a]\ndatabase=index.txt\ncrlnumber=number\ndefault_md=sha256\n"
            "default_crl_days=7\ncertificate=ca.pem\nprivate_key=ca.pem\ncrl_extensions=e\n"
            "[e]\nauthorityKeyIdentifier=keyid\n"
        )
        command = ["openssl", "ca", "-config", "ca.cnf", "-gencrl", "-out", "openssl.pem"]
        return lambda: subprocess.run(command, cwd=folder, check=True, capture_output=True)


def rows() -> Iterator[Row]:
    """Signing at both sizes, then looking up."""
    for count in (SMALL, LARGE):
        with tempfile.TemporaryDirectory() as name:
            yield from _signing(Path(name), count)


def _signing(folder: Path, count: int) -> Iterator[Row]:
    desk = Desk(folder, count)
    peers: dict[str, Work | None] = {}
    if count == SMALL:
        peers = {"openssl ca -gencrl": desk.openssl(), "pyca builder": desk.pyca}
    contenders: dict[str, Work | None] = {LIMIT: desk.limit, OURS: desk.ours, **peers}
    yield contest(f"sign a list of {count} entries", contenders, rounds=3, goal=2.0)
    yield _looking_up(desk, desk.serials)


def _looking_up(desk: Desk, serials: Sequence[int]) -> Row:
    known = crl.Crl.parse(desk.list)
    other = x509.load_der_x509_crl(desk.list)
    asked = [serials[int.from_bytes(os.urandom(4)) % len(serials)] for _ in range(LOOK_UPS)]

    def ours() -> None:
        assert all(known.find(serial) for serial in asked)

    def pyca() -> None:
        assert all(other.get_revoked_certificate_by_serial_number(serial) for serial in asked[:3])

    row = contest(
        f"look {LOOK_UPS} serial numbers up in it (pyca: 3 of them)", {OURS: ours, "pyca": pyca}, rounds=3
    )
    ours_each, pyca_each = (row.seconds[OURS] or 0) / LOOK_UPS, (row.seconds["pyca"] or 0) / 3
    return Row(
        row.title, row.seconds, notes=(f"each: {ours_each * 1e6:.1f} µs here, {pyca_each * 1e6:.0f} µs pyca",)
    )
