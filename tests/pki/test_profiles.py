"""Profiles: closed descriptions that survive storage and refuse what they do not know."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pki import profiles
from pki.errors import RefusedRequest
from pki.keys import KeyType
from pki.profiles import Profile

EVERY = [profiles.ROOT, profiles.ISSUING, profiles.SIGNING, profiles.ENCRYPTION, profiles.DUAL_USE]


@pytest.mark.parametrize("profile", EVERY, ids=lambda profile: profile.code)
def test_a_profile_survives_storage(profile: Profile):
    assert Profile.from_data(json.loads(json.dumps(profile.as_data()))) == profile


@pytest.mark.parametrize(
    "change",
    [
        {"unknown": 1},
        {"role": "king"},
        {"key_types": ["dsa-1024"]},
        {"key_types": []},
        {"validity_days": "397"},
        {"validity_days": True},
        {"validity_days": 826},
        {"validity_days": 0},
        {"signs": 1},
        {"signs": False},
        {"escrow": True},
        {"path_length": 0},
        {"code": ""},
    ],
    ids=str,
)
def test_a_stored_profile_with_a_foreign_meaning_is_refused(change: dict):
    with pytest.raises(RefusedRequest):
        Profile.from_data({**profiles.SIGNING.as_data(), **change})


def test_a_missing_field_is_refused():
    data = profiles.SIGNING.as_data()
    del data["escrow"]
    with pytest.raises(RefusedRequest):
        Profile.from_data(data)


def test_dual_use_needs_rsa_and_is_never_escrowed():
    for change in ({"key_types": (KeyType.P256,)}, {"escrow": True}):
        with pytest.raises(RefusedRequest):
            replace(profiles.DUAL_USE, **change)


def test_only_encryption_keys_are_escrowed_by_default():
    assert [profile.code for profile in EVERY if profile.escrow] == ["encryption"]
