"""What a log must not hold: the content of letters in the messages of exceptions, and one-time links in paths."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping

# Absent or foreign; a method that a page does not have; a form that has to be changed.
EVERYDAY = frozenset({404, 405, 422})
# "welcome" in any case, its letters perhaps percent-encoded, and the rest of that address: what follows is the secret,
# whatever stands between them. A misspelled word leaves the secret's own shape (`secrets.token_urlsafe(32)`) to go by.
_WORD = "".join(f"(?:{letter}|%{ord(letter):02x}|%{ord(letter.upper()):02x})" for letter in "welcome")
_LINK = re.compile(rf"({_WORD})[/\\;%][^\s'\"]*", re.IGNORECASE)
_SECRET = re.compile(r"[A-Za-z0-9_-]{43,}")
_FINGERPRINT = re.compile(r"[0-9a-fA-F]+")


class WithoutContent(logging.Filter):
    """For the handler: drops Django's own report of a failed request (`views.server_error` has told it, without the
    exception's message, which may quote anything) and of answers that are part of everyday use, and hides the secret of a
    sign-in link in every path.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        status = getattr(record, "status_code", 0)
        if record.name == "django.request" and (status >= 500 or status in EVERYDAY):
            return False
        if not record.args:
            record.msg = _without_link(record.msg)
        elif isinstance(record.args, tuple):
            record.args = tuple(_without_link(argument) for argument in record.args)
        elif isinstance(record.args, Mapping):
            record.args = {key: _without_link(value) for key, value in record.args.items()}
        return True


def _without_link(argument: object) -> object:
    if not isinstance(argument, str):
        return argument
    return _SECRET.sub(_unless_hexadecimal, _LINK.sub(r"\1/…", argument))


def _unless_hexadecimal(found: re.Match[str]) -> str:
    return found[0] if _FINGERPRINT.fullmatch(found[0]) else "…"
