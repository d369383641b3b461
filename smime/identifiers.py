"""The small names inside CMS: algorithms, and the two ways to point at a certificate (RFC 5652 §5.3, §6.2, §10)."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from cryptography import x509

from . import der, oids
from .errors import Malformed


@dataclass(frozen=True, slots=True)
class AlgorithmIdentifier:
    """An algorithm with its parameters as received: a whole TLV, or None where they are absent."""

    oid: str
    parameters: bytes | None = None

    @classmethod
    def read(cls, element: der.Element) -> AlgorithmIdentifier:
        """From SEQUENCE { algorithm, parameters ANY OPTIONAL }, under its own tag or an IMPLICIT one."""
        reader = element.reader()
        oid = reader.next(der.OBJECT_IDENTIFIER).oid()
        parameters = None if reader.at_end else reader.next().raw
        reader.finish()
        return cls(oid, parameters)

    @property
    def title(self) -> str:
        """The name for people."""
        return oids.title(self.oid)

    @property
    def meaningful_parameters(self) -> bytes | None:
        """NULL and absent mean the same (RFC 5754 §2)."""
        return None if self.parameters == der.NULL_VALUE else self.parameters

    def to_der(self) -> bytes:
        return der.sequence(der.oid(self.oid), self.parameters or b"")


@dataclass(frozen=True, slots=True)
class IssuerAndSerial:
    """IssuerAndSerialNumber. `issuer` is the Name in DER, compared octet for octet."""

    issuer: bytes
    serial: int

    @classmethod
    def read(cls, element: der.Element) -> IssuerAndSerial:
        """From SEQUENCE { issuer, serialNumber }, under its own tag or an IMPLICIT one."""
        reader = element.reader()
        issuer = reader.next(der.SEQUENCE).raw
        serial = reader.next(der.INTEGER).integer()
        reader.finish()
        return cls(issuer, serial)

    @classmethod
    def of(cls, certificate: x509.Certificate) -> IssuerAndSerial:
        """As the certificate itself writes them: its own octets, not a re-encoding."""
        fields = der.Reader(certificate.tbs_certificate_bytes).next(der.SEQUENCE).reader()
        fields.optional(der.context(0))
        serial = fields.next(der.INTEGER).integer()
        fields.next(der.SEQUENCE)
        return cls(fields.next(der.SEQUENCE).raw, serial)

    def to_der(self) -> bytes:
        return der.sequence(self.issuer, der.integer(self.serial))

    def matches(self, certificate: x509.Certificate) -> bool:
        """Whether this points at `certificate`. A certificate that cannot be read is never pointed at."""
        try:
            return certificate.serial_number == self.serial and IssuerAndSerial.of(certificate) == self
        except (ValueError, Malformed):
            return False

    def __str__(self) -> str:
        serial = f"{self.serial:x}" if self.serial >= 0 else f"-{-self.serial:x}"
        return f"certificate {serial} of issuer {display_name(self.issuer)}"


@dataclass(frozen=True, slots=True)
class KeyIdentifier:
    """SubjectKeyIdentifier."""

    value: bytes

    @classmethod
    def of(cls, certificate: x509.Certificate) -> KeyIdentifier:
        """The extension's value, or method 1 of RFC 5280 §4.2.1.2 for a certificate that lacks it."""
        try:
            extension = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
            return cls(extension.value.digest)
        except x509.ExtensionNotFound:
            return cls(_method_1(certificate))

    def __str__(self) -> str:
        return f"key identifier {self.value.hex()}"


CertificateReference: TypeAlias = IssuerAndSerial | KeyIdentifier

_T = TypeVar("_T")
_UNREADABLE = (ValueError, Malformed, x509.DuplicateExtension, x509.UnsupportedGeneralNameType)


class CertificateIndex(Generic[_T]):
    """Finds by reference what belongs to a certificate: thousands of recipients against every key a person had.

    `certificate_of` says which certificate an item belongs to. A certificate that cannot be read is never found.
    """

    def __init__(self, items: Iterable[_T], certificate_of: Callable[[_T], x509.Certificate]) -> None:
        self._items = tuple(items)
        self._certificate_of = certificate_of
        self._tables: dict[type[CertificateReference], dict[CertificateReference, list[_T]]] = {}

    def find(self, reference: CertificateReference) -> Sequence[_T]:
        """All items whose certificate `reference` points at, in their order."""
        kind = type(reference)
        if kind not in self._tables:
            self._tables[kind] = self._table(kind)
        return self._tables[kind].get(reference, ())

    def _table(self, kind: type[CertificateReference]) -> dict[CertificateReference, list[_T]]:
        table: dict[CertificateReference, list[_T]] = {}
        for item in self._items:
            with contextlib.suppress(*_UNREADABLE):
                table.setdefault(kind.of(self._certificate_of(item)), []).append(item)
        return table


def public_key_algorithm(certificate: x509.Certificate) -> AlgorithmIdentifier:
    """The algorithm of the certificate's SubjectPublicKeyInfo, with the restrictions it may carry. Raises Malformed."""
    return _public_key_info(certificate)[0]


def _method_1(certificate: x509.Certificate) -> bytes:
    return hashlib.sha1(_public_key_info(certificate)[1], usedforsecurity=False).digest()


def _public_key_info(certificate: x509.Certificate) -> tuple[AlgorithmIdentifier, bytes]:
    fields = der.Reader(certificate.tbs_certificate_bytes).next(der.SEQUENCE).reader()
    fields.optional(der.context(0))
    for _ in range(5):  # serialNumber, signature, issuer, validity, subject
        fields.next()
    spki = fields.next(der.SEQUENCE).reader()
    algorithm = AlgorithmIdentifier.read(spki.next(der.SEQUENCE))
    return algorithm, spki.next(der.BIT_STRING).bit_string()


_ATTRIBUTE_LABELS = {
    "2.5.4.3": "CN",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "1.2.840.113549.1.9.1": "E",
}
MAX_NAME_OCTETS = 8192  # longer ones are not spelled out
_STRING_CODECS = {0x0C: "utf-8", 0x1E: "utf-16-be", 0x1C: "utf-32-be"}


def display_name(name: bytes) -> str:
    """A Name in DER as one line for people, such as `CN=Root, O=Contoso`. Never fails: what cannot be read is "?"."""
    if len(name) > MAX_NAME_OCTETS:
        return f"with a name of {len(name)} octets"
    try:
        return ", ".join(_relative_names(name)) or "?"
    except Malformed:
        return "?"


def _relative_names(name: bytes) -> list[str]:
    found: list[str] = []
    for relative in der.Reader(name).next(der.SEQUENCE).reader().each(der.SET):
        for pair in relative.reader().each(der.SEQUENCE):
            reader = pair.reader()
            kind = reader.next(der.OBJECT_IDENTIFIER).oid()
            value = reader.next()
            text = value.content.decode(_STRING_CODECS.get(value.tag, "latin-1"), "replace")
            printable = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
            found.append(f"{_ATTRIBUTE_LABELS.get(kind, kind)}={printable}")
    return found
