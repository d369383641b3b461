"""People for other programs: certificates that are valid whenever those sign, for they know the present only."""

from __future__ import annotations

import functools
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed448

from tests.smime.people import Person, certify, key, root

CROWD = 20


def long_lived(someone: Person) -> Person:
    """The same person with a certificate for a hundred years."""
    given = someone.certificate
    builder = (
        x509.CertificateBuilder(given.issuer, given.subject, given.public_key(), x509.random_serial_number())
        .not_valid_before(datetime(2000, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2099, 1, 1, tzinfo=UTC))
    )
    for extension in given.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    return Person(someone.private_key, builder.sign(root().private_key, hashes.SHA256()))  # type: ignore[arg-type]


@functools.cache
def signer(kind: str) -> Person:
    """Whoever signs, at alice-KIND@contoso.example; one more kind than this project writes with.

    NSS gives all certificates of one subject one nickname, so each kind has a name of its own.
    """
    private_key = ed448.Ed448PrivateKey.generate() if kind == "ed448" else key(kind, 60)
    return long_lived(certify(private_key, f"Alice-{kind}"))  # type: ignore[arg-type]


@functools.cache
def reader(kind: str) -> Person:
    """Whoever opens the envelopes, at reader-KIND@contoso.example."""
    return long_lived(certify(key(kind, 61), f"Reader-{kind}"))


def mailbox(someone: Person) -> str:
    """The address in a certificate."""
    names = someone.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return names.get_values_for_type(x509.RFC822Name)[0]


@functools.cache
def crowd(kind: str, size: int) -> tuple[Person, ...]:
    """`size` recipients with the reader last; the others share two keys, for making RSA keys takes long."""
    others = (
        long_lived(certify(key(kind, 62 + number % 2), f"Other{number}-{kind}")) for number in range(size - 1)
    )
    return (*others, reader(kind))
