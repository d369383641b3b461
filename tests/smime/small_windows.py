"""Every letter is a long one: nothing above 200 octets stays in memory, and every block and window is tiny."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from smime import base64_text, layers, mime_read, octets, spool

LIMITS = {
    (octets, "IN_MEMORY"): 200,
    (spool, "IN_MEMORY"): 200,
    (mime_read, "IN_MEMORY"): 200,
    (base64_text, "IN_MEMORY"): 200,
    (octets, "BLOCK"): 700,  # two of them hold the longest delimiter
    (layers, "BLOCK"): 700,
    (spool, "_CHUNK"): 256,
    (base64_text, "_CHUNK_TEXT"): 700,
}


@contextmanager
def small_windows() -> Iterator[None]:
    """Puts the limits in force."""
    with pytest.MonkeyPatch.context() as patch:
        for (module, name), value in LIMITS.items():
            assert hasattr(module, name)
            patch.setattr(module, name, value)
        yield
