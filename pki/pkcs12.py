"""PKCS#12 files, read bag by bag and written in the compatible modern form (RFC 7292).

Other libraries give back one key of a file; people's old exports hold several, of kinds that not every
library loads, and are sometimes wrapped in PEM.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from asn1crypto import cms, pkcs12
from asn1crypto import keys as asn1_keys
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from cryptography.hazmat.primitives.serialization import pkcs12 as pyca_pkcs12

from . import keys, passwords
from .errors import MalformedInput, RefusedRequest, WrongPassword
from .findings import Finding, error
from .keys import PrivateKey, spki_sha256
from .parsing import load_certificate
from .passwords import Password, UnsupportedProtection

Parsed = TypeVar("Parsed")

MAXIMUM_BYTES = 1024 * 1024
MAXIMUM_BAGS = 100
WRITTEN_ITERATIONS = 100_000
_READ_EVERYWHERE = (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey, ed25519.Ed25519PrivateKey)
_ARMOUR = re.compile(rb"-----BEGIN PKCS ?#?12-----(.*?)-----END PKCS ?#?12-----", re.DOTALL)


@dataclass(frozen=True)
class Identity:
    """A private key with the certificate that names its owner. The key never appears in the representation."""

    private_key: PrivateKey = field(repr=False)
    certificate: x509.Certificate
    name: str = ""


@dataclass(frozen=True)
class Pkcs12:
    """What a file holds: keys with their certificates, and the other certificates.

    `unusable_keys` names the kind of each key that is not handled here or has no certificate in the file.
    """

    identities: list[Identity]
    certificates: list[x509.Certificate]
    unusable_keys: tuple[str, ...] = ()


def read_pkcs12(data: bytes, password: str) -> Pkcs12:
    """Every key and certificate in a PKCS#12 file, plain or PEM-armoured.

    Raises `WrongPassword` when the integrity check does not open, `MalformedInput` when the file is
    damaged, too large, unprotected, or protected in a way that is not read here (named).
    """
    if len(data) > MAXIMUM_BYTES:
        raise _malformed("it is larger than 1 MiB")
    try:
        return _collect(*_open(_disarmoured(data), password))
    except UnsupportedProtection as named:
        raise MalformedInput(
            error(
                "pkcs12-unsupported",
                f"The key file is protected by a method that is not supported ({named}).",
                remedy="Export it again with AES, for instance from a current browser or mail program.",
                owner="you",
            )
        ) from None
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError):
        raise _malformed("it is damaged or no PKCS#12 file") from None


def write_pkcs12(
    *,
    identity: Identity,
    chain: Sequence[x509.Certificate],
    password: str,
    name: str,
) -> bytes:
    """A file with one key, its certificate and the path above it: PBES2 with AES-256, MAC with SHA-256.

    Raises `RefusedRequest` for an empty password, or a key kind that PKCS#12 readers do not open (X25519,
    ML-DSA, ML-KEM; named): such a key is handed out as PKCS#8.
    """
    if not password:
        raise RefusedRequest(_refusal("pkcs12-without-password", "A key file needs a password."))
    kind = keys.describe(identity.private_key.public_key())
    if not isinstance(identity.private_key, _READ_EVERYWHERE):
        raise RefusedRequest(
            _refusal("pkcs12-key-kind", f"Keys of this kind ({kind}) do not go into a .p12 file.")
        )
    protection = (
        PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(WRITTEN_ITERATIONS)
        .key_cert_algorithm(pyca_pkcs12.PBES.PBESv2SHA256AndAES256CBC)
        .hmac_hash(hashes.SHA256())
        .build(password.encode())
    )
    return pyca_pkcs12.serialize_key_and_certificates(
        name.encode(), identity.private_key, identity.certificate, list(chain), protection
    )


def write_pkcs8(*, identity: Identity, chain: Sequence[x509.Certificate], password: str) -> bytes:
    """For keys that .p12 files do not carry: PEM with the key (PKCS#8, PBES2 with AES-256), its certificate and the
    path above it.

    Raises `RefusedRequest` for an empty password.
    """
    if not password:
        raise RefusedRequest(_refusal("pkcs12-without-password", "A key file needs a password."))
    protection = BestAvailableEncryption(password.encode())
    key = identity.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection)
    return key + b"".join(
        certificate.public_bytes(Encoding.PEM) for certificate in (identity.certificate, *chain)
    )


def _disarmoured(data: bytes) -> bytes:
    armoured = _ARMOUR.search(data)
    if armoured is None:
        return data
    try:
        return base64.b64decode(b"".join(armoured.group(1).split()), validate=True)
    except binascii.Error:
        raise _malformed("its base64 is damaged") from None


def _open(data: bytes, password: str) -> tuple[list[pkcs12.SafeBag], Password]:
    """All bags, after the integrity check has told which reading of the password is the right one."""
    file = _parse(pkcs12.Pfx, data)
    if file["auth_safe"]["content_type"].native != "data" or not file["mac_data"].native:
        raise _malformed("it has no integrity check by password")
    content = file["auth_safe"]["content"].native
    right = _right_reading(file["mac_data"], content, password)
    bags: list[pkcs12.SafeBag] = []
    for part in _parse(pkcs12.AuthenticatedSafe, content):
        bags += _bags(_plain(part, right))
    return bags, right


def _parse(kind: type[Parsed], data: bytes) -> Parsed:
    value: Parsed = kind.load(data)  # type: ignore[attr-defined]
    return value


def _right_reading(mac: pkcs12.MacData, content: bytes, password: str) -> Password:
    for reading in passwords.readings(password):
        if passwords.mac_matches(
            reading,
            algorithm=mac["mac"]["digest_algorithm"],
            salt=mac["mac_salt"].native,
            iterations=mac["iterations"].native,
            digest=mac["mac"]["digest"].native,
            content=content,
        ):
            return reading
    raise WrongPassword(
        error(
            "pkcs12-password",
            "The password does not open this key file.",
            remedy="Type the password that was chosen when the file was exported.",
            owner="you",
        )
    )


def _plain(part: cms.ContentInfo, password: Password) -> bytes:
    kind = part["content_type"].native
    if kind == "data":
        return bytes(part["content"].native)
    if kind == "encrypted_data":
        inner = part["content"]["encrypted_content_info"]
        algorithm = inner["content_encryption_algorithm"]
        return passwords.decrypt(algorithm, inner["encrypted_content"].native, password)
    raise UnsupportedProtection(str(kind))


def _bags(contents: bytes, depth: int = 0) -> Iterator[pkcs12.SafeBag]:
    if depth > 4:
        raise ValueError("bags nested too deeply")
    for bag in _parse(pkcs12.SafeContents, contents):
        if bag["bag_id"].native == "safe_contents":
            yield from _bags(bag["bag_value"].untag().dump(), depth + 1)
        else:
            yield bag


def _collect(bags: list[pkcs12.SafeBag], password: Password) -> Pkcs12:
    if len(bags) > MAXIMUM_BAGS:
        raise _malformed(f"it holds more than {MAXIMUM_BAGS} objects")
    certificates: dict[x509.Certificate, str] = {}
    found: list[tuple[PrivateKey, str]] = []
    unusable: list[str] = []
    for bag in bags:
        kind = bag["bag_id"].native
        if kind == "cert_bag" and bag["bag_value"]["cert_id"].native == "x509":
            certificate = load_certificate(bytes(bag["bag_value"]["cert_value"]))
            certificates[certificate] = _friendly_name(bag)
        elif kind in ("key_bag", "pkcs8_shrouded_key_bag"):
            encoded = _pkcs8(bag, password)
            try:
                found.append((keys.from_pkcs8(encoded), _friendly_name(bag)))
            except MalformedInput:
                unusable.append(_kind(encoded))
    return _paired(found, certificates, unusable)


def _friendly_name(bag: pkcs12.SafeBag) -> str:
    for attribute in bag["bag_attributes"] or ():
        if attribute["type"].native == "friendly_name":
            return str(attribute["values"][0].native)
    return ""


def _pkcs8(bag: pkcs12.SafeBag, password: Password) -> bytes:
    """The key in a bag, decrypted."""
    value = bag["bag_value"]
    if bag["bag_id"].native == "key_bag":
        return bytes(value.untag().dump())
    return passwords.decrypt(value["encryption_algorithm"], value["encrypted_data"].native, password)


def _kind(encoded: bytes) -> str:
    """A name for a key that is not handled here."""
    algorithm = str(_parse(asn1_keys.PrivateKeyInfo, encoded)["private_key_algorithm"]["algorithm"].dotted)
    return _OTHER_KINDS.get(algorithm, algorithm)


_OTHER_KINDS = {
    "1.2.840.10040.4.1": "DSA",
    "1.3.101.111": "X448",
    "1.3.101.113": "Ed448",
    "2.16.840.1.101.3.4.4.1": "ML-KEM-512",
}


def _paired(
    found: list[tuple[PrivateKey, str]], certificates: dict[x509.Certificate, str], unusable: Sequence[str]
) -> Pkcs12:
    """Keys with every certificate of theirs. The key itself decides, not the identifiers that files attach."""
    by_key: dict[bytes, list[x509.Certificate]] = {}
    for certificate in certificates:
        try:
            by_key.setdefault(spki_sha256(certificate.public_key()), []).append(certificate)
        except (UnsupportedAlgorithm, ValueError):
            continue
    identities: list[Identity] = []
    for key, name in found:
        own = by_key.get(spki_sha256(key.public_key()), [])
        if not own:
            unusable = [*unusable, keys.describe(key.public_key())]
        identities += [Identity(key, certificate, name or certificates[certificate]) for certificate in own]
    taken = {identity.certificate for identity in identities}
    others = [certificate for certificate in certificates if certificate not in taken]
    if not identities and not others:
        raise _malformed("it holds no certificate")
    return Pkcs12(identities, others, tuple(unusable))


def _malformed(reason: str) -> MalformedInput:
    return MalformedInput(
        error(
            "pkcs12-malformed",
            f"The key file cannot be used: {reason}.",
            remedy="Export the key again as a .p12 or .pfx file with a password.",
            owner="you",
        )
    )


def _refusal(code: str, summary: str) -> Finding:
    return error(code, summary, remedy="Choose a password, or export the key as PKCS#8.", owner="you")
