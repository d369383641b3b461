"""Private keys of issuing authorities: stored sealed, opened only where the authorities' master key is held."""

from __future__ import annotations

import uuid

from pki import keys
from pki.signer import Signer
from tenants.database_clock import check_clock
from tenants.keystore.sealing import context, seal, unseal
from tenants.keystore.tenant_keys import tenant_key
from tenants.models import AuthorityKey, Generation
from tenants.models.custody import KeyKind
from tenants.scoping import current_tenant_id


def store_authority_key(generation: Generation, private_key: keys.PrivateKey) -> None:
    """Seal a generation's key, inside its forest's write scope."""
    AuthorityKey.objects.create(generation=generation, sealed=seal_authority_key(generation.id, private_key))


def seal_authority_key(generation_id: uuid.UUID, private_key: keys.PrivateKey) -> bytes:
    """The seal of a key whose generation may be yet to come, under the id that it will have. Inside a scope."""
    return seal(tenant_key(KeyKind.AUTHORITIES), keys.to_pkcs8(private_key), _bound_to(generation_id))


def open_signer(generation: Generation) -> Signer:
    """The generation's signer. Raises AuthorityKey.DoesNotExist (offline root), MasterKeyWithheld (not a worker),

    Refused (a clock that is off signs nothing).
    """
    check_clock()
    row = AuthorityKey.objects.get(generation=generation)
    pkcs8 = unseal(tenant_key(KeyKind.AUTHORITIES), bytes(row.sealed), _bound_to(generation.id))
    private_key = keys.from_pkcs8(pkcs8, verified=True)
    if not isinstance(private_key, keys.SigningPrivateKey):
        raise TypeError(f"{generation} holds a key that cannot sign.")
    return Signer(private_key, generation.certificate)


def _bound_to(generation_id: uuid.UUID) -> bytes:
    return context("authority key", current_tenant_id(), generation_id)
