"""Which parts are layers, and how far they are peeled (RFC 8551 §3.2, §3.7, §3.10; RFC 3274)."""

from __future__ import annotations

import base64
import time
import zlib

import pytest

from smime import der, oids
from smime import open as opening
from smime.compose import certificates_entity
from smime.encrypt import enveloped_data
from smime.mime import Entity, build_body, join_parts, message, multipart, text_entity
from smime.mime_read import parse
from smime.report import Encryption, Seal, Signature
from tests.smime.forge import CONTENT, attributes_over, signed_message, signer_info
from tests.smime.letters import ALICE, BOB, CBC, TEXT, codes, encrypt, fields, letter, opened, sign
from tests.smime.people import root

ROOTS = [root().certificate, ALICE.certificate]


def compressed(content: bytes, algorithm: str = oids.ZLIB, *, packed: bytes | None = None) -> Entity:
    """CompressedData (RFC 3274 §1.1)."""
    inner = der.sequence(
        der.integer(0),
        der.sequence(der.oid(algorithm)),
        der.sequence(
            der.oid(oids.DATA),
            der.tlv(der.context(0), der.octet_string(zlib.compress(content) if packed is None else packed)),
        ),
    )
    cms = der.sequence(der.oid(oids.COMPRESSED_DATA), der.tlv(der.context(0), inner))
    return part("application/pkcs7-mime; smime-type=compressed-data", cms)


def part(content_type: str, cms: bytes, **header: str) -> Entity:
    encoded = base64.encodebytes(cms).replace(b"\n", b"\r\n")
    more = tuple((name.replace("_", "-"), value) for name, value in header.items())
    return Entity((("Content-Type", content_type), ("Content-Transfer-Encoding", "base64"), *more), encoded)


def send(entity: Entity, **header: str):
    return opened(message(fields(**header), entity))


OPAQUE = parse(letter(cipher=None, opaque=True)).content()
ENVELOPE = parse(letter()).content()


@pytest.mark.parametrize(
    "content_type",
    [
        "application/pkcs7-mime",
        "application/x-pkcs7-mime; name=smime.p7m",
        "APPLICATION/PKCS7-MIME; SMIME-TYPE=Signed-Data",
        "application/pkcs7-mime; smime-type=enveloped-data",
        'application/octet-stream; name="letter.p7m"',
        "application/octet-stream; NAME=SMIME.P7M",
        "application/octet-stream; name*=utf-8''smime.p7m",
    ],
)
def test_every_label_of_a_secured_part_is_recognised(content_type: str) -> None:
    assert send(part(content_type, OPAQUE)).seal is Seal.OK
    assert send(part(content_type, ENVELOPE)).encryption is Encryption.OK


def test_a_file_name_in_the_disposition_is_enough() -> None:
    report = send(
        part("application/octet-stream", OPAQUE, Content_Disposition="attachment; filename=smime.p7m")
    )
    assert report.seal is Seal.OK


def test_a_media_type_beats_a_file_name() -> None:
    report = send(part("application/pdf; name=smime.p7m", OPAQUE))
    assert report.layers == ()
    assert report.attachments[0].media_type == "application/pdf"


def test_a_wrong_smime_type_is_named_and_the_object_decides() -> None:
    report = send(part("application/pkcs7-mime; smime-type=enveloped-data", OPAQUE))
    assert "smime-type-differs" in codes(report)
    assert report.signature is Signature.GOOD


@pytest.mark.parametrize(
    "protocol",
    ['"application/x-pkcs7-signature"', "application/pkcs7-signature", '"APPLICATION/PKCS7-SIGNATURE"'],
)
def test_clear_signed_letters_are_recognised_in_every_spelling(protocol: str) -> None:
    raw = letter(cipher=None).replace(b'"application/pkcs7-signature"', protocol.encode())
    assert opened(raw).seal is Seal.OK


def test_micalg_is_a_hint_and_a_missing_protocol_is_forgiven() -> None:
    raw = letter(cipher=None)
    assert opened(raw.replace(b"micalg=sha-256", b"micalg=nonsense")).seal is Seal.OK
    assert opened(raw.replace(b'protocol="application/pkcs7-signature"', b"x=y")).seal is Seal.OK


def test_a_signature_part_that_lost_its_type_is_known_by_its_name() -> None:
    raw = letter(cipher=None).replace(
        b"Content-Type: application/pkcs7-signature", b"Content-Type: application/octet-stream"
    )
    assert opened(raw).seal is Seal.OK


@pytest.mark.parametrize("damage", [b"", b"MIIB", b"not base64 at all", b"MIAGCSqGSIb3DQEHAqCA"])
def test_a_signature_part_that_cannot_be_read_is_a_bad_signature(damage: bytes) -> None:
    body = build_body(TEXT)
    kind = 'multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary="=_b"'
    p7s = Entity(
        (("Content-Type", "application/pkcs7-signature"), ("Content-Transfer-Encoding", "base64")), damage
    )
    report = send(Entity((("Content-Type", kind),), join_parts("=_b", [body.to_bytes(), p7s.to_bytes()])))
    assert (report.seal, report.signature, report.text) == (Seal.BAD, Signature.BAD, TEXT)


def test_an_envelope_that_cannot_be_read_fails_without_a_seal() -> None:
    for smime_type in ("; smime-type=enveloped-data", "; smime-type=authEnveloped-data", ""):
        report = send(part(f"application/pkcs7-mime{smime_type}", ENVELOPE[:100]))
        assert (report.encryption, report.seal, report.text) == (Encryption.FAIL, Seal.NONE, "")
        assert report.findings


def test_a_signed_object_that_cannot_be_read_is_bad() -> None:
    report = send(part("application/pkcs7-mime; smime-type=signed-data", OPAQUE[:100]))
    assert (report.seal, report.encryption) == (Seal.BAD, Encryption.NONE)


def test_certificates_only_are_handed_over_and_nothing_is_sealed() -> None:
    report = send(certificates_entity(ROOTS))
    assert (report.seal, report.signature, report.layers) == (Seal.NONE, Signature.NONE, ())
    assert set(report.certificates) == set(ROOTS)
    assert "certificates-only" in codes(report)
    assert report.attachments[0].name == "smime.p7c"


def test_compression_is_expanded_in_any_order() -> None:
    signed = sign(build_body(TEXT))
    for entity, kinds in (
        (compressed(signed.to_bytes()), ["compressed", "signed"]),
        (sign(compressed(build_body(TEXT).to_bytes())), ["signed", "compressed"]),
        (encrypt(compressed(signed.to_bytes()), cipher=CBC), ["encrypted", "compressed", "signed"]),
    ):
        report = send(entity)
        assert [layer.kind.value for layer in report.layers] == kinds
        assert (report.seal, report.text) == (Seal.OK, TEXT)
        assert report.encryption in (Encryption.NONE, Encryption.OK)


def test_compressed_text_alone_protects_nothing() -> None:
    report = send(compressed(build_body(TEXT).to_bytes()))
    assert (report.seal, report.encryption, report.text, report.protected_headers) == (
        Seal.NONE, Encryption.NONE, TEXT, {},
    )  # fmt: skip


@pytest.mark.parametrize(
    "entity",
    [
        compressed(b"\0" * 50_000_000),
        compressed(b"", packed=b"not zlib"),
        compressed(b"", packed=zlib.compress(b"x" * 1000)[:-5]),
        compressed(b"x", algorithm="1.2.3.4"),
    ],
    ids=["bomb", "damaged", "cut off", "unknown algorithm"],
)
def test_compression_that_cannot_be_expanded_is_named(entity: Entity) -> None:
    begun = time.process_time()
    report = send(entity)
    assert time.process_time() - begun < 2
    assert report.text == ""
    assert [finding for finding in report.findings if finding.severity == "error"]


def test_four_layers_are_peeled_and_a_fifth_is_refused() -> None:
    entity = build_body(TEXT)
    for _ in range(4):
        entity = sign(entity)
    assert send(entity).seal is Seal.OK
    report = send(sign(entity))
    assert (report.seal, report.signature, report.text) == (Seal.NONE, Signature.NONE, "")
    assert "over-budget" in codes(report)


def test_an_unsupported_kind_of_object_is_named() -> None:
    digested = der.sequence(
        der.oid(oids.DIGESTED_DATA), der.tlv(der.context(0), der.sequence(der.integer(0)))
    )
    report = send(part("application/pkcs7-mime", digested))
    assert report.encryption is Encryption.UNSUPPORTED
    assert "content-type-unsupported" in codes(report)


def test_der_inside_an_envelope_without_mime_is_opened() -> None:
    from smime.encrypt import ContentCipher, enveloped_data

    cms = enveloped_data(OPAQUE, recipients=[BOB.certificate], cipher=ContentCipher.AES_256_GCM)
    report = opened(cms)
    assert [layer.kind.value for layer in report.layers] == ["encrypted", "signed"]
    assert report.text == TEXT


def test_an_mbox_line_and_a_byte_order_mark_before_a_letter_are_skipped() -> None:
    raw = letter()
    assert opened(b"From alice@contoso.example Tue Nov 24 12:00:00 2026\n" + raw).seal is Seal.OK
    assert opened(b"\xef\xbb\xbf" + raw).seal is Seal.OK


def test_an_ordinary_letter_has_no_layers_and_no_findings() -> None:
    report = send(multipart("mixed", [text_entity("hello", "plain"), text_entity("<p>x</p>", "html")]))
    assert (report.seal, report.encryption, report.layers, report.findings) == (
        Seal.NONE,
        Encryption.NONE,
        (),
        (),
    )
    assert (report.text, report.html) == ("hello", "<p>x</p>")


@pytest.mark.parametrize(
    "content",
    [
        bytes(range(256)),
        b"\n" + bytes(range(128, 256)) * 4,
        b"\r\n\x00\x01",
        b"\x30\x82\x01\x00" + bytes(256),
        b"\x30\x84\xff\xff\xff\xff" + bytes(100),
        bytes((7 * n * n) % 251 for n in range(400)),
    ],
)
def test_octets_that_are_no_letter_out_of_cbc_are_the_one_failure(content: bytes) -> None:
    """A wrong key ends in octets, too: what they look like must not tell it from any other failure."""
    cms = enveloped_data(content, recipients=[BOB.certificate], cipher=CBC)
    another = enveloped_data(content, recipients=[ALICE.certificate], cipher=CBC)
    report, failed = opened(cms), opened(another)
    assert (report.encryption, report.text, report.findings) == (Encryption.FAIL, "", failed.findings)
    assert (
        [layer.outcome for layer in report.layers] == [layer.outcome for layer in failed.layers] == ["fail"]
    )


@pytest.mark.parametrize(
    "content", [b"Hello", "Grüße".encode(), "Gr\xfc\xdfe aus K\xf6ln".encode("latin-1"), b"\x1b$B%F\x1b(B"]
)
def test_bare_words_out_of_cbc_are_shown(content: bytes) -> None:
    report = opened(enveloped_data(content, recipients=[BOB.certificate], cipher=CBC))
    assert report.encryption is Encryption.UNPROTECTED
    assert report.text


@pytest.mark.parametrize("wrapped", [True, False])
def test_a_lone_object_in_base64_is_opened_and_lone_text_is_not(wrapped: bool) -> None:
    encoded = base64.encodebytes(OPAQUE) if wrapped else base64.b64encode(OPAQUE)
    report = opened(encoded)
    assert [layer.kind.value for layer in report.layers] == ["signed"]
    assert report.text == TEXT
    text = base64.encodebytes(b"\x30\x10" + bytes(200))  # begins like one, and is none
    assert codes(opened(text)) == {"not-a-message"}


def test_a_second_part_that_is_no_signature_object_is_a_bad_signature() -> None:
    raw = letter(cipher=None)
    p7s = parse(raw).children[1]
    envelope = base64.encodebytes(ENVELOPE).replace(b"\n", b"\r\n")
    report = opened(raw[: p7s.body] + envelope + raw[p7s.end :])
    assert (report.seal, report.signature, report.text) == (Seal.BAD, Signature.BAD, TEXT)
    assert codes(report) == {"signature-structure"}


def test_a_multipart_in_the_place_of_the_signature_is_a_bad_signature() -> None:
    inner = multipart("mixed", [text_entity("hello", "plain"), text_entity("again", "plain")])
    kind = 'multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary="=_b"'
    parts = join_parts("=_b", [build_body(TEXT).to_bytes(), inner.to_bytes()])
    report = send(Entity((("Content-Type", kind),), parts))
    assert (report.seal, report.signature) == (Seal.BAD, Signature.BAD)
    assert report.text.startswith(TEXT)


def test_what_is_signed_and_is_no_letter_is_refused_and_not_shown() -> None:
    stamp = signed_message(
        [signer_info(ALICE, attributes=attributes_over(CONTENT))], [ALICE], content_type=oids.SIGNED_DATA
    )
    report = send(part("application/pkcs7-mime; smime-type=signed-data", stamp))
    assert (report.seal, report.signature, report.text) == (Seal.BAD, Signature.BAD, "")


def test_a_letter_beyond_a_budget_is_a_report_that_says_so() -> None:
    report = opened(b"A: b\r\n" * 501 + b"\r\nhello")
    assert (report.seal, report.encryption, report.text) == (Seal.NONE, Encryption.NONE, "")
    assert codes(report) == {"over-budget"}


@pytest.mark.parametrize("fault", [ValueError, RecursionError, MemoryError, AttributeError])
def test_a_fault_of_ours_takes_no_folder_down(
    monkeypatch: pytest.MonkeyPatch, fault: type[Exception]
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise fault("with words of the letter")

    monkeypatch.setattr(opening, "peel", broken)
    report = opened(letter())
    assert (report.seal, report.encryption, report.text, report.attachments) == (
        Seal.NONE, Encryption.NONE, "", (),
    )  # fmt: skip
    (finding,) = report.findings
    assert (finding.code, finding.owner, finding.evidence) == (
        "could-not-open", "operator", (("fault", fault.__name__),),
    )  # fmt: skip
    assert "words" not in str(finding)
