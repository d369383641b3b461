"""Keys and certificates that somebody used elsewhere, of an authority that nobody here knows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from pki import keys
from tenants import clock

PASSWORD = "from the other program"
_ISSUER_KEY = ec.generate_private_key(ec.SECP256R1())
_ISSUER = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Some other authority")])


@dataclass(frozen=True)
class Outside:
    key: Any
    certificate: x509.Certificate

    def p12(self, password: str = PASSWORD) -> bytes:
        protection = serialization.BestAvailableEncryption(password.encode())
        return pkcs12.serialize_key_and_certificates(b"old", self.key, self.certificate, None, protection)


def outside(
    address: str,
    *,
    kind: keys.KeyType = keys.KeyType.RSA_2048,
    authority: bool = False,
    from_day: int = -1500,
    to_day: int = -400,
) -> Outside:
    """A certificate for both uses, expired unless `to_day` says otherwise; with `authority` one that can issue."""
    key, now = keys.generate(kind), clock.now()
    moment: datetime = now.replace(microsecond=0)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Alice long ago")]))
        .issuer_name(_ISSUER)
        .public_key(key.public_key())  # type: ignore[arg-type]
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment + timedelta(days=from_day))
        .not_valid_after(moment + timedelta(days=to_day))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if address:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([x509.RFC822Name(address)]), critical=False
        )
    return Outside(key, builder.sign(_ISSUER_KEY, hashes.SHA256()))
