"""A ceremony from the first wish to a letter's path, with the commands alone; OpenSSL verifies what came of it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from pki.crl import Crl
from tenants.models import CrossCertificate, Generation
from tenants.public import current_list, publications
from tenants.scoping import tenant_scope
from tests.cast import Cast, Forest, work
from tests.ceremonies import generations, root_of
from tests.journeys.openssl import must, openssl

PROJECT = Path(__file__).resolve().parents[2]


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)


def play(forest: Forest, folder: Path) -> None:
    """Export, sign on the offline machine, import."""
    (folder / "root.pem").write_bytes(pem(root_of(forest).certificate))
    call_command("ceremony", "export", forest.tenant.name, "--to", str(folder))
    (order,) = folder.glob("order-*.json")
    signed = subprocess.run(
        [sys.executable, "-m", "pki", "sign", str(order), "--key", str(forest.founded.root_key_file),
         "--certificate", "root.pem", "--out", "result.json", "--no-passphrase"],
        cwd=folder, input="yes\n", capture_output=True, text=True, check=False, timeout=120,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )  # fmt: skip
    assert signed.returncode == 0, signed.stderr
    call_command("ceremony", "import", str(folder / "result.json"))
    work()


def test_openssl_verifies_a_path_through_a_policy_authority_with_every_list(
    cast: Cast, tmp_path: Path
) -> None:
    forest = cast.contoso
    (first,) = generations(forest, "Issuing")
    root, domain = root_of(forest).authority.name, ("--domain", forest.domain)
    call_command(
        "ceremony",
        "new-authority",
        forest.tenant.name,
        "Policy",
        "--under",
        root,
        "--path-length",
        "1",
        *domain,
    )
    call_command("ceremony", "new-generation", forest.tenant.name, first.authority.name)
    work()
    play(forest, tmp_path)
    (policy,) = generations(forest, "Policy")
    call_command("ceremony", "new-authority", forest.tenant.name, "Branch", "--under", "Policy", *domain)
    work()
    (branch,) = generations(forest, "Branch")
    second = generations(forest, "Issuing")[1]

    lists = [current_list(forest.tenant.id, one.id) for one in (root_of(forest), policy, branch)]
    (tmp_path / "lists.pem").write_bytes(
        b"".join(x509.load_der_x509_crl(one.der).public_bytes(Encoding.PEM) for one in lists if one)
    )
    assert all(lists)
    (tmp_path / "policy.pem").write_bytes(pem(policy.certificate))
    (tmp_path / "branch.pem").write_bytes(pem(branch.certificate))
    (tmp_path / "second.pem").write_bytes(pem(second.certificate))
    checks = (
        "-x509_strict",
        "-CAfile",
        "root.pem",
        "-CRLfile",
        "lists.pem",
        "-crl_check_all",
        "-extended_crl",
    )
    must(tmp_path, "verify", *checks, "-untrusted", "policy.pem", "branch.pem")
    must(tmp_path, "verify", *checks, "second.pem")
    assert openssl(tmp_path, "verify", *checks, "branch.pem").returncode != 0, (
        "not without the policy authority"
    )


def test_a_cross_certificate_and_a_revoked_authority(cast: Cast, tmp_path: Path) -> None:
    forest, other = cast.contoso, cast.northwind
    name, root = forest.tenant.name, root_of(forest).authority.name
    (tmp_path / "other.pem").write_bytes(pem(root_of(other).certificate))
    call_command(
        "ceremony", "cross", name, root, "--root", str(tmp_path / "other.pem"), "--domain", other.domain
    )
    (issuing,) = generations(forest, "Issuing")
    call_command("ceremony", "revoke", name, issuing.authority.name, "--reason", "superseded")
    time.sleep(1.1)  # a list states whole seconds, and the order's entries end with its own
    play(forest, tmp_path)
    with tenant_scope(forest.tenant):
        crossed = CrossCertificate.objects.get()
    crossed.certificate.verify_directly_issued_by(root_of(forest).certificate)
    assert crossed.certificate.public_key() == root_of(other).certificate.public_key()
    assert bytes(crossed.der) in [der for der, _ in publications(forest.tenant.id).issuers]
    (tmp_path / "crossed.pem").write_bytes(pem(crossed.certificate))
    (theirs,) = generations(other, "Issuing")
    (tmp_path / "theirs.pem").write_bytes(pem(theirs.certificate))
    must(tmp_path, "verify", "-x509_strict", "-CAfile", "root.pem", "-untrusted", "crossed.pem", "theirs.pem")
    served = current_list(forest.tenant.id, root_of(forest).id)
    assert served is not None
    assert Crl.parse(served.der).find(int(issuing.serial_number, 16)) is not None


def test_the_roots_key_is_nowhere_but_in_its_file(cast: Cast, tmp_path: Path) -> None:
    forest = cast.contoso
    play(forest, tmp_path)
    file = forest.founded.root_key_file
    key = load_pem_private_key(file.read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    scalar = key.private_numbers().private_value.to_bytes(48, "big")
    text = file.read_text().splitlines()[1]  # the first line of base64 is the header of every such key
    forms = {
        "scalar": scalar,
        "hexadecimal": scalar.hex().encode(),
        "pkcs8": key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
        "pem": file.read_text().splitlines()[2].encode(),
    }
    assert len(text) == 64
    assert scalar in forms["pkcs8"]
    places = {"database": dump()}
    for one in (Path(settings.PKIPORTAL_HOME), tmp_path):
        places |= {str(path): path.read_bytes() for path in one.rglob("*") if path.is_file() and path != file}
    found = [(place, name) for place, data in places.items() for name, form in forms.items() if form in data]
    assert found == []
    assert any(forms["pem"] in data for data in [file.read_bytes()]), "the search would find it"
    with tenant_scope(forest.tenant):
        public = bytes(Generation.objects.get(authority__kind="root").der)
    assert public[-8:].hex().encode() in places["database"].lower() or public[-8:] in places["database"]


def dump() -> bytes:
    """Everything in the database: SQLite's file with its log, or what pg_dump writes."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            (_, _, file), *_ = cursor.execute("PRAGMA database_list").fetchall()
        if file:
            return Path(file).read_bytes()
        return b"".join(line.encode() for line in connection.connection.iterdump())
    values = connection.settings_dict
    done = subprocess.run(
        ["pg_dump", "-h", values["HOST"], "-p", str(values["PORT"] or 5432), "-U", "postgres", values["NAME"]],
        capture_output=True, check=True, timeout=300,
    )  # fmt: skip
    return done.stdout
