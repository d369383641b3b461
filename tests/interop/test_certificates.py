"""NSS and gpgsm on certificates and lists as templates make them. (OpenSSL: tests/pki/test_interop_openssl.py.)"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from pki.crl import Reason, RevokedEntry
from tests.pki.conftest import AT, DAY, Forest, contoso

__all__ = ["contoso"]


def run(folder: Path, *command: str, home: bool = False) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "GNUPGHOME": str(folder)} if home else None
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False, timeout=60)


def write(folder: Path, name: str, content: bytes) -> str:
    (folder / name).write_bytes(content)
    return name


@pytest.mark.nss
@pytest.mark.skipif(shutil.which("certutil") is None, reason="NSS tools are not installed")
def test_nss_believes_a_person_until_the_list_names_them(tmp_path: Path, contoso: Forest) -> None:
    alice = contoso.person("alice@contoso.example")
    run(tmp_path, "certutil", "-N", "--empty-password", "-d", "sql:.")
    for name, trust, certificate in (
        ("root", "C,C,C", contoso.root.certificate),
        ("issuing", ",,", contoso.issuing.certificate),
        ("alice", ",,", alice.certificate),
    ):
        write(tmp_path, name, certificate.public_bytes(Encoding.DER))
        added = run(tmp_path, "certutil", "-A", "-n", name, "-t", trust, "-i", name, "-d", "sql:.")
        assert added.returncode == 0, added.stderr
    judge = ("certutil", "-V", "-n", "alice", "-u", "S", "-b", f"{AT:%y%m%d%H%M%SZ}", "-d", "sql:.")
    believed = run(tmp_path, *judge)
    assert believed.returncode == 0, believed.stderr
    entry = RevokedEntry(alice.certificate.serial_number, AT - DAY, Reason.SUPERSEDED)
    write(tmp_path, "list", contoso.person_list(entry).der)
    taken = run(tmp_path, "crlutil", "-I", "-i", "list", "-d", "sql:.", "-B")
    assert taken.returncode == 0, taken.stderr
    assert b"has been revoked" in run(tmp_path, *judge).stdout


@pytest.mark.gpgsm
@pytest.mark.skipif(shutil.which("gpgsm") is None, reason="gpgsm is not installed")
@pytest.mark.parametrize("ignoring", [False, True])
def test_gpgsm_believes_a_person_only_when_told_to_pass_over_name_constraints(
    tmp_path: Path, contoso: Forest, ignoring: bool
) -> None:
    tmp_path.chmod(0o700)
    alice = contoso.person("alice@contoso.example")
    conf = "disable-crl-checks\ndisable-policy-checks\nno-common-certs-import\n"
    write(tmp_path, "gpgsm.conf", (conf + "ignore-cert-extension 2.5.29.30\n" * ignoring).encode())
    fingerprint = contoso.root.certificate.fingerprint(hashes.SHA1()).hex()  # noqa: S303  GnuPG's own format
    write(tmp_path, "trustlist.txt", f"{fingerprint} S relax\n".encode())
    gpgsm = ("gpgsm", "--batch", "--faked-system-time", f"{AT:%Y%m%dT%H%M%S}")
    try:
        for name, signer in (("root", contoso.root), ("issuing", contoso.issuing), ("alice", alice)):
            write(tmp_path, name, signer.certificate.public_bytes(Encoding.DER))
            run(tmp_path, *gpgsm, "--import", name, home=True)
        shown = run(tmp_path, *gpgsm, "--with-validation", "--list-keys", "alice@contoso.example", home=True)
    finally:
        run(tmp_path, "gpgconf", "--kill", "all", home=True)
    assert (b"certificate is good" in shown.stdout) is ignoring, shown.stdout + shown.stderr
