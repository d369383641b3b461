"""Mallory's workshop: SignedData and envelopes that are wrong in exactly one way, and right in all others."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from smime import der, oids, signatures
from smime.attributes import attribute
from smime.identifiers import AlgorithmIdentifier, IssuerAndSerial

from .people import AT, Person

CONTENT = b"Content-Type: text/plain\r\n\r\nHello\r\n"


def content_info(content_type: str, inner: bytes) -> bytes:
    return der.sequence(der.oid(content_type), der.tlv(der.context(0), inner))


def attributes_over(content: bytes, digest: str = oids.SHA256) -> list[bytes]:
    """The three attributes that nearly every client writes."""
    value = signatures.compute(signatures.DIGESTS[digest], content)
    return [
        attribute(oids.CONTENT_TYPE, der.oid(oids.DATA)),
        attribute(oids.MESSAGE_DIGEST, der.octet_string(value)),
        attribute(oids.SIGNING_TIME, der.time(AT)),
    ]


def signer_info(
    signer: Person,
    *,
    attributes: Sequence[bytes] | None,
    sort: bool = True,
    content: bytes = CONTENT,
    signed_over: Callable[[list[bytes]], bytes] = der.set_of,
    digest: AlgorithmIdentifier | None = None,
    signature: AlgorithmIdentifier | None = None,
    sid: bytes | None = None,
    unsigned: bytes = b"",
    sign: Callable[[bytes], bytes] | None = None,
) -> bytes:
    """A SignerInfo. `signed_over` makes from the attributes the octets that are really signed; without `sort` the
    attributes are sent in the order given.
    """
    if attributes is not None and sort:
        attributes = sorted(attributes)
    scheme = signatures.signing_scheme(signer.signing.private_key)
    message = content if attributes is None else signed_over(list(attributes))
    return der.sequence(
        der.integer(1 if sid is None else 3),
        sid or IssuerAndSerial.of(signer.certificate).to_der(),
        (digest or scheme.digest).to_der(),
        b"" if attributes is None else der.tlv(der.context(0), *attributes),
        (signature or scheme.signature).to_der(),
        der.octet_string((sign or scheme.sign)(message)),
        unsigned,
    )


def signed_message(
    infos: Sequence[bytes],
    people: Sequence[Person] = (),
    *,
    content: bytes | None = CONTENT,
    content_type: str = oids.DATA,
    certificates: bytes | None = None,
) -> bytes:
    """A ContentInfo with SignedData around ready SignerInfos."""
    carried = b"" if content is None else der.tlv(der.context(0), der.octet_string(content))
    if certificates is None:
        certificates = b"".join(person.certificate.public_bytes(Encoding.DER) for person in people)
    inner = der.sequence(
        der.integer(1),
        der.set_of([AlgorithmIdentifier(oids.SHA256).to_der()]),
        der.sequence(der.oid(content_type), carried),
        der.tlv(der.context(0), certificates) if certificates else b"",
        der.tlv(der.SET, *infos),
    )
    return content_info(oids.SIGNED_DATA, inner)


def signed_by(signer: Person, attributes: Sequence[bytes] | None = None, **changes: object) -> bytes:
    """One signer over CONTENT, with the usual attributes unless others are given."""
    chosen = attributes_over(CONTENT) if attributes is None else attributes
    return signed_message([signer_info(signer, attributes=chosen, **changes)], [signer])  # type: ignore[arg-type]


def ess_certificate_v2(person: Person) -> bytes:
    """signingCertificateV2 naming `person`."""
    value = der.sequence(der.octet_string(person.certificate.fingerprint(hashes.SHA256())))
    return attribute(oids.SIGNING_CERTIFICATE_V2, der.sequence(der.sequence(value)))


def algorithm_protection(digest: AlgorithmIdentifier, signature: AlgorithmIdentifier) -> bytes:
    """CMSAlgorithmProtection."""
    value = der.sequence(digest.to_der(), der.retag(signature.to_der(), der.context(1)))
    return attribute(oids.CMS_ALGORITHM_PROTECTION, value)
