"""Dates, sizes and fingerprints as a person reads them, in the person's time zone and language."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _


def moment(value: datetime, *, now: datetime | None = None) -> str:
    """'today 09:05', 'yesterday 17:20', '13 Nov 17:20', '13 Nov 2025 17:20' in the person's time zone."""
    local = timezone.localtime(value)
    return f"{day(value, now=now)} {date_format(local, 'H:i')}"


def day(value: datetime, *, now: datetime | None = None) -> str:
    """'today', 'yesterday', 'tomorrow', '13 Nov', '13 Nov 2025' in the person's time zone."""
    local, today = timezone.localtime(value), timezone.localtime(now or timezone.now())
    distance = (local.date() - today.date()).days
    named = {0: _("today"), -1: _("yesterday"), 1: _("tomorrow")}.get(distance)
    return named or date_format(local, "j M" if local.year == today.year else "j M Y")


def full_day(value: datetime) -> str:
    """'13 Nov 2026'."""
    return date_format(timezone.localtime(value), "j M Y")


def brief(value: datetime, *, now: datetime | None = None) -> str:
    """For a list: '09:05' today, 'Mon' within a week, then '13 Nov', '13 Nov 2025'."""
    local, today = timezone.localtime(value), timezone.localtime(now or timezone.now())
    if local.date() == today.date():
        return date_format(local, "H:i")
    if timedelta(0) < today - local and (today.date() - local.date()).days < 7:
        return date_format(local, "D")
    return date_format(local, "j M" if local.year == today.year else "j M Y")


def size(octets: int) -> str:
    """'640 B', '84 kB', '1.2 MB': decimal units, as mail programs show them."""
    if octets < 1000:
        return f"{octets} B"
    if octets < 999_500:
        return f"{round(octets / 1000)} kB"
    return f"{octets / 1_000_000:.1f} MB"


def binary_size(octets: int) -> str:
    """'50 MiB': for limits, which are set in binary units."""
    return f"{octets / 1_048_576:g} MiB"


def duration(seconds: float) -> str:
    """'4:12' for a countdown."""
    whole = max(0, int(seconds))
    return f"{whole // 60}:{whole % 60:02}"


Fingerprint = bytes | memoryview | str


def hexadecimal(value: Fingerprint) -> str:
    """Lower-case digits, as they stand in addresses. Binary columns come as bytes or memoryview."""
    if isinstance(value, str):
        return value.replace(":", "").replace(" ", "").lower()
    return bytes(value).hex()


def fingerprint_blocks(value: Fingerprint) -> list[str]:
    """SHA-256 as four blocks of four groups: '9F41 C0D7 22AE 5B60', …; made to be read aloud."""
    text = hexadecimal(value).upper()
    groups = [text[start : start + 4] for start in range(0, len(text), 4)]
    return [" ".join(groups[start : start + 4]) for start in range(0, len(groups), 4)]


def fingerprint_short(value: Fingerprint) -> str:
    """The first eight digits, '4C19 7D02': enough to recognise, never enough to decide."""
    return fingerprint_blocks(value)[0][:9] if value else ""


def in_a_list(name: str) -> str:
    """A name beside others, where a comma of its own would make two of it: '“Berger, Bob”'."""
    return f"“{name}”" if "," in name else name


def listed_names(names: Iterable[str]) -> str:
    """'Bob, Farid, “Berger, Tina”': each name is one."""
    return ", ".join(in_a_list(name) for name in names)


def join_names(names: Iterable[str]) -> str:
    """'Bob', 'Bob and Farid', 'Bob, Farid and Tina'."""
    known = [in_a_list(name) for name in names]
    if len(known) < 2:
        return "".join(known)
    return _("%(first)s and %(last)s") % {"first": ", ".join(known[:-1]), "last": known[-1]}


def domains(names: Iterable[str] | None) -> str:
    """'northwind.example', 'northwind.example and below', 'any domain'."""
    if names is None:
        return _("any domain")
    known = list(names)
    hosts = [name for name in known if not name.startswith(".")]
    words = [_("%(name)s and below") % {"name": name} if f".{name}" in known else name for name in hosts]
    words += [
        _("everything below %(name)s") % {"name": name[1:]}
        for name in known
        if name[:1] == "." and name[1:] not in hosts
    ]
    return ", ".join(words)
