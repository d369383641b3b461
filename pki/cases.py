"""Case files of `python -m pki validate`: many path validations in one JSON list.

A broken case file is refused as a whole before anything is judged; a certificate file that does not parse
is an answer ("invalid"), because that is what it would be anywhere else.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography import x509

from .crl import Crl
from .errors import MalformedInput
from .findings import Finding, as_data
from .formats import read_certificates, read_crls
from .oid import ANY_POLICY
from .path import PolicyInputs, validate
from .trust import Trust, TrustAnchor
from .verdicts import Verdict


class BrokenCaseFile(Exception):
    """The case file is not what §8 of the design describes; the message says where."""


@dataclass(frozen=True)
class Case:
    """One validation to do; paths are resolved against the case file's folder."""

    id: str
    leaf: Path
    intermediates: tuple[Path, ...]
    anchors: tuple[Path, ...]
    crls: tuple[Path, ...]
    at: datetime
    purpose: str
    address: str | None
    revocation: str
    policies: PolicyInputs


def read_cases(path: Path) -> list[Case]:
    """Read and check a case file. Raises `BrokenCaseFile`."""
    try:
        data = json.loads(path.read_bytes())
    except (OSError, ValueError) as broken:
        raise BrokenCaseFile(f"{path}: {broken}") from None
    if not isinstance(data, list):
        raise BrokenCaseFile(f"{path}: a case file holds a list of cases")
    return [_read_case(entry, index, path.parent) for index, entry in enumerate(data)]


def judge(case: Case) -> dict[str, Any]:
    """The answer to a case: id, verdict and findings."""
    crls, unread = _lists(case.crls)
    try:
        leaf = _certificates([case.leaf])[0]
        trust = Trust(
            tuple(TrustAnchor(certificate) for certificate in _certificates(case.anchors)),
            tuple(_certificates(case.intermediates)),
            tuple(crls),
        )
    except MalformedInput as refused:
        return _answer(case, Verdict.INVALID, [refused.finding])
    result = validate(
        leaf=leaf,
        trust=trust,
        at=case.at,
        purpose="any" if case.purpose == "any" else "email",
        address=case.address,
        revocation="ignored" if case.revocation == "ignored" else "required",
        policies=case.policies,
    )
    return _answer(case, result.verdict, (*result.findings, *unread))


def _answer(case: Case, verdict: Verdict, findings: Iterable[Finding]) -> dict[str, Any]:
    return {
        "id": case.id,
        "verdict": verdict.value,
        "findings": [as_data(finding) for finding in findings],
    }


def _certificates(files: Iterable[Path]) -> list[x509.Certificate]:
    return [certificate for file in files for certificate in read_certificates(file.read_bytes())]


def _lists(files: Iterable[Path]) -> tuple[list[Crl], list[Finding]]:
    """The lists that can be read; one that cannot is as good as absent, and said so."""
    crls: list[Crl] = []
    findings: list[Finding] = []
    for file in files:
        try:
            crls += read_crls(file.read_bytes())
        except MalformedInput as refused:
            findings.append(refused.finding)
    return crls, findings


def _read_case(entry: object, index: int, folder: Path) -> Case:
    if not isinstance(entry, dict):
        raise BrokenCaseFile(f"case {index}: not an object")
    fields = _Fields(entry, f"case {entry.get('id', index)!r}", folder)
    return Case(
        id=fields.text("id"),
        leaf=fields.file("leaf"),
        intermediates=fields.files("intermediates"),
        anchors=fields.files("anchors"),
        crls=fields.files("crls"),
        at=fields.moment("at"),
        purpose=fields.choice("purpose", ("email", "any"), "email"),
        address=fields.optional_text("email"),
        revocation=fields.choice("revocation", ("required", "ignored"), "required"),
        policies=PolicyInputs(
            policies=fields.texts("policies") or (ANY_POLICY,),
            explicit_policy=fields.flag("explicit_policy"),
            inhibit_mapping=fields.flag("inhibit_mapping"),
            inhibit_any=fields.flag("inhibit_any"),
        ),
    )


@dataclass(frozen=True)
class _Fields:
    """Typed access to a case; every failure names the case and the field."""

    data: dict[str, Any]
    where: str
    folder: Path

    def _fail(self, name: str, expected: str) -> BrokenCaseFile:
        return BrokenCaseFile(f"{self.where}: “{name}” must be {expected}")

    def text(self, name: str) -> str:
        value = self.data.get(name)
        if not isinstance(value, str) or not value:
            raise self._fail(name, "a text")
        return value

    def optional_text(self, name: str) -> str | None:
        return None if self.data.get(name) is None else self.text(name)

    def texts(self, name: str) -> tuple[str, ...]:
        values = self.data.get(name) or []
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            raise self._fail(name, "a list of texts")
        return tuple(values)

    def file(self, name: str) -> Path:
        return self._existing(name, self.text(name))

    def files(self, name: str) -> tuple[Path, ...]:
        return tuple(self._existing(name, value) for value in self.texts(name))

    def _existing(self, name: str, value: str) -> Path:
        path = self.folder / value
        if not path.is_file():
            raise self._fail(name, f"an existing file ({value} is none)")
        return path

    def moment(self, name: str) -> datetime:
        try:
            moment = datetime.fromisoformat(self.text(name))
        except ValueError:
            raise self._fail(name, "a moment in ISO 8601") from None
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

    def choice(self, name: str, allowed: tuple[str, ...], default: str) -> str:
        value = self.data.get(name, default)
        if value not in allowed:
            raise self._fail(name, " or ".join(allowed))
        return str(value)

    def flag(self, name: str) -> bool:
        value = self.data.get(name, False)
        if not isinstance(value, bool):
            raise self._fail(name, "true or false")
        return value
