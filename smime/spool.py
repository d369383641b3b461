"""A place for long plaintext that is neither memory nor a readable file.

Up to `IN_MEMORY` octets stay in memory. What is longer goes to a temporary file without a name, in chunks sealed with
AES-256-GCM (NIST SP 800-38D) under a key that is made for this one spool, kept in memory only and gone with it: neither
the disk nor a backup of it ever holds plaintext, and a changed or exchanged chunk is not given out.
"""

from __future__ import annotations

import os
import tempfile
import weakref

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .octets import BLOCK, IN_MEMORY, Block, Chunked, Content, Source, blocks_of

_CHUNK = BLOCK
_TAG = 16
_MODE = os.O_RDWR | os.O_CLOEXEC


class SealedSpool(Chunked):
    """The finished spool: read anywhere, as often as wanted, until nobody holds it any more."""

    __slots__ = ("__weakref__", "_cipher", "_file")

    def __init__(self, file: int, cipher: AESGCM, length: int) -> None:
        super().__init__(length, _CHUNK)
        self._file = file
        self._cipher = cipher
        weakref.finalize(self, os.close, file)

    def chunk(self, index: int) -> bytes:
        size = self.chunk_octets + _TAG
        sealed = os.pread(self._file, size, index * size)
        return self._cipher.decrypt(_nonce(index), sealed, None)


class SpoolWriter:
    """Takes blocks in, once from front to back; `finish` gives what was written."""

    def __init__(self) -> None:
        self._pending = bytearray()
        self._written = 0  # chunks in the file
        self._length = 0
        self._file: int | None = None

    def __len__(self) -> int:
        return self._length

    def write(self, block: Block) -> None:
        """Adds `block`. Raises OSError where the disk is full."""
        self._length += len(block)
        if self._file is None:
            self._pending += block
            if len(self._pending) > IN_MEMORY:
                self._spill()
            return
        self._append(memoryview(block))

    def _append(self, view: memoryview) -> None:
        if self._pending:
            missing = _CHUNK - len(self._pending)
            self._pending += view[:missing]
            view = view[missing:]
            if len(self._pending) < _CHUNK:
                return
            self._seal(self._pending)
            self._pending.clear()
        whole = len(view) - len(view) % _CHUNK
        for at in range(0, whole, _CHUNK):
            self._seal(view[at : at + _CHUNK])
        self._pending += view[whole:]

    def finish(self) -> Source:
        """Everything that was written. Nothing may be written afterwards."""
        if self._file is None:
            content = bytes(self._pending)
            self._pending = bytearray()
            return content
        if self._pending:
            self._seal(self._pending)
            self._pending = bytearray()
        file, self._file = self._file, None
        self._closer.detach()
        return SealedSpool(file, self._cipher, self._length)

    def _spill(self) -> None:
        """From memory to the file."""
        held, self._pending = self._pending, bytearray()
        self._file = _nameless_file()
        self._cipher = AESGCM(os.urandom(32))
        self._closer = weakref.finalize(self, os.close, self._file)
        self._append(memoryview(held))

    def _seal(self, chunk: Block) -> None:
        assert self._file is not None  # noqa: S101  for the type checker
        sealed = self._cipher.encrypt(_nonce(self._written), chunk, None)
        if os.write(self._file, sealed) != len(sealed):
            raise OSError("a temporary file could not be written")
        self._written += 1


def _nonce(index: int) -> bytes:
    """Unique, because every chunk is written once under a key of its own."""
    return index.to_bytes(12, "big")


def _nameless_file() -> int:
    folder = tempfile.gettempdir()
    try:
        return os.open(folder, _MODE | os.O_TMPFILE, 0o600)
    except (OSError, AttributeError):  # a file system that knows no nameless files
        file, path = tempfile.mkstemp(dir=folder)
        os.unlink(path)
        return file


def spooled(content: Content) -> Source:
    """`content` where it can be read anywhere: itself if it is in memory already."""
    if isinstance(content, bytes):
        return content
    writer = SpoolWriter()
    for block in blocks_of(content):
        writer.write(block)
    return writer.finish()
