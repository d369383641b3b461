"""RFC 5958, 8410, 9881, 9935: every kind of key this portal handles, and what each may be used for."""

from __future__ import annotations

import dataclasses

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448

from pki import certificates, keys, profiles, samples
from pki.certificates import MailDomain
from pki.errors import MalformedInput, RefusedRequest
from pki.keys import KeyType
from pki.path import Verdict, validate
from pki.pkcs12 import Identity, write_pkcs12
from pki.profiles import Profile

from .conftest import AT, Forest, found_forest, some_key

ML_KEM = (KeyType.ML_KEM_768, KeyType.ML_KEM_1024)
ML_DSA = (KeyType.ML_DSA_44, KeyType.ML_DSA_65, KeyType.ML_DSA_87)


def opted_in(profile: Profile, kind: KeyType) -> Profile:
    return dataclasses.replace(profile, key_types=(kind,))


@pytest.mark.parametrize("kind", list(KeyType))
def test_every_kind_of_key_survives_pkcs8_and_is_known_again(kind: KeyType) -> None:
    private_key = some_key(kind)
    encoded = keys.to_pkcs8(private_key)
    for verified in (False, True):
        again = keys.from_pkcs8(encoded, verified=verified)
        assert keys.spki(again.public_key()) == keys.spki(private_key.public_key())
    assert keys.key_type(private_key.public_key()) is kind
    assert keys.describe(private_key.public_key()).lower().removeprefix("ec ") == kind.value


@pytest.mark.parametrize("kind", [*ML_DSA, *ML_KEM])
def test_module_lattice_keys_are_kept_as_their_seed(kind: KeyType) -> None:
    """RFC 9881 §6, RFC 9935 §6: `[0]` with 32 or 64 octets, never the expanded key of kilobytes."""
    encoded = keys.to_pkcs8(some_key(kind))
    seed = 64 if kind.is_kem else 32
    assert encoded[-seed - 4 : -seed] == bytes((0x04, seed + 2, 0x80, seed))


@pytest.mark.parametrize(
    "unknown", [ed448.Ed448PrivateKey.generate(), ec.generate_private_key(ec.BrainpoolP256R1())]
)
def test_a_key_that_is_not_handled_is_refused(
    unknown: ed448.Ed448PrivateKey | ec.EllipticCurvePrivateKey,
) -> None:
    encoded = unknown.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    if isinstance(unknown, ec.EllipticCurvePrivateKey):
        assert keys.key_type(keys.from_pkcs8(encoded).public_key()) is None  # read, never issued to
        return
    with pytest.raises(MalformedInput):
        keys.from_pkcs8(encoded)


@pytest.mark.parametrize("kind", [kind for kind in KeyType if not kind.can_encrypt])
def test_a_key_that_only_signs_fits_no_encryption_profile(kind: KeyType) -> None:
    with pytest.raises(RefusedRequest, match="cannot encrypt"):
        opted_in(profiles.ENCRYPTION, kind)


@pytest.mark.parametrize("kind", [kind for kind in KeyType if not kind.can_sign])
def test_a_key_that_only_receives_fits_no_signing_profile(kind: KeyType) -> None:
    with pytest.raises(RefusedRequest, match="cannot sign"):
        opted_in(profiles.SIGNING, kind)


@pytest.mark.parametrize("kind", [*ML_KEM, KeyType.X25519])
def test_a_modern_encryption_certificate_is_issued_by_opt_in_and_may_be_encrypted_to(
    kind: KeyType, contoso: Forest
) -> None:
    public_key = some_key(kind).public_key()

    def issue(profile: Profile) -> certificates.x509.Certificate:
        return certificates.issue_person(
            issuer=contoso.issuing, public_key=public_key, name="Alice", mailbox="alice@contoso.example",
            profile=profile, publication=contoso.publication, serial_number=certificates.new_serial_number(),
            at=AT,
        )  # fmt: skip

    with pytest.raises(RefusedRequest, match="not allowed"):
        issue(profiles.ENCRYPTION)
    certificate = issue(opted_in(profiles.ENCRYPTION, kind))
    usage = certificate.extensions.get_extension_for_class(certificates.x509.KeyUsage).value
    assert (usage.key_encipherment, usage.key_agreement) == (kind.is_kem, not kind.is_kem)
    assert certificates.can_encrypt(certificate)
    assert not certificates.can_sign(certificate)
    result = validate(
        leaf=certificate, trust=contoso.trust(contoso.root_list(), contoso.person_list()), at=AT
    )
    assert result.verdict is Verdict.GOOD, result.findings


@pytest.mark.parametrize("kind", ML_DSA)
def test_a_forest_signed_with_ml_dsa_throughout_is_judged_like_any_other(kind: KeyType) -> None:
    root = dataclasses.replace(profiles.ROOT, key_types=(kind,))
    issuing = dataclasses.replace(profiles.ISSUING, key_types=(kind,))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(profiles, "ROOT", root)
        patch.setattr(profiles, "ISSUING", issuing)
        forest = found_forest("Lattice", MailDomain("lattice.example"), root_type=kind, issuing_type=kind)
    alice = forest.person("alice@lattice.example", profile=opted_in(profiles.SIGNING, kind), key_type=kind)
    assert certificates.can_sign(alice.certificate)
    trust = forest.trust(forest.root_list(), forest.person_list())
    result = validate(leaf=alice.certificate, trust=trust, at=AT)
    assert result.verdict is Verdict.GOOD, result.findings


@pytest.mark.parametrize("kind", [*ML_DSA, *ML_KEM, KeyType.X25519])
def test_a_key_that_key_files_do_not_carry_is_refused_by_name(kind: KeyType, contoso: Forest) -> None:
    identity = Identity(some_key(kind), contoso.root.certificate)
    with pytest.raises(RefusedRequest) as caught:
        write_pkcs12(identity=identity, chain=[], password="secret", name="Alice")
    assert caught.value.finding.code == "pkcs12-key-kind"
    assert keys.describe(identity.private_key.public_key()) in caught.value.finding.summary
    assert "PKCS#8" in caught.value.finding.remedy


@pytest.mark.parametrize("kind", KeyType)
def test_a_kind_of_key_is_called_as_its_keys_are(kind: KeyType) -> None:
    """Rows keep the description of a key; policies compare it with the kind that they want."""
    assert keys.describe(samples.sample_key(kind)) == kind.spoken
