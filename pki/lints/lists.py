"""Rules for revocation lists: header, extensions, and entries (RFC 5280 §5, CA/B S/MIME BR 7.2)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509

from .. import der
from ..algorithms import Strength, signature_strength
from ..entries import entries_range
from ..findings import Finding, error
from ..parsing import PARSE_ERRORS

if TYPE_CHECKING:
    from ..crl import Crl

LONGEST_LIFE = timedelta(days=370)  # "≤ 12 months" for lists of authorities (BR 7.2)


def _has_empty_entries(crl: Crl) -> bool:
    """An empty SEQUENCE of entries where the field must be absent."""
    start, end = entries_range(crl.der)
    return crl.has_entries_field and start == end


def _scope_is_wrong(crl: Crl) -> bool:
    scope = crl.scope
    kinds = (scope.only_user_certificates, scope.only_ca_certificates, scope.only_attribute_certificates)
    return sum(kinds) > 1


def _scope_is_not_critical(crl: Crl) -> bool:
    return any(
        isinstance(e.value, x509.IssuingDistributionPoint) and not e.critical for e in crl.parsed.extensions
    )


def _critical_otherwise(crl: Crl) -> bool:
    lawful = (x509.IssuingDistributionPoint, x509.DeltaCRLIndicator)
    return any(e.critical and not isinstance(e.value, lawful) for e in crl.parsed.extensions)


def _is_numbered_wrongly(crl: Crl) -> bool:
    return crl.number is not None and not 0 <= crl.number < 1 << 159


_RULES: tuple[tuple[str, str, str, Callable[[Crl], bool]], ...] = (
    ("lint-crl-number", "The list has no number.", "RFC 5280 §5.2.3", lambda crl: crl.number is None),
    ("lint-crl-number", "The number is marked critical.", "RFC 5280 §5.2.3", lambda crl: crl.number_is_critical),
    ("lint-crl-number-size", "The number is negative or longer than 20 octets.", "RFC 5280 §5.2.3", _is_numbered_wrongly),
    ("lint-crl-issuer", "The list has no issuer name.", "RFC 5280 §5.1.2.3", lambda crl: not list(crl.issuer)),
    (
        "lint-crl-key-identifier", "The list has no authority key identifier.", "RFC 5280 §5.2.1",
        lambda crl: crl.authority_key_identifier is None,
    ),
    (
        "lint-crl-dates", "The list has no end, or ends before it begins.", "RFC 5280 §5.1.2.5",
        lambda crl: crl.next_update is None or crl.next_update <= crl.this_update,
    ),
    (
        "lint-crl-life", "The list is meant to last longer than twelve months.", "CA/B S/MIME BR 7.2",
        lambda crl: crl.next_update is not None and crl.next_update - crl.this_update > LONGEST_LIFE,
    ),
    ("lint-crl-empty", "An empty list must be absent.", "RFC 5280 §5.1.2.6", _has_empty_entries),
    ("lint-crl-scope", "The list covers only two kinds at once.", "RFC 5280 §5.2.5", _scope_is_wrong),
    ("lint-crl-scope-critical", "The distribution point is not critical.", "RFC 5280 §5.2.5", _scope_is_not_critical),
    ("lint-crl-critical", "The list carries a foreign critical extension.", "RFC 5280 §5.2", _critical_otherwise),
    (
        "lint-signature", "The signature algorithm is obsolete.", "RFC 6194",
        lambda crl: signature_strength(crl.parsed) is not Strength.ACCEPTED,
    ),
)  # fmt: skip


def lint_crl(crl: Crl, published: Crl | None = None) -> list[Finding]:
    """Every broken rule of a list that is about to be published, each once.

    `published`: the list before it. Entries that it begins with have been looked at then; only those that follow are
    looked at now. A list that does not begin with its predecessor's entries is looked at as a whole.
    """
    found = [
        error(code, summary, citation=citation)
        for code, summary, citation, broken in _RULES
        if _holds(broken, crl)
    ]
    of_authorities = crl.scope.only_ca_certificates
    try:
        for octets in _changed_entries(crl.der, b"" if published is None else published.der):
            found += lint_entry(octets, crl.this_update, of_authorities=of_authorities)
    except (ValueError, IndexError):
        found.append(error("lint-entry-form", "An entry cannot be parsed.", citation="RFC 5280 §5.1.2.6"))
    return list(dict.fromkeys(found))


def _holds(broken: Callable[[Crl], bool], crl: Crl) -> bool:
    try:
        return broken(crl)
    except PARSE_ERRORS:
        return True


def _changed_entries(new: bytes, old: bytes) -> Iterator[bytes]:
    start, end = entries_range(new)
    old_start, old_end = entries_range(old) if old else (0, 0)
    length = old_end - old_start
    if length and new[start : start + length] == old[old_start:old_end]:
        start += length
    for _, begin, _, stop in der.children(new, start, end):
        yield new[begin:stop]


def lint_entry(octets: bytes, this_update: datetime, *, of_authorities: bool = False) -> list[Finding]:
    """Every broken rule of one entry in DER."""
    broken: list[tuple[str, str, str]] = []
    try:
        serial, revoked_at, extensions = _read_entry(octets)
    except (ValueError, IndexError):
        return [error("lint-entry-form", "An entry cannot be parsed.", citation="RFC 5280 §5.1.2.6")]
    if not 0 < serial < 1 << 159:
        broken.append(
            (
                "lint-entry-serial",
                "An entry's serial number is out of range.",
                "RFC 5280 §5.1.2.6",
            )
        )
    if revoked_at > this_update + timedelta(minutes=10):
        broken.append(("lint-entry-date", "An entry is dated after its list.", "RFC 5280 §5.1.2.6"))
    for oid, critical, value in extensions:
        broken += _entry_extension(oid, critical, value, of_authorities)
    oids = [oid for oid, _, _ in extensions]
    if len(oids) != len(set(oids)):
        broken.append(("lint-entry-twice", "An entry carries an extension twice.", "RFC 5280 §5.3"))
    return [error(code, summary, citation=citation) for code, summary, citation in broken]


_REASON, _INVALIDITY = bytes.fromhex("0603551d15"), bytes.fromhex("0603551d18")
_FOR_PEOPLE = {1, 3, 4, 5, 6, 9}
_FOR_AUTHORITIES = {1, 2, 3, 4, 5, 9}


def _entry_extension(
    oid: bytes, critical: bool, value: bytes, of_authorities: bool
) -> list[tuple[str, str, str]]:
    if oid not in (_REASON, _INVALIDITY):
        return [
            ("lint-entry-extension", "An entry carries an extension that we do not write.", "RFC 5280 §5.3")
        ]
    broken = []
    if critical:
        broken.append(
            ("lint-entry-critical", "An extension of an entry is critical.", "RFC 5280 §5.3.1, §5.3.2")
        )
    if oid == _REASON:
        lawful = _FOR_AUTHORITIES if of_authorities else _FOR_PEOPLE
        if value[:2] != b"\x0a\x01" or len(value) != 3 or value[2] not in lawful:
            broken.append(
                (
                    "lint-entry-reason",
                    "An entry states a reason unfit for its list.",
                    "RFC 5280 §5.3.1; BR 7.2.2",
                )
            )
    elif value[:1] != bytes((der.GENERALIZED_TIME,)) or len(value) != 17 or value[-1:] != b"Z":
        broken.append(
            (
                "lint-entry-invalidity",
                "An invalidity date is not in the lawful form.",
                "RFC 5280 §5.3.2",
            )
        )
    return broken


def _read_entry(octets: bytes) -> tuple[int, datetime, list[tuple[bytes, bool, bytes]]]:
    tag, start, end = der.read(octets, 0, len(octets))
    if tag != der.SEQUENCE or end != len(octets):
        raise ValueError("not an entry")
    parts = list(der.children(octets, start, end))
    (serial_tag, _, serial, serial_end), (time_tag, _, time, time_end) = parts[0], parts[1]
    if serial_tag != der.INTEGER or len(parts) > 3:
        raise ValueError("not an entry")
    extensions = []
    for tag, _, inner, stop in parts[2:]:
        if tag != der.SEQUENCE or inner == stop:
            raise ValueError("not extensions")
        for _, _, field, field_end in der.children(octets, inner, stop):
            fields = list(der.children(octets, field, field_end))
            value = octets[fields[-1][2] : fields[-1][3]]
            extensions.append((octets[fields[0][1] : fields[0][3]], len(fields) == 3, value))
    return (
        int.from_bytes(octets[serial:serial_end], "big", signed=True),
        _moment(time_tag, octets[time:time_end]),
        extensions,
    )


def _moment(tag: int, text: bytes) -> datetime:
    """A time in exactly the form of RFC 5280 §4.1.2.5. Raises ValueError."""
    digits = text.decode("ascii")
    if tag == der.UTC_TIME:
        digits = ("20" if digits[:2] < "50" else "19") + digits
    moment = datetime.strptime(digits, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
    if der.time(moment) != der.tlv(tag, text):
        raise ValueError("a time in another form")
    return moment
