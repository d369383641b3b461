"""Every URL name that a template may use, without views: the gallery draws pages, it does not serve them."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import include, path


def nothing(request: HttpRequest, **_parameters: object) -> HttpResponse:
    return HttpResponse(status=204)


def _names(prefix: str, routes: dict[str, str]) -> list[object]:
    return [path(f"{prefix}{route}", nothing, name=name) for name, route in routes.items()]


PORTAL = {"home": "", "sign_in": "sign-in/", "sign_out": "sign-out/", "health": "health/"}
TENANTS = {
    "signin_link": "welcome/<str:token>/",
    "enrol": "enrol/",
    "enrol_status": "enrol/status/",
    "unlock": "unlock/",
    "lock": "lock/",
    "keys": "certificates/",
    "export_p12": "certificates/export/",
    "bring_identity": "certificates/bring/",
    "requests": "certificates/requests/",
    "replace_keys": "certificates/replace/",
    "renew": "certificates/<str:fp>/renew/",
    "certificate": "certificates/<str:fp>/",
    "certificate_tab": "certificates/<str:fp>/<str:tab>/",
    "certificate_file": "certificates/<str:fp>/file/<str:form>",
    "trust_request": "trust/request/",
    "people": "admin/people/",
    "add_person": "admin/people/add/",
    "person": "admin/people/<uuid:pk>/",
    "new_signin_link": "admin/people/<uuid:pk>/link/",
    "deactivate_person": "admin/people/<uuid:pk>/deactivate/",
    "activate_person": "admin/people/<uuid:pk>/activate/",
    "revoke_all_of_person": "admin/people/<uuid:pk>/revoke/",
    "start_over": "admin/people/<uuid:pk>/start-over/",
    "allow_enrolment": "admin/people/<uuid:pk>/allow/",
    "algorithms": "admin/algorithms/",
    "next_policy": "admin/algorithms/next/",
    "templates": "admin/templates/",
    "template_new": "admin/templates/new/",
    "template": "admin/templates/<uuid:pk>/",
    "template_edit": "admin/templates/<uuid:pk>/edit/",
    "template_withdraw": "admin/templates/<uuid:pk>/withdraw/",
    "template_draft": "admin/templates/drafts/<uuid:pk>/",
    "template_draft_edit": "admin/templates/drafts/<uuid:pk>/edit/",
    "template_publish": "admin/templates/drafts/<uuid:pk>/publish/",
    "template_discard": "admin/templates/drafts/<uuid:pk>/discard/",
    "decide_enrolment": "admin/enrolments/<uuid:pk>/decide/",
    "approvals": "admin/approvals/",
    "two_person_rule": "admin/approvals/rule/",
    "approval_approve": "admin/approvals/<uuid:pk>/approve/",
    "approval_decline": "admin/approvals/<uuid:pk>/decline/",
    "authorities": "admin/authorities/",
    "publish_crl": "admin/authorities/<uuid:pk>/publish/",
    "revoke_all_of_generation": "admin/authorities/generations/<uuid:pk>/revoke/",
    "certificates": "admin/certificates/",
    "revoke": "admin/certificates/<str:fp>/revoke/",
    "release": "admin/certificates/<str:fp>/release/",
    "trust": "admin/trust/",
    "trust_import": "admin/trust/import/",
    "trust_preview": "admin/trust/preview/",
    "trust_refuse": "admin/trust/<uuid:pk>/refuse/",
    "distrust": "admin/trust/<uuid:pk>/distrust/",
}
MAIL = {
    "inbox": "mail/",
    "inbox_rows": "mail/rows/",
    "compose": "mail/compose/",
    "drafts": "mail/drafts/",
    "draft_save": "mail/drafts/save/",
    "draft": "mail/drafts/<uuid:pk>/",
    "draft_discard": "mail/drafts/<uuid:pk>/discard/",
    "recipients": "mail/recipients/",
    "sent": "mail/sent/",
    "sent_message": "mail/sent/<uuid:pk>/",
    "import_eml": "mail/import/",
    "message": "mail/<uuid:pk>/",
    "body": "mail/<uuid:pk>/body/",
    "attachment": "mail/<uuid:pk>/attachment/<int:index>/",
    "raw": "mail/<uuid:pk>/raw.eml",
    "message_certificate": "mail/<uuid:pk>/certificate/<str:fp>/<str:tab>/",
    "check_again": "mail/<uuid:pk>/check/",
    "mark_unread": "mail/<uuid:pk>/unread/",
    "contacts": "contacts/",
    "certificate_import": "contacts/import/",
    "contact": "contacts/<uuid:pk>/",
    "contact_certificate": "contacts/<uuid:pk>/certificate/<str:fp>/<str:tab>/",
    "contact_choose": "contacts/<uuid:pk>/choose/",
}

urlpatterns = [
    path("", include((_names("", PORTAL), "portal"))),
    path("", include((_names("", TENANTS), "tenants"))),
    path("", include((_names("", MAIL), "mail"))),
]
