"""The tenancy walls inside Python: read this file first.

A *scope* names the forest whose rows may be seen, and is a database transaction at the same time. Without an
open scope every query on a tenant-owned model raises; with one it sees that forest only. Scopes never nest.
On PostgreSQL the scope also sets the transaction-local variable that row-level security reads (`walls.py`),
so raw SQL is held by the same wall.

    with tenant_scope(tenant):                 # reads: READ ONLY on PostgreSQL, DEFERRED + query_only on SQLite
        names = list(Person.objects.values_list("name", flat=True))
    with tenant_scope(tenant, write=True):     # writes: IMMEDIATE on SQLite
        Person.objects.create(name="Alice")

No network, key derivation, CMS work or rendering inside a scope: read, act, record are two scopes with the act between.
"""

from __future__ import annotations

import uuid
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import connection, models, transaction
from django.db.models import sql

if TYPE_CHECKING:
    from tenants.models import Tenant

TENANT_VARIABLE = "pkiportal.tenant"

M = TypeVar("M", bound=models.Model)


class ScopeError(RuntimeError):
    """A query outside its forest's scope, or a scope inside another one: a programming error, never a user's."""


@dataclass(frozen=True, slots=True)
class Scope:
    tenant_id: uuid.UUID
    write: bool


_open: ContextVar[Scope | None] = ContextVar("tenant_scope", default=None)


@contextmanager
def tenant_scope(tenant: Tenant | uuid.UUID, *, write: bool = False) -> Generator[Scope]:
    """Open the forest's scope: one transaction, read-only unless `write`. Raises ScopeError if one is open already."""
    scope = Scope(tenant if isinstance(tenant, uuid.UUID) else tenant.id, write)
    if (outer := _open.get()) is not None:
        raise ScopeError(
            f"A scope of forest {outer.tenant_id} is open; close it before opening one of {scope.tenant_id}."
        )
    token = _open.set(scope)
    try:
        with _transaction(scope):
            yield scope
    finally:
        _open.reset(token)


def current_scope() -> Scope:
    """The open scope. Raises ScopeError if there is none."""
    scope = _open.get()
    if scope is None:
        raise ScopeError("No tenant scope is open: wrap the query in `with tenant_scope(tenant):`.")
    return scope


def scope_is_open() -> bool:
    return _open.get() is not None


def current_tenant_id() -> uuid.UUID:
    return current_scope().tenant_id


@contextmanager
def _transaction(scope: Scope) -> Generator[None]:
    if connection.in_atomic_block:
        raise ScopeError("A transaction is open already: a tenant scope must be the outermost one.")
    # Django resets transaction_mode when it connects, so connect first.
    connection.ensure_connection()
    opener = _sqlite_transaction if connection.vendor == "sqlite" else _postgresql_transaction
    with opener(scope):
        yield


@contextmanager
def _sqlite_transaction(scope: Scope) -> Generator[None]:
    previous = connection.transaction_mode  # type: ignore[attr-defined]
    connection.transaction_mode = "IMMEDIATE" if scope.write else "DEFERRED"  # type: ignore[attr-defined]
    try:
        if not scope.write:
            _sqlite_pragma("query_only = ON")
        with transaction.atomic():
            yield
    finally:
        connection.transaction_mode = previous  # type: ignore[attr-defined]
        if not scope.write:
            _sqlite_pragma("query_only = OFF")


def _sqlite_pragma(pragma: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA {pragma}")


@contextmanager
def _postgresql_transaction(scope: Scope) -> Generator[None]:
    with transaction.atomic(), connection.cursor() as cursor:
        if not scope.write:
            cursor.execute("SET TRANSACTION READ ONLY")
        # Transaction-local (true): a session-level value would leak through the connection pool.
        cursor.execute("SELECT set_config(%s, %s, true)", [TENANT_VARIABLE, str(scope.tenant_id)])
        yield


class ScopedQuery(sql.Query):
    """A SELECT that refuses to be compiled outside its forest's scope: a lazy queryset cannot outlive it."""

    scope: Scope | None = None

    def get_compiler(self, *args: Any, **kwargs: Any) -> Any:
        if self.scope is not None and self.scope is not _open.get():
            raise ScopeError(
                f"A query on {self.get_meta().object_name} was evaluated after its tenant scope had closed."
            )
        return super().get_compiler(*args, **kwargs)


class TenantQuerySet(models.QuerySet[M]):
    """Rows of one forest. Subclass it for the questions of one model."""

    def update(self, **values: Any) -> int:
        self._may_change()
        return super().update(**values)

    def delete(self) -> tuple[int, dict[str, int]]:
        self._may_change()
        return super().delete()

    def raw(self, *args: Any, **kwargs: Any) -> Any:
        raise ScopeError("Raw SQL bypasses the manager's wall: write the query with the ORM.")

    def _may_change(self) -> None:
        _must_write(self.model)
        if getattr(self.model, "append_only", False):
            raise ScopeError(f"{self.model.__name__} rows are append-only.")
        # UPDATE and DELETE compile through other Query classes, so ScopedQuery cannot guard them.
        if getattr(self.query, "scope", None) is not _open.get():
            raise ScopeError(f"A query on {self.model.__name__} outlived its tenant scope.")

    def bulk_create(self, objs: Iterable[M], *args: Any, **kwargs: Any) -> list[M]:
        objs = list(objs)
        for row in objs:
            _must_own(row)
        return super().bulk_create(objs, *args, **kwargs)

    def bulk_update(self, objs: Iterable[M], *args: Any, **kwargs: Any) -> int:
        objs = list(objs)
        for row in objs:
            _must_own(row)
        return super().bulk_update(objs, *args, **kwargs)


class TenantManager(models.Manager[M]):
    """The fail-closed manager: no scope, no rows, no silence."""

    def get_queryset(self) -> models.QuerySet[M]:
        scope = current_scope()
        query = ScopedQuery(self.model)
        query.scope = scope
        queryset_class: type[models.QuerySet[M]] = self._queryset_class  # type: ignore[attr-defined]
        rows = queryset_class(model=self.model, query=query, using=self._db, hints=self._hints)  # type: ignore[attr-defined]
        return rows.filter(tenant_id=scope.tenant_id)


TenantRows = TenantManager.from_queryset(TenantQuerySet)


class TenantOwned(models.Model):
    """Base of every model that belongs to one forest.

    A model declares `objects` (`TenantRows()`, or the manager of its own queryset) and gets its walls (`walls.Walls`) in
    the migration that creates it; guard tests notice either missing.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(
        "tenants.Tenant",
        on_delete=models.PROTECT,
        editable=False,
        related_name="+",
    )

    tenant_id: uuid.UUID
    # Rows of such a model are added, never changed: PostgreSQL withholds UPDATE and DELETE from the application role.
    append_only = False

    class Meta:
        abstract = True
        base_manager_name = "objects"

    def save(self, *args: Any, **kwargs: Any) -> None:
        _must_own(self)
        if self.append_only and not self._state.adding:
            raise ScopeError(f"{type(self).__name__} rows are append-only.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        _must_own(self)
        if self.append_only:
            raise ScopeError(f"{type(self).__name__} rows are append-only.")
        return super().delete(*args, **kwargs)


def _must_write(model: type[models.Model]) -> None:
    if not current_scope().write:
        raise ScopeError(f"{model.__name__} cannot be changed in a read-only scope.")


def _must_own(row: Any) -> None:
    """The row is, or from now on will be, of the scope's forest."""
    _must_write(type(row))
    if row.tenant_id is None:
        row.tenant_id = current_tenant_id()
    if row.tenant_id != current_tenant_id():
        raise ScopeError(
            f"A {type(row).__name__} of forest {row.tenant_id} cannot be written in {current_tenant_id()}."
        )
