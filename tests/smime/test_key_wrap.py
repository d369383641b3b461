"""RFC 3394, RFC 3217: the content key under another key, in the RFCs' own examples."""

from __future__ import annotations

import pytest

from smime import key_wrap, oids
from smime.errors import Unsupported
from smime.identifiers import AlgorithmIdentifier
from smime.key_wrap import KeyRefused

TRIPLE_DES = AlgorithmIdentifier(oids.DES_EDE3_WRAP)


def test_the_triple_des_wrap_of_old_clients_is_undone() -> None:
    """The worked example of RFC 3217 §3.3, with its parity-adjusted key."""
    content_key = bytes.fromhex("2923bf85e06dd6ae529149f1f1bae9eab3a7da3d860d3e98")
    kek = bytes.fromhex("255e0d1c07b646dfb3134cc843ba8aa71f025b7c0838251f")
    wrapped = bytes.fromhex(
        "690107618ef092b3b48ca1796b234ae9fa33ebb4159604037db5d6a84eb3aac2768c632775a467d4"
    )
    assert key_wrap.unwrap(TRIPLE_DES, kek, wrapped) == content_key
    for damaged in (wrapped[:-1] + b"x", wrapped[:-1], b""):
        with pytest.raises(KeyRefused) as caught:
            key_wrap.unwrap(TRIPLE_DES, kek, damaged)
        assert caught.value.args == ()


@pytest.mark.parametrize(
    ("wrap", "octets", "wrapped"),
    [
        (oids.AES_128_WRAP, 16, "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5"),  # RFC 3394 §4.1
        (oids.AES_192_WRAP, 24, "96778b25ae6ca435f92b5b97c050aed2468ab8a17ad84e5d"),  # §4.2
        (oids.AES_256_WRAP, 32, "64e8c3f9ce0f5ba263e9777905818a2a93c8191e7d6e8ae7"),  # §4.3
    ],
)
def test_the_aes_wrap_gives_the_examples_of_its_standard(wrap: str, octets: int, wrapped: str) -> None:
    content_key, kek = bytes.fromhex("00112233445566778899aabbccddeeff"), bytes(range(octets))
    assert key_wrap.wrap(kek, content_key).hex() == wrapped
    assert key_wrap.unwrap(AlgorithmIdentifier(wrap), kek, bytes.fromhex(wrapped)) == content_key
    assert key_wrap.KEY_OCTETS[wrap] == octets


@pytest.mark.parametrize("damaged", [b"", bytes(8), bytes(23), bytes(24), bytes(4096)])
def test_what_does_not_unwrap_is_refused_without_a_reason(damaged: bytes) -> None:
    with pytest.raises(KeyRefused) as caught:
        key_wrap.unwrap(key_wrap.WRITTEN, bytes(32), damaged)
    assert caught.value.args == ()


def test_what_is_written_is_aes_256_without_parameters_and_what_is_unknown_is_named() -> None:
    assert key_wrap.WRITTEN.to_der().hex() == "300b060960864801650304012d"
    with pytest.raises(Unsupported, match=r"1\.2\.3\.4"):
        key_wrap.require_known(AlgorithmIdentifier("1.2.3.4"))
