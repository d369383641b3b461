"""Ten years on: certificates, authorities and lists of then have ended, and old letters are judged as on their day."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from mail.models import Message
from mail.services import read as reading
from mail.services.read import read
from pki.crl import Crl, Reason
from pki.revocation import Good
from smime.report import Seal, SecurityReport
from tenants import clock
from tenants.models import CrlPublication
from tenants.scoping import tenant_scope
from tenants.services.found_forest import publication
from tenants.services.hold import hold, release
from tenants.services.publish_crl import publish_crl
from tenants.services.revoke import revoke
from tenants.services.sign_root_list import sign_root_list
from tests.cast import Cast, Forest, Member, work
from tests.mail.letters import deliver, put, text_signed_only
from tests.tenants.test_lists import issuing, served

DAY = timedelta(days=1)


def judged(reader: Member, message_id: object) -> SecurityReport:
    return read(reader.actor, message_id, reader.custody, clock.now()).report  # type: ignore[arg-type]


def newest(reader: Member) -> object:
    with tenant_scope(reader.actor.tenant_id):
        row = Message.objects.of(reader.actor.person_id).newest_first("inbox").first()
    assert row is not None
    return row.id


def live_through_the_end_of(forest: Forest, somebody: Member) -> None:
    """Lists before the end of the certificate, one that names it after it, one that no longer does; the root's at last."""
    end = somebody.certificate(to_sign=True).not_after - clock.now()
    for after in (timedelta(hours=-1), timedelta(hours=1), timedelta(hours=7)):
        with clock.moved(end + after):
            publish_crl(forest.tenant.id, issuing(forest).id)
            work()
    with clock.moved(issuing(forest).not_after - clock.now() - DAY):
        sign_root_list(forest.tenant.id, forest.founded.root_key_file, "")
        work()


def test_old_letters_are_judged_by_the_lists_of_their_time(cast: Cast) -> None:
    alice, bob, farid = cast.alice, cast.bob, cast.fabrikam.administrator
    deliver(bob, alice, subject="Good on its day", encrypt=False)
    good = newest(alice)
    stolen = text_signed_only(bob, alice)  # signed now, handed in when the key was known to be stolen
    certificate = bob.certificate(to_sign=True)
    hold(farid.actor, certificate.id, clock.now())
    work()
    release(farid.actor, certificate.id, clock.now())
    work()
    with clock.moved(DAY):
        revoke(farid.actor, certificate.id, Reason.SUPERSEDED, clock.now())
        work()
    with clock.moved(2 * DAY):
        late = put(alice, stolen).id
        assert judged(alice, late).seal is Seal.REVOKED
        assert judged(alice, good).seal is Seal.OK

    live_through_the_end_of(cast.fabrikam, bob)
    assert len(served(cast.fabrikam)) == 0

    with clock.moved(3653 * DAY):
        report = judged(alice, good)
        assert report.seal is Seal.OK
        assert report.path is not None
        assert isinstance(report.path.revocation, Good)
        assert report.path.revocation.revoked_since is not None
        assert not report.path.revocation.stale
        assert judged(alice, late).seal is Seal.REVOKED


def test_without_the_archive_nothing_could_be_said(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver(cast.bob, cast.alice, encrypt=False)
    good = newest(cast.alice)
    live_through_the_end_of(cast.fabrikam, cast.bob)
    with clock.moved(3653 * DAY):
        assert judged(cast.alice, good).seal is Seal.OK
        monkeypatch.setattr(reading, "recall_lists", lambda *_: ())
        assert judged(cast.alice, good).seal is Seal.REV_UNKNOWN


def test_anybody_gets_the_list_that_was_in_force_at_a_date(cast: Cast) -> None:
    alice, forest = cast.alice, cast.contoso
    before = served(forest)
    with clock.moved(DAY):
        revoke(cast.olga.actor, alice.certificate(to_sign=True).id, Reason.SUPERSEDED, clock.now())
        work()
        url = publication(forest.tenant.id, issuing(forest).id).crl_url.removeprefix("http://pki.test")
        then = Client().get(url, {"at": f"{clock.now() - DAY / 2:%Y-%m-%dT%H:%M:%SZ}"})
        assert Crl.parse(then.content).sha256 == before.sha256
        now = Client().get(url, {"at": f"{clock.now():%Y-%m-%dT%H:%M:%SZ}"})
        assert Crl.parse(now.content).sha256 == served(forest).sha256
        for nonsense in ("", "yesterday", "2026-11-24", "1990-01-01T00:00:00Z", "2999-01-01T00:00:00Z"):
            assert Client().get(url, {"at": nonsense}).status_code == 404, nonsense
    with tenant_scope(forest.tenant):
        assert CrlPublication.objects.filter(generation__authority__kind="issuing").count() == 2


def test_an_operator_writes_the_lists_of_a_date_to_files(cast: Cast, tmp_path: Path) -> None:
    forest, told = cast.contoso, StringIO()
    before = served(forest)
    asked = f"{clock.now():%Y-%m-%dT%H:%M:%SZ}"
    with clock.moved(DAY):
        work()
        name = forest.tenant.name
        call_command("publish_crl", forest=name, archive=asked, out=tmp_path, stdout=told)
    lists = {Crl.parse(file.read_bytes()).sha256 for file in tmp_path.iterdir()}
    assert before.sha256 in lists
    assert served(forest).sha256 not in lists
    assert len(lists) == 2, "the authority's and the root's"
    with pytest.raises(CommandError, match="with its zone"):
        call_command("publish_crl", forest=name, archive="yesterday", out=tmp_path)
