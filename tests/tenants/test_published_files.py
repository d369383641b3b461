"""Files for a proxy: whole, never older than before, and served while the database is away."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client

from pki.crl import Crl, Reason
from tenants import clock, published_files
from tenants.public import current_list
from tenants.services.found_forest import publication
from tenants.services.publish_crl import publish_crl
from tenants.services.revoke import revoke
from tenants.web import published
from tests.cast import Cast, work
from tests.tenants.test_lists import issuing, served


@pytest.fixture
def folder(tmp_path: Path, settings: object) -> Path:
    settings.PUBLISH_FOLDER = str(tmp_path)  # type: ignore[attr-defined]
    return tmp_path


def address(cast: Cast) -> str:
    url = publication(cast.contoso.tenant.id, issuing(cast.contoso).id).crl_url
    return url.removeprefix("http://pki.test")


def test_a_published_list_lies_at_the_path_of_its_address(cast: Cast, folder: Path) -> None:
    revoke(cast.olga.actor, cast.alice.certificate(to_sign=True).id, Reason.SUPERSEDED, clock.now())
    work()
    file = folder / address(cast).lstrip("/")
    assert file.read_bytes() == served(cast.contoso).der
    assert file.with_suffix(".cer").read_bytes() == bytes(issuing(cast.contoso).der)
    assert file.stat().st_mode & 0o777 == 0o644
    assert not [
        left for left in file.parent.iterdir() if left.name.startswith(".") and left.suffix != ".lock"
    ]


def test_the_address_answers_from_the_file_while_the_database_is_away(
    cast: Cast, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_crl(cast.contoso.tenant.id, issuing(cast.contoso).id)
    good, url = served(cast.contoso), address(cast)

    def away(*_: object) -> None:
        raise AssertionError("the database was asked")

    monkeypatch.setattr(published, "current_list", away)
    monkeypatch.setattr(published, "issuer_certificate", away)
    answer = Client().get(url)
    assert answer.content == good.der
    assert Client().get(url, HTTP_IF_NONE_MATCH=answer["ETag"]).status_code == 304
    assert Client().get(url.replace(".crl", ".cer")).status_code == 200


def test_a_full_disk_leaves_the_last_good_file_and_the_queue_tries_again(
    cast: Cast, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generation = issuing(cast.contoso)
    publish_crl(cast.contoso.tenant.id, generation.id)
    file = folder / address(cast).lstrip("/")
    good = file.read_bytes()

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            publish_crl(cast.contoso.tenant.id, generation.id)
    assert file.read_bytes() == good
    assert "No space" in issuing(cast.contoso).crl_failure
    assert {left.name for left in file.parent.iterdir()} == {
        file.name, f".{file.name}.lock", file.with_suffix(".cer").name
    }  # fmt: skip
    publish_crl(cast.contoso.tenant.id, generation.id)
    assert file.read_bytes() == served(cast.contoso).der


def test_an_older_list_never_takes_the_place_of_a_newer_one(cast: Cast, folder: Path) -> None:
    old = served(cast.contoso)
    publish_crl(cast.contoso.tenant.id, issuing(cast.contoso).id)
    file = folder / address(cast).lstrip("/")
    assert not published_files.write_list(file, old)
    assert Crl.parse(file.read_bytes()).number == served(cast.contoso).number


def test_a_reader_beside_racing_workers_sees_whole_lists_whose_numbers_never_fall(
    cast: Cast, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, torn = race(cast, folder)
    assert not torn
    assert seen == sorted(seen)
    assert len(set(seen)) > 1
    # The planted defect: without the look at what lies there, an older list does take the place, and is noticed.
    monkeypatch.setattr(published_files, "_is_newer", lambda _crl, _held: True)
    current = current_list(cast.contoso.tenant.id, issuing(cast.contoso).id)
    assert current is not None
    file = folder / address(cast).lstrip("/")
    before = Crl.parse(file.read_bytes()).number or 0
    with_older = Crl.parse(first_list(cast))
    published_files.write_list(file, with_older)
    assert (Crl.parse(file.read_bytes()).number or 0) < before


def first_list(cast: Cast) -> bytes:
    from tenants.models import CrlPublication
    from tenants.scoping import tenant_scope

    generation = issuing(cast.contoso)
    with tenant_scope(cast.contoso.tenant):
        return bytes(CrlPublication.objects.filter(generation=generation).order_by("number")[0].der)


def race(cast: Cast, folder: Path) -> tuple[list[int], int]:
    """Eight workers publish, a reader reads the file all the time: the numbers in order, and what could not be verified."""
    forest, generation = cast.contoso, issuing(cast.contoso)
    publish_crl(forest.tenant.id, generation.id)
    file = folder / address(cast).lstrip("/")
    issuer = generation.certificate

    def publish(_: int) -> None:
        try:
            publish_crl(forest.tenant.id, generation.id)
        finally:
            connection.close()

    numbers: list[int] = []
    torn = 0
    with ThreadPoolExecutor(8) as workers:
        jobs = [workers.submit(publish, n) for n in range(16)]
        while not all(job.done() for job in jobs):
            try:
                crl = Crl.parse(file.read_bytes())
                crl.verify(issuer)
                numbers.append(crl.number or 0)
            except Exception:  # noqa: BLE001  counted
                torn += 1
        for job in jobs:
            job.result()
    numbers.append(Crl.parse(file.read_bytes()).number or 0)
    return numbers, torn


def test_what_is_current_is_written_when_a_folder_is_first_named(cast: Cast, folder: Path) -> None:
    assert cast.contoso
    call_command("publish_crl", forest=cast.contoso.tenant.name, files=True)
    assert len(list(folder.rglob("*.crl"))) == 2
    assert len(list(folder.rglob("*.cer"))) == 2
