"""Certificate revocation lists: writing them in linear time, reading them by an index (RFC 5280 §5).
 `build` joins entries that were encoded when each revocation happened, hashes once and signs once. `Crl`
reads only the header until somebody asks for a serial number; then every entry is walked once and looked up
by dictionary afterwards.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, KeysView
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding

from . import der
from .algorithms import signature_algorithm, signing_digest
from .entries import EntryIndex, Reason, RevokedEntry, entries_range, extension, read_entry
from .errors import CrlRefusal, MalformedInput
from .findings import error
from .keys import PublicKey, SigningPrivateKey, spki_sha256
from .names import comparable
from .parsing import PARSE_ERRORS, load
from .signatures import verify_signature
from .signer import Signer
from .times import utc

__all__ = ["Crl", "Reason", "RevokedEntry", "Scope", "build", "check_successor", "vanished"]

CLOCK_TOLERANCE = timedelta(minutes=10)
_OID_AUTHORITY_KEY_IDENTIFIER = bytes.fromhex("0603551d23")
_OID_CRL_NUMBER = bytes.fromhex("0603551d14")
_OID_ISSUING_DISTRIBUTION_POINT = bytes.fromhex("0603551d1c")
_ONLY_CA_CERTIFICATES = bytes.fromhex("8201ff")  # [2] onlyContainsCACerts TRUE

MAXIMUM_NUMBER_BITS = 159  # twenty octets, RFC 5280 §5.2.3


def build(
    *,
    issuer: Signer,
    number: int,
    this_update: datetime,
    next_update: datetime,
    entries: Iterable[bytes],
    only_ca_certificates: bool = False,
    location: str = "",
    judge: Callable[[bytes], None] | None = None,
) -> bytes:
    """A signed complete list in DER, in time and memory linear in the entries.

    `entries` are `RevokedEntry.to_der()` values, or several of them joined, each serial once. In the critical
    issuing distribution point (RFC 5280 §5.2.5; absent without need): `only_ca_certificates` limits the scope
    to CA certificates, `location` to certificates with this URL, in these very octets, among their distribution
    points: one list of several. `judge` gets the list before the key is used, with an empty signature, and raises
    what speaks against it. The caller judges the result with `check_successor`.
    """
    if not 0 <= number < 1 << MAXIMUM_NUMBER_BITS:
        raise _refusal("crl-number", f"{number} is no list number.")
    if utc(next_update) <= utc(this_update):
        raise _refusal("crl-dates", "A list must end after it begins.")
    revoked = b"".join(entries)
    head = b"".join(
        (
            der.integer(1),  # v2
            signature_algorithm(issuer.private_key),
            issuer.certificate.subject.public_bytes(),
            der.time(utc(this_update)),
            der.time(utc(next_update)),
            # an empty list is absent, never an empty SEQUENCE (RFC 5280 §5.1.2.6)
            der.header(der.SEQUENCE, len(revoked)) if revoked else b"",
        )
    )
    tail = _list_extensions(issuer.certificate, number, _distribution_point(location, only_ca_certificates))
    tbs_header = der.header(der.SEQUENCE, len(head) + len(revoked) + len(tail))
    signed_parts = [tbs_header, head, revoked, tail]
    algorithm = signature_algorithm(issuer.private_key)
    if judge is not None:
        judge(_closed(signed_parts, algorithm, b""))
    return _closed(signed_parts, algorithm, _sign(issuer.private_key, signed_parts))


def _closed(signed_parts: list[bytes], algorithm: bytes, signature: bytes) -> bytes:
    """The CertificateList of these to-be-signed bytes."""
    closing = algorithm + der.tlv(der.BIT_STRING, b"\x00", signature)
    length = sum(map(len, signed_parts)) + len(closing)
    return b"".join((der.header(der.SEQUENCE, length), *signed_parts, closing))


def _distribution_point(location: str, only_ca_certificates: bool) -> bytes:
    """The value of the issuing distribution point, or nothing: an empty one is forbidden."""
    name = b""
    if location:
        uri = der.tlv(0x86, location.encode("ascii"))  # [0] distributionPoint, [0] fullName, [6] URI
        name = der.tlv(0xA0, der.tlv(0xA0, uri))
    fields = name + (_ONLY_CA_CERTIFICATES if only_ca_certificates else b"")
    return der.tlv(der.SEQUENCE, fields) if fields else b""


def _list_extensions(authority: x509.Certificate, number: int, distribution_point: bytes) -> bytes:
    identifier = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    extensions = [
        extension(_OID_AUTHORITY_KEY_IDENTIFIER, der.tlv(der.SEQUENCE, der.tlv(0x80, identifier))),
        extension(_OID_CRL_NUMBER, der.integer(number)),
    ]
    if distribution_point:
        extensions.append(extension(_OID_ISSUING_DISTRIBUTION_POINT, distribution_point, critical=True))
    return der.tlv(0xA0, der.tlv(der.SEQUENCE, *extensions))


def _sign(key: SigningPrivateKey, parts: list[bytes]) -> bytes:
    digest = signing_digest(key)
    if digest is None or not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        return key.sign(b"".join(parts))  # type: ignore[call-arg]  # Ed25519 signs the whole message
    running = hashes.Hash(digest)
    for part in parts:
        running.update(part)
    prehashed = Prehashed(digest)
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(running.finalize(), padding.PKCS1v15(), prehashed)
    return key.sign(running.finalize(), ec.ECDSA(prehashed))


@dataclass(frozen=True, slots=True)
class Scope:
    """What an issuing distribution point says a list covers (RFC 5280 §5.2.5)."""

    full_names: tuple[x509.GeneralName, ...] | None = None
    relative_name: x509.RelativeDistinguishedName | None = None
    only_user_certificates: bool = False
    only_ca_certificates: bool = False
    only_attribute_certificates: bool = False
    some_reasons: frozenset[x509.ReasonFlags] | None = None
    indirect: bool = False


_UNDERSTOOD = {
    x509.AuthorityKeyIdentifier.oid,
    x509.CRLNumber.oid,
    x509.IssuingDistributionPoint.oid,
    x509.DeltaCRLIndicator.oid,
    x509.FreshestCRL.oid,
    x509.AuthorityInformationAccess.oid,
    x509.IssuerAlternativeName.oid,
}
ExtensionValue = TypeVar("ExtensionValue", bound=x509.ExtensionType)


class Crl:
    """A revocation list that was read, not yet believed: `verify` checks its signature, `pki.revocation`
    its scope.
    """

    def __init__(self, der_bytes: bytes, parsed: x509.CertificateRevocationList) -> None:
        self.der = der_bytes
        self._parsed = parsed
        try:
            self._extensions = parsed.extensions
            self.issuer: x509.Name = parsed.issuer
        except PARSE_ERRORS:
            raise _malformed("its header cannot be parsed") from None
        self.this_update: datetime = parsed.last_update_utc
        self.next_update: datetime | None = parsed.next_update_utc
        number = self._value(x509.CRLNumber)
        self.number: int | None = number.crl_number if number else None
        delta = self._value(x509.DeltaCRLIndicator)
        self.base_number: int | None = delta.crl_number if delta else None
        self._verified_by: set[bytes] = set()
        point = self._value(x509.IssuingDistributionPoint)
        self.scope = _read_scope(point)
        self.scope_sha256 = hashlib.sha256(point.public_bytes()).digest() if point else b""

    @classmethod
    def parse(cls, data: bytes) -> Crl:
        """Read one list in DER or PEM. Raises `MalformedInput`."""
        try:
            if data.lstrip()[:5] == b"-----":
                parsed = load(x509.load_pem_x509_crl, data)
                data = parsed.public_bytes(Encoding.DER)
            else:
                parsed = load(x509.load_der_x509_crl, data)
        except ValueError:
            raise _malformed("it is not a revocation list") from None
        return cls(data, parsed)

    def __repr__(self) -> str:
        return f"<Crl number={self.number} this_update={self.this_update:%Y-%m-%dT%H:%M:%SZ}>"

    def _value(self, kind: type[ExtensionValue]) -> ExtensionValue | None:
        try:
            return self._extensions.get_extension_for_class(kind).value
        except x509.ExtensionNotFound:
            return None

    @cached_property
    def sha256(self) -> bytes:
        """SHA-256 of the DER: the identity of the list."""
        return hashlib.sha256(self.der).digest()

    @property
    def authority_key_identifier(self) -> bytes | None:
        """The key identifier of the issuer that the list claims."""
        value = self._value(x509.AuthorityKeyIdentifier)
        return value.key_identifier if value else None

    @property
    def number_is_critical(self) -> bool:
        """Whether the list number is wrongly marked critical (RFC 5280 §5.2.3)."""
        try:
            return self._extensions.get_extension_for_class(x509.CRLNumber).critical
        except x509.ExtensionNotFound:
            return False

    @cached_property
    def unknown_critical(self) -> tuple[str, ...]:
        """Critical extensions of list or entries that we do not process; with any, the list must not be
        used (§5.2).
        """
        in_list = {e.oid.dotted_string for e in self._extensions if e.critical and e.oid not in _UNDERSTOOD}
        return tuple(sorted(in_list | self._index.unknown_critical))

    @cached_property
    def _index(self) -> EntryIndex:
        try:
            return EntryIndex(self.der, indirect=self.scope.indirect, issuer=comparable(self.issuer))
        except (ValueError, IndexError):
            raise _malformed("its entries cannot be parsed") from None

    def __len__(self) -> int:
        return len(self._index.offsets) + len(self._index.foreign)

    @cached_property
    def entries_der(self) -> bytes:
        """The entries as they stand in the list, joined; empty when there are none."""
        start, end = entries_range(self.der)
        return self.der[start:end]

    @property
    def has_entries_field(self) -> bool:
        """Whether revokedCertificates is present; with no entry in it, it must not be (§5.1.2.6)."""
        return entries_range(self.der) != (0, 0)

    def find(self, serial_number: int) -> RevokedEntry | None:
        """The entry for a serial number of the list's own issuer. Constant time after the first call."""
        return self._entry(self._index.offsets.get(serial_number))

    def find_of(self, issuer: x509.Name, serial_number: int) -> RevokedEntry | None:
        """The entry for a certificate of any issuer; others than the list's own appear in indirect lists
        (§5.3.3).
        """
        wanted = comparable(issuer)
        if wanted == comparable(self.issuer):
            return self.find(serial_number)
        return self._entry(self._index.foreign.get((wanted, serial_number)))

    def serial_numbers(self) -> KeysView[int]:
        """All serial numbers listed for the list's own issuer, as a set-like view."""
        return self._index.offsets.keys()

    def _entry(self, offset: int | None) -> RevokedEntry | None:
        if offset is None:
            return None
        try:
            return read_entry(self.der, offset)
        except ValueError:
            raise _malformed("an entry cannot be parsed") from None

    def verify(self, issuer_certificate: x509.Certificate) -> None:
        """Check name and signature against an issuer's certificate. Raises `CrlRefusal`."""
        if comparable(self.issuer) != comparable(issuer_certificate.subject):
            raise _refusal("crl-issuer", "The list was issued under another name.")
        self.verify_key(issuer_certificate.public_key())

    def verify_key(self, public_key: PublicKey) -> None:
        """Check the signature with a key, at most once for each. Raises `CrlRefusal`."""
        identity = spki_sha256(public_key)
        if identity in self._verified_by:
            return
        try:
            verify_signature(
                public_key,
                self._parsed.signature,
                self._signed_bytes(),
                self._parsed.signature_algorithm_oid,
                self._parsed.signature_algorithm_parameters,
            )
        except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
            raise _refusal(
                "crl-signature", "The signature of the list is not by this authority's key."
            ) from None
        self._verified_by.add(identity)

    def _signed_bytes(self) -> bytes:
        """The tbsCertList as it was received; pyca would encode a million entries anew."""
        outer = der.read(self.der, 0, len(self.der))[1]
        return self.der[outer : der.read(self.der, outer, len(self.der))[2]]

    @property
    def parsed(self) -> x509.CertificateRevocationList:
        """The list as pyca sees it, for display and strength checks."""
        return self._parsed


def _read_scope(point: x509.IssuingDistributionPoint | None) -> Scope:
    if point is None:
        return Scope()
    return Scope(
        full_names=tuple(point.full_name) if point.full_name else None,
        relative_name=point.relative_name,
        only_user_certificates=point.only_contains_user_certs,
        only_ca_certificates=point.only_contains_ca_certs,
        only_attribute_certificates=point.only_contains_attribute_certs,
        some_reasons=point.only_some_reasons,
        indirect=point.indirect_crl,
    )


def vanished(new: Crl, published: Crl | None) -> frozenset[int]:
    """Serial numbers that the published list names and the new one does not.

    A list that begins with all entries of its predecessor, as most do, is recognised without looking at any.
    """
    if published is None or new.entries_der.startswith(published.entries_der):
        return frozenset()
    return frozenset(published.serial_numbers() - new.serial_numbers())


def check_successor(
    new: Crl,
    published: Crl | None,
    *,
    issuer: x509.Certificate,
    at: datetime,
    still_valid: Callable[[int], bool],
) -> None:
    """Judge a list before it replaces the published one. Raises `CrlRefusal`; then the last good one stays.

    The signature must be the issuer's, the dates must fit `at`, the number must rise, and no serial for which
    `still_valid(serial)` holds (neither expired nor released from a hold) may vanish.
    """
    new.verify(issuer)
    moment = utc(at)
    if new.next_update is None or not new.this_update < new.next_update:
        raise _refusal("crl-dates", "The list has no end, or ends before it begins.")
    if new.this_update > moment + CLOCK_TOLERANCE or new.next_update <= moment:
        raise _refusal("crl-dates", "The list is not current at this moment.")
    if new.number is None:
        raise _refusal("crl-number", "The list has no number.")
    if published is None:
        return
    if published.number is not None and new.number <= published.number:
        raise _refusal("crl-number", f"The number {new.number} does not rise above {published.number}.")
    if new.this_update < published.this_update:
        raise _refusal("crl-dates", "The list is older than the published one.")
    lost = sorted(serial for serial in vanished(new, published) if still_valid(serial))
    if lost:
        raise _refusal(
            "crl-shrinks", f"{len(lost)} revocations would vanish, the first one of serial {lost[0]:x}."
        )


def _malformed(reason: str) -> MalformedInput:
    return MalformedInput(
        error(
            "crl-malformed",
            f"The revocation list cannot be read: {reason}.",
            remedy="Ask its publisher for a correct list; the previous one stays in use.",
            owner="administrator",
        )
    )


def _refusal(code: str, summary: str) -> CrlRefusal:
    return CrlRefusal(
        error(
            code,
            summary,
            citation="RFC 5280 §5",
            remedy="The last good list stays in use; check clock, key and revocations of this authority.",
            owner="operator",
        )
    )
