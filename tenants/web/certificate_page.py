"""The certificate viewer: General, Details, Path, Status of any certificate, judged at this moment.

`draw_certificate` is called by every page that shows a certificate: the forest's own, a contact's, a letter's.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from pki.claims import Claims, claims_of
from pki.path import Failure, Verdict
from tenants import clock
from tenants.access import Actor, SignedInRequest
from tenants.models import Hold, Revocation, Tenant, TrustRequest
from tenants.models.trust import TrustRequestState, TrustState
from tenants.public import forest_of
from tenants.scoping import tenant_scope
from tenants.services.certificate_files import FORMS, certificate_file
from tenants.services.document_findings import document_findings
from tenants.services.judge_certificate import Judged, judge_certificate, sha256_of
from tenants.web.answers import download
from tenants.web.certificate_fields import field_groups
from tenants.web.certificate_path import path_nodes
from tenants.web.certificate_status import status_of
from tenants.web.rows import purpose_title

TABS = ("general", "details", "path", "status")


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses of the tabs and downloads; an empty one hides its link."""

    general: str
    details: str
    path: str
    status: str
    cer: str = ""
    pem: str = ""
    p7b: str = ""


@dataclass(frozen=True, slots=True)
class Crumb:
    label: str
    url: str


@dataclass(frozen=True)
class Frame:
    """What surrounds a certificate on its page: where it was found, and what else was found there.

    `offered`: issuers that came along. `note`: how it came here. `letters`: how many letters carry it, if that is known.
    `message`: the letter that a wish to trust its root is about. `revocation` and `hold`: of a certificate issued
    here, with the number of the `published` list that names it.
    """

    links: Links
    crumbs: Sequence[Crumb] = ()
    offered: Sequence[x509.Certificate] = ()
    note: str = ""
    letters: int | None = None
    message: str = ""
    revocation: Revocation | None = None
    hold: Hold | None = None
    published: int | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    not_before: object
    not_after: object
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Use:
    state: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class TrustOffer:
    """The root that an administrator could decide about."""

    certificate: str
    message: str
    asked: bool


def hand_out(
    request: SignedInRequest,
    certificate: x509.Certificate,
    form: str,
    offered: Sequence[x509.Certificate] = (),
) -> HttpResponse:
    """A certificate as a file in one of FORMS: .p7b with its path too. Never a private key."""
    path: Sequence[x509.Certificate] = (certificate,)
    if form == "p7b":
        path = judge_certificate(request.actor, certificate, clock.now(), offered=offered).path.path
    content, media_type, name = certificate_file(certificate, form, path)
    return download(content, media_type, name)


def draw_certificate(
    request: SignedInRequest, certificate: x509.Certificate, tab: str, frame: Frame
) -> HttpResponse:
    """The page, or the file where the tab is one of FORMS. Raises Http404 for an unknown tab. Call it outside a scope."""
    if tab in FORMS:
        return hand_out(request, certificate, tab, frame.offered)
    if tab not in TABS:
        raise Http404
    judged = judge_certificate(request.actor, certificate, clock.now(), offered=frame.offered)
    claimed = claims_of(certificate)
    context = {
        "tab": tab,
        "title": claimed.name or _("A certificate without a readable name"),
        "subtitle": _subtitle(claimed),
        "crumbs": frame.crumbs,
        "links": frame.links,
        "path": judged.path,
        "certificate": Shown(
            certificate.not_valid_before_utc, certificate.not_valid_after_utc, sha256_of(certificate)
        ),
        "belongs": _belongs(certificate, claimed, judged, frame),
        "forest": _forest(claimed, judged),
        "uses": _uses(claimed),
        "groups": field_groups(certificate) if tab == "details" else (),
        "nodes": path_nodes(judged),
        "trust_request": _trust_offer(request.actor, judged, frame),
        "status": status_of(
            certificate, judged, frame.revocation, frame.hold, frame.published, frame.letters
        ),
        "findings": document_findings(request.actor.tenant_id, judged.path) if tab == "status" else (),
    }
    return render(request, "tenants/certificate.html", context)


def _subtitle(claimed: Claims) -> str:
    if not claimed.is_readable:
        return _("It cannot be parsed; nothing in it can be relied on.")
    if claimed.is_authority:
        kind = _("root certificate") if claimed.is_self_issued else _("authority certificate")
        return " · ".join(part for part in (claimed.organisation, kind) if part)
    purpose = purpose_title(can_sign=claimed.can_sign, can_encrypt=claimed.can_encrypt)
    return " · ".join([*claimed.mailboxes[:1], purpose])


def _belongs(
    certificate: x509.Certificate, claimed: Claims, judged: Judged, frame: Frame
) -> list[tuple[str, str]]:
    root = judged.roots.get(sha256_of(certificate))
    facts = [
        (_("Name"), claimed.name),
        (_("Address"), ", ".join(claimed.mailboxes)),
        (_("Organisation"), claimed.organisation),
        (_("Said by"), claimed.issuer),
        (
            _("Believed for"),
            ", ".join(root.domains) if root is not None and root.state != TrustState.DISTRUSTED else "",
        ),
        (_("Came here by"), frame.note),
    ]
    return [(label, value) for label, value in facts if value]


def _forest(claimed: Claims, judged: Judged) -> Tenant | None:
    """The badge of a forest of this portal, only for a name that a good path stands behind."""
    if judged.path.verdict is not Verdict.GOOD or not claimed.mailboxes:
        return None
    owner = forest_of(claimed.mailboxes[0].rpartition("@")[2].lower())
    return None if owner is None else Tenant.objects.filter(id=owner).first()


def _uses(claimed: Claims) -> list[Use]:
    if not claimed.is_readable:
        return [Use("skip", _("Nothing"), _("What it may be used for cannot be read."))]
    if claimed.is_authority:
        return [
            Use("ok", _("Signing certificates"), _("it is an authority")),
            Use("skip", _("Not for letters"), _("An authority neither signs nor receives letters.")),
        ]
    addresses = ", ".join(claimed.mailboxes) or _("no address at all")
    signs, encrypts = claimed.can_sign, claimed.can_encrypt
    only = _("from %(address)s only") % {"address": addresses}
    to = _("to %(address)s") % {"address": addresses}
    other = _("That takes another certificate.")
    return [
        Use("ok", _("Signing letters"), only) if signs else Use("skip", _("Not for signing letters"), other),
        Use("ok", _("Encrypting letters"), to)
        if encrypts
        else Use("skip", _("Not for encrypting letters"), other),
        Use("skip", _("Not for signing certificates"), _("It is no authority’s.")),
    ]


def _trust_offer(actor: Actor, judged: Judged, frame: Frame) -> TrustOffer | None:
    """Offered when the only thing missing is the forest's decision about the root at the top."""
    top = judged.path.path[0] if judged.path.path else None
    if top is None or judged.path.failure is not Failure.UNTRUSTED or not claims_of(top).is_root:
        return None
    with tenant_scope(actor.tenant_id):
        asked = TrustRequest.objects.filter(sha256=sha256_of(top), state=TrustRequestState.OPEN).exists()
    return TrustOffer(base64.b64encode(top.public_bytes(Encoding.DER)).decode(), frame.message, asked)
