"""Findings: what a check saw, what it means, and who can do what about it.
 A finding is the unit that the reader, the troubleshooter, the API and the command line all show. Its
`code` is stable and machine-readable; `summary` is one sentence for people; `remedy` says what to do and
`owner` who can do it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding weighs: an error decides the verdict, a warning is shown, an info is kept in the
    details.
    """

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """One observation of one check.

    `owner` is one of "you", "sender", "administrator", "operator" or empty. `evidence` holds (label, value)
    pairs, already safe to show: never key material.
    """

    code: str
    severity: Severity
    summary: str
    citation: str = ""
    remedy: str = ""
    owner: str = ""
    evidence: tuple[tuple[str, str], ...] = ()


def info(code: str, summary: str, *, citation: str = "", remedy: str = "", owner: str = "") -> Finding:
    """A finding for the details pane."""
    return Finding(code, Severity.INFO, summary, citation, remedy, owner)


def warning(code: str, summary: str, *, citation: str = "", remedy: str = "", owner: str = "") -> Finding:
    """A finding that is shown but does not decide."""
    return Finding(code, Severity.WARNING, summary, citation, remedy, owner)


def error(code: str, summary: str, *, citation: str = "", remedy: str = "", owner: str = "") -> Finding:
    """A finding that decides the verdict."""
    return Finding(code, Severity.ERROR, summary, citation, remedy, owner)


def as_data(finding: Finding) -> dict[str, str]:
    """The three fields that the command line promises: code, severity, summary."""
    return {"code": finding.code, "severity": finding.severity.value, "summary": finding.summary}
