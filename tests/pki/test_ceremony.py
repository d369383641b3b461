"""Work orders: what is asked is what is signed, and nothing beyond what an authority may get."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from pki import authorities, certificates, crl, keys
from pki.authorities import AuthorityWish, authority_name, key_identifier
from pki.ceremony import check_result, describe_order, judge_order, sign_order
from pki.certificates import MailDomain, Publication
from pki.crl import Crl
from pki.entries import Reason, RevokedEntry
from pki.errors import MalformedInput, PkiError
from pki.keys import KeyType
from pki.orders import CertificateItem, ListItem, Order, read_order, read_result, write_order, write_result
from pki.signer import Signer
from tests.pki.conftest import AT, DAY, Forest

KEY = keys.generate(KeyType.P256)
ADDRESSES = Publication("http://pki.contoso.example/root.crl", "http://pki.contoso.example/root.cer")


def request_of(key: keys.SigningPrivateKey) -> bytes:
    name = authority_name("Contoso Branch G1", "Contoso")
    made = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())  # type: ignore[arg-type]
    return made.public_bytes(Encoding.DER)


def wish(contoso: Forest, **changes: Any) -> AuthorityWish:
    begins, ends = authorities.validity(AT, 2190, contoso.root.certificate)
    made = AuthorityWish(
        public_key=KEY.public_key(),
        subject=authority_name("Contoso Branch G1", "Contoso"),
        subject_key_identifier=key_identifier(KEY.public_key()),
        path_length=0,
        mail_domains=(MailDomain("contoso.example", include_subdomains=True),),
        publication=ADDRESSES,
        serial_number=certificates.new_serial_number(),
        not_before=begins,
        not_after=ends,
    )
    return replace(made, **changes)


def branch(contoso: Forest, **changes: Any) -> CertificateItem:
    return CertificateItem("a" * 32, "Contoso Branch G1", request_of(KEY), True, wish(contoso, **changes))


def root_list(**changes: Any) -> ListItem:
    entry = RevokedEntry(certificates.new_serial_number(), AT - DAY, Reason.SUPERSEDED)
    made = ListItem("b" * 32, 7, AT, AT + 90 * DAY, (entry,))
    return replace(made, **changes)


def order_of(contoso: Forest, *items: Any) -> Order:
    return Order("c" * 32, "Contoso", AT, AT + 14 * DAY, contoso.root.certificate, items)


@pytest.fixture
def order(contoso: Forest) -> Order:
    return order_of(contoso, branch(contoso), root_list())


def sha256(order: Order) -> bytes:
    return hashlib.sha256(write_order(order)).digest()


def test_an_order_and_its_result_survive_their_files(contoso: Forest, order: Order) -> None:
    data = write_order(order)
    again = read_order(data)
    assert write_order(again) == data
    result = sign_order(again, sha256(order), contoso.root, AT + DAY)
    assert read_result(write_result(result)) == result
    check_result(order, sha256(order), read_result(write_result(result)))


def test_what_is_signed_is_what_was_asked(contoso: Forest, order: Order) -> None:
    result = sign_order(order, sha256(order), contoso.root, AT)
    made = x509.load_der_x509_certificate(result.signed["a" * 32])
    made.verify_directly_issued_by(contoso.root.certificate)
    constraints = made.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (constraints.critical, constraints.value.ca, constraints.value.path_length) == (True, True, 0)
    permitted = made.extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees
    assert [base.value for base in permitted or ()] == ["contoso.example", ".contoso.example"]
    signed = Crl.parse(result.signed["b" * 32])
    signed.verify(contoso.root.certificate)
    assert (signed.number, len(signed), signed.scope.only_ca_certificates) == (7, 1, True)


def test_every_item_is_told_in_words_with_its_hash(order: Order) -> None:
    told = "\n".join(describe_order(order, sha256(order)))
    assert sha256(order).hex() in told
    assert "for mail of contoso.example and its subdomains, and nothing else; none below it" in told
    assert "Sign revocation list number 7" in told
    assert "superseded" in told
    assert all(item["sha256"] in told for item in json.loads(write_order(order))["items"])


EXCESSES: dict[str, dict[str, Any]] = {
    "wish-depth": {"path_length": 9},
    "wish-domains": {"mail_domains": ()},
    "wish-key": {"public_key": keys.generate(KeyType.RSA_2048).public_key()},
    "wish-serial": {"serial_number": 5},
    "wish-dates": {"not_after": AT + 2500 * DAY},
    "issuer-ends-earlier": {"path_length": 1, "not_before": AT - 40 * DAY},
    "wish-name": {"subject": x509.Name([])},
}


@pytest.mark.parametrize("code", EXCESSES)
def test_an_authority_gets_no_more_than_it_may(contoso: Forest, code: str) -> None:
    order = order_of(contoso, branch(contoso, **EXCESSES[code]))
    with pytest.raises(PkiError) as refused:
        sign_order(order, sha256(order), contoso.root, AT)
    assert refused.value.finding.code == code


def test_a_constrained_authority_passes_on_only_what_it_has(contoso: Forest) -> None:
    middle_key = keys.generate(KeyType.P384)
    middle = Signer(middle_key, authorities.issue(
        wish(contoso, public_key=middle_key.public_key(), path_length=1, mail_domains=(MailDomain("contoso.example"),)),
        contoso.root,
    ))  # fmt: skip
    ends = {
        "not_after": middle.certificate.not_valid_after_utc,
        "mail_domains": (MailDomain("contoso.example"),),
    }
    below = authorities.issue(wish(contoso, **ends), middle)
    below.verify_directly_issued_by(middle.certificate)
    for changes in (
        {"path_length": 1},
        {"mail_domains": (MailDomain("contoso.example", include_subdomains=True),)},
        {"mail_domains": (MailDomain("fabrikam.example"),)},
        {"mail_domains": (MailDomain("sub.contoso.example"),)},
    ):
        with pytest.raises(PkiError):
            authorities.issue(wish(contoso, **(ends | changes)), middle)


@pytest.mark.parametrize(
    "changes",
    [
        {"next_update": AT + 500 * DAY},
        {"next_update": AT},
        {"number": 0},
        {"this_update": AT - 30 * DAY},
        {"entries": (RevokedEntry(5, AT + DAY, Reason.SUPERSEDED),)},
        {"entries": (RevokedEntry(5, AT, Reason.SUPERSEDED),) * 2},
    ],
    ids=str,
)
def test_a_list_beyond_measure_is_refused(contoso: Forest, changes: dict[str, Any]) -> None:
    order = order_of(contoso, root_list(**changes))
    with pytest.raises(PkiError) as refused:
        sign_order(order, sha256(order), contoso.root, AT)
    assert refused.value.finding.code == "order-list"


def test_a_person_or_an_authority_without_limits_cannot_be_asked_for(contoso: Forest, order: Order) -> None:
    fields = json.loads(write_order(order))
    fields["items"][0] |= {"is_authority": False}
    with pytest.raises(MalformedInput):
        read_order(json.dumps(fields).encode())


def test_an_order_is_signed_in_its_time_by_its_signer(
    contoso: Forest, fabrikam: Forest, order: Order
) -> None:
    for at in (AT - 2 * DAY, AT + 15 * DAY):
        with pytest.raises(PkiError) as refused:
            judge_order(order, at)
        assert refused.value.finding.code == "order-not-current"
    with pytest.raises(PkiError) as refused:
        sign_order(order, sha256(order), fabrikam.root, AT)
    assert refused.value.finding.code == "order-for-another-signer"


def alterations(order: Order) -> list[bytes]:
    """The order's file with one value of one item changed, its hash left as it was; and worse."""
    made = []
    for position, item in enumerate(json.loads(write_order(order))["items"]):
        for name, value in item.items():
            fields = json.loads(write_order(order))
            fields["items"][position][name] = {str: f"{value}0", int: 3, list: [], bool: False}[type(value)]
            made.append(json.dumps(fields).encode())
    return made


def test_an_altered_order_is_not_read(order: Order) -> None:
    altered = alterations(order)
    assert len(altered) > 15
    for data in (*altered, b"", b"[]", b"{}", b"\xff", b"[" * 100_000, write_order(order)[:-40]):
        with pytest.raises(PkiError):
            read_order(data)


def test_a_result_must_answer_this_very_order_in_full(contoso: Forest, order: Order) -> None:
    result = sign_order(order, sha256(order), contoso.root, AT)
    signed = dict(result.signed)
    other_list = sign_order(order_of(contoso, root_list(number=8)), b"", contoso.root, AT).signed["b" * 32]
    for code, wrong in {
        "result-of-another-order": replace(result, order_sha256=b"\0" * 32),
        "result-incomplete": replace(result, signed={"b" * 32: signed["b" * 32]}),
        "answer-differs": replace(result, signed=signed | {"b" * 32: other_list}),
    }.items():
        with pytest.raises(PkiError) as refused:
            check_result(order, sha256(order), wrong)
        assert refused.value.finding.code == code


def test_signatures_of_another_key_are_refused(contoso: Forest, order: Order) -> None:
    """The same octets under the same name, signed by a key that is not the root's."""
    signed = dict(sign_order(order, sha256(order), contoso.root, AT).signed)
    item = order.items[0]
    assert isinstance(item, CertificateItem)
    twin = authorities.twin(item.wish, contoso.root.certificate).public_bytes(Encoding.DER)
    impostor_key = keys.generate(KeyType.P384)
    impostor = Signer(impostor_key, certificates.issue_root(
        private_key=impostor_key, common_name="Contoso Root", organization="Contoso", at=AT - 30 * DAY
    ))  # fmt: skip
    forged = crl.build(
        issuer=impostor, number=7, this_update=AT, next_update=AT + 90 * DAY,
        entries=[entry.to_der() for entry in order.items[1].entries],  # type: ignore[union-attr]
        only_ca_certificates=True,
    )  # fmt: skip
    result = sign_order(order, sha256(order), contoso.root, AT)
    for changed in ({"a" * 32: twin}, {"b" * 32: forged}):
        with pytest.raises(PkiError) as refused:
            check_result(order, sha256(order), replace(result, signed=signed | changed))
        assert refused.value.finding.code in {"signature-of-another-key", "crl-signature"}


def test_a_request_without_possession_is_not_an_order(contoso: Forest, order: Order) -> None:
    fields = json.loads(write_order(order))
    item = fields["items"][0]
    stranger = request_of(keys.generate(KeyType.P256))
    genuine = request_of(KEY)
    forged = genuine[:-8] + stranger[-8:]
    item["proof_der"] = base64.b64encode(forged).decode()
    bare = {name: value for name, value in item.items() if name != "sha256"}
    canonical = json.dumps(bare, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    item["sha256"] = hashlib.sha256(canonical.encode()).hexdigest()
    with pytest.raises(PkiError):
        read_order(json.dumps(fields).encode())


def test_an_outside_root_proves_its_key_by_its_own_signature(contoso: Forest, fabrikam: Forest) -> None:
    root = fabrikam.root.certificate
    proof = root.public_bytes(Encoding.DER)
    identifier = root.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    crossed = wish(
        contoso, public_key=root.public_key(), subject=root.subject, subject_key_identifier=identifier,
        path_length=2, mail_domains=(MailDomain("fabrikam.example"),),
    )  # fmt: skip
    order = order_of(contoso, CertificateItem("d" * 32, "Fabrikam Root", proof, False, crossed))
    result = sign_order(read_order(write_order(order)), sha256(order), contoso.root, AT)
    made = x509.load_der_x509_certificate(result.signed["d" * 32])
    assert made.subject == root.subject
    assert made.public_key() == root.public_key()
    assert made.issuer == contoso.root.certificate.subject


def test_dates_never_exceed_the_issuer(contoso: Forest) -> None:
    begins, ends = authorities.validity(AT + timedelta(days=4000), 3652, contoso.root.certificate)
    assert ends == contoso.root.certificate.not_valid_after_utc
    assert begins < ends
