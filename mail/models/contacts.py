"""People outside the directory: their addresses and the certificates learned of them."""

from __future__ import annotations

from functools import cached_property

from cryptography import x509
from django.db import models

from tenants.scoping import TenantManager, TenantOwned, TenantQuerySet, TenantRows


class Contact(TenantOwned):
    """A correspondent of one person."""

    person = models.ForeignKey("tenants.Person", on_delete=models.PROTECT, related_name="contacts")
    address = models.CharField(max_length=320, help_text="lower case")
    name = models.CharField(max_length=200, blank=True)
    added_at = models.DateTimeField()

    objects = TenantRows()

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "person", "address"], name="contact_address")
        ]

    def __str__(self) -> str:
        return f"{self.name} <{self.address}>" if self.name else self.address


class ContactCertificateState(models.TextChoices):
    IN_USE = "in-use", "In use"
    PROPOSED = "proposed", "Proposed: a newer letter carried another one"


class ContactCertificateQuerySet(TenantQuerySet["ContactCertificate"]):
    def in_use(self) -> ContactCertificateQuerySet:
        return self.filter(state=ContactCertificateState.IN_USE)


class ContactCertificate(TenantOwned):
    """A contact's certificate, from a trusted signed letter or a file. A known one is never replaced silently."""

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="certificates")
    der = models.BinaryField()
    sha256 = models.BinaryField(max_length=32)
    can_sign = models.BooleanField()
    can_encrypt = models.BooleanField()
    capabilities = models.BinaryField(
        null=True, help_text="DER SMIMECapabilities of the newest verified letter"
    )
    capabilities_signed_at = models.DateTimeField(null=True, help_text="signing time of that letter")
    state = models.CharField(max_length=16, choices=ContactCertificateState.choices)
    source = models.CharField(max_length=40)
    added_at = models.DateTimeField()

    objects = TenantManager.from_queryset(ContactCertificateQuerySet)()

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "contact", "sha256"], name="contact_certificate")
        ]

    @cached_property
    def certificate(self) -> x509.Certificate:
        return x509.load_der_x509_certificate(bytes(self.der))
