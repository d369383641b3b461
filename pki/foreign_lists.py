"""Judging a revocation list of somebody else before it is kept (RFC 5280 §5, §6.3.3).

A list that is refused replaces nothing. Delta and indirect lists are not kept: what only they could say stays
undetermined.
"""

from __future__ import annotations

from datetime import datetime

from cryptography import x509

from .algorithms import Strength, signature_strength
from .coverage import covered_reasons, points
from .crl import CLOCK_TOLERANCE, Crl
from .errors import CrlRefusal, PkiError
from .extensions import find
from .findings import error
from .times import spoken, utc


def check_received(
    new: Crl,
    held: Crl | None,
    *,
    issuer: x509.Certificate,
    certificate: x509.Certificate | None,
    at: datetime,
) -> None:
    """Raises `CrlRefusal` with the reason. `held`: the list of this issuer and scope that is at hand.

    `certificate`: one whose status is asked; the list must speak about it. None: any scope will do.
    """
    new.verify(issuer)
    _check_signer(new, issuer)
    _check_kind(new)
    _check_dates(new, utc(at))
    if certificate is not None:
        _check_scope(new, certificate)
    if held is not None and held.sha256 != new.sha256:
        _check_progress(new, held)


def check_current(new: Crl, at: datetime) -> None:
    """Raises `CrlRefusal` for a list that has ended: whoever publishes it brings nothing new."""
    if new.next_update is not None and new.next_update <= utc(at):
        raise _refusal("crl-ended", f"The list that is published there ended on {spoken(new.next_update)}.")


def _check_signer(new: Crl, issuer: x509.Certificate) -> None:
    usage = find(issuer, x509.KeyUsage)
    if usage is not None and not usage.crl_sign:
        raise _refusal("crl-signer", "The authority's certificate does not allow its key to sign lists.")
    if signature_strength(new.parsed) is not Strength.ACCEPTED:
        raise _refusal(
            "crl-weak", "The list is signed with an obsolete method, so others could have made it."
        )


def _check_kind(new: Crl) -> None:
    if new.base_number is not None:
        raise _refusal(
            "crl-delta", "It holds only the changes to another list; such lists are not supported."
        )
    if new.scope.indirect:
        raise _refusal(
            "crl-indirect", "It speaks for other authorities as well; such lists are not supported."
        )
    if new.number is None or new.number_is_critical:
        raise _refusal("crl-number", "The list has no proper number.")
    if new.unknown_critical:
        raise _refusal("crl-demand", "The list makes a demand that is not understood here.")


def _check_dates(new: Crl, at: datetime) -> None:
    if new.next_update is None:
        raise _refusal("crl-endless", "The list does not say how long it holds.")
    if new.next_update <= new.this_update:
        raise _refusal("crl-dates", "The list ends before it begins.")
    if new.this_update > at + CLOCK_TOLERANCE:
        raise _refusal(
            "crl-future", f"The list claims to be made on {spoken(new.this_update)}, in the future."
        )


def _check_scope(new: Crl, certificate: x509.Certificate) -> None:
    try:
        covered = covered_reasons(new, certificate, points(certificate))
    except (PkiError, ValueError):
        covered = frozenset()
    if not covered:
        raise _refusal(
            "crl-scope", "The list says that it does not speak about certificates of this kind or place."
        )


def _check_progress(new: Crl, held: Crl) -> None:
    number, known = new.number or 0, held.number or 0
    if number < known:
        raise _refusal("crl-number-lower", f"It is number {number}, but number {known} is at hand already.")
    if new.this_update < held.this_update:
        raise _refusal("crl-older", f"It is older than the list at hand, of {spoken(held.this_update)}.")
    if number == known:
        raise _refusal(
            "crl-number-same", f"It differs from the list at hand, but has the same number {number}."
        )


def _refusal(code: str, summary: str) -> CrlRefusal:
    return CrlRefusal(
        error(
            code,
            summary,
            citation="RFC 5280 §5, §6.3.3",
            remedy="Nothing was replaced. Tell the authority that its list cannot be used.",
            owner="sender",
        )
    )
