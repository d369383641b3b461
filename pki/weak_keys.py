"""RSA keys that look sound and are not: public methods that find the private key of a public one.

CA/B S/MIME BR 6.1.1.3 asks an authority to refuse them. What is looked for costs microseconds to a millisecond.
"""

from __future__ import annotations

from functools import lru_cache
from math import gcd, isqrt, prod

from cryptography.hazmat.primitives.asymmetric import rsa

from .keys import PublicKey

SMALLEST_EXPONENT = 65537  # NIST FIPS 186-5 A.1.1; smaller ones have broken with careless padding
FERMAT_ROUNDS = 100

# Primes in which the modulus of a key made by Infineon's library (CVE-2017-15361) betrays itself: it is a power of
# 65537 modulo each of them (Nemec, Sys, Svenda, Klinec, Matyas: The Return of Coppersmith's Attack, 2017, §3.1).
_ROCA_PRIMES = (11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157)


def weakness(public_key: PublicKey) -> str:
    """Why the key can be broken, as half a sentence; empty if nothing of the kind is known of it."""
    if not isinstance(public_key, rsa.RSAPublicKey):
        return ""
    numbers = public_key.public_numbers()
    if numbers.e < SMALLEST_EXPONENT:
        return f"its public exponent is {numbers.e}, below {SMALLEST_EXPONENT}"
    if gcd(numbers.n, _small_primes()) != 1:
        return "its modulus has a small factor"
    if all(numbers.n % prime in _powers(prime) for prime in _ROCA_PRIMES):
        return "it was made by a chip or library whose keys can be computed (ROCA, CVE-2017-15361)"
    if _has_close_factors(numbers.n):
        return "its two primes lie so close together that they can be found (CVE-2022-26320)"
    return ""


@lru_cache(maxsize=1)
def _small_primes() -> int:
    """The product of all primes below 752 (CA/B S/MIME BR 6.1.6)."""
    return prod(n for n in range(2, 752) if all(n % d for d in range(2, isqrt(n) + 1)))


@lru_cache(maxsize=32)
def _powers(prime: int) -> frozenset[int]:
    powers, power = set(), 1
    while power not in powers:
        powers.add(power)
        power = power * 65537 % prime
    return frozenset(powers)


def _has_close_factors(modulus: int) -> bool:
    """Fermat's factorisation, a hundred rounds."""
    middle = isqrt(modulus)
    if middle * middle < modulus:
        middle += 1
    for _ in range(FERMAT_ROUNDS):
        difference = middle * middle - modulus
        if isqrt(difference) ** 2 == difference:
            return True
        middle += 1
    return False
