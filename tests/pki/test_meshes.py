"""Authorities that certify one another in every direction: a path is found where there is one, and the search ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509

from pki.crl import Crl
from pki.path import Failure, PathResult, Verdict, validate
from pki.trust import Trust, TrustAnchor
from tenants import clock
from tests.tenants.outside import Authority, Person

AT = clock.now().replace(microsecond=0)
SIZE = 5


class Mesh:
    """`SIZE` authorities, each certified by every other one, and one of them by the root."""

    def __init__(self) -> None:
        self.root = Authority.root("Mesh Root")
        self.nodes = [Authority.root(f"Node {n}") for n in range(SIZE)]
        self.cross = [
            issuer.below(f"Node {n}", key=node.key).certificate
            for n, node in enumerate(self.nodes)
            for issuer in self.nodes
            if issuer is not node
        ]
        self.entry = self.root.below("Node 0", key=self.nodes[0].key).certificate
        self.lists = tuple(
            Crl.parse(one.list(at=AT - timedelta(hours=1))) for one in (self.root, *self.nodes)
        )
        self.pia: Person = self.nodes[-1].person("pia@mesh.example")

    def trust(self, *more: x509.Certificate) -> Trust:
        anchor = TrustAnchor(self.root.certificate, ("mesh.example",))
        return Trust((anchor,), (*self.cross, *more), self.lists)

    def judge(self, trust: Trust) -> PathResult:
        return validate(leaf=self.pia.certificate, trust=trust, at=AT, address=self.pia.address)


@pytest.fixture(scope="module")
def mesh() -> Mesh:
    return Mesh()


def test_the_one_way_out_of_a_mesh_is_found(mesh: Mesh) -> None:
    result = mesh.judge(mesh.trust(mesh.entry))
    assert result.verdict is Verdict.GOOD
    assert result.path[0] == mesh.root.certificate


def test_a_mesh_without_a_way_out_ends_at_its_bounds_and_calls_nothing_forged(mesh: Mesh) -> None:
    result = mesh.judge(mesh.trust())
    assert result.verdict is Verdict.INVALID
    assert result.failure in (Failure.LIMIT, Failure.INCOMPLETE, Failure.UNTRUSTED)
    assert all(finding.remedy and finding.owner for finding in result.findings)


def test_two_authorities_that_certify_each_other_are_no_path(mesh: Mesh) -> None:
    one, other = mesh.nodes[:2]
    loop = (one.below("Node 1", key=other.key).certificate, other.below("Node 0", key=one.key).certificate)
    person = one.person("pia@mesh.example")
    trust = replace(mesh.trust(), intermediates=loop)
    result = validate(leaf=person.certificate, trust=trust, at=AT, address=person.address)
    assert result.verdict is Verdict.INVALID
    assert result.failure in (Failure.INCOMPLETE, Failure.UNTRUSTED)


def test_an_anchor_inside_the_mesh_is_enough(mesh: Mesh) -> None:
    inner = TrustAnchor(mesh.cross[3], ("mesh.example",))
    assert mesh.judge(replace(mesh.trust(), anchors=(inner,))).verdict is Verdict.GOOD
