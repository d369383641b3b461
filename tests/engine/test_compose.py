"""docker-compose.yml in step with the settings, the roles and the queues."""

from __future__ import annotations

import base64
import os
import re
import signal
import subprocess
import sys
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.engine.processes import Processes, wait_until
from tests.variables import ROOT, read_variables

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service.get("image") == "pkiportal"}
WORKERS = {name: service for name, service in OURS.items() if "worker" in service["command"]}
KEY = base64.b64encode(b"k" * 32).decode()


def interpolated(value: object) -> str:
    """What compose makes of a value when no variable but the required ones is set (those get a key)."""
    text = re.sub(r"\$\{\w+:\?[^}]*\}", KEY, str(value))
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)


def environment(service: str, **extra: str) -> dict[str, str]:
    values = {name: interpolated(value) for name, value in SERVICES[service]["environment"].items()}
    # The key's "/" and "=" would have to be escaped in an address; make-env.sh makes passwords of hex digits.
    values["DATABASE_URL"] = values["DATABASE_URL"].replace(KEY, "password")
    return {"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "pkiportal.settings", **values, **extra}


def load_settings(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    program = "from django.conf import settings; print(settings.PKIPORTAL_ROLE, settings.DATABASES['default']['USER'])"
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_process_of_the_full_engine_is_there() -> None:
    assert set(SERVICES) == {
        *("postgres", "redis", "migrate", "web", "beat"),
        *("worker-authority", "worker-mail", "worker-fetch"),
    }


@pytest.mark.parametrize("service", sorted(OURS))
def test_every_variable_it_sets_is_one_that_the_settings_read(service: str) -> None:
    assert set(OURS[service]["environment"]) <= read_variables()


@pytest.mark.parametrize("service", sorted(OURS))
def test_the_settings_accept_what_it_sets(service: str) -> None:
    loaded = load_settings(environment(service))
    assert loaded.returncode == 0, loaded.stderr
    owner = "pkiportal_owner" if service == "migrate" else "pkiportal_app"
    assert loaded.stdout.split() == [SERVICES[service]["environment"]["PKIPORTAL_ROLE"], owner]


def test_only_the_authority_worker_gets_the_authorities_key() -> None:
    holders = {name for name, service in SERVICES.items() if "AUTHORITY_MASTER_KEY" in str(service)}
    assert holders == {"worker-authority"}


@pytest.mark.parametrize("service", sorted(set(OURS) - {"worker-authority"}))
def test_the_settings_refuse_the_authorities_key_everywhere_else(service: str) -> None:
    loaded = load_settings(environment(service, AUTHORITY_MASTER_KEY=KEY))
    assert loaded.returncode != 0
    assert "Only authority workers may hold it" in loaded.stderr


def test_the_people_key_goes_to_web_and_to_where_forests_are_founded() -> None:
    holders = {name for name, service in SERVICES.items() if "PEOPLE_MASTER_KEY" in str(service)}
    assert holders == {"web", "worker-authority"}


@pytest.mark.parametrize("missing", ["SECRET_KEY", "PEOPLE_MASTER_KEY", "AUTHORITY_MASTER_KEY"])
def test_a_process_without_a_secret_of_its_role_says_which_and_does_not_make_one(missing: str) -> None:
    values = environment("worker-authority")
    del values[missing]
    loaded = load_settings(values)
    assert loaded.returncode != 0
    assert f"{missing} is not set" in loaded.stderr
    assert "openssl rand -base64 32" in loaded.stderr


def test_there_is_one_worker_for_each_queue_and_its_role_is_its_queue() -> None:
    from tenants.after_commit import QUEUES

    served = {}
    for name, service in WORKERS.items():
        command = service["command"]
        served[name] = command[command.index("-Q") + 1]
        assert service["environment"]["PKIPORTAL_ROLE"] == served[name]
    assert sorted(served.values()) == sorted(QUEUES)


def test_the_authority_worker_cannot_reach_outside() -> None:
    assert SERVICES["worker-authority"]["networks"] == ["inside"]
    assert COMPOSE["networks"]["inside"] == {"internal": True}


def test_every_variable_that_compose_asks_for_is_one_that_the_env_script_prints() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    required = set(re.findall(r"\$\{(\w+):\?", text))
    printed = subprocess.run(
        [ROOT / "docker" / "make-env.sh"],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": os.environ["PATH"]},
    ).stdout
    values = dict(line.split("=", 1) for line in printed.splitlines())
    assert required <= set(values)
    assert len(base64.b64decode(values["PEOPLE_MASTER_KEY"])) == 32
    assert values["PEOPLE_MASTER_KEY"] != values["AUTHORITY_MASTER_KEY"]
    assert set(values) <= set(re.findall(r"\$\{(\w+)", text))


def test_every_process_drops_its_privileges() -> None:
    for service in OURS.values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
    assert re.search(r"^USER (?!root)\w+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)


def test_the_image_gets_every_package_of_the_source() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    for package in ("pki", "smime", "tenants", "mail", "pkiportal", "templates", "static"):
        assert f"COPY {package} {package}\n" in dockerfile
        assert f"!{package}" in ignored


@pytest.mark.slow
def test_the_web_command_serves_by_https_behind_a_proxy_and_its_stop_signal_ends_it_in_good_order(
    tmp_path: Path, port: int
) -> None:
    """The command, environment and stop signal of the file, on a database of its own."""
    web = SERVICES["web"]
    database = {
        "DATABASE_URL": f"sqlite:///{tmp_path}/web.sqlite3",
        "REDIS_URL": "",
        "PKIPORTAL_HOME": str(tmp_path),
    }
    command = [sys.executable, "-m", "waitress", *web["command"][1:]]
    listen = next(option for option in command if option.startswith("--listen="))
    command[command.index(listen)] = f"--listen=127.0.0.1:{port}"
    processes = Processes(tmp_path, redis_url="")
    try:
        process = processes.start(command, "web", environment("web", **database))
        wait_until(lambda: answer(port) is not None, "an answer", processes)
        by_proxy = answer(port, {"X-Forwarded-Proto": "https"})
        plain = answer(port)
        assert plain is not None
        assert by_proxy is not None
        assert by_proxy.headers["Strict-Transport-Security"]
        assert plain.headers["Strict-Transport-Security"] is None
        process.send_signal(getattr(signal, web["stop_signal"]))
        assert process.wait(timeout=15) == 0
    finally:
        processes.stop_all()


def answer(port: int, headers: dict[str, str] | None = None) -> HTTPResponse | None:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/healthz", headers=headers or {})
        return connection.getresponse()
    except OSError:
        return None
    finally:
        connection.close()
