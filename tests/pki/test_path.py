"""Judging paths: trust, time, names, purpose, revocation; and what a hostile forest can try."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from pki import certificates, keys, profiles
from pki.certificates import MailDomain
from pki.crl import Crl, Reason, RevokedEntry
from pki.keys import KeyType
from pki.path import Failure, PathResult, Verdict, validate
from pki.revocation import Good, Revoked, Undetermined
from pki.signer import Signer
from pki.trust import Trust, TrustAnchor
from tests.pki.conftest import AT, DAY, Forest, found_forest, make_list


def judge(leaf: Signer | x509.Certificate, trust: Trust, **options) -> PathResult:
    certificate = leaf.certificate if isinstance(leaf, Signer) else leaf
    return validate(leaf=certificate, trust=trust, at=options.pop("at", AT), **options)


def codes(result: PathResult) -> list[str]:
    return [finding.code for finding in result.findings if finding.severity == "error"]


@pytest.fixture
def trust(contoso: Forest) -> Trust:
    return contoso.trust(contoso.root_list(), contoso.person_list())


def test_a_person_of_a_trusted_forest_is_good(contoso: Forest, alice: Signer, trust: Trust):
    result = judge(alice, trust)
    assert (result.verdict, result.failure) == (Verdict.GOOD, Failure.NONE)
    assert result.path == (contoso.root.certificate, contoso.issuing.certificate, alice.certificate)
    assert result.anchor is trust.anchors[0]
    assert isinstance(result.revocation, Good)


def test_a_forest_that_nobody_trusts_is_untrusted(fabrikam: Forest, trust: Trust):
    bob = fabrikam.person("bob@fabrikam.example")
    sent = Trust(trust.anchors, (fabrikam.issuing.certificate, fabrikam.root.certificate))
    result = judge(bob, sent)
    assert (result.verdict, result.failure) == (Verdict.INVALID, Failure.UNTRUSTED)
    assert codes(result) == ["untrusted-root"]
    assert result.failing == fabrikam.root.certificate


def test_a_missing_issuer_is_incomplete(alice: Signer, trust: Trust):
    result = judge(alice, Trust(trust.anchors))
    assert (result.verdict, result.failure) == (Verdict.INVALID, Failure.INCOMPLETE)


@pytest.mark.parametrize("late", [timedelta(days=400), -timedelta(days=1)])
def test_a_certificate_outside_its_validity_is_a_matter_of_time(alice: Signer, trust: Trust, late: timedelta):
    result = judge(alice, trust, at=AT + late, revocation="ignored")
    assert (result.verdict, result.failure) == (Verdict.INVALID, Failure.TIME)


def test_the_last_second_belongs_to_the_validity(alice: Signer, trust: Trust):
    last = alice.certificate.not_valid_after_utc
    assert judge(alice, trust, at=last + timedelta(milliseconds=900), revocation="ignored").verdict == "good"
    assert judge(alice, trust, at=last + timedelta(seconds=1), revocation="ignored").failure == Failure.TIME


def test_an_anchor_that_is_not_self_signed_is_enough(contoso: Forest, alice: Signer):
    anchor = TrustAnchor(contoso.issuing.certificate)
    result = judge(alice, Trust((anchor,), (), (contoso.person_list(),)))
    assert result.verdict is Verdict.GOOD
    assert result.path == (contoso.issuing.certificate, alice.certificate)


# --- addresses and scopes


def test_the_address_must_be_in_the_certificate(alice: Signer, trust: Trust):
    assert judge(alice, trust, address="Alice@CONTOSO.example").verdict is Verdict.GOOD
    result = judge(alice, trust, address="olga@contoso.example")
    assert (result.verdict, result.failure) == (Verdict.INVALID, Failure.ADDRESS)


@pytest.mark.parametrize(
    ("domains", "good"),
    [
        (("contoso.example",), True),
        ((".contoso.example",), False),
        (("fabrikam.example",), False),
        ((), False),
    ],
)
def test_an_anchor_vouches_only_for_its_domains(contoso: Forest, alice: Signer, domains, good: bool):
    lists = (contoso.root_list(), contoso.person_list())
    result = judge(alice, contoso.trust(*lists, domains=domains))
    assert (result.verdict is Verdict.GOOD) is good
    assert good or (result.failure is Failure.UNTRUSTED and codes(result) == ["anchor-not-for-domain"])


def test_the_same_root_trusted_twice_joins_its_domains(contoso: Forest, alice: Signer):
    root = contoso.root.certificate
    anchors = (TrustAnchor(root, ("partner.example",)), TrustAnchor(root, ("contoso.example",)))
    lists = (contoso.root_list(), contoso.person_list())
    result = judge(alice, Trust(anchors, (contoso.issuing.certificate,), lists))
    assert result.anchor is anchors[1]


def _mail_certificate(
    issuer: Signer, *names: x509.GeneralName, subject: str = "Mallory", **changes
) -> Signer:
    """A certificate as a hostile or careless authority would sign it, without our gate or linter."""
    key = changes.get("key") or keys.generate(KeyType.P256)
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, subject)]
    if "email" in changes:
        attributes.append(x509.NameAttribute(NameOID.EMAIL_ADDRESS, changes["email"]))
    builder = (
        x509.CertificateBuilder()
        .issuer_name(issuer.certificate.subject)
        .subject_name(x509.Name(attributes))
        .public_key(key.public_key())
        .serial_number(changes.get("serial_number") or certificates.new_serial_number())
        .not_valid_before(AT - DAY)
        .not_valid_after(AT + 100 * DAY)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    for extension, critical in changes.get("extensions", ()):
        builder = builder.add_extension(extension, critical=critical)
    from pki.algorithms import signing_digest

    digest = changes.get("digest") or signing_digest(issuer.private_key)
    return Signer(key, builder.sign(issuer.private_key, digest))


@pytest.mark.parametrize(
    ("name", "good"),
    [
        (x509.RFC822Name("mallory@contoso.example"), True),
        (x509.RFC822Name("mallory@CONTOSO.example"), True),
        (x509.RFC822Name("mallory@mail.contoso.example"), True),
        (x509.RFC822Name("mallory@fabrikam.example"), False),
        (x509.RFC822Name("mallory@evilcontoso.example"), False),
        (x509.RFC822Name("mallory"), False),
        (certificates.general_name(certificates.Mailbox.parse("zoë@contoso.example")), True),
        (certificates.general_name(certificates.Mailbox.parse("zoë@fabrikam.example")), False),
    ],
)
def test_name_constraints_bind_every_form_of_address(contoso: Forest, trust: Trust, name, good: bool):
    result = judge(_mail_certificate(contoso.issuing, name), trust, revocation="ignored")
    assert (result.verdict is Verdict.GOOD) is good
    assert good or (result.failure is Failure.CONSTRAINT and "name-constraint" in codes(result))


def test_a_host_constraint_does_not_reach_subdomains(fabrikam: Forest):
    inside = _mail_certificate(fabrikam.issuing, x509.RFC822Name("bob@fabrikam.example"))
    below = _mail_certificate(fabrikam.issuing, x509.RFC822Name("bob@mail.fabrikam.example"))
    assert judge(inside, fabrikam.trust(), revocation="ignored").verdict is Verdict.GOOD
    assert judge(below, fabrikam.trust(), revocation="ignored").failure is Failure.CONSTRAINT


def test_constraints_bind_a_subject_address_beside_an_alternative_name(contoso: Forest, trust: Trust):
    sly = _mail_certificate(
        contoso.issuing, x509.RFC822Name("mallory@contoso.example"), email="bob@fabrikam.example"
    )
    assert judge(sly, trust, revocation="ignored").failure is Failure.CONSTRAINT


def test_an_old_certificate_is_matched_by_its_subject_address_with_a_note(contoso: Forest, trust: Trust):
    old = _mail_certificate(contoso.issuing, email="mallory@contoso.example")
    result = judge(old, trust, address="mallory@contoso.example", revocation="ignored")
    assert result.verdict is Verdict.GOOD
    assert "address-in-subject" in {finding.code for finding in result.findings}


def test_a_subject_address_is_no_match_when_there_is_an_alternative_name(contoso: Forest, trust: Trust):
    name = x509.RFC822Name("mallory@contoso.example")
    sly = _mail_certificate(contoso.issuing, name, email="alice@contoso.example")
    result = judge(sly, trust, address="alice@contoso.example", revocation="ignored")
    assert result.failure is Failure.ADDRESS


def test_a_constraint_nobody_evaluates_leaves_it_undetermined(contoso: Forest):
    key = keys.generate(KeyType.P256)
    other = x509.OtherName(x509.ObjectIdentifier("1.3.6.1.4.1.55738.1"), b"\x05\x00")
    builder = (
        x509.CertificateBuilder()
        .issuer_name(contoso.root.certificate.subject)
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Odd")]))
        .public_key(key.public_key())
        .serial_number(5)
        .not_valid_before(AT - DAY)
        .not_valid_after(AT + DAY)
        .add_extension(x509.BasicConstraints(True, None), critical=True)
        .add_extension(x509.NameConstraints(None, [other]), critical=True)
    )
    from pki.algorithms import signing_digest

    odd = Signer(key, builder.sign(contoso.root.private_key, signing_digest(contoso.root.private_key)))
    leaf = _mail_certificate(odd, x509.RFC822Name("a@contoso.example"), other)
    result = judge(leaf, Trust((TrustAnchor(odd.certificate),)), revocation="ignored")
    assert (result.verdict, result.failure) == (Verdict.UNDETERMINED, Failure.CONSTRAINT)


# --- use


def test_a_certificate_for_something_else_is_refused_for_mail_only(contoso: Forest, trust: Trust):
    purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    name = x509.RFC822Name("mallory@contoso.example")
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(contoso.issuing.certificate.public_key())
    leaf = _mail_certificate(contoso.issuing, name, extensions=[(purposes, False), (identifier, False)])
    assert judge(leaf, trust, revocation="ignored").failure is Failure.USAGE
    assert judge(leaf, trust, revocation="ignored", purpose="any").verdict is Verdict.GOOD


def test_a_key_that_may_only_sign_lists_is_no_mail_key(contoso: Forest, trust: Trust):
    usage = x509.KeyUsage(False, False, False, False, False, False, True, False, False)
    name = x509.RFC822Name("mallory@contoso.example")
    leaf = _mail_certificate(contoso.issuing, name, extensions=[(usage, True)])
    assert codes(judge(leaf, trust, revocation="ignored")) == ["key-usage"]


def test_short_rsa_keys_are_weak_for_mail(contoso: Forest, trust: Trust):
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - the weak key is the point
    leaf = _mail_certificate(contoso.issuing, x509.RFC822Name("mallory@contoso.example"), key=key)
    result = judge(leaf, trust, revocation="ignored")
    assert (result.verdict, result.failure) == (Verdict.INVALID, Failure.WEAK)


def test_an_unknown_critical_extension_is_refused(contoso: Forest, trust: Trust):
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.55738.2"), b"\x05\x00")
    name = x509.RFC822Name("mallory@contoso.example")
    leaf = _mail_certificate(contoso.issuing, name, extensions=[(unknown, True)])
    assert codes(judge(leaf, trust, revocation="ignored")) == ["critical-extension"]


def test_a_person_cannot_issue(contoso: Forest, alice: Signer, trust: Trust):
    forged = _mail_certificate(alice, x509.RFC822Name("olga@contoso.example"))
    wider = Trust(trust.anchors, (*trust.intermediates, alice.certificate))
    result = judge(forged, wider, revocation="ignored")
    assert result.verdict is Verdict.INVALID
    assert "not-an-authority" in codes(result)


# --- revocation

SECONDS = timedelta(seconds=1)


def entry(person: Signer, when=AT, reason: Reason = Reason.SUPERSEDED, invalid=None) -> RevokedEntry:
    return RevokedEntry(person.certificate.serial_number, when, reason, invalid)


def test_a_listed_certificate_is_revoked(contoso: Forest, alice: Signer):
    result = judge(alice, contoso.trust(contoso.root_list(), contoso.person_list(entry(alice, AT - DAY))))
    assert (result.verdict, result.failure) == (Verdict.INVALID, Failure.REVOKED)
    assert result.revocation == Revoked(entry(alice, AT - DAY), alice.certificate)


def test_a_revoked_authority_takes_its_people_along(contoso: Forest, alice: Signer):
    listed = entry(contoso.issuing, AT - DAY, Reason.CA_COMPROMISE)
    result = judge(alice, contoso.trust(contoso.root_list(listed), contoso.person_list()))
    assert result.failure is Failure.REVOKED
    assert result.failing == contoso.issuing.certificate


def test_without_a_list_the_status_is_undetermined(contoso: Forest, alice: Signer):
    result = judge(alice, contoso.trust(contoso.root_list()))
    assert (result.verdict, result.failure) == (Verdict.UNDETERMINED, Failure.REVOCATION_UNKNOWN)
    assert isinstance(result.revocation, Undetermined)
    assert result.revocation.node == alice.certificate


def test_ignoring_revocation_asks_for_no_list(contoso: Forest, alice: Signer):
    result = judge(alice, contoso.trust(), revocation="ignored")
    assert (result.verdict, result.revocation) == (Verdict.GOOD, None)


def test_a_revoked_leaf_outweighs_a_missing_list_above(contoso: Forest, alice: Signer):
    result = judge(alice, contoso.trust(contoso.person_list(entry(alice, AT - DAY))))
    assert result.failure is Failure.REVOKED


def test_an_ended_list_leaves_it_undetermined(contoso: Forest, alice: Signer):
    ended = contoso.person_list(this_update=AT - 9 * DAY, next_update=AT - SECONDS)
    assert judge(alice, contoso.trust(contoso.root_list(), ended)).verdict is Verdict.UNDETERMINED


def test_a_list_from_the_future_is_not_used(contoso: Forest, alice: Signer):
    early = contoso.person_list(this_update=AT + SECONDS)
    assert judge(alice, contoso.trust(contoso.root_list(), early)).verdict is Verdict.UNDETERMINED


def test_a_newer_list_counts_for_an_older_letter(contoso: Forest, alice: Signer):
    later = AT + 3 * DAY
    newer = contoso.person_list(number=2, this_update=later - DAY)
    trust = contoso.trust(contoso.root_list(next_update=AT + 90 * DAY), newer)
    assert judge(alice, trust, now=later).verdict is Verdict.GOOD


def test_a_revocation_after_receipt_is_told_but_does_not_decide(contoso: Forest, alice: Signer):
    later = AT + 3 * DAY
    newer = contoso.person_list(entry(alice, AT + DAY), number=2, this_update=later - DAY)
    result = judge(alice, contoso.trust(contoso.root_list(), contoso.person_list(), newer), now=later)
    assert result.verdict is Verdict.GOOD
    assert isinstance(result.revocation, Good)
    assert result.revocation.revoked_since == entry(alice, AT + DAY)
    assert "revoked_since" in {finding.code for finding in result.findings}


def test_a_compromise_dated_before_receipt_revokes_even_when_listed_later(contoso: Forest, alice: Signer):
    later = AT + 3 * DAY
    listed = entry(alice, AT + DAY, Reason.KEY_COMPROMISE, AT - DAY)
    newer = contoso.person_list(listed, number=2, this_update=later - DAY)
    result = judge(alice, contoso.trust(contoso.root_list(), contoso.person_list(), newer), now=later)
    assert result.failure is Failure.REVOKED


def test_a_newer_list_that_predates_receipt_in_its_entry_revokes(contoso: Forest, alice: Signer):
    later = AT + 3 * DAY
    newer = contoso.person_list(entry(alice, AT - SECONDS), number=2, this_update=later - DAY)
    result = judge(alice, contoso.trust(contoso.root_list(), contoso.person_list(), newer), now=later)
    assert result.failure is Failure.REVOKED


def test_a_list_made_after_expiry_proves_nothing(contoso: Forest, alice: Signer):
    ended = alice.certificate.not_valid_after_utc
    late = contoso.person_list(number=9, this_update=ended + DAY, next_update=ended + 9 * DAY)
    trust = contoso.trust(contoso.root_list(next_update=ended + 9 * DAY), late)
    assert judge(alice, trust, at=ended - DAY, now=ended + 2 * DAY).verdict is Verdict.UNDETERMINED


def test_lists_that_have_ended_since_are_called_stale(contoso: Forest, alice: Signer, trust: Trust):
    result = judge(alice, trust, now=AT + 30 * DAY)
    assert isinstance(result.revocation, Good)
    assert result.revocation.stale


def test_a_list_for_authorities_says_nothing_about_people(contoso: Forest, alice: Signer):
    partial = make_list(contoso.issuing, only_ca_certificates=True)
    assert judge(alice, contoso.trust(contoso.root_list(), partial)).verdict is Verdict.UNDETERMINED


def test_an_expired_and_revoked_certificate_is_called_revoked(contoso: Forest, alice: Signer):
    ended = alice.certificate.not_valid_after_utc
    listed = contoso.person_list(entry(alice), this_update=ended, next_update=ended + 9 * DAY)
    trust = contoso.trust(contoso.root_list(next_update=ended + 9 * DAY), listed)
    assert judge(alice, trust, at=ended + DAY).failure is Failure.REVOKED


# --- twins: a hostile forest copies name, serial and key identifier


@pytest.fixture(scope="module")
def twin(contoso: Forest) -> Forest:
    """Another forest under the very same names; its authorities claim Contoso's serials and key
    identifiers.
    """

    def imitate(original: x509.Certificate, issuer: Signer | None) -> Signer:
        key = keys.generate(KeyType.P384)
        builder = (
            x509.CertificateBuilder()
            .issuer_name(original.issuer)
            .subject_name(original.subject)
            .public_key(key.public_key())
            .serial_number(original.serial_number)
            .not_valid_before(original.not_valid_before_utc)
            .not_valid_after(original.not_valid_after_utc)
        )
        for extension in original.extensions:
            if not isinstance(extension.value, x509.NameConstraints):
                builder = builder.add_extension(extension.value, extension.critical)
        from pki.algorithms import signing_digest

        signing = issuer.private_key if issuer else key
        return Signer(key, builder.sign(signing, signing_digest(signing)))

    root = imitate(contoso.root.certificate, None)
    return Forest(root, imitate(contoso.issuing.certificate, root), contoso.publication)


def test_a_twin_authority_vouches_for_nobody_here(contoso: Forest, twin: Forest, trust: Trust):
    forged = twin.person("olga@contoso.example")
    with_twins = Trust(
        trust.anchors,
        (twin.issuing.certificate, twin.root.certificate, *trust.intermediates),
        trust.crls,
    )
    assert judge(forged, with_twins).verdict is Verdict.INVALID


def test_a_twin_among_the_intermediates_hides_nobody(alice: Signer, twin: Forest, trust: Trust):
    with_twins = Trust(
        trust.anchors, (twin.issuing.certificate, twin.root.certificate, *trust.intermediates), trust.crls
    )
    assert judge(alice, with_twins).verdict is Verdict.GOOD


def test_a_twin_list_neither_revokes_nor_acquits(contoso: Forest, alice: Signer, twin: Forest):
    extra = (twin.issuing.certificate, twin.root.certificate)
    anchors, issuing = contoso.trust().anchors, contoso.issuing.certificate
    accusing = twin.person_list(entry(alice, AT - DAY), number=99, this_update=AT)
    acquitting = twin.person_list(number=99, this_update=AT)
    own_root = contoso.root_list()

    def judged(*lists: Crl) -> PathResult:
        return judge(alice, Trust(anchors, (issuing, *extra), (own_root, *lists)))

    assert judged(contoso.person_list(), accusing).verdict is Verdict.GOOD
    assert judged(contoso.person_list(entry(alice, AT - DAY)), acquitting).failure is Failure.REVOKED
    assert judged(acquitting).failure is Failure.REVOCATION_UNKNOWN


def test_both_twins_can_be_trusted_without_touching_each_other(contoso: Forest, alice: Signer, twin: Forest):
    other = twin.person("olga@contoso.example", serial_number=alice.certificate.serial_number)
    anchors = (TrustAnchor(contoso.root.certificate), TrustAnchor(twin.root.certificate))
    between = (contoso.issuing.certificate, twin.issuing.certificate)
    accused = entry(other, AT - DAY)
    lists = (contoso.root_list(), twin.root_list(), contoso.person_list(), twin.person_list(accused))
    both = Trust(anchors, between, lists)
    assert judge(alice, both).verdict is Verdict.GOOD
    assert judge(other, both).failure is Failure.REVOKED


def test_a_sibling_authority_cannot_sign_lists_under_a_borrowed_name(contoso: Forest, alice: Signer):
    """Below the same root, an unconstrained authority certifies itself a second key under Contoso People's
    name.
    """
    from pki.algorithms import signing_digest

    def authority(issuer: Signer, subject: x509.Name) -> Signer:
        key = keys.generate(KeyType.P256)
        builder = (
            x509.CertificateBuilder()
            .issuer_name(issuer.certificate.subject)
            .subject_name(subject)
            .public_key(key.public_key())
            .serial_number(certificates.new_serial_number())
            .not_valid_before(AT - DAY)
            .not_valid_after(AT + 100 * DAY)
            .add_extension(x509.BasicConstraints(True, None), critical=True)
            .add_extension(profiles.ISSUING.key_usage(KeyType.P256), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )
        return Signer(key, builder.sign(issuer.private_key, signing_digest(issuer.private_key)))

    sibling = authority(contoso.root, x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Sibling")]))
    borrowed = authority(sibling, contoso.issuing.certificate.subject)
    acquitting = make_list(borrowed, number=99, this_update=AT)
    between = (contoso.issuing.certificate, sibling.certificate, borrowed.certificate)
    roots = make_list(contoso.root)
    siblings = make_list(sibling)
    trust = Trust(contoso.trust().anchors, between, (roots, siblings, acquitting))
    assert judge(alice, trust).failure is Failure.REVOCATION_UNKNOWN


# --- bounds


def test_a_hundred_look_alike_issuers_cost_no_more_than_the_bound(contoso: Forest, alice: Signer):
    import time

    twins = []
    for _ in range(110):
        key = keys.generate(KeyType.P256)
        builder = (
            x509.CertificateBuilder()
            .issuer_name(contoso.root.certificate.subject)
            .subject_name(contoso.issuing.certificate.subject)
            .public_key(key.public_key())
            .serial_number(certificates.new_serial_number())
            .not_valid_before(AT - DAY)
            .not_valid_after(AT + DAY)
            .add_extension(x509.BasicConstraints(True, None), critical=True)
        )
        for extension in contoso.issuing.certificate.extensions:
            if isinstance(extension.value, x509.SubjectKeyIdentifier):
                builder = builder.add_extension(extension.value, extension.critical)
        from cryptography.hazmat.primitives import hashes

        twins.append(builder.sign(key, hashes.SHA256()))
    started = time.process_time()
    result = judge(alice, Trust(contoso.trust().anchors, tuple(twins)))
    assert result.verdict is Verdict.INVALID
    assert time.process_time() - started < 2


def test_cross_certified_authorities_end_in_an_answer(contoso: Forest, fabrikam: Forest):
    """Two roots certify each other and a third: a triangle without an anchor."""
    from pki.algorithms import signing_digest

    third = found_forest("Northwind", MailDomain("northwind.example"))
    roots = [contoso.root, fabrikam.root, third.root]
    crossed = []
    for issuer in roots:
        for subject in roots:
            if issuer is not subject:
                builder = (
                    x509.CertificateBuilder()
                    .issuer_name(issuer.certificate.subject)
                    .subject_name(subject.certificate.subject)
                    .public_key(subject.certificate.public_key())
                    .serial_number(certificates.new_serial_number())
                    .not_valid_before(AT - DAY)
                    .not_valid_after(AT + DAY)
                    .add_extension(x509.BasicConstraints(True, None), critical=True)
                )
                crossed.append(builder.sign(issuer.private_key, signing_digest(issuer.private_key)))
    person = third.person("nina@northwind.example")
    result = judge(person, Trust((), (*crossed, third.issuing.certificate)))
    assert result.verdict is Verdict.INVALID
    anchored = Trust((TrustAnchor(contoso.root.certificate),), (*crossed, third.issuing.certificate))
    assert judge(person, anchored, revocation="ignored").verdict is Verdict.GOOD
