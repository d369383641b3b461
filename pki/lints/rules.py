"""What a rule of the linter is, and what it sees of a certificate."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from .. import der
from ..extensions import read_extensions
from ..findings import Finding, error
from ..keys import PublicKey
from ..profiles import Profile

ExtensionValue = TypeVar("ExtensionValue", bound=x509.ExtensionType)


class Subject:
    """The certificate under the linter. `extensions` raises ValueError when they cannot be parsed."""

    def __init__(
        self, certificate: x509.Certificate, issuer: x509.Certificate | None, profile: Profile | None
    ) -> None:
        self.certificate = certificate
        self._issuer = issuer
        self._profile = profile

    @property
    def issuer(self) -> x509.Certificate:
        """Only for rules that run with an issuer."""
        if self._issuer is None:
            raise ValueError("no issuer")
        return self._issuer

    @property
    def profile(self) -> Profile | None:
        return self._profile

    @cached_property
    def extensions(self) -> x509.Extensions:
        return read_extensions(self.certificate)

    def find(self, kind: type[ExtensionValue]) -> ExtensionValue | None:
        try:
            return self.extensions.get_extension_for_class(kind).value
        except x509.ExtensionNotFound:
            return None

    @cached_property
    def is_authority(self) -> bool:
        constraints = self.find(x509.BasicConstraints)
        return constraints is not None and constraints.ca

    @cached_property
    def is_self_signed(self) -> bool:
        """A root; another generation's certificate under the same name is only self-issued (RFC 5280 §3.2)."""
        if self.certificate.subject != self.certificate.issuer:
            return False
        return self._issuer is None or self._issuer.public_key() == self.certificate.public_key()

    @cached_property
    def key(self) -> PublicKey:
        try:
            return self.certificate.public_key()
        except UnsupportedAlgorithm:
            raise ValueError("an unknown kind of key") from None

    @cached_property
    def fields(self) -> dict[str, bytes]:
        """The fields of the to-be-signed bytes, each with tag and length, by their names in RFC 5280 §4.1."""
        data = self.certificate.tbs_certificate_bytes
        _, start, end = der.read(data, 0, len(data))
        parts = [(tag, data[begin:stop]) for tag, begin, _, stop in der.children(data, start, end)]
        found = {"version": parts.pop(0)[1]} if parts[0][0] == 0xA0 else {}
        found |= dict(zip(_FIELDS, (octets for _, octets in parts), strict=False))
        return found | {_TAGGED[tag]: octets for tag, octets in parts[6:] if tag in _TAGGED}

    @cached_property
    def outer_algorithm(self) -> bytes:
        """The AlgorithmIdentifier outside of what is signed."""
        from cryptography.hazmat.primitives.serialization import Encoding

        data = self.certificate.public_bytes(Encoding.DER)
        _, start, end = der.read(data, 0, len(data))
        parts = list(der.children(data, start, end))
        return data[parts[1][1] : parts[1][3]]

    @property
    def spki_algorithm(self) -> bytes:
        """The AlgorithmIdentifier of the subject's key."""
        return _first_inside(self.fields["subjectPublicKeyInfo"])


_FIELDS = ("serialNumber", "signature", "issuer", "validity", "subject", "subjectPublicKeyInfo")
_TAGGED = {0x81: "issuerUniqueID", 0x82: "subjectUniqueID", 0xA3: "extensions"}


def _first_inside(data: bytes) -> bytes:
    _, start, end = der.read(data, 0, len(data))
    _, _, stop = der.read(data, start, end)
    return data[start:stop]


@dataclass(frozen=True, slots=True)
class Rule:
    """One sentence of a standard. `breaks` answers True, or the evidence as a text, for a certificate that breaks it."""

    code: str
    citation: str
    sentence: str
    breaks: Callable[[Subject], bool | str]

    def judge(self, subject: Subject) -> Finding | None:
        """None if it holds. What cannot be read does not hold."""
        try:
            broken = self.breaks(subject)
        except (ValueError, KeyError, IndexError):
            broken = True
        if not broken:
            return None
        finding = error(self.code, self.sentence, citation=self.citation)
        return replace(finding, evidence=(("Found", broken[:200]),)) if isinstance(broken, str) else finding


class RuleBook:
    """The rules of one kind of certificate, in the order they are written."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []

    def __iter__(self) -> Iterator[Rule]:
        return iter(self.rules)

    def __len__(self) -> int:
        return len(self.rules)

    def rule(self, code: str, citation: str, sentence: str) -> Callable[[Breaks], Breaks]:
        """Register the function as a rule; `sentence` says what is wrong when it answers True."""

        def register(breaks: Breaks) -> Breaks:
            self.rules.append(Rule(code, citation, sentence, breaks))
            return breaks

        return register


Breaks = Callable[[Subject], "bool | str"]
