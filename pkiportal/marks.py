"""Tone, glyph and short words of every state: what a list, a pill or a table row shows.

The codes are those of `smime.report` (seal, encryption), `pki.findings` (severity, owner) and
RFC 5280 §5.3.1 (revocation reasons). The glyphs are symbols of `static/icons.svg`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

Words = str | Promise


class Mark(NamedTuple):
    """How a state looks when it is small: in a list, beside a name."""

    tone: str  # ok, aged, warn, bad, quiet
    glyph: str  # symbol of static/icons.svg
    words: Words  # a few words, also read aloud


SEALS: Mapping[str, Mark] = {
    "SIG_OK": Mark("ok", "seal-ok", gettext_lazy("Signed")),
    "SIG_OK_REV_STALE": Mark("aged", "seal-stale", gettext_lazy("Signed, older revocation list")),
    "SIG_OK_REV_UNKNOWN": Mark("warn", "seal-unknown", gettext_lazy("Signed, revocation unknown")),
    "SIG_WARN_TIME": Mark("warn", "seal-time", gettext_lazy("Signed, dates do not fit")),
    "SIG_MISMATCH": Mark("warn", "seal-mismatch", gettext_lazy("Signed, but From differs")),
    "SIG_UNTRUSTED": Mark("warn", "seal-untrusted", gettext_lazy("Signed, issuer not trusted yet")),
    "SIG_INCOMPLETE": Mark("warn", "seal-incomplete", gettext_lazy("Signed, issuer’s certificate missing")),
    "SIG_WEAK": Mark("bad", "seal-weak", gettext_lazy("Signed with an obsolete method")),
    "SIG_INVALID": Mark("bad", "seal-invalid", gettext_lazy("Signed, certificate path breaks")),
    "SIG_REVOKED": Mark("bad", "seal-revoked", gettext_lazy("Signed with a revoked certificate")),
    "SIG_BAD": Mark("bad", "seal-bad", gettext_lazy("Signature broken")),
    "NONE": Mark("quiet", "seal-none", gettext_lazy("Not signed")),
}

LOCKS: Mapping[str, Mark] = {
    "ENC_OK": Mark("ok", "lock-ok", gettext_lazy("Encrypted")),
    "ENC_WEAK": Mark("warn", "lock-weak", gettext_lazy("Encrypted with an old method")),
    "ENC_UNPROTECTED": Mark("warn", "lock-unprotected", gettext_lazy("Encrypted, integrity not protected")),
    "ENC_UNSUPPORTED": Mark("warn", "lock-unsupported", gettext_lazy("Encrypted with an unknown method")),
    "ENC_LOCKED": Mark("quiet", "lock-key", gettext_lazy("Locked")),
    "ENC_FAIL": Mark("bad", "lock-fail", gettext_lazy("Cannot be decrypted")),
    "NONE": Mark("quiet", "lock-none", gettext_lazy("Not encrypted")),
}

# A state nobody gave words to must look worse than it may be, never better.
UNKNOWN_SEAL = Mark("bad", "seal-invalid", gettext_lazy("Signature not understood"))
UNKNOWN_LOCK = Mark("bad", "lock-fail", gettext_lazy("Encryption not understood"))

PILLS: Mapping[str, Mark] = {
    "ready": Mark("ready", "ok", gettext_lazy("ready")),
    "soon": Mark("soon", "seal-time", gettext_lazy("expires soon")),
    "unknown": Mark("soon", "seal-unknown", gettext_lazy("revocation unknown")),
    "missing": Mark("missing", "fail", gettext_lazy("not found")),
    "weak": Mark("weak", "lock-weak", gettext_lazy("algorithm too weak")),
    "policy": Mark("policy", "policy", gettext_lazy("policy requires encryption")),
    "revoked": Mark("missing", "seal-revoked", gettext_lazy("revoked")),
    "expired": Mark("missing", "seal-time", gettext_lazy("expired")),
    "untrusted": Mark("missing", "seal-untrusted", gettext_lazy("issuer not trusted yet")),
    "invalid": Mark("missing", "seal-invalid", gettext_lazy("certificate path breaks")),
}

STATES: Mapping[str, Mark] = {
    "ok": Mark("ok", "ok", gettext_lazy("passed")),
    "good": Mark("ok", "ok", gettext_lazy("good")),
    "warning": Mark("warn", "warn", gettext_lazy("warning")),
    "warn": Mark("warn", "warn", gettext_lazy("warning")),
    "undetermined": Mark("warn", "warn", gettext_lazy("could not be checked")),
    "error": Mark("bad", "fail", gettext_lazy("failed")),
    "fail": Mark("bad", "fail", gettext_lazy("failed")),
    "bad": Mark("bad", "fail", gettext_lazy("failed")),
    "invalid": Mark("bad", "fail", gettext_lazy("failed")),
    "info": Mark("quiet", "info", gettext_lazy("note")),
    "skip": Mark("quiet", "skip", gettext_lazy("not checked")),
    "now": Mark("info", "now", gettext_lazy("now")),
    "todo": Mark("quiet", "todo", gettext_lazy("to do")),
    "done": Mark("ok", "ok", gettext_lazy("done")),
    "run": Mark("info", "run", gettext_lazy("running")),
}

# The tree of a forest's badge, by `Tenant.mark` from 1.
TREES = ("conifer", "broad", "poplar", "willow", "palm", "acacia", "sapling")

OWNERS: Mapping[str, Words] = {
    "you": gettext_lazy("you can do this"),
    "sender": gettext_lazy("the sender can do this"),
    "administrator": gettext_lazy("your administrator can do this"),
    "operator": gettext_lazy("the operator can do this"),
}


class Reason(NamedTuple):
    """A revocation reason of RFC 5280 §5.3.1 in the words of the form."""

    code: str
    label: Words
    meaning: Words


REASONS: tuple[Reason, ...] = (
    Reason(
        "keyCompromise",
        gettext_lazy("Key compromise"),
        gettext_lazy("Someone else may hold the key. Cannot be taken back."),
    ),
    Reason(
        "superseded",
        gettext_lazy("Superseded"),
        gettext_lazy("There is a newer certificate. Letters signed until now stay good."),
    ),
    Reason(
        "affiliationChanged",
        gettext_lazy("Affiliation changed"),
        gettext_lazy("The person leaves or changes their name."),
    ),
    Reason(
        "cessationOfOperation",
        gettext_lazy("Cessation of operation"),
        gettext_lazy("The mailbox or service is given up."),
    ),
    Reason(
        "privilegeWithdrawn", gettext_lazy("Privilege withdrawn"), gettext_lazy("The right was taken back.")
    ),
    Reason(
        "cACompromise",
        gettext_lazy("Authority compromise"),
        gettext_lazy("The authority’s own key is in doubt."),
    ),
    Reason(
        "aACompromise", gettext_lazy("Attribute authority compromise"), gettext_lazy("Its key is in doubt.")
    ),
    Reason("removeFromCRL", gettext_lazy("Released from hold"), gettext_lazy("The hold was ended.")),
    Reason(
        "certificateHold",
        gettext_lazy("On hold"),
        gettext_lazy(
            "You are not sure yet, as with a laptop that may turn up. The only one that can be taken back."
        ),
    ),
    Reason("unspecified", gettext_lazy("Unspecified"), gettext_lazy("No reason is published.")),
)


# What an administrator may choose for a person's certificate.
FINAL_REASONS = frozenset(
    {
        "keyCompromise",
        "superseded",
        "affiliationChanged",
        "cessationOfOperation",
        "privilegeWithdrawn",
        "unspecified",
    }
)
# What each form offers: for one certificate, for one that is on hold or everything of a person, for an authority.
OFFERED_REASONS = {
    "certificate": FINAL_REASONS | {"certificateHold"},
    "final": FINAL_REASONS,
    "authority": frozenset({"cACompromise", "superseded"}),
}


def reason_words(code: str) -> str:
    """'keyCompromise' → 'key compromise'; a code without words is shown as it stands."""
    label = next((str(reason.label) for reason in REASONS if reason.code == code), code)
    return label[:1].lower() + label[1:]


def seal_mark(code: str) -> Mark:
    return SEALS.get(str(code), UNKNOWN_SEAL)


def lock_mark(code: str) -> Mark:
    return LOCKS.get(str(code), UNKNOWN_LOCK)


def pill_mark(state: str) -> Mark:
    return PILLS.get(str(state), PILLS["missing"])
