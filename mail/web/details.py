"""The details panel beside a letter: layers, path, lists, recipients, signer and findings as plain values."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mail.models import ContactCertificate
from mail.web.words import in_a_list, short_fingerprint
from pki.claims import name_of
from pki.crl import Crl
from pki.findings import Finding, Severity
from pki.names import display
from pki.path import PathResult
from pki.revocation import Good
from smime.decrypt import DecryptionStatus
from smime.identifiers import IssuerAndSerial, KeyIdentifier
from smime.report import (
    Encryption,
    Layer,
    LayerKind,
    Seal,
    SecurityReport,
    Signature,
    SignerReport,
    worst_seal,
)
from tenants import clock
from tenants.access import Actor
from tenants.models import Certificate
from tenants.scoping import tenant_scope
from tenants.services.document_findings import document_findings
from tenants.services.judge_certificate import list_sources
from tenants.web.certificate_path import failing_node, node_states
from tenants.web.words import full_day, full_moment


@dataclass(frozen=True, slots=True)
class LayerLine:
    kind: str
    code: str
    title: str
    note: str


@dataclass(frozen=True, slots=True)
class Node:
    name: str
    state: str
    note: str
    url: str


@dataclass(frozen=True, slots=True)
class ListUsed:
    issuer: str
    number: int | None
    this_update: datetime
    next_update: datetime | None
    source: str
    note: str


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody the letter was encrypted to. `name` says so where the certificate is not known here."""

    name: str
    key: str
    you: bool
    known: bool = True


@dataclass(frozen=True, slots=True)
class Details:
    layers: tuple[LayerLine, ...]
    content: str
    path: tuple[Node, ...]
    lists: tuple[ListUsed, ...]
    recipients: tuple[Reader, ...]
    signer: tuple[tuple[str, str], ...]
    findings: tuple[Finding, ...]


def details_of(
    actor: Actor, message_id: uuid.UUID, report: SecurityReport, readers: Sequence[Reader]
) -> Details:
    return Details(
        layers=tuple(_layer(layer, report) for layer in report.layers),
        content=_content(report),
        path=_path(message_id, report.path),
        lists=_lists(actor, report.path),
        recipients=tuple(readers),
        signer=tuple(_signer(report.signer)),
        findings=tuple(sorted(_findings(actor, report), key=lambda finding: _ORDER[finding.severity])),
    )


_ORDER = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}


def _findings(actor: Actor, report: SecurityReport) -> Iterable[Finding]:
    """Each once; that a list was used stands in its own section."""
    if report.path is None:
        return dict.fromkeys(report.findings)
    found = [*report.findings, *report.path.findings, *document_findings(actor.tenant_id, report.path)]
    return (f for f in dict.fromkeys(found) if f.code != "crl-used")


# Layers


def _layer(layer: Layer, report: SecurityReport) -> LayerLine:
    note = ", ".join(part for part in (layer.algorithm, layer.form) if part)
    if layer.kind is LayerKind.SIGNED:
        names = ", ".join(in_a_list(signer.name) for signer in layer.signers)
        title = _("Signed by %(names)s") % {"names": names} if names else _("Signed")
        return LayerLine("signed", _seal_of(layer).value, title, note)
    if layer.kind is LayerKind.ENCRYPTED:
        return LayerLine("encrypted", _lock_of(layer, report).value, _("Encrypted"), note)
    return LayerLine("compressed", "", _("Compressed"), note)


def _seal_of(layer: Layer) -> Seal:
    """A signature around ciphertext counts for nothing: it has no seal of its own, unless it is broken."""
    if layer.outcome == Signature.BAD.value:
        return Seal.BAD
    return worst_seal(signer.seal for signer in layer.signers)


def _lock_of(layer: Layer, report: SecurityReport) -> Encryption:
    if layer.outcome == DecryptionStatus.OK.value:
        opened = (Encryption.OK, Encryption.WEAK, Encryption.UNPROTECTED)
        return report.encryption if report.encryption in opened else Encryption.OK
    return {
        DecryptionStatus.LOCKED.value: Encryption.LOCKED,
        DecryptionStatus.UNSUPPORTED.value: Encryption.UNSUPPORTED,
    }.get(layer.outcome, Encryption.FAIL)


def _content(report: SecurityReport) -> str:
    if report.is_closed:
        return _("not opened")
    form = _("formatted text") if report.html is not None else _("plain text")
    n = len(report.attachments)
    return f"{form}, {ngettext('%(n)d file', '%(n)d files', n) % {'n': n}}" if n else form


# Path and lists


def _path(message_id: uuid.UUID, path: PathResult | None) -> tuple[Node, ...]:
    if path is None:
        return ()
    return tuple(
        _node(message_id, path, certificate, state)
        for certificate, state in zip(path.path, node_states(path), strict=True)
    )


def _node(message_id: uuid.UUID, path: PathResult, certificate: x509.Certificate, state: str) -> Node:
    fingerprint = certificate.fingerprint(SHA256()).hex()
    return Node(
        name=name_of(certificate) or _("unreadable name"),
        state=state,
        note=_node_note(path, certificate),
        url=reverse("mail:message_certificate", args=[message_id, fingerprint, "general"]),
    )


def _node_note(path: PathResult, certificate: x509.Certificate) -> str:
    if path.anchor is not None and certificate == path.anchor.certificate:
        return _("trusted by your organisation")
    end = full_day(certificate.not_valid_after_utc)
    if certificate == failing_node(path):
        return _("the path breaks here · ends %(end)s") % {"end": end}
    return _("ends %(end)s") % {"end": end}


def _lists(actor: Actor, path: PathResult | None) -> tuple[ListUsed, ...]:
    if path is None or not isinstance(path.revocation, Good):
        return ()
    with tenant_scope(actor.tenant_id):
        sources = list_sources(path)
    good = path.revocation
    return tuple(
        ListUsed(
            display(crl.issuer),
            crl.number,
            crl.this_update,
            crl.next_update,
            sources.get(bytes(crl.sha256), ""),
            _list_note(crl, good),
        )
        for crl in good.lists
    )


def _list_note(crl: Crl, good: Good) -> str:
    if crl in good.unreachable:
        return _("no newer one could be fetched")
    ended = crl.next_update is not None and crl.next_update < clock.now()
    return _("older than its own end; no newer one is at hand") if ended else ""


# Signer and readers


def _signer(signer: SignerReport | None) -> Iterable[tuple[str, str]]:
    if signer is None:
        return
    yield _("Name"), signer.name
    if signer.address:
        yield _("Address"), signer.address
    if signer.organisation:
        yield _("Organisation"), signer.organisation
    yield _("Method"), f"{signer.signature_algorithm}, {signer.digest_algorithm}"
    if signer.signing_time is not None:
        yield _("Signed, by their clock"), f"{full_moment(signer.signing_time)} UTC"
    if signer.certificate is not None:
        yield _("Certificate"), short_fingerprint(signer.certificate)


def readers_of(actor: Actor, report: SecurityReport, addressed: Iterable[str]) -> list[Reader]:
    """Whom the envelope names, as far as the certificates of the people addressed are known here. Opens a scope."""
    if not report.recipients:
        return []
    known = _known_readers(actor, {actor.address, *(address.lower() for address in addressed)})
    return [
        known.get(reference, Reader(_("not known here"), _shortened(reference), False, known=False))
        for reference in dict.fromkeys(report.recipients)
    ]


def other_readers(readers: Iterable[Reader]) -> list[str]:
    """Everybody but the reader, in words; keys of nobody known here are counted, not listed."""
    others = [reader for reader in readers if not reader.you]
    named = [reader.name for reader in others if reader.known]
    n = len(others) - len(named)
    return (
        [*named, ngettext("%(n)d key unknown here", "%(n)d keys unknown here", n) % {"n": n}] if n else named
    )


def _known_readers(actor: Actor, addresses: Iterable[str]) -> Mapping[str, Reader]:
    with tenant_scope(actor.tenant_id):
        people = Certificate.objects.encryption().filter(person__address__in=addresses)
        held = [
            (row.certificate, row.person.name, row.person_id == actor.person_id)
            for row in people.select_related("person")
        ]
        contacts = ContactCertificate.objects.filter(
            contact__person_id=actor.person_id, contact__address__in=addresses, can_encrypt=True
        ).select_related("contact")
        held += [(row.certificate, row.contact.name or row.contact.address, False) for row in contacts]
    found: dict[str, Reader] = {}
    for certificate, name, you in held:
        reader = Reader(name, short_fingerprint(certificate), you)
        found[str(IssuerAndSerial.of(certificate))] = found[str(KeyIdentifier.of(certificate))] = reader
    return found


def _shortened(reference: str) -> str:
    return reference if len(reference) <= 60 else f"{reference[:59]}…"
