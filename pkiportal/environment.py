"""Reading settings from the environment: every name also as NAME_FILE, so that secrets can be mounted."""

from __future__ import annotations

import base64
import ipaddress
import os
import secrets
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured


def text(name: str, default: str = "") -> str:
    """The variable `name`, or the content of the file that `name`_FILE points to, or `default`."""
    if file := os.environ.get(f"{name}_FILE"):
        return Path(file).read_text().strip()
    return os.environ.get(name, default)


def number(name: str, default: int) -> int:
    value = text(name)
    try:
        return int(value) if value else default
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.") from None


def flag(name: str, *, default: bool = False) -> bool:
    return text(name, "1" if default else "0").lower() in {"1", "true", "yes", "on"}


def names(name: str, default: str = "") -> list[str]:
    return [part.strip() for part in text(name, default).split(",") if part.strip()]


def networks(name: str) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    """IP networks such as 10.20.0.0/16, separated by commas; a plain address is a network of one."""
    try:
        return tuple(ipaddress.ip_network(part) for part in names(name))
    except ValueError as error:
        raise ImproperlyConfigured(
            f"{name} must hold IP networks such as 10.20.0.0/16, separated by commas: {error}."
        ) from None


def ports(name: str) -> frozenset[int]:
    """Port numbers, separated by commas."""
    try:
        return frozenset(int(part) for part in names(name))
    except ValueError:
        raise ImproperlyConfigured(f"{name} must hold port numbers, separated by commas.") from None


def secret(name: str, home: Path, *, may_create: bool) -> str:
    """A secret from the environment or, in the embedded service only, from `home`/secrets (made at first use)."""
    if value := text(name):
        return value
    if not may_create:
        raise ImproperlyConfigured(
            f"{name} is not set. Set {name} or {name}_FILE; `openssl rand -base64 32` prints a fresh one."
        )
    return _kept_secret(home / "secrets" / name.lower())


def master_key(name: str, home: Path, *, may_create: bool) -> bytes:
    """A 32-octet master key, base64 in the environment."""
    try:
        key = base64.b64decode(secret(name, home, may_create=may_create), validate=True)
    except ValueError:
        raise ImproperlyConfigured(f"{name} is not valid base64.") from None
    if len(key) != 32:
        raise ImproperlyConfigured(f"{name} must be 32 octets in base64; it is {len(key)}.")
    return key


def private_folder(path: Path) -> None:
    """Make a folder, its parents too, that nobody else may look into."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(mode=0o700, exist_ok=True)


def fresh_secret() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _kept_secret(path: Path) -> str:
    private_folder(path.parent.parent)
    private_folder(path.parent)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as file:
        file.write(fresh_secret())
    return path.read_text().strip()
