"""The desk of one request: a letter in the composer, its draft, its key, and the page that shows them."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from mail.letter import Letter, Relation
from mail.models import Draft, Message
from mail.models.letters import Folder
from mail.services.answer import Binding, bind, taken_along
from mail.services.drafts import MOST_OCTETS, draft_files, open_files, save_draft, too_large
from mail.services.plan import Plan
from mail.services.read import OpenedLetter, open_letter
from mail.services.send import Threading
from mail.services.send import send as send_letter
from mail.web.letter_form import LetterForm, bound_to, form_of, new_form_token
from mail.web.recipients import Cannot, must_sign, pills, plan_letter, send_label, strength
from smime.mime import Attachment
from smime.report import Encryption
from tenants import clock
from tenants.access import Actor, SignedInRequest
from tenants.keystore.custody import Custody
from tenants.models import Certificate
from tenants.refusals import Refused, refuse
from tenants.scoping import tenant_scope
from tenants.services.brought_key import brought_signing_key
from tenants.services.unlock import NotEnrolled, Paused, WrongPin, unlock
from tenants.web.forms import Pin, sentence
from tenants.web.unlock import UnlockForm, locked
from tenants.web.unlocked import open_custody, remember_unlocked
from tenants.web.words import full_day, wrong_pin_words

ENDS_SOON = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file that hangs on the letter: of the draft, or (`original-…`) of the letter that is forwarded."""

    id: str
    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Identity:
    name: str
    address: str
    note: str
    tone: str


@dataclass
class Desk:
    """`keep_ids`: the draft's files that stay, None for all. `letter.attachments`: files that came with this request.

    `names`: of files whose own names cannot be read while the key is locked, as the page showed them.
    """

    request: SignedInRequest
    form: LetterForm
    letter: Letter
    draft_id: uuid.UUID | None
    in_reply_to: uuid.UUID | None
    form_token: str
    keep_ids: Collection[uuid.UUID] | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    saved_at: datetime | None = None
    encrypt_reason: str = ""
    answered: Message | None = None
    answered_author: str = ""
    withheld: str = ""
    unlock_form: UnlockForm | None = None
    _opened_now: Custody | None = field(default=None, repr=False)
    _is_own: bool = False

    def __post_init__(self) -> None:
        self.actor: Actor = self.request.actor
        self._look_up_draft()
        self._look_up_answered()

    def _look_up_draft(self) -> None:
        """What a kept draft answers stands in its row, whatever a form says."""
        if self.draft_id is None:
            return
        with tenant_scope(self.actor.tenant_id):
            row = Draft.objects.filter(id=self.draft_id, person_id=self.actor.person_id).first()
            mine = Message.objects.of(self.actor.person_id).filter(folder=Folder.SENT)
            self._is_own = row is not None or mine.filter(id=self.draft_id).exists()
        if row is not None and row.in_reply_to_id is not None:
            self.in_reply_to = row.in_reply_to_id

    def _look_up_answered(self) -> None:
        if self.in_reply_to is None:
            return
        with tenant_scope(self.actor.tenant_id):
            self.answered = Message.objects.of(self.actor.person_id).filter(id=self.in_reply_to).first()
        if self.answered is None:
            self.in_reply_to = None
        elif self.answered.is_encrypted or self.answered.encryption not in ("", Encryption.NONE.value):
            self.encrypt_reason = (
                _(
                    "Encrypt stays on: this letter passes on an encrypted one, whose words must not travel open."
                )
                if self.letter.relation is Relation.FORWARD
                else _(
                    "Encrypt stays on: this letter answers an encrypted one, whose words must not travel open."
                )
            )

    def bind(self) -> None:
        """Before anything is done with what was posted: encryption that may not be switched off is on."""
        if self.encrypt_reason and not self.letter.encrypt:
            self.change(replace(self.letter, encrypt=True))

    def change(self, letter: Letter) -> None:
        """Show and use another letter from here on."""
        self.letter, self.form = letter, bound_to(letter)

    # The draft

    def keep(self) -> bool:
        """Keep everything as it stands; False with the reason on the form if that is refused."""
        if self.draft_id is None and self.letter.is_blank:
            return True
        is_new = self.draft_id is None
        draft_id = self.draft_id or self._letter_id()
        try:
            row = save_draft(
                self.actor, self.letter, draft_id, clock.now(),
                in_reply_to=self.in_reply_to, keep=self.keep_ids, is_new=is_new,
            )  # fmt: skip
        except Refused as refused:
            field_name = "files" if refused.finding.code == "attachments-too-large" else None
            self.form.add_error(field_name, sentence(refused.finding))
            return False
        self.draft_id, self.saved_at = row.id, row.updated_at
        self._remember_names()
        self.letter, self.keep_ids = replace(self.letter, attachments=()), None
        return True

    def _remember_names(self) -> None:
        """Of the files that came with this request: they were added last, in their order."""
        added = self.letter.attachments
        if added and self.draft_id is not None:
            held = draft_files(self.actor, self.draft_id, None)[-len(added) :]
            mine = {str(row.id): file.name for row, file in zip(held, added, strict=True)}
            self.names = {**self.names, **mine}

    def _letter_id(self) -> uuid.UUID:
        """Of the draft, or one that this person's form leads to and nobody else's can.

        An id that a form merely states (of a discarded draft, of nobody's, of somebody else's) is never taken as it is:
        a letter under it would stand in the way of whoever it belongs to.
        """
        if self.draft_id is not None and self._is_own:
            return self.draft_id
        token = self.draft_id.hex if self.draft_id is not None else self.form_token
        return uuid.uuid5(self.actor.person_id, f"letter {token}")

    # The key

    @property
    def needs_key(self) -> bool:
        """To sign, and to take along what lies sealed."""
        if self.letter.sign or self.letter.originals or self.encrypt_reason:
            return True
        return self.draft_id is not None and bool(draft_files(self.actor, self.draft_id, None))

    @property
    def custody(self) -> Custody | None:
        return self._opened_now or open_custody(self.request, self.actor)

    def unlock(self, pin: str) -> bool:
        """Whether the key is open, now or by this PIN; else the page asks for it."""
        if self.custody is not None:
            return True
        self.unlock_form = locked(self.actor, reverse("mail:compose"))
        if not pin:
            return False
        match unlock(self.actor, pin, clock.now()):
            case Custody() as custody:
                self._opened_now, self.unlock_form = custody, None
                return True
            case Paused(until=until):
                self.unlock_form = replace(self.unlock_form, paused_until=until)
            case WrongPin(tries_left=left):
                form = Pin({"pin": ""})
                form.full_clean()
                form.errors.clear()
                form.add_error("pin", wrong_pin_words(left))
                self.unlock_form = replace(self.unlock_form, form=form, tries_left=left)
            case NotEnrolled():
                pass
        return False

    def remember_key(self, response: HttpResponse) -> None:
        """A key that this request's PIN opened stays open in the browser."""
        if self._opened_now is not None:
            remember_unlocked(response, self._opened_now)

    # Sending

    def send(self, judged: Plan) -> Message:
        """Raises Refused, SmimeError, PkiError. What was sent already is not sent again."""
        with tenant_scope(self.actor.tenant_id):
            mine = Message.objects.of(self.actor.person_id).filter(folder=Folder.SENT)
            already = mine.filter(id=self._letter_id()).first()
        if already is not None:
            return already
        original = self._original()
        letter = replace(self.letter, attachments=self._files(original))
        if sum(len(file.content) for file in letter.attachments) > MOST_OCTETS:
            raise too_large()
        binding = Binding(Threading())
        if original is not None:
            binding = bind(original, self.actor.address, self.letter.relation)
        return send_letter(
            self.actor, letter, judged, self.custody, clock.now(),
            letter_id=self._letter_id(), threading=binding.threading, response=binding.response,
        )  # fmt: skip

    def _files(self, original: OpenedLetter | None) -> tuple[Attachment, ...]:
        kept: tuple[Attachment, ...] = ()
        if self.draft_id is not None and self.custody is not None:
            kept = open_files(self.actor, self.draft_id, self.custody, keep=self.keep_ids)
        if self.keep_ids is not None and len(kept) < len(self.keep_ids):
            raise refuse(
                "file-gone", _("A file of this letter is gone: its draft was discarded in another window."),
                remedy=_("Attach the file again."),
            )  # fmt: skip
        return (*self._originals(original).values(), *kept, *self.letter.attachments)

    def _originals(self, original: OpenedLetter | None) -> Mapping[int, Attachment]:
        """The chosen files of the letter that is forwarded, as far as they may be taken along."""
        if original is None:
            return {}
        allowed = taken_along(original)
        return {n: original.report.attachments[n] for n in self.letter.originals if n in allowed}

    def _original(self) -> OpenedLetter | None:
        if self.in_reply_to is None or self.letter.relation is Relation.NEW:
            return None
        return open_letter(self.actor, self.in_reply_to, self.custody, clock.now())

    # The page

    def again(self, cannot: Cannot | None = None, plan: Plan | None = None) -> HttpResponse:
        """The form as it was typed, kept in Drafts meanwhile: a chosen file would not survive another way."""
        self.keep()
        status = 422 if self.form.errors or self.unlock_form is not None else 200
        return self.page(cannot=cannot, plan=plan, status=status)

    def page(
        self, *, cannot: Cannot | None = None, plan: Plan | None = None, status: int = 200
    ) -> HttpResponse:
        judged = plan or plan_letter(self.actor, self.letter)
        identity, cannot_sign = self._identity()
        context: dict[str, Any] = {
            "form": self.form,
            "title": self._title(),
            "draft": {"pk": self.draft_id, "saved_at": self.saved_at} if self.draft_id else None,
            "form_token": self.form_token,
            "in_reply_to": self.in_reply_to or "",
            "relation": self.letter.relation.value,
            "identity": identity,
            "recipients": pills(judged),
            "algorithm": strength(self.letter, judged),
            "attachments": self._shown_files(),
            "limit": MOST_OCTETS,
            "sign_reason": cannot_sign or (must_sign(self.letter, judged) if self.letter.sign else ""),
            "encrypt_reason": self.encrypt_reason,
            "withheld": self.withheld,
            "send_label": send_label(self.letter),
            "cannot": cannot,
            "unlock": self.unlock_form,
        }
        response = render(self.request, "mail/compose.html", context, status=status)
        self.remember_key(response)
        return response

    def _title(self) -> str:
        if self.answered is None or self.letter.relation is Relation.NEW:
            return _("New letter")
        if self.letter.relation is Relation.FORWARD:
            return _("Forward")
        # Until a letter is read, its author is a claim of the outer header.
        name = self.answered_author or self._judged_author(self.answered)
        return _("Reply to %(name)s") % {"name": name} if name else _("Reply")

    def _judged_author(self, answered: Message) -> str:
        """Until a letter is read, its author is a mere claim of the outer header."""
        return (answered.from_name or answered.from_address) if answered.judged_at is not None else ""

    def _shown_files(self) -> list[KeptFile]:
        shown = self._shown_originals()
        if self.draft_id is not None:
            for file in draft_files(self.actor, self.draft_id, self.custody):
                shown.append(
                    KeptFile(
                        str(file.id),
                        file.name or self.names.get(str(file.id)) or _("a file, sealed"),
                        file.size,
                    )
                )
        return shown

    def _shown_originals(self) -> list[KeptFile]:
        if not self.letter.originals:
            return []
        original = self._original()
        files = original.report.attachments if original is not None else ()
        return [
            KeptFile(f"original-{n}", files[n].name, files[n].size)
            for n in self.letter.originals
            if n < len(files)
        ]

    def _identity(self) -> tuple[Identity, str]:
        """Who signs, and why nobody can (empty if they can)."""
        at = clock.now()
        with tenant_scope(self.actor.tenant_id):
            mine = Certificate.objects.issued_here().filter(person_id=self.actor.person_id).with_key()
            row = mine.current(at).signing().first()
        if row is None and (brought := brought_signing_key(self.actor, at)) is not None:
            row = brought.row
        if row is None:
            reason = _(
                "You have no valid signing certificate. Get a new one under “My certificates”; it takes a minute."
            )
            return Identity(self.actor.name, self.actor.address, _("no certificate"), "bad"), reason
        note = _("%(key)s until %(end)s") % {
            "key": row.key_description.removeprefix("EC "),
            "end": full_day(row.not_after),
        }
        tone = "warn" if row.not_after - at < ENDS_SOON else "ok"
        return Identity(self.actor.name, self.actor.address, note, tone), ""


def opening(
    request: SignedInRequest,
    letter: Letter,
    in_reply_to: uuid.UUID | None = None,
    *,
    author: str = "",
    withheld: str = "",
) -> Desk:
    """A letter that is just begun: nothing is kept yet. `author` is whom it answers, `withheld` why nothing is quoted."""
    return Desk(
        request, form_of(letter), letter, None, in_reply_to, new_form_token(),
        answered_author=author, withheld=withheld,
    )  # fmt: skip
