"""Public keys whose private half others may have, because a certificate was revoked for it: never certified again."""

from __future__ import annotations

from pki import keys
from pki.crl import Reason
from pki.errors import RefusedRequest
from pki.findings import error
from pki.keys import PublicKey
from tenants.models import Revocation

# Reasons that cast doubt on what was signed before the revocation was recorded.
COMPROMISE = frozenset({Reason.KEY_COMPROMISE, Reason.CA_COMPROMISE, Reason.AA_COMPROMISE})


def refuse_compromised(public_key: PublicKey) -> None:
    """Inside an open scope. Raises RefusedRequest (S/MIME BR §6.1.1.3: known compromised keys are rejected)."""
    stolen = Revocation.objects.filter(
        reason=Reason.KEY_COMPROMISE.value, certificate__spki_sha256=keys.spki_sha256(public_key)
    )
    if stolen.exists():
        raise RefusedRequest(
            error(
                "key-compromised",
                "A certificate with this key was revoked because others may have the key.",
                citation="S/MIME BR §6.1.1.3",
                remedy="Make a new key and ask again with that one.",
                owner="you",
            )
        )
