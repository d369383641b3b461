"""RSA keys of the suite: real ones, but only a few of each size, handed out in turn.

Making one takes up to a second. No test has as many people as the pool has keys, so within a test no two share one.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

from pki import keys

SIZE = 12
_generate: Callable[[keys.KeyType], keys.SigningPrivateKey] = keys.generate
_pools: dict[keys.KeyType, Iterator[keys.SigningPrivateKey]] = {}


def generate(key_type: keys.KeyType) -> keys.SigningPrivateKey:
    """As `pki.keys.generate`, pooled for RSA."""
    if not key_type.is_rsa:
        return _generate(key_type)
    if key_type not in _pools:
        _pools[key_type] = _fill_then_cycle(key_type)
    return next(_pools[key_type])


def _fill_then_cycle(key_type: keys.KeyType) -> Iterator[keys.SigningPrivateKey]:
    made = []
    for _ in range(SIZE):
        made.append(_generate(key_type))
        yield made[-1]
    yield from itertools.cycle(made)
