"""What is known of a correspondent's program, where it comes from, and what it makes of a letter (RFC 8551 §2.7)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import cache
from typing import Any

import pytest
from cryptography import x509

from mail.letter import Letter
from mail.models import ContactCertificate, Message
from mail.services.contacts import import_certificate
from mail.services.plan import Candidate, Plan, plan
from mail.services.read import read
from mail.services.send import send
from mail.web.recipients import must_sign, strength
from pki import certificates, profiles
from pki.certificates import MailDomain
from pki.formats import write_pkcs7
from pki.keys import KeyType, generate
from smime import capabilities, cms, compose, headers, mime, oids, sign
from smime.capabilities import OURS, Capability
from smime.key_transport import KeyTransport
from smime.layers import read_message
from smime.sign import SigningKey
from tenants import clock
from tenants.scoping import tenant_scope
from tenants.services.pull_publications import keep_list
from tenants.services.trust_root import trust_root
from tests.cast import Cast, Member
from tests.mail.letters import put
from tests.pki.conftest import DAY, Forest, found_forest, some_key

OUTLOOK_LIKE = (Capability(oids.AES_256_CBC), Capability(oids.AES_128_CBC), Capability(oids.DES_EDE3_CBC))
WITHOUT_OAEP = tuple(c for c in OURS if c.oid != oids.RSAES_OAEP)
HOUR = timedelta(hours=1)
Announcing = Callable[[Sequence[Capability]], None]
DANA = "dana@outside.example"


@dataclass(frozen=True)
class Dana:
    """Somebody of an organisation outside this portal."""

    forest: Forest
    signing: SigningKey
    encryption: x509.Certificate


@cache
def outside() -> Forest:
    return found_forest("Outside", MailDomain("outside.example"), at=clock.now() - 30 * DAY)


def certificate(
    profile: profiles.Profile,
    public_key: Any,
    *,
    mailbox: str = DANA,
    at: datetime | None = None,
    announced: Sequence[Capability] = (),
) -> x509.Certificate:
    forest = outside()
    return certificates.issue_person(
        issuer=forest.issuing,
        public_key=public_key,
        name="Dana Dorn",
        mailbox=mailbox,
        profile=profile,
        publication=forest.publication,
        serial_number=certificates.new_serial_number(),
        at=at or clock.now() - DAY,
        smime_capabilities=capabilities.write(announced) if announced else None,
    )


@cache
def dana() -> Dana:
    key = some_key(KeyType.P256)
    return Dana(
        outside(),
        SigningKey(key, certificate(profiles.SIGNING, key.public_key())),
        certificate(profiles.ENCRYPTION, some_key(KeyType.RSA_3072).public_key()),
    )


@pytest.fixture
def alice(cast: Cast) -> Member:
    """Alice of Contoso, whose administrator believes the outside root and whose portal has its lists."""
    forest, now = outside(), clock.now()
    trust_root(cast.olga.actor, forest.root.certificate, ["outside.example"], now)
    lists = ((forest.root, forest.root_list), (forest.issuing, forest.person_list))
    with tenant_scope(cast.contoso.tenant, write=True):
        for issuer, make in lists:
            made = make(this_update=now - HOUR, next_update=now + 7 * DAY)
            assert keep_list(made.der, issuer.certificate, "test", now)
    return cast.alice


@pytest.fixture
def announcing(monkeypatch: pytest.MonkeyPatch) -> Announcing:
    """Dana's program is another one from here on."""
    return lambda announced: monkeypatch.setattr(sign, "OURS", tuple(announced))


def letter(
    signed_at: datetime,
    *,
    signing: SigningKey | None = None,
    encryption: x509.Certificate | None = None,
) -> bytes:
    """A signed letter of Dana, written by her own program at `signed_at`."""
    fields = [
        ("From", f"Dana Dorn <{DANA}>"), ("To", "alice@contoso.example"), ("Subject", "Offer"),
        ("Date", format_datetime(signed_at)), ("Message-ID", "<1@outside.example>"),
    ]  # fmt: skip
    protected = headers.protect(mime.build_body("Dear Alice"), fields, encrypted=False, legacy_display=False)
    entity = compose.sign_entity(
        protected.entity,
        signer=signing or dana().signing,
        certificates=[outside().issuing.certificate],
        at=signed_at,
        encryption_certificate=encryption or dana().encryption,
    )
    return mime.message(protected.outer, entity)


def receive(member: Member, raw: bytes) -> None:
    message = put(member, raw)
    opened = read(member.actor, message.id, None, clock.now())
    assert opened.report.seal == "SIG_OK", opened.report.findings


def planned(member: Member, to: str = DANA) -> Plan:
    return plan(member.actor, Letter(to=to).recipients(), clock.now())


def line(judged: Plan) -> str:
    shown = strength(Letter(to=DANA), judged)
    assert shown is not None
    return shown.text


def held(member: Member, *, state: str = "in-use") -> list[ContactCertificate]:
    with tenant_scope(member.actor.tenant_id):
        rows = ContactCertificate.objects.filter(contact__person_id=member.actor.person_id, state=state)
        return list(rows.order_by("can_encrypt", "added_at"))


def remembered(row: ContactCertificate) -> tuple[Capability, ...]:
    return capabilities.read(bytes(row.capabilities)) if row.capabilities else ()


def test_a_first_letter_decides_what_goes_back(alice: Member) -> None:
    receive(alice, letter(clock.now() - HOUR))
    judged = planned(alice)
    assert (judged.algorithm, judged.limited_by) == ("AES-256-GCM", "")
    assert judged.choice == capabilities.choose([capabilities.Reader(dana().encryption, OURS)])
    assert line(judged) == "Encrypting with AES-256-GCM."
    assert must_sign(Letter(to=DANA), judged) == ""


def test_an_old_program_limits_the_letter_and_the_line_says_who(
    alice: Member, announcing: Announcing
) -> None:
    announcing(OUTLOOK_LIKE)
    receive(alice, letter(clock.now() - HOUR))
    judged = planned(alice)
    assert (judged.algorithm, judged.limited_by) == ("AES-256-CBC", "Dana Dorn")
    assert judged.choice.key_transport is KeyTransport.PKCS1_V15
    assert (
        line(judged)
        == "Encrypting with AES-256-CBC, because the mail program of Dana Dorn lists nothing newer."
    )
    assert "Sign stays on" in must_sign(Letter(to=DANA), judged)


def test_a_program_that_lists_aes_128_alone_gets_it_and_the_line_says_so(
    cast: Cast, alice: Member, announcing: Announcing
) -> None:
    announcing((Capability(oids.AES_128_CBC), Capability(oids.DES_EDE3_CBC)))
    receive(alice, letter(clock.now() - HOUR))
    hana = cast.contoso.add("Hana Holm")
    judged = planned(alice, f"{hana.address}, {DANA}")
    assert (judged.algorithm, judged.limited_by) == ("AES-128-CBC", "Dana Dorn")
    assert (
        line(judged)
        == "Encrypting with AES-128-CBC, because the mail program of Dana Dorn lists nothing newer."
    )
    assert "receives AES-128-CBC" in must_sign(Letter(to=DANA), judged)


def test_with_aes_128_in_gcm_the_signature_may_be_left_out(alice: Member, announcing: Announcing) -> None:
    announcing((Capability(oids.AES_128_GCM), Capability(oids.AES_256_CBC)))
    receive(alice, letter(clock.now() - HOUR))
    judged = planned(alice)
    assert judged.algorithm == "AES-128-GCM"
    assert must_sign(Letter(to=DANA), judged) == ""


def test_a_program_without_oaep_limits_the_way_of_the_key_only(alice: Member, announcing: Announcing) -> None:
    announcing(WITHOUT_OAEP)
    receive(alice, letter(clock.now() - HOUR))
    judged = planned(alice)
    assert (judged.algorithm, judged.choice.key_transport) == ("AES-256-GCM", KeyTransport.PKCS1_V15)
    assert "its key goes out by RSA PKCS#1 v1.5, because the mail program of Dana Dorn" in line(judged)


def test_one_strength_holds_for_all_readers_of_a_letter(
    cast: Cast, alice: Member, announcing: Announcing
) -> None:
    announcing(OUTLOOK_LIKE)
    receive(alice, letter(clock.now() - HOUR))
    hana = cast.contoso.add("Hana Holm")
    judged = planned(alice, f"{hana.address}, {DANA}")
    assert (judged.algorithm, judged.limited_by) == ("AES-256-CBC", "Dana Dorn")
    assert planned(alice, hana.address).algorithm == "AES-256-GCM"


def test_a_certificate_from_a_file_says_nothing_of_the_program(alice: Member) -> None:
    bundle = write_pkcs7([dana().encryption, outside().issuing.certificate])
    import_certificate(alice.actor, bundle, clock.now())
    judged = planned(alice)
    assert (judged.algorithm, judged.choice.pss, judged.choice.cek_hkdf) == ("AES-256-CBC", False, False)
    assert line(judged).endswith("because nothing newer is known of the mail program of Dana Dorn.")


def test_a_newer_letter_replaces_what_is_remembered_and_an_older_one_does_not(
    alice: Member, announcing: Announcing
) -> None:
    now = clock.now().replace(microsecond=0)
    announcing(OUTLOOK_LIKE)
    receive(alice, letter(now - 3 * HOUR))
    announcing(OURS)
    receive(alice, letter(now - HOUR))
    rows = held(alice)
    assert [row.capabilities_signed_at for row in rows] == [now - HOUR] * 2
    assert {remembered(row) for row in rows} == {OURS}
    announcing(OUTLOOK_LIKE)
    for signed_at in (now - 2 * HOUR, now - HOUR):  # an attacker brings an old letter again
        receive(alice, letter(signed_at))
    assert {remembered(row) for row in held(alice)} == {OURS}
    assert planned(alice).algorithm == "AES-256-GCM"


def test_a_signing_time_in_the_future_is_no_basis(alice: Member) -> None:
    """Else a letter from a wrong clock would stand against every later one."""
    receive(alice, letter(clock.now() + HOUR))
    assert [remembered(row) for row in held(alice)] == [(), ()]
    assert planned(alice).algorithm == "AES-256-CBC"


def test_a_letter_without_a_full_seal_teaches_nothing(alice: Member) -> None:
    raw = letter(clock.now() - HOUR).replace(b"Dear Alice", b"Dear Malory")
    message = put(alice, raw)
    opened = read(alice.actor, message.id, None, clock.now())
    assert (opened.report.seal, opened.learned) == ("SIG_BAD", None)
    assert held(alice) == []


def test_another_signer_does_not_speak_for_the_known_encryption_certificate(
    alice: Member, announcing: Announcing
) -> None:
    now = clock.now()
    receive(alice, letter(now - 2 * HOUR))
    key = some_key(KeyType.P256)
    other = SigningKey(key, certificate(profiles.SIGNING, key.public_key()))
    announcing(OUTLOOK_LIKE)
    preferred = certificate(profiles.ENCRYPTION, some_key(KeyType.RSA_3072).public_key())
    receive(alice, letter(now - HOUR, signing=other, encryption=preferred))
    assert {remembered(row) for row in held(alice)} == {OURS}
    assert {remembered(row) for row in held(alice, state="proposed")} == {OUTLOOK_LIKE}
    assert planned(alice).algorithm == "AES-256-GCM"


def test_a_stated_preference_is_honoured_but_never_silently(alice: Member) -> None:
    now = clock.now()
    receive(alice, letter(now - 2 * HOUR))
    assert held(alice)[1].certificate == dana().encryption
    preferred = certificate(profiles.ENCRYPTION, some_key(KeyType.RSA_3072).public_key())
    receive(alice, letter(now - HOUR, encryption=preferred))
    assert held(alice)[1].certificate == dana().encryption
    assert [row.certificate for row in held(alice, state="proposed")] == [preferred]


@pytest.mark.parametrize("wrong", ["somebody else's", "a signing one"])
def test_a_preference_for_a_certificate_that_cannot_serve_is_ignored(alice: Member, wrong: str) -> None:
    if wrong == "somebody else's":
        key = some_key(KeyType.RSA_3072).public_key()
        odd = certificate(profiles.ENCRYPTION, key, mailbox="mallory@outside.example")
    else:
        odd = certificate(profiles.SIGNING, generate(KeyType.P256).public_key())
    receive(alice, letter(clock.now() - HOUR, encryption=odd))
    assert [row.certificate for row in held(alice)] == [dana().signing.certificate]
    assert planned(alice).recipients[0].state == "missing"


# --- whose statement counts -----------------------------------------------------------------------------------------


def candidate(**changes: Any) -> Candidate:
    return replace(Candidate(dana().encryption, "Dana", "a test"), **changes)


def issued_at(at: datetime, announced: Sequence[Capability]) -> x509.Certificate:
    key = some_key(KeyType.RSA_3072).public_key()
    return certificate(profiles.ENCRYPTION, key, at=at, announced=announced)


def test_what_is_read_in_this_portal_is_read_by_this_program() -> None:
    assert candidate().announced() == ()
    assert candidate(in_portal=True, remembered=OUTLOOK_LIKE).announced() == OURS


def test_of_a_certificate_and_a_letter_the_newer_statement_counts() -> None:
    now = clock.now()
    old, new = issued_at(now - 9 * DAY, OUTLOOK_LIKE), issued_at(now - DAY, OUTLOOK_LIKE)
    letter_of_last_week = {"remembered": WITHOUT_OAEP, "remembered_at": now - 5 * DAY}
    assert candidate(certificate=old).announced() == OUTLOOK_LIKE
    assert candidate(certificate=old, **letter_of_last_week).announced() == WITHOUT_OAEP
    assert candidate(certificate=new, **letter_of_last_week).announced() == OUTLOOK_LIKE
    undated = candidate(certificate=new, remembered=WITHOUT_OAEP)
    assert undated.announced() == OUTLOOK_LIKE


# --- what is written ------------------------------------------------------------------------------------------------


def envelope_of(message: Message, member: Member) -> cms.EnvelopedData | cms.AuthEnvelopedData:
    with tenant_scope(member.actor.tenant_id):
        raw = bytes(Message.objects.select_related("raw").get(id=message.id).raw.data)
    found = cms.parse(read_message(raw).content())
    assert isinstance(found, cms.EnvelopedData | cms.AuthEnvelopedData)
    return found


def test_the_letter_is_written_as_it_was_planned(alice: Member, announcing: Announcing) -> None:
    receive(alice, letter(clock.now() - 2 * HOUR))
    wanted = Letter(to=DANA, subject="Order", text="Yes.")
    best = envelope_of(send(alice.actor, wanted, planned(alice), alice.custody, clock.now()), alice)
    assert isinstance(best, cms.AuthEnvelopedData)
    assert best.encrypted.algorithm.oid == oids.AES_256_GCM
    assert {recipient.algorithm.oid for recipient in best.recipients} == {oids.RSAES_OAEP}  # type: ignore[union-attr]
    announcing((*OURS, Capability(oids.CEK_HKDF_SHA256)))
    receive(alice, letter(clock.now() - HOUR))
    bound = envelope_of(send(alice.actor, wanted, planned(alice), alice.custody, clock.now()), alice)
    assert bound.encrypted.algorithm.oid == oids.CEK_HKDF_SHA256
    announcing(OUTLOOK_LIKE)
    receive(alice, letter(clock.now() - HOUR / 2))
    plain = envelope_of(send(alice.actor, wanted, planned(alice), alice.custody, clock.now()), alice)
    assert isinstance(plain, cms.EnvelopedData)
    assert plain.encrypted.algorithm.oid == oids.AES_256_CBC
    assert {recipient.algorithm.oid for recipient in plain.recipients} == {oids.RSA_ENCRYPTION}  # type: ignore[union-attr]
