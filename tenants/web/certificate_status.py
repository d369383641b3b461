"""The Status tab: what the revocation lists at hand say about a certificate now, and which lists those are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from django.utils.translation import gettext as _

from pki.claims import name_of
from pki.crl import Crl, Reason
from pki.names import common_name, display
from pki.revocation import Good, Revoked, Undetermined
from tenants import clock
from tenants.models import Hold, Revocation
from tenants.services.judge_certificate import Judged
from tenants.web.words import camel_words, full_moment


@dataclass(frozen=True, slots=True)
class UsedList:
    issuer: str
    number: int | None
    this_update: datetime | None
    next_update: datetime | None
    source: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Status:
    state: str  # good, revoked, undetermined
    title: str
    text: str
    lists: Sequence[UsedList] = ()
    letters: int | None = None


def status_of(
    certificate: x509.Certificate,
    judged: Judged,
    revocation: Revocation | None,
    hold: Hold | None,
    published: int | None,
    letters: int | None,
) -> Status:
    """The forest's own record comes first: it knows of a revocation before the list is out."""
    if revocation is not None:
        return Status("revoked", *_revoked_here(certificate, revocation, published), letters=letters)
    if hold is not None:
        return Status("revoked", _held(hold.held_at), _listed(published), letters=letters)
    match judged.path.revocation:
        case Good() as good:
            title, text = _good(good, judged)
            return Status("good", title, text, [_used(crl, judged) for crl in good.lists], letters)
        case Revoked(entry=entry, node=node) if entry.reason is Reason.CERTIFICATE_HOLD:
            text = _("Do not rely on it until its authority releases it or revokes it for good.")
            return Status("revoked", _held(entry.revoked_at), text, letters=letters)
        case Revoked(entry=entry, node=node):
            facts = {"when": full_moment(entry.revoked_at), "reason": camel_words(entry.reason)}
            title = _("Revoked %(when)s: %(reason)s") % facts
            return Status("revoked", title, _whose(certificate, node), letters=letters)
        case Undetermined(reason=reason):
            title = _("Whether it was revoked can’t be determined")
            return Status("undetermined", title, reason, letters=letters)
    text = _("Lists are only asked once the path to a trusted root holds.")
    return Status("undetermined", _("Not checked"), text, letters=letters)


def _revoked_here(
    certificate: x509.Certificate, revocation: Revocation, published: int | None
) -> tuple[str, str]:
    facts = {"when": full_moment(revocation.revoked_at), "reason": camel_words(revocation.reason)}
    title = _("Revoked %(when)s: %(reason)s") % facts
    if certificate.not_valid_after_utc <= clock.now():
        return title, _(
            "It has ended since, and lists no longer name it. Letters from its time are judged by the lists of then."
        )
    return title, _listed(published)


def _held(since: datetime) -> str:
    return _("On hold since %(when)s") % {"when": full_moment(since)}


def _listed(published: int | None) -> str:
    if published is None:
        return _("The list that names it is being published; that takes less than a minute.")
    return _("List number %(n)s, which is published, names it.") % {"n": published}


def _good(good: Good, judged: Judged) -> tuple[str, str]:
    if not good.lists:
        text = _("A root is revoked by nobody: your administrators decide whether it is trusted.")
        return _("Nothing to ask"), text
    title = _("Not revoked, as of %(when)s") % {"when": full_moment(good.leaf_update or good.this_update)}
    if good.unreachable:
        until = {"when": full_moment(good.next_update)}
        return title, _(
            "No newer list could be fetched. The one at hand stays current until %(when)s."
        ) % until
    if good.stale:
        return title, _("A list that was used has ended since; no newer one is at hand.")
    until = {"when": full_moment(good.next_update)}
    return title, _("No list on its path names it. The first of them stays current until %(when)s.") % until


def _whose(certificate: x509.Certificate, node: x509.Certificate) -> str:
    if node == certificate:
        return _("Do not rely on anything newer than that moment.")
    name = name_of(node) or _("an authority without a readable name")
    return _("Not this certificate itself: %(name)s, which vouches for it, was revoked.") % {"name": name}


def _used(crl: Crl, judged: Judged) -> UsedList:
    return UsedList(
        common_name(crl.issuer) or display(crl.issuer),
        crl.number,
        crl.this_update,
        crl.next_update,
        judged.list_sources.get(bytes(crl.sha256), ""),
    )
