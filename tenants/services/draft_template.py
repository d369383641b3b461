"""Write the next version of a template, or throw it away. Nothing is issued from a draft."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pki import profiles
from pki.keys import KeyType
from pki.profiles import Profile
from tenants.access import Actor
from tenants.models import Person, Template, TemplateDraft
from tenants.models.templates import Rights, Terms
from tenants.refusals import refuse
from tenants.scoping import tenant_scope

# What templates may choose from. Anything else, such as RSA-2048, is read here and never issued.
SIGNING_KEYS = (
    KeyType.P256, KeyType.P384, KeyType.RSA_3072, KeyType.RSA_4096, KeyType.ED25519, KeyType.ML_DSA_44,
    KeyType.ML_DSA_65, KeyType.ML_DSA_87,
)  # fmt: skip
ENCRYPTION_KEYS = (
    KeyType.RSA_3072, KeyType.RSA_4096, KeyType.P256, KeyType.P384, KeyType.X25519, KeyType.ML_KEM_768,
    KeyType.ML_KEM_1024,
)  # fmt: skip
DUAL_KEYS = (KeyType.RSA_3072, KeyType.RSA_4096)
_RESERVED_CODES = {profiles.ROOT.code, profiles.ISSUING.code}
_CODE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


class Use(StrEnum):
    """What the keys of a template do. The extended key usage is emailProtection for each of them, and nothing else."""

    SIGN = "sign"
    READ = "read"
    BOTH = "both"

    @classmethod
    def of(cls, profile: Profile) -> Use:
        if profile.signs:
            return cls.BOTH if profile.encrypts else cls.SIGN
        return cls.READ

    @property
    def key_types(self) -> tuple[KeyType, ...]:
        """The key types a template of this use may choose from."""
        return {Use.SIGN: SIGNING_KEYS, Use.READ: ENCRYPTION_KEYS, Use.BOTH: DUAL_KEYS}[self]


@dataclass(frozen=True, slots=True)
class Wish:
    """What an administrator wrote. `key_types`: the preferred one first; `people`: addresses of this forest."""

    code: str
    title: str
    use: Use
    key_types: tuple[KeyType, ...]
    validity_days: int
    name_pattern: str = "{name}"
    private: bool = False
    escrow: bool = False
    rights: Rights = Rights.EVERYONE
    people: tuple[str, ...] = ()
    approval: bool = False
    renewal_days: int = 0
    note: str = ""


def save_draft(actor: Actor, wish: Wish, at: datetime) -> TemplateDraft:
    """Keep it as the one draft of its code; whoever saves last is its author. Raises Refused and RefusedRequest."""
    profile = _profile(wish)
    with tenant_scope(actor.tenant_id, write=True):
        _must_administer(actor)
        _must_keep_its_use(profile)
        terms = Terms(
            wish.rights,
            _named(wish) if wish.rights == Rights.NAMED else (),
            wish.approval,
            wish.renewal_days or Terms.usual(profile).renewal_days,
        )
        terms.check(profile)
        content = {
            "title": wish.title.strip(),
            "profile_data": profile.as_data(),
            "terms_data": terms.as_data(),
            "note": wish.note.strip()[:300],
            "author_id": actor.person_id,
            "written_at": at,
        }
        draft, _ = TemplateDraft.objects.update_or_create(code=profile.code, defaults=content)
        return draft


def discard_draft(actor: Actor, draft_id: uuid.UUID) -> str:
    """Throw a draft away; its title comes back. Raises TemplateDraft.DoesNotExist."""
    with tenant_scope(actor.tenant_id, write=True):
        _must_administer(actor)
        draft = TemplateDraft.objects.select_for_update().get(id=draft_id)
        title = draft.title
        draft.delete()
        return title


def _profile(wish: Wish) -> Profile:
    code = wish.code.strip().lower()
    if not _CODE.fullmatch(code) or len(code) > 40 or code in _RESERVED_CODES:
        raise refuse(
            "template-code", f"“{wish.code[:40]}” cannot be the short name of a template.",
            remedy="Use small letters, digits and single hyphens, such as shared-mailbox.", owner="you",
        )  # fmt: skip
    if not wish.title.strip():
        raise refuse("template-title", "The template needs a name.", remedy="Say what it is for.")
    foreign = [kind.value for kind in wish.key_types if kind not in wish.use.key_types]
    if foreign or not wish.key_types:
        raise refuse(
            "template-keys", f"Keys of this kind cannot serve this use: {', '.join(foreign) or 'none is chosen'}.",
            remedy=f"Choose among {', '.join(kind.value for kind in wish.use.key_types)}.",
        )  # fmt: skip
    if KeyType.X25519 in wish.key_types and not wish.private:
        raise refuse(
            "template-keys", "X25519 is no key type of the S/MIME Baseline Requirements.",
            remedy="Mark the template as private, or choose P-256.",
        )  # fmt: skip
    if wish.escrow and wish.use is not Use.READ:
        raise refuse(
            "template-escrow", "A key that signs is never kept for recovery: whoever held the copy could sign as its owner.",
            remedy="Keep encryption keys only, in a template that only reads.",
        )  # fmt: skip
    return Profile(
        code,
        wish.title.strip(),
        profiles.Role.PERSON,
        wish.key_types,
        wish.validity_days,
        signs=wish.use is not Use.READ,
        encrypts=wish.use is not Use.SIGN,
        escrow=wish.escrow,
        private=wish.private,
        name_pattern=wish.name_pattern,
    )


def _must_administer(actor: Actor) -> None:
    """The role is read with the act, not from the session."""
    person = Person.objects.active().filter(id=actor.person_id).first()
    if person is None or not person.is_administrator:
        raise refuse(
            "not-administrator", "Only an active administrator can write templates.", owner="administrator"
        )


def _must_keep_its_use(profile: Profile) -> None:
    """People and letters rely on what the certificates of a code can do: another use is another template."""
    before = Template.objects.newest().filter(code=profile.code).first()
    if before is not None and Use.of(before.profile) is not Use.of(profile):
        raise refuse(
            "template-use", f"“{before.title}” cannot change what its keys do: people rely on it.",
            remedy="Write a new template under another short name, and withdraw this one when nobody needs it.",
        )  # fmt: skip


def _named(wish: Wish) -> tuple[uuid.UUID, ...]:
    addresses = tuple(dict.fromkeys(address.strip().lower() for address in wish.people if address.strip()))
    known = dict(Person.objects.active().filter(address__in=addresses).values_list("address", "id"))
    strangers = [address for address in addresses if address not in known]
    if strangers:
        raise refuse(
            "template-people", f"Nobody active in your organisation has the address {strangers[0][:80]}.",
            remedy="Write addresses of people who are here, one on each line.",
        )  # fmt: skip
    return tuple(known[address] for address in addresses)
