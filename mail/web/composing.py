"""Write a letter: begin it, keep it, and send it once everybody can read it and the key is open."""

from __future__ import annotations

import uuid
from dataclasses import replace
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from mail.author import judged_author
from mail.letter import Letter, Relation
from mail.models import Draft, Message
from mail.models.letters import Folder
from mail.services.answer import begin_answer, withheld
from mail.services.drafts import open_draft
from mail.services.plan import Plan
from mail.services.read import open_letter
from mail.web.asking import request_for
from mail.web.desk import Desk, opening
from mail.web.letter_form import form_of, new_form_token, read_post
from mail.web.recipients import cannot_read, must_sign, plan_letter
from mail.web.words import joined
from pki.errors import PkiError
from smime.errors import SmimeError
from smime.report import Encryption
from tenants import clock
from tenants.access import SignedInRequest, member
from tenants.keystore.custody import SealBroken
from tenants.models import CustodyKey
from tenants.refusals import Refused
from tenants.scoping import tenant_scope
from tenants.web.answers import see_other
from tenants.web.forms import sentence
from tenants.web.unlocked import open_custody

_RELATIONS = {"reply": Relation.REPLY, "reply_all": Relation.REPLY_ALL, "forward": Relation.FORWARD}


@member
@sensitive_post_parameters("pin")
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def compose(request: SignedInRequest) -> HttpResponse:
    if not _has_key(request):
        messages.info(request, _("Before your first letter you need certificates. It takes a minute."))
        return see_other("tenants:enrol")
    if request.method == "POST":
        return _submit(request, None)
    for parameter, relation in _RELATIONS.items():
        if parameter in request.GET:
            return _begin_answer(request, request.GET[parameter], relation)
    letter = request_for(request.GET.get("ask", ""), request.actor.name, request.GET.get("to", ""))
    letter = letter or Letter(to=request.GET.get("to", ""), subject=request.GET.get("subject", "")[:500])
    return opening(request, letter).page()


@member
@sensitive_post_parameters("pin")
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def draft(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """The same form on a kept draft. Opening it needs the key; its address leads to the letter once that is sent."""
    if request.method != "POST" and _was_sent(request, pk):
        messages.info(request, _("This letter was sent."))
        return see_other("mail:sent_message", pk)
    if not _is_known(request, pk):
        raise Http404
    if request.method == "POST":
        return _submit(request, pk)
    custody = open_custody(request, request.actor)
    if custody is None:
        return _unlock_first(request)
    try:
        row, letter = open_draft(request.actor, pk, custody)
    except SealBroken:
        messages.error(
            request, _("This draft was sealed with your earlier PIN and cannot be opened any more.")
        )
        return see_other("mail:drafts")
    return Desk(
        request,
        form_of(letter),
        letter,
        row.id,
        row.in_reply_to_id,
        new_form_token(),
        saved_at=row.updated_at,
    ).page()


def _is_known(request: SignedInRequest, pk: uuid.UUID) -> bool:
    """A draft of this person, or one that a first press of Send has sent a moment ago."""
    with tenant_scope(request.actor.tenant_id):
        if Draft.objects.filter(id=pk, person_id=request.actor.person_id).exists():
            return True
    return request.method == "POST" and _was_sent(request, pk)


def _was_sent(request: SignedInRequest, pk: uuid.UUID) -> bool:
    with tenant_scope(request.actor.tenant_id):
        return Message.objects.of(request.actor.person_id).filter(id=pk, folder=Folder.SENT).exists()


def _has_key(request: SignedInRequest) -> bool:
    with tenant_scope(request.actor.tenant_id):
        return CustodyKey.objects.current().filter(person_id=request.actor.person_id).exists()


def _unlock_first(request: SignedInRequest) -> HttpResponse:
    return see_other(f"{reverse('tenants:unlock')}?{urlencode({'next': request.get_full_path()})}")


def _begin_answer(request: SignedInRequest, identifier: str, relation: Relation) -> HttpResponse:
    custody = open_custody(request, request.actor)
    try:
        opened = open_letter(request.actor, uuid.UUID(identifier), custody, clock.now())
    except (Message.DoesNotExist, ValueError):
        raise Http404 from None
    if opened.report.encryption is Encryption.LOCKED:
        return _unlock_first(request)
    letter = begin_answer(opened, request.actor.address, relation)
    name, address = judged_author(opened.report)
    reason = withheld(opened, request.actor.address, relation)
    return opening(request, letter, opened.message.id, author=name or address, withheld=reason).page()


def _submit(request: SignedInRequest, pk: uuid.UUID | None) -> HttpResponse:
    form, posted = read_post(request.POST, request.FILES)
    desk = Desk(
        request,
        form,
        posted.letter,
        pk or posted.draft_id,
        posted.in_reply_to,
        posted.form_token,
        posted.keep,
        posted.names,
    )
    desk.bind()
    match posted.action:
        case "close":
            return _close(desk)
        case "ask":
            return _ask(desk)
        case "save" | "attach" | "back":
            desk.keep()
            return desk.page()
        case _:
            return _send(desk, posted.action, posted.pin)


def _close(desk: Desk) -> HttpResponse:
    if not desk.keep():
        return desk.page()
    if desk.draft_id is not None:
        messages.success(desk.request, _("The draft is kept, encrypted to you."), extra_tags="toast")
    return see_other("mail:inbox")


def _ask(desk: Desk) -> HttpResponse:
    """The letter waits in Drafts; a short request to those who cannot be served is begun."""
    unable = plan_letter(desk.actor, desk.letter).cannot_read
    if not desk.keep():
        return desk.page()
    messages.info(
        desk.request,
        _("Your letter waits in Drafts. Here is the request; send it, and go on when they answer."),
    )
    query = urlencode({"ask": "letter", "to": ", ".join(r.address for r in unable if "@" in r.address)})
    return see_other(f"{reverse('mail:compose')}?{query}")


def _send(desk: Desk, action: str, pin: str) -> HttpResponse:
    """Everything that could stop the letter is asked before the PIN, and the PIN before anything is signed."""
    desk.form.check_addresses()
    if desk.form.errors:
        return desk.again()
    judged = plan_letter(desk.actor, desk.letter)
    judged = _chosen(desk, action, judged)
    if desk.letter.encrypt and judged.cannot_read:
        return desk.again(cannot=cannot_read(judged, encrypt_reason=desk.encrypt_reason), plan=judged)
    reason = must_sign(desk.letter, judged)
    if reason and not desk.letter.sign:
        desk.change(replace(desk.letter, sign=True))
        desk.form.add_error(None, reason)
        return desk.again()
    if desk.needs_key and not desk.unlock(pin):
        return desk.again(plan=judged)
    try:
        desk.send(judged)
    except (Refused, SmimeError, PkiError) as refused:
        desk.form.add_error(None, sentence(refused.finding))
        return desk.again()
    messages.success(desk.request, _sent_words(desk.letter, judged), extra_tags="toast")
    response = see_other("mail:inbox")
    desk.remember_key(response)
    return response


def _chosen(desk: Desk, action: str, judged: Plan) -> Plan:
    """What the dialog's button changes about the letter."""
    if action == "only_ready":
        ready = tuple(r for r in judged.recipients if r.can_read_encrypted)
        if ready:
            desk.change(desk.letter.addressed_to(r.address for r in ready))
            return replace(judged, recipients=ready)
    elif action == "unencrypted" and not desk.encrypt_reason:
        desk.change(replace(desk.letter, encrypt=False))
    return judged


def _shortened(names: list[str]) -> list[str]:
    """At most four, the last of which says how many more."""
    return names if len(names) <= 4 else [*names[:3], _("%(n)d more") % {"n": len(names) - 3}]


def _sent_words(letter: Letter, judged: Plan) -> str:
    seen = [r.shown_name for r in judged.recipients if r.kind != "bcc"]
    hidden = [r.shown_name for r in judged.recipients if r.kind == "bcc"]
    names = joined(_shortened(seen))
    if hidden:
        bcc = _("Bcc %(names)s") % {"names": joined(_shortened(hidden))}
        names = _("%(seen)s, %(bcc)s") % {"seen": names, "bcc": bcc} if seen else bcc
    if letter.sign and letter.encrypt:
        return _("Sent signed and encrypted to %(names)s.") % {"names": names}
    if letter.encrypt:
        return _("Sent encrypted to %(names)s.") % {"names": names}
    if letter.sign:
        return _("Sent signed, not encrypted, to %(names)s.") % {"names": names}
    return _("Sent without signature and encryption to %(names)s.") % {"names": names}
