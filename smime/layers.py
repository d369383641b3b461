"""Peeling a letter: from the outside inwards, as long as one cryptographic layer wraps the whole (RFC 8551 §3.7).

The unbroken run of layers is the envelope of RFC 9787; what stands inside it is the payload. Every layer is opened here
and none is judged: bytes that were verified are exactly the bytes that are read on. Nothing is joined
across layers, and a crypto part anywhere else is left for `smime.body` as a file.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from cryptography.x509 import Certificate

from pki.findings import Finding

from . import cms, oids, structure
from .base64_text import decoded_base64
from .decrypt import FAILED, Decrypted, DecryptionKey, DecryptionStatus, decrypt
from .errors import Malformed, OverBudget, SmimeError, Unsupported
from .fields import MAX_BLOCK
from .headers import is_structural
from .layer_kind import (
    claims_encryption,
    claims_signature,
    is_cms_part,
    is_detached_signature,
    is_multipart_signed,
)
from .mime_read import NO_PARAMETERS, Part, parse
from .octets import BLOCK, Source, View, blocks_of, cut
from .spool import SpoolWriter
from .transfer import reads_as_text
from .verify import SignatureStatus, SignedResult, verify

MAX_LAYERS = 4
MAX_EXPANDED = 100 * 1024 * 1024
MAX_RATIO = 100
BARE = "CMS object"
_PEEK = 4096

_BARE_LF = re.compile(rb"(?<!\r)\n")
_MBOX_LINE = re.compile(rb"From [^\n]*\n")
_BASE64_LINE = re.compile(rb"MI[A-Za-z0-9+/]{30,}={0,2}\r?\n?")
_BOM = b"\xef\xbb\xbf"
_BLANK_LINE = re.compile(rb"(?:\A|\n)\r?\n")
_STRUCTURAL = re.compile(rb"^(?:content-[!-9;-~]+|mime-version)[ \t]*:", re.IGNORECASE | re.MULTILINE)
_PKCS_OID = bytes.fromhex("2a864886f70d01")  # every content type that is read here stands under it
_PEM = re.compile(rb"\s{0,100}-----BEGIN (?:PKCS7|CMS|PKCS #7 SIGNED DATA)-----")


@dataclass(frozen=True, slots=True)
class SignedLayer:
    """A signature around what follows. `result` is None and `refused` set where the structure forbids any seal."""

    form: str
    result: SignedResult | None
    refused: bool = False


@dataclass(frozen=True, slots=True)
class EncryptedLayer:
    """An envelope. `decrypted` is None where the object itself cannot be read; `unsupported` tells why."""

    form: str
    decrypted: Decrypted | None
    unsupported: bool = False


@dataclass(frozen=True, slots=True)
class CompressedLayer:
    """Compression: no protection at all."""

    form: str


OpenedLayer: TypeAlias = SignedLayer | EncryptedLayer | CompressedLayer


@dataclass(slots=True)
class Peeled:
    """The layers, outermost first, and the payload: None where a layer did not open or has no content."""

    layers: list[OpenedLayer] = field(default_factory=list)
    payload: Part | None = None
    certificates: list[Certificate] = field(default_factory=list)
    crls: list[bytes] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def read_message(raw: bytes) -> Part:
    """The tree of an RFC 5322 message, or one synthetic part around a bare CMS object. Raises OverBudget."""
    start = len(_BOM) if raw.startswith(_BOM) else 0
    bare = _bare_object(cut(raw, start, len(raw)))
    if bare is not None:
        return _whole(bare, "application/pkcs7-mime")
    mbox = _MBOX_LINE.match(raw, start)
    return parse(cut(raw, mbox.end() if mbox else start, len(raw)))


def _bare_object(raw: Source) -> Source | None:
    """DER or BER as it is, PEM as it is (the CMS reader knows both), lone base64 decoded."""
    if _is_cms(raw) or _PEM.match(raw[:200]):
        return raw
    if _BASE64_LINE.match(raw[:_PEEK]):
        decoded = decoded_base64(raw, 0, len(raw))
        return decoded if _is_cms(decoded) else None
    return None


def _is_cms(data: Source) -> bool:
    """A SEQUENCE in long or indefinite form: no text begins so."""
    return len(data) > 2 and data[0] == 0x30 and data[1] >= 0x80


def _whole(content: Source, media_type: str) -> Part:
    """A leaf without header over all of `content`."""
    end = len(content)
    return Part(content, 0, 0, end, (), media_type, NO_PARAMETERS, (), (0, 0), (end, end), ())


def peel(
    message: Part,
    *,
    keys: Sequence[DecryptionKey],
    locked: Sequence[Certificate],
    candidates: Sequence[Certificate],
) -> Peeled:
    """Opens layer after layer. Never raises for what a letter contains: it stops with a finding instead."""
    peeler = _Peeler(keys, locked, candidates)
    try:
        peeler.run(message)
    except OverBudget as refusal:  # too many layers, or a tree inside one beyond its budget
        peeler.peeled.findings.append(refusal.finding)
        peeler.peeled.payload = None
    return peeler.peeled


class _Peeler:
    def __init__(
        self, keys: Sequence[DecryptionKey], locked: Sequence[Certificate], candidates: Sequence[Certificate]
    ) -> None:
        self.keys, self.locked, self.candidates = keys, locked, candidates
        self.peeled = Peeled()

    def run(self, message: Part) -> None:
        node: Part | None = message
        while node is not None and (is_multipart_signed(node) or is_cms_part(node)):
            if len(self.peeled.layers) == MAX_LAYERS:
                raise OverBudget("cryptographic layers", MAX_LAYERS)
            node = self._clear_signed(node) if is_multipart_signed(node) else self._cms(node)
            if node is not None and node is self.peeled.payload:
                return
        self.peeled.payload = node

    def _stop_at(self, node: Part) -> Part:
        """The payload is this very part: what is in it is shown, but not opened further."""
        self.peeled.payload = node
        return node

    # multipart/signed

    def _clear_signed(self, node: Part) -> Part | None:
        form = node.media_type
        if len(node.children) != 2 or not _may_be_signature(node.children[1]):
            count = len(node.children)
            how = f"it has {count} parts" if count != 2 else "its second part is no signature"
            self._refuse(form, how, "RFC 1847 §2.1")
            return self._stop_at(node)
        self._report_outside(node)
        first, second = node.children
        result, content = self._verify_detached(form, first.octets(), second)
        self._add_signed(form, result)
        return self._read_content(content)

    def _verify_detached(
        self, form: str, content: Source, signature: Part
    ) -> tuple[SignedResult | None, Source]:
        try:
            signed = cms.parse(signature.decoded())
        except SmimeError as error:
            self.peeled.findings.append(error.finding)
            return None, content
        if not isinstance(signed, cms.SignedData):
            self._finding(
                structure.refused_structure("its signature part is no signature", "RFC 8551 §3.5.3")
            )
            return None, content
        if signed.content is not None:
            how = "the detached signature carries a text of its own"
            self._finding(structure.refused_structure(how, "RFC 8551 §3.5.3"))
            return None, content
        result = verify(signed, detached_content=content, candidates=self.candidates)
        restored = _line_ends_restored(content) if _all_bad(result) else None
        if restored is not None:
            second = verify(signed, detached_content=restored, candidates=self.candidates)
            if not _all_bad(second):
                self._finding(structure.line_ends_restored())
                return second, restored
        return result, content

    def _report_outside(self, node: Part) -> None:
        if node.has_words(node.epilogue):
            self._finding(structure.outside_the_signature("behind"))
        if node.has_words(node.preamble):
            self._finding(structure.outside_the_signature("before"))

    # application/pkcs7-mime

    def _cms(self, node: Part) -> Part | None:
        form = node.media_type if node.fields else BARE
        try:
            content = cms.parse(node.decoded())
        except SmimeError as error:
            return self._unreadable(node, form, error)
        self._compare_label(node, content)
        if isinstance(content, cms.SignedData):
            return self._opaque_signed(node, form, content)
        if isinstance(content, cms.CompressedData):
            self.peeled.layers.append(CompressedLayer(form))
            return self._expand(content)
        return self._encrypted(form, content)

    def _unreadable(self, node: Part, form: str, error: SmimeError) -> Part | None:
        self.peeled.findings.append(error.finding)
        if claims_signature(node):
            self.peeled.layers.append(SignedLayer(form, None, refused=True))
        elif claims_encryption(node) or not node.parameters.get("smime-type"):
            self.peeled.layers.append(EncryptedLayer(form, None, unsupported=isinstance(error, Unsupported)))
        return None

    def _compare_label(self, node: Part, content: cms.Content) -> None:
        stated = node.parameters.get("smime-type", "").strip().lower()
        expected, actual = _LABELS[type(content)]
        if stated and stated not in expected:
            self._finding(structure.smime_type_differs(stated, actual))

    def _opaque_signed(self, node: Part, form: str, signed: cms.SignedData) -> Part | None:
        if signed.content is None and not signed.signers:
            result = verify(signed, detached_content=None, candidates=())
            self._collect(result)
            self._finding(structure.certificates_only(len(result.certificates)))
            return self._stop_at(node)
        if signed.content is None:
            self._refuse(form, "it covers a text that is not in the letter", "RFC 8551 §3.5.2")
            return None
        if signed.content_type != oids.DATA:
            self._refuse(form, "what is signed is no letter", "RFC 8551 §2.4.1")
            return None
        result = verify(signed, detached_content=None, candidates=self.candidates)
        self._add_signed(form, result)
        return self._read_content(result.content)

    def _encrypted(self, form: str, content: cms.EnvelopedData | cms.AuthEnvelopedData) -> Part | None:
        decrypted = decrypt(content, keys=self.keys, locked=self.locked)
        if decrypted.content is not None and not (decrypted.authenticated or _makes_sense(decrypted.content)):
            decrypted = _not_opened(decrypted)
        self.peeled.layers.append(EncryptedLayer(form, decrypted))
        self.peeled.findings.extend(decrypted.findings)
        if decrypted.status is not DecryptionStatus.OK or decrypted.content is None:
            return None
        return self._read_content(decrypted.content)

    def _expand(self, content: cms.CompressedData) -> Part | None:
        try:
            return self._read_content(expand(content))
        except SmimeError as error:
            self.peeled.findings.append(error.finding)
            return None

    # common to all

    def _read_content(self, content: Source) -> Part:
        """The content of a layer as a tree; without any structural field it is bare text."""
        if _is_cms(content):
            return _whole(content, "application/pkcs7-mime")
        part = parse(content)
        if (
            content[:2] in (b"\r\n",)
            or content[:1] == b"\n"
            or any(is_structural(f.name) for f in part.fields)
        ):
            return part
        self._finding(structure.bare_text())
        return _whole(content, "text/plain")

    def _add_signed(self, form: str, result: SignedResult | None) -> None:
        if result is None:
            self.peeled.layers.append(SignedLayer(form, None, refused=True))
            return
        self.peeled.layers.append(SignedLayer(form, result))
        self._collect(result)
        if not result.signers:
            self._finding(structure.no_signers())

    def _collect(self, result: SignedResult) -> None:
        self.peeled.certificates.extend(result.certificates)
        self.peeled.crls.extend(result.crls)
        self.peeled.findings.extend(result.findings)

    def _refuse(self, form: str, how: str, citation: str) -> None:
        self.peeled.layers.append(SignedLayer(form, None, refused=True))
        self._finding(structure.refused_structure(how, citation))

    def _finding(self, finding: Finding) -> None:
        self.peeled.findings.append(finding)


def _makes_sense(content: Source) -> bool:
    """Whether what CBC gave out can be a letter: a wrong key, too, ends in octets once in about 256 times."""
    if _is_cms(content):
        return _PKCS_OID in content[:40]
    head = content[:MAX_BLOCK]
    blank = _BLANK_LINE.search(head)
    return bool(_STRUCTURAL.search(head[: blank.start()] if blank else head)) or reads_as_text(content)


def _not_opened(decrypted: Decrypted) -> Decrypted:
    """The one answer for every failure: nothing tells a wrong key from a damaged content (RFC 3218)."""
    return replace(
        decrypted,
        status=DecryptionStatus.FAIL,
        content=None,
        weak=False,
        key_certificate=None,
        findings=(FAILED,),
    )


_LABELS: dict[type[cms.Content], tuple[tuple[str, ...], str]] = {
    cms.SignedData: (("signed-data", "certs-only", "signed-receipt"), "a signed object"),
    cms.EnvelopedData: (("enveloped-data",), "an encrypted object"),
    cms.AuthEnvelopedData: (("authenveloped-data",), "an encrypted and authenticated object"),
    cms.CompressedData: (("compressed-data",), "a compressed object"),
}


def _may_be_signature(part: Part) -> bool:
    """The second part by its type, or by its name where a gateway lost the type (RFC 8551 §3.10)."""
    if part.children:
        return False
    named = part.filename.lower().endswith(".p7s")
    return is_detached_signature(part) or (part.media_type == "application/octet-stream" and named)


def _all_bad(result: SignedResult) -> bool:
    return bool(result.signers) and all(signer.status is SignatureStatus.BAD for signer in result.signers)


def _line_ends_restored(content: Source) -> Source | None:
    """`content` with CRLF where LF stands alone, or None where there is no such LF."""
    restored = SpoolWriter()
    changed = 0
    last = b""
    for block in blocks_of(content):
        piece = bytes(block)
        kept = 1 if last == b"\r" and piece[:1] == b"\n" else 0  # the second half of a CRLF
        rest, count = _BARE_LF.subn(b"\r\n", piece[kept:])
        restored.write(piece[:kept] + rest)
        changed += count
        last = piece[-1:]
    return restored.finish() if changed else None


def expand(content: cms.CompressedData) -> Source:
    """The content of a compressed object under its budget (RFC 3274 §2). Raises OverBudget, Malformed, Unsupported."""
    if content.algorithm.oid != oids.ZLIB:
        raise Unsupported(f"compression {content.algorithm.title}", citation="RFC 3274 §2")
    limit = min(MAX_EXPANDED, max(len(content.content) * MAX_RATIO, 4096))
    engine = zlib.decompressobj()
    expanded = SpoolWriter()
    try:
        for piece in _expanded(engine, content.content):
            expanded.write(piece)
            if len(expanded) > limit:
                raise OverBudget("bytes of expanded content", limit)
    except zlib.error:
        raise Malformed("its compressed content is not valid", citation="RFC 3274") from None
    if not engine.eof:
        raise Malformed("its compressed content is not complete", citation="RFC 3274")
    return expanded.finish()


def _expanded(engine: zlib._Decompress, content: View) -> Iterator[bytes]:
    """What comes out, never more than a block at a time."""
    for block in blocks_of(content):
        piece = engine.decompress(block, BLOCK)
        yield piece
        while not engine.eof and (engine.unconsumed_tail or len(piece) == BLOCK):
            piece = engine.decompress(engine.unconsumed_tail, BLOCK)
            yield piece
        if engine.eof:  # what stands behind it is no content
            return
