"""Found a forest: its root (key in an offline file), an issuing authority, templates, its first administrator."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from django.conf import settings

from pki import certificates, keys, profiles
from pki import crl as lists
from pki.lints import refuse_list
from pki.names import normalise_domain
from pki.signer import Signer
from tenants import due_work
from tenants.keystore.authority_keys import store_authority_key
from tenants.keystore.tenant_keys import create_tenant_keys
from tenants.models import (
    Authority,
    CrlPublication,
    Generation,
    MailDomain,
    Person,
    Template,
    Tenant,
    TrustRoot,
)
from tenants.models.authorities import AuthorityKind
from tenants.models.people import Role
from tenants.models.trust import TrustState
from tenants.refusals import refuse
from tenants.scoping import tenant_scope
from tenants.services.add_person import create_person, read_own_address
from tenants.services.record_generation import new_generation

TEMPLATES = (profiles.SIGNING, profiles.ENCRYPTION, profiles.DUAL_USE)


@dataclass(frozen=True, slots=True)
class Founding:
    """What an operator decides. `domains`: the mail domains the forest owns; subdomains with a leading dot too."""

    name: str
    domains: tuple[certificates.MailDomain, ...]
    administrator_name: str
    administrator_address: str
    root_key_file: Path
    passphrase: str = ""
    hue: int = 1
    mark: int = 1


@dataclass(frozen=True, slots=True)
class Founded:
    tenant: Tenant
    administrator: Person
    sign_in_secret: str
    root_key_file: Path


@dataclass(frozen=True, slots=True)
class _Hierarchy:
    """Everything made before the database is touched."""

    root_id: uuid.UUID
    root: Signer
    root_crl: bytes
    issuing_id: uuid.UUID
    issuing: Signer


def found_forest(wish: Founding, at: datetime) -> Founded:
    """Make the hierarchy, write the root key to its file, record everything in one transaction. Raises Refused."""
    wish = _checked(wish)
    tenant_id = uuid.uuid4()
    made = _make_hierarchy(tenant_id, wish, at)
    _write_root_key(wish, made.root.private_key)
    try:
        with tenant_scope(tenant_id, write=True):
            return _record(tenant_id, wish, made, at)
    except BaseException:
        wish.root_key_file.unlink(missing_ok=True)  # the key of a root that exists nowhere
        raise


def _checked(wish: Founding) -> Founding:
    domains = tuple(
        certificates.MailDomain(normalise_domain(d.name), d.include_subdomains) for d in wish.domains
    )
    if not domains:
        raise refuse("forest-without-domain", "A forest needs at least one mail domain.", owner="operator")
    mailbox = read_own_address(wish.administrator_address)
    if mailbox.domain not in {domain.name for domain in domains}:
        raise refuse(
            "administrator-outside", f"The administrator's address {mailbox} is in none of the forest's domains.",
            remedy="Give an address in one of the domains that you named.", owner="operator",
        )  # fmt: skip
    if Tenant.objects.filter(name=wish.name).exists():
        raise refuse("forest-exists", f"There is a forest named {wish.name} already.", owner="operator")
    taken = MailDomain.objects.filter(name__in=[domain.name for domain in domains]).first()
    if taken is not None:
        raise refuse("domain-taken", f"The domain {taken.name} belongs to another forest.", owner="operator")
    if wish.root_key_file.exists():
        raise refuse(
            "root-key-file-exists", f"The file {wish.root_key_file.name} exists; a root key is never overwritten.",
            remedy="Name another file.", owner="operator",
        )  # fmt: skip
    return Founding(
        wish.name, domains, wish.administrator_name, str(mailbox).lower(), wish.root_key_file, wish.passphrase,
        wish.hue, wish.mark,
    )  # fmt: skip


def _make_hierarchy(tenant_id: uuid.UUID, wish: Founding, at: datetime) -> _Hierarchy:
    root_id, issuing_id = uuid.uuid4(), uuid.uuid4()
    root_key = _signing_key(profiles.ROOT)
    root_certificate = certificates.issue_root(
        private_key=root_key, common_name=f"{wish.name} Root G1", organization=wish.name, at=at
    )
    root = Signer(root_key, root_certificate)
    issuing_key = _signing_key(profiles.ISSUING)
    issuing_certificate = certificates.issue_authority(
        issuer=root,
        public_key=issuing_key.public_key(),
        common_name=f"{wish.name} Issuing G1",
        organization=wish.name,
        mail_domains=wish.domains,
        publication=publication(tenant_id, root_id),
        at=at,
    )
    root_crl = lists.build(
        issuer=root,
        number=1,
        this_update=at,
        next_update=at + timedelta(seconds=settings.ROOT_CRL_LIFETIME_SECONDS),
        entries=(),
        only_ca_certificates=True,
        judge=lambda unsigned: refuse_list(lists.Crl.parse(unsigned)),
    )
    lists.check_successor(
        lists.Crl.parse(root_crl), None, issuer=root_certificate, at=at, still_valid=lambda _: True
    )
    return _Hierarchy(root_id, root, root_crl, issuing_id, Signer(issuing_key, issuing_certificate))


def _signing_key(profile: profiles.Profile) -> keys.SigningPrivateKey:
    key = keys.generate(profile.key_types[0])
    assert isinstance(key, keys.SigningPrivateKey)  # noqa: S101  authority profiles hold signing key types only
    return key


def publication(tenant_id: uuid.UUID, generation_id: uuid.UUID, shard: int = 0) -> certificates.Publication:
    """Where a generation's list and certificate are served: opaque ids under PUBLISH_BASE_URL.

    The first shard has the address that the list had before there were several.
    """
    base = f"{settings.PUBLISH_BASE_URL}/pki/{tenant_id.hex}/{generation_id.hex}"
    list_base = f"{base}-{shard}" if shard else base
    return certificates.Publication(crl_url=f"{list_base}.crl", issuer_url=f"{base}.cer")


def _write_root_key(wish: Founding, key: keys.SigningPrivateKey) -> None:
    protection = BestAvailableEncryption(wish.passphrase.encode()) if wish.passphrase else NoEncryption()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection)
    wish.root_key_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(wish.root_key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())


def _record(tenant_id: uuid.UUID, wish: Founding, made: _Hierarchy, at: datetime) -> Founded:
    tenant = Tenant.objects.create(id=tenant_id, name=wish.name, hue=wish.hue, mark=wish.mark, founded_at=at)
    for domain in wish.domains:
        MailDomain.objects.create(
            tenant=tenant, name=domain.name, include_subdomains=domain.include_subdomains
        )
    create_tenant_keys()
    root = Authority.objects.create(name=f"{wish.name} Root", kind=AuthorityKind.ROOT)
    issuing = Authority.objects.create(name=f"{wish.name} Issuing", kind=AuthorityKind.ISSUING, parent=root)
    root_generation = new_generation(
        made.root_id, root.id, 1, made.root.certificate, is_issuing=True, last_crl_number=1
    )
    issuing_generation = new_generation(
        made.issuing_id, issuing.id, 1, made.issuing.certificate, is_issuing=True
    )
    store_authority_key(issuing_generation, made.issuing.private_key)
    record_list(root_generation, lists.Crl.parse(made.root_crl), at)
    _record_templates(at)
    _record_own_root(wish, made.root.certificate, at)
    due_work.schedule("publish_crl", tenant_id, issuing_generation.id)
    person, secret = create_person(
        wish.administrator_name, wish.administrator_address, Role.ADMINISTRATOR, at
    )
    return Founded(tenant, person, secret, wish.root_key_file)


def record_list(generation: Generation, crl: lists.Crl, at: datetime, shard: int = 0) -> CrlPublication:
    """Keep a list as the newest publication of the generation's shard. Lists of ours always have a number and an end."""
    assert crl.number is not None and crl.next_update is not None  # noqa: S101, PT018  `crl.build` writes both
    return CrlPublication.objects.create(
        generation=generation,
        shard=shard,
        number=crl.number,
        this_update=crl.this_update,
        next_update=crl.next_update,
        der=crl.der,
        sha256=crl.sha256,
        entry_count=len(crl),
        size=len(crl.der),
        published_at=at,
    )


def _record_templates(at: datetime) -> None:
    for profile in TEMPLATES:
        Template.objects.create(
            code=profile.code, version=1, title=profile.title, profile_data=profile.as_data(), published_at=at
        )


def _record_own_root(wish: Founding, root: x509.Certificate, at: datetime) -> None:
    der = root.public_bytes(Encoding.DER)
    TrustRoot.objects.create(
        label=f"{wish.name} Root G1",
        organisation=wish.name,
        der=der,
        sha256=hashlib.sha256(der).digest(),
        domains=domain_entries(wish.domains),
        state=TrustState.OWN,
        decided_at=at,
    )


def domain_entries(domains: Sequence[certificates.MailDomain]) -> list[str]:
    """The scope of a trust root: "d", and ".d" where subdomains are owned."""
    entries: list[str] = []
    for domain in domains:
        entries += [domain.name, f".{domain.name}"] if domain.include_subdomains else [domain.name]
    return entries
