"""Loading certificates, lists and requests without surprises.

pyca reports faults of hostile objects by several kinds of exception, some of them no `ValueError`s; here they are
all one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

Loaded = TypeVar("Loaded")

PARSE_ERRORS = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)


def load(loader: Callable[[bytes], Loaded], data: bytes) -> Loaded:
    """What a pyca loader makes of the bytes. Raises `ValueError` for whatever is wrong with them."""
    try:
        return loader(data)
    except PARSE_ERRORS as refused:
        raise ValueError(str(refused)) from None


def load_certificate(der: bytes) -> x509.Certificate:
    """A certificate in DER. Raises `ValueError`."""
    return load(x509.load_der_x509_certificate, der)
