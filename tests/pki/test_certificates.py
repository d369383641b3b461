"""Issuing: what certificates say, and what is refused."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from pki import certificates, keys, profiles
from pki.certificates import MailDomain, Publication
from pki.errors import LintRefusal, MalformedInput, RefusedRequest
from pki.keys import KeyType
from pki.lints import lint_certificate
from pki.signer import Signer
from tests.pki.conftest import AT, DAY, Forest, extension, found_forest


def test_serial_numbers_take_twenty_octets_with_the_top_bit_clear():
    serials = {certificates.new_serial_number() for _ in range(500)}
    assert len(serials) == 500
    assert all(serial.bit_length() == 159 for serial in serials)


def test_a_root_is_a_bare_authority(contoso: Forest):
    root = contoso.root.certificate
    constraints = extension(root, x509.BasicConstraints)
    assert constraints.critical
    assert constraints.value == x509.BasicConstraints(ca=True, path_length=None)
    assert {type(e.value) for e in root.extensions} == {
        x509.BasicConstraints,
        x509.KeyUsage,
        x509.SubjectKeyIdentifier,
    }
    root.verify_directly_issued_by(root)


def test_an_issuing_authority_is_confined_to_its_domains(contoso: Forest):
    issuing = contoso.issuing.certificate
    constraints = extension(issuing, x509.NameConstraints)
    assert constraints.critical
    assert [base.value for base in constraints.value.permitted_subtrees] == [
        "contoso.example",
        ".contoso.example",
    ]
    assert extension(issuing, x509.BasicConstraints).value.path_length == 0
    assert list(extension(issuing, x509.ExtendedKeyUsage).value) == [ExtendedKeyUsageOID.EMAIL_PROTECTION]


def test_a_domain_without_subdomains_gets_one_entry(fabrikam: Forest):
    bases = extension(fabrikam.issuing.certificate, x509.NameConstraints).value.permitted_subtrees
    assert [base.value for base in bases] == ["fabrikam.example"]


def test_a_person_certificate_names_one_mailbox_and_its_list(contoso: Forest, alice: Signer):
    assert certificates.mailboxes(alice.certificate) == ("alice@contoso.example",)
    points = extension(alice.certificate, x509.CRLDistributionPoints).value
    assert points[0].full_name[0].value == contoso.publication.crl_url
    alice.certificate.verify_directly_issued_by(contoso.issuing.certificate)


@pytest.mark.parametrize(
    ("profile", "key_type", "signs", "encrypts"),
    [
        (profiles.SIGNING, KeyType.P256, True, False),
        (profiles.SIGNING, KeyType.ED25519, True, False),
        (profiles.ENCRYPTION, KeyType.RSA_3072, False, True),
        (profiles.ENCRYPTION, KeyType.P256, False, True),
        (profiles.DUAL_USE, KeyType.RSA_3072, True, True),
    ],
)
def test_key_usage_follows_the_profile_and_the_key(contoso, profile, key_type, signs, encrypts):
    certificate = contoso.person("alice@contoso.example", profile=profile, key_type=key_type).certificate
    assert certificates.can_sign(certificate) is signs
    assert certificates.can_encrypt(certificate) is encrypts
    assert extension(certificate, x509.KeyUsage).critical


@pytest.mark.parametrize("profile", [profiles.SIGNING, profiles.ENCRYPTION, profiles.DUAL_USE])
def test_validity_counts_whole_days_and_starts_five_minutes_back(contoso: Forest, profile):
    certificate = contoso.person(
        "alice@contoso.example", profile=profile, key_type=profile.key_types[0]
    ).certificate
    assert certificate.not_valid_before_utc == AT - timedelta(minutes=5)
    lasts = certificate.not_valid_after_utc - certificate.not_valid_before_utc + timedelta(seconds=1)
    assert lasts == timedelta(days=profile.validity_days)


@pytest.mark.parametrize("mailbox", ["mallory@fabrikam.example", "mallory@evilcontoso.example"])
def test_a_mailbox_outside_the_authority_is_refused(contoso: Forest, mailbox: str):
    with pytest.raises(RefusedRequest) as refused:
        contoso.person(mailbox)
    assert refused.value.finding.code == "name-outside-authority"


def test_a_subdomain_is_allowed_only_where_it_is_owned(contoso: Forest, fabrikam: Forest):
    assert contoso.person("alice@mail.contoso.example")
    with pytest.raises(RefusedRequest):
        fabrikam.person("bob@mail.fabrikam.example")


def test_a_mailbox_beyond_ascii_becomes_an_internationalised_name(contoso: Forest):
    certificate = contoso.person("zoë@contoso.example").certificate
    assert certificates.mailboxes(certificate) == ("zoë@contoso.example",)
    assert isinstance(extension(certificate, x509.SubjectAlternativeName).value[0], x509.OtherName)


@pytest.mark.parametrize(
    "mailbox", ["no-at-sign", "@contoso.example", "a b@contoso.example", "a\r\nb@contoso.example"]
)
def test_text_that_is_no_address_is_refused(contoso: Forest, mailbox: str):
    with pytest.raises(MalformedInput):
        contoso.person(mailbox)


def test_a_key_outside_the_profile_is_refused(contoso: Forest):
    with pytest.raises(RefusedRequest) as refused:
        contoso.person("alice@contoso.example", profile=profiles.DUAL_USE, key_type=KeyType.P256)
    assert refused.value.finding.code == "key-not-in-profile"


def test_an_authority_without_domains_is_refused(contoso: Forest):
    with pytest.raises(RefusedRequest) as refused:
        found_forest("Nowhere")
    assert refused.value.finding.code == "authority-without-domains"


def test_a_profile_of_authorities_makes_no_person(contoso: Forest):
    with pytest.raises(RefusedRequest) as refused:
        contoso.person("alice@contoso.example", profile=profiles.ISSUING)
    assert refused.value.finding.code == "profile-not-for-people"


def test_an_authority_never_outlives_its_issuer(contoso: Forest):
    late = contoso.root.certificate.not_valid_after_utc - timedelta(days=365)
    with pytest.raises(RefusedRequest) as refused:
        certificates.issue_authority(
            issuer=contoso.root,
            public_key=keys.generate(KeyType.P256).public_key(),
            common_name="Contoso People 2",
            organization="Contoso",
            mail_domains=[MailDomain("contoso.example")],
            publication=contoso.publication,
            at=late,
        )
    assert refused.value.finding.code == "issuer-ends-earlier"


def test_nothing_is_issued_before_the_authority_begins(contoso: Forest):
    with pytest.raises(RefusedRequest) as refused:
        contoso.person("alice@contoso.example", at=AT - 60 * DAY)
    assert refused.value.finding.code == "issuer-not-valid"


def test_the_linter_stops_a_secure_address_for_the_list(contoso: Forest):
    with pytest.raises(LintRefusal) as refused:
        certificates.issue_person(
            issuer=contoso.issuing,
            public_key=keys.generate(KeyType.P256).public_key(),
            name="Alice",
            mailbox="alice@contoso.example",
            profile=profiles.SIGNING,
            publication=Publication("https://pki.contoso.example/a.crl", "http://pki.contoso.example/a.cer"),
            serial_number=certificates.new_serial_number(),
            at=AT,
        )
    assert [finding.code for finding in refused.value.findings] == ["lint-location"]


@pytest.mark.parametrize("serial_number", [1 << 159, (1 << 159) + 1])
def test_the_linter_stops_an_oversized_serial(contoso: Forest, serial_number: int):
    with pytest.raises((LintRefusal, ValueError)):
        contoso.person("alice@contoso.example", serial_number=serial_number)


@pytest.mark.parametrize("root_type", [KeyType.P384, KeyType.RSA_2048, KeyType.ED25519, KeyType.P521])
def test_authorities_of_every_key_kind_issue_verifiable_certificates(root_type: KeyType):
    if root_type not in profiles.ROOT.key_types:
        with pytest.raises(RefusedRequest):
            found_forest("Contoso", MailDomain("contoso.example"), root_type=root_type)
        return
    forest = found_forest("Contoso", MailDomain("contoso.example"), root_type=root_type)
    forest.issuing.certificate.verify_directly_issued_by(forest.root.certificate)


def test_a_root_passes_the_linter(contoso: Forest):
    assert lint_certificate(contoso.root.certificate) == []


def test_a_signer_refuses_a_key_that_is_not_its_own(contoso: Forest):
    with pytest.raises(RefusedRequest):
        Signer(keys.generate(KeyType.P256), contoso.issuing.certificate)


def test_a_signer_never_shows_its_key(contoso: Forest):
    assert "private_key" not in repr(contoso.issuing)


def test_a_naive_moment_is_a_programming_error(contoso: Forest):
    with pytest.raises(ValueError, match="timezone-aware"):
        contoso.person("alice@contoso.example", at=AT.replace(tzinfo=None))
