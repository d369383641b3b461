"""docker/postgres/roles.sh on a real PostgreSQL: the owner migrates, the application role is held by the walls."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import psycopg
import pytest

from tests import environment
from tests.variables import ROOT

pytestmark = [pytest.mark.postgres, pytest.mark.slow]


@dataclass(frozen=True)
class Cluster:
    """Roles and a database of one test, beside those of anybody else."""

    owner: str
    app: str
    database: str

    def url(self, role: str) -> str:
        host = environment.ADMINISTRATOR_URL.rpartition("@")[2].partition("/")[0]
        return f"postgres://{role}:secret@{host}/{self.database}"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    suffix = secrets.token_hex(4)
    cluster = Cluster(f"owner_{suffix}", f"app_{suffix}", f"roles_{suffix}")
    address = urlsplit(environment.ADMINISTRATOR_URL)
    connection = {
        "PGHOST": address.hostname or "",
        "PGPORT": str(address.port or 5432),
        "PGPASSWORD": address.password or "",
        "POSTGRES_USER": address.username or "postgres",
    }
    names = {
        "PKIPORTAL_OWNER": cluster.owner,
        "PKIPORTAL_APP": cluster.app,
        "PKIPORTAL_DATABASE": cluster.database,
    }
    passwords = {"PKIPORTAL_OWNER_PASSWORD": "secret", "PKIPORTAL_APP_PASSWORD": "secret"}
    subprocess.run(
        [ROOT / "docker" / "postgres" / "roles.sh"],
        check=True,
        env={**os.environ, **connection, **names, **passwords},
    )
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "-v", "0"],
        check=True,
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": cluster.url(cluster.owner), "DATABASE_APP_ROLE": cluster.app},
    )
    yield cluster
    with psycopg.connect(environment.ADMINISTRATOR_URL, autocommit=True) as administrator:
        administrator.execute(f'DROP DATABASE "{cluster.database}" WITH (FORCE)')
        administrator.execute(f'DROP ROLE "{cluster.owner}", "{cluster.app}"')


@pytest.fixture
def application(cluster: Cluster) -> Iterator[psycopg.Connection]:
    with psycopg.connect(cluster.url(cluster.app), autocommit=True) as connection:
        yield connection


def test_neither_role_can_bypass_row_level_security(
    application: psycopg.Connection, cluster: Cluster
) -> None:
    rows = application.execute(
        "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = ANY(%s)",
        [[cluster.owner, cluster.app]],
    ).fetchall()
    assert rows == [(False,) * 4] * 2


def test_the_application_role_owns_nothing_and_can_make_no_table(application: psycopg.Connection) -> None:
    owned = application.execute(
        "SELECT relname FROM pg_class WHERE relowner = current_user::regrole"
    ).fetchall()
    assert owned == []
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        application.execute("CREATE TABLE loophole (id int)")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        application.execute("ALTER TABLE tenants_person DISABLE ROW LEVEL SECURITY")


def test_the_application_role_works_on_the_queue_and_sees_no_forest_without_its_scope(
    application: psycopg.Connection,
) -> None:
    application.execute(
        "INSERT INTO tenants_duework (id, kind, tenant_id, row_id, next_run_at, asked, attempts, last_error)"
        " VALUES (%s, 'x', %s, %s, now(), 1, 0, '')",
        [uuid.uuid4(), uuid.uuid4(), uuid.uuid4()],
    )
    assert application.execute("SELECT count(*) FROM tenants_duework").fetchone() == (1,)
    assert application.execute("SELECT count(*) FROM tenants_person").fetchone() == (0,)
