"""Published lists and issuer certificates as files, for a proxy that serves them without this program.

Each is written beside its place, synced and renamed over it (security: rule 23), under a lock, and never by an older one:
whoever reads at any moment gets a whole list, and none older than the one before.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from pki.crl import Crl
from pki.errors import PkiError


def list_file(tenant_id: uuid.UUID, generation_id: uuid.UUID, shard: int = 0) -> Path | None:
    """Where the newest list of a shard lies: the path of its address under PUBLISH_FOLDER. None: no folder is set."""
    number = f"-{shard}" if shard else ""
    return _file(tenant_id, f"{generation_id.hex}{number}.crl")


def issuer_file(tenant_id: uuid.UUID, generation_id: uuid.UUID) -> Path | None:
    """Where the certificate of a generation lies. None: no folder is set."""
    return _file(tenant_id, f"{generation_id.hex}.cer")


def _file(tenant_id: uuid.UUID, name: str) -> Path | None:
    return Path(settings.PUBLISH_FOLDER) / "pki" / tenant_id.hex / name if settings.PUBLISH_FOLDER else None


def read(file: Path | None) -> bytes | None:
    """The octets, or None where there is no such file. Raises OSError."""
    if file is None:
        return None
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None


def write_list(file: Path, crl: Crl) -> bool:
    """Put a list in its place unless a newer one is there; whether it was put. Raises OSError; then the old one stays."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
    with _locked(file):
        if not _is_newer(crl, read(file)):
            return False
        _replace(file, crl.der)
    return True


def write_issuer(file: Path, der: bytes) -> None:
    """Put a certificate in its place. Raises OSError."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
    if read(file) != der:
        _replace(file, der)


def _is_newer(crl: Crl, held: bytes | None) -> bool:
    if held is None:
        return True
    try:
        return (crl.number or 0) > (Crl.parse(held).number or 0)
    except PkiError:
        return True  # whatever lies there is no list


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    descriptor = os.open(file.with_name(f".{file.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _replace(file: Path, content: bytes) -> None:
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(descriptor, "wb") as temporary:
            temporary.write(content)
            temporary.flush()
            os.fchmod(temporary.fileno(), 0o644)
            os.fsync(temporary.fileno())
        os.replace(name, file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
