"""The cast for `pki`: Contoso's root and issuing authority with Alice, made once per run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import pytest
from cryptography import x509

from pki import certificates, crl, keys, profiles
from pki.certificates import MailDomain, Publication
from pki.keys import KeyType
from pki.profiles import Profile
from pki.signer import Signer
from pki.trust import Trust, TrustAnchor

AT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@lru_cache
def _rsa_key(kind: KeyType) -> keys.SigningPrivateKey:
    return keys.generate(kind)


def some_key(kind: KeyType) -> keys.SigningPrivateKey:
    """A key of this kind; RSA keys take long to make and are shared by the whole run."""
    return _rsa_key(kind) if kind.is_rsa else keys.generate(kind)


@dataclass(frozen=True)
class Forest:
    """A root, its issuing authority, and the lists of both."""

    root: Signer
    issuing: Signer
    publication: Publication

    def person(
        self,
        mailbox: str,
        *,
        profile: Profile = profiles.SIGNING,
        key_type: KeyType = KeyType.P256,
        serial_number: int | None = None,
        at: datetime = AT,
    ) -> Signer:
        key = some_key(key_type)
        certificate = certificates.issue_person(
            issuer=self.issuing,
            public_key=key.public_key(),
            name=mailbox.partition("@")[0].title(),
            mailbox=mailbox,
            profile=profile,
            publication=self.publication,
            serial_number=serial_number or certificates.new_serial_number(),
            at=at,
        )
        return Signer(key, certificate)

    def root_list(self, *revoked: crl.RevokedEntry, **kwargs) -> crl.Crl:
        return make_list(self.root, *revoked, only_ca_certificates=True, **kwargs)

    def person_list(self, *revoked: crl.RevokedEntry, **kwargs) -> crl.Crl:
        return make_list(self.issuing, *revoked, **kwargs)

    def trust(self, *lists: crl.Crl, domains: tuple[str, ...] | None = None) -> Trust:
        anchor = TrustAnchor(self.root.certificate, domains, "root", "Contoso")
        return Trust((anchor,), (self.issuing.certificate,), lists)


def make_list(
    issuer: Signer,
    *revoked: crl.RevokedEntry,
    number: int = 1,
    this_update: datetime = AT - DAY,
    next_update: datetime = AT + 7 * DAY,
    only_ca_certificates: bool = False,
) -> crl.Crl:
    return crl.Crl.parse(
        crl.build(
            issuer=issuer,
            number=number,
            this_update=this_update,
            next_update=next_update,
            entries=[entry.to_der() for entry in revoked],
            only_ca_certificates=only_ca_certificates,
        )
    )


def found_forest(
    organization: str,
    *domains: MailDomain,
    root_type: KeyType = KeyType.P384,
    issuing_type: KeyType = KeyType.P256,
    at: datetime = AT - 30 * DAY,
) -> Forest:
    host = organization.lower()
    root_key, issuing_key = some_key(root_type), some_key(issuing_type)
    root_certificate = certificates.issue_root(
        private_key=root_key, common_name=f"{organization} Root", organization=organization, at=at
    )
    root = Signer(root_key, root_certificate)
    issuing_certificate = certificates.issue_authority(
        issuer=root,
        public_key=issuing_key.public_key(),
        common_name=f"{organization} People",
        organization=organization,
        mail_domains=domains,
        publication=Publication(f"http://pki.{host}.example/root.crl", f"http://pki.{host}.example/root.cer"),
        at=at,
    )
    publication = Publication(
        f"http://pki.{host}.example/people.crl", f"http://pki.{host}.example/people.cer"
    )
    return Forest(root, Signer(issuing_key, issuing_certificate), publication)


@pytest.fixture(scope="session")
def contoso() -> Forest:
    return found_forest("Contoso", MailDomain("contoso.example", include_subdomains=True))


@pytest.fixture(scope="session")
def fabrikam() -> Forest:
    return found_forest("Fabrikam", MailDomain("fabrikam.example"))


@pytest.fixture(scope="session")
def alice(contoso: Forest) -> Signer:
    return contoso.person("alice@contoso.example")


@pytest.fixture(scope="session")
def trust(contoso: Forest) -> Trust:
    return contoso.trust(contoso.root_list(), contoso.person_list())


def extension(certificate: x509.Certificate, kind: type) -> x509.Extension:
    return certificate.extensions.get_extension_for_class(kind)
