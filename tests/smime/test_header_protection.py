"""Header protection, written and read (RFC 9788)."""

from __future__ import annotations

import pytest

from smime.addresses import MAX_ADDRESSES
from smime.encrypt import ContentCipher
from smime.fields import Field
from smime.headers import FieldState, baseline, protect, read_protected, response_policy
from smime.legacy_display import strip_legacy_display
from smime.mime import Entity, build_body, message, multipart, text_entity
from smime.mime_read import Part, parse
from smime.report import Encryption, Seal, SecurityReport
from tests.smime.letters import (
    ALICE,
    BOB,
    FROM,
    GCM,
    MALLORY,
    SUBJECT,
    TEXT,
    codes,
    encrypt,
    fields,
    letter,
    opened,
    sign,
)  # fmt: skip


def payload(
    encrypted: bool = True, *, legacy_display: bool = False, html: str | None = None, **header: str
) -> Part:
    entity = build_body(TEXT, html=html)
    protected = protect(entity, fields(**header), encrypted=encrypted, legacy_display=legacy_display)
    return parse(protected.entity.to_bytes())


def states(report: SecurityReport) -> dict[str, FieldState]:
    return {entry.name: entry.state for entry in report.protected_fields}


# Writing --------------------------------------------------------------------------------------------------------


def test_a_signed_letter_repeats_its_header_inside_and_hides_nothing() -> None:
    protected = protect(build_body(TEXT), fields(), encrypted=False, legacy_display=True)
    inner = parse(protected.entity.to_bytes())
    assert inner.parameters["hp"] == "clear"
    assert inner.all("hp-outer") == ()
    assert [(f.name, f.value) for f in inner.fields[:5]] == list(protected.outer)
    assert b"legacy" not in protected.entity.to_bytes()


def test_an_encrypted_letter_records_exactly_what_stands_outside() -> None:
    protected = protect(build_body(TEXT), fields(), encrypted=True, legacy_display=False)
    inner = parse(protected.entity.to_bytes())
    assert inner.parameters["hp"] == "cipher"
    outside = parse(message(protected.outer, Entity((), b"")))
    recorded = [tuple(f.value.split(": ", 1)) for f in inner.all("hp-outer")]
    assert recorded == [(f.name, f.value) for f in outside.fields if f.key != "mime-version"]
    assert ("Subject", "[...]") in recorded


def test_hp_stands_on_the_payload_root_and_nowhere_else() -> None:
    inner = payload(legacy_display=True, html="<p>x</p>")
    assert inner.media_type == "multipart/alternative"
    assert all("hp" not in child.parameters for child in inner.children)
    assert all(child.parameters["hp-legacy-display"] == "1" for child in inner.children)


def test_comments_and_keywords_stay_inside() -> None:
    protected = protect(
        build_body("x"), fields(Comments="c", Keywords="k"), encrypted=True, legacy_display=False
    )
    assert not {"Comments", "Keywords"} & {name for name, _ in protected.outer}
    assert parse(protected.entity.to_bytes()).value("keywords") == "k"


def test_structural_fields_and_bcc_are_never_protected_fields() -> None:
    header = [*fields(), ("Bcc", "eve@contoso.example"), ("MIME-Version", "1.0"), ("Content-Language", "en")]
    protected = protect(build_body("x"), header, encrypted=True, legacy_display=True)
    assert b"eve@" not in protected.entity.to_bytes()
    assert not {"Bcc", "MIME-Version", "Content-Language"} & {name for name, _ in protected.outer}


def test_the_legacy_element_repeats_the_hidden_subject_in_every_form_of_the_text() -> None:
    inner = payload(legacy_display=True, html="<html><body class='a'><p>x</p></body></html>")
    plain, rich = (child.content().decode() for child in inner.children)
    assert plain.startswith(f"Subject: {SUBJECT}\r\n\r\nDear Bob")
    element = f'<div class="header-protection-legacy-display"><pre>Subject: {SUBJECT}\r\n</pre></div>'
    assert f"<body class='a'>{element}<p>x</p>" in rich


@pytest.mark.parametrize(
    "subject",
    ["</pre><script>alert(1)</script>", "a\tb", "=?utf-8?q?x=0D=0A=0D=0Ay?=", "two  blanks", "</div>"],
)
def test_a_hostile_subject_cannot_break_out_of_the_legacy_element(subject: str) -> None:
    entity = build_body(TEXT, html=f"<p>{TEXT}</p>")
    protected = protect(entity, fields(Subject=subject), encrypted=True, legacy_display=True)
    raw = message(protected.outer, encrypt(sign(protected.entity)))
    report = opened(raw)
    assert (report.text, report.html) == (TEXT, f"<p>{TEXT}</p>".replace("\n", "\n"))
    rich = parse(protected.entity.to_bytes()).children[1].content()
    assert b"<script>" not in rich


def test_without_anything_hidden_there_is_no_legacy_element() -> None:
    written = [(name, value) for name, value in fields() if name != "Subject"]
    protected = protect(build_body(TEXT), written, encrypted=True, legacy_display=True)
    assert protected.entity.body == build_body(TEXT).body
    assert b"hp-legacy-display" not in protected.entity.to_bytes()


def test_the_first_text_of_a_mixed_letter_carries_the_element_and_a_file_does_not() -> None:
    from smime.mime import Attachment

    raw = letter(attachments=[Attachment("a.txt", "text/plain", b"file\n\ntext")], html="<p>x</p>")
    report = opened(raw)
    assert report.text == TEXT
    assert report.attachments[0].content == b"file\n\ntext"


# Reading --------------------------------------------------------------------------------------------------------


def test_the_legacy_element_is_dropped_from_encrypted_mail_only() -> None:
    inner = protect(build_body(TEXT), fields(), encrypted=True, legacy_display=True)
    assert opened(message(inner.outer, encrypt(sign(inner.entity)))).text == TEXT
    assert opened(message(inner.outer, sign(inner.entity))).text == f"Subject: {SUBJECT}\n\n{TEXT}"


def test_stripping_takes_the_first_element_and_nothing_else() -> None:
    element = '<div class="header-protection-legacy-display"><pre>Subject: x\n</pre></div>'
    assert strip_legacy_display(f"<b>{element}y{element}</b>", "text/html") == f"<b>y{element}</b>"
    assert strip_legacy_display("no empty line", "text/plain") == "no empty line"


def test_every_field_says_what_protects_it() -> None:
    report = opened(letter())
    assert states(report)["Subject"] is FieldState.SIGNED_AND_ENCRYPTED
    assert states(report)["From"] is FieldState.SIGNED_ONLY
    assert set(states(opened(letter(cipher=None))).values()) == {FieldState.SIGNED_ONLY}
    assert states(opened(letter(signer=None))) == {"Subject": FieldState.ENCRYPTED_ONLY}


def test_what_an_attacker_takes_away_or_adds_outside_changes_nothing_inside() -> None:
    protected = protect(
        build_body(TEXT), fields(Cc="dana@contoso.example"), encrypted=True, legacy_display=False
    )
    entity = encrypt(sign(protected.entity))
    stripped = opened(message([pair for pair in protected.outer if pair[0] != "Cc"], entity))
    assert stripped.header("Cc") == "dana@contoso.example"
    assert states(stripped)["Cc"] is FieldState.SIGNED_ONLY  # HP-Outer says that it was open
    added = opened(message([*protected.outer, ("Reply-To", "mallory@evil.example")], entity))
    assert added.header("Reply-To") is None
    assert ("Reply-To", "mallory@evil.example") in added.outer_headers


def test_cipher_without_an_encryption_layer_is_only_signed() -> None:
    protected = protect(build_body(TEXT), fields(), encrypted=True, legacy_display=False)
    report = opened(message(fields(), sign(protected.entity)))
    assert states(report)["Subject"] is FieldState.SIGNED_ONLY
    assert not report.subject_was_encrypted


def test_clear_inside_encryption_means_that_nothing_was_confidential() -> None:
    protected = protect(build_body(TEXT), fields(), encrypted=False, legacy_display=False)
    report = opened(message(protected.outer, encrypt(sign(protected.entity))))
    assert report.seal is Seal.OK
    assert not report.subject_was_encrypted
    assert "encryption-added" in codes(report)


@pytest.mark.parametrize("trusted", [True, False])
def test_a_protected_author_that_no_signature_binds_is_named_and_not_displayed(trusted: bool) -> None:
    protected = protect(
        build_body(TEXT), fields(From="Bob <bob@contoso.example>"), encrypted=True, legacy_display=False
    )
    outer = fields(From=FROM, Subject="[...]")
    from pki.trust import Trust

    raw = message(outer, encrypt(sign(protected.entity, ALICE)))
    report = opened(raw) if trusted else opened(raw, trust=Trust(()))
    assert report.seal in ((Seal.MISMATCH,) if trusted else (Seal.UNTRUSTED, Seal.INCOMPLETE))
    assert report.sender == "mismatch"
    assert report.header("From") == FROM
    finding = next(f for f in report.findings if f.code == "protected-from-differs")
    assert "bob@contoso.example" in finding.summary
    assert "alice@contoso.example" in finding.summary


def test_a_bound_protected_author_is_displayed_whatever_stands_outside() -> None:
    protected = protect(build_body(TEXT), fields(), encrypted=True, legacy_display=False)
    outer = fields(From="list@lists.example", Subject="[...]")
    report = opened(message(outer, encrypt(sign(protected.entity))))
    assert (report.seal, report.header("From"), report.from_address) == (
        Seal.OK,
        FROM,
        "alice@contoso.example",
    )
    assert "outer-from-differs" in codes(report)


def test_an_authors_address_compares_without_letter_case() -> None:
    protected = protect(build_body(TEXT), fields(), encrypted=False, legacy_display=False)
    report = opened(message(fields(From="ALICE@Contoso.Example"), sign(protected.entity)))
    assert report.seal is Seal.OK
    assert "outer-from-differs" not in codes(report)


def test_a_payload_without_hp_leaves_the_outer_header_unprotected() -> None:
    report = opened(message(fields(), sign(build_body(TEXT))))
    assert (report.seal, report.protected_headers, report.header("Subject")) == (Seal.OK, {}, SUBJECT)


def wrapped(parameters: str = "", **header: str) -> Entity:
    inner = message(fields(**header), build_body(TEXT))
    return Entity((("Content-Type", f"message/rfc822{parameters}"),), inner)


def test_the_wrapping_of_rfc_8551_is_read() -> None:
    report = opened(message(fields(Subject="..."), encrypt(sign(wrapped("; forwarded=no")))))
    assert (report.seal, report.text, report.attachments) == (Seal.OK, TEXT, ())
    assert report.header("Subject") == SUBJECT
    assert report.protected_headers["Subject"] == SUBJECT


def test_a_forwarded_letter_is_no_wrapping() -> None:
    forwarded = [wrapped("; forwarded=yes"), wrapped(From="Carl <carl@contoso.example>")]
    for entity in forwarded:
        report = opened(message(fields(Subject="Fwd"), sign(entity)))
        assert (report.seal, report.header("Subject"), report.protected_headers) == (Seal.OK, "Fwd", {})
        assert report.attachments[0].media_type == "message/rfc822"


def test_a_wrapped_letter_with_header_protection_of_its_own_is_no_wrapping() -> None:
    inner = protect(build_body(TEXT), fields(), encrypted=False, legacy_display=False)
    entity = Entity((("Content-Type", "message/rfc822; forwarded=no"),), message(inner.outer, inner.entity))
    report = opened(message(fields(Subject="outside"), sign(entity)))
    assert (report.header("Subject"), report.protected_headers) == ("outside", {})
    assert report.attachments[0].media_type == "message/rfc822"


def test_a_wrapping_that_names_another_author_is_no_seal() -> None:
    entity = wrapped("; forwarded=no", From="Bob <bob@contoso.example>")
    report = opened(message(fields(), sign(entity)))
    assert (report.seal, report.sender, report.header("From")) == (Seal.MISMATCH, "mismatch", FROM)


# Replies --------------------------------------------------------------------------------------------------------


def respond(header) -> list[Field]:
    """A reply's header: the author becomes the recipient."""
    found = {entry.key: entry.value for entry in header}
    return [Field("To", found.get("from", "")), Field("Subject", f"Re: {found.get('subject', '')}")]


def test_a_reply_keeps_hidden_what_the_letter_hid_even_without_a_policy_of_its_own() -> None:
    original = read_protected(payload(), outer_from=FROM)
    assert original is not None
    inner = respond(original.fields)
    policy = response_policy(original, respond)
    reply = protect(
        build_body("yes"),
        [(entry.name, entry.value) for entry in inner],
        encrypted=True,
        legacy_display=False,
        policy=lambda _name, value: value,
        response=policy,
    )
    assert dict(reply.outer) == {"To": FROM, "Subject": "Re: [...]"}


def test_the_baseline_hides_every_subject() -> None:
    assert baseline("SUBJECT", "x") == "[...]"
    assert baseline("From", FROM) == FROM


def test_an_unsigned_encrypted_letter_shows_its_subject_as_unsigned() -> None:
    report = opened(letter(signer=None))
    assert (report.encryption, report.seal, report.header("Subject")) == (Encryption.OK, Seal.NONE, SUBJECT)
    assert report.subject_was_encrypted
    assert "subject-unsigned" in codes(report)


def test_a_payload_of_several_parts_with_hp_only_below_the_root_protects_nothing() -> None:
    part = payload(encrypted=True)
    lower = Entity(tuple((f.name, f.value) for f in part.fields), part.source[part.body : part.end])
    report = opened(message(fields(Subject="outside"), encrypt(sign(multipart("mixed", [lower])))))
    assert report.protected_headers == {}
    assert report.header("Subject") == "outside"


def test_bob_reads_malloys_relay_of_alices_payload_as_broken_or_as_alices() -> None:
    """Surreptitious forwarding: the recipient named inside is part of what Alice signed."""
    protected = protect(text_entity("I love you", "plain"), fields(To="mallory@contoso.example"), encrypted=True,
                        legacy_display=False)  # fmt: skip
    signed = sign(protected.entity)
    relayed = opened(message(fields(Subject="[...]"), encrypt(signed, BOB.certificate)))
    assert relayed.header("To") == "mallory@contoso.example"  # not Bob: shown, not hidden
    assert relayed.seal is Seal.OK
    assert MALLORY.certificate not in relayed.certificates


def test_an_unsigned_author_inside_who_is_not_the_outer_one_is_a_warning_and_is_not_displayed() -> None:
    """RFC 9788 §4.4: without a signature that binds it, the outer From is shown and the reader warned."""
    protected = protect(build_body(TEXT), fields(), encrypted=True, legacy_display=False)
    outer = [(name, "mallory@evil.example" if name == "From" else value) for name, value in protected.outer]
    report = opened(message(outer, encrypt(protected.entity)))
    assert report.from_address == report.header("From") == "mallory@evil.example"
    assert "protected-from-differs" in codes(report)
    honest = opened(message(protected.outer, encrypt(protected.entity)))
    assert "protected-from-differs" not in codes(honest)


# Whom it was written to -------------------------------------------------------------------------------------------


ADDRESSED = {"reader-not-addressed", "recipients-not-signed"}


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ({}, set()),
        ({"To": "BOB@Contoso.Example."}, set()),
        ({"To": "Dana <dana@contoso.example>", "Cc": "x@a.example, bob@contoso.example"}, set()),
        ({"To": "Dana <dana@contoso.example>"}, {"reader-not-addressed"}),
        ({"To": '"bob@contoso.example" <dana@contoso.example>'}, {"reader-not-addressed"}),
        ({"To": "undisclosed-recipients:;"}, {"reader-not-addressed"}),
    ],
)
@pytest.mark.parametrize("cipher", [None, GCM])
def test_a_reader_whom_the_author_did_not_address_is_told_so(
    header: dict[str, str], said: set[str], cipher: ContentCipher | None
) -> None:
    """Surreptitious forwarding: who got a signed letter puts it into an envelope for somebody else."""
    passed_on = protect(build_body(TEXT), fields(**header), encrypted=bool(cipher), legacy_display=False)
    entity = encrypt(sign(passed_on.entity)) if cipher else sign(passed_on.entity)
    outer = dict(passed_on.outer) | {"To": "bob@contoso.example"}
    report = opened(message(list(outer.items()), entity), reader_address="bob@contoso.example")
    assert codes(report) & ADDRESSED == said
    assert report.seal is Seal.OK  # a note, never another verdict


def test_a_signature_without_a_header_says_that_nobody_signed_the_recipients() -> None:
    for entity in (sign(build_body(TEXT)), encrypt(sign(build_body(TEXT)))):
        report = opened(message(fields(), entity), reader_address="bob@contoso.example")
        assert codes(report) & ADDRESSED == {"recipients-not-signed"}
        assert report.seal is Seal.OK


def test_nothing_is_said_of_recipients_where_nothing_is_signed_or_the_reader_wrote_it() -> None:
    for raw in (
        letter(signer=None, header=fields(To="dana@contoso.example")),
        message(fields(To="dana@contoso.example"), build_body(TEXT)),
    ):
        assert not codes(opened(raw, reader_address="bob@contoso.example")) & ADDRESSED
    own = letter(header=fields(To="dana@contoso.example"))
    assert not codes(opened(own, reader_address="alice@contoso.example")) & ADDRESSED
    assert not codes(opened(own)) & ADDRESSED


def test_of_more_addresses_than_anybody_reads_nothing_is_said() -> None:
    protected = protect(build_body(TEXT), fields(), encrypted=False, legacy_display=False)
    for count, said in ((MAX_ADDRESSES, {"reader-not-addressed"}), (MAX_ADDRESSES + 1, set())):
        crowd = ", ".join(["a@b"] * count)
        inside = [(name, crowd if name == "To" else value) for name, value in protected.entity.headers]
        signed = sign(Entity(tuple(inside), protected.entity.body))
        report = opened(message(fields(), signed), reader_address="bob@contoso.example")
        assert (report.seal, codes(report) & ADDRESSED) == (Seal.OK, said)
