"""Every rule of the linter meets a certificate that breaks it, and one that does not (`whole`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from pki import certificates, keys, profiles, samples, second_opinion
from pki.algorithms import signing_digest
from pki.errors import LintRefusal, PkiError
from pki.keys import KeyType
from pki.lints import RULES, lint_certificate, lint_crl, lint_entry
from pki.names import Mailbox
from pki.oid import SMIME_CAPABILITIES, SMTP_UTF8_MAILBOX
from pki.profiles import Profile
from tests.campaigns import FULL, chance
from tests.pki.conftest import AT, DAY, Forest
from tests.pki.forgery import forge_list

# Names beyond their upper bound are what one of the cases is about; pyca warns of them.
pytestmark = pytest.mark.filterwarnings("ignore:Attribute's length")
Extension = tuple[x509.ExtensionType, bool]
LINTED = pytest.mark.skipif(not second_opinion.is_installed(), reason="pkilint is not installed")


@dataclass(frozen=True)
class Shape:
    """A certificate about to be built: a right one, with something changed."""

    issuer: x509.Name
    subject: x509.Name
    key: keys.PublicKey
    serial: int
    begins: datetime
    ends: datetime
    extensions: tuple[Extension, ...]

    def but(self, *extensions: Extension, without: type | None = None) -> Shape:
        """With these extensions instead of those of their kind."""
        kinds = {extension.oid for extension, _ in extensions}
        kept = [
            e for e in self.extensions if e[0].oid not in kinds and e[0].oid != getattr(without, "oid", None)
        ]
        return replace(self, extensions=(*kept, *extensions))

    def named(self, *attributes: x509.NameAttribute | x509.RelativeDistinguishedName) -> Shape:
        parts = [
            a if isinstance(a, x509.RelativeDistinguishedName) else x509.RelativeDistinguishedName([a])
            for a in attributes
        ]
        return replace(self, subject=x509.Name(parts))

    def build(self, forest: Forest) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder().issuer_name(self.issuer).subject_name(self.subject)
            .public_key(self.key).serial_number(self.serial)  # type: ignore[arg-type]
            .not_valid_before(self.begins).not_valid_after(self.ends)
        )  # fmt: skip
        for extension, critical in self.extensions:
            builder = builder.add_extension(extension, critical)
        signing = forest.issuing.private_key
        return builder.sign(signing, signing_digest(signing))


def shape_of(right: x509.Certificate) -> Shape:
    extensions = tuple((e.value, e.critical) for e in right.extensions)
    return Shape(
        right.issuer, right.subject, right.public_key(), right.serial_number, right.not_valid_before_utc,
        right.not_valid_after_utc, extensions,
    )  # fmt: skip


def usage(*bits: str) -> Extension:
    names = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
        "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{name: name in bits for name in names}), True


def names(*general: x509.GeneralName) -> Extension:
    return x509.SubjectAlternativeName(general), False


def cn(text: str, **kwargs: object) -> x509.NameAttribute:
    return x509.NameAttribute(NameOID.COMMON_NAME, text, _validate=False, **kwargs)  # type: ignore[arg-type]


def small_rsa(exponent: int = 65537, bits: int = 2048, factor: int = 1) -> keys.PublicKey:
    modulus = samples.sample_key(KeyType.RSA_2048).public_numbers().n >> 2048 - bits  # type: ignore[union-attr]
    modulus = modulus | 1 if factor == 1 else (modulus // factor | 1) * factor
    return rsa.RSAPublicNumbers(exponent, modulus).public_key()


def points(*names_: x509.GeneralName, reasons: frozenset[x509.ReasonFlags] | None = None) -> Extension:
    return x509.CRLDistributionPoints([x509.DistributionPoint(list(names_), None, reasons, None)]), False


def uri(text: str) -> x509.UniformResourceIdentifier:
    return x509.UniformResourceIdentifier._init_without_validation(text)


def policies(oid: str) -> Extension:
    return x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier(oid), None)]), False


LOGIN = ExtendedKeyUsageOID.CLIENT_AUTH
ALICE = x509.RFC822Name("alice@contoso.example")
FOREIGN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.311.21.10"), b"\x30\x00")
BROKEN: dict[str, tuple[str, Callable[[Shape], Shape]]] = {
    "short serial": ("lint-serial-entropy", lambda s: replace(s, serial=77)),
    "weak key": ("lint-key", lambda s: replace(s, key=small_rsa(bits=1024))),
    "odd modulus": ("lint-rsa-modulus", lambda s: replace(s, key=small_rsa(bits=2047))),
    "small exponent": ("lint-rsa-exponent", lambda s: replace(s, key=small_rsa(exponent=3))),
    "small factor": ("lint-rsa-factors", lambda s: replace(s, key=small_rsa(factor=13))),
    "too large": ("lint-size", lambda s: s.but((x509.UnrecognizedExtension(SMIME_CAPABILITIES, b"\x30" * 70000), False))),
    "foreign extension, ESC15": ("lint-foreign-extension", lambda s: s.but((FOREIGN, False))),
    "reserved policy": ("lint-reserved-policy", lambda s: s.but(policies("2.23.140.1.5.3.3"))),
    "any policy": ("lint-any-policy", lambda s: s.but(policies("2.5.29.32.0"))),
    "https list": ("lint-location", lambda s: s.but(points(uri("https://pki.contoso.example/a.crl")))),
    "address without host": ("lint-location-form", lambda s: s.but(points(uri("http:///a.crl")))),
    "address with a space": ("lint-location-form", lambda s: s.but(points(uri("http://pki.contoso.example/a b")))),
    "list for some reasons": (
        "lint-distribution-point",
        lambda s: s.but(points(uri("http://a.example/a.crl"), reasons=frozenset([x509.ReasonFlags.key_compromise]))),
    ),
    "strange access": (
        "lint-issuer-access",
        lambda s: s.but((x509.AuthorityInformationAccess([
            x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, x509.DNSName("a.example"))]), False)),
    ),
    "no key identifier": ("lint-subject-key-identifier", lambda s: s.but(without=x509.SubjectKeyIdentifier)),
    "long key identifier": (
        "lint-subject-key-identifier", lambda s: s.but((x509.SubjectKeyIdentifier(b"x" * 65), False))
    ),
    "issuer by name and serial": (
        "lint-authority-key-identifier",
        lambda s: s.but((x509.AuthorityKeyIdentifier(b"x" * 20, [x509.DirectoryName(s.issuer)], 7), False)),
    ),
    "critical SKI": ("lint-criticality", lambda s: s.but((x509.SubjectKeyIdentifier(b"x" * 20), True))),
    "critical EKU": (
        "lint-criticality", lambda s: s.but((x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), True))
    ),
    "plain key usage": ("lint-criticality", lambda s: s.but((usage("digital_signature")[0], False))),
    "foreign attribute": (
        "lint-name-attribute", lambda s: s.named(cn("Alice"), x509.NameAttribute(NameOID.DN_QUALIFIER, "x"))
    ),
    "long name": ("lint-name-length", lambda s: s.named(cn("x" * 65))),
    "country in words": (
        "lint-name-country", lambda s: s.named(cn("Alice"), x509.NameAttribute(NameOID.COUNTRY_NAME, "de"))
    ),
    "BMPString": ("lint-name-string", lambda s: s.named(cn("Alice", _type=_ASN1Type.BMPString))),
    "blank name": ("lint-name-blank", lambda s: s.named(cn(" Alice"))),
    "only a dash": ("lint-name-metadata", lambda s: s.named(cn("-"))),
    "right-to-left override": ("lint-name-control", lambda s: s.named(cn("Ali\u202ece"))),
    "two in a set": (
        "lint-name-set",
        lambda s: s.named(x509.RelativeDistinguishedName([cn("Alice"), x509.NameAttribute(NameOID.ORGANIZATION_NAME, "C")])),
    ),
    "name twice": ("lint-name-twice", lambda s: s.named(cn("Alice"), cn("Bob"))),
    "826 days": ("lint-validity", lambda s: replace(s, ends=s.begins + timedelta(days=825))),
    "no usage": ("lint-person-usage", lambda s: s.but(without=x509.KeyUsage)),
    "CA bits, ESC5": ("lint-person-usage", lambda s: s.but(usage("digital_signature", "key_cert_sign"))),
    "agreement with RSA": (
        "lint-usage-of-key", lambda s: replace(s.but(usage("key_agreement")), key=samples.sample_key(KeyType.RSA_3072))
    ),
    "data encipherment": ("lint-usage-of-key", lambda s: s.but(usage("digital_signature", "data_encipherment"))),
    "only commitment": ("lint-usage-useless", lambda s: s.but(usage("content_commitment"))),
    "any purpose, ESC2": (
        "lint-person-purpose", lambda s: s.but((x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]), False))
    ),
    "agent, ESC3": (
        "lint-person-purpose",
        lambda s: s.but((x509.ExtendedKeyUsage([x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.1")]), False)),
    ),
    "no purpose": ("lint-person-purpose", lambda s: s.but(without=x509.ExtendedKeyUsage)),
    "constraints": (
        "lint-person-constraints", lambda s: s.but((x509.NameConstraints([x509.RFC822Name("a.example")], None), True))
    ),
    "no address": ("lint-address", lambda s: s.but(without=x509.SubjectAlternativeName)),
    "a host name": ("lint-address-kind", lambda s: s.but(names(ALICE, x509.DNSName("contoso.example")))),
    "a login name, ESC1": (
        "lint-address-kind",
        lambda s: s.but(names(ALICE, x509.OtherName(x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3"), b"\x0c\x01a"))),
    ),
    "capital domain": ("lint-address-form", lambda s: s.but(names(x509.RFC822Name("alice@CONTOSO.example")))),
    "needless UTF-8": (
        "lint-address-utf8",
        lambda s: s.but(names(x509.OtherName(SMTP_UTF8_MAILBOX, b"\x0c\x15alice@contoso.example"))),
    ),
    "address twice": ("lint-address-twice", lambda s: s.but(names(ALICE, ALICE))),
    "other address in the name": ("lint-subject-address", lambda s: s.named(cn("olga@contoso.example"))),
    "critical names": ("lint-address-critical", lambda s: s.but((names(ALICE)[0], True))),
    "no list": ("lint-person-extension", lambda s: s.but(without=x509.CRLDistributionPoints)),
    "no issuer access": ("lint-person-extension", lambda s: s.but(without=x509.AuthorityInformationAccess)),
    "no issuer key": ("lint-person-extension", lambda s: s.but(without=x509.AuthorityKeyIdentifier)),
    "capabilities of no form": (
        "lint-capabilities", lambda s: s.but((x509.UnrecognizedExtension(SMIME_CAPABILITIES, b"\x04\x00"), False))
    ),
    "another issuer name": ("lint-issuer-name", lambda s: replace(s, issuer=s.subject)),
    "outlives": ("lint-issuer-ends-earlier", lambda s: replace(s, ends=s.begins + 4000 * DAY)),
    "another issuer key": (
        "lint-issuer-identifier", lambda s: s.but((x509.AuthorityKeyIdentifier(b"y" * 20, None, None), False))
    ),
    "outside the domains": ("lint-issuer-domains", lambda s: s.but(names(x509.RFC822Name("ceo@bank.example")))),
    "an authority, ESC5": (
        "lint-profile", lambda s: s.but((x509.BasicConstraints(True, 0), True), usage("key_cert_sign", "crl_sign"))
    ),
    "commitment that the profile lacks": (
        "lint-profile-usage", lambda s: s.but(usage("digital_signature", "content_commitment"))
    ),
    "key that the profile lacks": (
        "lint-profile-key", lambda s: replace(s, key=samples.sample_key(KeyType.P521))
    ),
    "authority without usage": ("lint-authority-usage", lambda s: authority(s).but(usage("key_cert_sign"))),
    "authority that enciphers": (
        "lint-authority-other-usage", lambda s: authority(s).but(usage("key_cert_sign", "crl_sign", "key_agreement"))
    ),
    "authority without a name": ("lint-authority-subject", lambda s: replace(authority(s), subject=x509.Name([]))),
    "authority without organisation": ("lint-authority-name", lambda s: authority(s).named(cn("Sub"))),
    "free authority": ("lint-name-constraints", lambda s: authority(s).but(without=x509.NameConstraints)),
    "constraint to a mailbox": (
        "lint-name-constraints-form",
        lambda s: authority(s).but((x509.NameConstraints([x509.RFC822Name("a@contoso.example")], None), True)),
    ),
    "authority of any depth": ("lint-path-length", lambda s: authority(s).but((x509.BasicConstraints(True, None), True))),
    "authority below a last one": ("lint-issuer-path-length", lambda s: authority(s)),
    "authority for clients": (
        "lint-authority-purpose", lambda s: authority(s).but((x509.ExtendedKeyUsage([LOGIN]), False))
    ),
    "authority without list": ("lint-authority-extension", lambda s: authority(s).but(without=x509.CRLDistributionPoints)),
    "authority with a mailbox": ("lint-authority-address", lambda s: authority(s).but(names(ALICE))),
    "root with a path length": ("lint-root-constraints", lambda s: replace(authority(s), subject=s.issuer)),
    "root of another key": ("lint-root-identifier", lambda s: replace(authority(s), subject=s.issuer)),
}  # fmt: skip


def authority(shape: Shape) -> Shape:
    """The same certificate as that of an issuing authority."""
    organised = shape.named(x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Contoso"), cn("Contoso Sub"))
    return organised.but(
        (x509.BasicConstraints(True, 0), True),
        usage("key_cert_sign", "crl_sign"),
        (x509.NameConstraints([x509.RFC822Name("contoso.example")], None), True),
        without=x509.SubjectAlternativeName,
    )


@pytest.fixture(scope="module")
def whole(contoso: Forest) -> Shape:
    return shape_of(contoso.person("alice@contoso.example").certificate)


def codes(certificate: x509.Certificate, contoso: Forest, profile: Profile = profiles.SIGNING) -> set[str]:
    found = lint_certificate(certificate, issuer=contoso.issuing.certificate, profile=profile)
    assert all(finding.citation for finding in found)
    return {finding.code for finding in found}


def test_the_whole_certificate_breaks_nothing(contoso: Forest, whole: Shape) -> None:
    assert codes(whole.build(contoso), contoso) == set()


@pytest.mark.parametrize("case", BROKEN)
def test_what_breaks_a_rule_is_named_by_its_code(contoso: Forest, whole: Shape, case: str) -> None:
    code, change = BROKEN[case]
    shape = change(whole)
    if shape.subject == shape.issuer:  # a root, and not another generation of the authority
        shape = replace(shape, key=contoso.issuing.private_key.public_key())
    assert code in codes(shape.build(contoso), contoso)


def test_another_generation_under_the_same_name_is_no_root(contoso: Forest, whole: Shape) -> None:
    shape = replace(authority(whole), subject=whole.issuer)
    assert not {code for code in codes(shape.build(contoso), contoso) if code.startswith("lint-root")}


# What pyca refuses to write, or reads only from bytes: their broken certificates come from altered bytes below.
BY_BYTES = {
    "lint-version", "lint-serial", "lint-key-encoding", "lint-signature", "lint-signature-agreement",
    "lint-signature-encoding", "lint-issuer-empty", "lint-dates", "lint-date-encoding", "lint-unique-identifiers",
    "lint-usage-empty", "lint-person-basic", "lint-address-form", "lint-issuer-not-authority", "lint-issuer-usage",
    "lint-signature-digest",
}  # fmt: skip


def test_every_rule_has_a_certificate_that_breaks_it() -> None:
    assert {rule.code for rule in RULES} - {code for code, _ in BROKEN.values()} <= BY_BYTES
    assert all(rule.citation and rule.sentence.endswith(".") for rule in RULES)


BYTES: dict[str, tuple[str, bytes, bytes]] = {
    "version 1": ("lint-version", bytes.fromhex("a003020102"), bytes.fromhex("a003020100")),
    "SHA-384 outside only": (
        "lint-signature-agreement", bytes.fromhex("300a06082a8648ce3d040302"), bytes.fromhex("300a06082a8648ce3d040303"),
    ),
    "empty usage": ("lint-usage-empty", bytes.fromhex("0404030207 80".replace(" ", "")), bytes.fromhex("040403020700")),
}  # fmt: skip


@pytest.mark.parametrize("case", BYTES)
def test_altered_bytes_are_named_or_cannot_be_read(contoso: Forest, whole: Shape, case: str) -> None:
    code, old, new = BYTES[case]
    right = whole.build(contoso).public_bytes(Encoding.DER)
    assert old in right
    last = right.rindex(old)
    altered = right[:last] + new + right[last + len(old) :]
    try:
        certificate = x509.load_der_x509_certificate(altered)
    except (ValueError, x509.InvalidVersion):
        return
    assert codes(certificate, contoso) & {code, "lint-extensions"}


def test_an_issuer_that_is_none_is_named(contoso: Forest, whole: Shape) -> None:
    leaf = contoso.person("olga@contoso.example")
    found = {f.code for f in lint_certificate(whole.build(contoso), issuer=leaf.certificate)}
    assert {"lint-issuer-not-authority", "lint-issuer-usage", "lint-issuer-name"} <= found
    root = {f.code for f in lint_certificate(whole.build(contoso), issuer=contoso.root.certificate)}
    assert "lint-signature-digest" in root


def test_nothing_that_breaks_a_rule_is_signed(contoso: Forest) -> None:
    with pytest.raises(LintRefusal) as refused:
        certificates.issue_person(
            issuer=contoso.issuing, public_key=keys.generate(KeyType.P256).public_key(), name="ceo@bank.example",
            mailbox="alice@contoso.example", profile=profiles.SIGNING, publication=contoso.publication,
            serial_number=certificates.new_serial_number(), at=AT,
        )  # fmt: skip
    assert "lint-subject-address" in {finding.code for finding in refused.value.findings}


# Entries: reason, criticality, dates.
SERIAL = "0214" + "40" * 20
ENTRIES = {
    "no entry": ("lint-entry-form", "3003020101"),
    "long after": ("lint-entry-date", "3025" + SERIAL + "170d" + b"291120120000Z".hex()),
    "negative": ("lint-entry-serial", "3012" + "0201ff" + "170d" + b"261120120000Z".hex()),
}


@pytest.mark.parametrize("case", ENTRIES)
def test_a_bad_entry_is_named(case: str) -> None:
    code, octets = ENTRIES[case]
    assert code in {finding.code for finding in lint_entry(bytes.fromhex(octets), AT)}


def test_entries_of_people_cannot_state_every_reason(contoso: Forest) -> None:
    from pki.crl import Reason, RevokedEntry

    lawful = {
        reason for reason in Reason
        if not lint_entry(RevokedEntry(certificates.new_serial_number(), AT, reason).to_der(), AT)
    }  # fmt: skip
    assert lawful == set(Reason) - {Reason.CA_COMPROMISE, Reason.REMOVE_FROM_CRL, Reason.AA_COMPROMISE}


def test_a_list_without_number_or_with_a_foreign_demand_is_named(contoso: Forest) -> None:
    demand = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.55738.3"), b"\x05\x00")
    found = {f.code for f in lint_crl(forge_list(contoso.issuing, number=None, extensions=[(demand, True)]))}
    assert {"lint-crl-number", "lint-crl-key-identifier", "lint-crl-critical"} <= found
    assert lint_crl(contoso.person_list()) == []


def drawn_profile(dice) -> Profile:
    use = dice.choice(["sign", "read", "both"])
    signing = [
        KeyType.P256,
        KeyType.P384,
        KeyType.RSA_3072,
        KeyType.RSA_4096,
        KeyType.ED25519,
        KeyType.ML_DSA_65,
    ]
    reading = [KeyType.RSA_3072, KeyType.RSA_4096, KeyType.P256, KeyType.P384, KeyType.ML_KEM_768]
    pool = {"sign": signing, "read": reading, "both": [KeyType.RSA_3072, KeyType.RSA_4096]}[use]
    private = dice.random() < 0.2
    if private and use == "read":
        pool = [*pool, KeyType.X25519]
    return Profile(
        "drawn", "Drawn", profiles.Role.PERSON, (dice.choice(pool),), dice.randint(1, 1500 if private else 825),
        signs=use != "read", encrypts=use != "sign", escrow=use == "read" and dice.random() < 0.5, private=private,
        name_pattern=dice.choice(["{name}", "{name} ({forest})", "{address}", "{name}, {forest}"]),
    )  # fmt: skip


NAMES = [
    "Alice Arden",
    "Zoë Ωmega",
    "李 明",
    "O'Brien-Smith",
    "A" * 90,
    "mallory@evil.example",
    "x\u202ey",
    " ",
    "-",
    "Dr. J. (Ext)",
]


@LINTED
def test_no_template_and_request_make_what_a_linter_holds_against_it(contoso: Forest) -> None:
    """Whatever is drawn is either refused by our gate or passes pkilint without an error."""
    dice = chance("templates and requests")
    made = refused = 0
    for _ in range(10_000 if FULL else 150):
        profile = drawn_profile(dice)
        mailbox = dice.choice(["alice", "b.ob", "zoë", "o'brien", "x" * 64]) + "@contoso.example"
        try:
            certificate = samples.make_sample(
                profile, profile.key_types[0], authority=contoso.issuing.certificate, mailbox=mailbox,
                publication=contoso.publication, at=AT + timedelta(days=dice.randint(0, 300)), name=dice.choice(NAMES),
            )  # fmt: skip
        except PkiError:
            refused += 1
            continue
        made += 1
        said = second_opinion.on_certificate(certificate.public_bytes(Encoding.DER), private=profile.private)
        assert said == [], (profile, mailbox, certificate.subject)
        assert certificates.mailboxes(certificate) == (str(Mailbox.parse(mailbox)),)
        assert certificate.public_bytes(Encoding.DER)
    assert made > refused > 0


@LINTED
def test_pkilint_finds_nothing_in_lists_and_authorities(contoso: Forest) -> None:
    from pki.crl import Reason, RevokedEntry

    dice = chance("lists")
    lawful = [
        r for r in Reason if r not in (Reason.CA_COMPROMISE, Reason.REMOVE_FROM_CRL, Reason.AA_COMPROMISE)
    ]
    for number in range(1, 400 if FULL else 20):
        entries = [
            RevokedEntry(certificates.new_serial_number(), AT - dice.randint(1, 90) * DAY, dice.choice(lawful),
                         AT - 100 * DAY if dice.random() < 0.3 else None)
            for _ in range(dice.randint(0, 20))
        ]  # fmt: skip
        made = contoso.person_list(*entries, number=number)
        assert lint_crl(made) == []
        assert second_opinion.on_list(made.der) == []
    assert second_opinion.on_list(contoso.root_list().der, of_authorities=True) == []
    for signer in (contoso.root, contoso.issuing):
        assert second_opinion.on_certificate(signer.certificate.public_bytes(Encoding.DER)) == []


# Mutants that pkilint objects to while ours does not, with the reason.
OURS_ALLOWS: dict[str, str] = {}


@LINTED
@pytest.mark.parametrize("case", BROKEN)
def test_what_pkilint_holds_against_a_mutant_ours_refuses_too(
    contoso: Forest, whole: Shape, case: str
) -> None:
    certificate = BROKEN[case][1](whole).build(contoso)
    said: Iterable[object] = second_opinion.on_certificate(certificate.public_bytes(Encoding.DER)) or ()
    if said and case not in OURS_ALLOWS:
        assert codes(certificate, contoso)


@LINTED
@pytest.mark.parametrize(
    ("url", "is_excused"),
    [
        ("http://localhost:8000/pki/a.crl", True),
        ("http://internal:80/a.crl", False),
        ("http://localhost.x y/", False),
    ],
)
def test_only_the_address_of_a_trial_is_excused(url: str, is_excused: bool) -> None:
    assert second_opinion._is_trial("pkix.invalid_uri_syntax", f'Invalid URI syntax: "{url}"') is is_excused
