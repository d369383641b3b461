"""Which forest of this portal calls a root its own, and which mail domains that forest owns."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from pki.names import organization
from tenants import public
from tenants.models import MailDomain, Tenant


@dataclass(frozen=True, slots=True)
class RootOrigin:
    forest: Tenant
    domains: tuple[str, ...]


def root_origin(root: x509.Certificate) -> RootOrigin | None:
    """The forest, if it is one of this portal. Call it outside a scope.

    The organisation's name in the certificate only says where to look; the forest itself must publish this very root.
    """
    forest = Tenant.objects.filter(name=organization(root.subject)).first()
    if forest is None or root.public_bytes(Encoding.DER) not in public.root_certificates(forest.id):
        return None
    domains: list[str] = []
    for domain in MailDomain.objects.filter(tenant=forest).order_by("name"):
        domains += [domain.name, f".{domain.name}"] if domain.include_subdomains else [domain.name]
    return RootOrigin(forest, tuple(domains))
