"""Refusals of the `pki` layer. Each carries the `Finding` that a person is shown."""

from __future__ import annotations

from .findings import Finding


class PkiError(Exception):
    """Base of all refusals; `finding` says what happened, what it means and what to do."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.summary)
        self.finding = finding


class MalformedInput(PkiError):
    """The bytes are not what they claim to be, or exceed a budget."""


class RefusedRequest(PkiError):
    """A certificate was asked for that this authority may not or will not issue."""


class LintRefusal(PkiError):
    """What was about to be signed breaks a rule; nothing was signed. `findings` lists every broken rule."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__(findings[0])
        self.findings = findings


class CrlRefusal(PkiError):
    """A revocation list must not be published or used."""


class WrongPassword(PkiError):
    """A protected file did not open with the given password."""
