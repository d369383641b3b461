"""The tenancy walls inside PostgreSQL: row-level security, composite foreign keys, grants.

`Walls("certificate")` in a model's migration gives its table, on PostgreSQL,
 1. row-level security, enabled and *forced* (the owner is held too), on the transaction-local tenant variable;
 2. UNIQUE (tenant_id, id), and for every reference to another tenant-owned table a composite foreign key
    (tenant_id, x_id) -> (tenant_id, id), so that a row cannot be attached to another forest's parent;
and nothing on SQLite, where the walls of `scoping.py` stand alone. Grants to the application role are made after
every `migrate` (`grant_application_role`), without UPDATE and DELETE on append-only tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from tenants.scoping import TENANT_VARIABLE, TenantOwned

CURRENT_TENANT = f"nullif(current_setting('{TENANT_VARIABLE}', true), '')::uuid"


class Walls(Operation):
    """Migration operation: give one tenant-owned model its database walls. Reversible."""

    reduces_to_sql = True
    reversible = True

    def __init__(self, model_name: str) -> None:
        self.model_name = model_name

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return (type(self).__name__, [self.model_name], {})

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        pass

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        if schema_editor.connection.vendor == "postgresql":
            for statement in _build(to_state.apps.get_model(app_label, self.model_name)):
                schema_editor.execute(statement)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        if schema_editor.connection.vendor == "postgresql":
            for statement in _tear_down(from_state.apps.get_model(app_label, self.model_name)):
                schema_editor.execute(statement)

    def describe(self) -> str:
        return f"Raise the tenancy walls of {self.model_name}"


class ReferenceWall(Walls):
    """Migration operation: the composite foreign key of one reference that was added after the table's walls."""

    def __init__(self, model_name: str, field_name: str) -> None:
        super().__init__(model_name)
        self.field_name = field_name

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return (type(self).__name__, [self.model_name, self.field_name], {})

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        if schema_editor.connection.vendor == "postgresql":
            model = to_state.apps.get_model(app_label, self.model_name)
            fields = (field for field in tenant_references(model) if field.name == self.field_name)
            for statement in _reference(model._meta.db_table, next(fields)):
                schema_editor.execute(statement)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        if schema_editor.connection.vendor == "postgresql":
            model = from_state.apps.get_model(app_label, self.model_name)
            column = model._meta.get_field(self.field_name).column
            schema_editor.execute(
                f'ALTER TABLE "{model._meta.db_table}" '
                f'DROP CONSTRAINT IF EXISTS "{model._meta.db_table}_{column}_wall"'
            )

    def describe(self) -> str:
        return f"Raise the tenancy wall of {self.model_name}.{self.field_name}"


def tenant_references(model: type[models.Model]) -> Iterator[models.ForeignKey[Any, Any]]:
    """Foreign keys of `model` to tenant-owned models."""
    for field in model._meta.local_fields:
        if isinstance(field, models.ForeignKey) and not isinstance(field.related_model, str):
            target = field.related_model._meta
            # Migrations work on historical models without their base classes: look the real one up.
            if issubclass(apps.get_model(target.app_label, target.model_name or ""), TenantOwned):
                yield field


def _build(model: type[models.Model]) -> Iterator[str]:
    table = model._meta.db_table
    yield _row_key(table)
    for field in tenant_references(model):
        yield from _reference(table, field)
    yield f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY'
    yield f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY'
    yield (
        f'CREATE POLICY tenant_wall ON "{table}" '
        f"USING (tenant_id = {CURRENT_TENANT}) WITH CHECK (tenant_id = {CURRENT_TENANT})"
    )


def _reference(table: str, field: models.ForeignKey[Any, Any]) -> Iterator[str]:
    target = field.related_model._meta.db_table
    yield _row_key(target)
    yield (
        f'ALTER TABLE "{table}" ADD CONSTRAINT "{table}_{field.column}_wall" '
        f'FOREIGN KEY (tenant_id, "{field.column}") REFERENCES "{target}" (tenant_id, id) '
        "DEFERRABLE INITIALLY DEFERRED"
    )


def _row_key(table: str) -> str:
    """The key that composite references point to. Tables refer to each other in circles: whoever needs it makes it."""
    name = f"{table}_tenant_row"
    return (
        f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_constraint WHERE conname = '{name}') THEN "
        f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" UNIQUE (tenant_id, id); END IF; END $$'
    )


def _tear_down(model: type[models.Model]) -> Iterator[str]:
    table = model._meta.db_table
    yield f'DROP POLICY tenant_wall ON "{table}"'
    yield f'ALTER TABLE "{table}" NO FORCE ROW LEVEL SECURITY'
    yield f'ALTER TABLE "{table}" DISABLE ROW LEVEL SECURITY'
    for field in tenant_references(model):
        yield f'ALTER TABLE "{table}" DROP CONSTRAINT IF EXISTS "{table}_{field.column}_wall"'
    yield f'ALTER TABLE "{table}" DROP CONSTRAINT "{table}_tenant_row" CASCADE'


def grant_application_role(**_: object) -> None:
    """Give the application role what it needs on every table, and no more. Runs after each `migrate`."""
    if connection.vendor != "postgresql":
        return
    role = connection.ops.quote_name(settings.DATABASE_APP_ROLE)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = %s", [settings.DATABASE_APP_ROLE]
        )
        found = cursor.fetchone()
        if found is None or found[0]:
            raise ImproperlyConfigured(
                f"The PostgreSQL role {settings.DATABASE_APP_ROLE} must exist and be neither superuser nor BYPASSRLS. "
                f"Create it: CREATE ROLE {settings.DATABASE_APP_ROLE} LOGIN PASSWORD '...'"
            )
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {role}")
        cursor.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}")
        cursor.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}")
        cursor.execute(f"REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {role}")
        for model in tenant_owned_models():
            if model.append_only:
                cursor.execute(f'REVOKE UPDATE, DELETE ON "{model._meta.db_table}" FROM {role}')


def tenant_owned_models() -> list[type[TenantOwned]]:
    """Every concrete tenant-owned model of the project."""
    return [model for model in apps.get_models() if issubclass(model, TenantOwned)]
