"""OpenSSL's CMS inside this process, called through ctypes: what `openssl cms` does without starting a program."""

from __future__ import annotations

import ctypes
import ctypes.util
from collections.abc import Sequence
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from benchmarks.people import Person
from smime.encrypt import ContentCipher

_DETACHED, _BINARY, _STREAM, _NO_PATH = 0x40, 0x80, 0x1000, 0x20
_BIO_INFO = 3
_Pointer = ctypes.c_void_p
_FUNCTIONS: dict[str, tuple[Any, list[Any]]] = {
    "BIO_new_mem_buf": (_Pointer, [ctypes.c_char_p, ctypes.c_int]),
    "BIO_s_mem": (_Pointer, []),
    "BIO_new": (_Pointer, [_Pointer]),
    "BIO_ctrl": (ctypes.c_long, [_Pointer, ctypes.c_int, ctypes.c_long, _Pointer]),
    "BIO_free_all": (None, [_Pointer]),
    "d2i_X509": (_Pointer, [_Pointer, _Pointer, ctypes.c_long]),
    "d2i_AutoPrivateKey": (_Pointer, [_Pointer, _Pointer, ctypes.c_long]),
    "OPENSSL_sk_new_null": (_Pointer, []),
    "OPENSSL_sk_push": (ctypes.c_int, [_Pointer, _Pointer]),
    "EVP_aes_256_gcm": (_Pointer, []),
    "EVP_aes_256_cbc": (_Pointer, []),
    "CMS_sign": (_Pointer, [_Pointer, _Pointer, _Pointer, _Pointer, ctypes.c_uint]),
    "CMS_encrypt": (_Pointer, [_Pointer, _Pointer, _Pointer, ctypes.c_uint]),
    "CMS_decrypt": (ctypes.c_int, [_Pointer, _Pointer, _Pointer, _Pointer, _Pointer, ctypes.c_uint]),
    "CMS_verify": (ctypes.c_int, [_Pointer, _Pointer, _Pointer, _Pointer, _Pointer, ctypes.c_uint]),
    "CMS_ContentInfo_free": (None, [_Pointer]),
    "SMIME_write_CMS": (ctypes.c_int, [_Pointer, _Pointer, _Pointer, ctypes.c_int]),
    "SMIME_read_CMS": (_Pointer, [_Pointer, _Pointer]),
}


def _load() -> ctypes.CDLL | None:
    name = ctypes.util.find_library("crypto")
    if name is None:
        return None
    library = ctypes.CDLL(name)
    for function, (result, arguments) in _FUNCTIONS.items():
        if not hasattr(library, function):
            return None
        getattr(library, function).restype = result
        getattr(library, function).argtypes = arguments
    return library


_library = _load()


def available() -> bool:
    return _library is not None


class Libcrypto:
    """Signs and encrypts, decrypts and verifies (the signature, not the path) from memory to memory."""

    def __init__(self, signer: Person, recipients: Sequence[Person], cipher: ContentCipher) -> None:
        assert _library is not None
        self.library = _library
        self.signer, self.reader = self._load(signer), self._load(recipients[0])
        self.recipients = self.library.OPENSSL_sk_new_null()
        for person in recipients:
            self.library.OPENSSL_sk_push(self.recipients, self._load(person)[1])
        is_gcm = cipher is ContentCipher.AES_256_GCM
        self.cipher = self.library.EVP_aes_256_gcm() if is_gcm else self.library.EVP_aes_256_cbc()
        self.sealed = b""

    def _load(self, someone: Person) -> tuple[int, int]:
        """Private key and certificate; they live as long as the process."""
        key = someone.private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        return (
            self._decoded("d2i_AutoPrivateKey", key),
            self._decoded("d2i_X509", someone.certificate.public_bytes(Encoding.DER)),
        )

    def _decoded(self, function: str, der: bytes) -> int:
        at = ctypes.c_char_p(der)
        found: int = getattr(self.library, function)(None, ctypes.byref(at), len(der))
        assert found, function
        return found

    def write(self, entity: bytes) -> None:
        """Sign, then encrypt, a MIME entity that is ready."""
        key, certificate = self.signer
        source, signed, out = self._reading(entity), self._writing(), self._writing()
        flags = _DETACHED | _BINARY | _STREAM
        first = self.library.CMS_sign(certificate, key, None, source, flags)
        assert self.library.SMIME_write_CMS(signed, first, source, flags) == 1
        flags = _BINARY | _STREAM
        second = self.library.CMS_encrypt(self.recipients, signed, self.cipher, flags)
        assert self.library.SMIME_write_CMS(out, second, signed, flags) == 1
        self.sealed = self._content(out)
        self._free((first, second), (source, signed, out))

    def read(self) -> None:
        """Decrypt and verify what was written last."""
        key, certificate = self.reader
        source, inner, body = self._reading(self.sealed), self._writing(), self._writing()
        envelope = self.library.SMIME_read_CMS(source, None)
        assert self.library.CMS_decrypt(envelope, key, certificate, None, inner, _BINARY) == 1
        detached = _Pointer()
        signed = self.library.SMIME_read_CMS(inner, ctypes.byref(detached))
        assert self.library.CMS_verify(signed, None, None, detached, body, _BINARY | _NO_PATH) == 1
        self._free((envelope, signed), (source, inner, body, detached))

    def _reading(self, content: bytes) -> int:
        return int(self.library.BIO_new_mem_buf(content, len(content)))

    def _writing(self) -> int:
        return int(self.library.BIO_new(self.library.BIO_s_mem()))

    def _content(self, bio: int) -> bytes:
        start = _Pointer()
        length = self.library.BIO_ctrl(bio, _BIO_INFO, 0, ctypes.byref(start))
        return ctypes.string_at(start, length)

    def _free(self, messages: Sequence[Any], bios: Sequence[Any]) -> None:
        for message in messages:
            self.library.CMS_ContentInfo_free(message)
        for bio in bios:
            self.library.BIO_free_all(bio)
