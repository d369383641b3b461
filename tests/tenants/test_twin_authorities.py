"""Two partners with authorities of the same name, serial and key identifier, in every combination: both are believed, each
for its own domain, and neither's lists or letters touch the other's people. Through database, fetch worker and judgement.
"""

from __future__ import annotations

import itertools

import pytest
from cryptography import x509

from pki.certificates import general_name
from pki.crl import Reason
from pki.names import Mailbox
from pki.path import Failure, PathResult, Verdict
from tenants import clock
from tenants.models import OutsideDocument
from tenants.scoping import tenant_scope
from tenants.services.judge_certificate import judge_certificate
from tenants.services.trust_root import trust_root
from tests.cast import Cast, work
from tests.tenants.outside import Authority, Person, authority_claims
from tests.tenants.publisher import Publisher

SERIAL = 0x51515151


class Twin:
    """Root, people's authority and a person, made to look like `original` as far as `copies` says."""

    def __init__(
        self,
        cast: Cast,
        web: Publisher,
        domain: str,
        folder: str,
        original: Twin | None,
        copies: frozenset[str],
    ):
        self.domain = domain
        self.root = Authority.root("Same Root")
        self.lists, claims = web.address(f"{folder}/mid.crl"), None
        if original is not None and "key identifier" in copies:
            claims = list(authority_claims(original.mid.key.public_key(), original.root))
        if original is not None and "address" in copies:
            self.lists = original.lists
        self.mid = self.root.below(
            "Same People",
            claims=claims,
            serial=SERIAL if "serial" in copies else None,
            lists=[web.address(f"{folder}/root.crl")],
        )
        self.person: Person = self.mid.person(
            f"pia@{domain}", lists=[self.lists], serial=SERIAL + 1 if "serial" in copies else None
        )
        web.site[f"{folder}/root.crl"] = self.root.list()
        trust_root(cast.olga.actor, self.root.certificate, [domain], clock.now())


COPIES = [
    frozenset(chosen)
    for n in range(4)
    for chosen in itertools.combinations(("serial", "key identifier", "address"), n)
]


@pytest.mark.parametrize("twin_first", [False, True])
@pytest.mark.parametrize("copies", COPIES, ids=lambda copies: "+".join(sorted(copies)) or "name only")
def test_twins_never_affect_each_other(
    cast: Cast, web: Publisher, copies: frozenset[str], twin_first: bool
) -> None:
    genuine = Twin(cast, web, f"genuine-{web.port}.example", "/genuine", None, copies)
    twin = Twin(cast, web, f"twin-{web.port}.example", "/twin", genuine, copies)
    # The twin revokes its own person and whoever of the other one has a serial that it can guess.
    for certificate in (twin.person.certificate, genuine.person.certificate, genuine.mid.certificate):
        twin.mid.revoke(certificate, clock.now(), Reason.KEY_COMPROMISE)
        twin.root.revoke(genuine.mid.certificate, clock.now(), Reason.CA_COMPROMISE)
    if "serial" in copies:
        twin.mid.revoked, twin.root.revoked = twin.mid.revoked[:1], []
    web.site["/genuine/mid.crl"] = genuine.mid.list(number=1)
    web.site["/twin/mid.crl"] = twin.mid.list(number=99)

    def judge(one: Twin) -> PathResult:
        offered = [
            genuine.mid.certificate,
            twin.mid.certificate,
            genuine.root.certificate,
            twin.root.certificate,
        ]
        return judge_certificate(cast.alice.actor, one.person.certificate, clock.now(), offered=offered).path

    order = (twin, genuine) if twin_first else (genuine, twin)
    for _ in range(2):
        for one in order:
            judge(one)
        work()
    assert judge(genuine).verdict is Verdict.GOOD
    # Its list stands at the genuine one's address only, and what is there is signed by another key: not to be determined.
    expected = Failure.REVOCATION_UNKNOWN if "address" in copies else Failure.REVOKED
    assert judge(twin).failure is expected
    with tenant_scope(cast.contoso.tenant):
        refused = set(OutsideDocument.objects.exclude(refusal="").values_list("refusal", flat=True))
    assert refused == ({"crl-signature"} if "address" in copies else set())


# Name constraints over addresses


def constrained(root: Authority, *permitted: str, excluded: tuple[str, ...] = ()) -> Authority:
    bases = [x509.RFC822Name(base) for base in permitted] or None
    without = [x509.RFC822Name(base) for base in excluded] or None
    return root.below("Constrained People", (x509.NameConstraints(bases, without), True))


@pytest.mark.parametrize(
    ("permitted", "excluded", "address", "fits"),
    [
        (("{d}",), (), "пиа@{d}", True),
        (("{d}",), (), "пиа@mail.{d}", False),
        ((".{d}",), (), "пиа@mail.{d}", True),
        ((".{d}",), (), "пиа@{d}", False),
        (("other.example",), (), "пиа@{d}", False),
        ((), ("{d}",), "пиа@{d}", False),
        ((), ("other.example",), "пиа@{d}", True),
        (("pia@{d}",), (), "пиа@{d}", False),
        (("{d}",), (), "pia@{d}", True),
        (("pia@{d}",), (), "pia@{d}", True),
        (("pam@{d}",), (), "pia@{d}", False),
        (("{d}",), ("pia@{d}",), "pia@{d}", False),
        ((".{d}",), (), "pia@mail.{d}", True),
        (("{d}",), (), "pia@mail.{d}", False),
    ],
)
def test_constraints_bind_addresses_in_both_scripts(
    cast: Cast, permitted: tuple[str, ...], excluded: tuple[str, ...], address: str, fits: bool
) -> None:
    domain = f"partner-{id(cast)}.example"
    root = Authority.root("Constrained Root")
    trust_root(cast.olga.actor, root.certificate, [domain, f".{domain}"], clock.now())
    mid = constrained(
        root,
        *(base.format(d=domain) for base in permitted),
        excluded=tuple(base.format(d=domain) for base in excluded),
    )
    mailbox = address.format(d=domain)
    person = mid.person(mailbox, names=[general_name(Mailbox.parse(mailbox))])
    judged = judge_certificate(
        cast.alice.actor, person.certificate, clock.now(), offered=[mid.certificate]
    ).path
    codes = {finding.code for finding in judged.findings}
    assert ("name-constraint" in codes) is not fits
    assert judged.failure is (Failure.REVOCATION_UNKNOWN if fits else Failure.CONSTRAINT)
    if not fits:
        (told,) = [finding for finding in judged.findings if finding.code == "name-constraint"]
        assert told.remedy
        assert told.owner
        assert mailbox in told.summary
