"""Believe a root for named domains; stop believing it; ask an administrator to."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from pki.claims import claims_of
from pki.formats import read_certificates
from pki.names import common_name, domain_covers, normalise_domain, organization
from pki.trust import EVERY_USE, Use
from tenants import due_work, letter_roots
from tenants.access import Actor
from tenants.models import MailDomain, Reliance, TrustRequest, TrustRoot
from tenants.models.trust import TrustRequestState, TrustState
from tenants.public import forest_of
from tenants.refusals import refuse
from tenants.scoping import tenant_scope


def read_root(data: bytes) -> x509.Certificate:
    """The one root in a file that an administrator brought. Raises Refused, MalformedInput."""
    found = read_certificates(data)
    roots = [certificate for certificate in found if claims_of(certificate).is_root]
    if len(roots) != 1:
        refuse_unreadable(found)
        raise refuse(
            "not-one-root", f"The file holds {len(roots)} self-signed authority certificates; exactly one is needed.",
            remedy="Ask your partner for the certificate of their root (.cer).",
        )  # fmt: skip
    return roots[0]


def refuse_unreadable(found: Sequence[x509.Certificate]) -> None:
    """Raise Refused if one of a file's certificates loads, but cannot be read."""
    if not all(claims_of(certificate).is_readable for certificate in found):
        raise refuse(
            "certificate-unreadable", "A certificate in the file cannot be parsed: its names or extensions are damaged.",
            remedy="Ask whoever made it for a correct one.",
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Terms:
    """What a root is believed about, and for which time: letters received, and letters written, from `begins_at` to
    `ends_at` (None: no such bound).
    """

    uses: frozenset[Use] = EVERY_USE
    begins_at: datetime | None = None
    ends_at: datetime | None = None


ALWAYS = Terms()


def trust_root(
    actor: Actor, root: x509.Certificate, domains: Sequence[str], at: datetime, terms: Terms = ALWAYS
) -> TrustRoot:
    """Believe `root` for mail of `domains` only ("d", ".d" for subdomains), within the terms.

    Raises Refused, MalformedInput.
    """
    _require_administrator(actor)
    scope = check_domains(actor, domains)
    check_terms(terms)
    if not claims_of(root).is_authority:
        raise refuse(
            "not-an-authority", "This certificate is not an authority's: it cannot vouch for anybody."
        )
    der = root.public_bytes(Encoding.DER)
    with tenant_scope(actor.tenant_id, write=True):
        held = TrustRoot.objects.filter(sha256=hashlib.sha256(der).digest()).first()
        if held is not None and held.state == TrustState.OWN:
            raise refuse("own-root", "This is your organisation's own root; it is believed already.")
        row = held or TrustRoot(der=der, sha256=hashlib.sha256(der).digest())
        row.label = common_name(root.subject) or organization(root.subject) or "Unnamed root"
        row.organisation = organization(root.subject)
        row.domains, row.state = scope, TrustState.TRUSTED
        row.decided_by_id, row.decided_at = actor.person_id, at
        row.for_signing, row.for_encryption = "signing" in terms.uses, "encryption" in terms.uses
        row.begins_at, row.ends_at = terms.begins_at, terms.ends_at
        row.save()
        TrustRequest.objects.filter(sha256=row.sha256).update(state=TrustRequestState.ANSWERED)
        _rely_on(actor.tenant_id, scope)
        letter_roots.letters().judge_again(actor.tenant_id)
    return row


def distrust_root(actor: Actor, root_id: uuid.UUID, at: datetime) -> TrustRoot:
    """Stop believing a root, at once. Raises Refused, TrustRoot.DoesNotExist."""
    _require_administrator(actor)
    with tenant_scope(actor.tenant_id, write=True):
        row = TrustRoot.objects.get(id=root_id)
        if row.state == TrustState.OWN:
            raise refuse("own-root", "Your organisation's own root cannot be distrusted here.")
        row.state, row.decided_by_id, row.decided_at = TrustState.DISTRUSTED, actor.person_id, at
        row.save()
        letter_roots.letters().judge_again(actor.tenant_id)
    return row


def ask_to_trust(actor: Actor, root: x509.Certificate, at: datetime) -> TrustRequest:
    """A person's wish; asking again while it is open changes nothing."""
    der = root.public_bytes(Encoding.DER)
    with tenant_scope(actor.tenant_id, write=True):
        request, _ = TrustRequest.objects.get_or_create(
            sha256=hashlib.sha256(der).digest(),
            defaults={"der": der, "asked_by_id": actor.person_id, "asked_at": at},
        )
        if request.state != TrustRequestState.OPEN:
            request.state, request.asked_by_id, request.asked_at = TrustRequestState.OPEN, actor.person_id, at
            request.save()
        return request


def refuse_request(actor: Actor, request_id: uuid.UUID) -> None:
    """Close a wish without believing. Raises TrustRequest.DoesNotExist."""
    _require_administrator(actor)
    with tenant_scope(actor.tenant_id, write=True):
        request = TrustRequest.objects.get(id=request_id, state=TrustRequestState.OPEN)
        request.state = TrustRequestState.REFUSED
        request.save(update_fields=["state"])


def _require_administrator(actor: Actor) -> None:
    if not actor.is_administrator:
        raise refuse("not-administrator", "Only an administrator decides about trust.", owner="administrator")


def check_terms(terms: Terms) -> None:
    """Raises Refused."""
    if not terms.uses:
        raise refuse(
            "no-use", "A root that is believed about nothing is not believed.", remedy="Choose a use."
        )
    if terms.begins_at is not None and terms.ends_at is not None and terms.ends_at <= terms.begins_at:
        raise refuse(
            "trust-dates", "The last day lies before the first one, so the root would never be believed.",
            remedy="Change one of the two days, or leave one out.",
        )  # fmt: skip


def check_domains(actor: Actor, domains: Sequence[str]) -> list[str]:
    """The domains of a decision as they are kept ("d", ".d"). Raises Refused, MalformedInput."""
    wanted = [domain.strip().lower() for domain in domains if domain.strip()]
    if not wanted:
        raise refuse(
            "no-domain", "A root is believed for named mail domains only.", remedy="Name at least one domain."
        )
    scope = ["." + normalise_domain(d[1:]) if d.startswith(".") else normalise_domain(d) for d in wanted]
    for entry in scope:
        _refuse_too_wide(entry)
        _refuse_own(actor, entry)
    return list(dict.fromkeys(scope))


def _refuse_too_wide(entry: str) -> None:
    if "." not in entry.lstrip("."):
        raise refuse(
            "domain-too-wide", f"“{entry}” is no organisation's mail domain; a root is not believed for so much.",
            remedy="Name your partner's own domain, such as contoso.example.",
        )  # fmt: skip


def _refuse_own(actor: Actor, entry: str) -> None:
    """What covers an own domain would speak for it, and what lies below one looks like it."""
    base = entry.lstrip(".")
    for own in MailDomain.objects.filter(tenant_id=actor.tenant_id).values_list("name", flat=True):
        if base == own or domain_covers(f".{own}", base) or domain_covers(entry, own):
            what = own if entry == own else f"{entry} touches {own}, which"
            raise refuse(
                "own-domain", f"{what} belongs to your own organisation; no foreign root may vouch for it.",
                remedy="Leave it out.",
            )  # fmt: skip


def _rely_on(tenant_id: uuid.UUID, scope: Sequence[str]) -> None:
    """Hear of every list that forests of this portal publish for these domains, and fetch what there is now."""
    publishers = {forest_of(domain.lstrip(".")) for domain in scope}
    for publisher_id in publishers:
        if publisher_id is None or publisher_id == tenant_id:
            continue
        Reliance.objects.get_or_create(publisher_id=publisher_id, relying_id=tenant_id)
        due_work.schedule("pull_publications", tenant_id, publisher_id)
