"""The demonstration: three forests, their people, and letters in several states of the seal.

Contoso and Fabrikam trust each other's root for each other's domain; nobody trusts Northwind yet. Everything is made by
the use cases that people trigger, with real keys.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings

from mail.letter import Letter, Recipient, read_recipients
from mail.models import Message, RawMessage
from mail.services.import_eml import import_eml
from mail.services.plan import plan
from mail.services.send import send
from pki.certificates import MailDomain
from smime.mime import Attachment
from tenants import clock, due_work
from tenants.access import Actor
from tenants.keystore.custody import Custody
from tenants.models import CrlPublication, Generation, Person, Tenant, TrustRoot
from tenants.models.authorities import AuthorityKind
from tenants.models.people import Role
from tenants.models.trust import TrustState
from tenants.scoping import tenant_scope
from tenants.services.add_person import add_person
from tenants.services.enrol import enrol
from tenants.services.found_forest import Founded, Founding, found_forest
from tenants.services.redeem_link import redeem_link
from tenants.services.sign_root_list import sign_root_list
from tenants.services.trust_root import trust_root

PASSWORD, PIN = "open sesame, demo", "271828"
RENEW_ROOT_LIST = timedelta(days=45)


@dataclass(frozen=True, slots=True)
class Login:
    """How to sign in as somebody of the demonstration. An empty PIN: has not enrolled yet."""

    forest: str
    name: str
    email: str
    password: str
    pin: str
    role: str


@dataclass(frozen=True, slots=True)
class _Plot:
    """A forest to found: its badge, its administrator, who has keys, and who has still to enrol."""

    name: str
    domain: str
    hue: int
    mark: int
    administrator: str
    people: tuple[str, ...]
    newcomers: tuple[str, ...] = ()


PLOTS = (
    _Plot("Contoso", "contoso.example", 1, 1, "Olga Orlova", ("Alice Arden",), ("Ivan Ilic",)),
    _Plot("Fabrikam", "fabrikam.example", 2, 2, "Farid Faber", ("Bob Berger",)),
    _Plot("Northwind", "northwind.example", 3, 3, "Nils Nord", ("Charlie Chen",)),
)


def is_founded() -> bool:
    return Tenant.objects.exists()


def logins_file() -> Path:
    return Path(settings.PKIPORTAL_HOME) / "demo-logins.json"


def read_logins() -> list[Login]:
    """The logins of an earlier start; empty if this home was not made by the demonstration."""
    file = logins_file()
    return [Login(**entry) for entry in json.loads(file.read_text())] if file.exists() else []


def root_key_file(name: str) -> Path:
    return Path(settings.PKIPORTAL_HOME) / "offline" / f"{name.lower()}-root.pem"


def found_everything() -> list[Login]:
    """Found the forests and fill them. Called on an empty database only."""
    logins: list[Login] = []
    actors: dict[str, tuple[Actor, Custody]] = {}
    founded = {plot.name: _found(plot, logins, actors) for plot in PLOTS}
    due_work.drain()
    _trust_each_other(founded["Contoso"], founded["Fabrikam"])
    due_work.drain()
    _write_letters(actors)
    due_work.drain()
    logins_file().write_text(json.dumps([asdict(login) for login in logins], indent=1))
    return logins


def renew_root_lists(at: datetime) -> None:
    """The demonstration keeps its root keys at hand and renews their lists in time; a real root is offline."""
    for tenant in Tenant.objects.all():
        key_file = root_key_file(tenant.name)
        if key_file.exists() and _ends_soon(tenant, at):
            sign_root_list(tenant.id, key_file, "")


def _ends_soon(tenant: Tenant, at: datetime) -> bool:
    with tenant_scope(tenant):
        root = Generation.objects.filter(authority__kind=AuthorityKind.ROOT).latest("not_before")
        newest = CrlPublication.objects.filter(generation=root).newest_first().first()
    return newest is None or newest.next_update - at < RENEW_ROOT_LIST


def _found(plot: _Plot, logins: list[Login], actors: dict[str, tuple[Actor, Custody]]) -> Founded:
    founded = found_forest(
        Founding(
            name=plot.name,
            domains=(MailDomain(plot.domain),),
            administrator_name=plot.administrator,
            administrator_address=_address(plot.administrator, plot.domain),
            root_key_file=root_key_file(plot.name),
            hue=plot.hue,
            mark=plot.mark,
        ),
        clock.now(),
    )
    redeem_link(founded.sign_in_secret, PASSWORD, clock.now())
    administrator = _actor(founded.administrator)
    actors[administrator.address] = (administrator, enrol(administrator, PIN, clock.now()))
    logins.append(_login(plot, administrator, PIN, Role.ADMINISTRATOR))
    for name in plot.people + plot.newcomers:
        person, secret = add_person(
            administrator, name, _address(name, plot.domain), Role.MEMBER, clock.now()
        )
        redeem_link(secret, PASSWORD, clock.now())
        actor, pin = _actor(person), ""
        if name in plot.people:
            pin = PIN
            actors[actor.address] = (actor, enrol(actor, PIN, clock.now()))
        logins.append(_login(plot, actor, pin, Role.MEMBER))
    return founded


def _address(name: str, domain: str) -> str:
    return f"{name.split()[0].lower()}@{domain}"


def _login(plot: _Plot, actor: Actor, pin: str, role: Role) -> Login:
    return Login(plot.name, actor.name, actor.address, PASSWORD, pin, role.value)


def _actor(person: Person) -> Actor:
    with tenant_scope(person.tenant_id):
        row = Person.objects.select_related("tenant").get(id=person.id)
    return Actor(row.tenant_id, row.id, row.name, row.address, row.is_administrator, row.tenant)


def _trust_each_other(one: Founded, other: Founded) -> None:
    for believer, believed in ((one, other), (other, one)):
        with tenant_scope(believed.tenant):
            root = TrustRoot.objects.get(state=TrustState.OWN)
        trust_root(_actor(believer.administrator), root.certificate, root.domains, clock.now())


def _write_letters(actors: dict[str, tuple[Actor, Custody]]) -> None:
    minutes = b"item,owner,due\r\nkeys,Olga,2 December\r\nlists,Farid,9 December\r\n"
    _post(
        actors, "bob@fabrikam.example", "alice@contoso.example", "Term sheet, second round",
        "Alice,\n\nboth sides can live with clause 4 as it stands now. If you agree, I send the clean copy on "
        "Thursday.\n\nBob\n",
        (Attachment("open-points.csv", "text/csv", minutes),),
    )  # fmt: skip
    _post(
        actors, "olga@contoso.example", "alice@contoso.example", "Welcome to secure mail",
        "Alice,\n\nyour certificates are ready. Fabrikam's root is trusted for fabrikam.example since today.\n\nOlga\n",
    )  # fmt: skip
    _post(
        actors, "charlie@northwind.example", "alice@contoso.example", "Delivery schedule, lots 3-5",
        "Hello Alice,\n\nthe carrier confirmed Thursday for lot 3.\n\nCharlie\n", encrypt=False,
    )  # fmt: skip
    _post(
        actors, "bob@fabrikam.example", "alice@contoso.example", "New bank details",
        "Alice,\n\nplease pay to account 4711 from now on.\n\nBob\n", encrypt=False,
    )  # fmt: skip
    due_work.drain()
    _import_changed_copy(actors["alice@contoso.example"][0])


def _post(
    actors: dict[str, tuple[Actor, Custody]],
    sender: str,
    to: str,
    subject: str,
    text: str,
    attachments: Sequence[Attachment] = (),
    *,
    encrypt: bool = True,
) -> None:
    actor, custody = actors[sender]
    letter = Letter(to=to, subject=subject, text=text, attachments=tuple(attachments), encrypt=encrypt)
    recipients: list[Recipient] = list(read_recipients("to", to))
    send(actor, letter, plan(actor, recipients, clock.now()), custody, clock.now())


def _import_changed_copy(alice: Actor) -> None:
    """The bank letter as a forger would have it: one digit changed after signing."""
    with tenant_scope(alice.tenant_id):
        message = Message.objects.of(alice.person_id).get(subject="New bank details")
        raw = bytes(RawMessage.objects.get(id=message.raw_id).data)
    changed = raw.replace(b"4711", b"4712")
    if changed != raw:
        import_eml(alice, changed, clock.now())
