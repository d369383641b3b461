"""Judging paths: trust, time, names, purpose, and the bounds of the search."""

from __future__ import annotations

import time
from datetime import timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from pki import certificates, keys
from pki.certificates import MailDomain
from pki.keys import KeyType
from pki.path import Failure, Verdict
from pki.revocation import Good
from pki.signer import Signer
from pki.trust import Trust, TrustAnchor
from tests.pki.conftest import AT, Forest, found_forest, some_key
from tests.pki.forgery import forge, forge_authority, imitate, named, sign_badly
from tests.pki.judging import codes, judge


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


@pytest.mark.parametrize(
    ("domains", "excluded", "good"),
    [
        (("contoso.example",), ("contoso.example",), False),
        ((".example",), ("contoso.example",), False),
        (None, ("contoso.example",), False),
        (None, (".example",), False),
        (("contoso.example",), (".contoso.example",), True),
        (None, ("fabrikam.example",), True),
    ],
)
def test_an_excluded_domain_wins_over_whatever_the_anchor_is_trusted_for(
    contoso: Forest, alice: Signer, domains, excluded, good: bool
):
    anchor = TrustAnchor(contoso.root.certificate, domains, excluded_domains=excluded)
    lists = (contoso.root_list(), contoso.person_list())
    result = judge(alice, Trust((anchor,), (contoso.issuing.certificate,), lists))
    assert (result.verdict is Verdict.GOOD) is good
    assert good or (result.failure is Failure.UNTRUSTED and codes(result) == ["anchor-not-for-domain"])


def test_the_same_root_trusted_twice_joins_its_domains(contoso: Forest, alice: Signer):
    root = contoso.root.certificate
    anchors = (TrustAnchor(root, ("partner.example",)), TrustAnchor(root, ("contoso.example",)))
    lists = (contoso.root_list(), contoso.person_list())
    result = judge(alice, Trust(anchors, (contoso.issuing.certificate,), lists))
    assert result.anchor is anchors[1]


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
    result = judge(forge(contoso.issuing, name), trust, revocation="ignored")
    assert (result.verdict is Verdict.GOOD) is good
    assert good or (result.failure is Failure.CONSTRAINT and "name-constraint" in codes(result))


def test_a_host_constraint_does_not_reach_subdomains(fabrikam: Forest):
    inside = forge(fabrikam.issuing, x509.RFC822Name("bob@fabrikam.example"))
    below = forge(fabrikam.issuing, x509.RFC822Name("bob@mail.fabrikam.example"))
    assert judge(inside, fabrikam.trust(), revocation="ignored").verdict is Verdict.GOOD
    assert judge(below, fabrikam.trust(), revocation="ignored").failure is Failure.CONSTRAINT


def _with_address(address: str) -> x509.Name:
    """A subject in the old style, with the address in it."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, "Mallory"),
            x509.NameAttribute(NameOID.EMAIL_ADDRESS, address),
        ]
    )


def test_constraints_bind_a_subject_address_beside_an_alternative_name(contoso: Forest, trust: Trust):
    subject = _with_address("bob@fabrikam.example")
    sly = forge(contoso.issuing, x509.RFC822Name("mallory@contoso.example"), subject=subject)
    assert judge(sly, trust, revocation="ignored").failure is Failure.CONSTRAINT


def test_an_old_certificate_is_matched_by_its_subject_address_with_a_note(contoso: Forest, trust: Trust):
    old = forge(contoso.issuing, subject=_with_address("mallory@contoso.example"))
    result = judge(old, trust, address="mallory@contoso.example", revocation="ignored")
    assert result.verdict is Verdict.GOOD
    assert "address-in-subject" in {finding.code for finding in result.findings}


def test_a_subject_address_is_no_match_when_there_is_an_alternative_name(contoso: Forest, trust: Trust):
    name = x509.RFC822Name("mallory@contoso.example")
    sly = forge(contoso.issuing, name, subject=_with_address("alice@contoso.example"))
    result = judge(sly, trust, address="alice@contoso.example", revocation="ignored")
    assert result.failure is Failure.ADDRESS


def test_a_constraint_nobody_evaluates_leaves_it_undetermined(contoso: Forest):
    other = x509.OtherName(x509.ObjectIdentifier("1.3.6.1.4.1.55738.1"), b"\x05\x00")
    odd = forge_authority(
        contoso.root, named("Odd"), extensions=[(x509.NameConstraints(None, [other]), True)]
    )
    trust = Trust((TrustAnchor(odd.certificate),))
    plain = forge(odd, x509.RFC822Name("a@contoso.example"))
    carrying = forge(odd, x509.RFC822Name("a@contoso.example"), other)
    assert judge(plain, trust, revocation="ignored").verdict is Verdict.GOOD
    result = judge(carrying, trust, revocation="ignored")
    assert (result.verdict, result.failure) == (Verdict.UNDETERMINED, Failure.CONSTRAINT)


@pytest.mark.parametrize(
    ("host", "good"), [("*.a.example", False), ("*.b.example", True), ("x.a.example", True)]
)
def test_a_wildcard_must_not_reach_an_excluded_host(contoso: Forest, host: str, good: bool):
    excluded = x509.NameConstraints(None, [x509.DNSName("secret.a.example")])
    issuer = forge_authority(contoso.root, named("Hosts"), extensions=[(excluded, True)])
    leaf = forge(issuer, x509.RFC822Name("a@contoso.example"), x509.DNSName(host))
    trust = Trust((TrustAnchor(issuer.certificate),))
    assert (judge(leaf, trust, revocation="ignored").verdict is Verdict.GOOD) is good


@pytest.mark.parametrize(("host", "good"), [("192.0.2.7", True), ("198.51.100.7", False)])
def test_addresses_of_hosts_are_held_to_their_block(contoso: Forest, host: str, good: bool):
    block = x509.NameConstraints([x509.IPAddress(ip_network("192.0.2.0/24"))], None)
    issuer = forge_authority(contoso.root, named("Hosts"), extensions=[(block, True)])
    leaf = forge(issuer, x509.RFC822Name("a@contoso.example"), x509.IPAddress(ip_address(host)))
    trust = Trust((TrustAnchor(issuer.certificate),))
    assert (judge(leaf, trust, revocation="ignored").verdict is Verdict.GOOD) is good


def test_a_crowd_of_names_and_constraints_is_not_examined(contoso: Forest):
    hosts = [x509.DNSName(f"h{index}.example") for index in range(500)]
    issuer = forge_authority(
        contoso.root, named("Crowd"), extensions=[(x509.NameConstraints(hosts, hosts), True)]
    )
    leaf = forge(issuer, *hosts)
    started = time.process_time()
    result = judge(leaf, Trust((TrustAnchor(issuer.certificate),)), revocation="ignored")
    assert (result.verdict, result.failure) == (Verdict.INVALID, Failure.LIMIT)
    assert time.process_time() - started < 2


def test_a_certificate_for_something_else_is_refused_for_mail_only(contoso: Forest, trust: Trust):
    purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    name = x509.RFC822Name("mallory@contoso.example")
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(contoso.issuing.certificate.public_key())
    leaf = forge(contoso.issuing, name, extensions=[(purposes, False), (identifier, False)])
    assert judge(leaf, trust, revocation="ignored").failure is Failure.USAGE
    assert judge(leaf, trust, revocation="ignored", purpose="any").verdict is Verdict.GOOD


def test_a_key_that_may_only_sign_lists_is_no_mail_key(contoso: Forest, trust: Trust):
    usage = x509.KeyUsage(False, False, False, False, False, False, True, False, False)
    name = x509.RFC822Name("mallory@contoso.example")
    leaf = forge(contoso.issuing, name, extensions=[(usage, True)])
    assert codes(judge(leaf, trust, revocation="ignored")) == ["key-usage"]


def test_short_rsa_keys_are_weak_for_mail(contoso: Forest, trust: Trust):
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - the weak key is the point
    leaf = forge(contoso.issuing, x509.RFC822Name("mallory@contoso.example"), key=key)
    result = judge(leaf, trust, revocation="ignored")
    assert (result.verdict, result.failure) == (Verdict.INVALID, Failure.WEAK)


def test_an_obsolete_signature_is_weak_for_mail(contoso: Forest, trust: Trust, tmp_path: Path):
    old, _ = sign_badly(contoso.issuing, tmp_path)
    result = judge(old, trust, revocation="ignored")
    assert (result.verdict, result.failure) == (Verdict.INVALID, Failure.WEAK)


def test_a_broken_digest_is_never_computed(tmp_path: Path):
    forest = found_forest("Contoso", MailDomain("contoso.example"), issuing_type=KeyType.RSA_3072)
    old, _ = sign_badly(forest.issuing, tmp_path, "md5")
    for purpose in ("email", "any"):
        result = judge(old, forest.trust(), revocation="ignored", purpose=purpose)
        assert (result.verdict, result.failure) == (Verdict.INVALID, Failure.WEAK)


def test_a_signature_by_a_key_of_another_kind_fits_nothing(contoso: Forest, trust: Trust):
    """The issuer's name, but an RSA signature where the issuer holds an elliptic curve."""
    stranger = imitate(contoso.issuing.certificate, None, key=some_key(KeyType.RSA_3072))
    forged = forge(stranger, x509.RFC822Name("mallory@contoso.example"))
    for purpose in ("email", "any"):
        assert judge(forged, trust, revocation="ignored", purpose=purpose).verdict is Verdict.INVALID


def test_names_of_a_self_issued_step_are_not_constrained(contoso: Forest, trust: Trust):
    """A key rollover of the issuing authority, whose new certificate carries a foreign address (§6.1.3 (b))."""
    name, odd = contoso.issuing.certificate.subject, x509.RFC822Name("postmaster@fabrikam.example")
    first = forge_authority(
        contoso.root,
        name,
        extensions=[(x509.NameConstraints([x509.RFC822Name("contoso.example")], None), True)],
    )
    second = forge_authority(first, name, extensions=[(x509.SubjectAlternativeName([odd]), False)])
    leaf = forge(second, x509.RFC822Name("alice@contoso.example"))
    known = Trust(trust.anchors, (first.certificate, second.certificate))
    assert judge(leaf, known, revocation="ignored").verdict is Verdict.GOOD


def test_a_scoped_anchor_vouches_for_no_certificate_without_an_address(contoso: Forest):
    nameless = forge(contoso.issuing)
    assert judge(nameless, contoso.trust(), revocation="ignored").verdict is Verdict.GOOD
    scoped = contoso.trust(domains=("contoso.example",))
    assert judge(nameless, scoped, revocation="ignored").failure is Failure.UNTRUSTED


def test_an_unknown_critical_extension_is_refused(contoso: Forest, trust: Trust):
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.55738.2"), b"\x05\x00")
    name = x509.RFC822Name("mallory@contoso.example")
    leaf = forge(contoso.issuing, name, extensions=[(unknown, True)])
    assert codes(judge(leaf, trust, revocation="ignored")) == ["critical-extension"]


def test_a_person_cannot_issue(contoso: Forest, alice: Signer, trust: Trust):
    forged = forge(alice, x509.RFC822Name("olga@contoso.example"))
    wider = Trust(trust.anchors, (*trust.intermediates, alice.certificate))
    result = judge(forged, wider, revocation="ignored")
    assert result.verdict is Verdict.INVALID
    assert "not-an-authority" in codes(result)


def test_a_path_may_be_eight_certificates_high_and_no_higher(contoso: Forest):
    def person_below(authorities: int) -> tuple[Signer, Trust]:
        issuer, known = contoso.root, []
        for index in range(authorities):
            issuer = forge_authority(issuer, named(f"Level {index}"))
            known.append(issuer.certificate)
        return forge(issuer, x509.RFC822Name("a@contoso.example")), Trust(
            contoso.trust().anchors, tuple(known)
        )

    assert judge(*person_below(7), revocation="ignored").verdict is Verdict.GOOD
    result = judge(*person_below(8), revocation="ignored")
    assert (result.verdict, result.failure) == (Verdict.INVALID, Failure.LIMIT)


def test_the_signature_budget_ends_a_search_that_never_would(contoso: Forest):
    """Sixty genuine issuers with one key, each of which any of sixty look-alikes might have certified."""
    upper = [forge_authority(contoso.root, named("Upper")) for _ in range(60)]
    shared = keys.generate(KeyType.P256)
    lower = [forge_authority(upper[0], named("Lower"), key=shared) for _ in range(60)]
    person = forge(lower[0], x509.RFC822Name("a@contoso.example"))
    known = tuple(one.certificate for one in (*upper[1:], *lower))
    result = judge(person, Trust(contoso.trust().anchors, known), revocation="ignored")
    assert (result.verdict, result.failure) == (Verdict.INVALID, Failure.LIMIT)


def test_a_hundred_look_alike_issuers_cost_no_more_than_the_bound(contoso: Forest, alice: Signer):
    twins = [imitate(contoso.issuing.certificate, None) for _ in range(110)]
    look_alikes = tuple(twin.certificate for twin in twins)
    started = time.process_time()
    result = judge(alice, Trust(contoso.trust().anchors, look_alikes))
    assert result.verdict is Verdict.INVALID
    assert time.process_time() - started < 2


def test_cross_certified_authorities_end_in_an_answer(contoso: Forest, fabrikam: Forest):
    """Three roots certify one another: a triangle, once without an anchor, once with one at the far corner."""
    third = found_forest("Northwind", MailDomain("northwind.example"))
    roots = [contoso.root, fabrikam.root, third.root]
    crossed = [
        forge_authority(issuer, other.certificate.subject, key=other.private_key).certificate
        for issuer in roots
        for other in roots
        if issuer is not other
    ]
    person = third.person("nina@northwind.example")
    known = (*crossed, third.issuing.certificate)
    assert judge(person, Trust((), known)).verdict is Verdict.INVALID
    anchored = Trust((TrustAnchor(contoso.root.certificate),), known)
    assert judge(person, anchored, revocation="ignored").verdict is Verdict.GOOD
