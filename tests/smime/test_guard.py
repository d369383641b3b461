"""Large letters are opened by a child: it answers as this process would, and its death costs one answer."""

from __future__ import annotations

import io
import os
import pickle
import resource
import signal
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from benchmarks import ber_letters
from pki.crl import Crl
from pki.findings import Severity
from pki.keys import to_pkcs8
from smime import der, guard, oids, opener, wire
from smime.guard import GUARDED, Guard, Limits
from smime.identifiers import AlgorithmIdentifier
from smime.mime import Attachment
from smime.mime_read import PartContent
from smime.octets import IN_MEMORY, Rope, Span
from smime.report import Encryption, Seal, SecurityReport
from smime.spool import SealedSpool, spooled
from smime.structure import could_not_open
from tests.smime import letters, liar
from tests.smime.letters import BOB, CBC, TRUST, codes, letter
from tests.smime.people import AT, root
from tests.smime.test_layers import part
from tests.smime.test_long_letters import FILE

ROOT = Path(__file__).resolve().parents[2]
LARGE = letter(attachments=[FILE])
SMALL = letter()


def ask(one: Guard, raw: bytes, **options: object) -> SecurityReport:
    settings: dict[str, object] = {
        "keys": [BOB.decryption],
        "trust": TRUST,
        "at": AT + timedelta(minutes=1),
        "revocation": "ignored",
    }
    return one.open_message(raw, **(settings | options))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def shared() -> Iterator[Guard]:
    """One guard with one child for all tests that leave it alive."""
    one = Guard()
    yield one
    one.close()


@pytest.fixture
def limited() -> Iterator[list[Guard]]:
    """Guards that end with the test."""
    made: list[Guard] = []
    yield made
    for one in made:
        one.close()


FORMS = {
    "gcm": LARGE,
    "cbc": letter(cipher=CBC, attachments=[FILE]),
    "clear": letter(cipher=None, attachments=[FILE]),
    "opaque": letter(cipher=None, opaque=True, attachments=[FILE]),
    "opaque and encrypted": letter(opaque=True, attachments=[FILE]),
    "unsigned": letter(signer=None, attachments=[FILE]),
    "ber": ber_letters.as_ber(LARGE),
    "damaged": LARGE[:-200_000] + b"\0" + LARGE[-199_999:],
    "no letter": os.urandom(GUARDED + 1),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_child_answers_as_this_process_would(shared: Guard, form: str) -> None:
    report = ask(shared, FORMS[form])
    assert report == letters.opened(FORMS[form])
    if form not in ("damaged", "no letter"):
        assert report.attachments == (FILE,)
        assert shared.child_id is not None


def test_what_is_long_stays_outside_memory(shared: Guard) -> None:
    assert isinstance(_behind(ask(shared, LARGE)), SealedSpool)
    raw = FORMS["clear"]
    assert _behind(ask(shared, raw)) is raw  # it did not travel back


def _behind(report: SecurityReport) -> object:
    """What the file of a letter is read from."""
    (file,) = report.attachments
    assert isinstance(file.octets, PartContent)
    assert isinstance(file.octets.part.source, Span)
    return file.octets.part.source.source


def test_keys_that_are_locked_or_missing_are_said_to_be(shared: Guard) -> None:
    assert ask(shared, LARGE, keys=[], locked=[BOB.certificate]).encryption is Encryption.LOCKED
    assert ask(shared, LARGE, keys=[]).encryption is Encryption.FAIL
    assert ask(shared, LARGE).encryption is Encryption.OK  # nothing of the job before remains


def test_small_letters_are_opened_in_this_process() -> None:
    one = Guard()
    assert ask(one, SMALL) == letters.opened(SMALL)
    assert one.child_id is None


def test_revocation_lists_travel_once_and_come_back_as_the_very_same(shared: Guard) -> None:
    crl = _list_of_the_root()
    trust = replace(TRUST, crls=(crl,))
    first = ask(shared, LARGE, trust=trust, revocation="required")
    again = ask(shared, LARGE, trust=trust, revocation="required")
    assert (first.seal, again.seal) == (Seal.OK, Seal.OK)
    assert again.path is not None
    assert again.path.revocation.lists[0] is crl  # type: ignore[union-attr]
    assert ask(shared, LARGE, revocation="required").seal is Seal.REV_UNKNOWN
    assert ask(shared, LARGE, trust=trust, revocation="required").seal is Seal.OK


def test_a_child_that_is_killed_costs_one_answer(limited: list[Guard]) -> None:
    one = Guard()
    limited.append(one)
    assert ask(one, LARGE).seal is Seal.OK
    first = one.child_id
    assert first is not None
    os.kill(first, signal.SIGSTOP)  # so that the job is under way when the child dies
    answers: list[SecurityReport] = []
    asking = threading.Thread(target=lambda: answers.append(ask(one, LARGE)))
    asking.start()
    time.sleep(0.2)
    os.kill(first, signal.SIGKILL)
    asking.join(20)
    (report,) = answers
    assert codes(report) == {"opener-ended"}
    assert (report.seal, report.encryption, report.text, report.attachments) == (
        Seal.NONE,
        Encryption.NONE,
        "",
        (),
    )
    (finding,) = report.findings
    assert finding.severity is Severity.ERROR
    assert finding.evidence == (("ended", "SIGKILL"),)
    assert ask(one, LARGE).seal is Seal.OK
    assert one.child_id not in (None, first)


def test_a_child_that_died_between_letters_is_replaced_unnoticed(limited: list[Guard]) -> None:
    one = Guard()
    limited.append(one)
    ask(one, LARGE)
    first = one.child_id
    assert first is not None
    os.kill(first, signal.SIGKILL)
    _wait_until(lambda: one.child_id is None)
    assert ask(one, LARGE).seal is Seal.OK
    assert one.child_id != first


def test_a_letter_that_takes_too_much_memory_is_stopped(limited: list[Guard]) -> None:
    one = Guard(Limits(memory=80 * IN_MEMORY))
    limited.append(one)
    for _ in range(2):
        report = ask(one, b"Subject: x\r\n\r\n" + b"x" * (40 * IN_MEMORY))
        assert codes(report) == {"over-limit"}
        assert report.findings[0].evidence == (("limit", "memory"),)
    assert ask(one, LARGE).seal is Seal.OK


def test_a_bomb_of_the_largest_size_opens_within_the_limits(shared: Guard) -> None:
    bomb = _bomb()
    assert len(bomb) < 2 * IN_MEMORY
    report = ask(shared, bomb)
    assert "text-too-large" in codes(report)
    assert report.attachments[0].size == 48 * IN_MEMORY


def test_a_letter_that_takes_too_much_time_is_stopped(
    limited: list[Guard], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = Guard(Limits(cpu_seconds=0))
    limited.append(one)
    monkeypatch.setattr(ber_letters, "SEGMENT", 10)
    report = ask(one, ber_letters.as_ber(LARGE))
    assert codes(report) == {"over-limit"}
    assert report.findings[0].evidence == (("limit", "time"),)
    assert ask(one, LARGE).seal is Seal.OK


def test_a_child_that_hangs_is_ended(limited: list[Guard]) -> None:
    one = Guard(Limits(wall_seconds=4))
    limited.append(one)
    ask(one, LARGE)
    assert one.child_id is not None
    os.kill(one.child_id, signal.SIGSTOP)
    assert ask(one, LARGE).findings[0].evidence == (("limit", "time"),)


def test_a_child_that_cannot_be_started_is_said_to_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert codes(ask(Guard(), LARGE)) == {"opener-not-started"}


def test_a_child_serves_so_many_letters_and_is_then_replaced(limited: list[Guard]) -> None:
    one = Guard(Limits(jobs=2))
    limited.append(one)
    seen = []
    for _ in range(4):
        ask(one, LARGE)
        seen.append(one.child_id)
    assert seen[0] is not None
    assert seen[1] is None
    assert seen[2] not in (None, seen[0])


def test_the_child_has_no_key_in_its_arguments_and_nothing_in_its_environment(
    limited: list[Guard], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PKIPORTAL_MASTER_KEY", "a secret")
    one = Guard()
    limited.append(one)
    ask(one, LARGE)
    process = Path(f"/proc/{one.child_id}")
    assert b"smime.opener" in (process / "cmdline").read_bytes()
    assert b"secret" not in (process / "environ").read_bytes()
    assert b"PKIPORTAL" not in (process / "environ").read_bytes()
    secret = to_pkcs8(BOB.private_key)
    assert not any(secret[-60:] in one.read_bytes() for one in (process / "cmdline", process / "environ"))
    limits = (process / "limits").read_text()
    assert "Max core file size        0                    0" in limits
    assert f"Max address space         {512 * IN_MEMORY}" in limits


def test_a_job_does_not_show_its_keys() -> None:
    job = wire.Job(((b"the key", BOB.certificate),), (), (), (), (), 0, AT, None, "ignored")
    assert "the key" not in repr(job)


def test_the_child_ends_with_its_parent(tmp_path: Path) -> None:
    script = (
        "from tests.smime.test_guard import Guard, LARGE, ask\n"
        "import os\none = Guard()\nask(one, LARGE)\nprint(one.child_id, flush=True)\nos._exit(0)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)
    child = int(done.stdout)
    _wait_until(lambda: not Path(f"/proc/{child}/fd").exists() or not _runs(child))


def test_several_threads_ask_at_once(shared: Guard) -> None:
    answers: list[SecurityReport] = []
    threads = [threading.Thread(target=lambda: answers.append(ask(shared, LARGE))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert [answer.attachments for answer in answers] == [(FILE,)] * 4


# What a child says is not believed


class _Evil:
    def __reduce__(self) -> tuple[object, ...]:
        return os.system, ("true",)


@pytest.mark.parametrize(
    "answer",
    [
        pickle.dumps(_Evil()),
        pickle.dumps(subprocess.Popen),
        pickle.dumps(eval),
        b"csmime.report\nSeal.__init__.__globals__\n.",
        b"\x80\x04\x8c\x0csmime.report\x8c\x0bannotations\x93.",
        b"\x80\x05\x95\xff\xff\xff\xff\xff\xff\xff\x7f",
        b"",
        b"no pickle",
        b"\x80\x04\x8c\x05spoolK\x07\x86Q.",
        b"\x80\x04\x8c\x06nobodyK\x07\x86Q.",
    ],
)
def test_an_answer_that_is_no_report_is_refused(answer: bytes) -> None:
    with pytest.raises(wire.BrokenWire):
        wire.load(answer)


def test_an_answer_of_another_kind_ends_the_child(
    limited: list[Guard], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = Guard()
    limited.append(one)
    ask(one, LARGE)
    child = one.child_id
    monkeypatch.setattr(wire, "load", lambda *_, **__: "no report")
    assert codes(ask(one, LARGE)) == {"opener-ended"}
    monkeypatch.undo()
    assert ask(one, LARGE).seal is Seal.OK
    assert one.child_id != child


def test_a_frame_of_impossible_size_is_refused(tmp_path: Path) -> None:
    (tmp_path / "frames").write_bytes((wire.MAX_FRAME + 1).to_bytes(8, "big"))
    with (tmp_path / "frames").open("rb") as pipe, pytest.raises(wire.BrokenWire):
        wire.read_frame(pipe)
    (tmp_path / "frames").write_bytes((9).to_bytes(8, "big") + b"too short"[:5])
    with (tmp_path / "frames").open("rb") as pipe, pytest.raises(wire.BrokenWire):
        wire.read_source(pipe)


def test_every_report_of_the_tests_travels(shared: Guard) -> None:
    """Small ones, too: every form that a report can take must be known to the wire."""
    for raw in (
        SMALL,
        letter(cipher=None, opaque=True),
        letter(cipher=CBC),
        letter(signer=None),
        b"Subject: x\r\n\r\n",
    ):
        report = letters.opened(raw)
        encoded, spools = wire.dump(report, letter=raw)
        assert spools == []
        assert wire.load(encoded, letter=raw) == report


def test_every_long_content_of_a_report_travels_once() -> None:
    first, second = (spooled(Rope([number * (IN_MEMORY + 1)])) for number in (b"1", b"2"))
    files = tuple(Attachment("a.bin", "application/x-a", content) for content in (first, second, first))
    report = replace(letters.opened(SMALL), attachments=files)
    encoded, spools = wire.dump(report, letter=SMALL)
    assert spools == [first, second]
    assert wire.load(encoded, letter=SMALL, spools=spools) == report


def _bomb() -> bytes:
    """48 MiB of text in one and a half."""
    text = b"Content-Type: text/plain\r\n\r\n" + b"a " * (24 * IN_MEMORY)
    packed = zlib.compress(text, 9) + os.urandom(1100 * 1024)
    inner = der.sequence(
        der.integer(0),
        AlgorithmIdentifier(oids.ZLIB).to_der(),
        der.sequence(der.oid(oids.DATA), der.tlv(der.context(0), der.octet_string(packed))),
    )
    compressed = der.sequence(der.oid(oids.COMPRESSED_DATA), der.tlv(der.context(0), inner))
    entity = part("application/pkcs7-mime; smime-type=compressed-data", compressed)
    return letters.message(letters.fields(), entity)


def _list_of_the_root() -> Crl:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.serialization import Encoding

    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(root().certificate.subject)
        .last_update(AT - timedelta(hours=1))
        .next_update(AT + timedelta(days=1))
        .add_extension(x509.CRLNumber(1), critical=False)
    )
    return Crl.parse(builder.sign(root().private_key, hashes.SHA256()).public_bytes(Encoding.DER))


def _runs(process: int) -> bool:
    try:
        return " Z " not in f" {Path(f'/proc/{process}/stat').read_text().rpartition(')')[2].split()[0]} "
    except OSError:
        return False


def _wait_until(condition) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("lie", "code"),
    [
        (liar.OUT_OF_MEMORY, "over-limit"),
        (liar.NO_STATE, "opener-ended"),
        (liar.TOO_MANY_SPOOLS, "opener-ended"),
        (liar.SILENT, "opener-ended"),
        (liar.DEAF, "opener-ended"),
    ],
)
def test_whatever_a_child_answers_a_letter_gets_its_report(
    limited: list[Guard], monkeypatch: pytest.MonkeyPatch, lie: int, code: str
) -> None:
    monkeypatch.setattr(opener, "__name__", liar.__name__)
    monkeypatch.setattr(guard, "_LAST_WORDS_SECONDS", 0.2 if lie == liar.SILENT else 20)
    one = Guard(Limits(memory=lie))
    limited.append(one)
    report = ask(one, LARGE)
    assert codes(report) == {code}
    assert not guard.was_read(report)
    assert one.child_id is None
    monkeypatch.undo()
    assert ask(Guard(), SMALL).seal is Seal.OK


def test_half_a_job_that_was_not_sent_does_not_disturb_the_end(limited: list[Guard]) -> None:
    one = Guard()
    limited.append(one)
    ask(one, LARGE)
    child = one._child
    assert child is not None
    child.jobs_pipe.write(b"half a job")
    one.close()
    assert child.jobs_pipe.closed
    assert child.answers.closed
    assert child.process.poll() is not None


def test_only_a_child_that_came_to_a_verdict_has_read_a_letter() -> None:
    for raw in (SMALL, letter(cipher=CBC), b"no letter", letter()[:-90]):
        assert guard.was_read(letters.opened(raw))


def test_a_process_forked_off_has_a_child_of_its_own(
    limited: list[Guard], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = Guard()
    limited.append(one)
    ask(one, LARGE)
    first = one.child_id
    assert first is not None
    monkeypatch.setattr(os, "getpid", lambda: first + 1)  # as a fork of this process would see itself
    assert one.child_id is None
    assert ask(one, LARGE).seal is Seal.OK
    assert one.child_id not in (None, first)
    assert _runs(first) or Path(f"/proc/{first}").exists()
    one.close()
    monkeypatch.undo()
    _wait_until(lambda: not _runs(first))  # its pipes were closed, so it ended by itself


# The other side, here in this process -----------------------------------------------------------------------------


@pytest.fixture
def own_limits() -> Iterator[None]:
    """The limits of this process as they were, whatever the other side sets."""
    kept = {kind: resource.getrlimit(kind) for kind in (resource.RLIMIT_AS, resource.RLIMIT_CPU)}
    yield
    for kind, limits in kept.items():
        resource.setrlimit(kind, limits)


def _job(*lists: Crl, **changes: object) -> wire.Job:
    standard = wire.Job(
        keys=((to_pkcs8(BOB.private_key), BOB.certificate),),
        locked=(),
        anchors=TRUST.anchors,
        intermediates=TRUST.intermediates,
        lists=tuple(one.sha256 for one in lists),
        octets_of_lists=sum(len(one.der) for one in lists),
        at=AT + timedelta(minutes=1),
        now=None,
        revocation="ignored",
    )
    return replace(standard, **changes)  # type: ignore[arg-type]


def _frames(*contents: bytes) -> bytes:
    pipe = io.BytesIO()
    for content in contents:
        wire.write_frame(pipe, content)
    return pipe.getvalue()


def _served(jobs: bytes) -> io.BytesIO:
    answers = io.BytesIO()
    opener.serve(io.BytesIO(jobs), answers, memory=1 << 46, seconds=100_000)
    answers.seek(0)
    return answers


def _report(answers: io.BytesIO, raw: bytes, *lists: Crl) -> SecurityReport:
    assert wire.read_frame(answers) == opener.DONE
    count = int.from_bytes(wire.read_frame(answers), "big")
    encoded = wire.read_frame(answers)
    spools = [wire.read_source(answers) for _ in range(count)]
    report = wire.load(encoded, letter=raw, lists={one.sha256: one for one in lists}, spools=spools)
    assert isinstance(report, SecurityReport)
    return report


@pytest.mark.parametrize("form", FORMS)
def test_a_job_is_answered_with_the_report_of_its_letter(own_limits: None, form: str) -> None:
    raw = FORMS[form]
    answers = _served(_frames(wire.dump(_job())[0], raw))
    assert _report(answers, raw) == letters.opened(raw)
    assert answers.read() == b""


def test_a_list_is_sent_once_and_kept_while_jobs_need_it(own_limits: None) -> None:
    crl = _list_of_the_root()
    required = wire.dump(_job(crl, revocation="required"))[0]
    without = wire.dump(_job(revocation="required"))[0]
    answers = _served(
        _frames(required, crl.der, SMALL, required, SMALL, without, SMALL, required, crl.der, SMALL)
    )
    seals = [_report(answers, SMALL, crl).seal for _ in range(4)]
    assert seals == [Seal.OK, Seal.OK, Seal.REV_UNKNOWN, Seal.OK]


def test_the_other_side_ends_without_an_answer_where_there_is_no_job(own_limits: None) -> None:
    report = wire.dump(letters.opened(SMALL))[0]
    for jobs in (b"", _frames(b"no pickle"), _frames(report), (wire.MAX_FRAME + 1).to_bytes(8, "big")):
        assert _served(jobs).read() == b""


def test_a_letter_that_took_the_memory_of_the_other_side_ends_it(
    own_limits: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opener, "open_message", _out_of_memory)
    answers = io.BytesIO()
    with pytest.raises(MemoryError):
        opener.serve(
            io.BytesIO(_frames(wire.dump(_job())[0], SMALL)), answers, memory=1 << 46, seconds=100_000
        )
    assert answers.getvalue() == _frames(opener.OUT_OF_MEMORY)


def _out_of_memory(*_: object, **__: object) -> SecurityReport:
    """What opening a letter says of it (smime.open, the last guard)."""
    return SecurityReport(Seal.NONE, Encryption.NONE, findings=(could_not_open("MemoryError"),))


def _started(memory: int = 512 * IN_MEMORY) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-W", "ignore", "-m", opener.__name__, str(memory), "60", str(256 * IN_MEMORY)]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT
    )


def test_the_process_answers_its_jobs_and_ends_with_its_input() -> None:
    job = wire.dump(_job())[0]
    out, err = _started().communicate(_frames(job, LARGE, job, SMALL), timeout=120)
    answers = io.BytesIO(out)
    assert [_report(answers, raw).seal for raw in (LARGE, SMALL)] == [Seal.OK, Seal.OK]
    assert err == b""


def test_the_process_ends_quietly_where_nobody_listens() -> None:
    process = _started()
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdout.close()
    process.stdin.write(_frames(wire.dump(_job())[0], LARGE))
    process.stdin.close()
    assert process.wait(120) == 0
    assert process.stderr is not None
    assert process.stderr.read() == b""


def test_the_process_says_by_its_status_that_memory_ran_out() -> None:
    process = _started(memory=150 * IN_MEMORY)
    endless = wire.MAX_FRAME.to_bytes(8, "big")  # a letter that has no room, and need not be sent for that
    _, err = process.communicate(_frames(wire.dump(_job())[0]) + endless, timeout=120)
    assert (process.returncode, err) == (opener.EXIT_OUT_OF_MEMORY, b"")
