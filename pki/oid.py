"""Object identifiers that pyca does not name."""

from __future__ import annotations

from cryptography import x509

SMTP_UTF8_MAILBOX = x509.ObjectIdentifier("1.3.6.1.5.5.7.8.9")  # id-on-SmtpUTF8Mailbox (RFC 9598)
SMIME_CAPABILITIES = x509.ObjectIdentifier("1.2.840.113549.1.9.15")  # RFC 4262
ANY_POLICY = "2.5.29.32.0"
