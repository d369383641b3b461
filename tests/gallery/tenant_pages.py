"""Samples of the door, of keys and certificates, and of the administration."""

from __future__ import annotations

from typing import Any

from . import forms
from .shells import shell

Page = tuple[str, dict[str, Any], str]


def pages() -> dict[str, Page]:
    nobody = shell(None)
    wrong = forms.with_error(
        forms.SignIn({"address": "alice@contoso.example", "password": "x"}),
        None,
        "Address and password do not fit together. Check both, or ask your administrator for a new link.",
    )
    return {
        "door": ("door.html", {"shell": nobody, "form": forms.SignIn(), "next": "/mail/"}, "/sign-in/"),
        "door-wrong": ("door.html", {"shell": nobody, "form": wrong, "next": ""}, "/sign-in/"),
    }
