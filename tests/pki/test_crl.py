"""Revocation lists: written in linear time, read by an index, judged before they replace another."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from pki import crl, der, keys
from pki.certificates import MailDomain
from pki.crl import Crl, Reason, RevokedEntry, check_successor
from pki.errors import CrlRefusal, MalformedInput
from pki.keys import KeyType
from pki.lints import lint_crl
from pki.signer import Signer
from tests.pki.conftest import AT, DAY, Forest, found_forest, make_list
from tests.pki.forgery import forge_authority, forge_list, named

REVOKED = RevokedEntry(0x1234, AT - DAY, Reason.KEY_COMPROMISE, AT - 2 * DAY)


def test_pyca_reads_what_we_write(contoso: Forest):
    parsed = x509.load_der_x509_crl(contoso.person_list(REVOKED, number=7).der)
    assert parsed.is_signature_valid(contoso.issuing.certificate.public_key())
    assert parsed.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 7
    entry = parsed.get_revoked_certificate_by_serial_number(0x1234)
    assert entry is not None
    assert entry.revocation_date_utc == AT - DAY
    reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    assert reason is x509.ReasonFlags.key_compromise
    assert (
        entry.extensions.get_extension_for_class(x509.InvalidityDate).value.invalidity_date_utc
        == AT - 2 * DAY
    )


@pytest.mark.parametrize("key_type", [KeyType.P256, KeyType.P384, KeyType.RSA_3072])
def test_every_kind_of_issuing_key_signs_lists(key_type: KeyType):
    forest = found_forest("Contoso", MailDomain("contoso.example"), issuing_type=key_type)
    written = forest.person_list(REVOKED)
    written.verify(forest.issuing.certificate)
    assert lint_crl(written) == []


def test_an_empty_list_has_no_entries_field(contoso: Forest):
    empty = contoso.person_list()
    assert len(empty) == 0
    assert not empty.has_entries_field
    assert lint_crl(empty) == []


def test_the_root_list_covers_authorities_only(contoso: Forest):
    scope = x509.load_der_x509_crl(contoso.root_list().der).extensions.get_extension_for_class(
        x509.IssuingDistributionPoint
    )
    assert scope.critical
    assert scope.value.only_contains_ca_certs


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason is not Reason.REMOVE_FROM_CRL])
def test_entries_survive_the_round_trip(contoso: Forest, reason: Reason):
    entry = RevokedEntry(99, AT, reason)
    assert contoso.person_list(entry).find(99) == entry


def test_dates_after_2049_become_generalized_time(contoso: Forest):
    entry = RevokedEntry(5, AT.replace(year=2051), Reason.SUPERSEDED)
    assert contoso.person_list(entry).find(5) == entry


@given(st.sets(st.integers(1, (1 << 159) - 1), max_size=40), st.integers(1, (1 << 159) - 1))
def test_exactly_the_listed_serials_are_found(contoso: Forest, serials: set[int], other: int):
    listed = make_list(
        contoso.issuing, *(RevokedEntry(serial, AT, Reason.UNSPECIFIED) for serial in sorted(serials))
    )
    assert all(listed.find(serial) is not None for serial in serials)
    assert (listed.find(other) is not None) == (other in serials)
    assert listed.serial_numbers() == serials


def _demanding(serial_number: int, *, critical: bool) -> bytes:
    """An entry with an extension that nobody knows."""
    flag = der.BOOLEAN_TRUE if critical else b""
    unknown = der.tlv(
        der.SEQUENCE, bytes.fromhex("06062b0601040101"), flag, der.tlv(der.OCTET_STRING, b"\5\0")
    )
    return der.tlv(der.SEQUENCE, der.integer(serial_number), der.time(AT), der.tlv(der.SEQUENCE, unknown))


@pytest.mark.parametrize("critical", [True, False])
def test_a_critical_demand_in_an_entry_is_noticed(contoso: Forest, critical: bool):
    # serials that hold the octets of a critical flag by chance must not hide the one that is meant
    chance = RevokedEntry(0x0101FF0101FF, AT, Reason.SUPERSEDED).to_der()
    entries = [chance, _demanding(7, critical=critical), RevokedEntry(8, AT, Reason.SUPERSEDED).to_der()]
    data = crl.build(issuer=contoso.issuing, number=1, this_update=AT, next_update=AT + DAY, entries=entries)
    assert bool(Crl.parse(data).unknown_critical) is critical


def test_building_stays_linear(contoso: Forest):
    def seconds(count: int) -> float:
        entries = [RevokedEntry(serial, AT, Reason.SUPERSEDED).to_der() for serial in range(1, count)]
        started = time.process_time()
        crl.build(issuer=contoso.issuing, number=1, this_update=AT, next_update=AT + DAY, entries=entries)
        return time.process_time() - started

    small, large = min(seconds(5_000) for _ in range(3)), min(seconds(50_000) for _ in range(3))
    assert large < 40 * max(small, 0.001)


def test_another_key_of_the_same_name_does_not_verify(contoso: Forest):
    twin = found_forest("Contoso", MailDomain("contoso.example"))
    with pytest.raises(CrlRefusal) as refused:
        contoso.person_list().verify(twin.issuing.certificate)
    assert refused.value.finding.code == "crl-signature"


def test_a_changed_octet_breaks_the_signature(contoso: Forest):
    data = bytearray(contoso.person_list(REVOKED).der)
    data[data.index(b"\x12\x34")] ^= 1
    with pytest.raises(CrlRefusal):
        Crl.parse(bytes(data)).verify(contoso.issuing.certificate)


@pytest.mark.parametrize("junk", [b"", b"\x30", b"not a list", b"0" * 100, b"\x30\x84\xff\xff\xff\xff"])
def test_junk_is_named_as_malformed(junk: bytes):
    with pytest.raises(MalformedInput):
        Crl.parse(junk)


def _check(
    new: Crl, published: Crl | None, contoso: Forest, *, expired: frozenset[int] = frozenset()
) -> None:
    check_successor(
        new,
        published,
        issuer=contoso.issuing.certificate,
        at=AT,
        still_valid=lambda serial: serial not in expired,
    )


def test_a_good_successor_is_accepted(contoso: Forest):
    _check(contoso.person_list(REVOKED, number=2), contoso.person_list(number=1), contoso)


def test_a_number_that_does_not_rise_is_refused(contoso: Forest):
    with pytest.raises(CrlRefusal) as refused:
        _check(contoso.person_list(number=4), contoso.person_list(number=4), contoso)
    assert refused.value.finding.code == "crl-number"


def test_a_revocation_cannot_vanish_while_its_certificate_is_valid(contoso: Forest):
    published, new = contoso.person_list(REVOKED, number=1), contoso.person_list(number=2)
    with pytest.raises(CrlRefusal) as refused:
        _check(new, published, contoso)
    assert refused.value.finding.code == "crl-shrinks"
    _check(new, published, contoso, expired=frozenset({0x1234}))


@pytest.mark.parametrize(
    "dates",
    [
        {"this_update": AT + timedelta(minutes=11)},
        {"this_update": AT - 9 * DAY, "next_update": AT - DAY},
    ],
)
def test_a_list_that_is_not_current_is_refused(contoso: Forest, dates):
    with pytest.raises(CrlRefusal) as refused:
        _check(contoso.person_list(number=2, **dates), None, contoso)
    assert refused.value.finding.code == "crl-dates"


def test_a_list_older_than_the_published_one_is_refused(contoso: Forest):
    older = contoso.person_list(number=3, this_update=AT - 2 * DAY)
    with pytest.raises(CrlRefusal) as refused:
        _check(older, contoso.person_list(number=2), contoso)
    assert refused.value.finding.code == "crl-dates"


def test_a_list_without_a_number_is_refused(contoso: Forest):
    with pytest.raises(CrlRefusal) as refused:
        _check(forge_list(contoso.issuing, number=None), None, contoso)
    assert refused.value.finding.code == "crl-number"


def test_a_list_under_another_name_is_refused_even_with_the_right_key(contoso: Forest):
    renamed = forge_authority(contoso.root, named("Other"), key=contoso.issuing.private_key)
    with pytest.raises(CrlRefusal) as refused:
        make_list(renamed).verify(contoso.issuing.certificate)
    assert refused.value.finding.code == "crl-issuer"


def test_a_list_signed_by_a_foreign_key_is_refused(contoso: Forest, fabrikam: Forest):
    forged = make_list(Signer(fabrikam.issuing.private_key, fabrikam.issuing.certificate), number=9)
    with pytest.raises(CrlRefusal):
        _check(forged, None, contoso)


def test_a_list_must_end_after_it_begins(contoso: Forest):
    with pytest.raises(CrlRefusal):
        crl.build(issuer=contoso.issuing, number=1, this_update=AT, next_update=AT, entries=[])


def test_an_empty_entries_field_is_named_by_the_linter(contoso: Forest):
    # 30 00 put in front of the extensions; the linter reads structure, not the signature
    data = contoso.person_list().der
    marker = data.index(b"\xa0", data.index(b"\x17\x0d", data.index(b"\x17\x0d") + 15))
    changed = bytearray(data[:marker] + b"\x30\x00" + data[marker:])
    tbs = changed.index(b"\x30", 1)
    changed = _grow(changed, tbs)
    assert "lint-crl-empty" in {finding.code for finding in lint_crl(Crl.parse(bytes(changed)))}


def _grow(data: bytearray, tbs: int) -> bytearray:
    """Add two to the lengths of the outer two values (both in the two-octet long form or one-octet form)."""
    for start in (tbs, 0):
        octets = data[start + 1] & 0x7F if data[start + 1] & 0x80 else 0
        at = slice(start + 2, start + 2 + octets) if octets else slice(start + 1, start + 2)
        data[at] = (int.from_bytes(data[at], "big") + 2).to_bytes(at.stop - at.start, "big")
    return data


def test_keys_that_hash_by_themselves_sign_lists_too():
    key = keys.generate(KeyType.ED25519)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Edwards")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(AT)
        .not_valid_after(AT + DAY)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, None)
    )
    make_list(Signer(key, certificate), REVOKED).verify(certificate)


def test_a_list_of_several_states_its_address_critically_and_covers_what_points_there(contoso: Forest):
    data = crl.build(
        issuer=contoso.issuing, number=3, this_update=AT, next_update=AT + DAY, entries=(),
        location="http://pki.contoso.example/1.crl",
    )  # fmt: skip
    point = x509.load_der_x509_crl(data).extensions.get_extension_for_class(x509.IssuingDistributionPoint)
    assert point.critical
    assert point.value.full_name == [x509.UniformResourceIdentifier("http://pki.contoso.example/1.crl")]
    assert not point.value.only_contains_user_certs
    assert Crl.parse(data).scope_sha256 != contoso.person_list().scope_sha256 == b""


def test_entries_that_are_packed_together_are_used_as_they_are(contoso: Forest):
    entries = [RevokedEntry(n, AT, Reason.SUPERSEDED).to_der() for n in range(1, 9)]
    packed = crl.build(
        issuer=contoso.issuing, number=3, this_update=AT, next_update=AT + DAY,
        entries=(b"".join(entries[:5]), b"".join(entries[5:])),
    )  # fmt: skip
    assert Crl.parse(packed).entries_der == b"".join(entries)
    assert len(Crl.parse(packed)) == 8


def test_what_vanished_is_found_whatever_the_order(contoso: Forest):
    one, two, three = (RevokedEntry(n, AT, Reason.SUPERSEDED) for n in (1, 2, 3))
    assert crl.vanished(contoso.person_list(two, three), contoso.person_list(one, two)) == {1}
    assert crl.vanished(contoso.person_list(one, two, three), contoso.person_list(one, two)) == frozenset()
    assert crl.vanished(contoso.person_list(two, one), contoso.person_list(one, two)) == frozenset()
