"""Which MIME parts are cryptographic layers (RFC 8551 §3.2, §3.5, §3.10; RFC 1847).

The media type decides before the file name (RFC 8551 §3.2.1), and what the CMS object itself says decides before
`smime-type`; so this module only finds candidates.
"""

from __future__ import annotations

import re

from .mime_read import Part

PKCS7_MIME = ("application/pkcs7-mime", "application/x-pkcs7-mime")
PKCS7_SIGNATURE = ("application/pkcs7-signature", "application/x-pkcs7-signature")
_CMS_NAME = re.compile(r"\.p7[mcz]\Z", re.IGNORECASE)


def is_multipart_signed(part: Part) -> bool:
    """multipart/signed in the S/MIME form; other protocols (OpenPGP) are ordinary multiparts here."""
    if part.media_type != "multipart/signed":
        return False
    protocol = part.parameters.get("protocol", "").strip().lower()
    if protocol:
        return protocol in PKCS7_SIGNATURE
    return any(is_detached_signature(child) for child in part.children[1:])


def is_detached_signature(part: Part) -> bool:
    """The signature part of multipart/signed."""
    return part.media_type in PKCS7_SIGNATURE


def is_cms_part(part: Part) -> bool:
    """A part that is a CMS object with its content inside."""
    if part.media_type in PKCS7_MIME:
        return True
    # RFC 8551 §3.10: gateways that know no better
    return part.media_type == "application/octet-stream" and bool(_CMS_NAME.search(part.filename))


def claims_encryption(part: Part) -> bool:
    """Whether `smime-type` announces an envelope; used only where the object itself cannot be read."""
    return part.parameters.get("smime-type", "").strip().lower() in ("enveloped-data", "authenveloped-data")


def claims_signature(part: Part) -> bool:
    """Whether `smime-type` announces a signature."""
    return part.parameters.get("smime-type", "").strip().lower() == "signed-data"
