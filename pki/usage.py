"""The S/MIME relying party's own demands: algorithms, purpose, key usage, address (RFC 8550 §4).

Not applied when a path is judged for purpose "any".
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import ExtendedKeyUsageOID

from . import certificates, keys, names
from .algorithms import Strength, key_strength, signature_strength
from .building import Path
from .errors import MalformedInput
from .extensions import find
from .findings import Finding, error, warning
from .names import Mailbox, display
from .times import spoken
from .trust import TrustAnchor, Use
from .verdicts import Failure, Problem

_MAIL = {ExtendedKeyUsageOID.EMAIL_PROTECTION, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}


def mail_problems(path: Path, anchor: TrustAnchor | None, address: str | None) -> Iterator[Problem]:
    """Everything that keeps a path from vouching for mail; `address` narrows it to one mailbox."""
    yield from _algorithms(path)
    for certificate in path[1:]:
        yield from _purpose(certificate)
    leaf = path[-1]
    yield from _key_usage(leaf)
    stated = stated_addresses(leaf)
    yield from _address(leaf, stated, address)
    if anchor is not None:
        yield from _anchor_scope(leaf, anchor, stated, address)


def mail_notes(leaf: x509.Certificate) -> list[Finding]:
    """What is worth saying about a leaf without deciding anything."""
    if not certificates.mailboxes(leaf) and names.email_addresses(leaf.subject):
        return [
            warning(
                "address-in-subject",
                "The certificate states its address only in the old place (subject emailAddress).",
                citation="RFC 8550 §3",
                remedy="Nothing needs to be done; a renewal should put it into the alternative name.",
                owner="sender",
            )
        ]
    return []


def stated_addresses(leaf: x509.Certificate) -> tuple[str, ...]:
    """The addresses of a certificate; those of the subject count only when there are no others (RFC 8550
    §3).
    """
    return certificates.mailboxes(leaf) or names.email_addresses(leaf.subject)


def _algorithms(path: Path) -> Iterator[Problem]:
    for certificate in path[1:]:
        if signature_strength(certificate) is Strength.READ_ONLY:
            yield _weak_signature(certificate)
    for certificate in path:
        try:
            key = certificate.public_key()
        except (UnsupportedAlgorithm, ValueError):
            yield _weak_key(certificate, "of a kind that is not supported")
            continue
        if key_strength(key) is not Strength.ACCEPTED:
            yield _weak_key(certificate, keys.describe(key))


def _weak_signature(certificate: x509.Certificate) -> Problem:
    finding = error(
        "weak-signature",
        f"The certificate of {display(certificate.subject)} was signed with an obsolete method, "
        "so anyone with enough computers could have made it.",
        citation="RFC 6194",
        remedy="Ask its owner for a certificate signed with SHA-256 or better.",
        owner="sender",
    )
    return Problem(Failure.WEAK, finding, certificate)


def _weak_key(certificate: x509.Certificate, kind: str) -> Problem:
    finding = error(
        "weak-key",
        f"The key of {display(certificate.subject)} is {kind}; it cannot be relied on.",
        citation="RFC 8550 §4.3",
        remedy="Ask its owner for a certificate with RSA of 2048 bits or more, or an elliptic curve.",
        owner="sender",
    )
    return Problem(Failure.WEAK, finding, certificate)


def _purpose(certificate: x509.Certificate) -> Iterator[Problem]:
    """Extended key usage, intersected along the path as mail clients do; the anchor is free of it."""
    purposes = find(certificate, x509.ExtendedKeyUsage)
    if purposes is not None and not _MAIL & set(purposes):
        yield _usage(certificate, "purpose", "was not issued for mail", "RFC 8550 §4.4.4")


def _key_usage(leaf: x509.Certificate) -> Iterator[Problem]:
    usage = find(leaf, x509.KeyUsage)
    if usage is None:
        return
    if not (
        usage.digital_signature or usage.content_commitment or usage.key_encipherment or usage.key_agreement
    ):
        yield _usage(leaf, "key-usage", "may neither sign nor receive mail", "RFC 8550 §4.4.2")


def _usage(certificate: x509.Certificate, code: str, what: str, citation: str) -> Problem:
    finding = error(
        code,
        f"The certificate of {display(certificate.subject)} {what}.",
        citation=citation,
        remedy="Ask its owner to use a certificate for S/MIME.",
        owner="sender",
    )
    return Problem(Failure.USAGE, finding, certificate)


def _address(leaf: x509.Certificate, stated: tuple[str, ...], address: str | None) -> Iterator[Problem]:
    if address is None or any(names.same_mailbox(own, address) for own in stated):
        return
    own = ", ".join(stated[:5]) or "no address"
    finding = error(
        "address-mismatch",
        f"The certificate is for {own}, not for {address}.",
        citation="RFC 8550 §3",
        remedy="Ask the sender which address is right before you rely on the letter.",
        owner="you",
    )
    yield Problem(Failure.ADDRESS, finding, leaf)


def _anchor_scope(
    leaf: x509.Certificate, anchor: TrustAnchor, stated: tuple[str, ...], address: str | None
) -> Iterator[Problem]:
    if anchor.domains is None and not anchor.excluded_domains:
        return
    wanted = (address,) if address is not None else stated
    outside = [text for text in wanted if not _vouched(anchor, text)]
    if outside or not wanted:
        shown = ", ".join(outside[:5]) or "a certificate without an address"
        finding = error(
            "anchor-not-for-domain",
            f"{anchor.label or display(anchor.certificate.subject)} is trusted here, but not for {shown}.",
            remedy="Ask your administrator whether this root may speak for that domain.",
            owner="administrator",
        )
        yield Problem(Failure.UNTRUSTED, finding, leaf)


def anchor_problems(anchor: TrustAnchor, path: Path, at: datetime, use: Use | None) -> Iterator[Problem]:
    """Whether the anchor is believed about this moment and for this use (None: no use in particular)."""
    name = anchor.label or display(anchor.certificate.subject)
    if not anchor.speaks_at(at):
        early = anchor.not_before is not None and at < anchor.not_before
        bound = anchor.not_before if early else anchor.not_after
        when = (
            f"only from {spoken(bound)} on"
            if early and bound
            else f"only until {spoken(bound)}"
            if bound
            else ""
        )
        yield _not_believed(
            path, "anchor-not-at-this-time", f"{name} is trusted here, but {when}, not for {spoken(at)}."
        )
    if use is not None and use not in anchor.uses:
        what = "about who signed a letter" if use == "signing" else "about whom to encrypt to"
        yield _not_believed(path, "anchor-not-for-use", f"{name} is trusted here, but not {what}.")


def _not_believed(path: Path, code: str, summary: str) -> Problem:
    remedy = "Ask your administrator how far this root is to be trusted."
    return Problem(Failure.UNTRUSTED, error(code, summary, remedy=remedy, owner="administrator"), path[0])


def _vouched(anchor: TrustAnchor, text: str) -> bool:
    try:
        return anchor.vouches_for(Mailbox.parse(text))
    except MalformedInput:
        return False
