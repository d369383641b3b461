"""Answers: recipients from protected fields, nothing hidden goes out in clear, quotes of what was visible."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography.x509 import Certificate

from mail.letter import Relation
from mail.models import Message
from mail.services.answer import (
    UNBOUND_AUTHOR,
    UNBOUND_RECIPIENTS,
    begin_answer,
    bind,
    taken_along,
    withheld,
)
from mail.services.read import OpenedLetter
from pki.trust import Trust, TrustAnchor
from smime import compose, headers, mime
from smime.decrypt import DecryptionKey
from smime.encrypt import ContentCipher
from smime.headers import Policy
from smime.open import open_message
from smime.report import Seal
from tests.smime.people import AT, person, root

OWN = "alice@contoso.example"


def opened(raw: bytes) -> OpenedLetter:
    keys = [DecryptionKey(person("rsa-3072").private_key, person("rsa-3072").certificate)]
    trust = Trust((TrustAnchor(root().certificate),))
    report = open_message(raw, keys=keys, trust=trust, at=AT, revocation="ignored")
    return OpenedLetter(Message(received_at=datetime(2026, 11, 24, tzinfo=UTC)), report, raw)


def reader() -> Certificate:
    return person("rsa-3072").certificate


def letter(
    *,
    policy: Policy = headers.baseline,
    outer: dict[str, str] | None = None,
    text: str = "Words.",
    html: str | None = None,
) -> OpenedLetter:
    """Signed and encrypted to the reader; `outer` changes what stands outside, as an attacker on the way could."""
    signer = person("p-256")
    fields = [
        ("From", "Signer <alice@contoso.example>"), ("To", OWN), ("Cc", "Secret Name <carol@fabrikam.example>"),
        ("Subject", "Merger"), ("Date", "Tue, 24 Nov 2026 10:00:00 +0000"), ("Message-ID", "<true@contoso.example>"),
        ("References", "<first@contoso.example> <second@contoso.example>"),
    ]  # fmt: skip
    body = mime.build_body(text, html=html)
    protected = headers.protect(body, fields, encrypted=True, legacy_display=False, policy=policy)
    signed = compose.sign_entity(protected.entity, signer=signer.signing, certificates=[], at=AT)
    sealed = compose.encrypt_entity(signed, recipients=[reader()], cipher=ContentCipher.AES_256_GCM)
    shown = dict(protected.outer) | (outer or {})
    return opened(mime.message([(name, value) for name, value in shown.items() if value], sealed))


def shy(name: str, value: str) -> str | None:
    """Hides the display name of Cc as well."""
    return "carol@fabrikam.example" if name == "Cc" else headers.baseline(name, value)


def unsigned(
    *, cipher: ContentCipher = ContentCipher.AES_256_GCM, sender: str = "Bob <bob@fabrikam.example>"
) -> OpenedLetter:
    """Encrypted to the reader by whoever, with files and a header inside; `sender` is written around it."""
    body = mime.build_body("The code is 4711.", attachments=[mime.Attachment("a.txt", "text/plain", b"4711")])
    fields = [("From", "Bob <bob@fabrikam.example>"), ("To", OWN), ("Subject", "Secret plan")]
    protected = headers.protect(body, fields, encrypted=True, legacy_display=False)
    sealed = compose.encrypt_entity(protected.entity, recipients=[reader()], cipher=cipher)
    return opened(mime.message(list((dict(protected.outer) | {"From": sender}).items()), sealed))


def classic(signer: str = "Alice", **outer: str) -> OpenedLetter:
    """Signed and encrypted as programs without header protection do it: nothing outside is signed."""
    signed = compose.sign_entity(
        mime.build_body("The code is 4711."), signer=person("p-256", signer).signing, certificates=[], at=AT
    )
    sealed = compose.encrypt_entity(signed, recipients=[reader()], cipher=ContentCipher.AES_256_GCM)
    fields = {"From": OWN, "To": "hana@contoso.example", "Subject": "Numbers"} | outer
    return opened(mime.message(list(fields.items()), sealed))


@pytest.mark.parametrize("cipher", list(ContentCipher))
@pytest.mark.parametrize("relation", [Relation.REPLY, Relation.REPLY_ALL, Relation.FORWARD])
def test_a_stolen_envelope_gives_nothing_to_whoever_sends_it_again(
    cipher: ContentCipher, relation: Relation
) -> None:
    """The answer is no decryption service: not the text, not the hidden subject, not a file."""
    stolen = unsigned(cipher=cipher, sender="Mallory <mallory@evil.example>")
    assert "4711" in stolen.report.text
    answer = begin_answer(stolen, OWN, relation)
    assert "4711" not in answer.text
    assert "Secret plan" not in answer.subject
    assert "bob@" not in answer.text
    assert answer.originals == taken_along(stolen) == ()
    assert answer.to == ("" if relation is Relation.FORWARD else "Mallory <mallory@evil.example>")
    assert withheld(stolen, OWN, relation) == UNBOUND_AUTHOR


def test_an_honest_letter_that_nobody_signed_is_answered_without_its_words() -> None:
    honest = unsigned()
    answer = begin_answer(honest, OWN, Relation.REPLY)
    assert (answer.to, answer.subject, answer.text.strip()) == ("Bob <bob@fabrikam.example>", "Re:", "")
    assert withheld(honest, OWN, Relation.REPLY) == UNBOUND_AUTHOR


def test_a_letter_in_sent_is_ones_own_and_may_be_forwarded() -> None:
    own = replace(unsigned(), message=Message(folder="sent", received_at=AT))
    assert "4711" in begin_answer(own, OWN, Relation.FORWARD).text
    assert taken_along(own) == (0,)


def test_a_signed_envelope_of_a_known_author_is_quoted_even_without_a_protected_header() -> None:
    letter = classic()
    assert "> The code is 4711." in begin_answer(letter, "hana@contoso.example", Relation.REPLY).text
    assert "4711" in begin_answer(letter, "hana@contoso.example", Relation.FORWARD).text


@pytest.mark.parametrize(
    ("field", "relation"),
    [("Reply-To", Relation.REPLY), ("Reply-To", Relation.REPLY_ALL), ("Cc", Relation.REPLY_ALL)],
)
def test_an_address_that_nobody_signed_does_not_receive_the_quote(field: str, relation: Relation) -> None:
    letter = classic(**{field: "mallory@evil.example"})
    assert "4711" not in begin_answer(letter, "hana@contoso.example", relation).text
    assert withheld(letter, "hana@contoso.example", relation) == UNBOUND_RECIPIENTS


def test_an_unsigned_cc_does_not_matter_to_whom_it_is_not_sent() -> None:
    letter = classic(Cc="mallory@evil.example")
    assert "4711" in begin_answer(letter, "hana@contoso.example", Relation.REPLY).text


def test_an_answer_to_a_letter_under_another_name_goes_to_its_signer_without_a_quote() -> None:
    other = classic(From="Farid <farid@fabrikam.example>", **{"Reply-To": "mallory@evil.example"})
    assert other.report.seal is Seal.MISMATCH
    answer = begin_answer(other, "hana@contoso.example", Relation.REPLY)
    assert answer.to == OWN
    assert "4711" not in answer.text


def test_an_answer_under_another_name_goes_nowhere_if_its_signer_is_not_trusted_either() -> None:
    other = classic(From="Farid <farid@fabrikam.example>")
    untrusted = replace(other, report=replace(other.report, seal=Seal.UNTRUSTED))
    assert begin_answer(untrusted, "hana@contoso.example", Relation.REPLY).to == ""


def test_recipients_come_from_the_protected_fields_not_from_outside() -> None:
    changed = letter(outer={"Cc": "mallory@evil.example", "Reply-To": "mallory@evil.example"})
    answer = begin_answer(changed, "hana@contoso.example", Relation.REPLY_ALL)
    assert "mallory" not in answer.to + answer.cc
    assert answer.cc.endswith("Secret Name <carol@fabrikam.example>")


def test_threading_follows_the_protected_message_id() -> None:
    binding = bind(letter(outer={"Message-ID": "<false@evil.example>"}), OWN, Relation.REPLY)
    assert binding.threading.in_reply_to == "<true@contoso.example>"
    assert (
        binding.threading.references
        == "<first@contoso.example> <second@contoso.example> <true@contoso.example>"
    )


def test_what_the_letter_hid_stays_hidden_in_the_answer() -> None:
    """RFC 9788 §6.1: the answer shows outside what the outer header would have led to."""
    hidden = letter(policy=shy)
    answer = begin_answer(hidden, "hana@contoso.example", Relation.REPLY_ALL)
    policy = bind(hidden, "hana@contoso.example", Relation.REPLY_ALL).response
    shown = policy("Cc", answer.cc)
    assert shown is not None
    assert "carol@fabrikam.example" in shown
    assert "Secret Name" not in shown
    assert policy("Subject", "Re: Merger") == "Re: [...]"
    assert policy("Subject", "Another one") == "Another one"


def test_a_stripped_outer_cc_is_still_no_secret() -> None:
    """Hidden is what HP-Outer says, never what somebody removed on the way."""
    stripped = letter(outer={"Cc": ""})
    policy = bind(stripped, "hana@contoso.example", Relation.REPLY_ALL).response
    answer = begin_answer(stripped, "hana@contoso.example", Relation.REPLY_ALL)
    assert policy("Cc", answer.cc) == answer.cc


def test_the_quote_is_what_was_shown_not_the_hidden_alternative() -> None:
    both = letter(text="never shown", html="<style>p{}</style><p>What was <b>shown</b></p><script>x</script>")
    answer = begin_answer(both, OWN, Relation.REPLY)
    assert "> What was shown" in answer.text
    assert "never shown" not in answer.text
    assert "script" not in answer.text


def test_a_second_re_is_not_added() -> None:
    raw = b"From: b@x.example\r\nSubject: RE: Hello\r\n\r\nx\r\n"
    assert begin_answer(opened(raw), OWN, Relation.REPLY).subject == "RE: Hello"
    assert begin_answer(opened(raw), OWN, Relation.FORWARD).subject == "Fwd: RE: Hello"


def test_an_answer_to_oneself_goes_to_the_same_people() -> None:
    raw = f"From: {OWN}\r\nTo: Bob <b@x.example>\r\n\r\nx\r\n".encode()
    assert begin_answer(opened(raw), OWN, Relation.REPLY).to == "Bob <b@x.example>"


def test_reply_to_of_an_unprotected_letter_is_followed() -> None:
    raw = b"From: b@x.example\r\nReply-To: c@x.example\r\n\r\nx\r\n"
    assert begin_answer(opened(raw), OWN, Relation.REPLY).to == "c@x.example"
