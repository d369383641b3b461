"""The cast: Contoso (Alice, administrator Olga), Fabrikam (Bob, Farid), Northwind (Charlie, Nils).

Every test gets forests of its own: the names below are made unique by a number, as are the mail domains.
"""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from django.conf import settings

from pki.certificates import MailDomain
from tenants import clock, due_work
from tenants.access import Actor
from tenants.keystore.custody import Custody
from tenants.models import Certificate, DueWork, Person, Tenant, TrustRoot
from tenants.models.people import Role
from tenants.scoping import tenant_scope
from tenants.services.add_person import add_person
from tenants.services.enrol import enrol
from tenants.services.found_forest import Founded, Founding, found_forest
from tenants.services.redeem_link import redeem_link
from tenants.services.trust_root import trust_root

PASSWORD, PIN = "correct horse battery", "482913"
_numbers = itertools.count(1)


@dataclass
class Member:
    """A person of the cast who can sign in, and, once `ready`, sign and encrypt."""

    actor: Actor
    custody: Custody | None = None

    @property
    def address(self) -> str:
        return self.actor.address

    def certificate(self, *, to_sign: bool) -> Certificate:
        with tenant_scope(self.actor.tenant_id):
            rows = Certificate.objects.filter(person_id=self.actor.person_id)
            return (rows.signing() if to_sign else rows.encryption()).latest("added_at")


@dataclass
class Forest:
    founded: Founded
    domain: str
    administrator: Member
    people: dict[str, Member] = field(default_factory=dict)

    @property
    def tenant(self) -> Tenant:
        return self.founded.tenant

    def add(self, name: str, *, ready: bool = True, role: Role = Role.MEMBER) -> Member:
        """A person with a password; `ready` people have certificates too."""
        first = name.split()[0].lower()
        person, secret = add_person(
            self.administrator.actor, name, f"{first}@{self.domain}", role, clock.now()
        )
        redeem_link(secret, PASSWORD, clock.now())
        member = Member(actor_for(person))
        self.people[first] = member
        if ready:
            make_ready(member)
        return member

    def root(self) -> TrustRoot:
        with tenant_scope(self.tenant):
            return TrustRoot.objects.get(state="own")

    def trust(self, other: Forest, at: datetime | None = None) -> TrustRoot:
        """Believe the other forest's root for its domain."""
        row = trust_root(
            self.administrator.actor, other.root().certificate, [other.domain], at or clock.now()
        )
        work()
        return row


def make_ready(member: Member) -> None:
    member.custody = enrol(member.actor, PIN, clock.now())
    work()


def actor_for(person: Person) -> Actor:
    with tenant_scope(person.tenant_id):
        row = Person.objects.select_related("tenant").get(id=person.id)
    return Actor(row.tenant_id, row.id, row.name, row.address, row.is_administrator, row.tenant)


def work() -> None:
    """Let the workers do whatever is due."""
    due_work.drain()


def work_in(forest: Forest) -> None:
    """The same for one forest: where the clock moves far, every forest of earlier tests has work that is due."""
    mine = DueWork.objects.filter(tenant_id=forest.tenant.id)
    while due := list(mine.due(clock.now()).values_list("id", flat=True)):
        for work_id in due:
            due_work.run(work_id)


def found(name: str = "Contoso", administrator: str = "Olga Orlova", *, domain: str = "") -> Forest:
    number = f"{os.getpid()}-{next(_numbers)}"
    domain = domain or f"{name.lower()}-{number}.example"
    wish = Founding(
        name=f"{name} {number}",
        domains=(MailDomain(domain),),
        administrator_name=administrator,
        administrator_address=f"{administrator.split()[0].lower()}@{domain}",
        root_key_file=Path(settings.PKIPORTAL_HOME) / "offline" / f"{name}-{number}.pem",
    )
    founded = found_forest(wish, clock.now())
    redeem_link(founded.sign_in_secret, PASSWORD, clock.now())
    forest = Forest(founded, domain, Member(actor_for(founded.administrator)))
    work()
    return forest


class Cast:
    """Forests founded when they are first asked for. Contoso and Fabrikam trust each other; nobody trusts Northwind."""

    def __init__(self) -> None:
        self._forests: dict[str, Forest] = {}

    @property
    def contoso(self) -> Forest:
        return self._forest("contoso", "Contoso", "Olga Orlova")

    @property
    def fabrikam(self) -> Forest:
        known = "fabrikam" in self._forests
        fabrikam = self._forest("fabrikam", "Fabrikam", "Farid Faber")
        if not known:
            self.contoso.trust(fabrikam)
            fabrikam.trust(self.contoso)
        return fabrikam

    @property
    def northwind(self) -> Forest:
        return self._forest("northwind", "Northwind", "Nils Nord")

    @property
    def alice(self) -> Member:
        return self._member(self.contoso, "Alice Arden")

    @property
    def olga(self) -> Member:
        return self.contoso.administrator

    @property
    def bob(self) -> Member:
        return self._member(self.fabrikam, "Bob Berger")

    @property
    def charlie(self) -> Member:
        return self._member(self.northwind, "Charlie Chen")

    def _forest(self, key: str, name: str, administrator: str) -> Forest:
        if key not in self._forests:
            self._forests[key] = found(name, administrator)
        return self._forests[key]

    def _member(self, forest: Forest, name: str) -> Member:
        return forest.people.get(name.split()[0].lower()) or forest.add(name)
