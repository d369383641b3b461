"""Published lists and issuer certificates: for anybody, without session or cookie, exactly the bytes that were signed.

RFC 5280 §4.2.1.13 and §4.2.2.1 (where certificates point to), RFC 2585 (media types), RFC 9110 §13 (conditional
requests), RFC 9111 (caching). Nothing is signed while serving; whatever is not published is 404.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from django.utils.cache import get_conditional_response
from django.utils.dateparse import parse_datetime
from django.utils.http import http_date
from django.views.decorators.http import require_safe

from pki.crl import Crl
from tenants import clock
from tenants.access import public
from tenants.public import PublishedList, current_list, issuer_certificate, list_in_force
from tenants.published_files import issuer_file, list_file, read

# A list is good until its nextUpdate, days away, but a revocation puts a new one in its place at any moment. A cache
# that kept lists until nextUpdate (`Expires: nextUpdate` is often seen) would hide revocations for those days. One
# minute is the delay that we promise from revoking to seeing. `must-revalidate`: a cache that cannot reach us has to
# say so instead of handing out an old list as if it had just been asked; the relying party still has its own copy,
# and knows how old that is.
LIST_SECONDS = 60
# A certificate never changes under its address.
CERTIFICATE_SECONDS = 86_400


@public
@require_safe
def public_crl(
    request: HttpRequest, tenant: uuid.UUID, generation: uuid.UUID, shard: int | None = None
) -> HttpResponse:
    """The newest revocation list of one generation of an authority, or of one of its shards after the first.

    With `?at=2026-11-24T10:00:00Z` the list that was in force then: what is judged years later is judged by it.
    """
    if shard == 0:  # the first one has the address without a number
        return _nothing()
    if "at" in request.GET:
        return _list_of_then(request, tenant, generation, shard or 0)
    found = _current(tenant, generation, shard or 0)
    if found is None:
        return _nothing()
    left = int((found.next_update - clock.now()).total_seconds())
    caching = f"public, max-age={max(0, min(LIST_SECONDS, left))}, must-revalidate"
    return _document(
        request, found.der, "application/pkix-crl", found.sha256, caching, changed_at=found.published_at
    )


def _current(tenant: uuid.UUID, generation: uuid.UUID, shard: int) -> PublishedList | None:
    """From the folder of published files where the list is there, also while the database is away; else from the database.

    One source for one address: two could answer with the older one after the newer one.
    """
    file = list_file(tenant, generation, shard)
    der = read(file)
    if file is None or der is None:
        return current_list(tenant, generation, shard)
    crl = Crl.parse(der)
    made_at = datetime.fromtimestamp(file.stat().st_mtime, UTC)
    return PublishedList(der, crl.sha256, made_at, crl.next_update or made_at)


def _list_of_then(request: HttpRequest, tenant: uuid.UUID, generation: uuid.UUID, shard: int) -> HttpResponse:
    """For a moment in the past the answer never changes; for one to come there is none."""
    at = parse_datetime(request.GET["at"].replace(" ", "+")) if len(request.GET["at"]) <= 40 else None
    if at is None or at.tzinfo is None or at > clock.now():
        return _nothing()
    found = list_in_force(tenant, generation, shard, at)
    if found is None:
        return _nothing()
    caching = f"public, max-age={CERTIFICATE_SECONDS}"
    return _document(
        request, found.der, "application/pkix-crl", found.sha256, caching, changed_at=found.published_at
    )


@public
@require_safe
def public_issuer(request: HttpRequest, tenant: uuid.UUID, generation: uuid.UUID) -> HttpResponse:
    """The certificate of one generation of an authority."""
    der = read(issuer_file(tenant, generation)) or issuer_certificate(tenant, generation)
    if der is None:
        return _nothing()
    caching = f"public, max-age={CERTIFICATE_SECONDS}, immutable"
    return _document(request, der, "application/pkix-cert", hashlib.sha256(der).digest(), caching)


def _document(
    request: HttpRequest,
    der: bytes,
    media_type: str,
    sha256: bytes,
    caching: str,
    *,
    changed_at: datetime | None = None,
) -> HttpResponse:
    """The bytes, or 304 where the client has them already."""
    response = HttpResponse(der, content_type=media_type)
    response["ETag"] = f'"{sha256.hex()}"'
    response["Cache-Control"] = caching
    response["Content-Length"] = str(len(der))
    modified = None
    if changed_at is not None:
        modified = int(changed_at.timestamp())
        response["Last-Modified"] = http_date(modified)
    answer = get_conditional_response(
        request, etag=response["ETag"], last_modified=modified, response=response
    )
    return _bare(answer if isinstance(answer, HttpResponse) else response)


def _nothing() -> HttpResponse:
    """Unknown forest, unknown generation, or nothing published yet: all alike, and asked again soon."""
    response = HttpResponseNotFound("Nothing is published at this address.\n", content_type="text/plain")
    response["Cache-Control"] = "no-store"
    return _bare(response)


def _bare(response: HttpResponse) -> HttpResponse:
    response.is_bare = True  # type: ignore[attr-defined]
    return response


class BareDocuments:
    """Takes off what the other middleware adds for pages: a list is the same in every language and for every session.

    `Vary: Accept-Language` would split shared caches, page policies mean nothing to a program that reads DER.
    """

    PAGE_HEADERS = (
        "Vary",
        "Content-Language",
        "Content-Security-Policy",
        "X-Frame-Options",
        "Referrer-Policy",
        "Cross-Origin-Opener-Policy",
    )

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if getattr(response, "is_bare", False):
            for name in self.PAGE_HEADERS:
                response.headers.pop(name, None)
        return response
