"""Ask for an authority's certificate: a new authority below another one, a new key of one, a cross-certificate.

Whose parent is online is signed by the worker; whose parent is offline waits for a work order.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from pki import authorities, keys
from pki.certificates import MailDomain, Publication
from pki.extensions import find
from pki.formats import read_certificates
from pki.keys import KeyType
from pki.names import common_name, normalise_domain
from pki.requests import read_request
from tenants import due_work
from tenants.access import Actor
from tenants.models import Approval, Authority, AuthorityRequest, Generation
from tenants.models import MailDomain as OwnedDomain
from tenants.models.authorities import AuthorityKind
from tenants.models.ceremonies import RequestState
from tenants.refusals import refuse
from tenants.scoping import current_tenant_id, tenant_scope
from tenants.services.approvals import Content, Operator, act, register

KEY_TYPES = (KeyType.P256, KeyType.P384, KeyType.RSA_3072, KeyType.RSA_4096)
CROSS_DEPTH = 3


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is recorded. `name`: of a new authority, empty for a new key of `authority_id`."""

    name: str
    authority_id: uuid.UUID | None
    issuer_id: uuid.UUID | None
    path_length: int
    domains: tuple[MailDomain, ...]
    key_type: str
    proof: bytes | None
    subject_id: uuid.UUID | None = None
    is_cross: bool = False


def want_subordinate(
    actor: Actor | Operator,
    name: str,
    issuer_id: uuid.UUID,
    path_length: int,
    domains: Sequence[str],
    key_type: str,
    request: bytes,
    at: datetime,
) -> Approval | None:
    """A new authority under the generation `issuer_id`.

    `path_length` 0 makes one that issues to people. `request`: the PKCS#10 of a key kept offline; empty if the worker is
    to make and keep the key. Raises Refused, MalformedInput, RefusedRequest, Generation.DoesNotExist.
    """
    name = " ".join(name.split())
    content = {
        "name": name,
        "issuer": issuer_id.hex,
        "path_length": path_length,
        "domains": list(domains),
        "key_type": key_type,
        "request": base64.b64encode(request).decode(),
    }
    return act(SUBORDINATE, actor.tenant_id, actor.person_id, f"Make the authority {name}.", content, at)


def _prepare_subordinate(tenant_id: uuid.UUID, content: Content, at: datetime) -> _Wanted:
    proof = base64.b64decode(content["request"])
    name, issuer_id = str(content["name"]), uuid.UUID(content["issuer"])
    if not 1 <= len(name) <= 60:
        raise refuse("authority-name", "An authority needs a name of at most 60 characters.")
    with tenant_scope(tenant_id):
        taken = Authority.objects.filter(name=name).first()
        if taken is not None and (taken.generations.exists() or taken.requests.open().exists()):
            raise refuse(
                "authority-name-taken",
                f"There is an authority named {name} already.",
                remedy="Choose another.",
            )
        domains = _own_domains(content["domains"])
        issuer = Generation.objects.select_related("authority").get(id=issuer_id)
    path_length = int(content["path_length"])
    _check_issuer(issuer, path_length, domains, at)
    key_type = _key_type(str(content["key_type"]))
    return _Wanted(name, None, issuer_id, path_length, domains, key_type, _request(proof))


def want_generation(
    actor: Actor | Operator, authority_id: uuid.UUID, request: bytes, at: datetime
) -> Approval | None:
    """A new key of an authority below another one, with the domains of today. `request`: as for a subordinate.

    The newest generation of its parent signs it. Raises Refused, PkiError, Authority.DoesNotExist.
    """
    with tenant_scope(actor.tenant_id):
        authority = Authority.objects.get(id=authority_id)
        newest = Generation.objects.filter(authority=authority).order_by("-number").first()
        number = newest.number + 1 if newest else 1
    content = {"authority": authority_id.hex, "number": number, "request": base64.b64encode(request).decode()}
    summary = f"Make generation {number} of {authority.name}, a new key that takes over."
    return act(GENERATION, actor.tenant_id, actor.person_id, summary, content, at)


def _prepare_generation(tenant_id: uuid.UUID, content: Content, at: datetime) -> _Wanted:
    with tenant_scope(tenant_id):
        authority = Authority.objects.select_related("parent").get(id=uuid.UUID(content["authority"]))
        if authority.is_root:
            raise refuse(
                "root-made-offline", "A forest keeps the root that it was founded with.",
                remedy="Ask for a new generation of an authority below it.",
            )  # fmt: skip
        newest = Generation.objects.filter(authority=authority).order_by("-number").first()
        if newest is None or AuthorityRequest.objects.open().filter(authority=authority).exists():
            raise refuse(
                "generation-under-way", f"A certificate for {authority.name} is asked for already.",
                remedy="Finish it or withdraw it first.",
            )  # fmt: skip
        issuer = _newest_of(authority.parent, at)
        domains = _own_domains(
            [d.name for d in OwnedDomain.objects.filter(tenant_id=tenant_id).order_by("name")]
        )
        offline = not hasattr(newest, "key")
    constraints = find(newest.certificate, x509.BasicConstraints)
    path_length = constraints.path_length if constraints and constraints.path_length is not None else 0
    if issuer is not None:
        domains = tuple(d for d in domains if authorities.covers(issuer.certificate, d))
    _check_issuer(issuer, path_length, domains, at)
    proof = _request(base64.b64decode(content["request"]))
    if offline and proof is None:
        raise refuse(
            "request-needed", f"The key of {authority.name} is kept outside the portal; so must its new one be.",
            remedy="Run python -m pki new-request on the offline machine and bring the request.",
        )  # fmt: skip
    kind = keys.key_type(newest.certificate.public_key()) or KeyType.P256
    key_type = kind.value if kind in KEY_TYPES else KeyType.P256.value
    return _Wanted("", authority.id, issuer.id if issuer else None, path_length, domains, key_type, proof)


def _newest_of(authority: Authority | None, at: datetime) -> Generation | None:
    """The generation of a parent that signs now: the newest valid one."""
    if authority is None:
        return None
    valid = Generation.objects.filter(authority=authority, not_before__lte=at, not_after__gt=at)
    newest = valid.select_related("authority").order_by("-number").first()
    if newest is None:
        raise refuse(
            "parent-ended", f"{authority.name} has no valid generation that could sign.", owner="administrator",
            remedy="Make a new generation of it first.",
        )  # fmt: skip
    return newest


def want_cross(
    actor: Actor | Operator, issuer_id: uuid.UUID, root: bytes, domains: Sequence[str], at: datetime
) -> Approval | None:
    """A certificate by our generation `issuer_id` for the key of a root: ours of another generation, or an outside one.

    `root`: its self-signed certificate. `domains`: what it may vouch for under ours. Raises Refused, PkiError.
    """
    found = read_certificates(root)
    if len(found) != 1:
        raise refuse("not-one-root", f"The file holds {len(found)} certificates; exactly one root is needed.")
    content = {
        "issuer": issuer_id.hex,
        "root": base64.b64encode(found[0].public_bytes(Encoding.DER)).decode(),
        "domains": list(domains),
    }
    name = common_name(found[0].subject) or "a root without a name"
    summary = f"Sign a cross-certificate for {name}, limited to {', '.join(domains)}."
    return act(CROSS, actor.tenant_id, actor.person_id, summary, content, at)


def _prepare_cross(tenant_id: uuid.UUID, content: Content, at: datetime) -> _Wanted:
    der = base64.b64decode(content["root"])
    root = x509.load_der_x509_certificate(der)
    authorities.check_own_root(root, at)
    domains = tuple(
        MailDomain(normalise_domain(name.lstrip(".")), name.startswith(".")) for name in content["domains"]
    )
    with tenant_scope(tenant_id):
        issuer = Generation.objects.select_related("authority").get(id=uuid.UUID(content["issuer"]))
        spki = keys.spki_sha256(root.public_key())
        subject = Generation.objects.filter(spki_sha256=spki, authority__kind=AuthorityKind.ROOT).first()
        waiting = AuthorityRequest.objects.open().filter(issuer=issuer, is_cross=True, proof=der)
        if waiting.exists():
            raise refuse(
                "cross-under-way",
                "This cross-certificate is asked for already.",
                remedy="Export a work order.",
            )
    if subject is not None and subject.id == issuer.id:
        raise refuse(
            "cross-itself", "A root's key is not signed by itself.", remedy="Choose another generation."
        )
    _check_issuer(issuer, CROSS_DEPTH, domains, at)
    return _Wanted(
        common_name(root.subject) or "Root", None, issuer.id, CROSS_DEPTH, domains, "", der,
        subject.id if subject else None, is_cross=True,
    )  # fmt: skip


def _record(person_id: uuid.UUID | None, wanted: _Wanted, at: datetime) -> None:
    authority, number = None, 0
    if not wanted.is_cross:
        authority = _authority(wanted)
        newest = Generation.objects.filter(authority=authority).order_by("-number").first()
        number = newest.number + 1 if newest else 1
    request = AuthorityRequest.objects.create(
        authority=authority,
        number=number,
        issuer_id=wanted.issuer_id,
        is_cross=wanted.is_cross,
        subject_id=wanted.subject_id,
        title=wanted.name if authority is None else f"{authority.name} G{number}",
        path_length=wanted.path_length,
        mail_domains=[[d.name, d.include_subdomains] for d in wanted.domains],
        key_type=wanted.key_type,
        proof=wanted.proof,
        state=RequestState.READY if wanted.proof else RequestState.MAKING,
        wanted_by_id=person_id,
        wanted_at=at,
    )
    due_work.schedule("make_authority", current_tenant_id(), request.id)


def _authority(wanted: _Wanted) -> Authority:
    if wanted.authority_id is not None:
        return Authority.objects.select_for_update(of=("self",)).get(id=wanted.authority_id)
    parent_id = Generation.objects.get(id=wanted.issuer_id).authority_id if wanted.issuer_id else None
    kind = AuthorityKind.ISSUING if wanted.path_length == 0 else AuthorityKind.INTERMEDIATE
    made, _ = Authority.objects.update_or_create(
        name=wanted.name, defaults={"kind": kind, "parent_id": parent_id}
    )
    return made


SUBORDINATE = register("new-authority", prepare=_prepare_subordinate, record=_record)
GENERATION = register("new-generation", prepare=_prepare_generation, record=_record)
CROSS = register("cross-certificate", prepare=_prepare_cross, record=_record)


def withdraw_request(actor: Actor, request_id: uuid.UUID, at: datetime) -> None:
    """Raises Refused, AuthorityRequest.DoesNotExist."""
    with tenant_scope(actor.tenant_id, write=True):
        request = AuthorityRequest.objects.select_for_update(of=("self",)).get(id=request_id)
        if request.state in (RequestState.DONE, RequestState.WITHDRAWN):
            raise refuse("request-over", "This request is over already; nothing was changed.")
        request.state, request.done_at, request.sealed = RequestState.WITHDRAWN, at, None
        request.save(update_fields=["state", "done_at", "sealed"])


def _own_domains(wanted: Sequence[str]) -> tuple[MailDomain, ...]:
    """Mail domains of the forest by name. Raises Refused for others."""
    owned = {row.name: row for row in OwnedDomain.objects.filter(tenant_id=current_tenant_id())}
    names = [normalise_domain(name) for name in wanted]
    foreign = [name for name in names if name not in owned]
    if foreign or not names:
        what = f"{foreign[0]} is none of your mail domains" if foreign else "no domain is named"
        raise refuse(
            "authority-domains", f"An authority is limited to mail domains of your organisation; {what}.",
            remedy="Name one or more of your mail domains.",
        )  # fmt: skip
    return tuple(MailDomain(name, owned[name].include_subdomains) for name in dict.fromkeys(names))


def _check_issuer(
    issuer: Generation | None, path_length: int, domains: Sequence[MailDomain], at: datetime
) -> None:
    """What would be refused at signing is refused now. Raises Refused, RefusedRequest."""
    if not domains:
        raise refuse("authority-domains", "The authority must be limited to one mail domain at least.")
    if issuer is None:
        return
    certificate = issuer.certificate
    if not issuer.not_before <= at < issuer.not_after:
        raise refuse(
            "parent-ended", f"{issuer} is not valid at this moment.", remedy="Choose another generation."
        )
    begins, ends = authorities.validity(at, 1, certificate)
    stand_in = keys.generate(KeyType.P256).public_key()
    authorities.refuse_excess(
        authorities.AuthorityWish(
            public_key=stand_in, subject=authorities.authority_name("x", "x"), subject_key_identifier=b"x",
            path_length=path_length, mail_domains=tuple(domains), publication=_NOWHERE, serial_number=1 << 158,
            not_before=begins, not_after=ends,
        ),
        certificate,
    )  # fmt: skip


_NOWHERE = Publication("http://x.invalid/x.crl", "http://x.invalid/x.cer")


def _key_type(text: str) -> str:
    if text not in {kind.value for kind in KEY_TYPES}:
        raise refuse(
            "authority-key",
            "This kind of key is not offered for authorities.",
            remedy="Choose one of the list.",
        )
    return text


def _request(data: bytes) -> bytes | None:
    """The PKCS#10 of a key kept offline in DER, its possession proven; None if there is none. Raises PkiError."""
    if not data.strip():
        return None
    read_request(data)
    pem = data.lstrip().startswith(b"-----")
    request = x509.load_pem_x509_csr(data) if pem else x509.load_der_x509_csr(data)
    return request.public_bytes(Encoding.DER)
