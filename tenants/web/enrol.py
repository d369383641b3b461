"""Enrolment on one page: choose a PIN, wait a moment, be able to sign and encrypt."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from tenants import clock
from tenants.access import SignedInRequest, member
from tenants.keystore.custody import Custody
from tenants.models import Certificate
from tenants.refusals import Refused
from tenants.scoping import tenant_scope
from tenants.services.enrol import ask_again
from tenants.services.enrol import enrol as enrol_person
from tenants.services.enrolment_state import Progress, Stage, enrolment_state
from tenants.services.unlock import Paused, WrongPin, unlock
from tenants.web.answers import see_other
from tenants.web.forms import NewPin, Pin, add_finding, sentence
from tenants.web.rows import CertificateRow
from tenants.web.unlocked import remember_unlocked
from tenants.web.words import clock_time, wrong_pin_words

PIN_FIELDS = {"pin-too-short": "pin", "pin-too-long": "pin", "pin-too-simple": "pin"}


@member
@sensitive_post_parameters("pin", "pin_again")
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def enrol(request: SignedInRequest) -> HttpResponse:
    """Form, waiting, failed and done are states of one page, so that going back and coming again are harmless."""
    progress = enrolment_state(request.actor, clock.now())
    if request.method != "POST":
        return _page(request, progress, _form_for(progress))
    if progress.stage in (Stage.FAILED, Stage.WAITING) and "again" in request.POST:
        try:
            ask_again(request.actor, clock.now())
        except Refused as refused:
            messages.error(request, sentence(refused.finding))
        return see_other("tenants:enrol")
    if progress.stage is not Stage.FORM:
        return see_other("tenants:enrol")  # sent twice: the first one counts
    form = Pin(request.POST) if progress.has_pin else NewPin(request.POST)
    custody = _enrol(request, form, progress) if form.is_valid() else None
    if custody is None:
        return _page(request, progress, form, status=422)
    response = see_other("tenants:enrol")
    remember_unlocked(response, custody)
    return response


def _enrol(request: SignedInRequest, form: Pin, progress: Progress) -> Custody | None:
    """The opened custody key, or None with the reason on the form."""
    pin = form.cleaned_data["pin"]
    try:
        if not progress.has_pin:
            return enrol_person(request.actor, pin, clock.now())
        match unlock(request.actor, pin, clock.now()):
            case Custody() as custody:
                ask_again(request.actor, clock.now())
                return custody
            case WrongPin(tries_left=left):
                form.add_error("pin", wrong_pin_words(left))
            case Paused(until=until):
                form.add_error("pin", _("The PIN rests until %(time)s.") % {"time": clock_time(until)})
            case _:
                form.add_error(None, _("Your keys are not protected yet. Load this page again."))
    except Refused as refused:
        add_finding(form, refused.finding, PIN_FIELDS)
    return None


def _form_for(progress: Progress) -> Pin | None:
    if progress.stage is not Stage.FORM:
        return None
    return Pin() if progress.has_pin else NewPin()


def _page(request: SignedInRequest, progress: Progress, form: Pin | None, status: int = 200) -> HttpResponse:
    context = {
        "state": progress.stage.value,
        "pin_exists": progress.has_pin,
        "form": form,
        "refusal": progress.refusal,
        "step": "" if progress.failure is None else progress.failure.step.label,
        "next_try_at": progress.next_try_at,
        "certificates": _in_use(request) if progress.stage is Stage.DONE else [],
    }
    return render(request, "tenants/enrol.html", context, status=status)


def _in_use(request: SignedInRequest) -> list[CertificateRow]:
    now = clock.now()
    with tenant_scope(request.actor.tenant_id):
        mine = Certificate.objects.issued_here().filter(person_id=request.actor.person_id).current(now)
        newest = (mine.signing().first(), mine.encryption().first())
        return list(dict.fromkeys(CertificateRow.of(row) for row in newest if row is not None))


@member
@require_safe
@never_cache
def enrol_status(request: SignedInRequest) -> JsonResponse:
    """Polled by the waiting page; the same answer is on the page for those without scripts."""
    stage = enrolment_state(request.actor, clock.now()).stage
    return JsonResponse({"state": stage.value, "url": reverse("tenants:enrol")})
