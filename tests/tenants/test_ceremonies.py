"""Ceremonies: an order is answered once, in full, by the key that it names; or nothing is stored."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from django.db import connection

from pki.crl import Crl, Reason
from pki.errors import PkiError
from tenants import clock
from tenants.models import AuthorityKey, AuthorityRequest, CrlPublication, Generation, WorkOrder
from tenants.models.people import Role
from tenants.public import current_list
from tenants.refusals import Refused
from tenants.scoping import tenant_scope
from tenants.services.approvals import approve, set_two_person_rule
from tenants.services.import_result import import_result
from tenants.services.make_authority import make_authority
from tenants.services.revoke_authority import revoke_authority
from tenants.services.sign_root_list import sign_root_list
from tenants.services.want_authority import want_generation, want_subordinate, withdraw_request
from tests.cast import Cast, Forest, work
from tests.ceremonies import export, generations, root_of, sign


def bring(forest: Forest, result: bytes) -> Any:
    return import_result(forest.tenant.id, forest.administrator.actor.person_id, result, clock.now())


def ask_branch(
    forest: Forest, *, depth: int = 0, name: str = "Branch", issuer: Generation | None = None
) -> None:
    issuer = issuer or root_of(forest)
    actor = forest.administrator.actor
    want_subordinate(actor, name, issuer.id, depth, [forest.domain], "p-256", b"", clock.now())
    work()


def stored(forest: Forest) -> tuple[int, int, int, int]:
    with tenant_scope(forest.tenant):
        return (
            Generation.objects.count(),
            CrlPublication.objects.count(),
            AuthorityKey.objects.count(),
            WorkOrder.objects.filter(state="answered").count(),
        )


def test_a_ceremony_makes_a_list_and_an_authority(cast: Cast) -> None:
    forest = cast.contoso
    ask_branch(forest)
    before = stored(forest)
    order = export(forest)
    assert stored(forest) == before, "an order stores nothing that is published"
    assert bring(forest, sign(forest, order)) is None
    (branch,) = generations(forest, "Branch")
    branch.certificate.verify_directly_issued_by(root_of(forest).certificate)
    served = current_list(forest.tenant.id, root_of(forest).id)
    assert served is not None
    assert Crl.parse(served.der).number == 2
    work()
    work()
    with clock.moved(timedelta(minutes=1)):
        work()
    (branch,) = generations(forest, "Branch")
    assert branch.is_issuing
    assert current_list(forest.tenant.id, branch.id) is not None
    with tenant_scope(forest.tenant):
        request = AuthorityRequest.objects.get()
        assert (request.state, request.sealed) == ("done", None)


def test_people_are_issued_to_by_the_new_generation_and_verify(cast: Cast) -> None:
    forest = cast.contoso
    (first,) = generations(forest, "Issuing")
    want_generation(cast.olga.actor, first.authority_id, b"", clock.now())
    work()
    bring(forest, sign(forest, export(forest)))
    work()
    with clock.moved(timedelta(minutes=1)):
        work()
        first, second = generations(forest, "Issuing")
        assert (first.is_issuing, second.is_issuing) == (False, True)
        assert second.certificate.subject != first.certificate.subject
        alice = forest.add("Alice Arden")
        row = alice.certificate(to_sign=True)
        assert row.generation_id == second.id
        row.certificate.verify_directly_issued_by(second.certificate)
    with clock.moved(timedelta(hours=7)):
        work()
        with tenant_scope(forest.tenant):
            lists = CrlPublication.objects.filter(generation=first)
            assert lists.count() >= 2, "the old key goes on signing its lists"


def altered(result: bytes, change: Any) -> bytes:
    fields = json.loads(result)
    change(fields)
    return json.dumps(fields).encode()


def test_a_replayed_result_is_refused_by_name(cast: Cast) -> None:
    forest = cast.contoso
    result = sign(forest, export(forest))
    bring(forest, result)
    before = stored(forest)
    with pytest.raises(Refused) as refused:
        bring(forest, result)
    assert refused.value.finding.code == "order-answered"
    assert stored(forest) == before


def test_altered_partial_and_foreign_results_store_nothing(cast: Cast) -> None:
    forest, other = cast.contoso, cast.northwind
    ask_branch(forest)
    order = export(forest)
    result, foreign = sign(forest, order), sign(other, export(other))
    before = stored(forest)
    items = json.loads(result)["items"]

    def swap(fields: Any) -> None:
        fields["items"][0]["der"], fields["items"][1]["der"] = items[1]["der"], items[0]["der"]

    wrong = {
        "no-such-order": [foreign],
        "result-incomplete": [altered(result, lambda f, n=n: f["items"].pop(n)) for n in (0, 1)],
        "result-of-another-order": [altered(result, lambda f: f.update(order_sha256="00" * 32))],
        "ceremony-file": [b"", b"{}", b"\xff\xfe", result[:-30], altered(result, swap)],
    }
    for code, files in wrong.items():
        for data in files:
            with pytest.raises((Refused, PkiError)) as refused:
                bring(forest, data)
            assert refused.value.finding.code in {code, "crl-malformed"}
            assert stored(forest) == before
    bring(forest, result)
    assert stored(forest) != before


def test_a_later_order_replaces_the_earlier_one_and_an_old_one_expires(cast: Cast) -> None:
    forest = cast.contoso
    first = export(forest)
    second = export(forest)
    with pytest.raises(Refused) as refused:
        bring(forest, sign(forest, first))
    assert refused.value.finding.code == "order-withdrawn"
    result = sign(forest, second)
    with clock.moved(timedelta(days=15)), pytest.raises(Refused) as refused:
        bring(forest, result)
    assert refused.value.finding.code == "order-expired"


def test_a_list_that_was_overtaken_is_refused(cast: Cast) -> None:
    forest = cast.contoso
    result = sign(forest, export(forest))
    sign_root_list(forest.tenant.id, forest.founded.root_key_file, "")
    before = stored(forest)
    with pytest.raises(PkiError) as refused:
        bring(forest, result)
    assert refused.value.finding.code in {"crl-number", "crl-dates"}
    assert stored(forest) == before


def test_a_withdrawn_request_makes_the_whole_result_void(cast: Cast) -> None:
    forest = cast.contoso
    ask_branch(forest)
    result = sign(forest, export(forest))
    with tenant_scope(forest.tenant):
        request = AuthorityRequest.objects.get()
    withdraw_request(cast.olga.actor, request.id, clock.now())
    before = stored(forest)
    with pytest.raises(Refused) as refused:
        bring(forest, result)
    assert refused.value.finding.code == "request-over"
    assert stored(forest) == before


def test_two_imports_at_once_store_once(cast: Cast) -> None:
    forest = cast.contoso
    ask_branch(forest)
    result = sign(forest, export(forest))

    def attempt(_: int) -> str:
        try:
            bring(forest, result)
        except (Refused, PkiError) as refused:
            return refused.finding.code
        else:
            return "stored"
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        outcomes = sorted(pool.map(attempt, range(4)))
    assert outcomes.count("stored") == 1, outcomes
    assert len(generations(forest, "Branch")) == 1
    with tenant_scope(forest.tenant):
        assert CrlPublication.objects.filter(generation=root_of_row()).count() == 2


def root_of_row() -> Any:
    return Generation.objects.get(authority__kind="root")


def test_any_depth_with_an_online_policy_authority(cast: Cast) -> None:
    forest = cast.contoso
    ask_branch(forest, depth=2, name="Policy")
    bring(forest, sign(forest, export(forest)))
    work()
    (policy,) = generations(forest, "Policy")
    assert not policy.is_issuing
    ask_branch(forest, depth=1, name="Region", issuer=policy)
    (region,) = generations(forest, "Region")
    with clock.moved(timedelta(minutes=1)):  # the newest to the second: certificates know no less
        ask_branch(forest, name="Branch", issuer=region)
    (branch,) = generations(forest, "Branch")
    for lower, upper in ((policy, root_of(forest)), (region, policy), (branch, region)):
        lower.certificate.verify_directly_issued_by(upper.certificate)
        constraints = lower.certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
        assert constraints.path_length == {"Policy": 2, "Region": 1, "Branch": 0}[lower.authority.name]
        purposes = lower.certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        assert list(purposes) == [ExtendedKeyUsageOID.EMAIL_PROTECTION]
    work()
    published = current_list(forest.tenant.id, policy.id)
    assert published is not None
    assert Crl.parse(published.der).scope.only_ca_certificates
    with pytest.raises(PkiError) as refused:
        ask_branch(forest, depth=1, name="Too deep", issuer=region)
    assert refused.value.finding.code == "wish-depth"
    with clock.moved(timedelta(minutes=2)):
        work()
        alice = forest.add("Alice Arden")
        assert alice.certificate(to_sign=True).generation_id == branch.id


def test_making_an_authority_twice_makes_one(cast: Cast) -> None:
    forest = cast.contoso
    ask_branch(forest, depth=1, name="Policy")
    bring(forest, sign(forest, export(forest)))
    (policy,) = generations(forest, "Policy")
    ask_branch(forest, name="Branch", issuer=policy)
    with tenant_scope(forest.tenant):
        request = AuthorityRequest.objects.get(title="Branch G1")
    make_authority(forest.tenant.id, request.id)
    make_authority(forest.tenant.id, request.id)
    assert len(generations(forest, "Branch")) == 1


def test_a_revoked_authority_stands_on_the_list_of_the_next_ceremony(cast: Cast) -> None:
    forest = cast.contoso
    (issuing,) = generations(forest, "Issuing")
    revoke_authority(cast.olga.actor, issuing.id, Reason.CA_COMPROMISE, clock.now())
    (issuing,) = generations(forest, "Issuing")
    assert not issuing.is_issuing
    with clock.moved(timedelta(seconds=2)):
        bring(forest, sign(forest, export(forest)))
    served = current_list(forest.tenant.id, root_of(forest).id)
    assert served is not None
    entry = Crl.parse(served.der).find(int(issuing.serial_number, 16))
    assert entry is not None
    assert entry.reason is Reason.CA_COMPROMISE
    with pytest.raises(Refused, match="already"):
        revoke_authority(cast.olga.actor, issuing.id, Reason.SUPERSEDED, clock.now())


def test_two_people_for_a_result_and_an_authority(cast: Cast) -> None:
    forest = cast.contoso
    second = forest.add("Sven Second", ready=False, role=Role.ADMINISTRATOR)
    set_two_person_rule(cast.olga.actor, on=True, at=clock.now())
    waiting = want_subordinate(
        cast.olga.actor, "Branch", root_of(forest).id, 0, [forest.domain], "p-256", b"", clock.now()
    )
    assert waiting is not None
    with tenant_scope(forest.tenant):
        assert not AuthorityRequest.objects.exists()
    approve(second.actor, waiting.id, bytes(waiting.sha256), clock.now())
    work()
    before = stored(forest)
    waiting = bring(forest, sign(forest, export(forest)))
    assert waiting is not None
    assert stored(forest) == before
    with pytest.raises(Refused, match="cannot approve"):
        approve(cast.olga.actor, waiting.id, bytes(waiting.sha256), clock.now())
    approve(second.actor, waiting.id, bytes(waiting.sha256), clock.now())
    assert len(generations(forest, "Branch")) == 1
