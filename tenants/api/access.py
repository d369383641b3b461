"""Who may use the API: the same people as the pages, and the same answer for what is not theirs.

Signed out: 403 with a remedy (a program cannot use the door's redirect). Not an administrator: 404, as on the pages.
Every error has one shape: {"error": {"code", "summary", "remedy", "owner"}}.
"""

from __future__ import annotations

from typing import Any

from django.http import Http404
from rest_framework import exceptions
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView, exception_handler

from tenants.access import actor_of

SIGNED_OUT = (
    "signed-out",
    "Nobody is signed in.",
    "Sign in to the portal; its session is used here too.",
    "you",
)
NOT_THERE = ("not-found", "There is nothing at this address for you.", "", "")


class IsAdministrator(BasePermission):
    """Sets nothing: views take the actor from `actor_of(request._request)`."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        actor = actor_of(request._request)
        if actor is None:
            return False
        if not actor.is_administrator:
            raise Http404
        return True


def describe_error(exception: Exception, context: dict[str, Any]) -> Response | None:
    """Django REST framework's exception handler: its status, our shape."""
    response = exception_handler(exception, context)
    if response is None:
        return None
    response.data = {"error": _error(exception)}
    return response


def _error(exception: Exception) -> dict[str, str]:
    match exception:
        case Http404() | exceptions.NotFound():
            facts = NOT_THERE
        case exceptions.NotAuthenticated() | exceptions.PermissionDenied():
            facts = SIGNED_OUT
        case exceptions.APIException():
            facts = (str(exception.default_code), str(exception.detail), "", "you")
        case _:
            facts = ("error", "This could not be answered.", "", "operator")
    return dict(zip(("code", "summary", "remedy", "owner"), facts, strict=True))
