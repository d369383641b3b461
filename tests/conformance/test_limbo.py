"""x509-limbo's RFC 5280 families through the command line, for purpose "any" and without a peer name."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conformance.corpora import ROOT, corpora

pytestmark = pytest.mark.corpora

FAMILIES = ("rfc5280", "pathlen", "pathological", "crl", "cve", "invalid")
# case → why our verdict honestly differs
EXCEPTIONS = {
    "pathlen::max-chain-depth-0-exhausted": "turns on limbo's own depth option",
    "pathlen::max-chain-depth-1-exhausted": "turns on limbo's own depth option",
    "rfc5280::ca-as-leaf-wrong-san": "turns on a TLS name",
    "rfc5280::eku::ee-wrong-eku": "turns on a TLS purpose",
    "rfc5280::pc::ica-noncritical-pc": "PKITS 4.8.6 and others hold non-critical policy constraints valid",
    "rfc5280::aki::cross-signed-root-missing-aki": "an anchor's own issuer is no part of the path; so cve-2024-0567",
}


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[bool, str]]:
    """Per case: (what limbo expects, our verdict)."""
    held = json.loads((corpora("x509-limbo") / "limbo.json").read_text())["testcases"]
    tests = [test for test in held if test["id"].partition("::")[0] in FAMILIES]
    folder = tmp_path_factory.mktemp("limbo")
    cases = folder / "cases.json"
    cases.write_text(json.dumps([_case(test, folder / str(index)) for index, test in enumerate(tests)]))
    run = subprocess.run(
        [sys.executable, "-m", "pki", "validate", "--cases", str(cases), "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    verdicts = [json.loads(line)["verdict"] for line in run.stdout.splitlines()]
    return {
        test["id"]: (test["expected_result"] == "SUCCESS", verdict)
        for test, verdict in zip(tests, verdicts, strict=True)
    }


def _case(test: dict, folder: Path) -> dict:
    folder.mkdir()

    def files(name: str, blocks: list[str]) -> list[str]:
        (folder / name).write_text("\n".join(blocks))
        return [str(folder / name)] if blocks else []

    return {
        "id": test["id"],
        "leaf": files("leaf.pem", [test["peer_certificate"]])[0],
        "intermediates": files("intermediates.pem", test["untrusted_intermediates"]),
        "anchors": files("anchors.pem", test["trusted_certs"]),
        "crls": files("crls.pem", test["crls"]),
        "at": test["validation_time"] or "2026-11-24T12:00:00Z",
        "purpose": "any",
        "revocation": "required" if test["id"].startswith("crl::") else "ignored",
    }


def test_every_case_of_the_families_was_run(answers):
    assert len(answers) == 138


def test_verdicts_differ_only_in_the_documented_exceptions(answers):
    differing = {name for name, (good, verdict) in answers.items() if good is not (verdict == "good")}
    assert differing == set(EXCEPTIONS)
