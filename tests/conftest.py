"""Fixtures of the whole suite. Tests use a real database with real commits: no wrapping transaction, no truncation.

Tenancy keeps tests apart: every test founds forests of its own (`cast`), so nothing has to be cleaned up, and scopes,
commits and doorbells behave as in service.
"""

from __future__ import annotations

import ipaddress
import os
import subprocess
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests import environment

if TYPE_CHECKING:
    from tests.tenants.publisher import Publisher

GROUPS = {
    "postgres": "TEST_POSTGRES_URL is not set",
    "redis": "TEST_REDIS_URL is not set",
    "browser": "Chromium is not installed (apt-get install chromium)",
    "nss": "NSS tools are not installed (apt-get install libnss3-tools)",
    "gpgsm": "gpgsm is not installed (apt-get install gpgsm)",
    "corpora": "the conformance data is not there (PKIPORTAL_CORPORA)",
}


def corpora() -> Path:
    return Path(
        os.environ.get("PKIPORTAL_CORPORA", Path(__file__).parent.parent.parent / "shared" / "corpora")
    )


def _present(group: str) -> bool:
    from shutil import which

    return {
        "postgres": bool(environment.ADMINISTRATOR_URL),
        "redis": bool(os.environ.get("TEST_REDIS_URL")),
        "browser": bool(which("chromium")),
        "nss": bool(which("cmsutil") or Path("/usr/lib/nss/unsupported-tools/cmsutil").exists()),
        "gpgsm": bool(which("gpgsm")),
        "corpora": corpora().is_dir(),
    }[group]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Groups whose means are absent are named skips; with REQUIRE_ALL=1 they fail instead."""
    required = os.environ.get("REQUIRE_ALL") == "1"
    absent = {group for group in GROUPS if not _present(group)}
    for item in items:
        for group in absent & {mark.name for mark in item.iter_markers()}:
            # One run of the suite knows one database: the PostgreSQL group belongs to the run on PostgreSQL.
            if required and group != "postgres":
                item.add_marker(pytest.mark.usefixtures("absent_group"))
            else:
                item.add_marker(pytest.mark.skip(reason=f"{group}: {GROUPS[group]}"))


@pytest.fixture
def absent_group(request: pytest.FixtureRequest) -> None:
    pytest.fail("REQUIRE_ALL=1, but a group that this test needs is absent")


@pytest.fixture(scope="session")
def migrated_database() -> Iterator[None]:
    """A migrated database, on PostgreSQL with its owner and the application role that the tests run as."""
    if environment.ADMINISTRATOR_URL:
        _create_postgres_database()
    owner = {"DATABASE_URL": environment.postgres_url(environment.OWNER, environment.DATABASE)}
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "-v", "0", "--skip-checks"],
        check=True,
        env={**os.environ, **(owner if environment.ADMINISTRATOR_URL else {})},
        cwd=Path(__file__).parent.parent,
    )
    yield
    from django.db import connections

    connections.close_all()
    if environment.ADMINISTRATOR_URL:
        _administer(f'DROP DATABASE IF EXISTS "{environment.DATABASE}" WITH (FORCE)')


@pytest.fixture(scope="session", autouse=True)
def pooled_rsa_keys() -> Generator[None]:
    from pki import keys
    from tests import key_pool

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keys, "generate", key_pool.generate)
        yield


@pytest.fixture
def database(migrated_database: None, django_db_blocker: Any) -> Generator[None]:
    """Access to the database, committing for real."""
    with django_db_blocker.unblock():
        yield


def _create_postgres_database() -> None:
    for role in (environment.OWNER, environment.APPLICATION):
        _administer(
            f"DO $$ BEGIN CREATE ROLE {role} LOGIN PASSWORD '{role}'; "
            "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
        )
    _administer(f'DROP DATABASE IF EXISTS "{environment.DATABASE}" WITH (FORCE)')
    _administer(f'CREATE DATABASE "{environment.DATABASE}" OWNER {environment.OWNER}')


def _administer(statement: str) -> None:
    import psycopg

    with psycopg.connect(environment.ADMINISTRATOR_URL, autocommit=True) as connection:
        connection.execute(statement)


@pytest.fixture
def cast(database: None) -> Any:
    from tests.cast import Cast

    return Cast()


@pytest.fixture(scope="module")
def shared_cast(migrated_database: None, django_db_blocker: Any) -> Generator[Any]:
    """A cast for a module whose tests only look: Alice and Bob are ready."""
    from tests.cast import Cast

    with django_db_blocker.unblock():
        made = Cast()
        _ = made.alice, made.bob
        yield made


@pytest.fixture
def web(settings: Any) -> Iterator[Publisher]:
    """A web server on this machine that the fetch worker may ask."""
    from tests.tenants.publisher import publishing

    with publishing() as publisher:
        settings.FETCH_NETWORKS = (ipaddress.ip_network("127.0.0.1/32"),)
        settings.FETCH_PORTS = frozenset({publisher.port})
        yield publisher
