"""Which templates a person may enrol for now, and for each other one why not: the step, the reason, who can change it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from pki.certificates import BACKDATING
from pki.errors import PkiError
from pki.findings import Finding, Severity
from pki.times import spoken_day
from tenants.models import Generation, Person, Template
from tenants.models.templates import Rights
from tenants.refusals import Refused
from tenants.services.issuing_life import longest_life, stops_issuing_at

STEP = (("Step", "template"),)


@dataclass(frozen=True, slots=True)
class Closed:
    """A template that is not open to the person, and why. `for_now`: only for want of an authority that can sign."""

    template: Template
    finding: Finding
    for_now: bool


@dataclass(frozen=True, slots=True)
class Openings:
    """The newest version of each template, sorted by whether the person may enrol for it; by title."""

    open: tuple[Template, ...]
    closed: tuple[Closed, ...]

    def require(self, code: str, *, wait_for_authority: bool = False) -> Template:
        """The open version of this code. Raises Refused with the template, the reason and who can change it.

        `wait_for_authority`: a template that only lacks an authority may be asked for; the worker then refuses by name.
        """
        for template in self.open:
            if template.code == code:
                return template
        for closed in self.closed:
            if closed.template.code == code:
                if closed.for_now and wait_for_authority:
                    return closed.template
                raise Refused(closed.finding)
        raise Refused(no_template(code))


def open_templates(person: Person, at: datetime) -> Openings:
    """What this person may enrol for at `at`. Inside a scope of their forest."""
    generation = Generation.objects.issuing(at).first()
    open_: list[Template] = []
    closed: list[Closed] = []
    for template in Template.objects.newest():
        if (finding := why_closed_to(template, person)) is not None:
            closed.append(Closed(template, finding, for_now=False))
        elif (finding := why_not_signed(template, generation, at)) is not None:
            closed.append(Closed(template, finding, for_now=True))
        else:
            open_.append(template)
    return Openings(tuple(open_), tuple(closed))


def why_closed_to(template: Template, person: Person) -> Finding | None:
    """Why the newest version of a template (from `Template.objects.newest()`) is not open to the person; None if it is."""
    if not person.is_active:
        return _closed("template-person-left", f"The account of {person.name} is deactivated.")
    if getattr(template, "is_withdrawn", False):
        return _closed(
            "template-withdrawn",
            f"The template “{template.title}” has been withdrawn.",
            "Ask your administrator to publish a new version, or to open another template to you.",
        )
    try:
        terms = template.terms
    except PkiError:
        return _closed(
            "template-unreadable",
            f"Version {template.version} of the template “{template.title}” cannot be read.",
            "Ask your administrator to publish a new version.",
        )
    if terms.rights == Rights.ADMINISTRATORS and not person.is_administrator:
        return _closed(
            "template-for-administrators",
            f"The template “{template.title}” is open to administrators only.",
            "Ask your administrator to open it to you.",
        )
    if terms.rights == Rights.NAMED and person.id not in terms.people:
        return _closed(
            "template-for-named-people",
            f"The template “{template.title}” is open to named people, and {person.name} is not among them.",
            "Ask your administrator to name you in its next version.",
        )
    return None


def why_not_signed(template: Template, generation: Generation | None, at: datetime) -> Finding | None:
    """Why nothing can be signed for a readable template at `at`; None if it can. `generation`: the one that would sign."""
    days = template.profile.validity_days
    if generation is None:
        return _closed(
            "template-without-authority",
            f"No authority of your organisation can issue at the moment, so the template “{template.title}” waits.",
            "Ask your administrator to renew the issuing authority.",
        )
    if at - BACKDATING + timedelta(days=days, seconds=-1) > generation.not_after:
        return _closed(
            "template-outlives-authority",
            f"Certificates of the template “{template.title}” last {days} days, but {generation} ends on "
            f"{spoken_day(generation.not_after)}.",
            "Ask your administrator for a new generation of the authority, or a shorter template.",
        )
    longest = longest_life()
    if at >= stops_issuing_at(generation, longest):
        return _closed(
            "authority-ends-soon",
            f"{generation} ends on {spoken_day(generation.not_after)}, sooner than your longest certificates of "
            f"{longest.days} days would: it issues nothing more.",
            "Ask your administrator for a new generation of the authority.",
        )
    return None


def no_template(code: str) -> Finding:
    """There is no template of this code at all."""
    return _closed(
        "no-template", f"No {code} template is open to you.", "Ask your administrator to publish one."
    )


def _closed(code: str, summary: str, remedy: str = "Ask your administrator.") -> Finding:
    return Finding(code, Severity.ERROR, summary, remedy=remedy, owner="administrator", evidence=STEP)
