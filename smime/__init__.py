"""S/MIME 4.0 (RFC 8551) on CMS (RFC 5652, 5083): arithmetic on bytes.

No framework, no network, no clock: whatever needs the time takes `at`. Stands on `pki` for certificates and keys.
"""
