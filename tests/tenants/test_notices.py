"""Notices before lists and authorities end: at 30, 14, 7 and 1 days, each once."""

from __future__ import annotations

import contextlib
from datetime import datetime, timedelta

import pytest
from django.core import mail

from tenants import clock
from tenants.models import CrlPublication, Notice
from tenants.scoping import tenant_scope
from tenants.services.expiry_notices import find_ending_authorities, send_notice, write_notices
from tests.cast import Cast, Forest
from tests.ceremonies import export, generations, root_of, sign


def look(forest: Forest, moment: datetime) -> list[str]:
    """The subjects of what is sent to the forest when it looks at that moment, twice."""
    mail.outbox.clear()
    with clock.moved(moment - clock.now()):
        for _ in range(2):
            write_notices(forest.tenant.id, forest.tenant.id)
            with tenant_scope(forest.tenant):
                waiting = list(Notice.objects.values_list("id", flat=True))
            for notice_id in waiting:
                send_notice(forest.tenant.id, notice_id)
    return [letter.subject for letter in mail.outbox if forest.administrator.address in letter.to]


def list_end(forest: Forest) -> datetime:
    with tenant_scope(forest.tenant):
        rows = CrlPublication.objects.filter(generation=root_of_id(forest))
        return rows.newest_first()[0].next_update


def root_of_id(forest: Forest) -> object:
    from tenants.models import Generation

    return Generation.objects.get(authority__kind="root")


def test_a_roots_list_is_announced_four_times_each_once(cast: Cast) -> None:
    forest = cast.contoso
    end = list_end(forest)
    said = {
        days: look(forest, end - timedelta(days=days) + timedelta(hours=1))
        for days in (31, 30, 20, 14, 7, 3, 1)
    }
    assert {days: len(subjects) for days, subjects in said.items()} == {
        31: 0,
        30: 1,
        20: 0,
        14: 1,
        7: 1,
        3: 0,
        1: 1,
    }
    assert said[30][0].startswith(f"The list of {root_of(forest)} ends on ")
    assert look(forest, end + timedelta(days=1)) == []


def test_after_a_ceremony_the_old_end_is_announced_no_more(cast: Cast) -> None:
    from tenants.services.import_result import import_result

    forest = cast.contoso
    end = list_end(forest)
    with clock.moved(timedelta(days=40)):
        import_result(forest.tenant.id, None, sign(forest, export(forest)), clock.now())
    assert look(forest, end - timedelta(days=6)) == []


def test_steps_that_were_slept_through_are_one_notice(cast: Cast) -> None:
    forest = cast.contoso
    assert len(look(forest, list_end(forest) - timedelta(hours=3))) == 1
    with tenant_scope(forest.tenant):
        assert Notice.objects.get(about="list").days == 1


@pytest.mark.parametrize(
    ("about", "words"), [("certificate", "The certificate of"), ("issuing", "stops issuing")]
)
def test_an_authoritys_end_and_its_last_issue_are_announced(cast: Cast, about: str, words: str) -> None:
    from tenants.services.issuing_life import longest_life, stops_issuing_at

    forest = cast.contoso
    (issuing,) = generations(forest, "Issuing")
    with tenant_scope(forest.tenant):
        stop = stops_issuing_at(issuing, longest_life())
    end = issuing.not_after if about == "certificate" else stop
    assert [words in subject for subject in look(forest, end - timedelta(days=13))].count(True) == 1


def test_the_doctor_names_an_authority_that_stops_issuing(
    cast: Cast, capsys: pytest.CaptureFixture[str]
) -> None:
    from django.core.management import call_command

    (issuing,) = generations(cast.contoso, "Issuing")
    with clock.moved(issuing.not_after - clock.now() - timedelta(days=20)), contextlib.suppress(SystemExit):
        call_command("doctor")
    told = capsys.readouterr().out
    assert f"{cast.contoso.tenant.name}: {issuing} stops issuing on " in told
    assert f"The certificate of {issuing} ends on " in told


def test_every_forest_is_looked_at(cast: Cast) -> None:
    from tenants.models import DueWork

    tenants = {cast.contoso.tenant.id, cast.northwind.tenant.id}
    find_ending_authorities()
    asked = set(DueWork.objects.filter(kind="expiry_notices").values_list("tenant_id", flat=True))
    assert tenants <= asked
