"""The composer's form: what was typed, as a Letter. Nothing that was typed is ever lost by an error."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _

from mail.letter import Letter, Relation, read_recipients
from smime.mime import Attachment

ACTIONS = frozenset(
    {"send", "save", "close", "back", "attach", "look_again", "only_ready", "unencrypted", "ask"}
)
MOST_TEXT = 2 * 1024 * 1024
_ORIGINAL = re.compile(r"original-(\d{1,4})")
_FORM_TOKEN = re.compile(r"[0-9a-f]{32}")


class LetterForm(forms.Form):
    """Drawn by hand in compose.html; the fields carry values and errors."""

    to = forms.CharField(required=False, strip=False, max_length=20_000)
    cc = forms.CharField(required=False, strip=False, max_length=20_000)
    bcc = forms.CharField(required=False, strip=False, max_length=20_000)
    subject = forms.CharField(required=False, max_length=500)
    text = forms.CharField(required=False, strip=False, max_length=MOST_TEXT, widget=forms.Textarea)
    sign = forms.BooleanField(required=False)
    encrypt = forms.BooleanField(required=False)
    files = forms.FileField(required=False)  # type: ignore[assignment]  # a form keeps its fields elsewhere

    def clean_subject(self) -> str:
        return " ".join(str(self.cleaned_data["subject"]).split())

    def check_addresses(self) -> None:
        """Before a letter leaves: somebody to send it to, and every piece an address. Drafts may be anything."""
        for kind in ("to", "cc", "bcc"):
            unreadable = [r.typed for r in read_recipients(kind, self.text_of(kind)) if not r.address]
            if unreadable:
                words = {"typed": unreadable[0][:80]}
                self.add_error(kind, _("“%(typed)s” is not an address. Write it as name@domain.") % words)
        if not any(self.text_of(kind).strip(" ,;\r\n") for kind in ("to", "cc", "bcc")):
            self.add_error("to", _("Add at least one address."))

    def text_of(self, kind: str) -> str:
        return str(self.cleaned_data.get(kind) or "")


@dataclass(frozen=True, slots=True)
class Posted:
    """One press of a button. `letter.attachments` are the files that came with it; `keep` the files to stay.

    `draft_id` is set once a draft exists; `form_token` names the form before that, so that it is one letter however
    often it is sent. `names` are the files' names as the page showed them: the portal cannot read them while the key
    is locked, and they are only drawn again.
    """

    letter: Letter
    action: str
    draft_id: uuid.UUID | None
    in_reply_to: uuid.UUID | None
    keep: frozenset[uuid.UUID]
    form_token: str
    pin: str
    names: Mapping[str, str] = field(default_factory=dict)


def read_post(data: QueryDict, files: MultiValueDict[str, UploadedFile[Any]]) -> tuple[LetterForm, Posted]:
    """The bound form (cleaned, addresses not yet checked) and its values."""
    form = LetterForm(data)
    form.full_clean()
    kept = data.getlist("keep")
    letter = Letter(
        to=form.text_of("to"),
        cc=form.text_of("cc"),
        bcc=form.text_of("bcc"),
        subject=form.text_of("subject"),
        text=form.text_of("text"),
        attachments=tuple(_attachments(files.getlist("files"))),
        sign=bool(form.cleaned_data.get("sign")),
        encrypt=bool(form.cleaned_data.get("encrypt")),
        relation=_relation(data.get("relation", "")),
        originals=tuple(int(found[1]) for entry in kept if (found := _ORIGINAL.fullmatch(entry))),
    )
    token = data.get("letter", "")
    posted = Posted(
        letter=letter,
        action=_meant(data),
        draft_id=_uuid(data.get("draft", "")),
        in_reply_to=_uuid(data.get("in_reply_to", "")),
        keep=frozenset(file_id for entry in kept if (file_id := _uuid(entry)) is not None),
        form_token=token if _FORM_TOKEN.fullmatch(token) else new_form_token(),
        pin=data.get("pin", ""),
        names={key: data.get(f"name-{key}", "")[:200] for key in kept},
    )
    return form, posted


def _meant(data: QueryDict) -> str:
    """Enter in a field never sends a letter, except where a PIN was just typed for that."""
    action = data.get("action", "")
    if action == "enter" and data.get("pin"):
        return "send"
    return action if action in ACTIONS else "save"


def new_form_token() -> str:
    return uuid.uuid4().hex


def form_of(letter: Letter) -> LetterForm:
    """An unbound form that shows a letter."""
    shown = ("to", "cc", "bcc", "subject", "text", "sign", "encrypt")
    return LetterForm(initial={name: getattr(letter, name) for name in shown})


def bound_to(letter: Letter, errors: Sequence[tuple[str | None, str]] = ()) -> LetterForm:
    """A form that shows a letter together with what is wrong with it."""
    data = {name: getattr(letter, name) for name in ("to", "cc", "bcc", "subject", "text")}
    switches = {name: "on" for name in ("sign", "encrypt") if getattr(letter, name)}
    form = LetterForm(data | switches)
    form.full_clean()
    for name, text in errors:
        form.add_error(name, text)
    return form


def _attachments(files: Sequence[UploadedFile[Any]]) -> Sequence[Attachment]:
    return [
        Attachment(
            str(file.name or "file"), str(file.content_type or "application/octet-stream"), file.read()
        )
        for file in files
    ]


def _relation(text: str) -> Relation:
    return Relation(text) if text in set(Relation) else Relation.NEW


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text) if text else None
    except ValueError:
        return None
