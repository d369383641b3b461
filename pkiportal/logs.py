"""What a log must not hold: the content of letters in the messages of exceptions, and one-time links in paths."""

from __future__ import annotations

import logging
import re

# Absent or foreign; a method that a page does not have; a form that has to be changed.
EVERYDAY = frozenset({404, 405, 422})
_LINK = re.compile(r"/welcome/[^/\s]+")


class WithoutContent(logging.Filter):
    """For the handler: drops Django's own report of a failed request (`views.server_error` has told it, without the
    exception's message, which may quote anything) and of answers that are part of everyday use, and hides the secret of a
    sign-in link in every path.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        status = getattr(record, "status_code", 0)
        if record.name == "django.request" and (status >= 500 or status in EVERYDAY):
            return False
        if isinstance(record.args, tuple):
            record.args = tuple(_without_link(argument) for argument in record.args)
        return True


def _without_link(argument: object) -> object:
    return _LINK.sub("/welcome/…", argument) if isinstance(argument, str) else argument
