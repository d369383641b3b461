"""No secret leaves its envelope, no HTML comes out of one that nothing protects, and each defence is needed."""

from __future__ import annotations

import itertools
import os

import pytest

from smime import body, cms, layers
from smime import open as opening
from smime.decrypt import decrypt
from smime.layer_kind import is_cms_part
from smime.mime_read import Part, parse
from smime.report import Encryption, SecurityReport, Signature
from tests import campaigns
from tests.conformance.attacks.cast import ALICE, cast
from tests.conformance.attacks.exfiltration import (
    BODIES,
    CANARY,
    SECRET,
    UNPROTECTED,
    downgraded,
    gadgets,
    send,
    thefts,
)
from tests.conformance.attacks.judging import SEALED, as_bob_sees_it, codes
from tests.conformance.attacks.structures import leaf


def shown(report: SecurityReport) -> str:
    """Everything that a page, a reply or a download of this letter could hold."""
    files = b"".join(file.content for file in report.attachments).decode("latin-1")
    return f"{report.text}\n{report.html or ''}\n{report.headers}\n{files}"


def leaks() -> list[object]:
    drawn = campaigns.drawn(thefts(), 150, "thefts", full=4000)
    return [theft for theft in drawn if SECRET in shown(as_bob_sees_it(theft.letter()))]


def test_a_stolen_envelope_in_a_letter_of_mallory_is_never_opened_with_it() -> None:
    assert leaks() == []


def rich() -> list[tuple[str, str]]:
    """Letters that show HTML or more, though nothing shows that they are unchanged."""
    found = []
    for around, inside in itertools.product(UNPROTECTED, BODIES):
        report = as_bob_sees_it(send(UNPROTECTED[around](BODIES[inside]()), ALICE))
        assert "could-not-open" not in codes(report)
        safe = report.html is None and CANARY not in report.text and not report.remote_content
        if not safe or report.seal in SEALED or report.encryption is not Encryption.UNPROTECTED:
            found.append((around, inside))
    return found


def test_what_nothing_protects_is_shown_as_words_without_a_seal() -> None:
    assert rich() == []


def test_chosen_blocks_without_the_key_never_come_out_as_html_or_sealed() -> None:
    opened = 0
    for attack in campaigns.drawn(gadgets(), 80, "gadgets"):
        report = as_bob_sees_it(attack.letter())
        assert "could-not-open" not in codes(report)
        if (
            report.seal in SEALED
        ):  # the blocks fell into what is not signed and not shown, such as an epilogue
            assert (report.html, report.attachments) == (f"<p>{SECRET}</p>", ()), attack
            continue
        assert report.encryption in (Encryption.UNPROTECTED, Encryption.FAIL), attack
        assert report.html is None, attack
        opened += CANARY in report.text
    assert opened > 2  # the gadget works: chosen words do come out, as words


def test_authenticated_ciphertext_sold_as_cbc_shows_nothing_but_words() -> None:
    for _ in range(400 if campaigns.FULL else 40):
        cms = downgraded(f"Content-Type: text/html\r\n\r\n<p>{SECRET}</p>".encode(), tail=os.urandom(16))
        report = as_bob_sees_it(send(leaf("application/pkcs7-mime", cms), ALICE))
        assert report.encryption in (Encryption.FAIL, Encryption.UNPROTECTED)
        assert (report.html, report.seal in SEALED, SECRET in shown(report)) == (None, False, False)


# --- each defence removed ------------------------------------------------------------------------------------------------


def test_a_reader_that_opens_every_layer_it_meets_leaks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "is_cms_part", lambda part: False)
    monkeypatch.setattr(layers, "is_cms_part", lambda part: False)
    honest = body._Walk.visit

    def opening_everything(self: body._Walk, part: Part) -> None:
        """A reader that decrypts whatever it comes across, as those did that this attack was found in."""
        content = cms.parse(part.content()) if is_cms_part(part) else None
        if isinstance(content, cms.EnvelopedData | cms.AuthEnvelopedData):
            self.visit(parse(decrypt(content, keys=[cast().bob]).content or b""))
        elif content is None:
            honest(self, part)

    monkeypatch.setattr(body._Walk, "visit", opening_everything)
    assert leaks()


def test_without_the_rule_on_inner_signatures_html_comes_out_of_cbc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "_has_good_signature", lambda inside: True)
    assert ("bare", "html") in rich()


def test_without_the_rule_on_content_a_signature_beside_it_protects_html(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(opening, "mathematics", lambda group: Signature.GOOD)
    assert ("broken signature", "html") in rich()
