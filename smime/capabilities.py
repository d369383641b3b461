"""SMIMECapabilities: what a mail client can read, in its order of preference (RFC 8551 §2.5.2, RFC 4262)."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from . import der, oids
from .encrypt import ContentCipher
from .errors import Malformed, OverBudget
from .identifiers import AlgorithmIdentifier
from .key_transport import KeyTransport
from .rsa_parameters import OaepParameters

MAX_CAPABILITIES = 200


@dataclass(frozen=True, slots=True)
class Capability:
    """One capability; `parameters` is a whole TLV or None. NULL is kept out: it means the same as None."""

    oid: str
    parameters: bytes | None = None

    @property
    def title(self) -> str:
        """The name for people."""
        return oids.title(self.oid)


@functools.lru_cache(maxsize=256)  # every letter of one client announces the same
def read(encoded: bytes) -> tuple[Capability, ...]:
    """From the DER of SMIMECapabilities, as an attribute or as a certificate extension. Raises Malformed."""
    outer = der.Reader(encoded)
    children = der.count_children(outer.next(der.SEQUENCE), MAX_CAPABILITIES, "capabilities")
    outer.finish()
    found = (AlgorithmIdentifier.read(child) for child in children)
    return tuple(Capability(a.oid, a.meaningful_parameters) for a in found)


def write(announced: Sequence[Capability]) -> bytes:
    """SMIMECapabilities in DER, in the order given. RSA signatures carry their NULL (RFC 5754 §3.2)."""
    return der.sequence(*(_write(capability) for capability in announced))


def _write(capability: Capability) -> bytes:
    parameters = der.NULL_VALUE if capability.oid == oids.SHA256_WITH_RSA else capability.parameters
    return AlgorithmIdentifier(capability.oid, parameters).to_der()


def of_certificate(certificate: x509.Certificate) -> tuple[Capability, ...]:
    """What the smimeCapabilities extension says (RFC 4262); nothing if it is absent or unreadable."""
    try:
        extension = certificate.extensions.get_extension_for_oid(_EXTENSION)
        return read(extension.value.public_bytes())
    except (x509.ExtensionNotFound, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return ()
    except (ValueError, Malformed, OverBudget):
        return ()


_EXTENSION = x509.ObjectIdentifier(oids.SMIME_CAPABILITIES)


_CIPHERS = {
    oids.AES_256_GCM: ContentCipher.AES_256_GCM,
    oids.AES_128_GCM: ContentCipher.AES_128_GCM,
    oids.AES_256_CBC: ContentCipher.AES_256_CBC,
    oids.AES_128_CBC: ContentCipher.AES_128_CBC,
}


def readable_ciphers(announced: Sequence[Capability]) -> frozenset[ContentCipher]:
    """What can be opened there.

    AES-256-GCM stands for all four, as RFC 8551 §2.7 demands of whoever has it, and any AES for AES-128-CBC, the oldest
    that all of S/MIME has had to know (RFC 5751 §2.7). A program that lists no AES, or nothing, is taken to know CBC.
    """
    listed = {_CIPHERS[capability.oid] for capability in announced if capability.oid in _CIPHERS}
    if not listed:
        return frozenset((ContentCipher.AES_256_CBC, ContentCipher.AES_128_CBC))
    if ContentCipher.AES_256_GCM in listed:
        return frozenset(ContentCipher)
    return frozenset((*listed, ContentCipher.AES_128_CBC))


def reads_oaep_sha256(announced: Sequence[Capability]) -> bool:
    """Whether RSA-OAEP with SHA-256 and MGF1 with SHA-256 can be opened there.

    Accepts also the encoding that RFC 3560 §5 prints, which lacks the tags of its own definition.
    """
    return any(
        capability.oid == oids.RSAES_OAEP and capability.parameters in _OAEP_SHA256
        for capability in announced
    )


_OAEP_SHA256_PARAMETERS = OaepParameters(oids.SHA256, oids.SHA256).to_der()
_SHA256_NULL = AlgorithmIdentifier(oids.SHA256, der.NULL_VALUE).to_der()
_OAEP_SHA256 = (
    _OAEP_SHA256_PARAMETERS,
    der.sequence(_SHA256_NULL, der.sequence(der.oid(oids.MGF1), _SHA256_NULL)),
)


def _key_agreement(scheme: str, wrap: str) -> Capability:
    return Capability(scheme, AlgorithmIdentifier(wrap).to_der())


# Grouped by kind, best first. prefersBinaryInside is not announced: whatever carries our mail may be 7-bit.
OURS: tuple[Capability, ...] = (
    Capability(oids.AES_256_GCM),
    Capability(oids.AES_128_GCM),
    Capability(oids.AES_256_CBC),
    Capability(oids.AES_128_CBC),
    Capability(oids.RSAES_OAEP, _OAEP_SHA256_PARAMETERS),
    Capability(oids.RSA_ENCRYPTION),
    _key_agreement(oids.STD_DH_SHA256, oids.AES_256_WRAP),
    _key_agreement(oids.STD_DH_SHA384, oids.AES_256_WRAP),
    _key_agreement(oids.STD_DH_SHA512, oids.AES_256_WRAP),
    _key_agreement(oids.STD_DH_HKDF_SHA256, oids.AES_256_WRAP),
    Capability(oids.ML_KEM_768),
    Capability(oids.ML_KEM_1024),
    Capability(oids.ECDSA_SHA256),
    Capability(oids.ECDSA_SHA384),
    Capability(oids.ECDSA_SHA512),
    Capability(oids.ED25519),
    Capability(oids.ML_DSA_44),
    Capability(oids.ML_DSA_65),
    Capability(oids.ML_DSA_87),
    Capability(oids.RSASSA_PSS),
    Capability(oids.SHA256_WITH_RSA),
)


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who shall open a letter: the certificate, and what is known of the program, empty for nothing."""

    certificate: x509.Certificate
    announced: tuple[Capability, ...] = ()

    def lists(self, oid: str) -> bool:
        """Whether the program announces `oid`, with whatever parameters."""
        return any(capability.oid == oid for capability in self.announced)

    @property
    def takes_key_transport(self) -> bool:
        """Whether the content key reaches this reader by RSA: all other keys know one way only."""
        return isinstance(self.certificate.public_key(), rsa.RSAPublicKey)


@dataclass(frozen=True, slots=True)
class Choice:
    """How one letter is protected for all its readers.

    `cek_hkdf` binds the content key to the cipher (RFC 9709); `pss` is for a signer with an RSA key. `limited_by` are
    the positions of the readers to whom no better cipher could go, `transport_limited_by` of those with an RSA key who
    do not list OAEP.
    """

    cipher: ContentCipher
    key_transport: KeyTransport
    cek_hkdf: bool = False
    pss: bool = False
    limited_by: tuple[int, ...] = ()
    transport_limited_by: tuple[int, ...] = ()


def choose(readers: Sequence[Reader]) -> Choice:
    """One strength for all readers, the best that every one of them can open (RFC 8551 §2.7.3).

    A reader of whom nothing is known limits the letter to AES-256-CBC and RSA PKCS#1 v1.5, because widespread programs
    open nothing newer; one who lists AES-128 alone, to that. With CBC the letter must be signed inside.
    """
    opened = [readable_ciphers(reader.announced) for reader in readers]
    cipher = _best_of_all(opened) if readers else ContentCipher.AES_256_CBC
    without_oaep = tuple(
        n
        for n, reader in enumerate(readers)
        if reader.takes_key_transport and not reads_oaep_sha256(reader.announced)
    )
    return Choice(
        cipher,
        KeyTransport.PKCS1_V15 if without_oaep or not readers else KeyTransport.OAEP_SHA256,
        cek_hkdf=_all_list(readers, oids.CEK_HKDF_SHA256),
        pss=_all_list(readers, oids.RSASSA_PSS),
        limited_by=_limiting(cipher, opened),
        transport_limited_by=without_oaep,
    )


def _best_of_all(opened: Sequence[frozenset[ContentCipher]]) -> ContentCipher:
    """The first of `ContentCipher` that all can open; AES-128-CBC is one of everybody's."""
    return next(cipher for cipher in ContentCipher if all(cipher in ciphers for ciphers in opened))


def _limiting(cipher: ContentCipher, opened: Sequence[frozenset[ContentCipher]]) -> tuple[int, ...]:
    """Those whose own best this is; where only all together come down to it, those who are short of AES-256-GCM."""
    best = [_best_of_all([ciphers]) for ciphers in opened]
    short = {n: own for n, own in enumerate(best) if own is not ContentCipher.AES_256_GCM}
    return tuple(n for n, own in short.items() if own is cipher) or tuple(short)


def _all_list(readers: Sequence[Reader], oid: str) -> bool:
    return bool(readers) and all(reader.lists(oid) for reader in readers)
