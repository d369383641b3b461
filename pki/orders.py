"""Work orders and results as files: what an authority's offline key has to sign, one JSON file each way.

An order is for one key. Each item fixes every octet but the signature, and bears the SHA-256 of its own canonical JSON.
`docs/ceremonies.md` describes the format; `pki.ceremony` judges, signs and checks.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from . import authorities, keys
from .authorities import AuthorityWish
from .certificates import MailDomain, Publication
from .entries import Reason, RevokedEntry
from .errors import MalformedInput
from .findings import error
from .names import common_name, display
from .parsing import PARSE_ERRORS, load_certificate
from .requests import read_request
from .times import utc

ORDER_FORMAT, RESULT_FORMAT, VERSION = "pkiportal work order", "pkiportal ceremony result", 1
LARGEST_FILE = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class CertificateItem:
    """An authority's certificate to be signed. `proof`: a PKCS#10 request, or a self-signed certificate, in DER."""

    id: str
    title: str
    proof: bytes
    proof_is_request: bool
    wish: AuthorityWish


@dataclass(frozen=True, slots=True)
class ListItem:
    """A complete revocation list for CA certificates to be signed."""

    id: str
    number: int
    this_update: datetime
    next_update: datetime
    entries: tuple[RevokedEntry, ...]


Item: TypeAlias = CertificateItem | ListItem


@dataclass(frozen=True, slots=True)
class Order:
    """Everything that one offline key is asked to sign. `id`: 32 hexadecimal digits."""

    id: str
    forest: str
    made_at: datetime
    expires_at: datetime
    signer: x509.Certificate
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """What was signed: DER by item id. `order_sha256`: of the order's file, octet by octet."""

    order_id: str
    order_sha256: bytes
    signed_at: datetime
    signed: Mapping[str, bytes]


def write_order(order: Order) -> bytes:
    """The order's file. `read_order` gives the same order back."""
    der = order.signer.public_bytes(Encoding.DER)
    return _dump(
        {
            "format": ORDER_FORMAT,
            "version": VERSION,
            "id": order.id,
            "forest": order.forest,
            "made_at": _write_time(order.made_at),
            "expires_at": _write_time(order.expires_at),
            "signer": {
                "name": common_name(order.signer.subject) or display(order.signer.subject),
                "certificate": _b64(der),
                "sha256": hashlib.sha256(der).hexdigest(),
            },
            "items": [_with_hash(_write_item(item)) for item in order.items],
        }
    )


def item_sha256(item: Item) -> str:
    """What both screens show for an item."""
    return str(_with_hash(_write_item(item))["sha256"])


def _write_item(item: Item) -> dict[str, Any]:
    if isinstance(item, ListItem):
        return {
            "kind": "revocation-list",
            "id": item.id,
            "number": item.number,
            "this_update": _write_time(item.this_update),
            "next_update": _write_time(item.next_update),
            "entries": [
                {
                    "serial_number": f"{entry.serial_number:X}",
                    "revoked_at": _write_time(entry.revoked_at),
                    "reason": entry.reason.value,
                    "invalidity_date": _write_time(entry.invalidity_date) if entry.invalidity_date else None,
                }
                for entry in item.entries
            ],
        }
    wish = item.wish
    return {
        "kind": "authority-certificate",
        "id": item.id,
        "title": item.title,
        "proof": "request" if item.proof_is_request else "certificate",
        "proof_der": _b64(item.proof),
        "subject": _b64(wish.subject.public_bytes()),
        "subject_key_identifier": wish.subject_key_identifier.hex(),
        "path_length": wish.path_length,
        "mail_domains": [[d.name, d.include_subdomains] for d in wish.mail_domains],
        "crl_url": wish.publication.crl_url,
        "issuer_url": wish.publication.issuer_url,
        "serial_number": f"{wish.serial_number:X}",
        "not_before": _write_time(wish.not_before),
        "not_after": _write_time(wish.not_after),
    }


def write_result(result: Result) -> bytes:
    return _dump(
        {
            "format": RESULT_FORMAT,
            "version": VERSION,
            "order": result.order_id,
            "order_sha256": result.order_sha256.hex(),
            "signed_at": _write_time(result.signed_at),
            "items": [{"id": name, "der": _b64(der)} for name, der in result.signed.items()],
        }
    )


def read_order(data: bytes) -> Order:
    """Raises MalformedInput for anything that is not exactly an order of this version, hashes included."""
    fields = _load(data, ORDER_FORMAT)
    try:
        _expect(fields, {"format", "version", "id", "forest", "made_at", "expires_at", "signer", "items"})
        _expect(fields["signer"], {"name", "certificate", "sha256"})
        der = _un64(fields["signer"]["certificate"])
        if hashlib.sha256(der).hexdigest() != fields["signer"]["sha256"]:
            raise ValueError("the signer's hash does not fit")
        items = tuple(_read_item(one) for one in fields["items"])
        if not items or len({item.id for item in items}) != len(items):
            raise ValueError("no items, or one of them twice")
        return Order(
            _text(fields["id"]),
            _text(fields["forest"]),
            _read_time(fields["made_at"]),
            _read_time(fields["expires_at"]),
            load_certificate(der),
            items,
        )
    except (*PARSE_ERRORS, KeyError, AttributeError, OverflowError):
        raise malformed("work order") from None


def _read_item(fields: Any) -> Item:
    stated = fields["sha256"]
    bare = {name: value for name, value in fields.items() if name != "sha256"}
    if _with_hash(bare)["sha256"] != stated:
        raise ValueError("the hash of an item does not fit")
    if bare["kind"] == "revocation-list":
        _expect(bare, {"kind", "id", "number", "this_update", "next_update", "entries"})
        return ListItem(
            _text(bare["id"]),
            _whole(bare["number"]),
            _read_time(bare["this_update"]),
            _read_time(bare["next_update"]),
            tuple(_read_entry(entry) for entry in bare["entries"]),
        )
    if bare["kind"] != "authority-certificate":
        raise ValueError("an unknown kind of item")
    return _read_certificate_item(bare)


def _read_entry(fields: Any) -> RevokedEntry:
    _expect(fields, {"serial_number", "revoked_at", "reason", "invalidity_date"})
    doubtful = fields["invalidity_date"]
    return RevokedEntry(
        int(_text(fields["serial_number"]), 16),
        _read_time(fields["revoked_at"]),
        Reason(fields["reason"]),
        _read_time(doubtful) if doubtful is not None else None,
    )


def _read_certificate_item(fields: Any) -> CertificateItem:
    _expect(fields, {
        "kind", "id", "title", "proof", "proof_der", "subject", "subject_key_identifier", "path_length", "mail_domains",
        "crl_url", "issuer_url", "serial_number", "not_before", "not_after",
    })  # fmt: skip
    proof, is_request = _un64(fields["proof_der"]), {"request": True, "certificate": False}[fields["proof"]]
    wish = AuthorityWish(
        public_key=_proven_key(proof, is_request),
        subject=x509.Name.from_bytes(_un64(fields["subject"])),
        subject_key_identifier=bytes.fromhex(fields["subject_key_identifier"]),
        path_length=_whole(fields["path_length"]),
        mail_domains=tuple(MailDomain(_text(name), bool(below)) for name, below in fields["mail_domains"]),
        publication=Publication(_text(fields["crl_url"]), _text(fields["issuer_url"])),
        serial_number=int(_text(fields["serial_number"]), 16),
        not_before=_read_time(fields["not_before"]),
        not_after=_read_time(fields["not_after"]),
    )
    return CertificateItem(_text(fields["id"]), _text(fields["title"]), proof, is_request, wish)


def _proven_key(proof: bytes, is_request: bool) -> keys.PublicKey:
    """The key, after whoever holds it has shown so. Raises PkiError."""
    if is_request:
        return read_request(proof)
    certificate = load_certificate(proof)
    authorities.check_signature(certificate, certificate.public_key())
    return certificate.public_key()


def read_result(data: bytes) -> Result:
    """Raises MalformedInput."""
    fields = _load(data, RESULT_FORMAT)
    try:
        _expect(fields, {"format", "version", "order", "order_sha256", "signed_at", "items"})
        signed = {_text(one["id"]): _un64(one["der"]) for one in fields["items"]}
        if len(signed) != len(fields["items"]):
            raise ValueError("an item twice")
        return Result(
            _text(fields["order"]),
            bytes.fromhex(fields["order_sha256"]),
            _read_time(fields["signed_at"]),
            signed,
        )
    except (*PARSE_ERRORS, KeyError, AttributeError):
        raise malformed("result of a ceremony") from None


def _with_hash(fields: dict[str, Any]) -> dict[str, Any]:
    canonical = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return {**fields, "sha256": hashlib.sha256(canonical.encode()).hexdigest()}


def _dump(fields: dict[str, Any]) -> bytes:
    return (json.dumps(fields, indent=1, ensure_ascii=False) + "\n").encode()


def _load(data: bytes, wanted: str) -> Any:
    what = "work order" if wanted == ORDER_FORMAT else "result of a ceremony"
    if len(data) > LARGEST_FILE:
        raise malformed(what)
    try:
        fields = json.loads(data.decode("utf-8"), object_pairs_hook=_no_name_twice)
    except (ValueError, RecursionError):
        raise malformed(what) from None
    if not isinstance(fields, dict) or fields.get("format") != wanted:
        raise malformed(what)
    if fields.get("version") != VERSION:
        raise MalformedInput(
            error(
                "ceremony-version", f"The {what} is of another version than {VERSION}.", owner="operator",
                remedy="Use the same release of the program on both machines.",
            )
        )  # fmt: skip
    return fields


def _no_name_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a name twice")
    return made


def _expect(fields: Any, wanted: set[str]) -> None:
    if not isinstance(fields, dict) or set(fields) != wanted:
        raise ValueError("other fields than expected")


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.isprintable() or len(value) > 1000:
        raise ValueError("no plain text")
    return value


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("no whole number")
    return value


def _write_time(at: datetime) -> str:
    return utc(at).strftime("%Y-%m-%dT%H:%M:%SZ")


def _read_time(text: Any) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _un64(text: Any) -> bytes:
    return base64.b64decode(_text_of_any_length(text), validate=True)


def _text_of_any_length(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value


def malformed(what: str) -> MalformedInput:
    return MalformedInput(
        error(
            "ceremony-file", f"The file is no {what}, or it was damaged or altered.", owner="operator",
            remedy="Take the file again from where it was written.",
        )
    )  # fmt: skip
