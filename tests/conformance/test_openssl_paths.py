"""Generated paths beside OpenSSL's verifier: never good here where OpenSSL says no.

Each path has a few random features: most are defects, some are merely unusual. OpenSSL judges with every list
(`CRL_CHECK_ALL`) and strictly (`X509_STRICT`); where it is the stricter one, we may differ only to the other side.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from OpenSSL import crypto

from pki.crl import Crl
from pki.path import Verdict, validate
from pki.trust import Trust, TrustAnchor
from tenants import clock
from tests.tenants.outside import Authority, authority_claims
from tests.tenants.rogue import usage

PATHS = 600 if os.environ.get("CAMPAIGN") == "full" else 120
SEED = int(os.environ.get("PATHS_SEED", random.SystemRandom().randrange(10**6)))
DAY = timedelta(days=1)
AT = clock.now().replace(microsecond=0)


@dataclass
class Case:
    """Root first. `lists` are DER of each authority, top first."""

    authorities: list[Authority]
    leaf: x509.Certificate
    lists: list[bytes]
    features: list[str] = field(default_factory=list)


def build(rng: random.Random, features: list[str]) -> Case:
    depth = rng.choice([1, 2, 2, 3])
    where = rng.randrange(depth)
    authorities = [Authority.root("R", begins=AT - 30 * DAY)]
    for level in range(depth):
        options: dict[str, Any] = {"more": [], "begins": AT - 30 * DAY}
        if level == where:
            for name in features:
                FEATURES[name][0](options, authorities[-1])
        more = options.pop("more")
        authorities.append(authorities[-1].below(f"A{level}", *more, **options))
    person: dict[str, Any] = {"more": [], "begins": AT - 30 * DAY}
    for name in features:
        FEATURES[name][1](person, authorities[-1])
    more, address = person.pop("more"), person.pop("address", "pia@path.example")
    leaf = authorities[-1].person(address, *more, **person).certificate
    case = Case(authorities, leaf, [], features)
    if "revoked leaf" in features:
        authorities[-1].revoke(leaf, AT - DAY)
    if "revoked authority" in features:
        authorities[-2].revoke(authorities[-1].certificate, AT - DAY)
    lasts = 2 * DAY if "ended list" in features else 9 * DAY
    case.lists = [one.list(at=AT - 3 * DAY, lasts=lasts) for one in authorities]
    if "missing list" in features:
        case.lists.pop(rng.randrange(len(case.lists)))
    if "foreign list" in features:
        case.lists[-1] = Authority.root(f"A{depth - 1}").list(at=AT - DAY)
    return case


Change = Callable[[dict[str, Any], Authority], None]


def nothing(options: dict[str, Any], issuer: Authority) -> None:
    pass


def adding(extension: x509.ExtensionType, critical: bool = False) -> Change:
    def change(options: dict[str, Any], issuer: Authority) -> None:
        others = [one for one in options["more"] if one[0].oid != extension.oid]
        options["more"] = [*others, (extension, critical)]

    return change


def setting(**changes: Any) -> Change:
    return lambda options, issuer: options.update(changes)


def claiming(*said: tuple[x509.ExtensionType, bool]) -> Change:
    """An authority that says this in place of what is true."""

    def change(options: dict[str, Any], issuer: Authority) -> None:
        key = options.setdefault("key", ec.generate_private_key(ec.SECP256R1()))
        before = options.get("claims") or authority_claims(key.public_key(), issuer)
        kept = [one for one in before if not isinstance(one[0], tuple(type(other[0]) for other in said))]
        options["claims"] = [*kept, *said]

    return change


def within(*bases: str, excluded: tuple[str, ...] = ()) -> Change:
    permitted = [x509.RFC822Name(base) for base in bases] or None
    without = [x509.RFC822Name(base) for base in excluded] or None
    return adding(x509.NameConstraints(permitted, without), True)


UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00")
# name → (what it changes in one authority, what it changes in the person's certificate)
FEATURES: dict[str, tuple[Change, Change]] = {
    "expired authority": (setting(begins=AT - 60 * DAY, ends=AT - DAY), nothing),
    "future authority": (setting(begins=AT + DAY, ends=AT + 9 * DAY), nothing),
    "expired leaf": (nothing, setting(begins=AT - 60 * DAY, ends=AT - DAY)),
    "future leaf": (nothing, setting(begins=AT + DAY, ends=AT + 9 * DAY)),
    "no authority": (claiming((x509.BasicConstraints(False, None), True)), nothing),
    "no certificate signing": (claiming((usage("crl_sign"), True)), nothing),
    "no list signing": (claiming((usage("key_cert_sign"), True)), nothing),
    "path length zero": (claiming((x509.BasicConstraints(True, 0), True)), nothing),
    "unknown critical in authority": (adding(UNKNOWN, True), nothing),
    "unknown critical in leaf": (nothing, adding(UNKNOWN, True)),
    "unknown plain": (adding(UNKNOWN), nothing),
    "constrained": (within("path.example"), nothing),
    "constrained elsewhere": (within("other.example"), nothing),
    "constrained below": (within(".path.example"), nothing),
    "excluded": (within(excluded=("path.example",)), nothing),
    "excluded elsewhere": (within(excluded=("other.example",)), nothing),
    "other address": (within("path.example"), setting(address="pia@other.example")),
    "revoked leaf": (nothing, nothing),
    "revoked authority": (nothing, nothing),
    "missing list": (nothing, nothing),
    "ended list": (nothing, nothing),
    "foreign list": (nothing, nothing),
}


def openssl_says(case: Case) -> bool:
    store = crypto.X509Store()
    store.add_cert(crypto.X509.from_cryptography(case.authorities[0].certificate))
    for one in case.lists:
        store.add_crl(x509.load_der_x509_crl(one))
    flags = crypto.X509StoreFlags
    store.set_flags(flags.CRL_CHECK | flags.CRL_CHECK_ALL | flags.X509_STRICT)
    store.set_time(AT.replace(tzinfo=None))
    chain = [crypto.X509.from_cryptography(one.certificate) for one in case.authorities[1:]]
    try:
        crypto.X509StoreContext(store, crypto.X509.from_cryptography(case.leaf), chain).verify_certificate()
    except crypto.X509StoreContextError:
        return False
    return True


def we_say(case: Case) -> Verdict:
    anchors = (TrustAnchor(case.authorities[0].certificate),)
    issuers = tuple(one.certificate for one in case.authorities[1:])
    trust = Trust(anchors, issuers, tuple(Crl.parse(one) for one in case.lists))
    return validate(leaf=case.leaf, trust=trust, at=AT).verdict


def test_no_path_is_good_here_that_openssl_refuses() -> None:
    rng = random.Random(SEED)
    seen = {(True, True): 0, (False, False): 0, (True, False): 0}
    for _ in range(PATHS):
        case = build(rng, rng.sample(sorted(FEATURES), rng.choice([0, 1, 1, 2, 3])))
        ours, theirs = we_say(case) is Verdict.GOOD, openssl_says(case)
        assert theirs or not ours, f"PATHS_SEED={SEED}: {case.features}"
        seen[theirs, ours] += 1
    assert seen[True, True] > 5, f"PATHS_SEED={SEED}: nothing was good, so nothing was compared"
    assert seen[False, False] > PATHS // 4
    assert seen[True, False] < PATHS // 10, f"PATHS_SEED={SEED}: far stricter than OpenSSL"


@pytest.mark.parametrize("name", sorted(FEATURES))
def test_each_feature_by_itself_is_judged_like_openssl(name: str) -> None:
    case = build(random.Random(1), [name])
    assert (we_say(case) is Verdict.GOOD) == openssl_says(case)
