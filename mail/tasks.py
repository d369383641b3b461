"""The kinds of due work around letters: importing a transport registers its kinds."""

from __future__ import annotations

from mail.transport import smtp, spool

KINDS = (spool.receive, spool.confirm, smtp.hand_over)
