"""People's certificates, the private keys that go with them, enrolments and revocations."""

from __future__ import annotations

import uuid
from datetime import datetime
from functools import cached_property

from cryptography import x509
from django.db import models

from pki.crl import Reason, RevokedEntry
from tenants.models.holds import Hold
from tenants.scoping import TenantManager, TenantOwned, TenantQuerySet


class EnrolmentState(models.TextChoices):
    WAITING = "waiting", "Waiting for the authority"
    ISSUED = "issued", "Issued"
    REFUSED = "refused", "Refused"


class EnrolmentStep(models.TextChoices):
    """Where an enrolment stands still, or ended without a certificate."""

    PERSON = "person", "Is the person entitled?"
    TEMPLATE = "template", "Is a template open to the person?"
    AUTHORITY = "authority", "Is an authority there that can issue?"
    KEY = "key", "Is the key fit and proven?"
    ISSUE = "issue", "Does the certificate obey template, authority and standards?"


class EnrolmentQuerySet(TenantQuerySet["Enrolment"]):
    def waiting(self) -> EnrolmentQuerySet:
        return self.filter(state=EnrolmentState.WAITING)


class Enrolment(TenantOwned):
    """A person's wish for a certificate of one template, fulfilled by the authority worker.

    A renewal names the certificate that it follows (`replaces`); `revokes_with` is the reason with which that one is
    revoked once its successor is there, empty to let it end by itself. With `public_key` the person holds the key
    elsewhere (PKCS#10) and proved it; without, the worker makes one and seals it to the person.
    """

    person = models.ForeignKey("tenants.Person", on_delete=models.PROTECT, related_name="enrolments")
    template = models.ForeignKey("tenants.Template", on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=16, choices=EnrolmentState.choices, default=EnrolmentState.WAITING)
    replaces = models.ForeignKey(
        "tenants.Certificate", null=True, on_delete=models.PROTECT, related_name="successors"
    )
    revokes_with = models.CharField(max_length=32, blank=True)
    public_key = models.BinaryField(null=True, help_text="SubjectPublicKeyInfo, DER")
    mailbox = models.CharField(max_length=254, blank=True, help_text="empty: the person's own address")
    # Why it was refused, or, while it waits, what it waits for.
    step = models.CharField(max_length=16, choices=EnrolmentStep.choices, blank=True)
    refusal_code = models.CharField(max_length=40, blank=True)
    refusal = models.TextField(blank=True, help_text="the reason, for the person")
    remedy = models.TextField(blank=True)
    owner = models.CharField(max_length=16, blank=True, help_text="who can change it")
    next_try_at = models.DateTimeField(null=True)
    # Recorded before anything is signed: no signature without its row.
    serial_number = models.CharField(max_length=40, blank=True)
    asked_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    objects = TenantManager.from_queryset(EnrolmentQuerySet)()

    class Meta:
        base_manager_name = "objects"


class CertificateQuerySet(TenantQuerySet["Certificate"]):
    def current(self, at: datetime) -> CertificateQuerySet:
        """Within validity at `at`, neither revoked nor on hold, newest first: what may be used."""
        held = Hold.objects.open().filter(certificate=models.OuterRef("pk"))
        return self.unrevoked(at).filter(~models.Exists(held))

    def unrevoked(self, at: datetime) -> CertificateQuerySet:
        """Within validity at `at` and not revoked, on hold or not, newest first: what can still be revoked."""
        return self.filter(not_before__lte=at, not_after__gt=at, revocation__isnull=True).order_by(
            "-not_before", "id"
        )

    def signing(self) -> CertificateQuerySet:
        return self.filter(can_sign=True)

    def encryption(self) -> CertificateQuerySet:
        return self.filter(can_encrypt=True)

    def with_key(self) -> CertificateQuerySet:
        """Their private key is here, and the person's PIN leads to it."""
        return self.filter(mail_key__isnull=False, mail_key__retired_at__isnull=True)

    def issued_here(self) -> CertificateQuerySet:
        return self.filter(generation__isnull=False)

    def kept_first(self) -> CertificateQuerySet:
        """Those whose key opens letters here before those whose key is kept elsewhere; the newest of each first."""
        is_kept = models.Q(mail_key__isnull=False, mail_key__retired_at__isnull=True)
        kept = models.ExpressionWrapper(is_kept, models.BooleanField())
        return self.annotate(is_kept=kept).order_by("-is_kept", "-not_before", "id")


class Certificate(TenantOwned):
    """A certificate of a person of this forest: issued here, or brought along (then without a generation)."""

    append_only = True

    person = models.ForeignKey("tenants.Person", on_delete=models.PROTECT, related_name="certificates")
    generation = models.ForeignKey(
        "tenants.Generation", null=True, on_delete=models.PROTECT, related_name="certificates"
    )
    template = models.ForeignKey("tenants.Template", null=True, on_delete=models.PROTECT, related_name="+")
    der = models.BinaryField()
    sha256 = models.BinaryField(max_length=32)
    spki_sha256 = models.BinaryField(max_length=32, help_text="the key: SHA-256 of its SubjectPublicKeyInfo")
    serial_number = models.CharField(max_length=40, help_text="hexadecimal, upper case")
    shard = models.PositiveSmallIntegerField(
        default=0, help_text="which of its generation's lists names it; fixed in its distribution point"
    )
    key_description = models.CharField(max_length=32, help_text="for people: EC P-256, RSA-3072")
    not_before = models.DateTimeField()
    not_after = models.DateTimeField()
    can_sign = models.BooleanField()
    can_encrypt = models.BooleanField()
    added_at = models.DateTimeField()

    objects = TenantManager.from_queryset(CertificateQuerySet)()

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "sha256"], name="certificate_sha256"),
            models.UniqueConstraint(
                fields=["tenant", "generation", "serial_number"], name="certificate_serial"
            ),
        ]
        indexes = [models.Index(fields=["tenant", "spki_sha256"], name="certificate_key")]

    @cached_property
    def certificate(self) -> x509.Certificate:
        return x509.load_der_x509_certificate(bytes(self.der))


class MailKeyQuerySet(TenantQuerySet["MailKey"]):
    def openable(self) -> MailKeyQuerySet:
        """Keys that the person's PIN leads to."""
        return self.filter(retired_at__isnull=True)


class MailKey(TenantOwned):
    """The private key of a person's certificate (PKCS#8), sealed by HPKE to the person's custody public key.

    `retired_at`: it is sealed to a custody pair that was retired then, so that no PIN leads to it any more.
    """

    certificate = models.OneToOneField(Certificate, on_delete=models.PROTECT, related_name="mail_key")
    person = models.ForeignKey("tenants.Person", on_delete=models.PROTECT, related_name="mail_keys")
    sealed = models.BinaryField()
    retired_at = models.DateTimeField(null=True)

    objects = TenantManager.from_queryset(MailKeyQuerySet)()

    class Meta:
        base_manager_name = "objects"


class RevocationQuerySet(TenantQuerySet["Revocation"]):
    def on_list_of(self, generation_id: uuid.UUID) -> RevocationQuerySet:
        """Entries of the generation's lists, in the order they were made.

        All of them: a web process whose clock runs a second ahead of the worker's must not lose its revocation.
        """
        return self.filter(generation_id=generation_id).order_by("revoked_at", "serial_number")

    def of_shard(self, shard: int) -> RevocationQuerySet:
        """What one shard's list carries. Revocations without a row of their certificate (authorities) are on the first."""
        named = models.Q(certificate__shard=shard)
        return self.filter(named | models.Q(certificate__isnull=True) if shard == 0 else named)

    def not_ended_by(self, moment: datetime | None) -> RevocationQuerySet:
        """Without those whose certificate had ended at `moment` (None: all)."""
        if moment is None:
            return self
        return self.filter(models.Q(certificate__isnull=True) | models.Q(certificate__not_after__gt=moment))


class Revocation(TenantOwned):
    """A revoked certificate, with its CRL entry encoded when it was revoked."""

    append_only = True

    certificate = models.OneToOneField(
        Certificate, null=True, on_delete=models.PROTECT, related_name="revocation"
    )
    generation = models.ForeignKey("tenants.Generation", on_delete=models.PROTECT, related_name="revocations")
    serial_number = models.CharField(max_length=40)
    revoked_at = models.DateTimeField()
    reason = models.CharField(max_length=32)
    invalidity_date = models.DateTimeField(null=True)
    entry_der = models.BinaryField()
    revoked_by = models.ForeignKey("tenants.Person", null=True, on_delete=models.PROTECT, related_name="+")

    objects = TenantManager.from_queryset(RevocationQuerySet)()

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "generation", "serial_number"], name="revocation_serial"
            )
        ]

    @property
    def entry(self) -> RevokedEntry:
        return RevokedEntry(
            int(self.serial_number, 16), self.revoked_at, Reason(self.reason), self.invalidity_date
        )
