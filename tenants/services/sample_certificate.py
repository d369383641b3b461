"""Judge a template version before anybody enrols: a sample for each of its key types, under two linters.

The portal's own rules refuse by themselves (`pki.lints`, through the gate that real certificates pass); the second linter
has a say where it is installed. Nothing of a sample is kept but what was said of it.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from pki import samples, second_opinion
from pki.errors import LintRefusal, PkiError
from pki.findings import Finding, Severity
from pki.keys import KeyType
from pki.lints import applied_rules
from pki.profiles import Profile
from smime import capabilities
from tenants.models import Generation, MailDomain
from tenants.refusals import Refused, refuse
from tenants.scoping import current_tenant_id
from tenants.services.found_forest import publication
from tenants.services.issue import READS


@dataclass(frozen=True, slots=True)
class Ground:
    """What a sample is made from: the authority that would sign, and one of the forest's domains."""

    tenant_id: uuid.UUID
    generation: Generation
    domain: str


@dataclass(frozen=True, slots=True)
class Opinion:
    """What was said of the sample of one key type. `certificate` is None when the portal's own gate refused to make it;
    `linter` is the second one, empty where none is installed.
    """

    key_type: KeyType
    certificate: x509.Certificate | None
    rules: int
    linter: str
    findings: tuple[Finding, ...]

    @property
    def is_good(self) -> bool:
        return all(finding.severity is not Severity.ERROR for finding in self.findings)

    def as_data(self) -> dict[str, Any]:
        """For the record of a publication."""
        return {
            "key_type": self.key_type.value,
            "rules": self.rules,
            "linter": self.linter,
            "findings": [[f.code, f.severity.value, f.summary] for f in self.findings],
        }


def sample_ground(at: datetime) -> Ground:
    """Inside a scope. Raises Refused where no authority can sign."""
    generation = Generation.objects.issuing(at).select_related("authority").first()
    domain = MailDomain.objects.filter(tenant_id=current_tenant_id()).order_by("name").first()
    if generation is None or domain is None:
        raise refuse(
            "template-without-authority", "No authority of your organisation can issue at the moment: nothing is judged.",
            remedy="Renew the issuing authority first.", owner="administrator",
        )  # fmt: skip
    return Ground(current_tenant_id(), generation, domain.name)


def judge_samples(profile: Profile, ground: Ground, at: datetime) -> tuple[Opinion, ...]:
    """One opinion for each key type of the profile. Outside any scope: it signs."""
    return tuple(_opinion(profile, kind, ground, at) for kind in profile.key_types)


def _opinion(profile: Profile, kind: KeyType, ground: Ground, at: datetime) -> Opinion:
    linter = second_opinion.name()
    try:
        made = samples.make_sample(
            profile,
            kind,
            authority=ground.generation.certificate,
            mailbox=f"sam.sample@{ground.domain}",
            publication=publication(ground.tenant_id, ground.generation.id),
            at=at,
            smime_capabilities=capabilities.write(READS) if profile.encrypts else None,
        )
    except LintRefusal as refused:
        return Opinion(kind, None, applied_rules(), linter, refused.findings)
    except PkiError as refused:
        return Opinion(kind, None, applied_rules(), linter, (refused.finding,))
    found = second_opinion.on_certificate(made.public_bytes(Encoding.DER), private=profile.private)
    return Opinion(kind, made, applied_rules(), linter, tuple(found or ()))


def must_be_good(opinions: tuple[Opinion, ...]) -> None:
    """Raises Refused with the first thing that a linter holds against a sample."""
    for opinion in opinions:
        for finding in opinion.findings:
            if finding.severity is Severity.ERROR:
                raise Refused(
                    Finding(
                        "template-sample-refused",
                        Severity.ERROR,
                        f"A sample certificate with a {opinion.key_type.value} key was refused: {finding.summary}",
                        finding.citation,
                        finding.remedy or "Change the draft, or choose another key type.",
                        "administrator",
                    )
                )
