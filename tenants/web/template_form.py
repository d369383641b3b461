"""The form of a template's draft. Everything is chosen from closed sets; what a set does not hold cannot be asked for."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pki.keys import KeyType
from pki.profiles import MAXIMUM_PATTERN, MAXIMUM_PRIVATE_DAYS, Profile
from tenants.models.templates import Rights, Terms
from tenants.services.draft_template import ENCRYPTION_KEYS, SIGNING_KEYS, Use, Wish
from tenants.web.template_words import KEY_WORDS

ALL_KEYS = tuple(dict.fromkeys((*SIGNING_KEYS, *ENCRYPTION_KEYS)))
FIELDS_OF = {
    "template-code": "code",
    "template-title": "title",
    "template-keys": "key_types",
    "template-escrow": "escrow",
    "template-people": "people",
    "template-use": "use",
}


class TemplateForm(forms.Form):
    code = forms.CharField(max_length=40, error_messages={"required": gettext_lazy("Give it a short name.")})
    title = forms.CharField(max_length=120, error_messages={"required": gettext_lazy("Give it a name.")})
    use = forms.ChoiceField(
        choices=[(use.value, use.value) for use in Use],
        error_messages={"required": gettext_lazy("Choose what the key does.")},
    )
    key_types = forms.MultipleChoiceField(
        choices=[(kind.value, KEY_WORDS[kind]) for kind in ALL_KEYS],
        error_messages={"required": gettext_lazy("Choose at least one kind of key.")},
    )
    preferred = forms.ChoiceField(
        choices=[(kind.value, KEY_WORDS[kind]) for kind in ALL_KEYS], required=False
    )
    validity_days = forms.IntegerField(min_value=1, max_value=MAXIMUM_PRIVATE_DAYS)
    renewal_days = forms.IntegerField(min_value=1, max_value=MAXIMUM_PRIVATE_DAYS, required=False)
    name_pattern = forms.CharField(max_length=MAXIMUM_PATTERN)
    private = forms.BooleanField(required=False)
    escrow = forms.BooleanField(required=False)
    rights = forms.ChoiceField(choices=Rights.choices)
    people = forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), required=False, max_length=300_000)
    approval = forms.BooleanField(required=False)
    note = forms.CharField(max_length=300, required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("rights") == Rights.NAMED and not cleaned.get("people", "").split():
            self.add_error("people", _("Name the people who may enrol, by address."))
        return cleaned

    def wish(self) -> Wish:
        """What was written, for `save_draft`. The preferred kind of key stands first."""
        data = self.cleaned_data
        kinds = [KeyType(value) for value in data["key_types"]]
        kinds.sort(key=lambda kind: kind.value != data["preferred"])
        return Wish(
            code=data["code"],
            title=data["title"],
            use=Use(data["use"]),
            key_types=tuple(kinds),
            validity_days=data["validity_days"],
            name_pattern=data["name_pattern"],
            private=data["private"],
            escrow=data["escrow"],
            rights=Rights(data["rights"]),
            people=tuple(data["people"].split()),
            approval=data["approval"],
            renewal_days=data["renewal_days"] or 0,
            note=data["note"],
        )


def initial_of(
    title: str, profile: Profile, terms: Terms, addresses: list[str], note: str = ""
) -> dict[str, Any]:
    """What the form starts with when a version or a draft is written anew."""
    return {
        "code": profile.code,
        "title": title,
        "use": Use.of(profile).value,
        "key_types": [kind.value for kind in profile.key_types],
        "preferred": profile.key_types[0].value,
        "validity_days": profile.validity_days,
        "renewal_days": terms.renewal_days,
        "name_pattern": profile.name_pattern,
        "private": profile.private,
        "escrow": profile.escrow,
        "rights": terms.rights.value,
        "people": "\n".join(addresses),
        "approval": terms.approval,
        "note": note,
    }
