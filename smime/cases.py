"""Case files of `python -m smime open`: many letters in one JSON list, opened in one process.

A broken case file is refused as a whole before anything is opened. A file that a case names and that cannot be read is
an answer with a finding: one bad letter, key or list never hides the others.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from pki.cases import BrokenCaseFile
from pki.crl import Crl
from pki.errors import PkiError
from pki.findings import Finding, Severity
from pki.formats import read_certificates, read_crls
from pki.pkcs12 import read_pkcs12
from pki.trust import Trust, TrustAnchor

from .decrypt import DecryptionKey
from .open import open_message
from .report import Encryption, Seal, SecurityReport, as_json
from .seal import RevocationMode

_Read = TypeVar("_Read")


@dataclass(frozen=True)
class KeyFile:
    """A PKCS#12 file with its password, which never appears in a representation."""

    path: Path
    password: str = field(repr=False)


@dataclass(frozen=True)
class Case:
    """One letter to open. Paths are absolute, or relative to the folder of the case file."""

    id: str
    message: Path
    at: datetime
    keys: tuple[KeyFile, ...] = ()
    anchors: tuple[Path, ...] = ()
    intermediates: tuple[Path, ...] = ()
    crls: tuple[Path, ...] = ()
    revocation: RevocationMode = "required"


def read_cases(path: Path) -> list[Case]:
    """Reads and checks a case file. Raises `BrokenCaseFile`, which names the case and the field."""
    try:
        data = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as broken:
        raise BrokenCaseFile(f"{path}: {broken}") from None
    if not isinstance(data, list):
        raise BrokenCaseFile(f"{path}: a case file holds a list of cases")
    return [_read_case(entry, index, path.parent) for index, entry in enumerate(data)]


def answer(case: Case) -> dict[str, Any]:
    """The answer of the command line to one case."""
    return {"id": case.id, **as_json(open_case(case))}


def open_case(case: Case) -> SecurityReport:
    """Opens the letter of a case with what of its files can be read; the rest is said in findings."""
    desk = Desk()
    raw = desk.read(case.message, bytes)
    keys = desk.keys(case.keys)
    trust = Trust(
        tuple(TrustAnchor(certificate) for certificate in desk.read_all(case.anchors, read_certificates)),
        tuple(desk.read_all(case.intermediates, read_certificates)),
        tuple[Crl, ...](desk.read_all(case.crls, read_crls)),
    )
    if raw is None:
        return SecurityReport(Seal.NONE, Encryption.NONE, findings=tuple(desk.findings))
    report = open_message(raw, keys=keys, trust=trust, at=case.at, revocation=case.revocation)
    return replace(report, findings=(*desk.findings, *report.findings))


@dataclass
class Desk:
    """Reads files and keeps a finding for each that cannot be read."""

    findings: list[Finding] = field(default_factory=list)

    def read(self, path: Path, interpret: Callable[[bytes], _Read]) -> _Read | None:
        """What `interpret` makes of the file, or None with a finding."""
        try:
            return interpret(path.read_bytes())
        except OSError as refused:
            self.findings.append(_unreadable(path, refused.strerror or "it cannot be read"))
        except PkiError as refused:
            self.findings.append(refused.finding)
        return None

    def read_all(self, paths: Iterable[Path], interpret: Callable[[bytes], Sequence[_Read]]) -> list[_Read]:
        """Everything in all files that can be read."""
        return [entry for path in paths for entry in self.read(path, interpret) or ()]

    def keys(self, files: Iterable[KeyFile]) -> list[DecryptionKey]:
        """Every key of every PKCS#12 file that opens."""
        found: list[DecryptionKey] = []
        for file in files:
            bundle = self.read(file.path, lambda data, file=file: read_pkcs12(data, file.password))  # type: ignore[misc]
            for identity in bundle.identities if bundle else ():
                found.append(DecryptionKey(identity.private_key, identity.certificate))
        return found


def _unreadable(path: Path, why: str) -> Finding:
    return Finding(
        "file-unreadable",
        Severity.ERROR,
        f"The file {path.name} could not be read ({why}), so it was left out.",
        remedy="Check the name and the rights of the file.",
        owner="you",
    )


def _read_case(entry: object, index: int, folder: Path) -> Case:
    if not isinstance(entry, dict):
        raise BrokenCaseFile(f"case {index}: not an object")
    where = f"case {entry.get('id', index)!r}"
    revocation = entry.get("revocation", "required")
    if revocation not in ("required", "ignored"):
        raise BrokenCaseFile(f"{where}: “revocation” must be required or ignored")
    return Case(
        id=_text(entry, "id", where),
        message=folder / _text(entry, "message", where),
        at=_moment(entry, where),
        keys=tuple(_key_file(key, where, folder) for key in _list(entry, "keys", where)),
        anchors=_paths(entry, "anchors", where, folder),
        intermediates=_paths(entry, "intermediates", where, folder),
        crls=_paths(entry, "crls", where, folder),
        revocation=revocation,
    )


def _text(entry: dict[str, Any], name: str, where: str) -> str:
    value = entry.get(name)
    if not isinstance(value, str) or not value or "\0" in value:
        raise BrokenCaseFile(f"{where}: “{name}” must be a text")
    return value


def _list(entry: dict[str, Any], name: str, where: str) -> list[Any]:
    value = entry.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise BrokenCaseFile(f"{where}: “{name}” must be a list")
    return value


def _paths(entry: dict[str, Any], name: str, where: str, folder: Path) -> tuple[Path, ...]:
    values = _list(entry, name, where)
    return tuple(folder / _text({name: value}, name, where) for value in values)


def _key_file(entry: object, where: str, folder: Path) -> KeyFile:
    if not isinstance(entry, dict):
        raise BrokenCaseFile(f"{where}: a key must be an object with “file” and “password”")
    password = entry.get("password", "")
    if not isinstance(password, str):
        raise BrokenCaseFile(f"{where}: “password” must be a text")
    return KeyFile(folder / _text(entry, "file", where), password)


def _moment(entry: dict[str, Any], where: str) -> datetime:
    try:
        moment = datetime.fromisoformat(_text(entry, "at", where))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise BrokenCaseFile(f"{where}: “at” must be a moment in ISO 8601") from None
