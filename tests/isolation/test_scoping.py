"""Wall 1 and 4: the fail-closed manager, and scopes that never nest."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, models, transaction
from django.db.utils import DatabaseError, OperationalError

import mail.models
import tenants.models
from tenants import clock
from tenants.models import Person, Revocation, Tenant
from tenants.scoping import ScopeError, TenantOwned, tenant_scope
from tenants.walls import tenant_owned_models
from tests.cast import Cast

QUERIES: dict[str, Callable[[Any], object]] = {
    "list": lambda rows: list(rows.all()),
    "exists": lambda rows: rows.exists(),
    "count": lambda rows: rows.count(),
    "first": lambda rows: rows.first(),
    "values_list": lambda rows: list(rows.values_list("id")),
    "iterator": lambda rows: list(rows.iterator()),
    "aggregate": lambda rows: rows.aggregate(n=models.Count("id")),
    "in_bulk": lambda rows: rows.in_bulk(),
    "explain": lambda rows: rows.all().explain(),
    "update": lambda rows: rows.update(id=uuid.uuid4()),
    "delete": lambda rows: rows.all().delete(),
    "bulk_create": lambda rows: rows.bulk_create([]),
    "raw": lambda rows: list(rows.raw("SELECT 1")),
}


@pytest.mark.parametrize("model", tenant_owned_models(), ids=lambda model: model.__name__)
@pytest.mark.parametrize("query", QUERIES)
def test_without_a_scope_every_query_raises(database: None, model: type[TenantOwned], query: str) -> None:
    for manager in (model.objects, model._base_manager, model._default_manager):
        with pytest.raises(ScopeError):
            QUERIES[query](manager)


def test_every_model_is_tenant_owned_or_allow_listed_with_a_reason() -> None:
    allowed = {**tenants.models.PORTAL_OWNED, **mail.models.PORTAL_OWNED}
    ours = [m for m in apps.get_models() if m._meta.app_label in {"tenants", "mail", "pkiportal"}]
    unexplained = [m.__name__ for m in ours if not issubclass(m, TenantOwned) and not allowed.get(m)]
    assert unexplained == []


def test_every_unique_constraint_of_a_tenant_owned_model_starts_with_the_tenant() -> None:
    wrong = [
        f"{model.__name__}.{constraint.name}"
        for model in tenant_owned_models()
        for constraint in model._meta.constraints
        if isinstance(constraint, models.UniqueConstraint) and constraint.fields[0] != "tenant"
    ]
    assert wrong == []


def test_a_scope_shows_its_forest_only(cast: Cast) -> None:
    alice, bob = cast.alice, cast.bob
    with tenant_scope(alice.actor.tenant_id):
        assert Person.objects.filter(id=alice.actor.person_id).exists()
        assert not Person.objects.filter(id=bob.actor.person_id).exists()


def test_scopes_do_not_nest_not_even_in_the_same_forest(cast: Cast) -> None:
    tenant = cast.contoso.tenant
    with tenant_scope(tenant), pytest.raises(ScopeError), tenant_scope(tenant):
        pass


def test_a_scope_inside_a_transaction_is_refused(cast: Cast) -> None:
    with transaction.atomic(), pytest.raises(ScopeError), tenant_scope(cast.contoso.tenant):
        pass


def test_a_lazy_queryset_cannot_outlive_its_scope(cast: Cast) -> None:
    with tenant_scope(cast.contoso.tenant):
        lazy = Person.objects.all()
    with pytest.raises(ScopeError):
        list(lazy)
    with tenant_scope(cast.fabrikam.tenant, write=True):
        with pytest.raises(ScopeError):
            list(lazy)
        with pytest.raises(ScopeError):
            lazy.update(name="Mallory")


def test_related_rows_are_scoped_too(cast: Cast) -> None:
    alice = cast.alice
    with tenant_scope(alice.actor.tenant_id):
        person = Person.objects.get(id=alice.actor.person_id)
        assert person.certificates.count() == 2
    with pytest.raises(ScopeError):
        person.certificates.count()
    with pytest.raises(ScopeError):
        person.refresh_from_db()


def test_a_reading_scope_cannot_write(cast: Cast) -> None:
    with tenant_scope(cast.contoso.tenant):
        person = Person.objects.first()
        assert person is not None
        with pytest.raises(ScopeError):
            person.save()
        with pytest.raises((OperationalError, DatabaseError)), connection.cursor() as cursor:
            cursor.execute("UPDATE tenants_person SET name = 'Mallory'")


def test_a_row_of_another_forest_cannot_be_written(cast: Cast) -> None:
    with tenant_scope(cast.fabrikam.tenant):
        foreign = Person.objects.first()
    assert foreign is not None
    with tenant_scope(cast.contoso.tenant, write=True):
        with pytest.raises(ScopeError):
            foreign.save()
        with pytest.raises(ScopeError):
            foreign.delete()


def test_append_only_rows_stay_as_they_were_written(cast: Cast) -> None:
    row = cast.alice.certificate(to_sign=True)
    with tenant_scope(cast.contoso.tenant, write=True):
        with pytest.raises(ScopeError):
            row.save()
        with pytest.raises(ScopeError):
            row.delete()
        with pytest.raises(ScopeError):
            Revocation.objects.update(reason="unspecified")


def test_a_failed_write_leaves_nothing(cast: Cast) -> None:
    tenant, name = cast.contoso.tenant, f"Nobody {uuid.uuid4()}"

    def fail_after_writing() -> None:
        with tenant_scope(tenant, write=True):
            Tenant.objects.create(name=name, founded_at=clock.now())
            raise LookupError

    with pytest.raises(LookupError):
        fail_after_writing()
    assert not Tenant.objects.filter(name=name).exists()


def test_the_connection_is_as_before_after_a_reading_scope(cast: Cast) -> None:
    with tenant_scope(cast.contoso.tenant):
        Person.objects.count()
    with tenant_scope(cast.contoso.tenant, write=True):
        assert Person.objects.update(name="Olga O.") >= 1
