"""Asking for a judgement in one line."""

from __future__ import annotations

from typing import Any

from cryptography import x509

from pki.path import PathResult, validate
from pki.signer import Signer
from pki.trust import Trust
from tests.pki.conftest import AT


def judge(leaf: Signer | x509.Certificate, trust: Trust, **options: Any) -> PathResult:
    certificate = leaf.certificate if isinstance(leaf, Signer) else leaf
    return validate(leaf=certificate, trust=trust, at=options.pop("at", AT), **options)


def codes(result: PathResult) -> list[str]:
    return [finding.code for finding in result.findings if finding.severity == "error"]
