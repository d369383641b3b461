"""Short requests that people send to each other to get secure mail going. They hold nothing secret."""

from __future__ import annotations

from django.utils.translation import gettext as _

from mail.letter import Letter


def request_for(what: str, name: str, to: str) -> Letter | None:
    """The letter that asks for a signed letter ("letter") or for a .p7b ("p7b"); None for anything else."""
    if what == "letter":
        subject = _("Please send me a signed letter")
        text = _(
            "Hello,\n\nI would like to write to you encrypted and do not have your certificate yet. Please answer"
            " with a signed letter: your certificate comes along with it by itself.\n\nKind regards\n%(name)s\n"
        )
    elif what == "p7b":
        subject = _("Please send me your certificate with its path")
        text = _(
            "Hello,\n\nyour letter is signed, but the certificate of the authority that issued yours did not come"
            " along, so the signature cannot be checked here. Please export your certificate with its whole path"
            " as a .p7b file and send it to me; your administrator can help.\n\nKind regards\n%(name)s\n"
        )
    else:
        return None
    return Letter(to=to, subject=subject, text=text % {"name": name}, encrypt=False)
