"""The linter: each rule names what breaks it, and what we issue breaks none."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from pki import keys, profiles
from pki.algorithms import signing_digest
from pki.keys import KeyType
from pki.lints import lint_certificate
from tests.pki.conftest import AT, DAY, Forest
from tests.pki.forgery import forge_authority, named


@pytest.mark.parametrize(
    "profile", [profiles.SIGNING, profiles.ENCRYPTION, profiles.DUAL_USE], ids=lambda p: p.code
)
def test_every_template_passes(contoso: Forest, profile):
    for kind in profile.key_types:
        if kind is not KeyType.RSA_4096:
            issued = contoso.person("alice@contoso.example", profile=profile, key_type=kind).certificate
            assert lint_certificate(issued, issuer=contoso.issuing.certificate, profile=profile) == []


def test_every_authority_passes(contoso: Forest):
    assert lint_certificate(contoso.issuing.certificate, issuer=contoso.root.certificate) == []
    assert lint_certificate(contoso.root.certificate) == []


def _person(
    contoso: Forest, *, without: type | None = None, add=(), days: timedelta = 100 * DAY, subject="Alice"
):
    """A person's certificate, correct but for what is asked."""
    key = keys.generate(KeyType.P256)
    right = contoso.person("alice@contoso.example").certificate
    changed = {type(extension) for extension, _ in add}
    kept = [
        (e.value, e.critical)
        for e in right.extensions
        if type(e.value) is not without and type(e.value) not in changed
    ]
    builder = (
        x509.CertificateBuilder()
        .issuer_name(contoso.issuing.certificate.subject)
        .subject_name(named(subject))
        .public_key(key.public_key())
        .serial_number(right.serial_number + 1)
        .not_valid_before(AT - DAY)
        .not_valid_after(AT - DAY + days - timedelta(seconds=1))
    )
    for extension, critical in (*kept, *add):
        builder = builder.add_extension(extension, critical)
    signing = contoso.issuing.private_key
    return builder.sign(signing, signing_digest(signing))


def _codes(certificate: x509.Certificate) -> set[str]:
    return {finding.code for finding in lint_certificate(certificate)}


def test_the_untouched_copy_is_clean(contoso: Forest):
    assert _codes(_person(contoso)) == set()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"days": timedelta(days=825)}, None),
        ({"days": timedelta(days=825, seconds=1)}, "lint-validity"),
        ({"without": x509.KeyUsage}, "lint-person-usage"),
        ({"without": x509.SubjectAlternativeName}, "lint-address"),
        ({"without": x509.CRLDistributionPoints}, "lint-person-extension"),
        ({"without": x509.AuthorityKeyIdentifier}, "lint-person-extension"),
        ({"without": x509.ExtendedKeyUsage}, "lint-person-purpose"),
        ({"subject": "olga@contoso.example"}, "lint-subject-address"),
        (
            {
                "add": [
                    (
                        x509.ExtendedKeyUsage(
                            [ExtendedKeyUsageOID.EMAIL_PROTECTION, ExtendedKeyUsageOID.CLIENT_AUTH]
                        ),
                        False,
                    )
                ]
            },
            "lint-person-purpose",
        ),
        (
            {
                "add": [
                    (
                        x509.CertificatePolicies(
                            [x509.PolicyInformation(x509.ObjectIdentifier("2.23.140.1.5.3.3"), None)]
                        ),
                        False,
                    )
                ]
            },
            "lint-reserved-policy",
        ),
        ({"add": [(profiles.SIGNING.key_usage(KeyType.P256), False)]}, "lint-criticality"),
        ({"add": [(profiles.ISSUING.key_usage(KeyType.P256), True)]}, "lint-person-usage"),
    ],
)
def test_each_rule_names_what_breaks_it(contoso: Forest, changes, code):
    assert _codes(_person(contoso, **changes)) == ({code} if code else set())


def test_an_authority_without_constraints_is_stopped(contoso: Forest):
    wide = forge_authority(contoso.root, named("Wide"))
    assert "lint-name-constraints" in _codes(wide.certificate)
