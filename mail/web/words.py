"""Short pieces of sentences that views of letters compose."""

from __future__ import annotations

from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from django.utils.translation import gettext as _


def short_fingerprint(certificate: x509.Certificate) -> str:
    """'4C19 7D02': enough to recognise a certificate, never enough to decide about it."""
    digits = certificate.fingerprint(SHA256()).hex().upper()
    return f"{digits[:4]} {digits[4:8]}"


def in_a_list(name: str) -> str:
    """A name beside others, where a comma of its own would make two of it: '“Berger, Bob”'."""
    return f"“{name}”" if "," in name else name


def joined(names: Sequence[str]) -> str:
    """'Bob', 'Bob and Farid', '“Berger, Bob”, Farid and Tina'."""
    known = [in_a_list(name) for name in names]
    if len(known) < 2:
        return "".join(known)
    return _("%(first)s and %(last)s") % {"first": ", ".join(known[:-1]), "last": known[-1]}
