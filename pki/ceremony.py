"""The ceremony: an offline key signs a work order, and what comes back is compared with it, octet by octet.

`sign_order` runs on the offline machine, with pyca and this package alone; `check_result` runs where the order was
made. Both refuse what an authority may not get, so neither side has to believe the other.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from . import authorities, keys
from .crl import Crl, Scope, build
from .entries import entries_range
from .errors import CrlRefusal, LintRefusal, PkiError, RefusedRequest
from .findings import error
from .lints import lint_crl
from .names import common_name, display
from .orders import CertificateItem, Item, ListItem, Order, Result, item_sha256, malformed
from .parsing import load_certificate
from .signer import Signer
from .times import spoken, utc

LONGEST_LIST = timedelta(days=400)
CLOCK_TOLERANCE = timedelta(days=1)


def judge_order(order: Order, at: datetime) -> None:
    """Raise PkiError if anything in the order exceeds what may be given, or its time is not now."""
    if not utc(order.made_at) - CLOCK_TOLERANCE <= utc(at) <= utc(order.expires_at):
        raise _refusal(
            "order-not-current",
            f"The order is to be signed from {spoken(order.made_at)} to {spoken(order.expires_at)}; "
            f"this machine's clock shows {spoken(at)}.",
            remedy="Check the clock of this machine; if it is right, export a new order.",
        )
    for item in order.items:
        if isinstance(item, CertificateItem):
            authorities.refuse_excess(item.wish, order.signer)
        else:
            _judge_list(item, order)


def _judge_list(item: ListItem, order: Order) -> None:
    begins, ends = utc(item.this_update), utc(item.next_update)
    serials = [entry.serial_number for entry in item.entries]
    broken = (
        (not 0 < item.number < 1 << 159, "its number is out of range"),
        (not begins < ends <= begins + LONGEST_LIST, f"it would be current for more than {LONGEST_LIST.days} days"),
        (abs(begins - utc(order.made_at)) > CLOCK_TOLERANCE, "it is not dated at the order's own time"),
        (ends > order.signer.not_valid_after_utc, "it would outlive its authority"),
        (len(set(serials)) != len(serials) or any(s <= 0 for s in serials), "a serial number is wrong or there twice"),
        (any(utc(e.revoked_at) > begins for e in item.entries), "a revocation lies in its future"),
    )  # fmt: skip
    for wrong, reason in broken:
        if wrong:
            raise _refusal("order-list", f"The list number {item.number} is refused: {reason}.")


def sign_order(order: Order, order_sha256: bytes, signer: Signer, at: datetime) -> Result:
    """Sign every item, or nothing. The signer's certificate must be the order's, octet by octet. Raises PkiError."""
    if signer.certificate != order.signer:
        raise _refusal(
            "order-for-another-signer",
            f"The order is for {common_name(order.signer.subject)}, not for the authority whose certificate was given.",
            remedy="Give the certificate and the key of the authority that the order names.",
        )
    judge_order(order, at)
    signed: dict[str, bytes] = {}
    for item in order.items:
        if isinstance(item, CertificateItem):
            signed[item.id] = authorities.issue(item.wish, signer).public_bytes(Encoding.DER)
        else:
            signed[item.id] = _sign_list(item, signer)
    result = Result(order.id, order_sha256, utc(at).replace(microsecond=0), signed)
    check_result(order, order_sha256, result)
    return result


def _sign_list(item: ListItem, signer: Signer) -> bytes:
    return build(
        issuer=signer,
        number=item.number,
        this_update=item.this_update,
        next_update=item.next_update,
        entries=[entry.to_der() for entry in item.entries],
        only_ca_certificates=True,
    )


def check_result(order: Order, order_sha256: bytes, result: Result) -> None:
    """Every item of this very order is there, is what was asked for, and is signed by the order's signer.

    Raises PkiError: MalformedInput, RefusedRequest, CrlRefusal, LintRefusal.
    """
    if result.order_id != order.id or result.order_sha256 != order_sha256:
        raise _refusal(
            "result-of-another-order", "The result answers another order, or the order was altered on its way.",
            remedy="Compare the order's SHA-256 on both screens, and sign the order that waits.",
        )  # fmt: skip
    if set(result.signed) != {item.id for item in order.items}:
        raise _refusal(
            "result-incomplete", "The result does not answer every item of the order, or answers others.",
            remedy="Sign the whole order; it cannot be taken in parts.",
        )  # fmt: skip
    for item in order.items:
        der = result.signed[item.id]
        if isinstance(item, CertificateItem):
            authorities.check_answer(_certificate(der), item.wish, order.signer)
        else:
            _check_list(Crl.parse(der), item, order.signer)


def _certificate(der: bytes) -> x509.Certificate:
    try:
        return load_certificate(der)
    except ValueError:
        raise malformed("certificate in the result") from None


def _check_list(made: Crl, item: ListItem, signer: x509.Certificate) -> None:
    made.verify(signer)
    start, end = entries_range(made.der)
    identifier = signer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    same = (
        (made.number, utc(made.this_update), made.next_update)
        == (item.number, utc(item.this_update), item.next_update)
        and made.der[start:end] == b"".join(entry.to_der() for entry in item.entries)
        and made.scope == Scope(only_ca_certificates=True)
        and made.authority_key_identifier == identifier
        and made.base_number is None
        and len(made.parsed.extensions) == 3
    )
    if not same:
        raise CrlRefusal(
            error(
                "answer-differs", "A list in the result is not the one that was asked for.", owner="administrator",
                remedy="Sign the work order again, unchanged, with the same release of the program.",
            )
        )  # fmt: skip
    if broken := lint_crl(made):
        raise LintRefusal(tuple(broken))


def describe_order(order: Order, order_sha256: bytes) -> list[str]:
    """Every item in plain words with its hash, as shown before the question."""
    lines = [
        f"Work order {order.id} of {order.forest}",
        f"  for the key of  {common_name(order.signer.subject) or display(order.signer.subject)}",
        f"  its certificate {hashlib.sha256(order.signer.public_bytes(Encoding.DER)).hexdigest()}",
        f"  made            {spoken(order.made_at)}, to be signed until {spoken(order.expires_at)}",
        f"  SHA-256         {order_sha256.hex()}",
        "",
    ]  # fmt: skip
    for position, item in enumerate(order.items, 1):
        lines += [
            f"{position}. {first}" if n == 0 else f"   {first}" for n, first in enumerate(describe_item(item))
        ]
        lines.append("")
    return lines


def describe_item(item: Item) -> list[str]:
    """One item in plain words, its hash last."""
    if isinstance(item, ListItem):
        return [
            f"Sign revocation list number {item.number}",
            f"current from {spoken(item.this_update)} to {spoken(item.next_update)}",
            *(
                f"revoked: {e.serial_number:X} on {spoken(e.revoked_at)}, {e.reason.value}" for e in item.entries
            ),
            *([] if item.entries else ["nothing is revoked"]),
            f"SHA-256 {item_sha256(item)}",
        ]  # fmt: skip
    wish = item.wish
    below = {0: "none below it", 1: "one level of authorities below it"}.get(
        wish.path_length, f"{wish.path_length} levels of authorities below it"
    )
    shown = ", ".join(
        d.name + (" and its subdomains" if d.include_subdomains else "") for d in wish.mail_domains
    )
    return [
        f"Make “{display(wish.subject)}” an authority ({item.title})",
        f"for mail of {shown}, and nothing else; {below}",
        f"valid from {spoken(wish.not_before)} to {spoken(wish.not_after)}",
        f"its key: {keys.describe(wish.public_key)}, SHA-256 {keys.spki_sha256(wish.public_key).hex()}",
        f"serial number {wish.serial_number:X}",
        f"lists at {wish.publication.crl_url}",
        f"SHA-256 {item_sha256(item)}",
    ]


def _refusal(code: str, summary: str, *, remedy: str = "") -> PkiError:
    return RefusedRequest(error(code, summary, remedy=remedy, owner="operator"))
