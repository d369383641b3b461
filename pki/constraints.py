"""Name constraints over mail addresses, and a guard for forms that nobody here evaluates (RFC 5280
§4.2.1.10).

The path engine knows rfc822Name, dNSName, URI and directoryName. Added here: SmtpUTF8Mailbox under
rfc822Name constraints (RFC 9598), addresses in the subject even beside an alternative name, iPAddress, and
wildcards that reach into an excluded subtree. A constraint on any other form, with a name of that form
present, cannot be judged: the verdict is "undetermined".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network

from cryptography import x509

from . import certificates, names
from .building import Path
from .errors import MalformedInput
from .extensions import find
from .findings import error
from .names import Mailbox, display, subtree_covers
from .rules import is_self_issued
from .verdicts import Failure, Problem

MAXIMUM_COMPARISONS = 100_000  # names × constraints of a path; honest ones stay below a few hundred
_KNOWN_FORMS = (
    x509.RFC822Name,
    x509.DNSName,
    x509.UniformResourceIdentifier,
    x509.DirectoryName,
    x509.IPAddress,
)


@dataclass
class _State:
    """Constraints gathered from the anchor downwards: every generation must permit, none may exclude."""

    permitted: list[list[x509.GeneralName]] = field(default_factory=list)
    excluded: list[x509.GeneralName] = field(default_factory=list)

    def add(self, constraints: x509.NameConstraints) -> None:
        if constraints.permitted_subtrees:
            self.permitted.append(list(constraints.permitted_subtrees))
        self.excluded += constraints.excluded_subtrees or ()

    def bases(self) -> Iterator[x509.GeneralName]:
        for generation in self.permitted:
            yield from generation
        yield from self.excluded


def constraint_problems(path: Path) -> list[Problem]:
    """Every name of the path that a constraint above it forbids, and every one that cannot be judged.

    Raises `ValueError` when extensions cannot be parsed.
    """
    state = _State()
    problems: list[Problem] = []
    if _work(path) > MAXIMUM_COMPARISONS:
        return [_too_many(path[-1])]
    for certificate in path:
        last = certificate is path[-1]
        if certificate is not path[0] and (last or not is_self_issued(certificate)):
            problems += _name_problems(certificate, state)
        constraints = find(certificate, x509.NameConstraints)
        if constraints is not None and not last:
            problems += _malformed_bases(certificate, constraints)
            state.add(constraints)
    return problems


def cannot_be_judged(problem: Problem) -> bool:
    """Whether the problem is a constraint that the engine would not evaluate, rather than one that is
    violated.
    """
    return problem.finding.code == "constraint-not-evaluated"


def _name_problems(certificate: x509.Certificate, state: _State) -> Iterator[Problem]:
    addresses = (*certificates.mailboxes(certificate), *names.email_addresses(certificate.subject))
    for address in dict.fromkeys(addresses):
        if not _address_allowed(address, state):
            yield _forbidden(certificate, address)
    for general in find(certificate, x509.SubjectAlternativeName) or ():
        if isinstance(general, x509.DNSName) and _wildcard_reaches_excluded(general.value, state):
            yield _forbidden(certificate, general.value)
        elif isinstance(general, x509.IPAddress) and not _host_allowed(general, state):
            yield _forbidden(certificate, str(general.value))
        elif not isinstance(general, _KNOWN_FORMS) and _is_constrained(general, state):
            yield _not_evaluated(certificate, general)


def _address_allowed(address: str, state: _State) -> bool:
    bases = [base for base in state.bases() if isinstance(base, x509.RFC822Name)]
    if not bases:
        return True
    try:
        mailbox = Mailbox.parse(address)
    except MalformedInput:  # an address that nobody can read lies in no subtree
        return False
    if any(
        subtree_covers(base.value, mailbox) for base in state.excluded if isinstance(base, x509.RFC822Name)
    ):
        return False
    return all(_generation_permits(generation, mailbox) for generation in state.permitted)


def _generation_permits(generation: list[x509.GeneralName], mailbox: Mailbox) -> bool:
    own = [base.value for base in generation if isinstance(base, x509.RFC822Name)]
    return not own or any(subtree_covers(base, mailbox) for base in own)


def _host_allowed(host: x509.IPAddress, state: _State) -> bool:
    generations = [[b for b in bases if isinstance(b, x509.IPAddress)] for bases in state.permitted]
    excluded = [base for base in state.excluded if isinstance(base, x509.IPAddress)]
    permitted = all(not bases or any(_block_holds(base, host) for base in bases) for bases in generations)
    return permitted and not any(_block_holds(base, host) for base in excluded)


def _block_holds(block: x509.IPAddress, host: x509.IPAddress) -> bool:
    if not isinstance(block.value, IPv4Network | IPv6Network) or isinstance(
        host.value, IPv4Network | IPv6Network
    ):
        return False
    return host.value in block.value


def _work(path: Path) -> int:
    """How many comparisons of a name with a constraint the path asks for."""
    names_held = constraints_held = 0
    for certificate in path:
        names_held += len(list(certificate.subject)) + len(
            find(certificate, x509.SubjectAlternativeName) or ()
        )
        constraints = find(certificate, x509.NameConstraints)
        if constraints is not None:
            constraints_held += len(constraints.permitted_subtrees or ()) + len(
                constraints.excluded_subtrees or ()
            )
    return names_held * constraints_held


def _too_many(certificate: x509.Certificate) -> Problem:
    finding = error(
        "too-many-names",
        "The path holds so many names and constraints that it is not examined.",
        citation="RFC 5280 §4.2.1.10",
        remedy="Ask its owner for an ordinary certificate.",
        owner="sender",
    )
    return Problem(Failure.LIMIT, finding, certificate)


def _wildcard_reaches_excluded(name: str, state: _State) -> bool:
    """A wildcard stands for every host below it, so it must not reach an excluded one (RFC 9525 §6.3)."""
    if not name.startswith("*."):
        return False
    below = name[1:].lower()
    return any(
        isinstance(base, x509.DNSName) and base.value.lower().endswith(below) for base in state.excluded
    )


def _is_constrained(general: x509.GeneralName, state: _State) -> bool:
    if certificates.address_text(general):
        return False  # SmtpUTF8Mailbox: judged above, by rfc822Name constraints
    return any(type(base) is type(general) for base in state.bases())


def _malformed_bases(certificate: x509.Certificate, constraints: x509.NameConstraints) -> Iterator[Problem]:
    for base in (*(constraints.permitted_subtrees or ()), *(constraints.excluded_subtrees or ())):
        if not isinstance(base, x509.RFC822Name):
            continue
        host = base.value.rpartition("@")[2]
        try:
            names.normalise_domain(host if "@" in base.value else host.removeprefix("."))
        except MalformedInput:
            yield _forbidden(certificate, base.value, "constraint-malformed", "is constrained to")


def _forbidden(
    certificate: x509.Certificate, name: str, code: str = "name-constraint", verb: str = "carries"
) -> Problem:
    finding = error(
        code,
        f"The certificate of {display(certificate.subject)} {verb} “{name[:120]}”, "
        "which the authorities above it may not vouch for.",
        citation="RFC 5280 §4.2.1.10",
        remedy="Do not rely on it. The issuer has to issue within its own domains.",
        owner="sender",
    )
    return Problem(Failure.CONSTRAINT, finding, certificate)


def _not_evaluated(certificate: x509.Certificate, general: x509.GeneralName) -> Problem:
    finding = error(
        "constraint-not-evaluated",
        f"The certificate of {display(certificate.subject)} carries a name of a kind "
        f"({type(general).__name__}) whose constraint cannot be evaluated here.",
        citation="RFC 5280 §4.2.1.10",
        remedy="Ask its owner for a certificate with only mail addresses.",
        owner="sender",
    )
    return Problem(Failure.CONSTRAINT, finding, certificate)
