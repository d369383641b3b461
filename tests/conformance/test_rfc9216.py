"""The people of RFC 9216: their key files open, and they write to one another through the product."""

from __future__ import annotations

import functools
import itertools
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from pki.certificates import mailboxes
from pki.formats import Identity, read_certificates
from pki.pkcs12 import read_pkcs12
from pki.trust import Trust, TrustAnchor
from smime.compose import encrypt_entity, sign_entity
from smime.decrypt import DecryptionKey
from smime.encrypt import ContentCipher
from smime.headers import protect
from smime.mime import build_body, message
from smime.open import open_message
from smime.report import Encryption, Seal
from smime.sign import SigningKey
from tests.conformance.corpora import corpora

pytestmark = pytest.mark.corpora

PEOPLE = ("alice", "bob", "carlos", "dana")
AT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@functools.cache
def identities(name: str) -> list[Identity]:
    return list(read_pkcs12((corpora("rfc9216") / f"{name}.p12").read_bytes(), name).identities)


def usable(name: str, bit: str) -> Identity:
    """The person's certificate with that key usage."""
    from cryptography.x509 import KeyUsage

    for identity in identities(name):
        usage = identity.certificate.extensions.get_extension_for_class(KeyUsage).value
        if getattr(usage, bit):
            return identity
    raise LookupError(bit)


def encryption_identity(name: str) -> Identity:
    return usable(name, "key_encipherment" if name in ("alice", "bob") else "key_agreement")


def trust(*names: str) -> Trust:
    folder = corpora("rfc9216")
    anchors = [c for name in names for c in read_certificates((folder / name).read_bytes())]
    return Trust(tuple(TrustAnchor(certificate) for certificate in anchors))


ROOTS = ("ca.rsa.crt", "ca.25519.crt")


@pytest.mark.parametrize("name", PEOPLE)
def test_every_key_file_gives_a_signing_and_an_encryption_identity(name: str) -> None:
    folder = corpora("rfc9216")
    held = identities(name)
    assert len(held) == 2
    for purpose in ("sign", "encrypt"):
        certificate = read_certificates((folder / f"{name}.{purpose}.crt").read_bytes())[0]
        key: PrivateKeyTypes = load_pem_private_key((folder / f"{name}.{purpose}.key").read_bytes(), None)
        match = [identity for identity in held if identity.certificate == certificate]
        assert len(match) == 1
        assert match[0].private_key.public_key() == key.public_key()


@pytest.mark.parametrize(("author", "reader"), list(itertools.permutations(PEOPLE, 2)))
@pytest.mark.parametrize("cipher", list(ContentCipher))
def test_everybody_writes_to_everybody_signed_and_encrypted(
    author: str, reader: str, cipher: ContentCipher
) -> None:
    signer, recipient = usable(author, "digital_signature"), encryption_identity(reader)
    address = mailboxes(signer.certificate)[0]
    header = [
        ("From", address),
        ("To", mailboxes(recipient.certificate)[0]),
        ("Subject", "between forests"),
        ("Date", format_datetime(AT)),
    ]
    protected = protect(build_body(f"from {author} to {reader}"), header, encrypted=True, legacy_display=True)
    key = SigningKey(signer.private_key, signer.certificate)  # type: ignore[arg-type]
    entity = sign_entity(protected.entity, signer=key, certificates=(), at=AT)
    entity = encrypt_entity(entity, recipients=[recipient.certificate], cipher=cipher)
    keys = [DecryptionKey(i.private_key, i.certificate) for i in identities(reader)]
    report = open_message(
        message(protected.outer, entity),
        keys=keys,
        trust=trust(*ROOTS),
        at=AT + timedelta(minutes=1),
        revocation="ignored",
    )
    assert (report.seal, report.encryption) == (Seal.OK, Encryption.OK), report.findings
    assert report.text == f"from {author} to {reader}"
    assert report.header("Subject") == "between forests"


def test_two_roots_that_certify_each_other_are_a_loop_that_ends() -> None:
    signer = usable("carlos", "digital_signature")
    key = SigningKey(signer.private_key, signer.certificate)  # type: ignore[arg-type]
    entity = sign_entity(build_body("x"), signer=key, certificates=(), at=AT)
    raw = message([("From", "carlos@smime.example"), ("Date", format_datetime(AT))], entity)
    folder = corpora("rfc9216")
    cross = [
        c
        for name in ("ca.rsa.cross.crt", "ca.25519.cross.crt")
        for c in read_certificates((folder / name).read_bytes())
    ]
    only_rsa = Trust(trust("ca.rsa.crt").anchors, tuple(cross))
    assert open_message(raw, trust=only_rsa, at=AT, revocation="ignored").seal is Seal.OK
    nobody = Trust((), tuple(cross))
    assert open_message(raw, trust=nobody, at=AT, revocation="ignored").seal in (
        Seal.UNTRUSTED,
        Seal.INCOMPLETE,
    )
