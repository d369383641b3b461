"""Letters, their deliveries, drafts and contacts of one forest; the spool is the portal's."""

from mail.models.contacts import Contact, ContactCertificate
from mail.models.letters import Delivery, Draft, DraftAttachment, Message, RawMessage
from mail.models.spool import SpoolItem

# The allow-list of tables without tenancy walls (see tenants.models.PORTAL_OWNED).
PORTAL_OWNED = {
    SpoolItem: "the door between forests: RFC 5322 bytes and an envelope, no reference to either side"
}

__all__ = [
    "PORTAL_OWNED",
    "Contact",
    "ContactCertificate",
    "Delivery",
    "Draft",
    "DraftAttachment",
    "Message",
    "RawMessage",
    "SpoolItem",
]
