"""Refusals of the use cases: each carries the finding that a person is shown."""

from __future__ import annotations

from pki.findings import Finding, error


class Refused(Exception):
    """A use case will not do what was asked; `finding` says why, what it means and who can change it."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.summary)
        self.finding = finding


def refuse(code: str, summary: str, *, remedy: str = "", owner: str = "you") -> Refused:
    """The refusal to raise: `raise refuse("pin-too-short", "…", remedy="…")`."""
    return Refused(error(code, summary, remedy=remedy, owner=owner))
