"""Profiles: what an issued certificate may be used for, with which keys and for how long (RFC 5280, RFC
8550).
 A profile is a closed description that can be stored as JSON; unknown or ill-typed fields are refused, so
that a stored template can never grow a meaning that the code does not know.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any

from cryptography import x509

from .errors import RefusedRequest
from .findings import Finding, error
from .keys import KeyType


class Role(StrEnum):
    """What kind of holder a profile makes."""

    ROOT = "root"
    ISSUING = "issuing"
    PERSON = "person"


MAXIMUM_PERSON_DAYS = 825  # CA/B S/MIME BR 6.3.2, Strict and Multipurpose
MAXIMUM_PRIVATE_DAYS = (
    3650  # a private profile leaves the Baseline Requirements; the authority's life still ends it
)
PLACEHOLDERS = ("{name}", "{forest}", "{address}")
MAXIMUM_PATTERN = 64  # ub-common-name, RFC 5280 appendix A.1
# Placeholders, letters, digits and quiet punctuation: no "@" or ":", so that a pattern cannot spell an address.
_PATTERN = re.compile(r"(\{name\}|\{forest\}|\{address\}|[^\W_]|[ .,()/–-])+")


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of certificate.

    `key_types`: allowed keys, the preferred one first. `signs` and `encrypts` say what a person's key does;
    key usage follows from them and the key's kind. `validity_days` counts days of 86 400 seconds. `escrow`:
    the private key may be kept for recovery (never for signing keys). `private`: outside the S/MIME Baseline
    Requirements, so that a longer validity is possible. `name_pattern`: the common name of a person, made of text and
    `PLACEHOLDERS`. Every purpose but emailProtection, every policy and every CA bit has no field: it cannot be asked for.
    """

    code: str
    title: str
    role: Role
    key_types: tuple[KeyType, ...]
    validity_days: int
    signs: bool = False
    encrypts: bool = False
    escrow: bool = False
    path_length: int | None = None
    private: bool = False
    name_pattern: str = "{name}"

    def __post_init__(self) -> None:
        person = self.role is Role.PERSON
        broken = (
            (not self.code or not self.title, "code and title are needed"),
            (not self.key_types, "at least one key type is needed"),
            (self.validity_days < 1, "validity must be at least one day"),
            (person and self.validity_days > self.maximum_days, f"more than {self.maximum_days} days"),
            (self.private and not person, "only profiles for people can be private"),
            (
                not _names_somebody(self.name_pattern),
                "the name pattern names nobody, or has foreign characters",
            ),
            (person and not (self.signs or self.encrypts), "it neither signs nor encrypts"),
            (not person and (self.signs or self.encrypts), "authorities neither sign nor encrypt mail"),
            (person and self.path_length is not None, "people are no authorities"),
            (self.escrow and (self.signs or not self.encrypts), "only pure encryption keys may be escrowed"),
            (
                self.encrypts and not all(k.can_encrypt for k in self.key_types),
                "Ed25519 and ML-DSA cannot encrypt",
            ),
            (
                not self.encrypts and not all(k.can_sign for k in self.key_types),
                "X25519 and ML-KEM cannot sign",
            ),
            (
                self.signs and self.encrypts and not all(k.is_rsa for k in self.key_types),
                "dual use needs RSA",
            ),
        )
        reasons = [reason for wrong, reason in broken if wrong]
        if reasons:
            raise RefusedRequest(_bad_profile("; ".join(reasons)))

    @property
    def maximum_days(self) -> int:
        """The longest validity of a person's certificate."""
        return MAXIMUM_PRIVATE_DAYS if self.private else MAXIMUM_PERSON_DAYS

    def common_name(self, *, name: str, forest: str, address: str) -> str:
        """The pattern filled in, cut to 64 characters. What is filled in is text, never a pattern again."""
        values = {"{name}": " ".join(name.split()) or address, "{forest}": forest, "{address}": address}
        filled = re.sub(r"\{(?:name|forest|address)\}", lambda hit: values[hit.group()], self.name_pattern)
        return filled[:MAXIMUM_PATTERN].strip()

    def key_usage(self, key_type: KeyType) -> x509.KeyUsage:
        """The key usage bits for a key of this type (CA/B S/MIME BR 7.1.2.3 (e), RFC 9935 §5)."""
        authority = self.role is not Role.PERSON
        return x509.KeyUsage(
            digital_signature=self.signs,
            content_commitment=False,
            key_encipherment=self.encrypts and (key_type.is_rsa or key_type.is_kem),
            data_encipherment=False,
            key_agreement=self.encrypts and not (key_type.is_rsa or key_type.is_kem),
            key_cert_sign=authority,
            crl_sign=authority,
            encipher_only=False,
            decipher_only=False,
        )

    def as_data(self) -> dict[str, Any]:
        """A JSON-able form; `from_data` gives the same profile back."""
        data = asdict(self)
        data["role"] = self.role.value
        data["key_types"] = [kind.value for kind in self.key_types]
        return data

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Profile:
        """Read a stored profile. Unknown, missing or ill-typed fields raise `RefusedRequest`.

        Fields of `_ADDED_LATER` may be missing: a published version is never rewritten, so it lacks them for ever.
        """
        if isinstance(data, dict):
            data = {**_ADDED_LATER, **data}
        known = {field.name for field in fields(cls)}
        if not isinstance(data, dict) or set(data) != known:
            raise RefusedRequest(_bad_profile("its fields are not exactly those of a profile"))
        if any(
            not isinstance(data[name], kind) or _is_hidden_bool(data[name], kind)
            for name, kind in _TYPES.items()
        ):
            raise RefusedRequest(_bad_profile("a field has the wrong type"))
        try:
            role = Role(data["role"])
            key_types = tuple(KeyType(value) for value in data["key_types"])
        except ValueError:
            raise RefusedRequest(_bad_profile("it names an unknown role or key type")) from None
        return cls(**{**data, "role": role, "key_types": key_types})


_TYPES: dict[str, type | tuple[type, ...]] = {
    "code": str,
    "title": str,
    "role": str,
    "key_types": (list, tuple),
    "validity_days": int,
    "signs": bool,
    "encrypts": bool,
    "escrow": bool,
    "path_length": (int, type(None)),
    "private": bool,
    "name_pattern": str,
}
_ADDED_LATER: dict[str, Any] = {"private": False, "name_pattern": "{name}"}


def _names_somebody(pattern: str) -> bool:
    fits = len(pattern) <= MAXIMUM_PATTERN and _PATTERN.fullmatch(pattern) is not None
    return fits and ("{name}" in pattern or "{address}" in pattern)


def _is_hidden_bool(value: object, kind: type | tuple[type, ...]) -> bool:
    """True and False are integers to Python, but not to us."""
    return isinstance(value, bool) and kind is not bool


def _bad_profile(reason: str) -> Finding:
    return error(
        "profile-refused",
        f"This is not a usable certificate profile: {reason}.",
        remedy="Choose one of the templates that the portal offers and adapt it.",
        owner="administrator",
    )


_YEAR = 365.25

ROOT = Profile("root", "Root authority", Role.ROOT, (KeyType.P384, KeyType.RSA_4096), int(15 * _YEAR))
ISSUING = Profile(
    "issuing",
    "Issuing authority",
    Role.ISSUING,
    (KeyType.P256, KeyType.P384, KeyType.RSA_3072),
    int(6 * _YEAR),
    path_length=0,
)
SIGNING = Profile(
    "signing",
    "Signing",
    Role.PERSON,
    (KeyType.P256, KeyType.P384, KeyType.RSA_3072, KeyType.ED25519),
    397,
    signs=True,
)
ENCRYPTION = Profile(
    "encryption",
    "Encryption",
    Role.PERSON,
    (KeyType.RSA_3072, KeyType.RSA_4096, KeyType.P256),
    730,
    encrypts=True,
    escrow=True,
)
DUAL_USE = Profile(
    "dual-use",
    "Signing and encryption with one key",
    Role.PERSON,
    (KeyType.RSA_3072, KeyType.RSA_4096),
    397,
    signs=True,
    encrypts=True,
)
