"""Writing SignedData (RFC 5652 §5, RFC 8551 §2.4.2, §3.5): detached, opaque, and certificates only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from pki.keys import SigningPrivateKey, spki

from . import der, oids, signatures, signed_attributes
from .capabilities import OURS
from .errors import RefusedComposition
from .identifiers import IssuerAndSerial
from .octets import Content, joined

_MICALG = {oids.SHA256: "sha-256", oids.SHA384: "sha-384", oids.SHA512: "sha-512"}
_SIGNER_INFO_VERSION = 1  # the signer is named by issuer and serial number


@dataclass(frozen=True)
class SigningKey:
    """A person's key with the certificate that it signs under. The key never appears in its representation."""

    private_key: SigningPrivateKey = field(repr=False)
    certificate: x509.Certificate

    def __post_init__(self) -> None:
        if spki(self.private_key.public_key()) != spki(self.certificate.public_key()):
            raise RefusedComposition(
                "The signing key does not belong to its certificate; nothing was signed.",
                code="signing-key-mismatch",
                remedy="Choose the certificate that was issued for this key.",
            )


def signed_data(
    content: bytes,
    *,
    signers: Sequence[SigningKey],
    certificates: Sequence[x509.Certificate] = (),
    at: datetime,
    detached: bool,
    encryption_certificate: x509.Certificate | None = None,
    pss: bool = False,
) -> bytes:
    """The octets of `sign`."""
    return bytes(
        sign(
            content,
            signers=signers,
            certificates=certificates,
            at=at,
            detached=detached,
            encryption_certificate=encryption_certificate,
            pss=pss,
        )
    )


def sign(
    content: Content,
    *,
    signers: Sequence[SigningKey],
    certificates: Sequence[x509.Certificate] = (),
    at: datetime,
    detached: bool,
    encryption_certificate: x509.Certificate | None = None,
    pss: bool = False,
) -> Content:
    """A ContentInfo with SignedData over `content`, in DER.

    `content` must be a canonical MIME entity already: exactly these octets are signed, and carried unless
    `detached`. The signers' certificates and `encryption_certificate` (announced by SMIMEEncryptionKeyPreference)
    are always included; `certificates` adds the intermediates, never the root (RFC 8550 §2.3). `at` is aware.
    """
    if not signers:
        raise RefusedComposition(
            "There is no signer; nothing was signed.",
            code="no-signer",
            remedy="Choose a signing certificate.",
        )
    schemes = [signatures.signing_scheme(signer.private_key, pss=pss) for signer in signers]
    digests = {s.digest.oid: signatures.compute(signatures.DIGESTS[s.digest.oid], content) for s in schemes}
    infos = [
        _signer_info(signer, scheme, digests[scheme.digest.oid], at, encryption_certificate)
        for signer, scheme in zip(signers, schemes, strict=True)
    ]
    included = [*(signer.certificate for signer in signers), *certificates]
    if encryption_certificate is not None:
        included.append(encryption_certificate)
    return _content_info(
        {scheme.digest.to_der() for scheme in schemes}, None if detached else content, included, infos
    )


def micalg(signers: Sequence[SigningKey]) -> str:
    """The value of the `micalg` parameter of multipart/signed (RFC 8551 §3.5.3.2): digests joined by commas."""
    digests = (signatures.signing_scheme(signer.private_key).digest.oid for signer in signers)
    return ",".join(dict.fromkeys(_MICALG[digest] for digest in digests))


def certs_only(certificates: Sequence[x509.Certificate]) -> bytes:
    """SignedData without content and signers, a carrier of certificates (RFC 8551 §3.8): also a .p7b file."""
    return bytes(_content_info(set(), None, certificates, []))


def _signer_info(
    signer: SigningKey,
    scheme: signatures.SigningScheme,
    digest: bytes,
    at: datetime,
    encryption_certificate: x509.Certificate | None,
) -> bytes:
    attributes = signed_attributes.build(
        digest=digest,
        scheme=scheme,
        certificate=signer.certificate,
        at=at,
        announced=OURS,
        encryption_certificate=encryption_certificate,
    )
    return der.sequence(
        der.integer(_SIGNER_INFO_VERSION),
        IssuerAndSerial.of(signer.certificate).to_der(),
        scheme.digest.to_der(),
        der.retag(attributes, der.context(0)),  # signed under 0x31, sent under [0] (RFC 5652 §5.4)
        scheme.signature.to_der(),
        der.octet_string(scheme.sign(attributes)),
    )


def _content_info(
    digests: set[bytes],
    content: Content | None,
    certificates: Sequence[x509.Certificate],
    infos: Sequence[bytes],
) -> Content:
    encapsulated = (
        [der.rope(der.context(0), der.rope(der.OCTET_STRING, content))] if content is not None else []
    )
    encoded = {certificate.public_bytes(Encoding.DER) for certificate in certificates}
    inner = der.rope(
        der.SEQUENCE,
        der.integer(1),
        der.set_of(digests),
        der.rope(der.SEQUENCE, der.oid(oids.DATA), *encapsulated),
        der.set_of(encoded, der.context(0)) if encoded else b"",
        der.set_of(infos),
    )
    return joined(der.rope(der.SEQUENCE, der.oid(oids.SIGNED_DATA), der.rope(der.context(0), inner)))
