"""Sentences for what is wrong with the build of a letter: what happened, what it means, what to do, who.

Every finding of the MIME half that is about structure is made here, so that the wording can be read in one place.
"""

from __future__ import annotations

from pki.findings import Finding, Severity

_RESEND = "Ask the sender to send it again, with the whole letter signed as one piece."


def refused_structure(how: str, citation: str) -> Finding:
    """A signature whose structure can never be sealed."""
    return Finding(
        "signature-structure",
        Severity.ERROR,
        f"The signature of this letter is built wrongly: {how}. It proves nothing about the text shown.",
        citation,
        _RESEND,
        "sender",
    )


def no_signers() -> Finding:
    """A SignedData around content that nobody signed."""
    return Finding(
        "no-signer",
        Severity.WARNING,
        "The letter has the form of a signed letter, but nobody signed it. Treat it as unsigned.",
        "RFC 5652 §5.1",
        _RESEND,
        "sender",
    )


def certificates_only(count: int) -> Finding:
    """A certs-only message."""
    return Finding(
        "certificates-only",
        Severity.INFO,
        f"This letter only hands over certificates ({count}). They are not trusted because of it.",
        "RFC 8551 §3.8",
        "Save those you expect to your contacts; each is checked before it is used.",
        "you",
    )


def smime_type_differs(stated: str, actual: str) -> Finding:
    """The label on the envelope is wrong; the object itself decides."""
    return Finding(
        "smime-type-differs",
        Severity.INFO,
        f"The letter calls its secured part “{stated[:60]}”, but it is {actual}. It was read as what it is.",
        "RFC 8551 §3.2.2",
    )


def outer_signature_only() -> Finding:
    """Somebody signed a sealed envelope without knowing its content."""
    return Finding(
        "signature-around-encryption",
        Severity.WARNING,
        "There is a signature around the encrypted part, but none inside it. Anyone can sign an envelope that "
        "somebody else wrote, so it says nothing about who wrote the text.",
        "RFC 8551 §3.7",
        "Ask the sender to sign first and then encrypt.",
        "sender",
    )


def outer_signature_too() -> Finding:
    """Triple wrapping: the outer signature is named and not used."""
    return Finding(
        "outer-signature",
        Severity.INFO,
        "There is one more signature around the encrypted part. The verdict comes from the signature inside, which "
        "is over the text that is shown.",
        "RFC 2634 §1.1",
    )


def outside_the_signature(where: str) -> Finding:
    """Text before or behind the parts of multipart/signed."""
    return Finding(
        "text-outside-signature",
        Severity.INFO,
        f"There is text {where} the signed part. It is not signed and is not shown.",
        "RFC 2046 §5.1.1",
    )


def line_ends_restored() -> Finding:
    """A store or relay turned CRLF into LF."""
    return Finding(
        "line-ends-restored",
        Severity.INFO,
        "A mail system on the way changed the line ends of this letter. The signature was checked over the text "
        "with its original line ends, and that text is shown.",
        "RFC 8551 §3.1.1",
    )


def bare_text() -> Finding:
    """Decrypted or signed content without a MIME header."""
    return Finding(
        "bare-text",
        Severity.INFO,
        "The secured part holds plain text without the usual header; it is shown as text.",
        "RFC 8551 §3.1",
    )


def not_a_message() -> Finding:
    """A file without any header field."""
    return Finding(
        "not-a-message",
        Severity.ERROR,
        "This file is no letter and no secured object: it has no header. Nothing can be said about it.",
        "RFC 5322 §2.2",
        "Choose the letter as a file ending in .eml, or the secured part ending in .p7m.",
        "you",
    )


def other_signature(protocol: str) -> Finding:
    """OpenPGP and others."""
    return Finding(
        "signature-protocol",
        Severity.INFO,
        f"This letter carries a signature of another kind ({protocol[:60] or 'not named'}), which is not S/MIME and "
        "was not checked. Treat the letter as unsigned.",
        "RFC 1847 §2.1",
        "Ask the sender to sign with S/MIME.",
        "sender",
    )


def could_not_open(what: str) -> Finding:
    """The last guard: a fault of ours must not take a folder down."""
    return Finding(
        "could-not-open",
        Severity.ERROR,
        "This letter could not be judged because of a fault in this portal, so nothing of it is shown.",
        remedy="Download the original file and report the letter to the operator.",
        owner="operator",
        evidence=(("fault", what),),
    )


def unprotected_encryption() -> Finding:
    """Security rule: CBC proves nothing about integrity (EFAIL)."""
    return Finding(
        "encryption-unprotected",
        Severity.WARNING,
        "The letter was encrypted in a way that does not show changes, and no good signature inside makes up for it. "
        "Somebody on the way may have altered it, so it is shown as plain text only.",
        "RFC 8551 §6",
        "Ask the sender to sign letters before encrypting, or to use AES-GCM.",
        "sender",
    )


def unsigned_envelope_subject() -> Finding:
    """A subject from inside an envelope that nobody signed."""
    return Finding(
        "subject-unsigned",
        Severity.INFO,
        "The subject comes from inside the encrypted part, which nobody signed: it was hidden on the way, but it is "
        "not proved whose it is.",
        "RFC 9788 §4.3.1",
    )


def encryption_added() -> Finding:
    """hp="clear" inside an envelope (RFC 9788 §10.2)."""
    return Finding(
        "encryption-added",
        Severity.INFO,
        "The sender wrote this letter for open sending; the encryption was added on the way. Nothing of its header "
        "was confidential.",
        "RFC 9788 §10.2",
    )
