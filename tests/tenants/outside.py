"""An organisation outside the portal: its authorities, people, lists and letters, made by hand and published for real."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from pki import crl
from pki.certificates import new_serial_number
from pki.crl import Reason, RevokedEntry
from pki.signer import Signer
from smime import compose, mime
from smime.sign import SigningKey
from tenants import clock
from tests.tenants.rogue import Extensions, named, usage


def published_at(*, issuer: str = "", lists: Sequence[str] = ()) -> Extensions:
    """AIA and CDP with these addresses."""
    if issuer:
        where = x509.UniformResourceIdentifier(issuer)
        access = x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, where)
        yield x509.AuthorityInformationAccess([access]), False
    if lists:
        names = [x509.UniformResourceIdentifier(one) for one in lists]
        yield x509.CRLDistributionPoints([x509.DistributionPoint(names, None, None, None)]), False


@dataclass
class Authority:
    """A key with a certificate, and whatever it is told to sign."""

    name: x509.Name
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    numbers: int = 0
    revoked: list[RevokedEntry] = field(default_factory=list)

    @classmethod
    def root(
        cls, common_name: str, *, key: ec.EllipticCurvePrivateKey | None = None, **dates: datetime
    ) -> Authority:
        """The same `key` makes it a reissued one."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        name = named(common_name)
        own = _signed(name, name, key.public_key(), key, authority_claims(key.public_key(), None), **dates)
        return cls(name, key, own)

    def below(
        self,
        common_name: str,
        *more: tuple[x509.ExtensionType, bool],
        key: ec.EllipticCurvePrivateKey | None = None,
        issuer: str = "",
        lists: Sequence[str] = (),
        claims: Extensions | None = None,
        serial: int | None = None,
        **dates: datetime,
    ) -> Authority:
        """An authority under this one. The same `key` makes it a reissued one; `claims`: what it says of itself instead
        of the truth.
        """
        key = key or ec.generate_private_key(ec.SECP256R1())
        own = authority_claims(key.public_key(), self) if claims is None else claims
        said = [*own, *published_at(issuer=issuer, lists=lists), *more]
        name = named(common_name)
        return Authority(
            name, key, _signed(name, self.name, key.public_key(), self.key, said, serial=serial, **dates)
        )

    def person(
        self,
        address: str,
        *more: tuple[x509.ExtensionType, bool],
        common_name: str = "Pia Partner",
        issuer: str = "",
        lists: Sequence[str] = (),
        names: Sequence[x509.GeneralName] = (),
        serial: int | None = None,
        **dates: datetime,
    ) -> Person:
        """`names` stand in place of the address."""
        key = ec.generate_private_key(ec.SECP256R1())
        said = [
            (x509.SubjectAlternativeName(names or [x509.RFC822Name(address)]), False),
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False),
            (usage("digital_signature", "key_agreement"), True),
            (x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), False),
            *published_at(issuer=issuer, lists=lists),
            *more,
        ]
        made = _signed(
            named(common_name), self.name, key.public_key(), self.key, said, serial=serial, **dates
        )
        return Person(address, key, made)

    def revoke(self, certificate: x509.Certificate, at: datetime, reason: Reason = Reason.SUPERSEDED) -> None:
        self.revoked.append(RevokedEntry(certificate.serial_number, at.replace(microsecond=0), reason))

    def list(
        self,
        *,
        number: int | None = None,
        at: datetime | None = None,
        lasts: timedelta = timedelta(days=7),
        only_ca_certificates: bool = False,
    ) -> bytes:
        """The next list, in DER."""
        self.numbers = self.numbers + 1 if number is None else number
        begins = at or clock.now() - timedelta(minutes=1)
        return crl.build(
            issuer=Signer(self.key, self.certificate),
            number=self.numbers,
            this_update=begins,
            next_update=begins + lasts,
            entries=[entry.to_der() for entry in self.revoked],
            only_ca_certificates=only_ca_certificates,
        )

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)


@dataclass(frozen=True)
class Person:
    address: str
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    def letter(self, to: str, *enclosed: x509.Certificate, at: datetime | None = None) -> bytes:
        """A signed letter as ordinary programs write it, with these certificates beside the signer's own."""
        written = (at or clock.now()).replace(microsecond=0)
        entity = compose.sign_entity(
            mime.build_body("Minutes of today.\n"),
            signer=SigningKey(self.key, self.certificate),
            certificates=list(enclosed),
            at=written,
        )
        fields = [
            ("From", self.address),
            ("To", to),
            ("Subject", "Minutes"),
            ("Date", format_datetime(written)),
        ]
        return mime.message(fields, entity)


def authority_claims(key: ec.EllipticCurvePublicKey, issuer: Authority | None) -> Extensions:
    """What an authority with this key, under this issuer, truly says of itself."""
    yield x509.BasicConstraints(True, None), True
    yield usage("key_cert_sign", "crl_sign"), True
    yield x509.SubjectKeyIdentifier.from_public_key(key), False
    if issuer is not None:
        yield x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), False


def _signed(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    signing_key: ec.EllipticCurvePrivateKey,
    extensions: Iterable[tuple[x509.ExtensionType, bool]],
    *,
    begins: datetime | None = None,
    ends: datetime | None = None,
    serial: int | None = None,
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(serial or new_serial_number())
        .not_valid_before(begins or clock.now() - timedelta(days=30))
        .not_valid_after(ends or clock.now() + timedelta(days=300))
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(signing_key, hashes.SHA256())
