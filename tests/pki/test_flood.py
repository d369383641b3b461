"""A flood of look-alike issuers: it neither hides the true one nor makes a genuine certificate a forged one."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from cryptography import x509

from pki import building
from pki.algorithms import signing_digest
from pki.certificates import new_serial_number
from pki.path import Failure, Verdict
from pki.signer import Signer
from pki.trust import Trust
from tests.pki.conftest import AT, DAY, Forest
from tests.pki.forgery import forge_authority, imitate, named
from tests.pki.judging import codes, judge

FLOOD = 60  # more than one name's candidates may be


@pytest.fixture(scope="module")
def copies(contoso: Forest) -> tuple[x509.Certificate, ...]:
    """The issuing authority's name, serial and key identifier, with other keys."""
    other_root = imitate(contoso.root.certificate, None)
    return tuple(imitate(contoso.issuing.certificate, other_root).certificate for _ in range(FLOOD))


@pytest.fixture(scope="module")
def nameless(contoso: Forest) -> tuple[x509.Certificate, ...]:
    """The issuing authority's name only; they claim no key identifier, so they contradict nothing."""
    stranger = forge_authority(Signer(contoso.root.private_key, contoso.root.certificate), named("Stranger"))
    signer, found = Signer(stranger.private_key, stranger.certificate), []
    for _ in range(FLOOD):
        key = imitate(contoso.issuing.certificate, signer)
        found.append(_without_identifier(contoso.issuing.certificate.subject, key, signer, AT))
    return tuple(found)


def _without_identifier(subject: x509.Name, key: Signer, signer: Signer, at: datetime) -> x509.Certificate:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(signer.certificate.subject)
        .public_key(key.private_key.public_key())
        .serial_number(new_serial_number())
        .not_valid_before(at - DAY)
        .not_valid_after(at + timedelta(days=100))
        .add_extension(x509.BasicConstraints(True, 0), True)
        .sign(signer.private_key, signing_digest(signer.private_key))
    )


def flooded(trust: Trust, *intermediates: x509.Certificate) -> Trust:
    return Trust(trust.anchors, intermediates, trust.crls)


def test_what_is_given_first_is_tried_first_among_equals(
    contoso: Forest, alice: Signer, trust: Trust, copies: tuple[x509.Certificate, ...]
):
    assert judge(alice, flooded(trust, contoso.issuing.certificate, *copies)).verdict is Verdict.GOOD


@pytest.mark.parametrize("at_the_end", [True, False])
def test_a_matching_key_identifier_goes_before_an_absent_one(
    contoso: Forest, alice: Signer, trust: Trust, nameless: tuple[x509.Certificate, ...], at_the_end: bool
):
    true = contoso.issuing.certificate
    order = (*nameless, true) if at_the_end else (true, *nameless)
    assert judge(alice, flooded(trust, *order)).verdict is Verdict.GOOD


def test_an_absent_key_identifier_goes_before_a_contradiction(contoso: Forest, trust: Trust):
    """The order of one name's candidates: exact, absent, contradicting; each kind in the order given."""
    leaf = contoso.person("lea@contoso.example").certificate
    exact, absent, wrong = (
        contoso.issuing.certificate,
        _without_identifier(contoso.issuing.certificate.subject, contoso.issuing, contoso.root, AT),
        forge_authority(contoso.root, contoso.issuing.certificate.subject).certificate,
    )
    builder = building.PathBuilder((), (wrong, absent, exact), AT)
    assert builder._candidates((leaf,)) == [exact, absent, wrong]


def test_the_true_issuer_beyond_the_bounds_is_not_called_a_forgery(
    contoso: Forest, alice: Signer, trust: Trust, copies: tuple[x509.Certificate, ...]
):
    result = judge(alice, flooded(trust, *copies, contoso.issuing.certificate))
    assert (result.failure, codes(result)) == (Failure.LIMIT, ["path-limit"])
    assert "could not be checked" in result.findings[0].summary


def test_with_no_more_checks_left_nothing_is_called_a_forgery(
    contoso: Forest,
    alice: Signer,
    trust: Trust,
    copies: tuple[x509.Certificate, ...],
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(building.Budget, "__init__", _small_budget)
    result = judge(alice, flooded(trust, *copies[:10], contoso.issuing.certificate))
    assert (result.failure, codes(result)) == (Failure.LIMIT, ["path-limit"])


def _small_budget(self: building.Budget) -> None:
    self.signature_checks, self.steps, self.known_links = 5, 100, {}


def test_a_signature_that_fails_under_every_candidate_is_a_forgery(
    alice: Signer, trust: Trust, copies: tuple[x509.Certificate, ...]
):
    assert judge(alice, flooded(trust, *copies[:10])).failure is Failure.SIGNATURE
