"""X.509 for mail: issuing, revoking and judging certificates (RFC 5280 family).
 Framework-free: no Django, no network, no clock. Every function that depends on time takes `at`, a
timezone-aware moment in UTC. Results of verification are named types, refusals are `PkiError`s that carry a
`Finding`.
"""
