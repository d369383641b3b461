"""Addresses of the namespace `tenants`: the person, the public documents, the administration."""

from __future__ import annotations

import uuid

from django.urls import path, register_converter

from tenants.web import (
    algorithms,
    approvals,
    authorities,
    bring_identity,
    certificate,
    certificates,
    enrol,
    keys,
    people,
    published,
    renewal,
    requesting,
    revoke_all,
    start_over,
    template_drafts,
    templates,
    trust,
    unlock,
    welcome,
)


class HexId:
    """A row's id in the 32 hexadecimal digits that certificates carry; other spellings do not exist."""

    regex = "[0-9a-f]{32}"

    def to_python(self, value: str) -> uuid.UUID:
        return uuid.UUID(hex=value)

    def to_url(self, value: uuid.UUID) -> str:
        return value.hex


register_converter(HexId, "hexid")

app_name = "tenants"
urlpatterns = [
    path("welcome/<str:token>/", welcome.signin_link, name="signin_link"),
    path("enrol/", enrol.enrol, name="enrol"),
    path("enrol/status/", enrol.enrol_status, name="enrol_status"),
    path("unlock/", unlock.unlock, name="unlock"),
    path("lock/", unlock.lock, name="lock"),
    path("certificates/", keys.keys, name="keys"),
    path("certificates/export/", keys.export_p12, name="export_p12"),
    path("certificates/bring/", bring_identity.bring_identity, name="bring_identity"),
    path("certificates/requests/", requesting.requests, name="requests"),
    path("certificates/replace/", renewal.replace_keys, name="replace_keys"),
    path("certificates/<str:fp>/renew/", renewal.renew, name="renew"),
    path("certificates/<str:fp>/", certificate.certificate, name="certificate"),
    path("certificates/<str:fp>/<str:tab>/", certificate.certificate, name="certificate_tab"),
    path("certificates/<str:fp>/file/<str:form>", certificate.certificate_file, name="certificate_file"),
    path("trust/request/", trust.trust_request, name="trust_request"),
    # These are fixed into certificates (services.found_forest.publication): they never change.
    path("pki/<hexid:tenant>/<hexid:generation>.crl", published.public_crl, name="public_crl"),
    path(
        "pki/<hexid:tenant>/<hexid:generation>-<int:shard>.crl", published.public_crl, name="public_shard_crl"
    ),
    path("pki/<hexid:tenant>/<hexid:generation>.cer", published.public_issuer, name="public_issuer"),
    path("admin/people/", people.people, name="people"),
    path("admin/people/add/", people.add_person, name="add_person"),
    path("admin/people/<uuid:pk>/", people.person, name="person"),
    path("admin/people/<uuid:pk>/link/", people.new_signin_link, name="new_signin_link"),
    path("admin/people/<uuid:pk>/deactivate/", people.deactivate_person, name="deactivate_person"),
    path("admin/people/<uuid:pk>/activate/", people.activate_person, name="activate_person"),
    path("admin/people/<uuid:pk>/revoke/", revoke_all.revoke_all_of_person, name="revoke_all_of_person"),
    path("admin/people/<uuid:pk>/start-over/", start_over.start_over, name="start_over"),
    path("admin/people/<uuid:pk>/allow/", start_over.allow_enrolment, name="allow_enrolment"),
    path("admin/approvals/", approvals.approvals, name="approvals"),
    path("admin/approvals/rule/", approvals.two_person_rule, name="two_person_rule"),
    path("admin/approvals/<uuid:pk>/approve/", approvals.approval_approve, name="approval_approve"),
    path("admin/approvals/<uuid:pk>/decline/", approvals.approval_decline, name="approval_decline"),
    path("admin/algorithms/", algorithms.algorithms, name="algorithms"),
    path("admin/algorithms/next/", algorithms.next_policy, name="next_policy"),
    path("admin/authorities/", authorities.authorities, name="authorities"),
    path("admin/authorities/<uuid:pk>/publish/", authorities.publish_crl, name="publish_crl"),
    path(
        "admin/authorities/generations/<uuid:pk>/revoke/",
        revoke_all.revoke_all_of_generation,
        name="revoke_all_of_generation",
    ),
    path("admin/templates/", templates.templates, name="templates"),
    path("admin/templates/new/", template_drafts.template_new, name="template_new"),
    path("admin/templates/<uuid:pk>/", templates.template, name="template"),
    path("admin/templates/<uuid:pk>/edit/", template_drafts.template_edit, name="template_edit"),
    path("admin/templates/<uuid:pk>/withdraw/", templates.template_withdraw, name="template_withdraw"),
    path("admin/templates/drafts/<uuid:pk>/", template_drafts.template_draft, name="template_draft"),
    path(
        "admin/templates/drafts/<uuid:pk>/edit/",
        template_drafts.template_draft_edit,
        name="template_draft_edit",
    ),
    path(
        "admin/templates/drafts/<uuid:pk>/publish/", template_drafts.template_publish, name="template_publish"
    ),
    path(
        "admin/templates/drafts/<uuid:pk>/discard/", template_drafts.template_discard, name="template_discard"
    ),
    path("admin/enrolments/<uuid:pk>/decide/", templates.decide, name="decide_enrolment"),
    path("admin/certificates/", certificates.certificates, name="certificates"),
    path("admin/certificates/<str:fp>/revoke/", certificates.revoke, name="revoke"),
    path("admin/certificates/<str:fp>/release/", certificates.release, name="release"),
    path("admin/trust/", trust.trust, name="trust"),
    path("admin/trust/import/", trust.trust_import, name="trust_import"),
    path("admin/trust/preview/", trust.trust_preview, name="trust_preview"),
    path("admin/trust/<uuid:pk>/refuse/", trust.trust_refuse, name="trust_refuse"),
    path("admin/trust/<uuid:pk>/distrust/", trust.distrust, name="distrust"),
]
