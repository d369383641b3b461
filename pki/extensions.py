"""Reading extensions without surprises: whatever is wrong with them is one `ValueError`.

pyca parses extensions on first access and reports faults of hostile certificates by several kinds of
exception.
"""

from __future__ import annotations

from typing import TypeVar

from cryptography import x509

from .parsing import PARSE_ERRORS

ExtensionValue = TypeVar("ExtensionValue", bound=x509.ExtensionType)


def read_extensions(certificate: x509.Certificate) -> x509.Extensions:
    """All extensions. Raises `ValueError` when one of them, or their list, cannot be parsed."""
    try:
        return certificate.extensions
    except PARSE_ERRORS:
        raise ValueError("the extensions cannot be parsed") from None


def find_extension(
    certificate: x509.Certificate, kind: type[ExtensionValue]
) -> x509.Extension[ExtensionValue] | None:
    """One extension with its criticality, or None. Raises `ValueError` for unreadable extensions."""
    try:
        return read_extensions(certificate).get_extension_for_class(kind)
    except x509.ExtensionNotFound:
        return None


def find(certificate: x509.Certificate, kind: type[ExtensionValue]) -> ExtensionValue | None:
    """The value of an extension, or None. Raises `ValueError` for unreadable extensions."""
    extension = find_extension(certificate, kind)
    return extension.value if extension is not None else None
