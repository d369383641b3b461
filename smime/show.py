"""A letter's security in plain words, line by line (the text of `python -m smime show`)."""

from __future__ import annotations

from collections.abc import Iterator

from .report import Encryption, Layer, LayerKind, Seal, SecurityReport, SignerReport

SEALS = {
    Seal.BAD: "Signature broken: the letter changed, or was built wrongly.",
    Seal.REVOKED: "Signed with a revoked certificate.",
    Seal.INVALID: "Signed, but the certificate path breaks.",
    Seal.WEAK: "Signed with an obsolete method that cannot be relied on.",
    Seal.INCOMPLETE: "Signed, but a certificate is missing.",
    Seal.UNTRUSTED: "Signed; the issuer is not among the given trust anchors.",
    Seal.MISMATCH: "Signed by somebody else than From says.",
    Seal.WARN_TIME: "Signed, but the dates do not fit.",
    Seal.REV_UNKNOWN: "Signed; the revocation status cannot be determined.",
    Seal.REV_STALE: "Signed; revocation checked with an older list.",
    Seal.OK: "Signed by the person that From names.",
    Seal.NONE: "Not signed.",
}
ENCRYPTIONS = {
    Encryption.FAIL: "Cannot be decrypted: not for a key given here, or damaged.",
    Encryption.LOCKED: "Encrypted; the key is locked.",
    Encryption.UNSUPPORTED: "Encrypted with a method that is not known here.",
    Encryption.UNPROTECTED: "Encrypted, but not protected against changes.",
    Encryption.WEAK: "Encrypted with an old method.",
    Encryption.OK: "Encrypted.",
    Encryption.NONE: "Not encrypted.",
}


def describe(report: SecurityReport, name: str) -> list[str]:
    """Lines for people: the verdict, the layers from the outside in, the header, findings, text."""
    return [
        *_verdict(report, name),
        *_layers(report),
        *_header(report),
        *_findings(report),
        *_content(report),
    ]


def _verdict(report: SecurityReport, name: str) -> Iterator[str]:
    yield f"Letter {name}"
    yield f"  {_seal(report)} [{report.seal.value}]"
    yield f"  {ENCRYPTIONS[report.encryption]} [{report.encryption.value}]"
    if report.post_quantum:
        yield "  Post-quantum: every copy of its key is protected by ML-KEM; that says nothing about the signature."


def _seal(report: SecurityReport) -> str:
    """What cannot be opened is not unsigned."""
    if report.seal is Seal.NONE and report.is_closed:
        return "Who signed it is inside the encryption."
    return SEALS[report.seal]


def _layers(report: SecurityReport) -> Iterator[str]:
    if not report.layers:
        yield "Layers: none"
        return
    yield "Layers, outermost first:"
    for number, layer in enumerate(report.layers, start=1):
        yield f"  {number}. {_layer(layer)}"
        yield from (f"     signer: {_signer(signer)}" for signer in layer.signers)
        yield from (f"     recipient: {recipient}" for recipient in layer.recipients)


def _layer(layer: Layer) -> str:
    outcome = f": {layer.outcome}" if layer.outcome else ""
    algorithm = f" with {layer.algorithm}" if layer.algorithm else ""
    return f"{layer.kind.value}{algorithm} ({layer.form}){outcome}"


def _signer(signer: SignerReport) -> str:
    who = f"{signer.name} <{signer.address}>" if signer.address else signer.name
    organisation = f", {signer.organisation}" if signer.organisation else ""
    when = f", signed {signer.signing_time:%Y-%m-%d %H:%M UTC}" if signer.signing_time else ""
    return f"{who}{organisation}{when} [{signer.seal.value}]"


def _header(report: SecurityReport) -> Iterator[str]:
    states = {entry.name.lower(): entry.state.value for entry in report.protected_fields}
    if report.headers:
        yield "Header:"
    for name, value in report.headers:
        yield f"  {name}: {value}  ({states.get(name.lower(), 'unprotected')})"


def _findings(report: SecurityReport) -> Iterator[str]:
    if report.findings:
        yield "Findings:"
    for finding in report.findings:
        yield f"  {finding.severity.value}: {finding.summary} [{finding.code}]"
        if finding.remedy:
            yield f"    what to do ({finding.owner or 'anyone'}): {finding.remedy}"


def _content(report: SecurityReport) -> Iterator[str]:
    encrypted = any(layer.kind is LayerKind.ENCRYPTED for layer in report.layers)
    for file in report.attachments:
        yield f"Attachment: {file.name} ({file.media_type}, {file.size} bytes)"
    if report.text and not encrypted:
        yield "Text:"
        yield from (f"  {line}" for line in report.text.splitlines())
