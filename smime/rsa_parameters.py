"""Parameters of RSASSA-PSS and RSAES-OAEP (RFC 4055 §3.1, §4.1; RFC 8017 App. A.2).

Each field is independent, takes its default (SHA-1) when absent, and may also be written out although it is the
default; values here are compared by meaning.
"""

from __future__ import annotations

from dataclasses import dataclass

from . import der, oids
from .errors import Malformed
from .identifiers import AlgorithmIdentifier

MAX_SALT_OCTETS = 512
_EMPTY_LABEL = b""


@dataclass(frozen=True, slots=True)
class PssParameters:
    """Digest, mask generation digest (both as OID) and salt length in octets."""

    digest: str = oids.SHA1
    mask_digest: str = oids.SHA1
    salt_octets: int = 20

    @classmethod
    def read(cls, algorithm: AlgorithmIdentifier) -> PssParameters:
        """From the AlgorithmIdentifier of a signature, where parameters are required."""
        fields = _fields(algorithm)
        digest = _digest(fields, 0)
        mask_digest = _mask_digest(fields, 1)
        salt = _explicit(fields, 2)
        trailer = _explicit(fields, 3)
        fields.finish()
        if trailer is not None and trailer.integer() != 1:
            raise Malformed("an RSA-PSS signature with an unknown trailer field", citation="RFC 4055 §3.1")
        salt_octets = 20 if salt is None else salt.small_integer()
        if salt_octets > MAX_SALT_OCTETS:
            raise Malformed("an RSA-PSS signature with an impossible salt length", citation="RFC 4055 §3.1")
        return cls(digest, mask_digest, salt_octets)

    def to_der(self) -> bytes:
        """Defaults are left out; trailerField always (RFC 4055 §3.1)."""
        salt = b"" if self.salt_octets == 20 else der.tlv(der.context(2), der.integer(self.salt_octets))
        return der.sequence(_write_digest(0, self.digest), _write_mask(1, self.mask_digest), salt)


@dataclass(frozen=True, slots=True)
class OaepParameters:
    """Digest, mask generation digest (both as OID) and label."""

    digest: str = oids.SHA1
    mask_digest: str = oids.SHA1
    label: bytes = _EMPTY_LABEL

    @classmethod
    def read(cls, algorithm: AlgorithmIdentifier) -> OaepParameters:
        """From the AlgorithmIdentifier of a recipient, where parameters are required (RFC 3560 §3)."""
        fields = _fields(algorithm)
        digest = _digest(fields, 0)
        mask_digest = _mask_digest(fields, 1)
        source = _explicit(fields, 2)
        fields.finish()
        return cls(digest, mask_digest, _EMPTY_LABEL if source is None else _label(source))

    def to_der(self) -> bytes:
        """Defaults are left out (RFC 3560 §3)."""
        source = b""
        if self.label:
            source = der.sequence(der.oid(oids.P_SPECIFIED), der.octet_string(self.label))
            source = der.tlv(der.context(2), source)
        return der.sequence(_write_digest(0, self.digest), _write_mask(1, self.mask_digest), source)


def _fields(algorithm: AlgorithmIdentifier) -> der.Reader:
    if algorithm.parameters is None:
        raise Malformed(f"{algorithm.title} without its required parameters", citation="RFC 4055")
    outer = der.Reader(algorithm.parameters)
    return outer.next(der.SEQUENCE).reader()


def _explicit(fields: der.Reader, number: int) -> der.Element | None:
    wrapper = fields.optional(der.context(number))
    if wrapper is None:
        return None
    inside = wrapper.reader()
    value = inside.next()
    inside.finish()
    return value


def _digest(fields: der.Reader, number: int) -> str:
    value = _explicit(fields, number)
    return oids.SHA1 if value is None else AlgorithmIdentifier.read(value).oid


def _mask_digest(fields: der.Reader, number: int) -> str:
    value = _explicit(fields, number)
    if value is None:
        return oids.SHA1
    mask = AlgorithmIdentifier.read(value)
    if mask.oid != oids.MGF1 or mask.parameters is None:
        raise Malformed("an unknown mask generation function", citation="RFC 4055 §2.2")
    return AlgorithmIdentifier.read(der.Reader(mask.parameters).next(der.SEQUENCE)).oid


def _label(source: der.Element) -> bytes:
    algorithm = AlgorithmIdentifier.read(source)
    if algorithm.oid != oids.P_SPECIFIED or algorithm.parameters is None:
        raise Malformed("an unknown source of the OAEP label", citation="RFC 4055 §4.1")
    return der.Reader(algorithm.parameters).next(der.OCTET_STRING).content


def _with_null(digest: str) -> bytes:
    return AlgorithmIdentifier(digest, der.NULL_VALUE).to_der()  # RFC 4055 §2.1: written with NULL


def _write_digest(number: int, digest: str) -> bytes:
    return b"" if digest == oids.SHA1 else der.tlv(der.context(number), _with_null(digest))


def _write_mask(number: int, digest: str) -> bytes:
    if digest == oids.SHA1:
        return b""
    return der.tlv(der.context(number), der.sequence(der.oid(oids.MGF1), _with_null(digest)))
