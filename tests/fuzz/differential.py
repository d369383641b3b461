"""The same octets read by others: asn1crypto's grammar of CMS, and `openssl cms -cmsout`, which reads and writes anew.

Nobody has to accept what another refuses. But what two readers accept they have to read alike: else one of them can be
shown a letter that the other never saw.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import Any, TypeAlias

from asn1crypto import cms as other
from asn1crypto import core

from smime import ber, cms, der
from smime.errors import SmimeError
from smime.recipients import KeyAgreeRecipient, KeyTransRecipient, RecipientInfo

Reading: TypeAlias = dict[str, Any]


def ours(encoded: bytes) -> Reading | None:
    """What this project reads, as plain values; None where it refuses."""
    try:
        content = cms.parse(encoded)
        return _ours(content)
    except SmimeError:
        return None


def _ours(content: cms.Content) -> Reading:
    if isinstance(content, cms.SignedData):
        return {
            "kind": "signed",
            "type": content.content_type,
            "content": None if content.content is None else bytes(content.content),
            "certificates": sorted(map(_serial_number, content.certificates)),
            "digests": sorted(a.oid for a in content.digest_algorithms),
            "signers": [_our_signer(signer) for signer in content.signers],
        }
    if isinstance(content, cms.CompressedData):
        return {"kind": "compressed", "content": bytes(content.content)}
    octets = content.encrypted.octets
    return {
        "kind": "enveloped" if isinstance(content, cms.EnvelopedData) else "authenticated",
        "type": content.encrypted.content_type,
        "algorithm": content.encrypted.algorithm.oid,
        "parameters": content.encrypted.algorithm.parameters,
        "content": None if octets is None else bytes(octets),
        "mac": content.mac if isinstance(content, cms.AuthEnvelopedData) else b"",
        "keys": [_our_keys(recipient) for recipient in content.recipients],
    }


def _serial_number(certificate: bytes) -> int:
    """Not the octets: asn1crypto keeps those of a certificate in BER, and here they are brought into DER."""
    plain, _ = ber.normalise(certificate)
    fields = der.Reader(plain).next(der.SEQUENCE).reader().next(der.SEQUENCE).reader()
    fields.optional(der.context(0))
    return fields.next(der.INTEGER).integer()


def _our_signer(signer: cms.SignerInfo) -> Reading:
    held = signer.signed_attributes
    return {
        "digest": signer.digest_algorithm.oid,
        "algorithm": signer.signature_algorithm.oid,
        "parameters": signer.signature_algorithm.parameters,
        "signature": signer.signature,
        "attributes": None if held is None else list(held.types),
    }


def _our_keys(recipient: RecipientInfo) -> tuple[str, list[bytes]]:
    if isinstance(recipient, KeyTransRecipient):
        return "ktri", [recipient.encrypted_key]
    if isinstance(recipient, KeyAgreeRecipient):
        return "kari", [key for _, key in recipient.encrypted_keys]
    return "other", []


def asn1crypto(encoded: bytes) -> Reading | None:
    """What asn1crypto reads of it; None where it refuses, in whatever way."""
    try:
        info = other.ContentInfo.load(encoded, strict=True)  # type: ignore[no-untyped-call]
        content, kind = info["content"], info["content_type"].native
        if kind == "signed_data":
            return _their_signed(content)
        if kind == "enveloped_data":
            return _their_envelope("enveloped", content, content["encrypted_content_info"])
        if kind == "authenticated_enveloped_data":
            return _their_envelope("authenticated", content, content["auth_encrypted_content_info"])
        if kind == "compressed_data":
            return {"kind": "compressed", "content": content["encap_content_info"]["content"].contents}
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError, RecursionError):
        return None
    return None


def _their_signed(content: Any) -> Reading:
    held = content["encap_content_info"]["content"]
    return {
        "kind": "signed",
        "type": content["encap_content_info"]["content_type"].dotted,
        "content": _their_octets(held),
        "certificates": sorted(
            choice.chosen.serial_number for choice in content["certificates"] if choice.name == "certificate"
        ),
        "digests": sorted(algorithm["algorithm"].dotted for algorithm in content["digest_algorithms"]),
        "signers": [
            {
                "digest": signer["digest_algorithm"]["algorithm"].dotted,
                "algorithm": signer["signature_algorithm"]["algorithm"].dotted,
                "signature": _their_octets(signer["signature"]),
                "attributes": [entry["type"].dotted for entry in signer["signed_attrs"]] or None,
            }
            for signer in content["signer_infos"]
        ],
    }


def _their_octets(value: Any) -> bytes | None:
    """An OCTET STRING, segments joined; None where it is absent."""
    if isinstance(value, core.Void):
        return None
    if isinstance(value, core.Any):
        value = value.parse(core.OctetString)  # type: ignore[no-untyped-call]
    return bytes(value)


def _their_envelope(kind: str, content: Any, inner: Any) -> Reading:
    return {
        "kind": kind,
        "type": inner["content_type"].dotted,
        "algorithm": inner["content_encryption_algorithm"]["algorithm"].dotted,
        "content": _their_octets(inner["encrypted_content"]),
        "mac": _their_octets(content["mac"]) if kind == "authenticated" else b"",
        "keys": [_their_keys(recipient) for recipient in content["recipient_infos"]],
    }


def _their_keys(recipient: Any) -> tuple[str, list[bytes]]:
    if recipient.name == "ktri":
        return "ktri", [_their_octets(recipient.chosen["encrypted_key"]) or b""]
    if recipient.name == "kari":
        entries = recipient.chosen["recipient_encrypted_keys"]
        return "kari", [_their_octets(entry["encrypted_key"]) or b"" for entry in entries]
    return "other", []


def differences(one: Any, other_one: Any, place: str = "") -> Iterator[str]:
    """Where two readings differ. The order within a set is free: whoever writes DER sorts it."""
    if isinstance(one, dict) and isinstance(other_one, dict):
        for name in one.keys() & other_one.keys():  # asn1crypto drops what it does not know of parameters
            yield from differences(one[name], other_one[name], f"{place}/{name}")
    elif isinstance(one, list) and isinstance(other_one, list) and len(one) == len(other_one):
        for left, right in zip(sorted(one, key=_order), sorted(other_one, key=_order), strict=True):
            yield from differences(left, right, f"{place}[]")
    elif one != other_one:
        yield f"{place}: {one!r:.80} against {other_one!r:.80}"


def _order(value: Any) -> str:
    return repr(value["signature"] if isinstance(value, dict) else value)


def openssl(encoded: bytes) -> bytes | None:
    """The object as OpenSSL writes it after reading it; None where it refuses."""
    done = subprocess.run(
        ["openssl", "cms", "-cmsout", "-inform", "DER", "-outform", "DER"],
        input=encoded,
        capture_output=True,
        check=False,
        timeout=60,
    )
    return done.stdout if done.returncode == 0 else None
