"""No combination of author, hand, structure, wrapping and header forges a seal, and each defence is needed.

The product has more than four million combinations; a run draws some, most of them with exactly one fault, so that
nothing but the defence in question stands in their way.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pki.memo import judge_once
from smime import author, der, layers, oids, seal, signed_attributes, signing_certificate, verify
from smime import open as opening
from smime.addresses import Address
from smime.attributes import Attributes
from smime.cms import SignerInfo
from smime.layers import SignedLayer
from smime.mime_read import Part
from tests import campaigns
from tests.conformance.attacks.cast import cast
from tests.conformance.attacks.judging import as_bob_sees_it, broken_promise
from tests.conformance.attacks.spoofing import Attack, draw, each_once, size

# letters with 0, 1 and 2 faults
DRAWN = (1500, 6000, 1500) if campaigns.FULL else (60, 220, 20)


def drawn(purpose: str) -> list[Attack]:
    chance = campaigns.chance(purpose)
    return [draw(chance, faults) for faults, count in enumerate(DRAWN) for _ in range(count)]


def failures(attacks: list[Attack]) -> list[tuple[Attack, str]]:
    judged = ((attack, broken_promise(attack, as_bob_sees_it(attack.letter()))) for attack in attacks)
    return [(attack, promise) for attack, promise in judged if promise]


def test_every_single_attack_fails_and_every_honest_letter_is_sealed() -> None:
    assert failures(each_once()) == []


def test_no_combination_of_attacks_forges_a_seal() -> None:
    assert size() > 1_000_000
    assert failures(drawn("spoofing")) == []


# --- each defence removed ------------------------------------------------------------------------------------------------

Removal = Callable[[pytest.MonkeyPatch], None]
REMOVALS: dict[str, tuple[Removal, set[str]]] = {}


def removes(*noticed: str) -> Callable[[Removal], Removal]:
    """A defence, and by what names of `each_once` its absence must at least be noticed."""

    def keep(removal: Removal) -> Removal:
        REMOVALS[removal.__name__] = (removal, set(noticed))
        return removal

    return keep


@removes("around ciphertext", "around unprotected ciphertext", "deep around ciphertext")
def signatures_around_ciphertext_do_not_count(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        opening, "signatures_that_count", lambda found: [x for x in found if isinstance(x, SignedLayer)]
    )


@removes("mallory", "a homograph", "a longer domain", "a detail")
def the_signer_is_compared_with_the_author(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(author, "same_mailbox", lambda one, other: True)
    patch.setattr(seal, "judge_once", _without(address=None))


@removes("mallory as a name")
def a_name_may_not_show_another_address(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Address, "foreign_addresses", ())


@removes("two fields", "the same twice")
def one_field_names_the_author(patch: pytest.MonkeyPatch) -> None:
    honest = author.read_author
    patch.setattr(opening, "read_author", lambda found: honest(found[:1]))


@removes("third part", "two signature parts")
def a_signature_has_two_parts(patch: pytest.MonkeyPatch) -> None:
    honest = layers._Peeler._clear_signed

    def careless(self: layers._Peeler, node: Part) -> Part | None:
        children = (*node.children[:1], *(c for c in node.children[1:] if layers._may_be_signature(c)))[:2]
        return honest(self, type(node)(**{**vars(node), "children": children}))

    patch.setattr(layers._Peeler, "_clear_signed", careless)


@removes("five layers")
def the_layers_are_counted(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(layers, "MAX_LAYERS", 9)


@removes("signature of another", "digest of another")
def the_content_is_digested(patch: pytest.MonkeyPatch) -> None:
    def forgetful(self: object, signer: SignerInfo) -> bytes:
        assert signer.signed_attributes is not None
        return signed_attributes.message_digest(signer.signed_attributes) or b""

    patch.setattr(verify._Judge, "_digest", forgetful)


@removes("signed by somebody else")
def the_signature_is_computed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(signing_certificate, "_holds", lambda *anything: True)


@removes("digest twice")
def an_attribute_stands_once(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(signed_attributes, "SINGLE", ())

    def first(self: Attributes, kind: str) -> der.Element | None:
        held = self.by_type.get(kind)
        return der.Reader(held[0][0]).next() if held else None

    patch.setattr(Attributes, "single", first)


@removes("type of another")
def the_type_of_the_content_is_compared(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(signed_attributes, "content_type", lambda held: oids.DATA)


@removes("another certificate named")
def the_named_certificate_is_the_one(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(signed_attributes, "signing_certificates", lambda held: ())


@removes("algorithms exchanged")
def the_algorithms_are_protected(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(signed_attributes, "algorithm_protection", lambda held: None)


@removes("a withdrawn key", "a good and a withdrawn key")
def revocation_is_required(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(seal, "judge_once", _without(revocation="ignored"))


@removes("a twin of the certificate", "a twin of the authority", "an end entity as authority")
def the_path_is_judged(patch: pytest.MonkeyPatch) -> None:
    def credulous(**question: object) -> object:
        return judge_once(**question | {"leaf": cast().alice.certificate})  # type: ignore[arg-type]

    patch.setattr(seal, "judge_once", credulous)


@removes("a key for web servers", "an unknown critical demand")
def the_purpose_is_for_mail(patch: pytest.MonkeyPatch) -> None:
    the_path_is_judged(patch)


@removes("a key for encryption only", "an authority of that address")
def the_key_may_sign(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(seal, "_not_for_signing", lambda certificate: None)


def _without(**changed: object) -> Callable[..., object]:
    return lambda **question: judge_once(**question | changed)


@pytest.mark.parametrize("name", REMOVALS)
def test_a_removed_defence_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    removal, expected = REMOVALS[name]
    removal(monkeypatch)
    noticed = {
        value.replace("_", " ")
        for attack, promise in failures(each_once())
        if promise.startswith("an attack")
        for value in (attack.author, attack.hand, attack.structure, attack.wrapping, attack.protection)
    }
    assert expected <= noticed
