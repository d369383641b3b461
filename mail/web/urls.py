"""Addresses of letters and contacts, one line each. Foreign = absent = 404."""

from __future__ import annotations

from django.urls import path

from mail.web import (
    composing,
    contacts,
    drafts,
    importing,
    inbox,
    letter_certificates,
    letter_parts,
    reading,
    recipients,
    sent,
)

app_name = "mail"

urlpatterns = [
    path("mail/", inbox.inbox, name="inbox"),
    path("mail/rows/", inbox.inbox_rows, name="inbox_rows"),
    path("mail/compose/", composing.compose, name="compose"),
    path("mail/recipients/", recipients.recipients, name="recipients"),
    path("mail/drafts/", drafts.drafts, name="drafts"),
    path("mail/drafts/save/", drafts.draft_save, name="draft_save"),
    path("mail/drafts/<uuid:pk>/", composing.draft, name="draft"),
    path("mail/drafts/<uuid:pk>/discard/", drafts.draft_discard, name="draft_discard"),
    path("mail/sent/", sent.sent, name="sent"),
    path("mail/sent/<uuid:pk>/", sent.sent_message, name="sent_message"),
    path("mail/import/", importing.import_eml, name="import_eml"),
    path("mail/<uuid:pk>/", reading.message, name="message"),
    path("mail/<uuid:pk>/check/", reading.check_again, name="check_again"),
    path("mail/<uuid:pk>/unread/", reading.mark_unread, name="mark_unread"),
    path("mail/<uuid:pk>/body/", letter_parts.body, name="body"),
    path("mail/<uuid:pk>/attachment/<int:index>/", letter_parts.attachment, name="attachment"),
    path("mail/<uuid:pk>/raw.eml", letter_parts.raw, name="raw"),
    path(
        "mail/<uuid:pk>/certificate/<str:fp>/<str:tab>/",
        letter_certificates.message_certificate,
        name="message_certificate",
    ),
    path("contacts/", contacts.contacts, name="contacts"),
    path("contacts/import/", contacts.certificate_import, name="certificate_import"),
    path("contacts/<uuid:pk>/", contacts.contact, name="contact"),
    path(
        "contacts/<uuid:pk>/certificate/<str:fp>/<str:tab>/",
        letter_certificates.contact_certificate,
        name="contact_certificate",
    ),
    path("contacts/<uuid:pk>/choose/", contacts.contact_choose, name="contact_choose"),
]
