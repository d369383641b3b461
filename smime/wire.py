"""Jobs and reports between two processes, as frames over pipes.

What comes out of the process that read a hostile letter is itself not believed: a report is a pickle of which only the
plain values of reports are accepted, by name, and nothing else can be made or called. Certificates and revocation lists
travel as DER, long contents as frames of their own, and the letter itself not at all on the way back.
"""

from __future__ import annotations

import enum
import io
import pickle
import struct
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, is_dataclass
from datetime import datetime, timedelta, timezone
from types import MappingProxyType
from typing import IO, Any

from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate, load_der_x509_certificate

from pki.crl import Crl
from pki.errors import PkiError
from pki.trust import TrustAnchor

from .base64_text import RegularText
from .mime_read import PartContent
from .octets import IN_MEMORY, Content, Source, Span, blocks_of
from .report import SecurityReport
from .spool import SealedSpool, SpoolWriter

_LENGTH = struct.Struct(">Q")
MAX_FRAME = 160 * 1024 * 1024


class BrokenWire(Exception):
    """The other side is gone, or says what no honest side would say."""


class SideGone(BrokenWire):
    """There is nobody at the other end."""


# --- frames ---------------------------------------------------------------------------------------------------


def write_frame(pipe: IO[bytes], content: Content) -> None:
    """Length and octets. Raises OSError where nobody listens any more."""
    pipe.write(_LENGTH.pack(len(content)))
    for block in blocks_of(content):
        pipe.write(block)


def read_frame(pipe: IO[bytes]) -> bytes:
    """The next frame, in memory. Raises BrokenWire."""
    return _exactly(pipe, _frame_length(pipe))


def read_source(pipe: IO[bytes]) -> Source:
    """The next frame, outside memory where it is long. Raises BrokenWire."""
    missing = _frame_length(pipe)
    writer = SpoolWriter()
    while missing:
        block = _exactly(pipe, min(missing, IN_MEMORY // 4))
        writer.write(block)
        missing -= len(block)
    return writer.finish()


def _frame_length(pipe: IO[bytes]) -> int:
    length: int = _LENGTH.unpack(_exactly(pipe, _LENGTH.size))[0]
    if length > MAX_FRAME:
        raise BrokenWire("a frame of impossible size")
    return length


def _exactly(pipe: IO[bytes], octets: int) -> bytes:
    block = pipe.read(octets)
    if len(block) != octets:
        raise SideGone("the other side is gone")
    return block


# --- jobs and reports -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Job:
    """One letter to open; the letter and the lists travel beside it. `lists` are SHA-256 digests in order.

    `keys` are pairs of PKCS#8 and the certificate; they never appear in the representation.
    """

    keys: tuple[tuple[bytes, Certificate], ...] = field(repr=False)
    locked: tuple[Certificate, ...]
    anchors: tuple[TrustAnchor, ...]
    intermediates: tuple[Certificate, ...]
    lists: tuple[bytes, ...]
    octets_of_lists: int
    at: datetime
    now: datetime | None
    revocation: str
    reader: str = ""
    unreachable: frozenset[bytes] = frozenset()


def _plain_classes(root: type) -> dict[tuple[str, str], Any]:
    """Every dataclass and enumeration that a value of `root` can hold, by its written types."""
    found: dict[tuple[str, str], Any] = {}
    waiting: list[Any] = [root]
    while waiting:
        kind = waiting.pop()
        waiting += typing.get_args(kind)
        if not isinstance(kind, type) or (kind.__module__, kind.__qualname__) in found:
            continue
        if is_dataclass(kind):
            waiting += typing.get_type_hints(kind).values()
        elif not issubclass(kind, enum.Enum):
            continue
        found[kind.__module__, kind.__qualname__] = kind
    return found


_ALLOWED: dict[tuple[str, str], Any] = {
    **_plain_classes(SecurityReport),
    **_plain_classes(Job),
    **{
        (kind.__module__, kind.__qualname__): kind
        for kind in (Span, RegularText, PartContent, datetime, timedelta, timezone, dict)
    },
}


class _Pickler(pickle.Pickler):
    def __init__(self, out: IO[bytes], letter: bytes, lists: Iterable[Crl]) -> None:
        super().__init__(out, protocol=5)
        self.letter = letter
        self.lists = {id(one): one.sha256 for one in lists}
        self.spools: list[SealedSpool] = []

    def persistent_id(self, value: object) -> tuple[str, object] | None:
        if value is self.letter and len(self.letter) >= IN_MEMORY:
            return "letter", None
        if isinstance(value, Certificate):
            return "certificate", value.public_bytes(Encoding.DER)
        if isinstance(value, Crl):
            digest = self.lists.get(id(value))
            return ("list", digest) if digest is not None else ("enclosed list", value.der)
        if isinstance(value, SealedSpool):
            return "spool", self._number(value)
        return None

    def _number(self, spool: SealedSpool) -> int:
        for number, known in enumerate(self.spools):
            if known is spool:
                return number
        self.spools.append(spool)
        return len(self.spools) - 1

    def reducer_override(self, value: object) -> Any:
        if isinstance(value, MappingProxyType):
            return dict, (dict(value),)
        if isinstance(value, Span):
            return Span, (value.source, value.start, value.end)
        if isinstance(value, RegularText):
            return RegularText, value.layout
        if isinstance(value, PartContent):
            return PartContent, (value.part,)
        return NotImplemented


class _Unpickler(pickle.Unpickler):
    def __init__(
        self, data: bytes, letter: bytes, lists: Mapping[bytes, Crl], spools: Sequence[Source]
    ) -> None:
        super().__init__(io.BytesIO(data))
        self.letter, self.lists, self.spools = letter, lists, spools
        self.certificates: dict[bytes, Certificate] = {}

    def find_class(self, module: str, name: str) -> Any:
        found = _ALLOWED.get((module, name))
        if found is None:
            raise BrokenWire(f"{module}.{name} is no part of a report")
        return found

    def persistent_load(self, reference: Any) -> Any:
        kind, value = reference
        readers: dict[str, Callable[[Any], Any]] = {
            "letter": lambda _: self.letter,
            "certificate": self._certificate,
            "list": self.lists.__getitem__,
            "enclosed list": Crl.parse,
            "spool": self.spools.__getitem__,
        }
        return readers[kind](value)

    def _certificate(self, der: bytes) -> Certificate:
        if der not in self.certificates:
            self.certificates[der] = load_der_x509_certificate(der)
        return self.certificates[der]


def dump(value: object, *, letter: bytes = b"", lists: Iterable[Crl] = ()) -> tuple[bytes, list[SealedSpool]]:
    """A job or a report as octets, and the long contents that belong to it."""
    out = io.BytesIO()
    pickler = _Pickler(out, letter, lists)
    pickler.dump(value)
    return out.getvalue(), pickler.spools


def load(
    data: bytes,
    *,
    letter: bytes = b"",
    lists: Mapping[bytes, Crl] = MappingProxyType({}),
    spools: Sequence[Source] = (),
) -> object:
    """The value again. Raises BrokenWire for anything but a job or a report."""
    try:
        return _Unpickler(data, letter, lists, spools).load()
    except BrokenWire:
        raise
    except (
        pickle.UnpicklingError, PkiError, ValueError, TypeError, KeyError, IndexError, AttributeError, EOFError,
        OverflowError, RecursionError, ImportError,
    ) as broken:  # fmt: skip
        raise BrokenWire(type(broken).__name__) from None
