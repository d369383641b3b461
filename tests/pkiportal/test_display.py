"""Dates, sizes, fingerprints and scopes as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from pkiportal import display

NOW = datetime(2026, 11, 24, 14, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _greenwich() -> None:
    timezone.activate(UTC)


@pytest.mark.parametrize(
    ("back", "words"),
    [
        (timedelta(minutes=5), "14:25"),
        (timedelta(hours=15), "Mon"),
        (timedelta(days=6), "Wed"),
        (timedelta(days=7), "17 Nov"),
        (timedelta(days=400), "20 Oct 2025"),
        (timedelta(days=-2), "26 Nov"),
    ],
)
def test_a_list_shows_as_little_of_a_date_as_tells_it_apart(back: timedelta, words: str) -> None:
    assert display.brief(NOW - back, now=NOW) == words


@pytest.mark.parametrize(
    ("back", "words"),
    [
        (0, "today 14:30"),
        (1, "yesterday 14:30"),
        (-1, "tomorrow 14:30"),
        (11, "13 Nov 14:30"),
        (400, "20 Oct 2025 14:30"),
    ],
)
def test_a_moment_names_the_day_by_its_distance(back: int, words: str) -> None:
    assert display.moment(NOW - timedelta(days=back), now=NOW) == words


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (84_120, "84 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (1_212_000, "1.2 MB"),
    ],
)
def test_sizes_are_decimal_and_never_read_1000_kb(octets: int, words: str) -> None:
    assert display.size(octets) == words


def test_a_limit_is_named_in_the_unit_it_is_set_in() -> None:
    assert display.binary_size(50 * 1024 * 1024) == "50 MiB"


@pytest.mark.parametrize("value", [bytes(range(32)), memoryview(bytes(range(32))), bytes(range(32)).hex()])
def test_a_fingerprint_reads_the_same_from_every_form(value: display.Fingerprint) -> None:
    assert display.fingerprint_blocks(value)[0] == "0001 0203 0405 0607"
    assert len(display.fingerprint_blocks(value)) == 4
    assert display.fingerprint_short(value) == "0001 0203"


def test_names_are_joined_as_they_are_spoken() -> None:
    assert display.join_names([]) == ""
    assert display.join_names(["Bob"]) == "Bob"
    assert display.join_names(["Bob", "Farid", "Tina"]) == "Bob, Farid and Tina"


@pytest.mark.parametrize(
    ("scope", "words"),
    [
        (None, "any domain"),
        (["northwind.example"], "northwind.example"),
        (["northwind.example", ".northwind.example"], "northwind.example and below"),
        ([".northwind.example"], "everything below northwind.example"),
    ],
)
def test_the_scope_of_a_root_is_told_in_words(scope: list[str] | None, words: str) -> None:
    assert display.domains(scope) == words


def test_a_countdown_never_goes_below_zero() -> None:
    assert display.duration(252) == "4:12"
    assert display.duration(-3) == "0:00"
