"""The path engine: RFC 5280 §6.1 and RFC 9618 policy processing by pyhanko-certvalidator, one path at a time.

The engine gets a finished path, whose signatures the builder has checked, and judges dates, names, constraints
and policies. It builds nothing, fetches nothing, and knows no revocation: paths come from `pki.building`, lists
are the matter of `pki.revocation`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from asn1crypto import x509 as asn1
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko_certvalidator.authority import CertTrustAnchor, TrustQualifiers
from pyhanko_certvalidator.context import ValidationContext
from pyhanko_certvalidator.errors import PathValidationError
from pyhanko_certvalidator.name_trees import (
    PKIXSubtrees,
    default_excluded_subtrees,
    default_permitted_subtrees,
    process_general_subtrees,
)
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.policy_decl import (
    CertRevTrustPolicy,
    DisallowWeakAlgorithmsPolicy,
    PKIXValidationParams,
    RevocationCheckingPolicy,
    RevocationCheckingRule,
)
from pyhanko_certvalidator.sig_validate import SignatureValidator
from pyhanko_certvalidator.validate import async_validate_path

from .building import Path
from .findings import error
from .oid import ANY_POLICY
from .verdicts import Failure, Problem

_NO_REVOCATION = CertRevTrustPolicy(
    RevocationCheckingPolicy(RevocationCheckingRule.NO_CHECK, RevocationCheckingRule.NO_CHECK)
)
# what an algorithm is worth is judged by `pki.algorithms`; the engine only refuses what nobody may accept
_ALGORITHMS = DisallowWeakAlgorithmsPolicy(  # type: ignore[no-untyped-call]
    weak_hash_algos=frozenset({"md2", "md5"}), rsa_key_size_threshold=512, dsa_key_size_threshold=512
)


class _CheckedWhileBuilding(SignatureValidator):
    """Leaves signatures alone: `pki.building` has checked every link, over the octets that were received.

    The engine would check them over its own encoding of what it parsed, which need not be the same octets.
    """

    def validate_signature(self, *_arguments: object, **_options: object) -> None:
        """Nothing to do."""


@dataclass(frozen=True, slots=True)
class PolicyInputs:
    """The policy inputs of RFC 5280 §6.1.1 (c), (e), (f), (g). The defaults accept any policy."""

    policies: tuple[str, ...] = (ANY_POLICY,)
    explicit_policy: bool = False
    inhibit_mapping: bool = False
    inhibit_any: bool = False


def engine_problems(path: Path, at: datetime, inputs: PolicyInputs) -> list[Problem]:
    """What the engine refuses in a path (anchor first), as at most one problem in its own words.

    Only for paths from `PathBuilder`: signatures are not checked again.
    """
    if len(path) == 1:
        return []  # the anchor itself; it has no issuer to judge it by
    try:
        anchor, *below = (_asn1(certificate.public_bytes(Encoding.DER)) for certificate in path)
        candidate = ValidationPath(_anchor(anchor), below[:-1], below[-1])
        _drive(_context(at), candidate, _parameters(inputs, anchor))
    except PathValidationError as refused:
        return [_refused(str(refused))]
    except NotImplementedError:
        return [_not_judged()]
    except (ValueError, TypeError, LookupError, AttributeError, AssertionError, RecursionError):
        # hostile structures can break the engine's parser; what cannot be judged is never good
        return [_not_judged()]
    return []


def _drive(context: ValidationContext, path: ValidationPath, parameters: PKIXValidationParams) -> None:
    """Run the engine's coroutine without an event loop: with nothing to fetch it never waits."""
    coroutine = async_validate_path(context, path, parameters)
    try:
        coroutine.send(None)
    except StopIteration:
        return
    coroutine.close()
    raise NotImplementedError("the engine wanted to wait")


# Names of other kinds (iPAddress, otherName) break the engine off, so it is spared constraints on them:
# `pki.constraints` judges or refuses every name of such a kind.
_ENGINE_FORMS = frozenset({"rfc822_name", "dns_name", "directory_name", "uniform_resource_identifier"})


def _asn1(der_bytes: bytes) -> asn1.Certificate:
    # A fresh object for every judgement: the engine writes them out again, and asn1crypto may then give other bytes
    # the second time (a certificate with unique identifiers has a good signature only once).
    certificate: asn1.Certificate = asn1.Certificate.load(der_bytes)  # type: ignore[no-untyped-call]
    constraints = certificate.name_constraints_value
    if constraints is not None:
        certificate._name_constraints_value = _known_forms(constraints)  # type: ignore[assignment]
    return certificate


def _known_forms(constraints: asn1.NameConstraints) -> asn1.NameConstraints:
    kept = {}
    for side in ("permitted_subtrees", "excluded_subtrees"):
        if isinstance(constraints[side], asn1.GeneralSubtrees):
            subtrees = [tree for tree in constraints[side] if tree["base"].name in _ENGINE_FORMS]
            if subtrees:
                kept[side] = subtrees
    return asn1.NameConstraints(kept)  # type: ignore[no-untyped-call]


def _context(at: datetime) -> ValidationContext:
    return ValidationContext(
        trust_roots=[],
        moment=at,
        allow_fetching=False,
        revinfo_policy=_NO_REVOCATION,
        time_tolerance=timedelta(0),
        algorithm_usage_policy=_ALGORITHMS,
        signature_validator=_CheckedWhileBuilding(),
    )


def _anchor(anchor: asn1.Certificate) -> CertTrustAnchor:
    """The anchor with its own path length; its dates are `pki.rules`' matter, its names `_parameters`'."""
    length = anchor.max_path_length
    qualifiers = TrustQualifiers(max_path_length=length, max_aa_path_length=length)
    return CertTrustAnchor(anchor, quals=qualifiers)


def _parameters(inputs: PolicyInputs, anchor: asn1.Certificate) -> PKIXValidationParams:
    constraints = anchor.name_constraints_value
    permitted = _subtrees(constraints, "permitted_subtrees")
    excluded = _subtrees(constraints, "excluded_subtrees")
    policies = frozenset("any_policy" if policy == ANY_POLICY else policy for policy in inputs.policies)
    return PKIXValidationParams(
        user_initial_policy_set=policies,
        initial_policy_mapping_inhibit=inputs.inhibit_mapping,
        initial_explicit_policy=inputs.explicit_policy,
        initial_any_policy_inhibit=inputs.inhibit_any,
        initial_permitted_subtrees=default_permitted_subtrees() | permitted,
        initial_excluded_subtrees=default_excluded_subtrees() | excluded,
    )


def _subtrees(constraints: asn1.NameConstraints | None, side: str) -> PKIXSubtrees:
    if constraints is None or not isinstance(constraints[side], asn1.GeneralSubtrees):
        return {}
    return process_general_subtrees(constraints[side])


def _refused(reason: str) -> Problem:
    code = "policy" if "policies" in reason or "policy" in reason else "path-refused"
    finding = error(
        code,
        reason.rstrip(".") + ".",
        citation="RFC 5280 §6.1",
        remedy="The issuer has to repair its authorities; the sender should tell them.",
        owner="sender",
    )
    return Problem(Failure.CONSTRAINT, finding)


def _not_judged() -> Problem:
    finding = error(
        "constraint-not-evaluated",
        "The path carries a constraint or a structure that cannot be evaluated here.",
        citation="RFC 5280 §6.1",
        remedy="Ask the sender for a certificate from an authority without that constraint.",
        owner="sender",
    )
    return Problem(Failure.CONSTRAINT, finding)
