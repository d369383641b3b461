"""Attributes of a signature or an authenticated envelope (RFC 5652 §5.3, §11; RFC 5083 §2.2).

`Attributes` keeps the set both ways: the bytes as received, over which honest but careless signers signed, and the
DER order that the standard demands (RFC 5652 §5.4).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from . import der
from .errors import Malformed

MAX_ATTRIBUTES = 100


class AttributeRepeated(Malformed):
    """An attribute that may stand once, with one value, stands otherwise."""


@dataclass(frozen=True, slots=True)
class Attributes:
    """A SET OF Attribute.

    `encoded` is the received set under its universal tag 0x31; `entries` are (type, values in DER, raw attribute).
    """

    encoded: bytes
    entries: tuple[tuple[str, tuple[bytes, ...], bytes], ...]
    by_type: dict[str, list[tuple[bytes, ...]]] = field(repr=False, compare=False)

    @classmethod
    def read(cls, element: der.Element) -> Attributes:
        """From a SET OF Attribute under any tag. Refuses nesting beyond the depth cap: the values are ANY."""
        der.check_depth(element.data, element.start, element.end)
        children = der.count_children(element, MAX_ATTRIBUTES, "attributes")
        entries = tuple(map(_attribute, children))
        by_type: dict[str, list[tuple[bytes, ...]]] = {}
        for kind, values, _ in entries:
            by_type.setdefault(kind, []).append(values)
        return cls(element.retagged(der.SET), entries, by_type)

    @property
    def types(self) -> tuple[str, ...]:
        """The attribute types in the order received, repeated as received."""
        return tuple(kind for kind, _, _ in self.entries)

    @property
    def is_der(self) -> bool:
        """Whether the set stands in the order that DER prescribes."""
        return self.encoded == self.in_der_order()

    def in_der_order(self) -> bytes:
        """The set as it has to be signed."""
        return der.set_of(raw for _, _, raw in self.entries)

    def single(self, oid: str) -> der.Element | None:
        """The one value of the attribute `oid`; None if the attribute is absent.

        Raises AttributeRepeated if it stands twice or has no or several values (RFC 5652 §11).
        """
        held = self.by_type.get(oid)
        if held is None:
            return None
        if len(held) > 1 or len(held[0]) != 1:
            raise AttributeRepeated("an attribute of the signature stands twice or has no single value")
        return der.Reader(held[0][0]).next()


def _attribute(element: der.Element) -> tuple[str, tuple[bytes, ...], bytes]:
    if element.tag != der.SEQUENCE:
        raise Malformed("an attribute is not a structure")
    fields = element.reader()
    kind = fields.next(der.OBJECT_IDENTIFIER).oid()
    values = tuple(value.raw for value in fields.next(der.SET).reader().each())
    fields.finish()
    return kind, values, element.raw


def attribute(oid: str, value: bytes) -> bytes:
    """One attribute with one value, in DER."""
    return der.sequence(der.oid(oid), der.tlv(der.SET, value))
