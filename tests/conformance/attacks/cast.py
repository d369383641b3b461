"""The people of the attacks, certified by two forests of the project's own making.

Alice, Carol and Mallory are colleagues in Contoso, all with good certificates; the rest are what Mallory can obtain: keys
under Alice's name that nobody trusts, that are over, withdrawn, meant for something else, or minted next door.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from pki import profiles
from pki.algorithms import signing_digest
from pki.certificates import MailDomain
from pki.crl import Reason, RevokedEntry
from pki.keys import KeyType
from pki.profiles import Profile
from pki.signer import Signer
from pki.trust import Trust, TrustAnchor
from smime.decrypt import DecryptionKey
from tests.pki.conftest import AT, DAY, Forest, found_forest
from tests.pki.forgery import forge, imitate
from tests.smime.people import Person

ALICE = "alice@contoso.example"
MALLORY = "mallory@contoso.example"


@dataclass(frozen=True)
class Hand:
    """One or several keys that sign together. `speaks_for` is the mailbox that they can honestly seal for."""

    people: tuple[Person, ...]
    speaks_for: str | None


@dataclass(frozen=True)
class Cast:
    """Everybody, and what the reader, Bob, trusts."""

    trust: Trust
    bob: DecryptionKey
    carol: Person
    hands: dict[str, Hand]

    @property
    def alice(self) -> Person:
        return self.hands["alice"].people[0]

    @property
    def mallory(self) -> Person:
        return self.hands["mallory"].people[0]


def _person(signer: Signer) -> Person:
    return Person(signer.private_key, signer.certificate)


def _forged(
    issuer: Signer,
    *addresses: str,
    profile: Profile = profiles.SIGNING,
    purpose: x509.ObjectIdentifier = ExtendedKeyUsageOID.EMAIL_PROTECTION,
    demands: Sequence[x509.ExtensionType] = (),
) -> Person:
    """A certificate that is right for Alice's mail but for what is said here."""
    extensions = [
        (profile.key_usage(KeyType.P256), True),
        (x509.ExtendedKeyUsage([purpose]), False),
        *((demand, True) for demand in demands),
    ]
    return _person(forge(issuer, *map(x509.RFC822Name, addresses), extensions=extensions))


@functools.cache
def cast() -> Cast:
    """Made once per process."""
    contoso = found_forest("Contoso", MailDomain("contoso.example"))
    fabrikam = found_forest("Fabrikam", MailDomain("fabrikam.example"))
    alice, mallory = contoso.person(ALICE), contoso.person(MALLORY)
    withdrawn = contoso.person(ALICE)
    bob = contoso.person("bob@contoso.example", profile=profiles.ENCRYPTION, key_type=KeyType.P256)
    good = _person(alice)
    hands = {
        "alice": Hand((good,), ALICE),
        "alice with a second key": Hand((good, _person(contoso.person(ALICE))), ALICE),
        "mallory": Hand((_person(mallory),), MALLORY),
        "alice and mallory": Hand((good, _person(mallory)), None),
        "mallory and alice": Hand((_person(mallory), good), None),
        "a withdrawn key": Hand((_person(withdrawn),), None),
        "a good and a withdrawn key": Hand((good, _person(withdrawn)), None),
        "a key that is over": Hand((_over(contoso),), None),
        "a twin of the certificate": Hand((_person(imitate(alice.certificate, None)),), None),
        "a twin of the authority": Hand((_by_twin_authority(contoso),), None),
        "the forest next door": Hand((_forged(fabrikam.issuing, ALICE),), None),
        "an authority beyond its names": Hand((_forged(contoso.issuing, "alice@fabrikam.example"),), None),
        "a certificate of no address": Hand((_forged(contoso.issuing),), None),
        "a key for encryption only": Hand(
            (_forged(contoso.issuing, ALICE, profile=profiles.ENCRYPTION),), None
        ),
        "an authority of that address": Hand((_authority(contoso),), None),
        "a key for web servers": Hand((_for_servers(contoso),), None),
        "an end entity as authority": Hand((_forged(mallory, ALICE),), None),
        "an unknown critical demand": Hand((_demanding(contoso),), None),
    }
    anchors = tuple(
        TrustAnchor(forest.root.certificate, domains, name, name)
        for forest, domains, name in (
            (contoso, None, "Contoso"),
            (fabrikam, ("fabrikam.example",), "Fabrikam"),
        )
    )
    entry = RevokedEntry(withdrawn.certificate.serial_number, AT - DAY, Reason.KEY_COMPROMISE)
    lists = (
        contoso.root_list(),
        contoso.person_list(entry),
        fabrikam.root_list(),
        fabrikam.person_list(),
    )
    trust = Trust(anchors, (contoso.issuing.certificate, fabrikam.issuing.certificate), lists)
    carol = _person(contoso.person("carol@contoso.example"))
    return Cast(trust, DecryptionKey(bob.private_key, bob.certificate), carol, hands)


def _over(forest: Forest) -> Person:
    """Alice's key of two years ago, made before the authority of today: only its dates are wrong."""
    old = forest.person(ALICE, at=AT - 20 * DAY)
    given = old.certificate
    builder = x509.CertificateBuilder(
        given.issuer,
        given.subject,
        given.public_key(),
        given.serial_number,
        extensions=list(given.extensions),
    )
    builder = builder.not_valid_before(AT - 20 * DAY).not_valid_after(AT - 10 * DAY)
    issuer = forest.issuing.private_key
    return Person(old.private_key, builder.sign(issuer, signing_digest(issuer)))


def _by_twin_authority(forest: Forest) -> Person:
    """From an authority with the name, serial number and key identifier of the real one."""
    return _forged(imitate(forest.issuing.certificate, None), ALICE)


def _for_servers(forest: Forest) -> Person:
    return _forged(forest.issuing, ALICE, purpose=ExtendedKeyUsageOID.SERVER_AUTH)


def _demanding(forest: Forest) -> Person:
    demand = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.7"), b"\x05\x00")
    return _forged(forest.issuing, ALICE, demands=[demand])


def _authority(forest: Forest) -> Person:
    return _forged(forest.issuing, ALICE, demands=[x509.BasicConstraints(ca=True, path_length=0)])
