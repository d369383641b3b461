"""A sample report for every seal and every lock, with the findings and paths that explain them."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from pki.crl import Reason, RevokedEntry
from pki.findings import Finding, Severity
from pki.revocation import Good, Revoked, Undetermined
from pki.trust import TrustAnchor

from .cast import BOB_SIGNING, CHARLIE_SIGNING, EXPIRED, NORTHWIND_ROOT, NOW, certificate, thing

_CURRENT = Good(NOW - timedelta(hours=3), NOW + timedelta(days=7))
_ENTRY = RevokedEntry(7, NOW - timedelta(days=6), Reason.KEY_COMPROMISE)
_ANCHOR = TrustAnchor(
    certificate("Fabrikam Root G1", "Fabrikam Root G1"), ("fabrikam.example",), "Fabrikam Root G1", "Fabrikam"
)
_ISSUING = certificate("Fabrikam Issuing G1", "Fabrikam Root G1")


def path(**changes: Any) -> SimpleNamespace:
    shape = {
        "path": (_ANCHOR.certificate, _ISSUING, BOB_SIGNING),
        "anchor": _ANCHOR,
        "revocation": _CURRENT,
        "findings": (),
        "failing": None,
    }
    return thing(**(shape | changes))


def _signer(**changes: Any) -> SimpleNamespace:
    shape = {
        "name": "Bob Berger",
        "address": "bob@fabrikam.example",
        "organisation": "Fabrikam",
        "certificate": BOB_SIGNING,
        "signing_time": NOW - timedelta(minutes=20),
    }
    return thing(**(shape | changes))


def report(**changes: Any) -> SimpleNamespace:
    """The attributes of `smime.report.SecurityReport` that pages read."""
    shape = {
        "seal": "SIG_OK",
        "encryption": "ENC_OK",
        "signer": _signer(),
        "path": path(),
        "from_address": "bob@fabrikam.example",
        "subject_was_encrypted": True,
        "text": "Alice,\n\nboth sides can live with clause 4 as it stands now.\n\nBob\n",
        "html": None,
        "findings": (),
        "encryption_algorithm": "AES-256-GCM",
    }
    return thing(**(shape | changes))


def _error(code: str, summary: str, remedy: str = "", owner: str = "sender") -> tuple[Finding, ...]:
    return (Finding(code, Severity.ERROR, summary, "RFC 5280 §6.1.4", remedy, owner),)


_NORTHWIND = {
    "signer": _signer(
        name="Charlie Chen", address="charlie@northwind.example", organisation="", certificate=CHARLIE_SIGNING
    ),
    "from_address": "charlie@northwind.example",
}

SEALS: dict[str, SimpleNamespace] = {
    "ok": report(),
    "ok-revoked-since": report(
        path=path(revocation=Good(NOW - timedelta(hours=1), NOW + timedelta(days=7), False, _ENTRY))
    ),
    "stale": report(seal="SIG_OK_REV_STALE"),
    "unknown": report(
        seal="SIG_OK_REV_UNKNOWN",
        path=path(revocation=Undetermined("No current list of Fabrikam Issuing G1 is at hand.", BOB_SIGNING)),
    ),
    "mismatch": report(
        seal="SIG_MISMATCH", signer=_signer(name="Mallory", address="mallory@fabrlkam.example")
    ),
    "time": report(seal="SIG_WARN_TIME", signer=_signer(certificate=EXPIRED, signing_time=NOW)),
    "untrusted": report(
        seal="SIG_UNTRUSTED",
        encryption="NONE",
        path=path(path=(NORTHWIND_ROOT, CHARLIE_SIGNING), anchor=None),
        **_NORTHWIND,
    ),
    "incomplete": report(seal="SIG_INCOMPLETE", path=path(path=(), anchor=None), **_NORTHWIND),
    "weak": report(
        seal="SIG_WEAK",
        findings=_error(
            "weak-algorithm", "The signature uses SHA-1 with RSA-1024", "Others could have made it."
        ),
    ),
    "invalid": report(
        seal="SIG_INVALID",
        path=path(
            failing=NORTHWIND_ROOT,
            findings=_error(
                "name-constraint",
                "not allowed to vouch for fabrikam.example",
                "Its root permits northwind.example only.",
            ),
        ),
        **_NORTHWIND,
    ),
    "revoked": report(seal="SIG_REVOKED", path=path(revocation=Revoked(_ENTRY, BOB_SIGNING))),
    "bad": report(
        seal="SIG_BAD", findings=_error("content-changed", "The text is not the one that was signed.")
    ),
    "none": report(seal="NONE", encryption="NONE", signer=None, path=None),
}

LOCKS: dict[str, SimpleNamespace] = {
    "ok": report(),
    "weak": report(encryption="ENC_WEAK", encryption_algorithm="3DES"),
    "unprotected": report(encryption="ENC_UNPROTECTED", encryption_algorithm="AES-128-CBC"),
    "unsupported": report(encryption="ENC_UNSUPPORTED", encryption_algorithm="Camellia-256-CBC"),
    "locked": report(encryption="ENC_LOCKED", seal="NONE", signer=None, path=None),
    "fail": report(encryption="ENC_FAIL", seal="NONE", signer=None, path=None),
    "none": report(encryption="NONE"),
}
