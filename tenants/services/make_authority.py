"""Make the key and request of an authority, and sign it where its parent is online (authority worker)."""

from __future__ import annotations

import uuid
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from pki import authorities, keys
from pki.algorithms import signing_digest
from pki.authorities import AuthorityWish
from pki.certificates import MailDomain, new_serial_number
from pki.errors import PkiError
from pki.extensions import find
from pki.keys import KeyType
from pki.parsing import load_certificate
from pki.profiles import ISSUING
from pki.requests import read_request
from pki.signer import Signer
from tenants import clock, due_work
from tenants.keystore.authority_keys import open_signer, seal_authority_key
from tenants.models import AuthorityKey, AuthorityRequest, Generation, Tenant
from tenants.models.ceremonies import RequestState
from tenants.refusals import Refused
from tenants.scoping import current_tenant_id, tenant_scope
from tenants.services.found_forest import publication
from tenants.services.record_generation import record_signed, tell_relying


@due_work.due_work("make_authority", queue="authority")
def make_authority(tenant_id: uuid.UUID, request_id: uuid.UUID) -> datetime | None:
    """Bring a request as far as the portal can. Safe to run twice: each step looks at the row's state."""
    at = clock.now()
    _make_key(tenant_id, request_id)
    try:
        _sign_online(tenant_id, request_id, at)
    except (PkiError, Refused) as refused:
        _refuse(tenant_id, request_id, refused.finding.summary, at)
    return None


def _make_key(tenant_id: uuid.UUID, request_id: uuid.UUID) -> None:
    with tenant_scope(tenant_id):
        request = AuthorityRequest.objects.get(id=request_id)
    if request.state != RequestState.MAKING:
        return
    key = keys.generate(KeyType(request.key_type))
    if not isinstance(key, keys.SigningPrivateKey):
        raise TypeError(f"{request.key_type} keys cannot sign.")
    name = subject_of(request, _organisation(tenant_id))
    made = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, signing_digest(key))
    with tenant_scope(tenant_id, write=True):
        waiting = AuthorityRequest.objects.filter(id=request_id, state=RequestState.MAKING)
        # A faster worker's key stays; this one is dropped.
        waiting.update(
            sealed=seal_authority_key(request_id, key),
            proof=made.public_bytes(Encoding.DER),
            state=RequestState.READY,
        )


def _sign_online(tenant_id: uuid.UUID, request_id: uuid.UUID, at: datetime) -> None:
    with tenant_scope(tenant_id):
        request = AuthorityRequest.objects.select_related("issuer").get(id=request_id)
        issuer = request.issuer
        if request.state != RequestState.READY or issuer is None:
            return
        if not AuthorityKey.objects.filter(generation=issuer).exists():
            return  # its key is offline: a work order asks for it
        signer: Signer = open_signer(issuer)
    wish = wish_for(request, issuer, _organisation(tenant_id), at)
    certificate = authorities.issue(wish, signer)
    authorities.check_answer(certificate, wish, issuer.certificate)
    with tenant_scope(tenant_id, write=True):
        if (
            AuthorityRequest.objects.select_for_update(of=("self",)).get(id=request_id).state
            != RequestState.READY
        ):
            return  # withdrawn, or done by a faster worker; this certificate is dropped
        record_signed(request_id, certificate, at)
        tell_relying()


def wish_for(request: AuthorityRequest, issuer: Generation, organisation: str, at: datetime) -> AuthorityWish:
    """Everything of the certificate but its signature, fixed now. Raises PkiError."""
    proof = bytes(request.proof or b"")
    days = (
        authorities.INTERMEDIATE.validity_days
        if request.path_length or request.is_cross
        else ISSUING.validity_days
    )
    not_before, not_after = authorities.validity(at, days, issuer.certificate)
    subject = subject_of(request, organisation)
    public_key = None if request.is_cross else read_request(proof)
    identifier = b"" if public_key is None else authorities.key_identifier(public_key)
    if public_key is None:
        root = load_certificate(proof)
        public_key, subject = root.public_key(), root.subject
        stated = find(root, x509.SubjectKeyIdentifier)
        identifier = stated.digest if stated else authorities.key_identifier(public_key)
        not_after = min(not_after, root.not_valid_after_utc)
    return AuthorityWish(
        public_key=public_key,
        subject=subject,
        subject_key_identifier=identifier,
        path_length=request.path_length,
        mail_domains=tuple(MailDomain(name, below) for name, below in request.mail_domains),
        publication=publication(issuer.tenant_id, issuer.id),
        serial_number=new_serial_number(),
        not_before=not_before,
        not_after=not_after,
    )


def subject_of(request: AuthorityRequest, organisation: str) -> x509.Name:
    """ "Contoso Branch G2" of the organisation: the generation is part of the name, so that names differ as keys do."""
    return authorities.authority_name(request.title[:64], organisation)


def _organisation(tenant_id: uuid.UUID) -> str:
    return str(Tenant.objects.values_list("name", flat=True).get(id=tenant_id))


def organisation_here() -> str:
    """Inside a scope."""
    return _organisation(current_tenant_id())


def _refuse(tenant_id: uuid.UUID, request_id: uuid.UUID, reason: str, at: datetime) -> None:
    with tenant_scope(tenant_id, write=True):
        AuthorityRequest.objects.open().filter(id=request_id).update(
            state=RequestState.REFUSED, refusal=reason[:300], done_at=at, sealed=None
        )
