"""Take certificates and their keys along as a .p12 for another mail program."""

from __future__ import annotations

import uuid

from pki import keys
from pki.formats import Identity, write_pkcs12
from tenants.access import Actor
from tenants.keystore.custody import Custody
from tenants.models import Certificate, Generation, MailKey
from tenants.refusals import refuse
from tenants.scoping import tenant_scope

SHORTEST_PASSWORD = 10


def export_identity(actor: Actor, certificate_id: uuid.UUID, custody: Custody, password: str) -> bytes:
    """The .p12 of one certificate with its path. Raises Refused, MailKey.DoesNotExist."""
    if len(password) < SHORTEST_PASSWORD:
        raise refuse(
            "password-too-short", f"The file's password needs at least {SHORTEST_PASSWORD} characters.",
            remedy="Whoever has the file and its password can read your letters: choose a longer one.",
        )  # fmt: skip
    with tenant_scope(actor.tenant_id):
        row = (
            MailKey.objects.openable()
            .select_related("certificate")
            .get(certificate_id=certificate_id, person_id=actor.person_id)
        )
        chain = [generation.certificate for generation in _issuers(row.certificate)]
    private_key = keys.from_pkcs8(
        custody.open(bytes(row.sealed), "mail key", row.certificate_id), verified=True
    )
    identity = Identity(private_key, row.certificate.certificate, actor.name)
    return write_pkcs12(identity=identity, chain=chain, password=password, name=actor.name)


def _issuers(certificate: Certificate) -> list[Generation]:
    generations = {bytes(g.certificate.subject.public_bytes()): g for g in Generation.objects.all()}
    path: list[Generation] = []
    issuer = certificate.certificate.issuer
    while (found := generations.get(issuer.public_bytes())) is not None and found not in path:
        path.append(found)
        issuer = found.certificate.issuer
    return path
