"""A disk that is full takes no write; leaving and locking must work all the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import OperationalError, connection

from tests.browsing import browser
from tests.cast import Cast


@contextmanager
def full_disk() -> Iterator[None]:
    """The disk's answer, at the place where the database driver would give it."""

    def refuse(execute: Callable[..., Any], sql: str, parameters: Any, many: bool, context: Any) -> Any:
        if sql.split(maxsplit=1)[0] in {"INSERT", "UPDATE", "DELETE"}:
            raise OperationalError("database or disk is full")
        return execute(sql, parameters, many, context)

    with connection.execute_wrapper(refuse):
        yield


def test_signing_out_ends_the_session_in_this_browser(cast: Cast) -> None:
    client = browser(cast.alice, unlocked=True)
    with full_disk():
        answer = client.post("/sign-out/")
    assert answer.status_code in {302, 303}
    assert client.get("/certificates/")["Location"].startswith("/sign-in/")
    assert not client.cookies[settings.UNLOCK_COOKIE_NAME].value


def test_locking_locks_in_this_browser_and_says_what_of_the_others(cast: Cast) -> None:
    client = browser(cast.alice, unlocked=True)
    with full_disk():
        answer = client.post("/lock/", {"next": "/certificates/"}, follow=True)
    assert "locks by itself" in answer.content.decode()
    assert not client.cookies[settings.UNLOCK_COOKIE_NAME].value
