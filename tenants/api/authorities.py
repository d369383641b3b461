"""GET /api/authorities/: the authorities of the caller's forest and the state of their revocation lists."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tenants import clock
from tenants.access import actor_of
from tenants.api.access import IsAdministrator
from tenants.scoping import tenant_scope
from tenants.services.list_authorities import AuthorityLine, list_authorities


class ListSerializer(serializers.Serializer[Any]):
    """The revocation list that is served now."""

    number = serializers.IntegerField()
    this_update = serializers.DateTimeField()
    next_update = serializers.DateTimeField()
    entries = serializers.IntegerField(source="entry_count")
    octets = serializers.IntegerField(source="size")


class GenerationSerializer(serializers.Serializer[AuthorityLine]):
    """One key of an authority with its list; `failure` says why the last attempt published nothing."""

    number = serializers.IntegerField(source="generation.number")
    sha256 = serializers.SerializerMethodField()
    key = serializers.CharField(source="key_description")
    not_before = serializers.DateTimeField(source="generation.not_before")
    not_after = serializers.DateTimeField(source="generation.not_after")
    is_issuing = serializers.BooleanField(source="generation.is_issuing")
    online = serializers.BooleanField()
    mail_domains = serializers.ListField(child=serializers.CharField())
    certificates = serializers.IntegerField()
    crl_url = serializers.CharField()
    issuer_url = serializers.CharField()
    crl_state = serializers.CharField(source="crl_state.value")
    crl = ListSerializer(allow_null=True)
    next_run = serializers.DateTimeField(allow_null=True)
    failure = serializers.SerializerMethodField()

    def get_sha256(self, line: AuthorityLine) -> str:
        return bytes(line.generation.sha256).hex()

    def get_failure(self, line: AuthorityLine) -> dict[str, Any] | None:
        if not line.generation.crl_failure:
            return None
        return {"reason": line.generation.crl_failure, "at": line.generation.crl_failed_at}


class Authorities(APIView):
    """Read-only. Roots first, each authority with its generations, newest first."""

    http_method_names = ("get", "head", "options")
    permission_classes = (IsAdministrator,)

    def get(self, request: Request) -> Response:
        actor = actor_of(request._request)
        assert actor is not None  # noqa: S101  the permission has seen to it
        with tenant_scope(actor.tenant_id):
            lines = list_authorities(clock.now())
        response = Response({"forest": actor.tenant.name, "authorities": _by_authority(lines)})
        response["Cache-Control"] = "no-store, private"
        return response


def _by_authority(lines: tuple[AuthorityLine, ...]) -> list[dict[str, Any]]:
    answers: dict[Any, dict[str, Any]] = {}
    for line in lines:
        authority = line.generation.authority
        entry = answers.setdefault(
            authority.id,
            {
                "id": str(authority.id),
                "name": authority.name,
                "kind": authority.kind,
                "parent": str(authority.parent_id) if authority.parent_id else None,
                "generations": [],
            },
        )
        entry["generations"].append(GenerationSerializer(line).data)
    return list(answers.values())


authorities = Authorities.as_view()
authorities.access = "administrator"  # type: ignore[attr-defined]  # the isolation tests read it from the URL resolver
