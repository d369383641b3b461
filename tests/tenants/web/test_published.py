"""Published lists and issuer certificates over HTTP: bytes, caching, conditions; no session, no signature."""

from __future__ import annotations

import hashlib
import uuid
from datetime import timedelta

import pytest
from cryptography import x509
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.http import http_date, parse_http_date

from pki.crl import Crl, Reason
from tenants import clock
from tenants.models import CrlPublication, Generation
from tenants.scoping import tenant_scope
from tenants.services.found_forest import publication
from tenants.services.revoke import revoke
from tests.cast import Cast, work


def address(cast: Cast, *, kind: str = "crl", root: bool = False) -> str:
    """The path of the address that stands in certificates."""
    generation = generation_of(cast, root=root)
    found = publication(generation.tenant_id, generation.id)
    url = found.crl_url if kind == "crl" else found.issuer_url
    return url.removeprefix("http://pki.test")


def generation_of(cast: Cast, *, root: bool = False) -> Generation:
    with tenant_scope(cast.contoso.tenant):
        return Generation.objects.get(authority__kind="root" if root else "issuing")


def newest(cast: Cast) -> CrlPublication:
    with tenant_scope(cast.contoso.tenant):
        return CrlPublication.objects.filter(generation=generation_of_id(cast)).newest_first()[0]


def generation_of_id(cast: Cast) -> uuid.UUID:
    return Generation.objects.get(authority__kind="issuing").id


def test_the_address_in_a_certificate_serves_its_list(cast: Cast) -> None:
    certificate = cast.alice.certificate(to_sign=True).certificate
    points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    url = points[0].full_name[0].value
    response = Client(HTTP_HOST="pki.test").get(url.removeprefix("http://pki.test"))
    assert response.status_code == 200
    assert response["Content-Type"] == "application/pkix-crl"
    crl = Crl.parse(response.content)
    crl.verify(generation_of(cast).certificate)
    assert response["ETag"] == f'"{hashlib.sha256(response.content).hexdigest()}"'
    assert response["Content-Length"] == str(len(response.content))
    assert parse_http_date(response["Last-Modified"]) == int(newest(cast).published_at.timestamp())


def test_the_issuer_certificate_is_served_as_it_is(cast: Cast) -> None:
    for root in (False, True):
        response = Client().get(address(cast, kind="cer", root=root))
        assert response["Content-Type"] == "application/pkix-cert"
        assert response.content == bytes(generation_of(cast, root=root).der)
        assert "immutable" in response["Cache-Control"]


def test_a_revoked_list_is_seen_within_a_minute_even_through_a_cache(cast: Cast) -> None:
    response = Client().get(address(cast))
    assert response["Cache-Control"] == "public, max-age=60, must-revalidate"
    assert "Expires" not in response.headers


def test_a_list_near_its_end_is_not_cached_beyond_it(cast: Cast) -> None:
    url = address(cast)
    left = newest(cast).next_update - clock.now() - timedelta(seconds=20)
    with clock.moved(left):
        response = Client().get(url)
    assert int(response["Cache-Control"].split("max-age=")[1].split(",")[0]) <= 20


def test_whoever_has_the_list_gets_304_without_its_bytes(cast: Cast) -> None:
    url = address(cast)
    first = Client().get(url)
    same = Client().get(url, HTTP_IF_NONE_MATCH=first["ETag"])
    since = Client().get(url, HTTP_IF_MODIFIED_SINCE=first["Last-Modified"])
    older = Client().get(url, HTTP_IF_MODIFIED_SINCE=http_date(parse_http_date(first["Last-Modified"]) - 1))
    assert [same.status_code, since.status_code, older.status_code] == [304, 304, 200]
    assert same.content == b""
    assert same["ETag"] == first["ETag"]
    assert same["Cache-Control"] == first["Cache-Control"]


def test_a_new_list_changes_the_tag_so_that_a_condition_fetches_it(cast: Cast) -> None:
    cast.alice  # noqa: B018  she is issued her certificates
    url = address(cast)
    old = Client().get(url)
    certificate = cast.alice.certificate(to_sign=True)
    revoke(cast.olga.actor, certificate.id, Reason.KEY_COMPROMISE, clock.now())
    work()
    new = Client().get(url, HTTP_IF_NONE_MATCH=old["ETag"])
    assert new.status_code == 200
    assert Crl.parse(new.content).find(certificate.certificate.serial_number) is not None
    assert Crl.parse(old.content).find(certificate.certificate.serial_number) is None


def test_head_has_the_headers_of_get(cast: Cast) -> None:
    url = address(cast)
    head, get = Client().head(url), Client().get(url)
    assert head.content == b""
    assert dict(head.headers) == dict(get.headers)


def test_no_session_no_cookie_no_page_headers(cast: Cast) -> None:
    client = Client()
    for url in (address(cast), address(cast, kind="cer"), f"/pki/{'0' * 32}/{'0' * 32}.crl"):
        response = client.get(url, HTTP_ACCEPT_LANGUAGE="de")
        assert not response.cookies
        for name in ("Vary", "Content-Language", "Set-Cookie", "Content-Security-Policy"):
            assert name not in response.headers, (url, name)


def test_serving_reads_and_does_nothing_else(cast: Cast) -> None:
    url = address(cast)
    with CaptureQueriesContext(connection) as capture:
        Client().get(url)
    changing = ("INSERT", "UPDATE", "DELETE")
    assert not [query for query in capture.captured_queries if query["sql"].startswith(changing)]


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_the_address_only_reads(cast: Cast, method: str) -> None:
    assert getattr(Client(), method)(address(cast)).status_code == 405


def test_what_is_not_published_is_not_there(cast: Cast) -> None:
    generation, foreign = generation_of(cast), cast.fabrikam.tenant
    tenant, known = generation.tenant_id.hex, generation.id.hex
    for path in (
        f"/pki/{tenant}/{uuid.uuid4().hex}.crl",
        f"/pki/{uuid.uuid4().hex}/{known}.crl",
        f"/pki/{foreign.id.hex}/{known}.crl",
        f"/pki/{foreign.id.hex}/{known}.cer",
        f"/pki/{tenant}/{known.upper()}.crl",
        f"/pki/{tenant}/{known}.pem",
        f"/pki/{tenant}/{known[:-1]}.crl",
        "/pki/",
    ):
        assert Client().get(path).status_code == 404, path


def test_a_generation_without_a_list_yet_is_404_not_an_empty_list(cast: Cast) -> None:
    with tenant_scope(cast.contoso.tenant, write=True):
        issuing = Generation.objects.get(authority__kind="issuing")
        bare = Generation(
            authority=issuing.authority, number=2, der=issuing.der, sha256=b"x" * 32, spki_sha256=b"y" * 32,
            serial_number="1", not_before=issuing.not_before, not_after=issuing.not_after,
        )  # fmt: skip
        bare.save()
    response = Client().get(f"/pki/{issuing.tenant_id.hex}/{bare.id.hex}.crl")
    assert response.status_code == 404
    assert response["Cache-Control"] == "no-store"
