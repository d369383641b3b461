"""Walls 2 and 3, in PostgreSQL: row-level security for the application role, composite keys, grants.

Raw SQL is what a forgotten filter or an injection would come to. Each wall is also taken down in turn: the same probe
must then succeed, or it proves nothing.
"""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.db.utils import IntegrityError, ProgrammingError

from tenants.models import Certificate, Person
from tenants.scoping import TENANT_VARIABLE, TenantOwned, tenant_scope
from tenants.walls import tenant_owned_models, tenant_references
from tests import environment
from tests.cast import Cast

pytestmark = pytest.mark.postgres
TABLES = [model._meta.db_table for model in tenant_owned_models()]


def query(sql: str, *values: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


@contextmanager
def owner(statement: str, undo: str) -> Generator[None]:
    """Take a wall down as the owner of the tables, and put it up again."""
    url = environment.postgres_url(environment.OWNER, environment.DATABASE)
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(statement)
        try:
            yield
        finally:
            admin.execute(undo)


def test_the_application_role_is_no_owner_and_cannot_bypass(database: None) -> None:
    assert query("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user") == [
        (False, False)
    ]
    owners = query("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'")
    assert owners == [(environment.OWNER,)]


@pytest.mark.parametrize("table", TABLES)
def test_the_catalogue_shows_forced_row_level_security_on_every_tenant_table(
    database: None, table: str
) -> None:
    assert query("SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE relname = %s", table) == [
        (True, True)
    ]
    policies = query("SELECT cmd, qual, with_check FROM pg_policies WHERE tablename = %s", table)
    assert [policy[0] for policy in policies] == ["ALL"]
    assert all(TENANT_VARIABLE in clause for clause in policies[0][1:])


@pytest.mark.parametrize("model", tenant_owned_models(), ids=lambda model: model.__name__)
def test_the_catalogue_shows_a_composite_key_for_every_reference(
    database: None, model: type[TenantOwned]
) -> None:
    definitions = [
        row[0]
        for row in query(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'f' AND conrelid = %s::regclass",
            model._meta.db_table,
        )
    ]
    for field in tenant_references(model):
        assert any(
            d.startswith(f"FOREIGN KEY (tenant_id, {field.column}) REFERENCES") for d in definitions
        ), field


def test_no_table_escapes_the_list(database: None) -> None:
    walled = {row[0] for row in query("SELECT tablename FROM pg_policies")}
    with_tenant = {
        row[0]
        for row in query(
            "SELECT table_name FROM information_schema.columns WHERE column_name = 'tenant_id' AND table_schema = 'public'"
        )
    }
    portal = {"tenants_account", "tenants_maildomain", "tenants_duework"}
    assert with_tenant - portal == walled == set(TABLES)


@pytest.mark.parametrize("table", TABLES)
def test_raw_sql_without_a_scope_sees_no_row(shared_cast: Cast, table: str) -> None:
    assert query(f'SELECT count(*) FROM "{table}"') == [(0,)]


@pytest.mark.parametrize("table", TABLES)
def test_raw_sql_in_a_scope_sees_its_forest_only(shared_cast: Cast, table: str) -> None:
    with tenant_scope(shared_cast.fabrikam.tenant):
        tenants = query(f'SELECT DISTINCT tenant_id FROM "{table}"')
    assert tenants in ([], [(shared_cast.fabrikam.tenant.id,)])


def test_raw_sql_cannot_write_into_another_forest(shared_cast: Cast) -> None:
    foreign = shared_cast.bob.actor
    with tenant_scope(shared_cast.contoso.tenant, write=True), connection.cursor() as cursor:
        cursor.execute("UPDATE tenants_person SET name = 'Mallory' WHERE id = %s", [foreign.person_id])
        assert cursor.rowcount == 0
        cursor.execute("DELETE FROM tenants_unlockedkey WHERE tenant_id = %s", [foreign.tenant_id])
        assert cursor.rowcount == 0
    with pytest.raises(ProgrammingError, match="row-level security"):
        insert_domainless_unlocked_key(shared_cast, tenant_id=foreign.tenant_id, person_id=foreign.person_id)


def insert_domainless_unlocked_key(shared_cast: Cast, *, tenant_id: uuid.UUID, person_id: uuid.UUID) -> None:
    with tenant_scope(shared_cast.contoso.tenant, write=True), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO tenants_unlockedkey (id, tenant_id, person_id, wrapped, expires_at) VALUES (%s, %s, %s, '', now())",
            [uuid.uuid4(), tenant_id, person_id],
        )


def test_a_row_cannot_be_attached_to_another_forests_parent(shared_cast: Cast) -> None:
    with pytest.raises(IntegrityError, match="wall"):
        insert_domainless_unlocked_key(
            shared_cast, tenant_id=shared_cast.contoso.tenant.id, person_id=shared_cast.bob.actor.person_id
        )


def test_the_tenant_variable_does_not_outlive_its_scope(shared_cast: Cast) -> None:
    with tenant_scope(shared_cast.contoso.tenant):
        assert query("SELECT count(*) > 0 FROM tenants_person") == [(True,)]
    assert query("SELECT nullif(current_setting(%s, true), '')", TENANT_VARIABLE) == [(None,)]


def test_append_only_tables_grant_neither_update_nor_delete(shared_cast: Cast) -> None:
    _ = shared_cast.alice
    for model in tenant_owned_models():
        if model.append_only:
            for privilege in ("UPDATE", "DELETE"):
                assert query("SELECT has_table_privilege(%s, %s)", model._meta.db_table, privilege) == [
                    (False,)
                ]
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        tenant_scope(shared_cast.contoso.tenant, write=True),
    ):
        query("UPDATE tenants_certificate SET serial_number = '00' RETURNING 1")


# --- each wall removed in turn must be noticed by the probe above -------------------------------------------------


def test_without_its_policy_the_probe_would_see_everything(shared_cast: Cast) -> None:
    _ = shared_cast.alice, shared_cast.bob
    with (
        owner(
            "ALTER TABLE tenants_person DISABLE ROW LEVEL SECURITY",
            "ALTER TABLE tenants_person ENABLE ROW LEVEL SECURITY",
        ),
        tenant_scope(shared_cast.fabrikam.tenant),
    ):
        assert len(query("SELECT DISTINCT tenant_id FROM tenants_person")) > 1


def test_without_force_the_owner_would_see_everything(shared_cast: Cast) -> None:
    _ = shared_cast.alice
    url = environment.postgres_url(environment.OWNER, environment.DATABASE)
    with psycopg.connect(url, autocommit=True) as admin:
        assert admin.execute("SELECT count(*) FROM tenants_person").fetchone() == (0,)
        admin.execute("ALTER TABLE tenants_person NO FORCE ROW LEVEL SECURITY")
        try:
            assert admin.execute("SELECT count(*) > 0 FROM tenants_person").fetchone() == (True,)
        finally:
            admin.execute("ALTER TABLE tenants_person FORCE ROW LEVEL SECURITY")


def test_without_the_composite_key_the_foreign_parent_would_be_accepted(shared_cast: Cast) -> None:
    add = next(
        f"ALTER TABLE tenants_unlockedkey ADD CONSTRAINT tenants_unlockedkey_person_id_wall {definition}"
        for (definition,) in query(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'tenants_unlockedkey_person_id_wall'"
        )
    )
    with owner(
        "ALTER TABLE tenants_unlockedkey DROP CONSTRAINT tenants_unlockedkey_person_id_wall", "SELECT 1"
    ):
        insert_domainless_unlocked_key(
            shared_cast, tenant_id=shared_cast.contoso.tenant.id, person_id=shared_cast.bob.actor.person_id
        )
    with tenant_scope(shared_cast.contoso.tenant, write=True):
        query(
            "DELETE FROM tenants_unlockedkey WHERE person_id = %s RETURNING 1",
            shared_cast.bob.actor.person_id,
        )
    with owner(add, "SELECT 1"), pytest.raises(IntegrityError):
        insert_domainless_unlocked_key(
            shared_cast, tenant_id=shared_cast.contoso.tenant.id, person_id=shared_cast.bob.actor.person_id
        )


def test_without_the_managers_filter_row_level_security_still_holds(shared_cast: Cast) -> None:
    alice, bob = shared_cast.alice, shared_cast.bob
    with tenant_scope(alice.actor.tenant_id):
        unfiltered = super(type(Person.objects), Person.objects).get_queryset()
        assert unfiltered.filter(id=alice.actor.person_id).exists()
        assert not unfiltered.filter(id=bob.actor.person_id).exists()
        assert Certificate.objects.count() > 0


@pytest.fixture
def superuser_application_role(database: None) -> Iterator[None]:
    with psycopg.connect(environment.ADMINISTRATOR_URL, autocommit=True) as admin:
        admin.execute("CREATE ROLE pkiportal_test_bypass LOGIN BYPASSRLS")
        yield
        admin.execute("DROP ROLE pkiportal_test_bypass")


def test_migrate_refuses_an_application_role_that_could_bypass(superuser_application_role: None) -> None:
    answer = subprocess.run(
        [sys.executable, "manage.py", "migrate", "-v", "0", "--skip-checks"],
        capture_output=True,
        text=True,
        check=False,
        env={
            **os.environ,
            "DATABASE_URL": environment.postgres_url(environment.OWNER, environment.DATABASE),
            "DATABASE_APP_ROLE": "pkiportal_test_bypass",
        },
    )
    assert answer.returncode != 0
    assert "neither superuser nor BYPASSRLS" in answer.stderr
