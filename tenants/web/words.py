"""Dates inside sentences that views compose (whole facts are drawn by the templates' own filters)."""

from __future__ import annotations

import re
from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pki.crl import Reason


def full_day(value: datetime) -> str:
    """'13 Nov 2026', in the person's time zone."""
    return date_format(timezone.localtime(value), "j M Y")


def full_moment(value: datetime) -> str:
    """'13 Nov 2026 17:20', in the person's time zone."""
    return date_format(timezone.localtime(value), "j M Y H:i")


def clock_time(value: datetime) -> str:
    """'17:20', in the person's time zone."""
    return date_format(timezone.localtime(value), "H:i")


def wrong_pin_words(left: int) -> str:
    """The sentence of a wrong PIN wherever one is asked for."""
    sentence = ngettext(
        "That PIN does not fit. %(n)d try left.", "That PIN does not fit. %(n)d tries left.", left
    )
    return sentence % {"n": left}


def ended_words(not_after: datetime, revoked_at: datetime | None, reason: str) -> str:
    """'revoked 3 Apr 2026: key compromise', 'on hold since 3 Apr 2026', 'ended 4 Sep 2026', 'replaced by a newer one'."""
    if revoked_at is not None and reason == Reason.CERTIFICATE_HOLD.value:
        return _("on hold since %(date)s") % {"date": full_day(revoked_at)}
    if revoked_at is not None:
        facts = {"date": full_day(revoked_at), "reason": camel_words(reason)}
        return _("revoked %(date)s: %(reason)s") % facts
    if not_after <= timezone.now():
        return _("ended %(date)s") % {"date": full_day(not_after)}
    return _("replaced by a newer one")


def camel_words(code: str) -> str:
    """'keyCompromise' → 'key compromise'."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", code).lower()
