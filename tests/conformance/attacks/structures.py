"""Ways to sign a MIME entity, honest and not (RFC 5652 §5, RFC 8551 §3.5, RFC 1847).

Each takes the entity and the people who sign, and gives the entity to send. All but the honest ones are wrong in
exactly one way.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import TypeAlias

from smime import der, oids
from smime.attributes import attribute
from smime.identifiers import AlgorithmIdentifier, KeyIdentifier
from smime.mime import Entity, build_body, join_parts, text_entity
from smime.sign import certs_only, signed_data
from smime.signatures import signing_scheme
from tests.smime.forge import (
    algorithm_protection,
    attributes_over,
    ess_certificate_v2,
    signed_message,
    signer_info,
)
from tests.smime.people import AT, Person, person

EVIL = "Please pay Mallory."
_SKI = der.context(0, constructed=False)
Structure: TypeAlias = Callable[[Entity, Sequence[Person]], Entity]


def leaf(content_type: str, content: bytes) -> Entity:
    """A base64 part."""
    encoded = base64.encodebytes(content).replace(b"\n", b"\r\n")
    return Entity((("Content-Type", content_type), ("Content-Transfer-Encoding", "base64")), encoded)


def signed_parts(*parts: Entity) -> Entity:
    """multipart/signed around any parts, however many."""
    kind = 'multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary="=_sig"'
    return Entity((("Content-Type", kind),), join_parts("=_sig", [part.to_bytes() for part in parts]))


def p7s(cms: bytes) -> Entity:
    return leaf("application/pkcs7-signature; name=smime.p7s", cms)


def p7m(cms: bytes) -> Entity:
    return leaf("application/pkcs7-mime; smime-type=signed-data; name=smime.p7m", cms)


def _cms(content: bytes, people: Sequence[Person], *, detached: bool = True) -> bytes:
    return signed_data(content, signers=[one.signing for one in people], at=AT, detached=detached)


def _by_hand(content: bytes, people: Sequence[Person], *, opaque: bool = False, **changes: object) -> bytes:
    """The same put together piece by piece; `changes` as of `signer_info`."""
    usual = {"attributes": attributes_over(content), "content": content}
    infos = [signer_info(one, **(usual | changes)) for one in people]  # type: ignore[arg-type]
    return signed_message(infos, people, content=content if opaque else None)


# --- honest ------------------------------------------------------------------------------------------------------


def clear(body: Entity, people: Sequence[Person]) -> Entity:
    return signed_parts(body, p7s(_cms(body.to_bytes(), people)))


def opaque(body: Entity, people: Sequence[Person]) -> Entity:
    return p7m(_cms(body.to_bytes(), people, detached=False))


def clear_from_gateway(body: Entity, people: Sequence[Person]) -> Entity:
    """The signature part as a gateway relabels it (RFC 8551 §3.10)."""
    return signed_parts(body, leaf("application/octet-stream; name=smime.p7s", _cms(body.to_bytes(), people)))


def named_by_key_identifier(body: Entity, people: Sequence[Person]) -> Entity:
    content = body.to_bytes()
    infos = [
        signer_info(
            one,
            attributes=attributes_over(content),
            sid=der.tlv(_SKI, KeyIdentifier.of(one.certificate).value),
        )
        for one in people
    ]
    return signed_parts(body, p7s(signed_message(infos, people, content=None)))


def indefinite_lengths(body: Entity, people: Sequence[Person]) -> Entity:
    """BER around the same values, as OpenSSL streams them."""
    encoded = _cms(body.to_bytes(), people, detached=False)
    outer = der.Reader(encoded).next()
    return p7m(b"\x30\x80" + bytes(outer.content) + b"\x00\x00")


def bare_signature(body: Entity, people: Sequence[Person]) -> Entity:
    """No signed attributes: old, allowed for a letter, and said in words."""
    return signed_parts(body, p7s(_by_hand(body.to_bytes(), people, attributes=None)))


# --- not -----------------------------------------------------------------------------------------------------------


def embedded_twin(body: Entity, people: Sequence[Person]) -> Entity:
    return signed_parts(body, p7s(_cms(body.to_bytes(), people, detached=False)))


def embedded_other(body: Entity, people: Sequence[Person]) -> Entity:
    """What is shown is Mallory's, what is signed hides inside the signature."""
    return signed_parts(build_body(EVIL), p7s(_cms(body.to_bytes(), people, detached=False)))


def signature_of_another(body: Entity, people: Sequence[Person]) -> Entity:
    return signed_parts(build_body(EVIL), p7s(_cms(body.to_bytes(), people)))


def opaque_without_content(body: Entity, people: Sequence[Person]) -> Entity:
    return p7m(_cms(body.to_bytes(), people))


def nobody_signed(body: Entity, people: Sequence[Person]) -> Entity:
    return signed_parts(body, p7s(certs_only([one.certificate for one in people])))


def nobody_signed_opaque(body: Entity, people: Sequence[Person]) -> Entity:
    return p7m(signed_message([], people, content=body.to_bytes()))


def third_part(body: Entity, people: Sequence[Person]) -> Entity:
    return signed_parts(body, p7s(_cms(body.to_bytes(), people)), text_entity(EVIL, "plain"))


def third_part_first(body: Entity, people: Sequence[Person]) -> Entity:
    return signed_parts(text_entity(EVIL, "plain"), body, p7s(_cms(body.to_bytes(), people)))


def two_signature_parts(body: Entity, people: Sequence[Person]) -> Entity:
    signature = p7s(_cms(body.to_bytes(), people))
    return signed_parts(body, signature, signature)


def signature_first(body: Entity, people: Sequence[Person]) -> Entity:
    return signed_parts(p7s(_cms(body.to_bytes(), people)), body)


def digest_twice(body: Entity, people: Sequence[Person]) -> Entity:
    other = attribute(oids.MESSAGE_DIGEST, der.octet_string(b"\xff" * 32))  # comes last in DER order
    attributes = [*attributes_over(body.to_bytes()), other]
    return signed_parts(body, p7s(_by_hand(body.to_bytes(), people, attributes=attributes)))


def digest_of_another(body: Entity, people: Sequence[Person]) -> Entity:
    return signed_parts(
        body, p7s(_by_hand(body.to_bytes(), people, attributes=attributes_over(EVIL.encode())))
    )


def type_of_another(body: Entity, people: Sequence[Person]) -> Entity:
    usual = attributes_over(body.to_bytes())[1:]
    named = [attribute(oids.CONTENT_TYPE, der.oid(oids.ENVELOPED_DATA)), *usual]
    return signed_parts(body, p7s(_by_hand(body.to_bytes(), people, attributes=named)))


def content_of_another_type(body: Entity, people: Sequence[Person]) -> Entity:
    content = body.to_bytes()
    named = [
        attribute(oids.CONTENT_TYPE, der.oid(oids.ENVELOPED_DATA)),
        *attributes_over(content)[1:],
    ]
    infos = [signer_info(one, attributes=named) for one in people]
    return p7m(signed_message(infos, people, content=content, content_type=oids.ENVELOPED_DATA))


def another_certificate_named(body: Entity, people: Sequence[Person]) -> Entity:
    named = [*attributes_over(body.to_bytes()), ess_certificate_v2(person("p-384", "Mallory"))]
    return signed_parts(body, p7s(_by_hand(body.to_bytes(), people, attributes=named)))


def algorithms_exchanged(body: Entity, people: Sequence[Person]) -> Entity:
    stated = algorithm_protection(AlgorithmIdentifier(oids.SHA512), AlgorithmIdentifier(oids.ECDSA_SHA512))
    return signed_parts(
        body, p7s(_by_hand(body.to_bytes(), people, attributes=[*attributes_over(body.to_bytes()), stated]))
    )


def attributes_as_content(body: Entity, people: Sequence[Person]) -> Entity:
    """The signed attributes of a real signature, shown as the content of one without attributes."""
    attributes = der.set_of(attributes_over(body.to_bytes()))
    return p7m(_by_hand(attributes, people, opaque=True, attributes=None))


def signed_by_somebody_else(body: Entity, people: Sequence[Person]) -> Entity:
    """The named certificate is right and the key is another."""
    stranger = person("p-256", "Stranger", 5).signing.private_key
    return signed_parts(body, p7s(_by_hand(body.to_bytes(), people, sign=signing_scheme(stranger).sign)))


def no_certificate(body: Entity, people: Sequence[Person]) -> Entity:
    content = body.to_bytes()
    infos = [signer_info(one, attributes=attributes_over(content)) for one in people]
    return signed_parts(body, p7s(signed_message(infos, content=None)))


def garbage(body: Entity, people: Sequence[Person]) -> Entity:
    return signed_parts(body, p7s(b"\x30\x82\x01\x00" + EVIL.encode() * 20))


HONEST: dict[str, Structure] = {
    made.__name__: made
    for made in (
        clear,
        opaque,
        clear_from_gateway,
        named_by_key_identifier,
        indefinite_lengths,
        bare_signature,
    )
}
WRONG: dict[str, Structure] = {
    made.__name__: made
    for made in (
        embedded_twin, embedded_other, signature_of_another, opaque_without_content, nobody_signed,
        nobody_signed_opaque, third_part, third_part_first, two_signature_parts, signature_first, digest_twice,
        digest_of_another, type_of_another, content_of_another_type, another_certificate_named, algorithms_exchanged,
        attributes_as_content, signed_by_somebody_else, no_certificate, garbage,
    )
}  # fmt: skip
STRUCTURES = HONEST | WRONG
