"""A second linter's opinion: pkilint on certificates and lists that ours has passed already.

It judges a person's certificate as the strict generation of the S/MIME Baseline Requirements, sponsor-validated, and
everything by RFC 5280. This file is the one place that says which of its findings a private forest does not owe, and
why. pkilint is optional: without it there is no second opinion (None), and pages say so.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterable
from functools import lru_cache
from importlib.metadata import version
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import x25519

from .findings import Finding, Severity
from .parsing import PARSE_ERRORS, load
from .rules import is_authority

# What the public trust demands and a private forest does not owe, by pkilint's code. Nothing else is left out.
PRIVATE_TRUST: dict[str, str] = {
    "cabf.smime.certificate_policies_extension_missing":
        "A reserved policy 2.23.140.1.5.* claims audited compliance (BR 7.1.6.1); a private forest must not assert one.",
    "cabf.smime.missing_required_attribute":
        "organizationIdentifier and verified personal names are validation data of public certificates (BR 7.1.4.2.4).",
    "cabf.smime.common_name_value_unknown_source":
        "The common name is the name the forest's administrator entered; no givenName and surname stand beside it.",
    "cabf.smime.certificate_validity_period_at_maximum":
        "A warning: 825 days to the second are lawful (BR 6.3.2), and the last second is counted here.",
    "cabf.internal_domain_name":
        "Forests may own domains outside the public suffixes, such as example or a company's internal ones (BR 2.2).",
}  # fmt: skip
# The same for templates that are marked private, which leave the Baseline Requirements openly.
PRIVATE_TEMPLATES: dict[str, str] = {
    "cabf.smime.certificate_validity_period_exceeds_825_days":
        "A private template may last longer than 825 days (BR 6.3.2); its page says so.",
}  # fmt: skip
# ... and only for their X25519 keys.
PRIVATE_X25519: dict[str, str] = {
    "cabf.smime.prohibited_spki_algorithm_encoding": "X25519 is no BR key type (BR 7.1.3.1), so its encoding is not listed.",
    "cabf.smime.unsupported_public_key_type": "X25519 is no BR key type (BR 7.1.3.1), so no key usage is listed for it.",
}


def name() -> str:
    """The linter and its version; empty when it is not installed."""
    return f"pkilint {version('pkilint')}" if is_installed() else ""


def is_installed() -> bool:
    return importlib.util.find_spec("pkilint") is not None


def on_certificate(der: bytes, *, private: bool = False) -> list[Finding] | None:
    """Errors and warnings about a certificate in DER; None without pkilint. `private`: of a private template."""
    if not is_installed():
        return None
    try:
        certificate = load(x509.load_der_x509_certificate, der)
        authority, key = is_authority(certificate), certificate.public_key()
    except (ValueError, *PARSE_ERRORS):
        return [_broken("It cannot be parsed.")]
    excused = dict(PRIVATE_TRUST)
    if private:
        excused |= PRIVATE_TEMPLATES
        excused |= PRIVATE_X25519 if isinstance(key, x25519.X25519PublicKey) else {}
    validators = _authority_validators() if authority else _person_validators()
    return _judge("load_certificate", der, validators, excused)


def on_list(der: bytes, *, of_authorities: bool = False) -> list[Finding] | None:
    """Errors and warnings about a revocation list in DER; `of_authorities`: it lists CA certificates."""
    return _judge("load_crl", der, _list_validators(of_authorities), {}) if is_installed() else None


def _judge(loader_name: str, der: bytes, validators: Any, excused: dict[str, str]) -> list[Finding]:
    from pkilint import loader

    try:
        document = getattr(loader, loader_name)(der, "document")
        results = validators.validate(document.root)
    except Exception as failure:  # noqa: BLE001  a linter that stumbles has refused; its words may be anything
        return [_broken(f"The second linter stumbled over it ({type(failure).__name__}).")]
    return list(dict.fromkeys(_findings(results, excused)))


def _findings(results: Iterable[Any], excused: dict[str, str]) -> Iterable[Finding]:
    for result in results:
        for described in result.finding_descriptions:
            severity = _SEVERITIES.get(described.finding.severity.name)
            code = described.finding.code
            if severity is not None and code not in excused and not _is_trial(code, described.message or ""):
                yield Finding(
                    f"pkilint:{code}", severity, f"{described.message or code} ({result.node.path})"
                )


def _is_trial(code: str, message: str) -> bool:
    """A trial portal publishes under localhost, which pkilint takes for no host. Nowhere else is such a URL excused."""
    return code == "pkix.invalid_uri_syntax" and _TRIAL_URL.search(message) is not None


_TRIAL_URL = re.compile(r'"https?://(localhost|127\.0\.0\.1)(:\d+)?/[0-9a-zA-Z/._-]*"')
_SEVERITIES = {"FATAL": Severity.ERROR, "ERROR": Severity.ERROR, "WARNING": Severity.WARNING}


def _broken(summary: str) -> Finding:
    return Finding("pkilint:unreadable", Severity.ERROR, summary)


@lru_cache(maxsize=1)
def _person_validators() -> Any:
    from pkilint.cabf import smime
    from pkilint.cabf.smime import smime_constants as kinds
    from pkilint.pkix import certificate

    return certificate.create_pkix_certificate_validator_container(
        smime.create_decoding_validators(),
        smime.create_subscriber_validators(kinds.ValidationLevel.SPONSORED, kinds.Generation.STRICT),
    )


@lru_cache(maxsize=1)
def _authority_validators() -> Any:
    from pkilint.pkix import certificate, extension
    from pkilint.pkix import name as names

    return certificate.create_pkix_certificate_validator_container(
        certificate.create_decoding_validators(names.ATTRIBUTE_TYPE_MAPPINGS, extension.EXTENSION_MAPPINGS),
        [
            certificate.create_issuer_validator_container([]),
            certificate.create_validity_validator_container(),
            certificate.create_subject_validator_container([]),
            certificate.create_extensions_validator_container([]),
            certificate.create_spki_validator_container([]),
        ],
    )


@lru_cache(maxsize=2)
def _list_validators(of_authorities: bool) -> Any:
    from pkilint import pkix
    from pkilint.cabf import cabf_crl
    from pkilint.pkix import crl, extension
    from pkilint.pkix import name as names

    kind = crl.CertificateRevocationListType["ARL" if of_authorities else "CRL"]
    return crl.create_pkix_crl_validator_container(
        [
            pkix.create_attribute_decoder(names.ATTRIBUTE_TYPE_MAPPINGS),
            pkix.create_extension_decoder(extension.EXTENSION_MAPPINGS),
        ],
        [
            crl.create_issuer_validator_container([]),
            crl.create_validity_validator_container([cabf_crl.create_validity_period_validator(kind)]),
            crl.create_extensions_validator_container([]),
        ],
    )
