"""Password-based keys, ciphers and MACs of PKCS#12 files (RFC 7292 appendix B and C, RFC 8018, RFC 9579).

Only reading needs this; what we write is made by pyca. RC2 is named and refused.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from asn1crypto import algos
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

MAXIMUM_ITERATIONS = 5_000_000  # for a whole file: a hostile one must not buy minutes of work
MAXIMUM_KEY_BYTES = 64
_KEY, _IV, _MAC = 1, 2, 3  # diversifiers of RFC 7292 B.3
_DIGESTS = {"sha1", "sha224", "sha256", "sha384", "sha512"}
_PBES1_TRIPLE_DES = {"pkcs12_sha1_tripledes_3key": 24, "pkcs12_sha1_tripledes_2key": 16}
PBMAC1 = "1.2.840.113549.1.5.14"


class UnsupportedProtection(Exception):
    """The file is protected in a way that is not read here; the message names it."""


@dataclass
class Effort:
    """Iterations that one file may still cost."""

    remaining: int = MAXIMUM_ITERATIONS

    def spend(self, iterations: int) -> int:
        """Take iterations from the rest, or refuse. Raises `UnsupportedProtection`."""
        if not 1 <= iterations <= self.remaining:
            raise UnsupportedProtection(f"{iterations} iterations")
        self.remaining -= iterations
        return iterations


@dataclass(frozen=True, repr=False)
class Password:
    """One reading of a password: as BMPString for the classic derivation and as UTF-8 for PBKDF2."""

    bmp: bytes
    utf8: bytes
    effort: Effort


def readings(password: str) -> list[Password]:
    """The encodings that programs use, best first.

    RFC 7292 B.1: BMPString with a closing NULL. Older OpenSSL widened each UTF-8 octet instead; and an empty
    password is either the closing NULL alone or nothing at all.
    """
    utf8, effort = password.encode("utf-8"), Effort()
    found = [Password(password.encode("utf-16-be") + b"\0\0", utf8, effort)]
    if not password.isascii():
        found.append(Password(utf8.decode("latin-1").encode("utf-16-be") + b"\0\0", utf8, effort))
    if not password:
        found.append(Password(b"", b"", effort))
    return found


def mac_matches(
    password: Password,
    *,
    algorithm: algos.DigestAlgorithm,
    salt: bytes,
    iterations: int,
    digest: bytes,
    content: bytes,
) -> bool:
    """Whether the password opens the integrity check of a file (RFC 7292 §4, RFC 9579 §3)."""
    if algorithm["algorithm"].dotted == PBMAC1:
        key, name = _pbmac1_key(algorithm, password)
    else:
        name = _digest_name(algorithm["algorithm"].native)
        key = derive(name, password, salt, iterations, _MAC, hashlib.new(name).digest_size)
    return hmac.compare_digest(hmac.new(key, content, name).digest(), digest)


def decrypt(algorithm: algos.EncryptionAlgorithm, ciphertext: bytes, password: Password) -> bytes:
    """Decrypt one protected value. Raises `UnsupportedProtection`, or `ValueError` when it does not open."""
    name = algorithm["algorithm"].native
    if name in _PBES1_TRIPLE_DES:
        parameters = algorithm["parameters"]
        salt, iterations = parameters["salt"].native, parameters["iterations"].native
        key = derive("sha1", password, salt, iterations, _KEY, _PBES1_TRIPLE_DES[name])
        iv = derive("sha1", password, salt, iterations, _IV, 8)
        return _open(TripleDES(key), iv, ciphertext)
    if name == "pbes2":
        return _open_pbes2(algorithm, ciphertext, password)
    raise UnsupportedProtection(str(name))


def _open_pbes2(algorithm: algos.EncryptionAlgorithm, ciphertext: bytes, password: Password) -> bytes:
    if algorithm.kdf != "pbkdf2":
        raise UnsupportedProtection(str(algorithm.kdf))
    digest = _digest_name(algorithm.kdf_hmac)
    iterations = password.effort.spend(algorithm.kdf_iterations)
    cipher = algorithm.encryption_cipher
    if cipher not in ("aes", "tripledes") or algorithm.encryption_mode != "cbc":
        raise UnsupportedProtection(str(cipher))
    key = hashlib.pbkdf2_hmac(digest, password.utf8, algorithm.kdf_salt, iterations, algorithm.key_length)
    kind = algorithms.AES(key) if cipher == "aes" else TripleDES(key)
    return _open(kind, algorithm.encryption_iv, ciphertext)


def _open(kind: algorithms.AES | TripleDES, iv: bytes, ciphertext: bytes) -> bytes:
    decryptor = Cipher(kind, modes.CBC(iv)).decryptor()
    padded = decryptor.update(ciphertext) + decryptor.finalize()
    unpadder = padding.PKCS7(kind.block_size).unpadder()
    return unpadder.update(padded) + unpadder.finalize()


def derive(digest: str, password: Password, salt: bytes, iterations: int, purpose: int, length: int) -> bytes:
    """The key derivation of RFC 7292 appendix B.2 for `length` octets."""
    password.effort.spend(iterations)
    block = hashlib.new(digest).block_size
    material = _filled(salt, block) + _filled(password.bmp, block)
    derived = b""
    while len(derived) < length:
        chunk = hashlib.new(digest, bytes([purpose]) * block + material).digest()
        for _ in range(iterations - 1):
            chunk = hashlib.new(digest, chunk).digest()
        derived += chunk
        addend = int.from_bytes(_filled(chunk, block)[:block], "big") + 1
        material = b"".join(
            ((int.from_bytes(material[i : i + block], "big") + addend) % (1 << 8 * block)).to_bytes(
                block, "big"
            )
            for i in range(0, len(material), block)
        )
    return derived[:length]


def _filled(text: bytes, block: int) -> bytes:
    """The text repeated to fill whole blocks; nothing stays nothing."""
    if not text:
        return b""
    length = block * -(-len(text) // block)
    return (text * -(-length // len(text)))[:length]


def _pbmac1_key(algorithm: algos.DigestAlgorithm, password: Password) -> tuple[bytes, str]:
    """Key and digest of a PBMAC1 check; its parameters have the shape of PBES2's (RFC 8018 §7.1)."""
    parameters = algos.Pbes2Params.load(  # type: ignore[no-untyped-call]
        algorithm["parameters"].dump()
    )
    derivation = parameters["key_derivation_func"]
    if derivation["algorithm"].native != "pbkdf2":
        raise UnsupportedProtection("PBMAC1 without PBKDF2")
    inner = derivation["parameters"]
    length = inner["key_length"].native
    if not length or length > MAXIMUM_KEY_BYTES:
        raise ValueError("PBMAC1 needs a key length")  # RFC 9579 §4
    digest = _digest_name(inner["prf"]["algorithm"].native)
    salt, iterations = inner["salt"].native, password.effort.spend(inner["iteration_count"].native)
    mac = _HMACS.get(parameters["encryption_scheme"]["algorithm"].dotted)
    if mac is None:
        raise UnsupportedProtection("PBMAC1 with an unknown MAC")
    return hashlib.pbkdf2_hmac(digest, password.utf8, salt, iterations, length), mac


_HMACS = {
    "1.2.840.113549.2.7": "sha1",
    "1.2.840.113549.2.9": "sha256",
    "1.2.840.113549.2.10": "sha384",
    "1.2.840.113549.2.11": "sha512",
}


def _digest_name(name: str) -> str:
    if name not in _DIGESTS:
        raise UnsupportedProtection(name)
    return name
