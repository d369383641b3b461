"""What a forest believes: roots scoped to domains, and the issuers and lists it has learned."""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime
from functools import cached_property

from cryptography import x509
from django.db import models

from tenants.scoping import TenantManager, TenantOwned, TenantQuerySet, TenantRows


class TrustState(models.TextChoices):
    OWN = "own", "Own root"
    TRUSTED = "trusted", "Trusted"
    DISTRUSTED = "distrusted", "Distrusted"


class TrustRootQuerySet(TenantQuerySet["TrustRoot"]):
    def believed(self) -> TrustRootQuerySet:
        return self.filter(state__in=[TrustState.OWN, TrustState.TRUSTED])

    def speaking_at(self, at: datetime) -> TrustRootQuerySet:
        """Those whose bounds in time hold the moment."""
        begun = models.Q(begins_at__isnull=True) | models.Q(begins_at__lte=at)
        lasting = models.Q(ends_at__isnull=True) | models.Q(ends_at__gte=at)
        return self.filter(begun, lasting)


class TrustRoot(TenantOwned):
    """A root this forest believes, for the named domains only. Distrust is a state, so that its history stays."""

    label = models.CharField(max_length=120)
    organisation = models.CharField(max_length=120, blank=True)
    der = models.BinaryField()
    sha256 = models.BinaryField(max_length=32)
    domains = models.JSONField(help_text='list of "d" (exactly that host) and ".d" (its subdomains)')
    state = models.CharField(max_length=16, choices=TrustState.choices)
    decided_by = models.ForeignKey("tenants.Person", null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()
    for_signing = models.BooleanField(default=True, help_text="believed about who signed")
    for_encryption = models.BooleanField(default=True, help_text="believed about whom to encrypt to")
    begins_at = models.DateTimeField(null=True, help_text="not believed about anything before")
    ends_at = models.DateTimeField(null=True, help_text="not believed about anything after")

    objects = TenantManager.from_queryset(TrustRootQuerySet)()

    class Meta:
        base_manager_name = "objects"
        constraints = [models.UniqueConstraint(fields=["tenant", "sha256"], name="trust_root_sha256")]

    @cached_property
    def certificate(self) -> x509.Certificate:
        return x509.load_der_x509_certificate(bytes(self.der))


class KnownCertificate(TenantOwned):
    """An intermediate learned from mail, a partner or a file: a candidate for paths, never trusted by itself."""

    append_only = True

    der = models.BinaryField()
    sha256 = models.BinaryField(max_length=32)
    subject_sha256 = models.BinaryField(
        max_length=32, help_text="SHA-256 of the subject's DER: paths are looked up by it"
    )
    source = models.CharField(max_length=40)
    learned_at = models.DateTimeField()

    objects = TenantRows()

    class Meta:
        base_manager_name = "objects"
        constraints = [models.UniqueConstraint(fields=["tenant", "sha256"], name="known_certificate_sha256")]
        indexes = [models.Index(fields=["tenant", "subject_sha256"], name="known_certificate_subject")]


class ForeignCrl(TenantOwned):
    """The newest list known of an issuer outside this forest, by the issuer's key and the list's scope."""

    issuer_spki_sha256 = models.BinaryField(max_length=32)
    scope_sha256 = models.BinaryField(
        max_length=32,
        default=b"",
        help_text="of its issuing distribution point (RFC 5280 §5.2.5); empty: it has none",
    )
    der = models.BinaryField()
    sha256 = models.BinaryField(max_length=32, default=b"")
    number = models.DecimalField(max_digits=49, decimal_places=0, null=True, help_text="up to 20 octets")
    this_update = models.DateTimeField()
    next_update = models.DateTimeField(null=True)
    source = models.CharField(max_length=200)
    fetched_at = models.DateTimeField()

    objects = TenantRows()

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "issuer_spki_sha256", "scope_sha256"], name="foreign_crl_scope"
            )
        ]


class DocumentKind(models.TextChoices):
    ISSUER = "issuer", "An issuer's certificate"
    LIST = "list", "A revocation list"


class OutsideDocument(TenantOwned):
    """A document that certificates say is published outside this portal, and what became of asking for it.

    One row for each address and whoever must have signed what is there, so that two authorities which name the same
    address never share an answer. Rows that nobody wants any more make room for others.
    """

    kind = models.CharField(max_length=8, choices=DocumentKind.choices)
    address = models.CharField(max_length=2000)
    key = models.BinaryField(max_length=32, help_text="SHA-256 of kind, address and what must fit")
    certificate = models.BinaryField(help_text="DER of the certificate that names the address")
    issuer = models.BinaryField(
        null=True, help_text="of a list: DER of the certificate whose key must verify it"
    )
    is_pinned = models.BooleanField(default=False, help_text="wanted under a root that the forest believes")
    wanted_at = models.DateTimeField(help_text="when a judgement last asked for it")
    asked_at = models.DateTimeField(null=True)
    next_at = models.DateTimeField(help_text="not asked again before")
    answered_at = models.DateTimeField(null=True, help_text="when it was last there and fit")
    changed_at = models.DateTimeField(null=True, help_text="when it last brought something new")
    failures = models.PositiveIntegerField(default=0, help_text="in a row; 0: the last answer was good")
    refusal = models.CharField(max_length=40, blank=True, help_text="the code of the last failure")
    refusal_text = models.CharField(max_length=400, blank=True)
    content = models.BinaryField(null=True, help_text="of an issuer: what is published there")
    list_sha256 = models.BinaryField(
        max_length=32, null=True, help_text="of a list: the last one that was kept"
    )

    objects = TenantRows()

    class Meta:
        base_manager_name = "objects"
        constraints = [models.UniqueConstraint(fields=["tenant", "key"], name="outside_document_key")]
        indexes = [models.Index(fields=["tenant", "wanted_at"], name="outside_document_wanted")]

    @staticmethod
    def issuer_key(address: str, certificate: bytes) -> bytes:
        """`certificate`: DER of the one whose issuer is wanted."""
        return _key(DocumentKind.ISSUER, address, hashlib.sha256(certificate).digest())

    @staticmethod
    def list_key(address: str, issuer_spki_sha256: bytes, *, about_authorities: bool) -> bytes:
        """`about_authorities`: the status of an authority is asked, not that of a person."""
        return _key(DocumentKind.LIST, address, issuer_spki_sha256 + bytes([about_authorities]))


def _key(kind: str, address: str, what: bytes) -> bytes:
    return hashlib.sha256(b"\0".join((kind.encode(), address.encode(), what))).digest()


class TrustRequestState(models.TextChoices):
    OPEN = "open", "Waiting for an administrator"
    ANSWERED = "answered", "Trusted"
    REFUSED = "refused", "Refused"


class TrustRequest(TenantOwned):
    """A person's wish that the forest believe the root of a letter."""

    der = models.BinaryField()
    sha256 = models.BinaryField(max_length=32)
    asked_by = models.ForeignKey("tenants.Person", on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=16, choices=TrustRequestState.choices, default=TrustRequestState.OPEN)

    objects = TenantRows()

    class Meta:
        base_manager_name = "objects"
        constraints = [models.UniqueConstraint(fields=["tenant", "sha256"], name="trust_request_sha256")]

    @cached_property
    def certificate(self) -> x509.Certificate:
        return x509.load_der_x509_certificate(bytes(self.der))


class Reliance(models.Model):
    """One forest of this portal relies on another's lists: whom to tell of a publication. Two ids, no content."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    publisher_id = models.UUIDField()
    relying_id = models.UUIDField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["publisher_id", "relying_id"], name="reliance_once")]
