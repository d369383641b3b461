"""The few kinds of answer that pages give besides pages: go on, take a file."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.utils.http import url_has_allowed_host_and_scheme


def see_other(to: str, *args: Any, **kwargs: Any) -> HttpResponse:
    """After a POST that did something: go on with GET (303). `to`: name of an address, or a path."""
    response = HttpResponseRedirect(resolve_url(to, *args, **kwargs))
    response.status_code = 303
    return response


def safe_path(request: HttpRequest, target: str) -> str:
    """A path of this site to go on to, or nothing: never another host."""
    fits = url_has_allowed_host_and_scheme(target, allowed_hosts=None, require_https=request.is_secure())
    return target if fits and target.startswith("/") else ""


def attached(filename: str) -> str:
    """Content-Disposition (RFC 6266): the name as a quoted-string of ASCII, and percent-encoded where that says less.

    Programs differ about quotes, backslashes and percent signs in a quoted-string (appendix D): then both stand there.
    """
    name = "".join(c if c.isprintable() else "_" for c in filename)
    if not name:
        return "attachment"
    plain = "".join(c if c.isascii() else "_" for c in name)
    quoted = plain.replace("\\", "\\\\").replace('"', '\\"')
    header = f'attachment; filename="{quoted}"'
    if plain == name and not set(name) & set('"\\%'):
        return header
    return f"{header}; filename*=UTF-8''{quote(name, safe='')}"


def download(content: bytes, media_type: str, filename: str) -> HttpResponse:
    """A file to keep: never shown in place, its type never guessed, never stored by a cache on the way."""
    response = HttpResponse(content, content_type=media_type)
    response["Content-Disposition"] = attached(filename)
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "no-store, private"
    return response
