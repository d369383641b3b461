"""Revocation lists inside a letter: the last resort, never the full seal (RFC 8550 §4.1), on NIST's letters."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import cryptography_vectors

from pki.findings import Severity
from pki.formats import read_certificates, read_crls
from pki.trust import Trust, TrustAnchor
from smime.open import open_message
from smime.report import Seal, SecurityReport
from tests.smime.letters import codes

DATA = Path(cryptography_vectors.__file__).parent / "x509" / "PKITS_data"
GOOD = "SignedValidRFC822nameConstraintsTest21.eml"
REVOKED = "SignedInvalidRevokedEETest3.eml"


def opened(letter: str, *lists: str, revocation: str = "required") -> SecurityReport:
    anchor = read_certificates((DATA / "certs" / "TrustAnchorRootCertificate.crt").read_bytes())[0]
    crls = [crl for name in lists for crl in read_crls((DATA / "crls" / name).read_bytes())]
    return open_message(
        (DATA / "smime" / letter).read_bytes(),
        trust=Trust((TrustAnchor(anchor),), (), tuple(crls)),
        at=datetime(2011, 4, 15, tzinfo=UTC),
        revocation=revocation,  # type: ignore[arg-type]
    )


def test_a_list_that_came_with_the_letter_gives_an_aged_seal_and_says_so() -> None:
    report = opened(GOOD)
    assert report.seal is Seal.REV_STALE
    assert len(report.crls) == 2
    finding = next(finding for finding in report.findings if finding.code == "list-from-letter")
    assert (finding.severity, finding.owner) == (Severity.WARNING, "you")
    assert finding.remedy


def test_the_issuers_own_lists_give_the_full_seal_and_leave_the_enclosed_ones_aside() -> None:
    report = opened(GOOD, "TrustAnchorRootCRL.crl", "nameConstraintsRFC822CA1CRL.crl")
    assert report.seal is Seal.OK
    assert "list-from-letter" not in codes(report)


def test_an_enclosed_list_that_revokes_is_believed() -> None:
    assert opened(REVOKED).seal is Seal.REVOKED


def test_ignored_revocation_looks_into_no_list() -> None:
    assert opened(GOOD, revocation="ignored").seal is Seal.OK
