"""People of the forest, for administrators: list, add, one-time links, deactivate."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from pki.errors import PkiError
from pki.names import Mailbox
from tenants import clock
from tenants.access import SignedInRequest, administrator
from tenants.models import Account, Certificate, CustodyKey, Hold, MailDomain, Person, SignInLink
from tenants.models.people import Role
from tenants.refusals import Refused
from tenants.scoping import tenant_scope
from tenants.services.add_person import LINK_LIFETIME, new_link, set_active
from tenants.services.add_person import add_person as add
from tenants.services.deactivate import deactivate
from tenants.services.list_people import PersonLine, Which, list_people
from tenants.services.readmission import barring_revocation
from tenants.web.answers import see_other
from tenants.web.forms import AddPerson, add_finding, sentence
from tenants.web.paging import page_query, page_url
from tenants.web.rows import CertificateRow, PersonRow
from tenants.web.words import ended_words, full_day

ADDRESS_FIELDS = {
    "name-missing": "name",
    "domain-not-own": "address",
    "address-taken": "address",
    "address-malformed": "address",
    "domain-malformed": "address",
    "address-not-ascii": "address",
}


@dataclass(frozen=True, slots=True)
class PeopleRow:
    person: PersonRow
    signing_until: datetime | None
    encryption_until: datetime | None
    note: str
    note_tone: str = "warn"


@dataclass(frozen=True, slots=True)
class PersonCertificate:
    certificate: CertificateRow
    title: str
    issuer_name: str
    note: str
    glyph: str
    tone: str


@dataclass(frozen=True, slots=True)
class ShownLink:
    url: str
    expires_at: datetime


@administrator
@require_safe
def people(request: SignedInRequest) -> HttpResponse:
    which, q, page = page_query(request, Which, Which.ALL)
    now = clock.now()
    with tenant_scope(request.actor.tenant_id):
        found = list_people(which, q, page, now)
        rows = [_people_row(line) for line in found.lines]
    context = {
        "rows": rows,
        "total": found.total,
        "filter": which.value,
        "counts": found.counts,
        "q": q,
        "previous_url": page_url("tenants:people", which, q, page - 1) if page > 1 else "",
        "next_url": page_url("tenants:people", which, q, page + 1) if found.has_next else "",
    }
    return render(request, "tenants/admin/people.html", context)


def _people_row(line: PersonLine) -> PeopleRow:
    note = ""
    if line.person.is_active and line.signing_until is None:
        if line.is_waiting:
            note = _("being issued")
        elif not line.has_signed_in:
            note = _("has not signed in yet")
    return PeopleRow(PersonRow.of(line.person), line.signing_until, line.encryption_until, note)


@administrator
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def add_person(request: SignedInRequest) -> HttpResponse:
    form = AddPerson(request.POST or None)
    existing: PersonRow | None = None
    if request.method == "POST" and form.is_valid():
        role = Role.ADMINISTRATOR if form.cleaned_data["is_administrator"] else Role.MEMBER
        now = clock.now()
        name, address = form.cleaned_data["name"], form.cleaned_data["address"]
        try:
            made, secret = add(request.actor, name, address, role, now)
        except (Refused, PkiError) as refused:
            add_finding(form, refused.finding, ADDRESS_FIELDS)
            if refused.finding.code == "address-taken":
                existing = _known(request, address)
        else:
            # Not a redirect: the secret is shown by this answer alone and is kept nowhere that could show it again.
            return _person_page(request, made.id, link=_shown_link(request, secret, now))
    domains = list(
        MailDomain.objects.filter(tenant_id=request.actor.tenant_id).values_list("name", flat=True)
    )
    context = {"form": form, "mail_domains": domains, "existing": existing}
    status = 422 if request.method == "POST" else 200
    return render(request, "tenants/admin/add_person.html", context, status=status)


def _known(request: SignedInRequest, address: str) -> PersonRow | None:
    """Who has the address: this page was sent twice, or somebody added them before."""
    with tenant_scope(request.actor.tenant_id):
        row = Person.objects.by_address(str(Mailbox.parse(address))).first()
    return None if row is None else PersonRow.of(row)


def _shown_link(request: SignedInRequest, secret: str, now: datetime) -> ShownLink:
    url = request.build_absolute_uri(reverse("tenants:signin_link", args=[secret]))
    return ShownLink(url, now + LINK_LIFETIME)


@administrator
@require_safe
def person(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    return _person_page(request, pk)


@administrator
@require_POST
@never_cache
def new_signin_link(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """The link is in this answer and nowhere else, so the answer is the page itself."""
    now = clock.now()
    try:
        secret = new_link(request.actor, pk, now)
    except Person.DoesNotExist:
        raise Http404 from None
    except Refused as refused:
        messages.error(request, sentence(refused.finding))
        return see_other("tenants:person", pk)
    return _person_page(request, pk, link=_shown_link(request, secret, now))


@administrator
@require_POST
def deactivate_person(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    revoke = request.POST.get("revoke") == "on"
    try:
        changed, revoked = deactivate(request.actor, pk, clock.now(), revoke=revoke)
    except Person.DoesNotExist:
        raise Http404 from None
    except Refused as refused:
        messages.error(request, sentence(refused.finding))
    else:
        messages.success(request, _left_words(changed.name, revoked))
    return see_other("tenants:person", pk)


def _left_words(name: str, revoked: int) -> str:
    if not revoked:
        return _("%(name)s can no longer sign in.") % {"name": name}
    text = ngettext(
        "%(name)s can no longer sign in, and %(n)d certificate is revoked.",
        "%(name)s can no longer sign in, and %(n)d certificates are revoked.",
        revoked,
    )
    return text % {"name": name, "n": revoked}


@administrator
@require_POST
def activate_person(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    try:
        changed = set_active(request.actor, pk, active=True)
    except Person.DoesNotExist:
        raise Http404 from None
    messages.success(request, _("%(name)s can sign in again.") % {"name": changed.name})
    return see_other("tenants:person", pk)


def _person_page(request: SignedInRequest, pk: uuid.UUID, link: ShownLink | None = None) -> HttpResponse:
    now = clock.now()
    with tenant_scope(request.actor.tenant_id):
        row = Person.objects.select_related("account").filter(id=pk).first()
        if row is None:
            raise Http404
        certificates = list(
            Certificate.objects.filter(person=row)
            .select_related("revocation")
            .order_by("-not_before", "-can_sign", "id")
        )
        held = dict(
            Hold.objects.open().filter(certificate__person=row).values_list("certificate_id", "held_at")
        )
        has_pin = CustodyKey.objects.current().filter(person=row).exists()
        barred = barring_revocation(row)
    waiting = SignInLink.objects.filter(account=row.account, used_at__isnull=True, expires_at__gt=now).first()
    in_use, earlier = _split(certificates, held, now)
    context = {
        "person": PersonRow.of(row),
        "in_use": in_use,
        "earlier": earlier,
        "link": link,
        "waiting_link": waiting.expires_at if waiting is not None and link is None else None,
        "is_self": row.id == request.actor.person_id,
        "facts": _facts(row, row.account),
        "has_pin": has_pin,
        "barred": barred,
    }
    response = render(request, "tenants/admin/person.html", context)
    if link is not None:
        response["Cache-Control"] = "no-store, private"
    return response


def _facts(row: Person, account: Account) -> list[tuple[str, str]]:
    seen = full_day(account.last_login) if account.last_login else _("never")
    return [(_("Added"), full_day(row.added_at)), (_("Last signed in"), seen)]


def _split(
    certificates: Iterable[Certificate], held: Mapping[uuid.UUID, datetime], now: datetime
) -> tuple[list[PersonCertificate], list[PersonCertificate]]:
    """What is valid and unrevoked, on hold or not, and the rest."""
    in_use: list[PersonCertificate] = []
    earlier: list[PersonCertificate] = []
    for row in certificates:
        revocation = getattr(row, "revocation", None)
        drawn = CertificateRow.of(row)
        glyph = "lock-ok" if row.can_encrypt else "seal-ok"
        if revocation is None and row.not_before <= now < row.not_after:
            since = held.get(row.id)
            note = ended_words(row.not_after, since, "certificateHold") if since else ""
            tone = "warn" if note else "ok"
            in_use.append(PersonCertificate(drawn, drawn.title, drawn.issuer_name, note, glyph, tone))
            continue
        why = ended_words(
            row.not_after,
            revocation.revoked_at if revocation else None,
            revocation.reason if revocation else "",
        )
        glyph = "seal-revoked" if revocation else "lock-key"
        earlier.append(PersonCertificate(drawn, drawn.title, drawn.issuer_name, why, glyph, "quiet"))
    # Two that were issued together differ by a second: what people ask for first stands first.
    in_use.sort(key=lambda shown: not shown.certificate.can_sign)
    return in_use, earlier
