"""`/healthz` for load balancers and containers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NoReturn

import pytest
from django.db import connection
from django.test import RequestFactory

from pkiportal.health import healthz

pytestmark = pytest.mark.usefixtures("database")


def test_it_says_that_the_process_lives_and_the_database_answers() -> None:
    answer = healthz(RequestFactory().get("/healthz"))
    assert (answer.status_code, json.loads(answer.content)) == (200, {"status": "ok", "database": "ok"})
    assert "no-store" in answer["Cache-Control"]


def test_it_is_unavailable_when_the_database_does_not_answer() -> None:
    from django.db import OperationalError

    def refuse(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> NoReturn:
        raise OperationalError("connection to server at 10.0.0.7 failed")

    with connection.execute_wrapper(refuse):
        answer = healthz(RequestFactory().get("/healthz"))
    assert answer.status_code == 503
    assert b"10.0.0.7" not in answer.content


def test_it_answers_get_and_head_only() -> None:
    assert healthz(RequestFactory().head("/healthz")).status_code == 200
    assert healthz(RequestFactory().post("/healthz")).status_code == 405
