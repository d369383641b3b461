"""NIST's PKITS through the command line: every verdict as expected, but for the documented exceptions."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import cryptography_vectors
import pytest

from tests.conformance.corpora import ROOT, corpora

pytestmark = pytest.mark.corpora

AT = "2011-04-15T12:00:00Z"
# test number → why our verdict honestly differs; all of them refuse a path that NIST accepts
EXCEPTIONS = {
    "4.1.5": "pyca does not parse a DSA key that inherits its parameters from its issuer",
}


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[bool, str]]:
    """Per test: (what NIST expects, our verdict)."""
    tests = json.loads((corpora("pkits") / "expected.json").read_text())["tests"]
    data = Path(cryptography_vectors.__file__).parent / "x509" / "PKITS_data"
    cases = tmp_path_factory.mktemp("pkits") / "cases.json"
    cases.write_text(json.dumps([_case(test, data) for test in tests]))
    run = subprocess.run(
        [sys.executable, "-m", "pki", "validate", "--cases", str(cases), "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    verdicts = [json.loads(line) for line in run.stdout.splitlines()]
    assert [verdict["id"] for verdict in verdicts] == [test["id"] for test in tests]
    return {
        test["id"]: (test["should_validate"], verdict["verdict"])
        for test, verdict in zip(tests, verdicts, strict=True)
    }


def _case(test: dict, data: Path) -> dict:
    return {
        "id": test["id"],
        "leaf": str(data / test["chain"][-1]),
        "intermediates": [str(data / name) for name in test["chain"][:-1]],
        "anchors": [str(data / test["trust_anchor"])],
        "crls": [str(data / name) for name in test["crls"]],
        "at": AT,
        "purpose": "any",
        "policies": test["initial_policy_set_oids"],
        "explicit_policy": test["initial_explicit_policy"],
        "inhibit_mapping": test["initial_policy_mapping_inhibit"],
        "inhibit_any": test["initial_inhibit_any_policy"],
    }


def test_the_whole_suite_was_run(answers):
    assert len(answers) == 249


def test_nothing_is_accepted_that_should_not_be(answers):
    assert [name for name, (good, verdict) in answers.items() if verdict == "good" and not good] == []


def test_everything_good_is_accepted_but_the_documented_exceptions(answers):
    refused = {name for name, (good, verdict) in answers.items() if good and verdict != "good"}
    assert refused == set(EXCEPTIONS)
