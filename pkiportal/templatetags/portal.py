"""Template tags: marks, seals, badges, dates. They draw what `pkiportal.wording` says."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django import template
from django.forms import BoundField
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from pkiportal import display
from pkiportal.marks import (
    OFFERED_REASONS,
    OWNERS,
    REASONS,
    STATES,
    TREES,
    Mark,
    Reason,
    lock_mark,
    pill_mark,
    reason_words,
    seal_mark,
)
from pkiportal.wording import (
    Action,
    Verdict,
    certificate_verdict,
    checking_verdict,
    encryption_verdict,
    seal_verdict,
)

register = template.Library()
register.filter("moment", display.moment)
register.filter("day", display.day)
register.filter("full_day", display.full_day)
register.filter("brief", display.brief)
register.filter("size", display.size)
register.filter("binary_size", display.binary_size)
register.filter("names", display.listed_names)
register.filter("countdown", display.duration)
register.filter("hex", display.hexadecimal)
register.filter("fingerprint_blocks", display.fingerprint_blocks)
register.filter("fingerprint_short", display.fingerprint_short)
register.filter("reason_words", reason_words)


@register.simple_tag
def icon(name: str, classes: str = "i") -> SafeString:
    """A symbol of the sprite, hidden from screen readers: words always stand beside it."""
    return format_html(
        '<svg class="{}" aria-hidden="true"><use href="{}#{}"/></svg>', classes, static("icons.svg"), name
    )


def _glyph(mark: Mark) -> SafeString:
    return format_html(
        '{}<span class="sr">{}</span>', icon(mark.glyph, f"glyph tone-{_tone(mark.tone)}"), mark.words
    )


def _tone(tone: str) -> str:
    return "ok" if tone == "aged" else tone


@register.simple_tag
def seal_glyph(code: str) -> SafeString:
    """The small seal of a list row; an unsigned letter has none."""
    return SafeString() if str(code) in ("", "NONE") else _glyph(seal_mark(code))


@register.simple_tag
def encryption_glyph(code: str) -> SafeString:
    """The small lock of a list row; an unencrypted letter has none."""
    return SafeString() if str(code) in ("", "NONE") else _glyph(lock_mark(code))


@register.simple_tag
def state_mark(state: str, classes: str = "mark") -> SafeString:
    """The round mark of a check, a step or a node: ok, warn, fail, skip, now, todo, info …"""
    mark = STATES.get(str(state), STATES["info"])
    drawn = icon(mark.glyph, f"{classes} tone-{mark.tone}")
    return format_html('{}<span class="sr">{}: </span>', drawn, mark.words)


@register.filter
def state_tone(state: str) -> str:
    """The tone behind a state, for a class such as `tag--warn`."""
    return STATES.get(str(state), STATES["info"]).tone


@register.filter
def tree(mark: int) -> str:
    """Symbol of a forest's tree: mark 1 to 7, wrapped so that an odd number still draws."""
    return f"tree-{TREES[(int(mark) - 1) % len(TREES)]}"


@register.filter
def owner_words(owner: str) -> str:
    return str(OWNERS.get(owner, ""))


@register.filter
def initials(name: str) -> str:
    """'Bob Berger' → 'BB'; an address gives its first letter."""
    words = [word for word in name.replace("@", " ").split() if word[:1].isalnum()]
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()


@register.filter
def seal_tone(code: str) -> str:
    return _tone(seal_mark(code).tone)


@register.filter
def seal_words(code: str) -> str:
    return str(seal_mark(code).words)


@register.filter
def lock_words(code: str) -> str:
    return str(lock_mark(code).words)


@register.inclusion_tag("components/forest.html")
def forest(tenant: Any, here: bool = False) -> dict[str, Any]:
    """The badge of a forest: colour, tree, name. `tenant` needs name, hue (1-6) and mark (1-7)."""
    return {"forest": tenant, "here": here}


@register.inclusion_tag("components/seal.html")
def seal(
    report: Any,
    message: Any = None,
    always_signs: str = "",
    admin: bool = False,
    decision: Any = None,
    checking: bool = False,
) -> dict[str, Any]:
    """The seal above a letter, with its one action when the message is given. `decision`: see `seal_verdict`;
    `checking`: what the verdict lacks is being asked for.
    """
    if checking:
        return _drawn(checking_verdict(report), report, message, admin=admin)
    received_at = getattr(message, "received_at", None)
    verdict = seal_verdict(
        report, always_signs=always_signs, received_at=received_at, decision=decision or None
    )
    if admin and str(report.seal) == "SIG_UNTRUSTED":
        verdict = replace(verdict, action=Action("trust", _("Decide about this root")))
    return _drawn(verdict, report, message, admin=admin)


@register.inclusion_tag("components/seal.html")
def encryption(
    report: Any, message: Any = None, also: Iterable[str] = (), retired: bool = False
) -> dict[str, Any]:
    """The lock above a letter. `also` names the other people it was encrypted to; `retired`: to a key that the reader
    had before starting over.
    """
    return _drawn(encryption_verdict(report, also=also, retired=retired), report, message, admin=False)


@register.inclusion_tag("components/seal.html")
def path_seal(path: Any) -> dict[str, Any]:
    """The verdict on a certificate by itself, above its page."""
    return {"verdict": certificate_verdict(path), "url": "", "post": False}


@register.simple_tag
def revocation_reasons(kind: str = "certificate") -> list[Reason]:
    """Reasons that a form offers; `kind` is a key of OFFERED_REASONS."""
    return [reason for reason in REASONS if reason.code in OFFERED_REASONS[kind]]


@register.filter
def domains_words(domains: Iterable[str] | None) -> str:
    """Names of a trust root's scope: 'd' is exactly that host, '.d' everything below it."""
    return display.domains(domains)


def _drawn(verdict: Verdict, report: Any, message: Any, *, admin: bool) -> dict[str, Any]:
    url = _action_url(verdict, report, message, admin=admin) if message is not None else ""
    post = verdict.action is not None and verdict.action.code == "check-again"
    return {"verdict": verdict, "url": url, "post": post}


def _signer_fingerprint(report: Any) -> str:
    certificate = getattr(report.signer, "certificate", None)
    if certificate is None:
        return ""
    from cryptography.hazmat.primitives.hashes import SHA256

    return str(certificate.fingerprint(SHA256()).hex())


def _action_url(verdict: Verdict, report: Any, message: Any, *, admin: bool) -> str:
    code = verdict.action.code if verdict.action else ""
    here = reverse("mail:message", args=[message.pk])
    tab = {"certificate": "general", "path": "path", "trust": "path"}.get(code)
    if code == "trust" and admin:
        return f"{reverse('tenants:trust_import')}?{urlencode({'message': message.pk})}"
    if tab:
        fingerprint = _signer_fingerprint(report)
        if not fingerprint:
            return f"{here}?details=1#details"
        return reverse("mail:message_certificate", args=[message.pk, fingerprint, tab])
    address = report.from_address or ""
    return {
        "details": f"{here}?details=1#details",
        "check-again": reverse("mail:check_again", args=[message.pk]),
        "ask-p7b": f"{reverse('mail:compose')}?{urlencode({'to': address, 'ask': 'p7b'})}",
        "contact": f"{reverse('mail:contacts')}?{urlencode({'q': address})}",
        "unlock": f"{reverse('tenants:unlock')}?{urlencode({'next': here})}",
        "download": reverse("mail:raw", args=[message.pk]),
    }.get(code, "")


@register.inclusion_tag("components/recipient_pill.html")
def recipient_pill(recipient: Any, removable: bool = False) -> dict[str, Any]:
    """A recipient: glyph, name, state. Needs name, address, state and reason (reason may be empty)."""
    return {"recipient": recipient, "mark": pill_mark(recipient.state), "removable": removable}


@register.inclusion_tag("components/validity.html")
def validity(not_before: datetime, not_after: datetime, now: datetime | None = None) -> dict[str, Any]:
    """A bar from the first to the last day with today on it."""
    now = now or timezone.now()
    whole = (not_after - not_before).total_seconds() or 1.0
    share = (now - not_before).total_seconds() / whole
    percent = round(100 * min(1.0, max(0.0, share)), 1)
    # Labels are placed by class (no inline style under the policy): steps of five, kept off both ends.
    return {
        "not_before": not_before,
        "not_after": not_after,
        "percent": percent,
        "needle": max(0.0, percent - 0.3),
        "place": min(80, max(20, 5 * round(percent / 5))),
        "state": "future" if share < 0 else "over" if share > 1 else "current",
    }


@register.inclusion_tag("components/field.html")
def field(bound: BoundField, label: str = "", hint: str = "", **attributes: str) -> dict[str, Any]:
    """A labelled input with its errors beside it. Attributes go to the input (`autocomplete="username"`)."""
    widget = copy(bound.field.widget)
    if "type" in attributes:
        widget.input_type = attributes.pop("type")  # a widget's own type would stand before the attribute
    identifier = bound.auto_id or bound.name
    described = [f"{identifier}-hint"] * bool(hint) + [f"{identifier}-error"] * bool(bound.errors)
    drawn: dict[str, str | bool] = {name.replace("_", "-"): value for name, value in attributes.items()}
    if described:
        drawn["aria-describedby"] = " ".join(described)
    if bound.errors:
        drawn["aria-invalid"] = "true"
    return {
        "bound": bound,
        "identifier": identifier,
        "label": label or bound.label,
        "hint": hint,
        "widget": bound.as_widget(widget, attrs=drawn),
    }


@register.inclusion_tag("components/rail_item.html", takes_context=True)
def rail_item(
    context: dict[str, Any], name: str, glyph: str, label: str, also: str = "", count: int = 0
) -> dict[str, Any]:
    """One line of the rail; current on its own view and on the views named in `also` (space separated)."""
    current = _is_current(context, name, also)
    return {"url": reverse(name), "glyph": glyph, "label": label, "count": count, "current": current}


@register.inclusion_tag("components/bottom_item.html", takes_context=True)
def bottom_item(context: dict[str, Any], name: str, glyph: str, label: str, also: str = "") -> dict[str, Any]:
    """One place of the bottom bar on phones."""
    return {"url": reverse(name), "glyph": glyph, "label": label, "current": _is_current(context, name, also)}


def _is_current(context: dict[str, Any], name: str, also: str) -> bool:
    match = getattr(context.get("request"), "resolver_match", None)
    return match is not None and match.view_name in {name, *also.split()}


@register.simple_tag
def pill_icon(state: str) -> SafeString:
    """The mark of a recipient's state, for the dialog that names who cannot be served."""
    return icon(pill_mark(state).glyph, "mark tone-bad")


@register.filter
def tries(left: int, whole: int) -> list[bool]:
    """One entry a try, True for the used ones."""
    return [index < whole - left for index in range(whole)]


@register.filter
def frame_size(text: str) -> str:
    """s, m, l or xl: a scriptless frame cannot grow by itself, so its height follows the text's lines."""
    lines = sum(1 + len(line) // 78 for line in text.splitlines())
    return next((size for most, size in ((7, "s"), (16, "m"), (30, "l")) if lines <= most), "xl")


@register.simple_tag(takes_context=True)
def script(context: dict[str, Any], name: str) -> SafeString:
    """A native module of static/js with the page's nonce."""
    nonce = context.get("CSP_NONCE", "")
    return format_html('<script type="module" nonce="{}" src="{}"></script>', nonce, static(f"js/{name}.js"))
