"""What a template says, in words: every field of a version, and what changes from one to the next."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pki.keys import KeyType
from pki.profiles import Profile
from tenants.models import Person
from tenants.models.templates import Rights, Terms
from tenants.services.draft_template import Use

KEY_WORDS: dict[KeyType, str] = {
    KeyType.RSA_2048: "RSA-2048",
    KeyType.RSA_3072: "RSA-3072",
    KeyType.RSA_4096: "RSA-4096",
    KeyType.P256: "EC P-256",
    KeyType.P384: "EC P-384",
    KeyType.P521: "EC P-521",
    KeyType.ED25519: "Ed25519",
    KeyType.X25519: "X25519",
    KeyType.ML_DSA_44: "ML-DSA-44",
    KeyType.ML_DSA_65: "ML-DSA-65",
    KeyType.ML_DSA_87: "ML-DSA-87",
    KeyType.ML_KEM_768: "ML-KEM-768",
    KeyType.ML_KEM_1024: "ML-KEM-1024",
}


@dataclass(frozen=True, slots=True)
class Field:
    """One fact of a version. `before` is empty where nothing changed, or there was no version before."""

    label: str
    value: str
    before: str = ""

    @property
    def is_changed(self) -> bool:
        return bool(self.before) and self.before != self.value


def key_words(kinds: Iterable[KeyType]) -> str:
    return ", ".join(KEY_WORDS[kind] for kind in kinds)


def days_words(days: int) -> str:
    return ngettext("%(n)d day", "%(n)d days", days) % {"n": days}


def use_words(use: Use) -> str:
    return {
        Use.SIGN: _("sign letters"),
        Use.READ: _("read letters"),
        Use.BOTH: _("sign and read letters, with one key"),
    }[use]


def rights_words(terms: Terms) -> str:
    if terms.rights == Rights.NAMED:
        return ngettext("%(n)d named person", "%(n)d named people", len(terms.people)) % {
            "n": len(terms.people)
        }
    return {Rights.EVERYONE: _("every member"), Rights.ADMINISTRATORS: _("administrators only")}[terms.rights]


def names_of(terms: Iterable[Terms]) -> dict[uuid.UUID, str]:
    """The people whom these terms name. Inside a scope."""
    ids = {person for one in terms for person in one.people}
    return dict(Person.objects.filter(id__in=ids).values_list("id", "name"))


def fields(title: str, profile: Profile, terms: Terms, names: Mapping[uuid.UUID, str]) -> list[Field]:
    """Everything a version says. Purposes, policies and CA bits are no fields of it: they cannot be chosen."""
    people = ", ".join(sorted(names.get(person, _("somebody who is gone")) for person in terms.people))
    approval = _("by an administrator other than the person") if terms.approval else _("not needed")
    public = _("private: outside of them") if profile.private else _("S/MIME Baseline Requirements, strict")
    renewal = ngettext("%(n)d day before the end", "%(n)d days before the end", terms.renewal_days)
    return [
        Field(_("Name"), title),
        Field(_("The key may"), use_words(Use.of(profile))),
        Field(_("Key types"), key_words(profile.key_types)),
        Field(_("Valid"), days_words(profile.validity_days)),
        Field(_("Renewed"), renewal % {"n": terms.renewal_days}),
        Field(_("Name in the certificate"), profile.name_pattern),
        Field(_("Address"), _("the person’s verified mailbox, nothing else")),
        Field(_("Purpose"), _("e-mail protection, nothing else")),
        Field(_("Key kept for recovery"), _("yes") if profile.escrow else _("never")),
        Field(_("Public rules"), public),
        Field(_("Who may enrol"), people if terms.rights == Rights.NAMED else rights_words(terms)),
        Field(_("Approval"), approval),
    ]


def compared(new: list[Field], old: list[Field]) -> list[Field]:
    """The fields of the new version, each with what the old one said; all of the same length and order."""
    return [Field(after.label, after.value, before.value) for after, before in zip(new, old, strict=True)]


def changes(new: list[Field], old: list[Field]) -> list[Field]:
    return [field for field in compared(new, old) if field.is_changed]
