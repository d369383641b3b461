"""Verifying SignedData (RFC 5652 §5.4, §5.6; RFC 8550 §4.2): the mathematics of each signer.

Nothing here decides whether a signer is to be trusted, and nothing raises for a bad signature: every signer gets a
`SignatureStatus` and the findings that explain it. What a signer claims (time, capabilities, key preference) is
reported only where the signature over it holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from pki.findings import Finding, error, info, warning

from . import der, oids, signatures, signed_attributes
from .attributes import Attributes
from .capabilities import Capability
from .cms import SignedData, SignerInfo
from .errors import Malformed, OverBudget
from .identifiers import CertificateIndex
from .octets import Source, source_of
from .signature_faults import SignatureFault, SignatureStatus, bad, built_wrongly
from .signed_attributes import required
from .signing_certificate import find_signing_certificate, weakness_of

__all__ = ["SignatureStatus", "SignedResult", "SignerResult", "verify"]


@dataclass(frozen=True, slots=True)
class SignerResult:
    """What one signature says. The last four fields are filled only if it is GOOD, `signing_time` also if WEAK."""

    status: SignatureStatus
    certificate: x509.Certificate | None
    signer_id: str
    digest_algorithm: str
    signature_algorithm: str
    signing_time: datetime | None = None
    capabilities: tuple[Capability, ...] = ()
    encryption_certificate: x509.Certificate | None = None
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class SignedResult:
    """The signed content and every signer's result, in the order of the message.

    `certificates` are those of the message that can be read, not judged; `crls` are DER, candidates only.
    """

    content: Source
    signers: tuple[SignerResult, ...]
    certificates: tuple[x509.Certificate, ...]
    crls: tuple[bytes, ...]
    findings: tuple[Finding, ...]


def verify(
    signed: SignedData, *, detached_content: Source | None, candidates: Sequence[x509.Certificate] = ()
) -> SignedResult:
    """Check every signer of `signed` over the content inside it, or over `detached_content`.

    `candidates` are further certificates that a signer may have used; those of the message are always tried.
    """
    certificates, findings = _load(signed.certificates)
    distinct = {c.public_bytes(Encoding.DER): c for c in (*certificates, *candidates)}
    pool = CertificateIndex(distinct.values(), lambda certificate: certificate)
    problem = _content_problem(signed, detached_content)
    content = source_of(signed.content) if signed.content is not None else detached_content or b""
    judge = _Judge(signed, content, pool, problem)
    return SignedResult(
        content=content,
        signers=tuple(map(judge.result, signed.signers)),
        certificates=certificates,
        crls=signed.crls,
        findings=(*findings, *([problem] if problem else [])),
    )


def _load(encoded: Sequence[bytes]) -> tuple[tuple[x509.Certificate, ...], list[Finding]]:
    loaded, findings = [], []
    for der_bytes in encoded:
        try:
            certificate = x509.load_der_x509_certificate(der_bytes)
            # pyca reads these lazily: what cannot name itself or its dates is no certificate to speak of
            _ = certificate.subject, certificate.issuer, certificate.not_valid_before_utc
            loaded.append(certificate)
        except (ValueError, TypeError, x509.InvalidVersion):
            findings.append(
                warning(
                    "certificate-unreadable",
                    "One of the certificates in this letter cannot be read and was left aside.",
                    citation="RFC 5280 §4.1",
                    owner="sender",
                )
            )
    return tuple(loaded), findings


def _content_problem(signed: SignedData, detached_content: Source | None) -> Finding | None:
    """A signature covers exactly one content; two could show one thing and sign another."""
    if signed.content is not None and detached_content is not None:
        return built_wrongly("content-twice", "it carries a content of its own beside the one that is shown")
    if signed.content is None and detached_content is None and signed.signers:
        return built_wrongly("content-missing", "the content that was signed is not there")
    return None


@dataclass(slots=True)
class _Judge:
    """One SignedData under examination. Digests are computed once per algorithm."""

    signed: SignedData
    content: Source
    pool: CertificateIndex[x509.Certificate]
    problem: Finding | None
    digests: dict[str, bytes] = field(default_factory=dict)

    def result(self, signer: SignerInfo) -> SignerResult:
        matching = self.pool.find(signer.sid)
        named = SignerResult(
            status=SignatureStatus.BAD,  # until proved otherwise
            certificate=matching[0] if matching else None,
            signer_id=str(signer.sid),
            digest_algorithm=signer.digest_algorithm.title,
            signature_algorithm=_signature_title(signer),
        )
        try:
            return self._verified(signer, matching, named)
        except SignatureFault as fault:
            return replace(named, status=fault.status, findings=(fault.finding,))

    def _verified(
        self, signer: SignerInfo, matching: Sequence[x509.Certificate], named: SignerResult
    ) -> SignerResult:
        if self.problem is not None:
            raise SignatureFault(SignatureStatus.BAD, self.problem)
        bare = signer.signed_attributes is None
        scheme = signatures.resolve(signer.signature_algorithm, signer.digest_algorithm, bare=bare)
        messages = self._messages(signer)
        if not matching:
            raise SignatureFault(SignatureStatus.NO_CERTIFICATE, _NO_CERTIFICATE)
        certificate, notes = find_signing_certificate(signer, scheme, messages, matching)
        weakness = weakness_of(certificate, scheme)
        result = replace(
            named,
            status=SignatureStatus.GOOD if weakness is None else SignatureStatus.WEAK,
            certificate=certificate,
            findings=(*([weakness] if weakness else []), *notes, *_remarks(signer)),
        )
        return self._with_claims(signer, result)

    # What the signature is computed over -----------------------------------------------------------------

    def _digest(self, signer: SignerInfo) -> bytes:
        oid = signer.digest_algorithm.oid
        if oid not in self.digests:
            self.digests[oid] = signatures.compute(signatures.DIGESTS[oid], self.content)
        return self.digests[oid]

    def _messages(self, signer: SignerInfo) -> list[tuple[bytes, Finding | None]]:
        """The octets that may have been signed, most likely first, each with the finding it earns."""
        attributes = signer.signed_attributes
        if attributes is None:
            return [(self._unattributed(), _NO_ATTRIBUTES)]
        for kind in signed_attributes.SINGLE:
            required(lambda held, kind=kind: held.single(kind), attributes)  # type: ignore[misc]
        if required(signed_attributes.content_type, attributes) != self.signed.content_type:
            raise bad("content-type-mismatch", "it names another type of content than the one it covers")
        if required(signed_attributes.message_digest, attributes) != self._digest(signer):
            raise SignatureFault(SignatureStatus.BAD, _CHANGED)
        protection = required(signed_attributes.algorithm_protection, attributes)
        if protection is not None and not required(
            lambda _: protection.agrees(signer.digest_algorithm, signer.signature_algorithm), attributes
        ):
            raise bad("algorithm-protection-mismatch", "its algorithms were exchanged", "RFC 6211 §3")
        if attributes.is_der:
            return [(attributes.encoded, None)]
        return [(attributes.encoded, _ORDER), (attributes.in_der_order(), _ORDER)]

    def _unattributed(self) -> bytes:
        """The content itself, where it cannot be taken for the attributes of another signature."""
        if self.signed.content_type != oids.DATA:
            raise bad("signed-attributes-missing", "its required attributes are missing", "RFC 5652 §5.3")
        if _reads_as_attributes(self.content):
            raise bad("content-attribute-confusion", "its content is the attributes of another signature")
        return bytes(self.content)

    # What the signer claims --------------------------------------------------------------------------------

    def _with_claims(self, signer: SignerInfo, result: SignerResult) -> SignerResult:
        attributes = signer.signed_attributes
        if attributes is None:
            return result
        try:
            result = replace(result, signing_time=signed_attributes.signing_time(attributes))
            if result.status is SignatureStatus.GOOD:
                preference = signed_attributes.encryption_key_preference(attributes)
                wanted = self.pool.find(preference) if preference is not None else ()
                result = replace(
                    result,
                    capabilities=signed_attributes.smime_capabilities(attributes),
                    encryption_certificate=next(iter(wanted), None),
                )
        except (Malformed, OverBudget):
            result = replace(result, findings=(*result.findings, _CLAIM_UNREADABLE))
        return result


def _remarks(signer: SignerInfo) -> list[Finding]:
    unsigned = signer.unsigned_attributes
    if unsigned is not None and oids.COUNTERSIGNATURE in unsigned.types:
        return [
            info(
                "countersignature-ignored",
                "Somebody has countersigned this signature; that is not checked and changes nothing here.",
                citation="RFC 5652 §11.4",
            )
        ]
    return []


def _reads_as_attributes(content: Source) -> bool:
    if not content or content[0] != der.SET:
        return False
    try:
        Attributes.read(der.Reader(content).next(der.SET))
    except (Malformed, OverBudget):
        return False
    return True


def _signature_title(signer: SignerInfo) -> str:
    """`rsaEncryption` where a signature is meant is shown with the digest it is used with."""
    if signer.signature_algorithm.oid == oids.RSA_ENCRYPTION:
        return f"RSA with {signer.digest_algorithm.title}"
    if signer.signature_algorithm.oid == oids.EC_PUBLIC_KEY:
        return f"ECDSA with {signer.digest_algorithm.title}"
    return signer.signature_algorithm.title


_NO_CERTIFICATE = error(
    "signer-certificate-missing",
    "The signer's certificate is not in the letter and not known here, so the signature cannot be checked.",
    citation="RFC 8550 §2.3",
    remedy="Ask the sender to include the certificate when signing, or import it.",
    owner="sender",
)
_CHANGED = error(
    "content-changed",
    "The letter was changed after it was signed: its content no longer has the signed digest.",
    citation="RFC 5652 §5.4, §11.2",
    remedy="Ask the sender to send it again; a mailing list or gateway on the way may have altered it.",
    owner="sender",
)
_NO_ATTRIBUTES = warning(
    "no-signed-attributes",
    "The signature covers the bare content, without the time and the names that a modern signature fixes.",
    citation="RFC 5652 §5.3, RFC 8551 §2.5",
    owner="sender",
)
_ORDER = warning(
    "signed-attributes-not-der",
    "The signed attributes are not in the order that the standard prescribes; the signature was checked over both.",
    citation="RFC 5652 §5.4",
    owner="sender",
)
_CLAIM_UNREADABLE = warning(
    "signed-claim-unreadable",
    "The signature holds, but its signing time, capabilities or key preference cannot be read and were left aside.",
    citation="RFC 5652 §11.3, RFC 8551 §2.5",
    owner="sender",
)
