"""RSA keys whose private half can be computed are told from sound ones."""

from __future__ import annotations

import random
from math import gcd, isqrt, prod

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

from pki import keys
from pki.errors import RefusedRequest
from pki.requests import read_request
from pki.weak_keys import weakness


def is_prime(n: int) -> bool:
    return all(pow(base, n - 1, n) == 1 for base in (2, 3, 5, 7, 11, 13))


def pair(p: int, q: int, e: int = 65537) -> rsa.RSAPrivateKey:
    d = pow(e, -1, (p - 1) * (q - 1))
    numbers = rsa.RSAPublicNumbers(e, p * q)
    return rsa.RSAPrivateNumbers(
        p, q, d, d % (p - 1), d % (q - 1), rsa.rsa_crt_iqmp(p, q), numbers
    ).private_key()


def roca_prime(seed: int) -> int:
    """k·M + (65537^a mod M), with M the product of the first 126 primes: what the library made of 1 024 bits."""
    source, small = (
        random.Random(seed),
        [n for n in range(2, 702) if all(n % d for d in range(2, isqrt(n) + 1))],
    )
    product = prod(small)
    assert len(small) == 126
    bits = 1024 - product.bit_length()
    for _ in range(20_000):
        k, a = source.getrandbits(bits) | 3 << (bits - 2), source.getrandbits(60)
        candidate = k * product + pow(65537, a, product)
        if candidate.bit_length() == 1024 and is_prime(candidate) and gcd(candidate - 1, 65537) == 1:
            return candidate
    raise AssertionError("no prime of that form was found")


def next_prime(n: int) -> int:
    n |= 1
    while not is_prime(n):
        n += 2
    return n


def big_prime(bits: int, seed: int) -> int:
    return next_prime(random.Random(seed).getrandbits(bits) | 3 << (bits - 2))


def test_a_key_of_the_infineon_library_is_recognised() -> None:
    assert "ROCA" in weakness(pair(roca_prime(1), roca_prime(2)).public_key())


def test_two_primes_close_together_are_found() -> None:
    p = big_prime(1024, 3)
    assert "close together" in weakness(pair(p, next_prime(p + 2)).public_key())


def test_a_small_factor_and_a_small_exponent_are_found() -> None:
    sound = big_prime(1024, 5)
    assert "exponent is 3" in weakness(rsa.RSAPublicNumbers(3, sound * big_prime(1024, 6)).public_key())
    assert "small factor" in weakness(rsa.RSAPublicNumbers(65537, 751 * big_prime(2040, 7)).public_key())


@pytest.mark.parametrize("kind", [keys.KeyType.RSA_2048, keys.KeyType.RSA_3072, keys.KeyType.P256])
def test_sound_keys_pass(kind: keys.KeyType) -> None:
    assert [weakness(keys.generate(kind).public_key()) for _ in range(8)] == [""] * 8


def test_a_request_with_such_a_key_is_refused_by_name() -> None:
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    signed = request.sign(pair(roca_prime(8), roca_prime(9)), hashes.SHA256())
    with pytest.raises(RefusedRequest, match="ROCA"):
        read_request(signed.public_bytes(Encoding.PEM))
