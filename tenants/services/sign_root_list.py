"""Sign the next list of an offline root with its key file, for this one signature."""

from __future__ import annotations

import uuid
from pathlib import Path

from cryptography.hazmat.primitives.serialization import load_pem_private_key

from pki import keys
from pki.signer import Signer
from tenants.models import CrlPublication, Generation
from tenants.models.authorities import AuthorityKind
from tenants.refusals import refuse
from tenants.scoping import tenant_scope
from tenants.services.publish_crl import publish_root_list


def sign_root_list(tenant_id: uuid.UUID, key_file: Path, passphrase: str) -> CrlPublication:
    """Publish the list of the root generation that the key file belongs to. Raises Refused, CrlRefusal."""
    key = _read_key(key_file, passphrase)
    spki = keys.spki_sha256(key.public_key())
    with tenant_scope(tenant_id):
        generation = Generation.objects.filter(authority__kind=AuthorityKind.ROOT, spki_sha256=spki).first()
    if generation is None:
        raise refuse(
            "not-this-root", f"The key in {key_file.name} belongs to no root of this forest.", owner="operator",
            remedy="Name the forest and the key file that was written when it was founded.",
        )  # fmt: skip
    return publish_root_list(tenant_id, generation.id, Signer(key, generation.certificate))


def _read_key(key_file: Path, passphrase: str) -> keys.SigningPrivateKey:
    try:
        key = load_pem_private_key(key_file.read_bytes(), passphrase.encode() or None)
    except (OSError, ValueError, TypeError):
        # One sentence for a missing file, a damaged one and a wrong passphrase: the key file says nothing to guessers.
        raise refuse(
            "root-key-unreadable", f"{key_file} cannot be opened as a root key with this passphrase.", owner="operator",
            remedy="Check the file and ROOT_KEY_PASSPHRASE.",
        ) from None  # fmt: skip
    if not isinstance(key, keys.SigningPrivateKey):
        raise refuse("root-key-unreadable", f"{key_file} holds a key that cannot sign.", owner="operator")
    return key
