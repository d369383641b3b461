"""Defects that a run must notice, or it proves nothing: a digest that is not computed, a fault, a slow reader."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from smime import body, verify
from smime.cms import SignerInfo
from smime.signed_attributes import message_digest


@contextmanager
def forgotten_digest() -> Iterator[None]:
    """A verifier that believes the digest in the signature."""

    def forgetful(self: object, signer: SignerInfo) -> bytes:
        assert signer.signed_attributes is not None
        return message_digest(signer.signed_attributes) or b""

    with mock.patch.object(verify._Judge, "_digest", forgetful):
        yield


@contextmanager
def fault_in_the_body() -> Iterator[None]:
    """A reader that stumbles over a file without a name."""
    honest = body.safe_name

    def stumbling(name: str, media_type: str, number: int) -> str:
        return honest(name, media_type, number // (number - 3))

    with mock.patch.object(body, "safe_name", stumbling):
        yield


@contextmanager
def slow_reader(seconds: float) -> Iterator[None]:
    """One that counts too much."""
    honest = verify.verify

    def dawdling(*given: object, **named: object) -> object:
        until = time.process_time() + seconds
        while time.process_time() < until:
            pass
        return honest(*given, **named)  # type: ignore[arg-type]

    with mock.patch("smime.layers.verify", dawdling):
        yield
