"""The offline desk: a process that has this package and pyca, and nothing else."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cryptography
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

import pki
from pki import certificates, keys
from pki.ceremony import check_result
from pki.keys import KeyType
from pki.orders import ListItem, Order, read_result, write_order

PASSPHRASE = "an old oak leans over the mill"


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder with nothing to import but `pki` and pyca (with the C library that it stands on)."""
    site = Path(cryptography.__file__).parents[1]
    library = tmp_path / "library"
    library.mkdir()
    (library / "pki").symlink_to(Path(pki.__file__).parent)
    for name in ("cryptography", "cffi", "pycparser", *(path.name for path in site.glob("_cffi_backend*"))):
        (library / name).symlink_to(site / name)
    (tmp_path / "passphrase").write_text(PASSPHRASE + "\n")
    return tmp_path


def run(desk: Path, *arguments: str, said: str = "") -> subprocess.CompletedProcess[str]:
    """`python -m pki …` without any site-packages."""
    return subprocess.run(
        [sys.executable, "-S", "-m", "pki", *arguments],
        cwd=desk, input=said, capture_output=True, text=True, check=False, timeout=120,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(desk / "library")},
    )  # fmt: skip


def root_of(desk: Path) -> x509.Certificate:
    made = run(
        desk, "new-root", "--name", "Contoso Root G2", "--organization", "Contoso", "--key", "root.key",
        "--out", "root.pem", "--passphrase-file", "passphrase",
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    return x509.load_pem_x509_certificate((desk / "root.pem").read_bytes())


def order_for(desk: Path, root: x509.Certificate) -> tuple[Order, bytes]:
    now = datetime.now(UTC).replace(microsecond=0)
    ends = now + timedelta(days=90)
    order = Order(
        "c" * 32, "Contoso", now, now + timedelta(days=14), root, (ListItem("b" * 32, 1, now, ends, ()),)
    )
    data = write_order(order)
    (desk / "order.json").write_bytes(data)
    return order, hashlib.sha256(data).digest()


SIGN = (
    "sign",
    "order.json",
    "--key",
    "root.key",
    "--certificate",
    "root.pem",
    "--passphrase-file",
    "passphrase",
)


def test_an_order_is_shown_confirmed_and_signed(desk: Path) -> None:
    order, sha256 = order_for(desk, root_of(desk))
    done = run(desk, *SIGN, "--out", "result.json", said="yes\n")
    assert done.returncode == 0, done.stderr
    assert "Sign revocation list number 1" in done.stdout
    assert sha256.hex() in done.stdout
    check_result(order, sha256, read_result((desk / "result.json").read_bytes()))
    again = run(desk, *SIGN, "--out", "result.json", "--yes")
    assert again.returncode == 1
    assert "exists" in again.stderr


def test_without_a_yes_nothing_is_signed(desk: Path) -> None:
    order_for(desk, root_of(desk))
    done = run(desk, *SIGN, "--out", "result.json", said="y\n")
    assert done.returncode == 1
    assert "Nothing was signed" in done.stdout
    assert not (desk / "result.json").exists()


def test_a_wrong_passphrase_and_a_wrong_key_are_said_in_a_sentence(desk: Path) -> None:
    order_for(desk, root_of(desk))
    (desk / "passphrase").write_text("wrong\n")
    done = run(desk, *SIGN, "--out", "result.json", "--yes")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "cannot be opened" in done.stderr
    run(
        desk, "new-request", "--name", "Other", "--organization", "Contoso", "--key", "other.key", "--out", "other.csr",
        "--passphrase-file", "passphrase",
    )  # fmt: skip
    other = tuple("other.key" if part == "root.key" else part for part in SIGN)
    done = run(desk, *other, "--out", "result.json", "--yes")
    assert done.returncode == 1
    assert "does not belong" in done.stderr
    assert not (desk / "result.json").exists()


def test_the_key_file_is_encrypted_and_for_its_owner_only(desk: Path) -> None:
    root_of(desk)
    assert (desk / "root.key").stat().st_mode & 0o777 == 0o600
    assert b"ENCRYPTED" in (desk / "root.key").read_bytes()
    key = load_pem_private_key((desk / "root.key").read_bytes(), PASSPHRASE.encode())
    assert keys.key_type(key.public_key()) is KeyType.P384
    assert run(
        desk, "new-root", "--name", "X", "--organization", "X", "--key", "root.key", "--out", "x.pem",
        "--passphrase-file", "passphrase",
    ).returncode == 1  # fmt: skip


def test_a_certificate_of_the_same_key_but_other_octets_is_not_the_signer(desk: Path) -> None:
    """The operator's own copy decides, not the one that came with the order."""
    root = root_of(desk)
    order_for(desk, root)
    key = load_pem_private_key((desk / "root.key").read_bytes(), PASSPHRASE.encode())
    other = certificates.issue_root(
        private_key=key, common_name="Contoso Root G2", organization="Contoso", at=datetime.now(UTC)  # type: ignore[arg-type]
    )  # fmt: skip
    (desk / "root.pem").write_bytes(other.public_bytes(Encoding.PEM))
    done = run(desk, *SIGN, "--out", "result.json", "--yes")
    assert done.returncode == 1
    assert "not for the authority whose certificate was given" in done.stderr
