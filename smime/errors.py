"""Errors of the S/MIME layer; each carries the finding that explains it to a person.

None of these says anything about a private key or about why a decryption failed: they are raised for the
outer structure of a message (RFC 5652), which anyone who holds the message can see.
"""

from __future__ import annotations

from pki.findings import Finding, Severity


class SmimeError(Exception):
    """Base of all errors here. `finding` has the summary, the citation, the remedy and its owner."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.summary)
        self.finding = finding


class Malformed(SmimeError):
    """The bytes do not follow the grammar of CMS or of its encoding rules."""

    def __init__(self, detail: str, *, code: str = "cms-malformed", citation: str = "RFC 5652") -> None:
        super().__init__(
            Finding(
                code=code,
                severity=Severity.ERROR,
                summary=f"The secured part of this letter is damaged: {detail}. It cannot be opened or verified.",
                citation=citation,
                remedy="Ask the sender to send the letter again; the original file can still be downloaded.",
                owner="sender",
            )
        )


class Unsupported(SmimeError):
    """Well-formed, but of a kind or an algorithm that is not known here. The kind is named."""

    def __init__(self, what: str, *, code: str = "cms-unsupported", citation: str = "RFC 5652") -> None:
        super().__init__(
            Finding(
                code=code,
                severity=Severity.ERROR,
                summary=f"This letter uses a method that is not supported here: {what}.",
                citation=citation,
                remedy="Download the original file and open it in another program, or ask the sender to use "
                "a current method (AES for encryption, RSA or ECDSA with SHA-256 for signing).",
                owner="sender",
                evidence=(("method", what),),
            )
        )


class OverBudget(SmimeError):
    """Larger or deeper than any honest message: refused before any costly work is done."""

    def __init__(self, what: str, limit: int) -> None:
        super().__init__(
            Finding(
                code="over-budget",
                severity=Severity.ERROR,
                summary=f"This letter is built beyond a safety limit ({what}: at most {limit}), "
                "so it was not opened.",
                remedy="The original file can still be downloaded; ask the sender for a simpler letter.",
                owner="sender",
                evidence=(("limit", what), ("allowed", str(limit))),
            )
        )


class RefusedComposition(SmimeError):
    """A message that must not be written: unusable recipient, missing signer, unsuitable key."""

    def __init__(
        self, summary: str, *, code: str, citation: str = "", remedy: str = "", owner: str = "you"
    ) -> None:
        super().__init__(
            Finding(
                code=code,
                severity=Severity.ERROR,
                summary=summary,
                citation=citation,
                remedy=remedy,
                owner=owner,
            )
        )
