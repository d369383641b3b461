"""Lists from outside are verified before they are kept; what is refused has a name and replaces nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from pki import crl
from pki.crl import Reason
from pki.formats import write_pkcs7
from pki.path import PathResult, Verdict, validate
from pki.revocation import Good
from pki.signer import Signer
from tenants import clock
from tenants.models import DueWork, ForeignCrl, KnownCertificate, OutsideDocument
from tenants.scoping import tenant_scope
from tenants.services import want_documents as wanting
from tenants.services.assemble_trust import assemble_trust
from tenants.services.document_findings import document_findings
from tenants.services.fetch_document import fetch_document
from tenants.services.trust_root import trust_root
from tenants.services.want_documents import want_documents
from tests.cast import Cast, work
from tests.tenants.outside import Authority, Person
from tests.tenants.publisher import Answer, Publisher

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Partner:
    """A believed root that certifies people itself, with its list at /list.crl."""

    def __init__(self, cast: Cast, web: Publisher) -> None:
        self.cast, self.web = cast, web
        self.domain = f"partner-{web.port}.example"
        self.root = Authority.root(f"Partner Root {web.port}")
        self.pia = self.person("pia")
        trust_root(cast.olga.actor, self.root.certificate, [self.domain], clock.now())

    def person(self, name: str, *more: Any) -> Person:
        return self.root.person(f"{name}@{self.domain}", *more, lists=[self.web.address("/list.crl")])

    def judge(self, person: Person | None = None) -> PathResult:
        """Judged now with what the forest knows; what is lacking is asked for, and the workers do what is due."""
        tenant = self.cast.contoso.tenant
        at, who = clock.now(), person or self.pia
        with tenant_scope(tenant):
            trust = assemble_trust()
        result = validate(leaf=who.certificate, trust=trust, at=at, address=who.address)
        want_documents(tenant.id, [result], at)
        work()
        return result

    def row(self) -> OutsideDocument:
        with tenant_scope(self.cast.contoso.tenant):
            return OutsideDocument.objects.get(address=self.web.address("/list.crl"))

    def kept(self) -> bytes | None:
        with tenant_scope(self.cast.contoso.tenant):
            return next(
                (bytes(row.der) for row in ForeignCrl.objects.filter(source__contains="/list.crl")), None
            )


@pytest.fixture
def partner(cast: Cast, web: Publisher) -> Partner:
    return Partner(cast, web)


def written(
    root: Authority,
    *extensions: tuple[x509.ExtensionType, bool],
    number: int | None = 7,
    begins: timedelta = -HOUR,
    lasts: timedelta = 7 * DAY,
    digest: hashes.HashAlgorithm | None = None,
) -> bytes:
    """A list as careless authorities write it."""
    at = clock.now() + begins
    builder = (
        x509.CertificateRevocationListBuilder().issuer_name(root.name).last_update(at).next_update(at + lasts)
    )
    if number is not None:
        builder = builder.add_extension(x509.CRLNumber(number), False)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(root.key, digest or hashes.SHA256()).public_bytes(Encoding.DER)


def scope(**said: Any) -> tuple[x509.ExtensionType, bool]:
    shape: dict[str, Any] = {
        "full_name": None,
        "relative_name": None,
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "only_some_reasons": None,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
    }
    return x509.IssuingDistributionPoint(**{**shape, **said}), True


def elsewhere() -> list[x509.GeneralName]:
    return [x509.UniformResourceIdentifier("http://elsewhere.example/other.crl")]


def twin(root: Authority) -> Authority:
    """Another key under the very same name."""
    return Authority.root(root.certificate.subject.rdns[0].rfc4514_string().removeprefix("CN="))


REFUSALS: list[tuple[str, Callable[[Authority], bytes]]] = [
    ("crl-signature", lambda root: twin(root).list(number=9)),
    ("crl-issuer", lambda root: Authority.root("Somebody Else").list(number=9)),
    ("crl-number-lower", lambda root: root.list(number=4)),
    ("crl-number-same", lambda root: written(root, number=5)),
    ("crl-older", lambda root: written(root, number=9, begins=-30 * HOUR)),
    ("crl-number", lambda root: written(root, number=None)),
    ("crl-future", lambda root: written(root, begins=HOUR)),
    ("crl-dates", lambda root: swapped_dates(root)),
    ("crl-ended", lambda root: written(root, begins=-10 * HOUR, lasts=2 * HOUR)),
    ("crl-delta", lambda root: written(root, (x509.DeltaCRLIndicator(5), True))),
    ("crl-indirect", lambda root: written(root, scope(indirect_crl=True))),
    ("crl-scope", lambda root: written(root, scope(only_contains_ca_certs=True))),
    ("crl-scope", lambda root: written(root, scope(only_contains_attribute_certs=True))),
    ("crl-scope", lambda root: written(root, scope(full_name=elsewhere()))),
    (
        "crl-demand",
        lambda root: written(
            root, (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), b"\5\0"), True)
        ),
    ),
    ("crl-malformed", lambda root: b"\x30\x03\x02\x01\x01"),
    ("crl-malformed", lambda root: b"<html>Not here</html>"),
    ("crl-malformed", lambda root: b""),
]


def swapped_dates(root: Authority) -> bytes:
    """A list that ends before it begins, which no library writes."""
    begins, ends = clock.now() - HOUR, clock.now() + DAY
    encode, shown = crl.der.time, iter((ends, begins))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(crl.der, "time", lambda _: encode(next(shown).replace(microsecond=0)))
        return crl.build(
            issuer=Signer(root.key, root.certificate),
            number=9,
            this_update=begins,
            next_update=ends,
            entries=[],
        )


@pytest.mark.parametrize(
    ("reason", "make"), REFUSALS, ids=[f"{n}-{code}" for n, (code, _) in enumerate(REFUSALS)]
)
def test_a_list_that_may_not_follow_is_refused_by_name_and_replaces_nothing(
    partner: Partner, web: Publisher, reason: str, make: Callable[[Authority], bytes]
) -> None:
    good = partner.root.list(number=5)
    web.site["/list.crl"] = good
    assert partner.judge().verdict is Verdict.UNDETERMINED
    assert partner.judge().verdict is Verdict.GOOD
    with clock.moved(25 * HOUR):
        web.site["/list.crl"] = make(partner.root)
        partner.judge()
        row = partner.row()
        assert (row.refusal, row.failures) == (reason, 1)
        assert partner.kept() == good
        stale = partner.judge()
        assert isinstance(stale.revocation, Good)
        assert stale.revocation.stale, "the last good list is used, and said to be"
        (told,) = document_findings(partner.cast.contoso.tenant.id, stale)
        assert told.code == f"document-{reason}"
        assert dict(told.evidence)["address"] == web.address("/list.crl")
        assert told.owner


def test_a_refused_list_is_not_taken_as_the_first_one_either(partner: Partner, web: Publisher) -> None:
    for reason, make in REFUSALS:
        if reason in ("crl-number-lower", "crl-number-same", "crl-older"):
            continue
        with tenant_scope(partner.cast.contoso.tenant, write=True):
            OutsideDocument.objects.all().delete()
        web.site["/list.crl"] = make(partner.root)
        partner.judge()
        assert partner.kept() is None, reason
        assert partner.row().refusal == reason
        assert partner.judge().verdict is Verdict.UNDETERMINED


def test_the_next_list_takes_the_place_of_the_last(partner: Partner, web: Publisher) -> None:
    web.site["/list.crl"] = partner.root.list(number=5)
    partner.judge()
    with clock.moved(25 * HOUR):
        partner.root.revoke(partner.pia.certificate, clock.now() - HOUR, Reason.KEY_COMPROMISE)
        web.site["/list.crl"] = newer = partner.root.list(number=6)
        partner.judge()
        assert partner.kept() == newer
        assert partner.judge().failure == "revoked"


def test_a_list_in_pem_is_read_and_the_forest_next_door_keeps_nothing(
    partner: Partner, web: Publisher
) -> None:
    parsed = x509.load_der_x509_crl(partner.root.list())
    web.site["/list.crl"] = parsed.public_bytes(Encoding.PEM)
    partner.judge()
    assert partner.judge().verdict is Verdict.GOOD
    with tenant_scope(partner.cast.northwind.tenant):
        assert not ForeignCrl.objects.filter(source__contains="/list.crl").exists()
        assert not OutsideDocument.objects.exists()


@pytest.mark.parametrize(
    ("field", "hours"),
    [("", 24), ("max-age=60", 1), ("max-age=7200", 2), ("no-store", 1), ("max-age=99999999", 24)],
)
def test_it_is_asked_again_by_what_the_server_says_and_at_most_hourly(
    partner: Partner, web: Publisher, field: str, hours: int
) -> None:
    web.site["/list.crl"] = Answer(partner.root.list(), headers={"Cache-Control": field})
    partner.judge()
    for _ in range(3):
        partner.judge()
    assert web.asked == ["/list.crl"]
    with clock.moved(hours * HOUR - timedelta(minutes=2)):
        partner.judge()
        assert len(web.asked) == 1
    with clock.moved(hours * HOUR + timedelta(minutes=2)):
        partner.judge()
        assert len(web.asked) == 2


def test_a_list_about_to_end_is_asked_for_at_its_end(partner: Partner, web: Publisher) -> None:
    web.site["/list.crl"] = partner.root.list(lasts=timedelta(minutes=31))
    partner.judge()
    assert timedelta(minutes=29) < partner.row().next_at - clock.now() < timedelta(minutes=31)


def test_what_nobody_wants_any_more_is_not_asked_for(partner: Partner, web: Publisher) -> None:
    web.site["/list.crl"] = partner.root.list(lasts=30 * DAY)
    partner.judge()
    with clock.moved(2 * DAY):
        work()
    assert len(web.asked) == 2, "in use, it is refreshed without anybody opening a letter"
    with clock.moved(9 * DAY):
        work()
        assert len(web.asked) == 2
        assert not DueWork.objects.filter(
            kind="fetch_document", tenant_id=partner.cast.contoso.tenant.id
        ).exists()


def test_an_address_that_fails_is_left_alone_for_longer_each_time(partner: Partner, web: Publisher) -> None:
    pauses = []
    moved = timedelta(0)
    for _ in range(8):
        with clock.moved(moved):
            partner.judge()
            row = partner.row()
            pauses.append(round((row.next_at - row.asked_at).total_seconds() / 60))
        moved = row.next_at - clock.now() + timedelta(seconds=10)
    assert pauses == [5, 10, 20, 40, 80, 160, 320, 360]
    assert len(web.asked) == 8


def test_asking_twice_for_the_same_row_asks_once(partner: Partner, web: Publisher) -> None:
    web.site["/list.crl"] = partner.root.list()
    partner.judge()
    row = partner.row()
    assert fetch_document(row.tenant_id, row.id) == row.next_at
    assert fetch_document(partner.cast.northwind.tenant.id, row.id) is None
    assert web.asked == ["/list.crl"]


def test_the_second_address_of_a_point_is_tried_when_the_first_fails(
    partner: Partner, web: Publisher
) -> None:
    web.site["/mirror.crl"] = partner.root.list()
    addresses = [web.address("/gone.crl"), web.address("/mirror.crl")]
    pam = partner.root.person(f"pam@{partner.domain}", lists=addresses)
    partner.judge(pam)
    with clock.moved(timedelta(minutes=6)):
        partner.judge(pam)
        assert partner.judge(pam).verdict is Verdict.GOOD
    assert web.asked == ["/gone.crl", "/mirror.crl"]


def test_addresses_that_are_no_web_addresses_are_left_alone(partner: Partner, web: Publisher) -> None:
    pam = partner.root.person(
        f"pam@{partner.domain}",
        lists=["ldap://127.0.0.1/cn=x", "file:///etc/passwd", web.address("/list.crl")],
    )
    web.site["/list.crl"] = partner.root.list()
    partner.judge(pam)
    assert partner.judge(pam).verdict is Verdict.GOOD


def test_a_forest_keeps_so_many_addresses_and_forgets_the_one_wanted_longest_ago(
    partner: Partner, web: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wanting, "MOST_DOCUMENTS", 3)
    for number in range(6):
        with clock.moved(timedelta(minutes=number)):
            partner.judge(
                partner.root.person(f"p{number}@{partner.domain}", lists=[web.address(f"/{number}.crl")])
            )
    with tenant_scope(partner.cast.contoso.tenant):
        kept = set(OutsideDocument.objects.values_list("address", flat=True))
    assert kept == {web.address(f"/{number}.crl") for number in (3, 4, 5)}


# Issuers


def test_only_what_signed_the_certificate_is_kept(cast: Cast, web: Publisher) -> None:
    root = Authority.root(f"Partner Root {web.port}")
    domain = f"partner-{web.port}.example"
    trust_root(cast.olga.actor, root.certificate, [domain], clock.now())
    mid = root.below("Partner People")
    strangers = [Authority.root(f"Stranger {n}") for n in range(3)]
    twins = [root.below("Partner People") for _ in range(3)]
    web.site["/mid.p7c"] = write_pkcs7([one.certificate for one in (*strangers, *twins, mid)])
    pia = mid.person(f"pia@{domain}", issuer=web.address("/mid.p7c"))
    with tenant_scope(cast.contoso.tenant):
        trust = assemble_trust()
    result = validate(leaf=pia.certificate, trust=trust, at=clock.now(), address=pia.address)
    want_documents(cast.contoso.tenant.id, [result], clock.now())
    work()
    with tenant_scope(cast.contoso.tenant):
        learned = {bytes(der) for der in KnownCertificate.objects.values_list("der", flat=True)}
    assert learned & {one.der for one in (*strangers, *twins, mid)} == {mid.der}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"nothing of use", "file-malformed"),
        (b"", "file-malformed"),
        ("stranger", "not-the-issuer"),
        ("leaf", "not-the-issuer"),
    ],
)
def test_what_is_not_the_issuer_is_refused(cast: Cast, web: Publisher, content: Any, reason: str) -> None:
    mid = Authority.root("Nobody")
    pia = mid.person("pia@x.example", issuer=web.address("/mid.cer"))
    made = {"stranger": Authority.root("Nobody").der, "leaf": pia.certificate.public_bytes(Encoding.DER)}
    web.site["/mid.cer"] = made.get(content, content) if isinstance(content, str) else content
    with tenant_scope(cast.contoso.tenant):
        trust = assemble_trust()
    result = validate(leaf=pia.certificate, trust=trust, at=clock.now(), address=pia.address)
    want_documents(cast.contoso.tenant.id, [result], clock.now())
    work()
    with tenant_scope(cast.contoso.tenant):
        row = OutsideDocument.objects.get(address=web.address("/mid.cer"))
        assert (row.refusal, row.content) == (reason, None)
