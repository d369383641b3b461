"""Which certificates a revocation list speaks for (RFC 5280 §6.3.3 (b), §5.2.5).

A list covers a certificate when issuer, kind and distribution point agree; with reasons left out it covers
only the remaining ones. Whether the list is authentic and current is not asked here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import urlsplit

from cryptography import x509

from .crl import Crl, Scope
from .extensions import find
from .names import comparable
from .rules import is_authority

Reasons: TypeAlias = frozenset[x509.ReasonFlags]
ALL_REASONS: Reasons = frozenset(
    flag
    for flag in x509.ReasonFlags
    if flag not in (x509.ReasonFlags.unspecified, x509.ReasonFlags.remove_from_crl)
)


@dataclass(frozen=True, slots=True)
class Point:
    """One distribution point of a certificate: locations, the reasons it is for, and who issues its list."""

    names: frozenset[str]
    reasons: Reasons
    list_issuers: tuple[x509.Name, ...] = ()


def points(certificate: x509.Certificate) -> list[Point]:
    """The certificate's distribution points, and the one every certificate has: its issuer (§6.3.3, last
    step).
    """
    declared = find(certificate, x509.CRLDistributionPoints) or ()
    found = [_point(point, certificate) for point in declared]
    implied = frozenset((_directory_key(certificate.issuer),))
    return [*found, Point(implied, ALL_REASONS)]


def covered_reasons(crl: Crl, certificate: x509.Certificate, own_points: Iterable[Point]) -> Reasons:
    """The reasons for which this list speaks about the certificate; empty when it does not."""
    scope = crl.scope
    if scope.only_attribute_certificates:
        return frozenset()
    authority = is_authority(certificate)
    if (scope.only_user_certificates and authority) or (scope.only_ca_certificates and not authority):
        return frozenset()
    covered: Reasons = frozenset()
    listed = ALL_REASONS if scope.some_reasons is None else scope.some_reasons & ALL_REASONS
    for point in own_points:
        if _issuer_agrees(crl, certificate, point) and _location_agrees(scope, crl.issuer, point):
            covered |= listed & point.reasons
    return covered


def _issuer_agrees(crl: Crl, certificate: x509.Certificate, point: Point) -> bool:
    """§6.3.3 (b)(1): another issuer only when the certificate names it and the list says that it is
    indirect.
    """
    if point.list_issuers:
        named = any(comparable(crl.issuer) == comparable(name) for name in point.list_issuers)
        return named and crl.scope.indirect
    return comparable(crl.issuer) == comparable(certificate.issuer)


def _location_agrees(scope: Scope, issuer: x509.Name, point: Point) -> bool:
    """§6.3.3 (b)(2)(i): a list with a location speaks only for certificates that name this location."""
    if scope.relative_name is not None:
        return _directory_key(_below(issuer, scope.relative_name)) in point.names
    if scope.full_names is None:
        return True
    return any(_name_key(name) in point.names for name in scope.full_names)


def _point(point: x509.DistributionPoint, certificate: x509.Certificate) -> Point:
    list_issuers = tuple(n.value for n in point.crl_issuer or () if isinstance(n, x509.DirectoryName))
    if point.full_name:
        names = [_name_key(name) for name in point.full_name]
    elif point.relative_name is not None:
        base = list_issuers[0] if list_issuers else certificate.issuer
        names = [_directory_key(_below(base, point.relative_name))]
    else:
        names = [_directory_key(name) for name in list_issuers]
    reasons = ALL_REASONS if point.reasons is None else point.reasons & ALL_REASONS
    return Point(frozenset(names), reasons, list_issuers)


def _below(base: x509.Name, relative: x509.RelativeDistinguishedName) -> x509.Name:
    return x509.Name([*base.rdns, relative])


def _directory_key(name: x509.Name) -> str:
    return f"dir:{comparable(name)!r}"


def _name_key(name: x509.GeneralName) -> str:
    """A text in which equal locations are equal: host and scheme without case, everything else exactly."""
    if isinstance(name, x509.DirectoryName):
        return _directory_key(name.value)
    if isinstance(name, x509.UniformResourceIdentifier):
        try:
            parts = urlsplit(name.value)
        except ValueError:
            return f"uri:{name.value}"
        return f"uri:{parts._replace(scheme=parts.scheme.lower(), netloc=parts.netloc.lower()).geturl()}"
    return f"{type(name).__name__}:{name.value!r}"
