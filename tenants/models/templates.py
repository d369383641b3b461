"""Templates: their published versions, the drafts of the next ones, and who decided what about them."""

from __future__ import annotations

import hashlib
import json
import uuid
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import Exists, OuterRef, Subquery

from pki.errors import RefusedRequest
from pki.findings import error
from pki.profiles import Profile
from tenants.scoping import TenantManager, TenantOwned, TenantQuerySet, TenantRows


class Rights(models.TextChoices):
    """Who may enrol for a template. Nothing else is asked: no attribute of a request opens a template."""

    EVERYONE = "everyone", "Every member"
    NAMED = "named", "Named people"
    ADMINISTRATORS = "administrators", "Administrators only"


MAXIMUM_NAMED = 1000


@dataclass(frozen=True, slots=True)
class Terms:
    """The rules of enrolment of one template version, beside its certificate profile.

    `people`: ids of those whom `Rights.NAMED` names. `approval`: an administrator other than the person must agree before
    a first certificate. `renewal_days`: how many days before its end a certificate is renewed.
    """

    rights: Rights
    people: tuple[uuid.UUID, ...]
    approval: bool
    renewal_days: int

    @classmethod
    def usual(cls, profile: Profile) -> Terms:
        """Every member, no approval, renewal at two thirds of life."""
        return cls(Rights.EVERYONE, (), False, max(1, profile.validity_days // 3))

    def as_data(self) -> dict[str, Any]:
        return {
            "rights": self.rights.value,
            "people": [str(person) for person in self.people],
            "approval": self.approval,
            "renewal_days": self.renewal_days,
        }

    @classmethod
    def from_data(cls, data: dict[str, Any], profile: Profile) -> Terms:
        """Read stored terms. Versions from before there were terms have none: the usual ones. Raises `RefusedRequest`."""
        if data == {}:
            return cls.usual(profile)
        try:
            terms = cls(
                Rights(data["rights"]),
                tuple(uuid.UUID(person) for person in data["people"]),
                data["approval"],
                data["renewal_days"],
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            raise _bad_terms("a field is missing or has a foreign value") from None
        terms.check(profile)
        if set(data) != {"rights", "people", "approval", "renewal_days"}:
            raise _bad_terms("its fields are not exactly those of terms")
        return terms

    def check(self, profile: Profile) -> None:
        """Raises `RefusedRequest` for terms that contradict themselves or the profile."""
        if type(self.approval) is not bool or type(self.renewal_days) is not int:
            raise _bad_terms("a field has the wrong type")
        if not 1 <= self.renewal_days < profile.validity_days:
            raise _bad_terms(
                "certificates must be renewed at least a day before their end, within their life"
            )
        if (self.rights == Rights.NAMED) != bool(self.people):
            raise _bad_terms("people are named exactly when the template is for named people")
        if len(self.people) > MAXIMUM_NAMED:
            raise _bad_terms(f"more than {MAXIMUM_NAMED} people are named")


def _bad_terms(reason: str) -> RefusedRequest:
    return RefusedRequest(
        error(
            "terms-refused",
            f"These are no usable terms of enrolment: {reason}.",
            remedy="Write the terms of the template anew.",
            owner="administrator",
        )
    )


class TemplateQuerySet(TenantQuerySet["Template"]):
    def newest(self) -> TemplateQuerySet:
        """The newest version of each code, by title; `is_withdrawn` says whether it has been closed."""
        same = Template.objects.filter(code=OuterRef("code")).order_by("-version")
        closed = TemplateAct.objects.filter(template_id=OuterRef("id"), kind=TemplateActKind.WITHDRAWN)
        return (
            self.filter(id=Subquery(same.values("id")[:1]))
            .annotate(is_withdrawn=Exists(closed))
            .order_by("title", "code")
        )

    def still_open(self) -> TemplateQuerySet:
        """The newest version of each code that has not been withdrawn, by title."""
        return self.newest().exclude(acts__kind=TemplateActKind.WITHDRAWN)


class Template(TenantOwned):
    """What people see of a certificate profile. Each version is a row of its own and never changes.

    The newest version of a code issues, unless it has been withdrawn; the earlier ones are superseded.
    """

    append_only = True

    code = models.CharField(max_length=40)
    version = models.PositiveIntegerField(default=1)
    title = models.CharField(max_length=120)
    profile_data = models.JSONField()
    terms_data = models.JSONField(default=dict)
    published_at = models.DateTimeField()

    objects = TenantManager.from_queryset(TemplateQuerySet)()

    class Meta:
        base_manager_name = "objects"
        constraints = [models.UniqueConstraint(fields=["tenant", "code", "version"], name="template_version")]

    def __str__(self) -> str:
        return f"{self.title} v{self.version}"

    @property
    def profile(self) -> Profile:
        return Profile.from_data(self.profile_data)

    @property
    def terms(self) -> Terms:
        return Terms.from_data(self.terms_data, self.profile)


class TemplateDraft(TenantOwned):
    """The next version of a template while it is written. Publishing adds a `Template` and removes the draft, so that
    nothing that issues was ever a row that could be edited.
    """

    code = models.CharField(max_length=40)
    title = models.CharField(max_length=120)
    profile_data = models.JSONField()
    terms_data = models.JSONField()
    note = models.CharField(max_length=300, blank=True, help_text="why, in the author's words")
    author = models.ForeignKey("tenants.Person", on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()

    objects = TenantRows()

    class Meta:
        base_manager_name = "objects"
        constraints = [models.UniqueConstraint(fields=["tenant", "code"], name="template_draft_code")]

    def __str__(self) -> str:
        return f"{self.title}, draft"

    @property
    def profile(self) -> Profile:
        return Profile.from_data(self.profile_data)

    @property
    def terms(self) -> Terms:
        return Terms.from_data(self.terms_data, self.profile)

    @property
    def fingerprint(self) -> str:
        """SHA-256 over everything that would be published, and its author: what a second person has looked at."""
        content = [self.code, self.title, self.profile_data, self.terms_data, str(self.author_id)]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


class TemplateActKind(models.TextChoices):
    PUBLISHED = "published", "Published"
    WITHDRAWN = "withdrawn", "Withdrawn"


class TemplateAct(TenantOwned):
    """Who published or withdrew a version. `author`: who wrote it; `alone`: the forest had one administrator, so that
    author and publisher are the same person. `opinions`: what the linters said of a sample at publishing.
    """

    append_only = True

    template = models.ForeignKey(Template, on_delete=models.PROTECT, related_name="acts")
    kind = models.CharField(max_length=16, choices=TemplateActKind.choices)
    author = models.ForeignKey("tenants.Person", null=True, on_delete=models.PROTECT, related_name="+")
    decided_by = models.ForeignKey("tenants.Person", on_delete=models.PROTECT, related_name="+")
    alone = models.BooleanField(default=False)
    note = models.CharField(max_length=300, blank=True)
    opinions = models.JSONField(default=list)
    at = models.DateTimeField()

    objects = TenantRows()

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "template", "kind"], name="template_act_once")
        ]


class EnrolmentDecision(TenantOwned):
    """An administrator's yes or no to one enrolment under one template version."""

    append_only = True

    enrolment = models.ForeignKey("tenants.Enrolment", on_delete=models.PROTECT, related_name="decisions")
    template = models.ForeignKey(Template, on_delete=models.PROTECT, related_name="+")
    approved = models.BooleanField()
    decided_by = models.ForeignKey("tenants.Person", on_delete=models.PROTECT, related_name="+")
    alone = models.BooleanField(default=False)
    at = models.DateTimeField()

    objects = TenantRows()

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "enrolment", "template"], name="enrolment_decision_once"
            )
        ]


class SecondOpinion(TenantOwned):
    """What the second linter said of one issued certificate or published list; `findings` are errors and warnings in its
    own words, empty if it had nothing to say.
    """

    append_only = True

    certificate = models.ForeignKey(
        "tenants.Certificate", null=True, on_delete=models.PROTECT, related_name="+"
    )
    crl = models.ForeignKey("tenants.CrlPublication", null=True, on_delete=models.PROTECT, related_name="+")
    linter = models.CharField(max_length=40)
    findings = models.JSONField()
    at = models.DateTimeField()

    objects = TenantRows()

    class Meta:
        base_manager_name = "objects"
