"""What the forest decided about a root that vouches for nobody here: distrusted it, or was asked and has not answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from tenants.access import Actor
from tenants.models import TrustRequest, TrustRoot
from tenants.models.trust import TrustRequestState, TrustState
from tenants.scoping import tenant_scope
from tenants.services.judge_certificate import sha256_of


@dataclass(frozen=True, slots=True)
class RootDecision:
    """Each None if it did not happen. `asked_at`: a wish is open since then."""

    distrusted_at: datetime | None = None
    asked_at: datetime | None = None


def root_decision(actor: Actor, root: x509.Certificate) -> RootDecision:
    """Opens a scope of its own."""
    sha256 = sha256_of(root)
    with tenant_scope(actor.tenant_id):
        distrusted = TrustRoot.objects.filter(sha256=sha256, state=TrustState.DISTRUSTED)
        asked = TrustRequest.objects.filter(sha256=sha256, state=TrustRequestState.OPEN)
        return RootDecision(
            distrusted.values_list("decided_at", flat=True).first(),
            asked.values_list("asked_at", flat=True).first(),
        )
