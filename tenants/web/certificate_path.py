"""The Path tab: one node for every certificate, root first, with where it came from and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from django.utils.translation import gettext as _

from pki.claims import claims_of, name_of
from pki.findings import Severity
from pki.path import Failure, PathResult, Verdict
from tenants.models import TrustRoot
from tenants.models.trust import TrustState
from tenants.services.judge_certificate import Judged, sha256_of
from tenants.web.certificate_fields import key_words
from tenants.web.words import full_day

# Failures that leave everything open but one decision, one list or a search to its end: amber, never red.
_OPEN = {Failure.UNTRUSTED, Failure.INCOMPLETE, Failure.LIMIT, Failure.TIME, Failure.ADDRESS}


@dataclass(frozen=True, slots=True)
class Node:
    name: str
    tag: str
    tag_tone: str
    note: str
    state: str  # good, warning, error, undetermined; info: nothing is wrong with it, but what it rests on does not hold
    not_before: datetime
    not_after: datetime
    sha256: bytes
    why: str
    forest: None = None


def path_nodes(judged: Judged) -> list[Node]:
    """Root first. The failing node carries the reason; without one, the node where the path stops."""
    failing = failing_node(judged.path)
    states = node_states(judged.path)
    return [
        _node(judged, certificate, state, is_failing=certificate == failing)
        for certificate, state in zip(judged.path.path, states, strict=True)
    ]


def node_states(result: PathResult) -> tuple[str, ...]:
    """Root first: good above the failing node, neutral below it."""
    failing = failing_node(result)
    if failing is None:
        return ("good",) * len(result.path)
    index = result.path.index(failing)
    return (*["good"] * index, _state(result), *["info"] * (len(result.path) - index - 1))


def failing_node(result: PathResult) -> x509.Certificate | None:
    if result.verdict is Verdict.GOOD or not result.path:
        return None
    return result.failing if result.failing in result.path else result.path[0]


def _node(judged: Judged, certificate: x509.Certificate, state: str, *, is_failing: bool) -> Node:
    sha256 = sha256_of(certificate)
    root = judged.roots.get(sha256)
    tag, tone = _tag(certificate, root)
    return Node(
        name=name_of(certificate) or _("unreadable name"),
        tag=tag,
        tag_tone=tone,
        note=_note(judged, certificate, sha256),
        state=state,
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        sha256=sha256,
        why=_why(judged.path) if is_failing else "",
    )


def _state(result: PathResult) -> str:
    if result.verdict is Verdict.UNDETERMINED:
        return "undetermined"
    return "warning" if result.failure in _OPEN else "error"


def _why(result: PathResult) -> str:
    decisive = next((found for found in result.findings if found.severity is Severity.ERROR), None)
    return "" if decisive is None else " ".join(part for part in (decisive.summary, decisive.remedy) if part)


def _tag(certificate: x509.Certificate, root: TrustRoot | None) -> tuple[str, str]:
    if root is not None:
        return {
            TrustState.OWN.value: (_("your own root"), "ok"),
            TrustState.TRUSTED.value: (
                _("trusted here since %(date)s") % {"date": full_day(root.decided_at)},
                "ok",
            ),
            TrustState.DISTRUSTED.value: (
                _("distrusted here since %(date)s") % {"date": full_day(root.decided_at)},
                "bad",
            ),
        }[root.state]
    claimed = claims_of(certificate)
    if not claimed.is_readable:
        return _("unreadable"), "bad"
    if claimed.is_root:
        return _("not trusted here yet"), "warn"
    return (_("authority"), "") if claimed.is_authority else (_("person"), "")


def _note(judged: Judged, certificate: x509.Certificate, sha256: bytes) -> str:
    key = key_words(certificate)
    if sha256 in judged.roots:
        return _("Root, self-signed · %(key)s") % {"key": key}
    if sha256 not in judged.sources:
        return key
    source = judged.sources[sha256]
    where = source or _("your organisation’s own authority")
    return f"{where} · {key}"
