"""The sentences of every seal and lock, in one place.

A report of `smime.report` carries codes; this module turns a code into what a person sees: a mark
(tone and glyph), one sentence, the reason behind it and one action. No other file spells these
sentences, so a list, a letter and a certificate can never disagree about a state.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pkiportal.display import full_day, join_names, moment
from pkiportal.marks import LOCKS, SEALS, UNKNOWN_LOCK, UNKNOWN_SEAL, Mark, reason_words
from tenants import clock


class Action(NamedTuple):
    """The one thing to do about a state. `code` names the target; the template tag finds its address."""

    code: str  # certificate, path, details, check-again, ask-p7b, contact, unlock, download, none
    label: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """A state in full. `rest` marks the perfect ones, which take a single line."""

    code: str
    mark: Mark
    text: str
    why: str = ""
    action: Action | None = None
    rest: bool = False
    checking: bool = False


def _read(thing: Any, *names: str) -> Any:
    """The first attribute that is there and not empty; reports of unsigned letters lack most of them."""
    for name in names:
        value = getattr(thing, name, None)
        if value:
            return value
    return None


def common_name(certificate: Any) -> str:
    """The name a person reads: common name, else the whole subject (a certificate may have neither)."""
    return _shown(getattr(certificate, "subject", None))


def _shown(name: Any) -> str:
    for attribute in name or ():
        if attribute.oid.dotted_string == "2.5.4.3":
            return str(attribute.value)
    return str(name.rfc4514_string()) if name is not None else ""


def signer_name(report: Any) -> str:
    signer = report.signer
    name = _read(signer, "name", "display_name") or common_name(_read(signer, "certificate"))
    return name or _read(signer, "address", "mailbox") or _("an unnamed signer")


def _vouched_by(report: Any) -> str:
    anchor = _read(report.path, "anchor")
    return _read(anchor, "organisation", "label") or _read(report.signer, "organisation") or ""


def _who(report: Any) -> str:
    """'Bob Berger · Fabrikam'."""
    return " · ".join(part for part in (signer_name(report), _vouched_by(report)) if part)


def _issuer_name(report: Any) -> str:
    certificate = _read(report.signer, "certificate")
    return _shown(getattr(certificate, "issuer", None)) or _("its issuer")


def _root_name(report: Any) -> str:
    path = _read(report.path, "path")
    return common_name(path[0]) if path else _issuer_name(report)


def first_finding(report: Any, *severities: str) -> Any:
    """The first finding of the first severity that has one, path findings included."""
    findings = [*report.findings, *(_read(report.path, "findings") or ())]
    for severity in severities or ("error", "warning"):
        for finding in findings:
            if finding.severity == severity:
                return finding
    return None


def _sentence(text: str) -> str:
    text = text.strip()
    return text if not text or text[-1] in ".!?" else text + "."


def _because(report: Any, fallback: str, *severities: str) -> str:
    """The finding's own summary and remedy; the fallback when the report names no cause."""
    finding = first_finding(report, *severities)
    if finding is None:
        return fallback
    return " ".join(_sentence(part) for part in (finding.summary, finding.remedy) if part)


def _signed_ok(report: Any) -> tuple[str, str]:
    why = _not_revoked(_read(report.path, "revocation"), _read(report.signer, "certificate"))
    return _("Signed by %(who)s") % {"who": _who(report)}, why


def _not_revoked(revocation: Any, certificate: Any) -> str:
    """By the list that speaks about this very certificate; other lists of its path may be months older."""
    checked = _read(revocation, "leaf_update", "this_update")
    if checked is None:
        return ""
    begins = _read(certificate, "not_valid_before_utc")
    if begins is not None and checked < begins:
        return _("newer than the last revocation list of its issuer, %(when)s") % {"when": moment(checked)}
    return _("not revoked as of %(when)s") % {"when": moment(checked)}


def _revoked_since(report: Any, since: Any, received_at: datetime | None) -> tuple[str, str]:
    """Both dates: that of the letter, up to which it may be believed, and that of the revocation."""
    facts = {
        "who": _who(report),
        "date": full_day(since.revoked_at),
        "reason": reason_words(str(since.reason)),
    }
    arrived = _("The signature was good when the letter arrived.")
    if received_at is not None:
        arrived = _("The signature was good when the letter arrived, %(when)s.") % {
            "when": moment(received_at)
        }
    if str(since.reason) == "certificateHold":
        held = _("Since %(when)s the certificate is on hold. Do not rely on newer letters with it for now.")
        text = _("Signed by %(who)s · certificate on hold since, from %(date)s") % facts
        return text, f"{arrived} {held % {'when': moment(since.revoked_at)}}"
    revoked = _("The certificate was revoked %(when)s: %(reason)s. Do not rely on newer letters with it.")
    text = _("Signed by %(who)s · certificate revoked since, on %(date)s") % facts
    return text, f"{arrived} {revoked % {**facts, 'when': moment(since.revoked_at)}}"


def _signed_stale(report: Any) -> tuple[str, str]:
    revocation = _read(report.path, "revocation")
    checked, ends = getattr(revocation, "this_update", None), getattr(revocation, "next_update", None)
    text = _("Signed by %(who)s · revocation checked %(when)s")
    when = moment(checked) if checked else _("earlier")
    why = _("No newer list could be fetched, so the last good one was used.")
    if ends and ends > clock.now():
        why += " " + _("It stays current until %(date)s.") % {"date": moment(ends)}
    elif ends:
        why += " " + _("It ended %(date)s; it still speaks for the day this letter arrived.") % {
            "date": moment(ends)
        }
    return text % {"who": _who(report), "when": when}, why


def _signed_unknown(report: Any) -> tuple[str, str]:
    why = _(
        "The signature fits and the issuer is trusted. No current revocation list of %(issuer)s is at"
        " hand, so a withdrawn certificate would go unnoticed. The portal goes on asking; ask the sender"
        " if it cannot wait."
    )
    text = _("Signed by %(who)s · revocation status can’t be determined")
    return text % {"who": _who(report)}, why % {"issuer": _issuer_name(report)}


def _signed_untrusted(report: Any) -> tuple[str, str]:
    finding = first_finding(report)
    if finding is not None and finding.code.startswith("anchor-not-"):
        why = " ".join(_sentence(part) for part in (finding.summary, finding.remedy) if part)
    else:
        why = _(
            "Unchanged since signing, but nobody in your organisation has decided about %(root)s. Until"
            " then the name %(name)s is only a claim."
        ) % {"root": _root_name(report), "name": signer_name(report)}
    return _("Signed · issuer not trusted by your organisation yet"), why


def _decided(report: Any, decision: Any, verdict: Verdict) -> Verdict:
    """An untrusted letter whose root somebody here has decided about, or was asked to decide about."""
    facts = {"root": _root_name(report), "name": signer_name(report)}
    text, why, action = verdict.text, verdict.why, verdict.action
    if decision.distrusted_at is not None:
        facts["date"] = full_day(decision.distrusted_at)
        text = _("Signed · your organisation distrusts the issuer")
        why = _(
            "Your organisation distrusted this root, %(root)s, on %(date)s. The name %(name)s is only a claim."
        )
        why %= facts
    if decision.asked_at is not None:
        asked = _("Asked on %(date)s; waiting for your administrator.")
        why = f"{why} {asked % {'date': full_day(decision.asked_at)}}"
        action = Action("path", _("Show path"))
    return replace(verdict, text=text, why=why, action=action)


def _signed_incomplete(report: Any) -> tuple[str, str]:
    if str(_read(report.path, "failure")) == "limit":
        advice = _("Until then the name %(name)s is only a claim.") % {"name": signer_name(report)}
        return _("Signed · its certificate could not be checked"), f"{_because(report, '', 'error')} {advice}"
    why = _(
        "Nothing between %(name)s and a root can be checked: the certificate of %(issuer)s was not sent"
        " along. The sender can send it as a .p7b file."
    )
    facts = {"name": signer_name(report), "issuer": _issuer_name(report)}
    return _("Signed · the issuer’s certificate is missing"), why % facts


def _signed_mismatch(report: Any) -> tuple[str, str]:
    facts = {
        "signer": _read(report.signer, "address", "mailbox") or signer_name(report),
        "from": report.from_address or _("nobody"),
    }
    text = _("Signed by %(signer)s, but From says %(from)s") % facts
    return text, _("Two different addresses. Believe the signed one, and answer only to that one.")


def _signed_time(report: Any) -> tuple[str, str]:
    certificate, signed_at = _read(report.signer, "certificate"), _read(report.signer, "signing_time")
    if certificate is None:
        return _("Signed · the dates do not fit"), _because(report, "", "warning", "error")
    above = _read(report.path, "failing")
    if above is not None and above != certificate:
        text = _("Signed · the certificate of %(issuer)s, which vouches for it, was not valid then")
        return text % {"issuer": common_name(above)}, _because(report, "", "error")
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    facts = {"start": full_day(start), "end": full_day(end)}
    if signed_at is None:
        why = _(
            "The certificate is valid from %(start)s to %(end)s; the letter does not say when it was signed."
        )
        return _("Signed · certificate expired"), why % facts
    facts["signed"] = moment(signed_at)
    why = (
        _("The certificate is valid from %(start)s to %(end)s; the letter says it was signed %(signed)s.")
        % facts
    )
    if signed_at > end:
        return _("Signed · certificate expired"), why
    if signed_at < start:
        return _("Signed · certificate not valid when signed"), why
    if end < clock.now():
        return _("Signed · certificate expired"), why
    text = _("Signed · signing time more than an hour from Date")
    return text, _because(report, why, "warning") + " " + _(
        "Ask the sender when it was written if that matters."
    )


def _signed_weak(report: Any) -> tuple[str, str]:
    why = _because(report, _("Others could have made this signature."), "error", "warning")
    return _("Signed with an obsolete method, cannot be relied on"), why


def _signed_invalid(report: Any) -> tuple[str, str]:
    finding = first_finding(report)
    node = common_name(_read(report.path, "failing")) or _("its certificate")
    reason = finding.summary.rstrip(".") if finding is not None else _("a rule of RFC 5280 is broken")
    why = _sentence(finding.remedy) if finding is not None and finding.remedy else ""
    text = _("Signed, but the certificate path breaks at %(node)s: %(reason)s")
    advice = _("Treat the sender as unknown.")
    return text % {"node": node, "reason": reason}, f"{why} {advice}".strip()


def _signed_revoked(report: Any) -> tuple[str, str]:
    entry = getattr(_read(report.path, "revocation"), "entry", None)
    why = _(
        "Someone else may have written this. Do not act on it before you have asked the sender another way."
    )
    if entry is None:
        return _("Signed with a revoked certificate"), why
    if str(entry.reason) == "certificateHold":
        held = _("Signed with a certificate that is on hold since %(date)s") % {
            "date": full_day(entry.revoked_at)
        }
        return held, _(
            "Its authority is not sure yet whether the key is still in the right hands."
        ) + " " + why
    facts = {"date": full_day(entry.revoked_at), "reason": reason_words(str(entry.reason))}
    return _("Signed with a revoked certificate (%(date)s, %(reason)s)") % facts, why


def _signed_badly(report: Any) -> tuple[str, str]:
    advice = _("Do not act on its content; ask the sender to send it again.")
    if any(finding.code == "content-changed" for finding in report.findings):
        return _(
            "Signature broken: the message changed"
        ), f"{_('Something altered it after signing.')} {advice}"
    finding = first_finding(report, "error")
    if finding is None:
        return _("Signature broken: the message changed, or was built wrongly"), advice
    how = finding.summary.rstrip(".")
    return _("Signature broken: it was built wrongly (%(how)s)") % {"how": how[:1].lower() + how[1:]}, advice


_SIGNED = {
    "SIG_OK": (_signed_ok, "certificate", gettext_lazy("View certificate")),
    "SIG_OK_REV_STALE": (_signed_stale, "check-again", gettext_lazy("Check again")),
    "SIG_OK_REV_UNKNOWN": (_signed_unknown, "details", gettext_lazy("Why?")),
    "SIG_INVALID": (_signed_invalid, "path", gettext_lazy("Show path")),
    "SIG_INCOMPLETE": (_signed_incomplete, "ask-p7b", gettext_lazy("Ask for a .p7b")),
    "SIG_UNTRUSTED": (_signed_untrusted, "trust", gettext_lazy("Ask administrator to trust")),
    "SIG_MISMATCH": (_signed_mismatch, "details", gettext_lazy("Details")),
    "SIG_WARN_TIME": (_signed_time, "certificate", gettext_lazy("View certificate")),
    "SIG_WEAK": (_signed_weak, "details", gettext_lazy("Why?")),
    "SIG_REVOKED": (_signed_revoked, "contact", gettext_lazy("Contact the sender another way")),
    "SIG_BAD": (_signed_badly, "details", gettext_lazy("Help me fix")),
}


def seal_verdict(
    report: Any, *, always_signs: str = "", received_at: datetime | None = None, decision: Any = None
) -> Verdict:
    """The seal of a report in full. `always_signs` names the contact if an unsigned letter is unusual;
    `received_at` is the moment as of which the letter was judged; `decision` (distrusted_at, asked_at) is what was
    decided here about the root of an untrusted letter.
    """
    code = str(report.seal)
    if code == "NONE":
        return _inside() if str(report.encryption) in _SHUT else _unsigned(always_signs)
    if code not in _SIGNED:
        return Verdict(code, UNKNOWN_SEAL, str(UNKNOWN_SEAL.words))
    sentence, action, label = _SIGNED[code]
    text, why = sentence(report)
    verdict = Verdict(code, SEALS[code], text, why, Action(action, str(label)), rest=code == "SIG_OK")
    since = getattr(_read(report.path, "revocation"), "revoked_since", None)
    if code == "SIG_OK" and since is not None:
        text, why = _revoked_since(report, since, received_at)
        return replace(verdict, mark=SEALS["SIG_OK_REV_STALE"], text=text, why=why, rest=False)
    if code == "SIG_UNTRUSTED" and decision is not None:
        return _decided(report, decision, verdict)
    return verdict


def checking_verdict(report: Any) -> Verdict:
    """A letter whose issuer or list is being asked for at this moment: neither good nor doubtful yet."""
    facts = {"who": signer_name(report), "issuer": _asked_issuer(report)}
    why = (
        _("Asking for the certificate of %(issuer)s, which issued it.")
        if str(report.seal) == "SIG_INCOMPLETE"
        else _("Asking for the revocation list of %(issuer)s.")
    )
    later = _("This page looks again by itself.")
    text = _("Signed by %(who)s · checking…") % facts
    return Verdict(
        str(report.seal), Mark("quiet", "run", text), text, f"{why % facts} {later}", checking=True
    )


def _asked_issuer(report: Any) -> str:
    failing = _read(report.path, "failing") or _read(report.signer, "certificate")
    return _shown(getattr(failing, "issuer", None)) or _("its issuer")


_SHUT = frozenset({"ENC_FAIL", "ENC_LOCKED", "ENC_UNSUPPORTED"})


def _inside() -> Verdict:
    """Of a letter that stayed shut nobody knows whether it is signed."""
    why = _("as long as it cannot be opened, nobody can tell")
    return Verdict("NONE", SEALS["NONE"], _("Who signed it is inside"), why, rest=True)


def _unsigned(always_signs: str) -> Verdict:
    mark = SEALS["NONE"]
    if always_signs:
        text = _("Not signed, though %(name)s always signs") % {"name": always_signs}
        why = _("Somebody else may have written it. Ask before you act on it.")
        return Verdict("NONE", mark._replace(tone="warn"), text, why)
    return Verdict(
        "NONE", mark, _("Not signed"), _("anyone could have written it under this name"), rest=True
    )


def _locked_words(report: Any, algorithm: str) -> Mapping[str, tuple[str, str, Action | None]]:
    named = f" ({algorithm})" if algorithm else ""
    why_link = Action("details", _("Why?"))
    return {
        "ENC_OK": (_("Encrypted to you") + named, "", Action("details", _("Details"))),
        "ENC_WEAK": (
            _("Encrypted with an old method") + named,
            _("Readable, but not the way you should answer. The sender’s program chose it, not your key."),
            why_link,
        ),
        "ENC_UNPROTECTED": (
            _("Encrypted, integrity not protected"),
            _(
                "Shown as plain text, because it could have been altered unnoticed. Ask the sender to sign"
                " as well."
            ),
            why_link,
        ),
        "ENC_UNSUPPORTED": (
            _("Encrypted with a method this portal does not know") + named,
            _("Not your key’s fault. Another program may open the file."),
            Action("download", _("Download it")),
        ),
        "ENC_LOCKED": (
            _("Unlock your key to read"),
            _("Stays open for 15 minutes in this browser, then locks by itself."),
            Action("unlock", _("Unlock")),
        ),
        "ENC_FAIL": (
            _("Cannot be decrypted: not for a key of yours, or damaged"),
            _(
                "The letter is kept as it came. Ask the sender to send it again, encrypted with your current"
                " certificate from “My certificates”."
            ),
            Action("details", _("Help me fix")),
        ),
        "NONE": (_("Not encrypted"), _("anyone who carried this letter could read it"), None),
    }


def _opened_words(report: Any, text: str, names: str) -> tuple[str, str]:
    """An open and safe letter: for whom else, and whether a quantum computer will open it one day."""
    why = _("also to %(names)s") % {"names": names} if names else ""
    if not getattr(report, "post_quantum", False):
        return text, why
    safe = _("All copies of its key are protected by ML-KEM; that says nothing about the signature.")
    return _("%(encrypted)s · post-quantum") % {"encrypted": text}, " ".join(
        filter(None, (_sentence(why), safe))
    )


def encryption_verdict(report: Any, *, also: Iterable[str] = (), retired: bool = False) -> Verdict:
    """The lock of a report in full. `also` names the other people it was encrypted to; `retired`: the envelope names a
    certificate that the reader had before starting over with a new PIN.
    """
    code = str(report.encryption)
    algorithm = str(getattr(report, "encryption_algorithm", "") or "")
    words = _locked_words(report, algorithm)
    if code not in words:
        return Verdict(code, UNKNOWN_LOCK, str(UNKNOWN_LOCK.words))
    text, why, action = words[code]
    if code == "ENC_FAIL" and retired:
        text = _("Encrypted to a key you no longer open")
        why = _(
            "It went with your earlier PIN when you started over. The letter is kept as it came; ask the sender to"
            " send it again, encrypted with your current certificate."
        )
    if code == "ENC_OK":
        text, why = _opened_words(report, text, join_names(also))
    return Verdict(code, LOCKS[code], text, why, action, rest=code in ("ENC_OK", "NONE"))


def certificate_verdict(path: Any) -> Verdict:
    """One sentence about a certificate by itself, judged now: the head of its page."""
    code, text, fallback = _certificate_words("good" if str(path.verdict) == "good" else str(path.failure))
    finding = next((found for found in path.findings if found.severity in ("error", "warning")), None)
    why = fallback
    if finding is not None and code != "SIG_OK":
        why = " ".join(_sentence(part) for part in (finding.summary, finding.remedy) if part)
    # A root by itself is revoked by nobody: there is no list to speak of.
    if code == "SIG_OK" and len(path.path) > 1 and (known := _not_revoked(path.revocation, path.path[-1])):
        why = _sentence(known[:1].upper() + known[1:])
    return Verdict(code, SEALS[code], text, why)


def _certificate_words(failure: str) -> tuple[str, str, str]:
    """ "good" or PathResult.failure → seal code, sentence, and the reason to give when no finding has one."""
    advice = _("Do not rely on it.")
    known = {
        "good": ("SIG_OK", _("Complete, in date and trusted by your organisation"), ""),
        "untrusted": (
            "SIG_UNTRUSTED",
            _("Complete and in date, but its root is not trusted by your organisation yet"),
            _("An administrator can decide about the root."),
        ),
        "incomplete": (
            "SIG_INCOMPLETE",
            _("The issuer’s certificate is missing"),
            _("Ask for the whole path as a .p7b file."),
        ),
        "time": ("SIG_WARN_TIME", _("Out of date"), _("Ask its owner for the current one.")),
        "revoked": ("SIG_REVOKED", _("Revoked"), advice),
        "revocation-unknown": (
            "SIG_OK_REV_UNKNOWN",
            _("Trusted, but its revocation status can’t be determined"),
            _("No current list is at hand; the portal goes on asking."),
        ),
        "weak": ("SIG_WEAK", _("Made with an obsolete method, cannot be relied on"), advice),
    }
    return known.get(
        failure.lower().replace("_", "-"), ("SIG_INVALID", _("Its certificate path breaks"), advice)
    )
