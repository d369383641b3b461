"""Authorities on their way: requests for certificates, work orders for offline keys, what a ceremony brought, notices."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property

from cryptography import x509
from django.db import models

from tenants.models.authorities import Authority, Generation
from tenants.scoping import TenantManager, TenantOwned, TenantQuerySet, TenantRows


class RequestState(models.TextChoices):
    MAKING = "making", "The worker makes the key"
    READY = "ready", "Waits for its signature"
    DONE = "done", "Signed"
    REFUSED = "refused", "Refused"
    WITHDRAWN = "withdrawn", "Withdrawn"


class AuthorityRequestQuerySet(TenantQuerySet["AuthorityRequest"]):
    def open(self) -> AuthorityRequestQuerySet:
        return self.filter(state__in=[RequestState.MAKING, RequestState.READY])

    def ready_for(self, issuer: Generation) -> AuthorityRequestQuerySet:
        """What the key of `issuer` has to sign, in the order it was asked for."""
        return self.filter(state=RequestState.READY, issuer=issuer).order_by("wanted_at", "id")


class AuthorityRequest(TenantOwned):
    """A certificate that an authority is to get. Its id becomes that of the generation, so that its key, sealed under
    that id, is moved and never opened.

    `issuer` is empty where an authority outside the portal signs. `is_cross`: the certificate is for a key that has one
    already (`subject`, a generation of ours, or an outside root): `proof` is its self-signed certificate then, else a
    PKCS#10 request.
    """

    authority = models.ForeignKey(Authority, null=True, on_delete=models.PROTECT, related_name="requests")
    number = models.PositiveIntegerField(default=0, help_text="of the generation that it becomes")
    issuer = models.ForeignKey(Generation, null=True, on_delete=models.PROTECT, related_name="requests")
    is_cross = models.BooleanField(default=False)
    subject = models.ForeignKey(Generation, null=True, on_delete=models.PROTECT, related_name="+")
    title = models.CharField(max_length=120)
    path_length = models.PositiveSmallIntegerField(default=0)
    mail_domains = models.JSONField(help_text="list of [name, include_subdomains]")
    key_type = models.CharField(max_length=16, blank=True)
    proof = models.BinaryField(null=True)
    sealed = models.BinaryField(null=True, help_text="the private key; empty if it is kept outside")
    state = models.CharField(max_length=16, choices=RequestState.choices, default=RequestState.MAKING)
    refusal = models.CharField(max_length=300, blank=True)
    wanted_by = models.ForeignKey("tenants.Person", null=True, on_delete=models.PROTECT, related_name="+")
    wanted_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    objects = TenantManager.from_queryset(AuthorityRequestQuerySet)()

    class Meta:
        base_manager_name = "objects"


class OrderState(models.TextChoices):
    OPEN = "open", "Waits for its result"
    ANSWERED = "answered", "Answered"
    WITHDRAWN = "withdrawn", "Replaced by a later one"


class WorkOrder(TenantOwned):
    """What an offline key has to sign, exactly as exported. Answered once, by one result."""

    signer = models.ForeignKey(Generation, on_delete=models.PROTECT, related_name="work_orders")
    content = models.BinaryField()
    sha256 = models.BinaryField(max_length=32)
    made_by = models.ForeignKey("tenants.Person", null=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    state = models.CharField(max_length=16, choices=OrderState.choices, default=OrderState.OPEN)
    answered_at = models.DateTimeField(null=True)
    result_sha256 = models.BinaryField(max_length=32, null=True)

    objects = TenantRows()

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "signer"], condition=models.Q(state="open"), name="work_order_open"
            )
        ]

    def is_current(self, at: datetime) -> bool:
        return self.state == OrderState.OPEN and at <= self.expires_at


class CrossCertificate(TenantOwned):
    """A second certificate of a root's key, by another root: a way from the one to the other for those who know one."""

    append_only = True

    issuer = models.ForeignKey(Generation, on_delete=models.PROTECT, related_name="cross_certificates")
    subject = models.ForeignKey(Generation, null=True, on_delete=models.PROTECT, related_name="+")
    title = models.CharField(max_length=120)
    der = models.BinaryField()
    sha256 = models.BinaryField(max_length=32)
    serial_number = models.CharField(max_length=40, help_text="hexadecimal, upper case")
    not_after = models.DateTimeField()
    published_at = models.DateTimeField()

    objects = TenantRows()

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "sha256"], name="cross_certificate_sha256"),
        ]

    @cached_property
    def certificate(self) -> x509.Certificate:
        return x509.load_der_x509_certificate(bytes(self.der))


class NoticeAbout(models.TextChoices):
    LIST = "list", "An offline authority's list ends"
    CERTIFICATE = "certificate", "An authority's certificate ends"
    ISSUING = "issuing", "An authority stops issuing"


class Notice(TenantOwned):
    """One warning to the administrators, `days` before something of an authority ends. Each is written once."""

    generation = models.ForeignKey(Generation, on_delete=models.PROTECT, related_name="notices")
    about = models.CharField(max_length=16, choices=NoticeAbout.choices)
    ends_at = models.DateTimeField()
    days = models.PositiveSmallIntegerField()
    made_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    objects = TenantRows()

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "generation", "about", "ends_at", "days"], name="notice_once"
            )
        ]
