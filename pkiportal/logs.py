"""What a log must not hold: the content of letters in the messages of exceptions, and one-time links in paths."""

from __future__ import annotations

import logging
import re

_LINK = re.compile(r"/welcome/[^/\s]+")


class WithoutContent(logging.Filter):
    """For the handler: drops Django's own report of a failed request (`views.server_error` has told it, without the
    exception's message, which may quote anything), and hides the secret of a sign-in link in every path.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name == "django.request" and getattr(record, "status_code", 0) >= 500:
            return False
        if isinstance(record.args, tuple):
            record.args = tuple(_without_link(argument) for argument in record.args)
        return True


def _without_link(argument: object) -> object:
    return _LINK.sub("/welcome/…", argument) if isinstance(argument, str) else argument
