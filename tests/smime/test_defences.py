"""Every defence of `smime` is needed: with it taken away, an attack of these tests succeeds.

Each test first shows that the attack fails, then removes exactly one rule and shows that it works. So no test of
`test_spoofing` passes merely because its letter is built in a way that nothing could open.
"""

from __future__ import annotations

import pytest

from smime import author, body, layers, seal
from smime import open as opening
from smime.addresses import Address
from smime.headers import protect
from smime.layers import SignedLayer
from smime.mime import build_body, message, multipart, text_entity
from smime.report import Encryption, Seal, Signature
from tests.smime.letters import CBC, FROM, MALLORY, TEXT, encrypt, fields, opened, sign
from tests.smime.test_spoofing import BODY, EVIL, clear_signed, signature


def attack(entity, **header: str):
    return opened(message(fields(**header), entity))


def test_without_the_rule_on_ciphertext_a_re_signed_envelope_is_sealed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entity = sign(encrypt(BODY), MALLORY)
    assert attack(entity, From="mallory@contoso.example").seal is Seal.NONE
    monkeypatch.setattr(
        opening, "signatures_that_count", lambda ls: [x for x in ls if isinstance(x, SignedLayer)]
    )
    assert attack(entity, From="mallory@contoso.example").seal is Seal.OK


def test_without_the_efail_rule_unsigned_cbc_shows_html(monkeypatch: pytest.MonkeyPatch) -> None:
    entity = encrypt(text_entity("<img src='http://evil.example'>", "html"), cipher=CBC)
    assert attack(entity).html is None
    monkeypatch.setattr(opening, "_has_good_signature", lambda inside: True)
    assert attack(entity).html is not None


def test_without_the_rule_on_inner_signatures_a_broken_one_protects_cbc(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    good = sign(build_body(TEXT, html="<p>x</p>"))
    entity = encrypt(type(good)(good.headers, good.body.replace(b"figures", b"figurez")), cipher=CBC)
    assert attack(entity).encryption is Encryption.UNPROTECTED
    monkeypatch.setattr(opening, "mathematics", lambda group: Signature.GOOD)
    assert attack(entity).encryption is Encryption.OK


def test_without_the_rule_on_display_names_a_misleading_name_is_sealed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    header = {"From": '"alice@contoso.example" <mallory@contoso.example>'}
    assert attack(sign(BODY, MALLORY), **header).seal is Seal.MISMATCH
    monkeypatch.setattr(Address, "foreign_addresses", ())
    assert attack(sign(BODY, MALLORY), **header).seal is Seal.OK


def test_without_the_rule_on_single_authors_a_second_from_is_sealed(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = message([("From", FROM), *fields(From="mallory@contoso.example")], sign(BODY))
    assert opened(raw).seal is Seal.MISMATCH
    first_only = author.read_author
    monkeypatch.setattr(opening, "read_author", lambda found: first_only(found[:1]))
    assert opened(raw).seal is Seal.OK


def test_without_the_comparison_anybody_signs_for_alice(monkeypatch: pytest.MonkeyPatch) -> None:
    assert attack(sign(BODY, MALLORY)).seal is Seal.MISMATCH
    monkeypatch.setattr(author, "same_mailbox", lambda one, other: True)
    assert attack(sign(BODY, MALLORY)).seal is Seal.OK


def test_without_the_binding_rule_a_protected_from_of_another_is_believed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    forged = protect(BODY, fields(From="Bob <bob@contoso.example>"), encrypted=True, legacy_display=False)
    raw = message(fields(), encrypt(sign(forged.entity)))
    assert opened(raw).header("From") == FROM
    monkeypatch.setattr(seal, "_BINDING", tuple(Seal))
    assert opened(raw).header("From") == "Bob <bob@contoso.example>"


def test_without_the_rule_on_two_parts_a_third_part_rides_along(monkeypatch: pytest.MonkeyPatch) -> None:
    entity = clear_signed(BODY, signature(BODY.to_bytes()), text_entity(EVIL, "plain"))
    assert attack(entity).seal is Seal.BAD
    honest = layers._Peeler._clear_signed

    def careless(self, node):
        return honest(self, type(node)(**{**vars(node), "children": node.children[:2]}))

    monkeypatch.setattr(layers._Peeler, "_clear_signed", careless)
    assert attack(entity).seal is Seal.OK


def test_without_the_limit_of_layers_a_fifth_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    entity = BODY
    for _ in range(5):
        entity = sign(entity)
    assert attack(entity).text == ""
    monkeypatch.setattr(layers, "MAX_LAYERS", 9)
    assert attack(entity).text == TEXT


def test_without_the_rule_on_errant_layers_foreign_html_frames_a_signed_part(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entity = multipart(
        "mixed", [sign(text_entity("<p>true</p>", "html")), text_entity(f"<p>{EVIL}</p>", "html")]
    )
    assert "true" not in (attack(entity).html or "")
    monkeypatch.setattr(body, "is_multipart_signed", lambda part: False)
    assert "true" in (attack(entity).html or "")
