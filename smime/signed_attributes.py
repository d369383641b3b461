"""The signed attributes that S/MIME writes and holds a signer to (RFC 5652 §11, RFC 8551 §2.5, RFC 5035, RFC 6211)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from . import capabilities, der, oids, signatures
from .attributes import Attributes, attribute
from .capabilities import Capability
from .errors import Malformed, OverBudget
from .identifiers import AlgorithmIdentifier, CertificateReference, IssuerAndSerial, KeyIdentifier
from .rsa_parameters import PssParameters
from .signature_faults import SignatureFault, SignatureStatus, built_wrongly

_T = TypeVar("_T")

# Each of these at most once and with exactly one value, or the signature fails.
SINGLE = (
    oids.CONTENT_TYPE,
    oids.MESSAGE_DIGEST,
    oids.SIGNING_TIME,
    oids.SMIME_CAPABILITIES,
    oids.ENCRYPTION_KEY_PREFERENCE,
    oids.SIGNING_CERTIFICATE,
    oids.SIGNING_CERTIFICATE_V2,
    oids.CMS_ALGORITHM_PROTECTION,
)


@dataclass(frozen=True, slots=True)
class EssCertificateId:
    """The certificate that a signer names by digest (ESSCertID, ESSCertIDv2: RFC 5035 §4).

    `digest` is None where its algorithm is not known here.
    """

    digest: hashes.HashAlgorithm | None
    value: bytes
    issuer_serial: IssuerAndSerial | None

    def matches(self, certificate: x509.Certificate) -> bool:
        """Whether `certificate` is the one that is named."""
        if self.digest is None or certificate.fingerprint(self.digest) != self.value:
            return False
        return self.issuer_serial is None or self.issuer_serial.matches(certificate)


@dataclass(frozen=True, slots=True)
class AlgorithmProtection:
    """The algorithms that a signer fixes under the signature itself (RFC 6211). `mac` has no place in a SignerInfo."""

    digest: AlgorithmIdentifier
    signature: AlgorithmIdentifier | None

    def agrees(self, digest: AlgorithmIdentifier, signature: AlgorithmIdentifier) -> bool:
        """Compared by meaning: NULL equals absent, a default equals its absence (RFC 6211 §3)."""
        return (
            self.signature is not None
            and _meaning(self.digest) == _meaning(digest)
            and _meaning(self.signature) == _meaning(signature)
        )


def _meaning(algorithm: AlgorithmIdentifier) -> tuple[str, PssParameters | bytes | None]:
    if algorithm.oid == oids.RSASSA_PSS:
        return algorithm.oid, PssParameters.read(algorithm)
    return algorithm.oid, algorithm.meaningful_parameters


def required(read: Callable[[Attributes], _T], attributes: Attributes) -> _T:
    """What `read` finds, or the fault of a signature whose attributes cannot be read."""
    try:
        return read(attributes)
    except (Malformed, OverBudget) as broken:
        raise SignatureFault(
            SignatureStatus.BAD,
            built_wrongly("signed-attribute-malformed", broken.finding.summary, "RFC 5652 §11"),
        ) from None


# --- reading; each raises Malformed if the attribute is repeated or unreadable ---------------------------------------


def message_digest(attributes: Attributes) -> bytes | None:
    value = attributes.single(oids.MESSAGE_DIGEST)
    return None if value is None else _tagged(value, der.OCTET_STRING).content


def content_type(attributes: Attributes) -> str | None:
    value = attributes.single(oids.CONTENT_TYPE)
    return None if value is None else _tagged(value, der.OBJECT_IDENTIFIER).oid()


def signing_time(attributes: Attributes) -> datetime | None:
    """When the signer claims to have signed; aware, UTC."""
    value = attributes.single(oids.SIGNING_TIME)
    return None if value is None else value.time()


def smime_capabilities(attributes: Attributes) -> tuple[Capability, ...]:
    value = attributes.single(oids.SMIME_CAPABILITIES)
    return () if value is None else capabilities.read(value.raw)


def encryption_key_preference(attributes: Attributes) -> CertificateReference | None:
    """Which certificate the signer wants to be written to (RFC 8551 §2.5.3): a CHOICE under IMPLICIT tags.

    Microsoft's attribute for the same counts where the standard's is absent.
    """
    value = attributes.single(oids.ENCRYPTION_KEY_PREFERENCE)
    if value is None:
        return _microsoft_preference(attributes)
    if value.tag == der.context(0):
        return IssuerAndSerial.read(value)
    if value.tag == der.context(1):
        return KeyIdentifier(value.reader().next(der.OCTET_STRING).content)
    return KeyIdentifier(_tagged(value, der.context(2, constructed=False)).content)


def _microsoft_preference(attributes: Attributes) -> IssuerAndSerial | None:
    """A plain IssuerAndSerialNumber, as no standard says: what is otherwise is left aside."""
    try:
        value = attributes.single(oids.MICROSOFT_ENCRYPTION_KEY_PREFERENCE)
        return None if value is None else IssuerAndSerial.read(value)
    except Malformed:
        return None


def algorithm_protection(attributes: Attributes) -> AlgorithmProtection | None:
    value = attributes.single(oids.CMS_ALGORITHM_PROTECTION)
    if value is None:
        return None
    fields = _tagged(value, der.SEQUENCE).reader()
    digest = AlgorithmIdentifier.read(fields.next(der.SEQUENCE))
    signature = fields.optional(der.context(1))
    fields.optional(der.context(2))
    fields.finish()
    return AlgorithmProtection(digest, None if signature is None else AlgorithmIdentifier.read(signature))


def signing_certificates(attributes: Attributes) -> tuple[EssCertificateId, ...]:
    """The signer's own certificate as named by signingCertificateV2, by signingCertificate, or by both."""
    found = []
    for oid in (oids.SIGNING_CERTIFICATE_V2, oids.SIGNING_CERTIFICATE):
        value = attributes.single(oid)
        if value is not None:
            identifiers = _tagged(value, der.SEQUENCE).reader().next(der.SEQUENCE).reader()
            found.append(_ess_certificate_id(identifiers.next(der.SEQUENCE), oid))
    return tuple(found)


def _ess_certificate_id(element: der.Element, attribute_oid: str) -> EssCertificateId:
    fields = element.reader()
    digest = oids.SHA1 if attribute_oid == oids.SIGNING_CERTIFICATE else oids.SHA256
    declared = fields.optional(der.SEQUENCE) if attribute_oid == oids.SIGNING_CERTIFICATE_V2 else None
    if declared is not None:
        digest = AlgorithmIdentifier.read(declared).oid
    value = fields.next(der.OCTET_STRING).content
    issuer_serial = fields.optional(der.SEQUENCE)
    fields.finish()
    return EssCertificateId(
        signatures.DIGESTS.get(digest),
        value,
        None if issuer_serial is None else _issuer_serial(issuer_serial),
    )


def _issuer_serial(element: der.Element) -> IssuerAndSerial:
    """IssuerSerial { GeneralNames with one directoryName, serialNumber } (RFC 5035 §4)."""
    fields = element.reader()
    names = fields.next(der.SEQUENCE).reader()
    issuer = names.next(der.context(4)).reader().next(der.SEQUENCE).raw
    serial = fields.next(der.INTEGER).integer()
    return IssuerAndSerial(issuer, serial)


def _tagged(element: der.Element, tag: int) -> der.Element:
    if element.tag != tag:
        raise Malformed("an attribute of the signature is of the wrong kind")
    return element


# --- writing --------------------------------------------------------------------------------------------------------


def build(
    *,
    digest: bytes,
    scheme: signatures.SigningScheme,
    certificate: x509.Certificate,
    at: datetime,
    announced: Sequence[Capability],
    encryption_certificate: x509.Certificate | None,
) -> bytes:
    """The set of signed attributes over id-data, in DER under its universal tag 0x31: the octets to sign."""
    entries = [
        attribute(oids.CONTENT_TYPE, der.oid(oids.DATA)),
        attribute(oids.MESSAGE_DIGEST, der.octet_string(digest)),
        attribute(oids.SIGNING_TIME, der.time(at)),
        attribute(oids.SMIME_CAPABILITIES, capabilities.write(announced)),
        attribute(oids.SIGNING_CERTIFICATE_V2, _signing_certificate_v2(certificate)),
        attribute(oids.CMS_ALGORITHM_PROTECTION, _protection(scheme)),
    ]
    if encryption_certificate is not None:
        preference = IssuerAndSerial.of(encryption_certificate).to_der()
        entries.append(attribute(oids.ENCRYPTION_KEY_PREFERENCE, der.retag(preference, der.context(0))))
    return der.set_of(entries)


def _protection(scheme: signatures.SigningScheme) -> bytes:
    return der.sequence(scheme.digest.to_der(), der.retag(scheme.signature.to_der(), der.context(1)))


def _signing_certificate_v2(certificate: x509.Certificate) -> bytes:
    """DER leaves out hashAlgorithm, because SHA-256 is its default (RFC 5035 §4)."""
    own = IssuerAndSerial.of(certificate)
    names = der.sequence(der.tlv(der.context(4), own.issuer))
    identifier = der.sequence(
        der.octet_string(certificate.fingerprint(hashes.SHA256())),
        der.sequence(names, der.integer(own.serial)),
    )
    return der.sequence(der.sequence(identifier))
