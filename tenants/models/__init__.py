"""Rows of one forest, and the few of the portal (`PORTAL_OWNED` says which and why)."""

from tenants.models.approvals import Approval
from tenants.models.authorities import Authority, AuthorityKey, CrlPublication, Generation
from tenants.models.ceremonies import AuthorityRequest, CrossCertificate, Notice, WorkOrder
from tenants.models.certificates import Certificate, Enrolment, MailKey, Revocation
from tenants.models.custody import CustodyKey, TenantKey, UnlockedKey
from tenants.models.forest import MailDomain, Tenant
from tenants.models.holds import Hold, HoldRelease, MassRevocation
from tenants.models.people import Account, Person, SignInLink
from tenants.models.policy import AlgorithmPolicy
from tenants.models.templates import EnrolmentDecision, SecondOpinion, Template, TemplateAct, TemplateDraft
from tenants.models.trust import (
    ForeignCrl,
    KnownCertificate,
    OutsideDocument,
    Reliance,
    TrustRequest,
    TrustRoot,
)
from tenants.models.work import DueWork

# The allow-list of tables without tenancy walls. Everything else is tenant-owned; a guard test holds the line.
PORTAL_OWNED = {
    Tenant: "the list of forests itself",
    MailDomain: "routes an address to its forest before any scope can be open",
    Account: "signs a person in before any scope can be open: address, credentials, the forest's id",
    SignInLink: "a one-time link is redeemed before anybody is signed in: a hash, no content",
    Reliance: "who is told of a publication: two forest ids, no content",
    DueWork: "the portal's work queue: kind, forest id, row id and times, no content",
}

__all__ = [
    "PORTAL_OWNED",
    "Account",
    "AlgorithmPolicy",
    "Approval",
    "Authority",
    "AuthorityKey",
    "AuthorityRequest",
    "Certificate",
    "CrlPublication",
    "CrossCertificate",
    "CustodyKey",
    "DueWork",
    "Enrolment",
    "EnrolmentDecision",
    "ForeignCrl",
    "Generation",
    "Hold",
    "HoldRelease",
    "KnownCertificate",
    "MailDomain",
    "MailKey",
    "MassRevocation",
    "Notice",
    "OutsideDocument",
    "Person",
    "Reliance",
    "Revocation",
    "SecondOpinion",
    "SignInLink",
    "Template",
    "TemplateAct",
    "TemplateDraft",
    "Tenant",
    "TenantKey",
    "TrustRequest",
    "TrustRoot",
    "UnlockedKey",
    "WorkOrder",
]
