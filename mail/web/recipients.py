"""Recipients while a letter is being written: their states, the strength they allow, and who cannot read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from mail.letter import Letter
from mail.services.plan import Plan, RecipientPlan, plan
from mail.services.send import MOST_RECIPIENTS
from mail.web.letter_form import read_post
from mail.web.words import joined
from tenants import clock
from tenants.access import Actor, SignedInRequest, member


@dataclass(frozen=True, slots=True)
class Pill:
    field: str
    name: str
    address: str
    state: str
    reason: str


@dataclass(frozen=True, slots=True)
class Strength:
    """The live line under the recipients."""

    text: str
    tone: str


@dataclass(frozen=True, slots=True)
class Cannot:
    """What _cannot_encrypt.html draws."""

    title: str
    people: tuple[Pill, ...]
    look_again_note: str
    ready_names: tuple[str, ...]
    unencrypted_allowed: bool
    unencrypted_reason: str


def plan_letter(actor: Actor, letter: Letter) -> Plan:
    """Judge everybody addressed. More than a letter may have are not judged one by one: sending refuses them."""
    return plan(actor, letter.recipients()[: MOST_RECIPIENTS + 1], clock.now())


def pills(judged: Plan) -> list[Pill]:
    return [Pill(r.kind, r.name, r.address, r.state.value, r.reason) for r in judged.recipients]


def strength(letter: Letter, judged: Plan) -> Strength | None:
    if not judged.recipients:
        return None
    if not letter.encrypt:
        return Strength(_("Not encrypted: anyone who carries this letter can read it."), "warn")
    if typed := [recipient.typed for recipient in letter.recipients() if not recipient.address]:
        return Strength(_("“%(typed)s” is not an address.") % {"typed": typed[0][:80]}, "bad")
    unable = judged.cannot_read
    if unable:
        names = {"names": joined(_named(unable[:3])), "n": len(unable)}
        text = ngettext(
            "%(names)s cannot read it encrypted yet.",
            "%(n)s people cannot read it encrypted yet.",
            len(unable),
        )
        return Strength(text % names, "bad")
    return Strength(_encrypting(judged), "ok")


def _encrypting(judged: Plan) -> str:
    """With what, and who stands in the way of something newer: what was never said, or what was said."""
    facts = {"algorithm": judged.algorithm, "transport": judged.choice.key_transport.value}
    limiting = judged.limiting or judged.transport_limiting
    if not limiting:
        return _("Encrypting with %(algorithm)s.") % facts
    silent = [r for r in limiting if r.candidate is not None and not r.candidate.announced()]
    facts["who"] = joined(_named((silent or limiting)[:3]))
    if silent:
        text = _(
            "Encrypting with %(algorithm)s, because nothing newer is known of the mail program of %(who)s."
        )
    elif judged.limiting:
        text = _("Encrypting with %(algorithm)s, because the mail program of %(who)s lists nothing newer.")
    else:
        text = _(
            "Encrypting with %(algorithm)s; its key goes out by %(transport)s, because the mail program of %(who)s lists"
            " nothing newer."
        )
    return text % facts


def must_sign(letter: Letter, judged: Plan) -> str:
    """Why Sign cannot be switched off: without authenticated encryption only the signature shows a change."""
    if not letter.encrypt or judged.cipher.authenticated or not judged.limited_by:
        return ""
    facts = {"algorithm": judged.algorithm, "who": judged.limited_by}
    return (
        _(
            "Sign stays on: %(who)s receives %(algorithm)s, in which only a signature shows whether the text was changed."
        )
        % facts
    )


def send_label(letter: Letter) -> str:
    if letter.sign and letter.encrypt:
        return _("Send signed & encrypted")
    if letter.encrypt:
        return _("Send encrypted")
    return _("Send signed") if letter.sign else _("Send unprotected")


def cannot_read(judged: Plan, *, encrypt_reason: str) -> Cannot:
    """The dialog. `encrypt_reason`: why this letter must stay encrypted, empty if it need not."""
    unable = judged.cannot_read
    ready = [r for r in judged.recipients if r.can_read_encrypted]
    people = tuple(Pill(r.kind, r.name, r.address, r.state.value, r.explanation or r.reason) for r in unable)
    return Cannot(
        title=_title(len(unable), len(judged.recipients)),
        people=people,
        look_again_note="",
        ready_names=tuple(_named(ready)),
        unencrypted_allowed=not encrypt_reason,
        unencrypted_reason=encrypt_reason,
    )


def _title(unable: int, whole: int) -> str:
    if whole == 1:
        return _("The recipient can’t read this encrypted")
    facts = {"n": unable, "whole": whole}
    text = ngettext(
        "%(n)d of %(whole)d people can’t read this encrypted",
        "%(n)d of %(whole)d people can’t read this encrypted",
        unable,
    )
    return text % facts


def _named(people: Sequence[RecipientPlan]) -> list[str]:
    return [person.shown_name for person in people]


@member
@require_POST
def recipients(request: SignedInRequest) -> HttpResponse:
    """Asked shortly after typing stops."""
    _form, posted = read_post(request.POST, request.FILES)
    judged = plan_letter(request.actor, posted.letter)
    line = strength(posted.letter, judged)
    return JsonResponse(
        {
            "recipients": [
                {name: getattr(pill, name) for name in ("field", "address", "name", "state", "reason")}
                for pill in pills(judged)
            ],
            "algorithm": line.text if line else "",
            "tone": line.tone if line else "ok",
            "send_label": send_label(posted.letter),
        }
    )
