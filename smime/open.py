"""Opening a letter: from its bytes to a `SecurityReport` (RFC 8551, RFC 9787, RFC 9788).

Order of work: read the tree, peel the layers, decide what the encryption is worth, find the protected header,
judge the signature that counts, read the body. Bad input never raises: the report says what is wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from cryptography.x509 import Certificate

from pki.names import same_mailbox
from pki.trust import Trust

from . import structure
from .addressed import addressed_findings
from .author import Author, read_author, sender_findings, unsigned_author_findings
from .body import Body, read_body
from .decrypt import Decrypted, DecryptionKey, DecryptionStatus
from .errors import SmimeError
from .fields import Field
from .headers import FieldState, ProtectedHeaders, read_protected
from .layers import CompressedLayer, EncryptedLayer, OpenedLayer, SignedLayer, peel, read_message
from .mime_read import Part
from .report import (
    Encryption,
    Layer,
    LayerKind,
    ProtectedField,
    Seal,
    SecurityReport,
    Signature,
    SignerReport,
    worst_encryption,
)
from .seal import Court, Judgement, RevocationMode, judge, mathematics, unjudged

DISPLAYED = (
    "from", "sender", "reply-to", "to", "cc", "subject", "date", "message-id", "in-reply-to", "references",
)  # fmt: skip
_CLOSED = {
    DecryptionStatus.FAIL: Encryption.FAIL,
    DecryptionStatus.LOCKED: Encryption.LOCKED,
    DecryptionStatus.UNSUPPORTED: Encryption.UNSUPPORTED,
}


def open_message(
    raw: bytes,
    *,
    keys: Sequence[DecryptionKey] = (),
    locked: Sequence[Certificate] = (),
    trust: Trust,
    at: datetime,
    now: datetime | None = None,
    revocation: RevocationMode = "required",
    reader: str = "",
) -> SecurityReport:
    """Opens an RFC 5322 message or a bare CMS object.

    `reader` is the address of whoever reads, to be told whether the author meant them; left out, nothing is said of it.
    `keys` are all keys of the reader, `locked` the certificates whose keys exist but are not unlocked. `at` is the
    moment of receipt, `now` the present (both aware, UTC). Never raises for what the bytes contain.
    """
    try:
        message = read_message(raw)
        return _Opening(message, keys, locked, trust, at, now, revocation, reader).report()
    except SmimeError as refusal:
        return SecurityReport(Seal.NONE, Encryption.NONE, findings=(refusal.finding,))
    except Exception as fault:  # noqa: BLE001  the last guard: one letter must never take down a folder
        finding = structure.could_not_open(type(fault).__name__)
        return SecurityReport(Seal.NONE, Encryption.NONE, findings=(finding,))


@dataclass(frozen=True, slots=True)
class _Header:
    """The header of one letter as it is to be believed."""

    protected: ProtectedHeaders | None
    signed: bool
    encrypted: bool
    outer: tuple[Field, ...]

    def outside(self, name: str) -> list[Field]:
        return [entry for entry in self.outer if entry.key == name]

    def inside(self, name: str) -> list[Field]:
        return [entry for entry in self.protected.fields if entry.key == name] if self.protected else []

    def believed(self, name: str) -> list[Field]:
        """Protected fields of a signed payload; from an unsigned envelope the Subject only; else the outer ones."""
        if self.protected is not None and self.signed:
            return self.inside(name)
        if self.protected is not None and self.encrypted and name == "subject":
            return self.inside(name) or self.outside(name)
        return self.outside(name)

    def protected_fields(self) -> tuple[ProtectedField, ...]:
        if self.protected is None:
            return ()
        found = []
        for entry in self.protected.fields:
            state = self.protected.state(entry, signed=self.signed, encrypted=self.encrypted)
            if state is not FieldState.UNPROTECTED and (self.signed or entry.key == "subject"):
                found.append(ProtectedField(entry.name, entry.text, state))
        return tuple(found)


class _Opening:
    def __init__(
        self,
        message: Part,
        keys: Sequence[DecryptionKey],
        locked: Sequence[Certificate],
        trust: Trust,
        at: datetime,
        now: datetime | None,
        revocation: RevocationMode,
        reader: str,
    ) -> None:
        self.reader = reader
        self.message = message
        known = (*trust.intermediates, *(anchor.certificate for anchor in trust.anchors))
        self.peeled = peel(message, keys=keys, locked=locked, candidates=known)
        self.court = Court(
            trust, at, now, revocation, tuple(self.peeled.certificates), tuple(self.peeled.crls)
        )
        self.findings = list(self.peeled.findings)

    def report(self) -> SecurityReport:
        layers = self.peeled.layers
        encryption = encryption_state(layers)
        group = signatures_that_count(layers)
        header = self._header(group)
        judgement = self._judge(group, header)
        self._explain(layers, group, encryption, header)
        body = self._body(header, encryption)
        signer = judgement.worst
        shown = _displayed(header, judgement.author)
        protected = header.protected_fields()
        self.findings.extend([*judgement.findings, *body.findings])
        opened = [
            layer.decrypted for layer in layers if isinstance(layer, EncryptedLayer) and layer.decrypted
        ]
        return SecurityReport(
            seal=judgement.seal,
            encryption=encryption,
            layers=_layer_reports(layers, group, judgement.signers),
            signature=judgement.signature,
            signer=signer,
            path=signer.path if signer else None,
            sender=judgement.sender,
            from_address=judgement.author.mailbox or None,
            headers=shown,
            outer_headers=tuple((entry.name, entry.text) for entry in self.message.fields),
            protected_fields=protected,
            subject_was_encrypted=_subject_was_encrypted(protected),
            text=body.text,
            html=body.html,
            attachments=tuple(body.attachments),
            certificates=tuple(dict.fromkeys(self.peeled.certificates)),
            crls=tuple(dict.fromkeys(self.peeled.crls)),
            findings=tuple(dict.fromkeys(self.findings)),
            encryption_algorithm=" + ".join(dict.fromkeys(d.algorithm for d in opened if d.algorithm)),
            recipients=tuple(str(rid) for d in opened for rid in d.recipients),
            remote_content=all(d.authenticated for d in opened),
            post_quantum=bool(opened) and all(d.post_quantum for d in opened),
            believed_fields=tuple(field for name in DISPLAYED for field in header.believed(name)[:1]),
            protection=header.protected,
        )

    def _header(self, group: Sequence[SignedLayer]) -> _Header:
        payload = self.peeled.payload
        encrypted = any(isinstance(layer, EncryptedLayer) for layer in self.peeled.layers)
        signed = mathematics(group) is Signature.GOOD
        outer = self.message.fields
        protected = None
        if payload is not None and payload is not self.message and (encrypted or signed):
            protected = read_protected(payload, outer_from=self.message.value("from"))
        return _Header(protected, signed, encrypted, outer)

    def _judge(self, group: Sequence[SignedLayer], header: _Header) -> Judgement:
        outer = read_author(header.outside("from"))
        inner = read_author(header.inside("from")) if header.signed and header.inside("from") else None
        judgement = judge(
            group, inner=inner, outer=outer, date=_date(header.believed("date")), court=self.court
        )
        self.findings.extend(sender_findings(header.believed("sender"), judgement.author))
        if not header.signed and header.inside("from"):
            self.findings.extend(unsigned_author_findings(read_author(header.inside("from")), outer))
        is_own = same_mailbox(self.reader, judgement.author.mailbox)
        if self.reader and not is_own and header.signed and self.message.fields:
            protected = header.protected.fields if header.protected else None
            self.findings.extend(addressed_findings(protected, self.reader))
        if self.peeled.payload is None and judgement.signature is not Signature.BAD:
            # what is signed could not be opened: a seal is only ever over what is shown
            return replace(judgement, seal=Seal.NONE, signature=Signature.NONE, sender=None)
        return judgement

    def _explain(
        self,
        layers: Sequence[OpenedLayer],
        group: Sequence[SignedLayer],
        encryption: Encryption,
        header: _Header,
    ) -> None:
        """Findings about how the layers stand to one another."""
        signed = [layer for layer in layers if isinstance(layer, SignedLayer)]
        opened = self.peeled.payload is not None
        if len(signed) > len(group) and opened:
            self.findings.append(
                structure.outer_signature_too() if group else structure.outer_signature_only()
            )
        if encryption is Encryption.UNPROTECTED:
            self.findings.append(structure.unprotected_encryption())
        protected = header.protected
        if protected is not None and header.encrypted and protected.hp == "clear":
            self.findings.append(structure.encryption_added())
        if protected is not None and header.encrypted and not header.signed and header.inside("subject"):
            self.findings.append(structure.unsigned_envelope_subject())
        if self.message.media_type == "multipart/signed" and not layers:
            self.findings.append(structure.other_signature(self.message.parameters.get("protocol", "")))
        if not self.message.fields and not layers:
            self.findings.append(structure.not_a_message())

    def _body(self, header: _Header, encryption: Encryption) -> Body:
        payload = header.protected.payload if header.protected else self.peeled.payload
        if payload is None or (not self.message.fields and not self.peeled.layers):
            return Body()
        body = read_body(payload, encrypted=header.encrypted)
        if encryption is Encryption.UNPROTECTED:  # EFAIL: no HTML, no links, nothing automatic
            body.html = None
        return body


def signatures_that_count(layers: Sequence[OpenedLayer]) -> list[SignedLayer]:
    """The signatures inside the innermost encryption: only those are over what is shown (RFC 8551 §3.7)."""
    group: list[SignedLayer] = []
    for layer in layers:
        if isinstance(layer, EncryptedLayer):
            group = []
        elif isinstance(layer, SignedLayer):
            group.append(layer)
    return group


def encryption_state(layers: Sequence[OpenedLayer]) -> Encryption:
    """What the envelopes of a letter are worth together."""
    return worst_encryption(
        _envelope_state(layer, layers[index + 1 :])
        for index, layer in enumerate(layers)
        if isinstance(layer, EncryptedLayer)
    )


def _envelope_state(layer: EncryptedLayer, inside: Sequence[OpenedLayer]) -> Encryption:
    if layer.decrypted is None:
        return Encryption.UNSUPPORTED if layer.unsupported else Encryption.FAIL
    if layer.decrypted.status is not DecryptionStatus.OK:
        return _CLOSED[layer.decrypted.status]
    if not layer.decrypted.authenticated and not _has_good_signature(inside):
        return Encryption.UNPROTECTED
    return Encryption.WEAK if layer.decrypted.weak else Encryption.OK


def _has_good_signature(inside: Sequence[OpenedLayer]) -> bool:
    """A signature that holds over exactly the content of the envelope, whoever made it."""
    content = next((layer for layer in inside if not isinstance(layer, CompressedLayer)), None)
    return isinstance(content, SignedLayer) and mathematics([content]) is Signature.GOOD


def _displayed(header: _Header, author: Author) -> tuple[tuple[str, str], ...]:
    """The fields that a reader shows, each once."""
    shown = [("From", author.display)] if author.display else []
    for name in DISPLAYED[1:]:
        found = header.believed(name)
        if found:
            shown.append((found[0].name, found[0].text))
    return tuple(shown)


def _subject_was_encrypted(protected: Sequence[ProtectedField]) -> bool:
    hidden = (FieldState.SIGNED_AND_ENCRYPTED, FieldState.ENCRYPTED_ONLY)
    return any(entry.name.lower() == "subject" and entry.state in hidden for entry in protected)


def _date(fields: Sequence[Field]) -> datetime | None:
    """The Date of a letter, or None where it cannot be read."""
    if not fields:
        return None
    try:
        moment = parsedate_to_datetime(fields[0].value[:100])
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _layer_reports(
    layers: Sequence[OpenedLayer], group: Sequence[SignedLayer], judged: Sequence[SignerReport]
) -> tuple[Layer, ...]:
    reports = []
    remaining = iter(judged)
    counting = {id(layer) for layer in group}
    for layer in layers:
        if isinstance(layer, SignedLayer):
            results = layer.result.signers if layer.result else ()
            counts = id(layer) in counting
            signers = tuple(next(remaining) if counts else unjudged(result) for result in results)
            reports.append(_signed_report(layer, signers))
        elif isinstance(layer, EncryptedLayer):
            reports.append(_encrypted_report(layer.form, layer.decrypted))
        else:
            reports.append(Layer(LayerKind.COMPRESSED, layer.form, "zlib"))
    return tuple(reports)


def _signed_report(layer: SignedLayer, signers: tuple[SignerReport, ...]) -> Layer:
    algorithms = dict.fromkeys(signer.signature_algorithm for signer in signers)
    outcome = mathematics([layer]).value
    return Layer(LayerKind.SIGNED, layer.form, ", ".join(algorithms), outcome, signers)


def _encrypted_report(form: str, decrypted: Decrypted | None) -> Layer:
    if decrypted is None:
        return Layer(LayerKind.ENCRYPTED, form, outcome=DecryptionStatus.FAIL.value)
    recipients = tuple(str(rid) for rid in decrypted.recipients)
    return Layer(LayerKind.ENCRYPTED, form, decrypted.algorithm, decrypted.status.value, (), recipients)
