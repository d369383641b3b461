"""The kinds of due work around letters: importing a transport registers its kinds."""

from __future__ import annotations

from mail.services import expiry_notices, judge_letters
from mail.transport import smtp, spool

KINDS = (
    spool.receive,
    spool.confirm,
    smtp.hand_over,
    judge_letters.judge_letter,
    judge_letters.judge_again,
    expiry_notices.expiry_notice,
)
FINDERS = (expiry_notices.find_expiring,)
