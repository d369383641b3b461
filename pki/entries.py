"""Entries of revocation lists: encoding one, and finding one among a million (RFC 5280 §5.3).

An entry is encoded once, when the revocation happens. A list read from outside is walked once, on the first
question, and answers by dictionary afterwards.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from cryptography import x509

from . import der
from .names import ComparableName, comparable
from .times import utc


class Reason(StrEnum):
    """Why a certificate was revoked, by the names of RFC 5280 §5.3.1."""

    UNSPECIFIED = "unspecified"
    KEY_COMPROMISE = "keyCompromise"
    CA_COMPROMISE = "cACompromise"
    AFFILIATION_CHANGED = "affiliationChanged"
    SUPERSEDED = "superseded"
    CESSATION_OF_OPERATION = "cessationOfOperation"
    CERTIFICATE_HOLD = "certificateHold"
    REMOVE_FROM_CRL = "removeFromCRL"
    PRIVILEGE_WITHDRAWN = "privilegeWithdrawn"
    AA_COMPROMISE = "aACompromise"


_REASON_CODES = {
    Reason.UNSPECIFIED: 0,
    Reason.KEY_COMPROMISE: 1,
    Reason.CA_COMPROMISE: 2,
    Reason.AFFILIATION_CHANGED: 3,
    Reason.SUPERSEDED: 4,
    Reason.CESSATION_OF_OPERATION: 5,
    Reason.CERTIFICATE_HOLD: 6,
    Reason.REMOVE_FROM_CRL: 8,
    Reason.PRIVILEGE_WITHDRAWN: 9,
    Reason.AA_COMPROMISE: 10,
}
_REASONS = {code: reason for reason, code in _REASON_CODES.items()}

_OID_REASON_CODE = bytes.fromhex("0603551d15")
_OID_INVALIDITY_DATE = bytes.fromhex("0603551d18")
_OID_CERTIFICATE_ISSUER = bytes.fromhex("0603551d1d")


@dataclass(frozen=True, slots=True)
class RevokedEntry:
    """One revocation as a list states it. Times are whole seconds in UTC."""

    serial_number: int
    revoked_at: datetime
    reason: Reason
    invalidity_date: datetime | None = None

    def to_der(self) -> bytes:
        """The entry as it stands in the list; encode once, when the revocation happens."""
        extensions = b""
        if self.reason is not Reason.UNSPECIFIED:  # RFC 5280 §5.3.1: absent rather than unspecified
            code = der.tlv(0x0A, bytes((_REASON_CODES[self.reason],)))
            extensions += extension(_OID_REASON_CODE, code)
        if self.invalidity_date is not None:
            extensions += extension(_OID_INVALIDITY_DATE, der.generalized_time(utc(self.invalidity_date)))
        tail = der.tlv(der.SEQUENCE, extensions) if extensions else b""
        return der.tlv(der.SEQUENCE, der.integer(self.serial_number), der.time(utc(self.revoked_at)), tail)


def extension(oid: bytes, value: bytes, *, critical: bool = False) -> bytes:
    flag = der.BOOLEAN_TRUE if critical else b""
    return der.tlv(der.SEQUENCE, oid, flag, der.tlv(der.OCTET_STRING, value))


class EntryIndex:
    """Where each serial's entry begins in the DER, found in one pass."""

    def __init__(self, data: bytes, *, indirect: bool, issuer: ComparableName) -> None:
        self.offsets: dict[int, int] = {}
        self.foreign: dict[tuple[ComparableName, int], int] = {}
        self.unknown_critical: set[str] = set()
        start, end = entries_range(data)
        if indirect:
            self._walk_carefully(data, start, end, issuer)
        else:
            self._walk(data, start, end)
            self._look_for_demands(data, start, end)

    def _walk(self, data: bytes, start: int, end: int) -> None:
        """The plain case, a million entries in about a second: one issuer."""
        offsets, from_bytes = self.offsets, int.from_bytes
        while start < end:
            # SEQUENCE, short length, INTEGER, short length: every entry that is shorter than 128 octets
            length, serial_length = data[start + 1], data[start + 3]
            if data[start] != 0x30 or length >= 0x80 or data[start + 2] != 0x02 or serial_length > length - 2:
                start = self._walk_one(data, start, end)
                continue
            serial = from_bytes(data[start + 4 : start + 4 + serial_length], "big", signed=True)
            offsets[serial] = start
            start += 2 + length
        if start != end:
            raise ValueError("entries do not fill the list")

    def _walk_one(self, data: bytes, start: int, end: int) -> int:
        serial, stop = _serial_at(data, start, end)
        self.offsets[serial] = start
        return stop

    def _look_for_demands(self, data: bytes, start: int, end: int) -> None:
        """Critical extensions of entries. Only where the octets of a TRUE stand is an entry read in full."""
        starts = list(self.offsets.values())
        hit = data.find(der.BOOLEAN_TRUE, start, end)
        while hit >= 0:
            index = bisect_right(starts, hit)
            for oid, critical, _ in _entry_extensions(data, starts[index - 1]):
                if critical and oid not in (_OID_REASON_CODE, _OID_INVALIDITY_DATE):
                    self.unknown_critical.add(oid.hex())
            following = starts[index] if index < len(starts) else end
            hit = data.find(der.BOOLEAN_TRUE, max(following, hit + 1), end)

    def _walk_carefully(self, data: bytes, start: int, end: int, issuer: ComparableName) -> None:
        current = issuer
        while start < end:
            serial, stop = _serial_at(data, start, end)
            for oid, critical, value in _entry_extensions(data, start):
                if oid == _OID_CERTIFICATE_ISSUER:  # stays in force for the entries that follow (§5.3.3)
                    current = _certificate_issuer(value)
                elif critical and oid not in (_OID_REASON_CODE, _OID_INVALIDITY_DATE):
                    self.unknown_critical.add(oid.hex())
            if current == issuer:
                self.offsets[serial] = start
            else:
                self.foreign[current, serial] = start
            start = stop


def entries_range(data: bytes) -> tuple[int, int]:
    """Start and end of the entries in a CertificateList; equal when there are none."""
    _, outer, outer_end = der.read(data, 0, len(data))
    _, inner, inner_end = der.read(data, outer, outer_end)
    times = 0
    for tag, _start, content, end in der.children(data, inner, inner_end):
        if tag in (der.UTC_TIME, der.GENERALIZED_TIME):
            times += 1
        elif times and tag == der.SEQUENCE:
            return content, end
    return 0, 0


def _serial_at(data: bytes, start: int, limit: int) -> tuple[int, int]:
    tag, content, end = der.read(data, start, limit)
    inner_tag, serial, serial_end = der.read(data, content, end)
    if tag != der.SEQUENCE or inner_tag != der.INTEGER or serial == serial_end:
        raise ValueError("not an entry")
    return int.from_bytes(data[serial:serial_end], "big", signed=True), end


def _entry_extensions(data: bytes, start: int) -> Iterable[tuple[bytes, bool, bytes]]:
    """(OID in DER, critical, value) for each extension of the entry at `start`."""
    _, content, end = der.read(data, start, len(data))
    for tag, _, inner, stop in list(der.children(data, content, end))[2:]:
        if tag != der.SEQUENCE:
            raise ValueError("not extensions")
        for _, _, field, field_end in der.children(data, inner, stop):
            parts = list(der.children(data, field, field_end))
            critical = len(parts) == 3 and data[parts[1][2] : parts[1][3]] != b"\x00"
            yield data[parts[0][1] : parts[0][3]], critical, data[parts[-1][2] : parts[-1][3]]


def _certificate_issuer(value: bytes) -> ComparableName:
    """The directory name in a certificateIssuer extension."""
    _, content, end = der.read(value, 0, len(value))
    for tag, _, inner, stop in der.children(value, content, end):
        if tag == 0xA4:
            return comparable(x509.Name.from_bytes(value[inner:stop]))
    raise ValueError("certificateIssuer without a directory name")


def read_entry(data: bytes, offset: int) -> RevokedEntry:
    serial, end = _serial_at(data, offset, len(data))
    fields = list(der.children(data, der.read(data, offset, end)[1], end))
    reason, invalidity_date = Reason.UNSPECIFIED, None
    for oid, _, value in _entry_extensions(data, offset):
        if oid == _OID_REASON_CODE:
            reason = _REASONS.get(value[-1], Reason.UNSPECIFIED)
        elif oid == _OID_INVALIDITY_DATE:
            invalidity_date = _read_time(value[0], value[2:])
    tag, _, content, stop = fields[1]
    return RevokedEntry(serial, _read_time(tag, data[content:stop]), reason, invalidity_date)


def _read_time(tag: int, text: bytes) -> datetime:
    """UTCTime or GeneralizedTime as RFC 5280 §4.1.2.5 writes them."""
    digits = text.decode("ascii")
    if tag == der.UTC_TIME:
        digits = ("20" if digits[:2] < "50" else "19") + digits
    elif tag != der.GENERALIZED_TIME:
        raise ValueError("not a time")
    return datetime.strptime(digits, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
