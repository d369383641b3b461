"""Certificates as a hostile or careless authority would sign them, without our gate or linter."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from pki import certificates, keys, profiles
from pki.algorithms import signing_digest
from pki.crl import Crl, Reason, RevokedEntry
from pki.keys import KeyType, SigningPrivateKey
from pki.signer import Signer
from tests.pki.conftest import AT, DAY

Extensions = Iterable[tuple[x509.ExtensionType, bool]]


def named(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def forge(
    issuer: Signer,
    *addresses: x509.GeneralName,
    subject: x509.Name | None = None,
    key: SigningPrivateKey | None = None,
    serial_number: int | None = None,
    extensions: Extensions = (),
) -> Signer:
    """A certificate with exactly these addresses and extensions, signed by the issuer."""
    key = key or keys.generate(KeyType.P256)
    builder = (
        x509.CertificateBuilder()
        .issuer_name(issuer.certificate.subject)
        .subject_name(subject or named("Mallory"))
        .public_key(key.public_key())
        .serial_number(serial_number or certificates.new_serial_number())
        .not_valid_before(AT - DAY)
        .not_valid_after(AT + 100 * DAY)
    )
    if addresses:
        extensions = [*extensions, (x509.SubjectAlternativeName(addresses), False)]
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return Signer(key, builder.sign(issuer.private_key, signing_digest(issuer.private_key)))


def forge_authority(
    issuer: Signer,
    subject: x509.Name,
    *,
    key: SigningPrivateKey | None = None,
    extensions: Extensions = (),
) -> Signer:
    """An authority without any constraint but the given extensions."""
    key = key or keys.generate(KeyType.P256)
    own: Extensions = [
        (x509.BasicConstraints(True, None), True),
        (profiles.ISSUING.key_usage(KeyType.P256), True),
        (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
    ]
    return forge(issuer, subject=subject, key=key, extensions=[*own, *extensions])


def imitate(
    original: x509.Certificate, issuer: Signer | None, *, key: SigningPrivateKey | None = None
) -> Signer:
    """Another key under the same name, serial and key identifier; self-signed when there is no issuer."""
    key = key or keys.generate(KeyType.P384)
    signing = issuer.private_key if issuer else key
    builder = (
        x509.CertificateBuilder()
        .issuer_name(original.issuer)
        .subject_name(original.subject)
        .public_key(key.public_key())
        .serial_number(original.serial_number)
        .not_valid_before(original.not_valid_before_utc)
        .not_valid_after(original.not_valid_after_utc)
    )
    for extension in original.extensions:
        if not isinstance(extension.value, x509.NameConstraints):
            builder = builder.add_extension(extension.value, extension.critical)
    return Signer(key, builder.sign(signing, signing_digest(signing)))


def forge_list(
    issuer: Signer,
    *revoked: RevokedEntry,
    number: int | None = 1,
    this_update: datetime = AT - DAY,
    extensions: Extensions = (),
) -> Crl:
    """A list with extensions that we never write: other scopes, deltas, unknown demands."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(this_update)
        .next_update(this_update + 8 * DAY)
    )
    if not any(isinstance(extension, x509.CRLNumber) for extension, _ in extensions) and number is not None:
        builder = builder.add_extension(x509.CRLNumber(number), critical=False)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    for entry in revoked:
        one = x509.RevokedCertificateBuilder().serial_number(entry.serial_number)
        one = one.revocation_date(entry.revoked_at)
        if entry.reason is not Reason.UNSPECIFIED:
            one = one.add_extension(x509.CRLReason(x509.ReasonFlags(entry.reason.value)), critical=False)
        builder = builder.add_revoked_certificate(one.build())
    signed = builder.sign(issuer.private_key, signing_digest(issuer.private_key))
    return Crl.parse(signed.public_bytes(Encoding.DER))


def scope(**changes: object) -> tuple[x509.ExtensionType, bool]:
    """A critical issuing distribution point."""
    fields: dict[str, object] = {
        "full_name": None,
        "relative_name": None,
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "only_some_reasons": None,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
    }
    return x509.IssuingDistributionPoint(**{**fields, **changes}), True  # type: ignore[arg-type]


def delta(base: int) -> tuple[x509.ExtensionType, bool]:
    """The mark of a delta list."""
    return x509.DeltaCRLIndicator(base), True


def sign_badly(issuer: Signer, folder: Path, digest: str = "sha1") -> tuple[x509.Certificate, Crl]:
    """Alice's certificate and an empty list, both signed the obsolete way; pyca refuses to, OpenSSL does not."""
    key = keys.generate(KeyType.P256)
    request = x509.CertificateSigningRequestBuilder().subject_name(named("Alice"))
    (folder / "request.pem").write_bytes(request.sign(key, signing_digest(key)).public_bytes(Encoding.PEM))
    (folder / "issuer.pem").write_bytes(issuer.certificate.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(
        issuer.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    (folder / "index.txt").touch()
    (folder / "crlnumber").write_text("01\n")
    (folder / "ca.cnf").write_text(_CA_CONFIGURATION.replace("DIGEST", digest))
    begin, end = f"{AT - DAY:%Y%m%d%H%M%SZ}", f"{AT + 7 * DAY:%Y%m%d%H%M%SZ}"
    ca = "ca -batch -notext -config ca.cnf"
    _openssl(folder, f"{ca} -in request.pem -create_serial -startdate {begin} -enddate {end} -out old.pem")
    _openssl(folder, f"{ca} -gencrl -crl_lastupdate {begin} -crl_nextupdate {end} -out old.crl")
    certificate = x509.load_pem_x509_certificate((folder / "old.pem").read_bytes())
    return certificate, Crl.parse((folder / "old.crl").read_bytes())


_CA_CONFIGURATION = """
[ca]
default_ca = own
[own]
database = index.txt
new_certs_dir = .
serial = serial
crlnumber = crlnumber
default_md = DIGEST
private_key = key.pem
certificate = issuer.pem
policy = names
x509_extensions = person
crl_extensions = list
[names]
commonName = supplied
[person]
subjectAltName = email:alice@contoso.example
authorityKeyIdentifier = keyid
[list]
authorityKeyIdentifier = keyid
"""


def _openssl(folder: Path, command: str) -> None:
    run = subprocess.run(["openssl", *command.split()], cwd=folder, capture_output=True, check=False)
    assert run.returncode == 0, run.stderr.decode()
