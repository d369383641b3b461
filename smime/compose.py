"""S/MIME entities: signing and encrypting a MIME entity (RFC 8551 §3.2-3.5, RFC 1847).

The order of this house is header protection, sign, encrypt; nothing is compressed. What `sign_entity` digests are the
very bytes that it puts into the result.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cryptography.x509 import Certificate

from .base64_text import encoded_base64
from .encrypt import ContentCipher, envelope
from .key_transport import KeyTransport
from .mime import Entity, join_parts, new_boundary
from .octets import Content
from .sign import SigningKey, certs_only, micalg, sign


def sign_entity(
    entity: Entity,
    *,
    signer: SigningKey,
    certificates: Sequence[Certificate],
    at: datetime,
    opaque: bool = False,
    encryption_certificate: Certificate | None = None,
    pss: bool = False,
) -> Entity:
    """`entity` signed: multipart/signed, or with `opaque` one application/pkcs7-mime part.

    `certificates` travel along (the path without its root, RFC 8550 §2.3); `at` is the signing time, UTC;
    `pss` chooses RSASSA-PSS for an RSA key.
    """
    content = entity.octets()
    cms = sign(
        content,
        signers=[signer],
        certificates=certificates,
        at=at,
        detached=not opaque,
        encryption_certificate=encryption_certificate,
        pss=pss,
    )
    if opaque:
        return _cms_entity(cms, "signed-data", "smime.p7m")
    boundary = new_boundary()
    signature = _leaf("application/pkcs7-signature; name=smime.p7s", cms, "smime.p7s")
    content_type = (
        f'multipart/signed; protocol="application/pkcs7-signature"; micalg={micalg([signer])}; '
        f'boundary="{boundary}"'
    )
    return Entity((("Content-Type", content_type),), join_parts(boundary, [content, signature.octets()]))


def encrypt_entity(
    entity: Entity,
    *,
    recipients: Sequence[Certificate],
    cipher: ContentCipher,
    key_transport: KeyTransport = KeyTransport.PKCS1_V15,
    cek_hkdf: bool = False,
) -> Entity:
    """`entity` encrypted to every recipient; the sender's own certificate belongs among them (RFC 8551 §3.3).

    How is for `capabilities.choose` to say, from what all recipients announce.
    """
    cms = envelope(
        entity.octets(),
        recipients=recipients,
        cipher=cipher,
        key_transport=key_transport,
        cek_hkdf=cek_hkdf,
    )
    return _cms_entity(cms, "authEnveloped-data" if cipher.authenticated else "enveloped-data", "smime.p7m")


def certificates_entity(certificates: Sequence[Certificate]) -> Entity:
    """A certs-only part that hands over certificates (RFC 8551 §3.8)."""
    return _cms_entity(certs_only(certificates), "certs-only", "smime.p7c")


def _cms_entity(cms: Content, smime_type: str, name: str) -> Entity:
    return _leaf(f"application/pkcs7-mime; smime-type={smime_type}; name={name}", cms, name)


def _leaf(content_type: str, cms: Content, name: str) -> Entity:
    headers = (
        ("Content-Type", content_type),
        ("Content-Transfer-Encoding", "base64"),
        ("Content-Disposition", f"attachment; filename={name}"),
    )
    return Entity(headers, encoded_base64(cms))
