"""What a decision about a root changes, before it is taken: the lines of the two previews."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tenants import clock, letter_roots
from tenants.access import Actor
from tenants.models import TrustRoot
from tenants.services.root_origin import RootOrigin
from tenants.services.trust_root import Terms
from tenants.web.words import full_day


@dataclass(frozen=True, slots=True)
class Effect:
    state: str
    title: str
    text: str


def effects_of(actor: Actor, domains: list[str], origin: RootOrigin | None, terms: Terms) -> list[Effect]:
    touched = letter_roots.letters().effects(actor, domains, terms.begins_at, terms.ends_at)
    effects = [*_effects_of_use(touched, terms), *_effects_of_dates(terms)]
    if origin is not None:
        text = _("Its authorities and lists are fetched at once and again with every change.")
        effects.append(Effect("ok", _("Revocation is known"), text))
    else:
        text = _(
            "They are fetched from the addresses in its certificates. Until one arrives, letters say that revocation"
            " can’t be determined."
        )
        effects.append(Effect("warn", _("Its lists are published elsewhere"), text))
    only = _("Nobody else: a certificate of this root for another domain stays untrusted.")
    effects.append(Effect("info", ", ".join(domains), only))
    return effects


def _effects_of_use(touched: letter_roots.Effects, terms: Terms) -> Iterator[Effect]:
    if "signing" in terms.uses:
        yield _letters_that_turn(touched)
    else:
        yield Effect(
            "info",
            _("Their signed letters stay untrusted"),
            _("This root is not to say who signed a letter."),
        )
    if "encryption" in terms.uses:
        can = _(
            "With certificates from their letters; from their directory, once they trust your root as well."
        )
        yield Effect("ok", _("Your people can encrypt to them"), can)
    else:
        yield Effect(
            "info", _("Nobody here can encrypt to them"), _("This root is not to say whose key a key is.")
        )


def _effects_of_dates(terms: Terms) -> Iterator[Effect]:
    if terms.begins_at is not None:
        text = _("Letters that arrived before stay untrusted.")
        yield Effect("info", _("From %(day)s on") % {"day": full_day(terms.begins_at)}, text)
    if terms.ends_at is None:
        return
    day = {"day": full_day(terms.ends_at)}
    if terms.ends_at < clock.now():
        text = _(
            "Letters that arrived until then stay trusted; later ones are not, and nobody can encrypt to them."
        )
        yield Effect("warn", _("Not after %(day)s, which has passed") % day, text)
    else:
        text = _("Letters that arrive later are untrusted, and nobody can encrypt to them any more.")
        yield Effect("info", _("Until %(day)s") % day, text)


def _letters_that_turn(touched: letter_roots.Effects) -> Effect:
    if not touched.waiting:
        later = _("The first one under this root says “Signed by …” at once.")
        return Effect("info", _("No signed letter from there waits"), later)
    title = ngettext(
        "%(n)s signed letter from there waits", "%(n)s signed letters from there wait", touched.waiting
    )
    turned = _("Those under this root turn to “Signed by …” when they are opened next.")
    return Effect("ok", title % {"n": touched.waiting}, turned)


def losses_of(actor: Actor, root: TrustRoot) -> list[Effect]:
    touched = letter_roots.letters().effects(actor, list(root.domains))
    letters = ngettext(
        "%(n)s signed letter from its domains is here",
        "%(n)s signed letters from its domains are here",
        touched.letters,
    ) % {"n": touched.letters}
    people = ngettext("%(n)s correspondent", "%(n)s correspondents", touched.correspondents) % {
        "n": touched.correspondents
    }
    return [
        Effect(
            "warn",
            letters,
            _("Those under this root say that your organisation distrusts it when they are opened next."),
        ),
        Effect("warn", people, _("Nobody here can encrypt to them any more.")),
        Effect("info", _("Nothing is deleted"), _("Letters, contacts and this decision’s history stay.")),
    ]
