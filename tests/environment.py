"""The environment of the suite, set before Django reads its settings (loaded as a pytest plugin by `-p`).

SQLite in a fresh folder by default. With TEST_POSTGRES_URL (an administrator's address, such as
postgres://postgres@127.0.0.1:5432/postgres) the suite runs on PostgreSQL: migrated by an owner, run as the
application role. Each xdist worker has a database of its own.
"""

from __future__ import annotations

import atexit
import base64
import os
import shutil
import tempfile
from urllib.parse import urlsplit, urlunsplit

OWNER, APPLICATION = "pkiportal_test_owner", "pkiportal_test_app"
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
DATABASE = f"pkiportal_test_{WORKER}_{os.getpid()}"
ADMINISTRATOR_URL = os.environ.get("TEST_POSTGRES_URL", "")

_home = tempfile.mkdtemp(prefix=f"pkiportal-test-{WORKER}-")
atexit.register(shutil.rmtree, _home, ignore_errors=True)


def postgres_url(role: str, database: str) -> str:
    """The administrator's address with another role and database."""
    parts = urlsplit(ADMINISTRATOR_URL)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{role}:{role}@{host}", path=f"/{database}"))


os.environ.update(
    {
        "PKIPORTAL_HOME": _home,
        "PKIPORTAL_ROLE": "embedded",
        "SECRET_KEY": "tests only",
        "PEOPLE_MASTER_KEY": base64.b64encode(b"p" * 32).decode(),
        "AUTHORITY_MASTER_KEY": base64.b64encode(b"a" * 32).decode(),
        "ARGON2_MEMORY_KIB": str(19 * 1024),
        "ARGON2_PASSES": "2",
        "ARGON2_LANES": "1",
        "PUBLISH_BASE_URL": "http://pki.test",
        "DATABASE_APP_ROLE": APPLICATION,
        "DATABASE_URL": postgres_url(APPLICATION, DATABASE)
        if ADMINISTRATOR_URL
        else f"sqlite:///{_home}/test.sqlite3",
        "ALLOWED_HOSTS": "testserver,localhost,127.0.0.1",
        "EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend",
        "LOG_LEVEL": "WARNING",
    }
)
os.environ.pop("REDIS_URL", None)
