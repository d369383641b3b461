"""Content encryption: AES and Triple DES as the two envelopes use them (RFC 3565, 5084, 3370, 9709).

`read` names an algorithm and its parameters before any key is touched, so that an unknown one can be told to the
reader; whatever happens afterwards, with a key in hand, is one `ContentRefused` without a reason.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.ciphers import AEADEncryptionContext, Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESCCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from . import der, oids
from .errors import Malformed, Unsupported
from .identifiers import AlgorithmIdentifier
from .octets import Block, Content, Octets, Source, View, blocks_of, joined
from .spool import SpoolWriter

GCM_NONCE_OCTETS = 12
TAG_OCTETS = 16
MIN_TAG_OCTETS = 12
_AES_BLOCK = 16
_CEK_HKDF_SALT = b"The Cryptographic Message Syntax"  # RFC 9709 §2


class ContentRefused(Exception):
    """The content did not open. Carries nothing: every cause looks the same."""


class Mode(StrEnum):
    """How the cipher is used."""

    CBC = "CBC"
    GCM = "GCM"
    CCM = "CCM"


@dataclass(frozen=True, slots=True)
class _Known:
    mode: Mode
    key_octets: int
    triple_des: bool = False


_KNOWN = {
    oids.AES_128_CBC: _Known(Mode.CBC, 16),
    oids.AES_192_CBC: _Known(Mode.CBC, 24),
    oids.AES_256_CBC: _Known(Mode.CBC, 32),
    oids.AES_128_GCM: _Known(Mode.GCM, 16),
    oids.AES_192_GCM: _Known(Mode.GCM, 24),
    oids.AES_256_GCM: _Known(Mode.GCM, 32),
    oids.AES_128_CCM: _Known(Mode.CCM, 16),
    oids.AES_192_CCM: _Known(Mode.CCM, 24),
    oids.AES_256_CCM: _Known(Mode.CCM, 32),
    oids.DES_EDE3_CBC: _Known(Mode.CBC, 24, triple_des=True),
}


@dataclass(frozen=True, slots=True)
class ContentAlgorithm:
    """A content encryption with its parameters. `nonce` is the IV of CBC; `tag_octets` is 0 there.

    `hkdf_info` is set where the content key passes through CEK-HKDF-SHA256 first (RFC 9709).
    """

    title: str
    mode: Mode
    key_octets: int
    nonce: bytes
    tag_octets: int
    weak: bool
    hkdf_info: bytes | None = None

    @property
    def authenticated(self) -> bool:
        """Whether the mode proves that the content is unchanged."""
        return self.mode is not Mode.CBC

    def open(self, key: bytes, octets: View, *, tag: bytes, aad: bytes) -> Source:
        """The content. Raises ContentRefused, for whatever reason."""
        if self.hkdf_info is not None:
            key = _derived(key, self.key_octets, self.hkdf_info)
        try:
            return _OPENERS[self.mode](self, key, octets, tag, aad)
        except (ValueError, InvalidTag):
            raise ContentRefused from None


def read(algorithm: AlgorithmIdentifier) -> ContentAlgorithm:
    """Raises Unsupported for an algorithm that is not known, Malformed for parameters that make no sense."""
    if algorithm.oid == oids.CEK_HKDF_SHA256:
        return _read_hkdf(algorithm)
    known = _KNOWN.get(algorithm.oid)
    if known is None:
        raise Unsupported(f"encryption with {algorithm.title}", code="encryption-unsupported")
    nonce, tag_octets = _cbc_parameters(algorithm) if known.mode is Mode.CBC else _aead_parameters(algorithm)
    expected = 8 if known.triple_des else _AES_BLOCK
    if known.mode is Mode.CBC and len(nonce) != expected:
        raise Malformed("an initialisation vector of the wrong size", citation="RFC 3565 §4.1")
    return ContentAlgorithm(
        algorithm.title, known.mode, known.key_octets, nonce, tag_octets, known.triple_des
    )


def _read_hkdf(algorithm: AlgorithmIdentifier) -> ContentAlgorithm:
    """RFC 9709 §3: the parameters are the AlgorithmIdentifier that is really used, and the KDF's info."""
    if algorithm.parameters is None:
        raise Malformed("a key derivation without its parameters", citation="RFC 9709 §3")
    inner = AlgorithmIdentifier.read(der.Reader(algorithm.parameters).next(der.SEQUENCE))
    if inner.oid == oids.CEK_HKDF_SHA256:
        raise Malformed("a key derivation inside a key derivation", citation="RFC 9709 §3")
    found = read(inner)
    return ContentAlgorithm(
        found.title,
        found.mode,
        found.key_octets,
        found.nonce,
        found.tag_octets,
        found.weak,
        hkdf_info=inner.to_der(),
    )


def _cbc_parameters(algorithm: AlgorithmIdentifier) -> tuple[bytes, int]:
    if algorithm.parameters is None:
        raise Malformed("encryption without an initialisation vector", citation="RFC 3565 §4.1")
    return der.Reader(algorithm.parameters).next(der.OCTET_STRING).content, 0


def _aead_parameters(algorithm: AlgorithmIdentifier) -> tuple[bytes, int]:
    """GCMParameters, CCMParameters { nonce, ICVlen DEFAULT 12 } (RFC 5084 §3)."""
    if algorithm.parameters is None:
        raise Malformed("authenticated encryption without its nonce", citation="RFC 5084 §3")
    fields = der.Reader(algorithm.parameters).next(der.SEQUENCE).reader()
    nonce = fields.next(der.OCTET_STRING).content
    length = fields.optional(der.INTEGER)
    fields.finish()
    tag_octets = MIN_TAG_OCTETS if length is None else length.small_integer()
    if not MIN_TAG_OCTETS <= tag_octets <= TAG_OCTETS or not 7 <= len(nonce) <= 64:
        raise Malformed("authenticated encryption with an unsafe tag or nonce", citation="RFC 5084 §3")
    return nonce, tag_octets


# --- opening --------------------------------------------------------------------------------------------------


def _open_cbc(algorithm: ContentAlgorithm, key: bytes, octets: View, _tag: bytes, _aad: bytes) -> Source:
    cipher = TripleDES(key) if algorithm.weak else algorithms.AES(key)  # no other weak one is read
    decryptor = Cipher(cipher, modes.CBC(algorithm.nonce)).decryptor()
    unpadder = padding.PKCS7(cipher.block_size).unpadder()
    content = SpoolWriter()
    for block in blocks_of(octets):
        content.write(unpadder.update(decryptor.update(block)))
    content.write(unpadder.update(decryptor.finalize()) + unpadder.finalize())
    return content.finish()


def _open_gcm(algorithm: ContentAlgorithm, key: bytes, octets: View, tag: bytes, aad: bytes) -> Source:
    mode = modes.GCM(algorithm.nonce, tag, min_tag_length=MIN_TAG_OCTETS)
    decryptor = Cipher(algorithms.AES(key), mode).decryptor()
    decryptor.authenticate_additional_data(aad)
    content = SpoolWriter()
    for block in blocks_of(octets):
        content.write(decryptor.update(block))
    decryptor.finalize()  # nothing is released before the tag has proved right (RFC 5083 §2)
    return content.finish()


def _open_ccm(algorithm: ContentAlgorithm, key: bytes, octets: View, tag: bytes, aad: bytes) -> Source:
    # in memory as a whole: libcrypto reads CCM in one piece only
    return AESCCM(key, tag_length=algorithm.tag_octets).decrypt(algorithm.nonce, bytes(octets) + tag, aad)


_OPENERS: dict[Mode, Callable[[ContentAlgorithm, bytes, View, bytes, bytes], Source]] = {
    Mode.CBC: _open_cbc,
    Mode.GCM: _open_gcm,
    Mode.CCM: _open_ccm,
}


# --- sealing: AES in GCM and CBC -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sealed:
    """An encrypted content: its algorithm, the ciphertext, the tag (empty for CBC).

    A long content is encrypted whenever the ciphertext is read: always to the same octets.
    """

    algorithm: AlgorithmIdentifier
    octets: Content
    tag: Content


_GCM_OF_LENGTH = {16: oids.AES_128_GCM, 32: oids.AES_256_GCM}
_CBC_OF_LENGTH = {16: oids.AES_128_CBC, 32: oids.AES_256_CBC}


def seal_gcm(key: bytes, content: Content, *, cek_hkdf: bool = False) -> Sealed:
    """AES-GCM under a fresh nonce, without additional data; with `cek_hkdf` as RFC 9709 binds the key.

    The length of `key`, 16 or 32 octets, says which AES.
    aes-ICVlen is written out because its default is 12 (RFC 5084 §3.2).
    """
    nonce = os.urandom(GCM_NONCE_OCTETS)
    parameters = der.sequence(der.octet_string(nonce), der.integer(TAG_OCTETS))
    algorithm = AlgorithmIdentifier(_GCM_OF_LENGTH[len(key)], parameters)
    if cek_hkdf:
        key, algorithm = _bound(key, algorithm)
    octets = _Ciphertext(Cipher(algorithms.AES(key), modes.GCM(nonce)), content)
    return Sealed(algorithm, joined(octets), joined(_Tag(octets)))


def seal_cbc(key: bytes, content: Content, *, cek_hkdf: bool = False) -> Sealed:
    """AES-CBC under a fresh initialisation vector, padded as RFC 5652 §6.3 says; `cek_hkdf` as above."""
    iv = os.urandom(_AES_BLOCK)
    algorithm = AlgorithmIdentifier(_CBC_OF_LENGTH[len(key)], der.octet_string(iv))
    if cek_hkdf:
        key, algorithm = _bound(key, algorithm)
    fill = _AES_BLOCK - len(content) % _AES_BLOCK
    cipher = Cipher(algorithms.AES(key), modes.CBC(iv))
    return Sealed(algorithm, joined(_Ciphertext(cipher, content, bytes((fill,)) * fill)), b"")


class _Ciphertext(Octets):
    """What a cipher makes of a content and its padding. The content never changes, so neither does this."""

    __slots__ = ("_cipher", "_content", "_padding", "tag")

    def __init__(self, cipher: Cipher[modes.GCM | modes.CBC], content: Content, padding: bytes = b"") -> None:
        self._cipher = cipher
        self._content = content
        self._padding = padding
        self.tag: bytes | None = None

    def __len__(self) -> int:
        return len(self._content) + len(self._padding)

    def blocks(self) -> Iterator[Block]:
        encryptor = self._cipher.encryptor()
        for block in blocks_of(self._content):
            yield encryptor.update(block)
        yield encryptor.update(self._padding) + encryptor.finalize()
        if isinstance(encryptor, AEADEncryptionContext):
            self.tag = encryptor.tag


class _Tag(Octets):
    """The tag of a ciphertext, which is known once that has been read to its end."""

    __slots__ = ("_ciphertext",)

    def __init__(self, ciphertext: _Ciphertext) -> None:
        self._ciphertext = ciphertext

    def __len__(self) -> int:
        return TAG_OCTETS

    def blocks(self) -> Iterator[Block]:
        if self._ciphertext.tag is None:
            for _ in self._ciphertext.blocks():
                pass
        assert self._ciphertext.tag is not None  # noqa: S101  for the type checker
        yield self._ciphertext.tag


def _bound(key: bytes, algorithm: AlgorithmIdentifier) -> tuple[bytes, AlgorithmIdentifier]:
    """The key that is good for `algorithm` only, and the identifier that says so."""
    inner = algorithm.to_der()
    return _derived(key, len(key), inner), AlgorithmIdentifier(oids.CEK_HKDF_SHA256, inner)


def _derived(key: bytes, octets: int, inner: bytes) -> bytes:
    """CEK-HKDF-SHA256: `inner` is the DER of the algorithm that is really used (RFC 9709 §2)."""
    return HKDF(hashes.SHA256(), octets, _CEK_HKDF_SALT, inner).derive(key)
