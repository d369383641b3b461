"""The forms of the pages, with the field names of their POST."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pki.crl import Reason
from pki.findings import Finding
from pki.trust import EVERY_USE
from tenants.models import TrustRoot
from tenants.services.trust_root import Terms

LARGEST_CERTIFICATE_FILE = 1024 * 1024
LARGEST_KEY_FILE = 1024 * 1024
LARGEST_REQUEST = 64 * 1024


def sentence(finding: Finding) -> str:
    """What happened and what to do, as one text for a form or a notice."""
    return " ".join(part for part in (finding.summary, finding.remedy) if part)


def add_finding(form: forms.Form, finding: Finding, fields: Mapping[str, str] | None = None) -> None:
    """Put a refusal next to the field it is about (`fields`: finding code → field), else above the form."""
    form.add_error((fields or {}).get(finding.code), sentence(finding))


def _secret(**kwargs: object) -> forms.CharField:
    return forms.CharField(strip=False, max_length=1024, widget=forms.PasswordInput, **kwargs)  # type: ignore[arg-type]


class NewPassword(forms.Form):
    password = _secret()
    password_again = _secret()

    def clean_password_again(self) -> str:
        again = str(self.cleaned_data["password_again"])
        if "password" in self.cleaned_data and again != self.cleaned_data["password"]:
            raise forms.ValidationError(_("The two passwords differ. Type the same one twice."))
        return again


class Pin(forms.Form):
    pin = _secret()


class NewPin(Pin):
    pin_again = _secret()

    def clean_pin_again(self) -> str:
        again = str(self.cleaned_data["pin_again"])
        if "pin" in self.cleaned_data and again != self.cleaned_data["pin"]:
            raise forms.ValidationError(_("The two PINs differ. Type the same one twice."))
        return again


class Export(NewPassword):
    keys = forms.MultipleChoiceField(
        error_messages={"required": gettext_lazy("Choose at least one key.")},
        widget=forms.CheckboxSelectMultiple,
    )

    field_order = ("keys", "password", "password_again")


class BringIdentity(forms.Form):
    file = forms.FileField(error_messages={"required": gettext_lazy("Choose the .p12 or .pfx file.")})
    # Files without a password exist; what does not open with an empty one says so.
    password = _secret(required=False)

    def clean_file(self) -> object:
        file = self.cleaned_data["file"]
        if file.size > LARGEST_KEY_FILE:
            raise forms.ValidationError(
                _("The file is larger than 1 MiB; a key file has a few kilobytes. Choose another one.")
            )
        return file


class CertificateRequest(forms.Form):
    file = forms.FileField(required=False)
    pem = forms.CharField(widget=forms.Textarea, required=False, max_length=LARGEST_REQUEST)
    template = forms.ChoiceField(
        error_messages={
            "required": gettext_lazy("Choose what the certificate is for."),
            "invalid_choice": gettext_lazy("This template is not open to you. Choose one of the list."),
        }
    )
    mailbox = forms.ChoiceField(
        error_messages={
            "required": gettext_lazy("Choose an address."),
            "invalid_choice": gettext_lazy("This address is not proven to be yours. Choose one of the list."),
        }
    )

    def clean(self) -> None:
        super().clean()
        file, pem = self.cleaned_data.get("file"), self.cleaned_data.get("pem")
        if file is not None and file.size > LARGEST_REQUEST:
            self.add_error("file", _("The file is larger than 64 KiB; a request is much smaller."))
        elif not file and not pem and not self.errors.get("file") and not self.errors.get("pem"):
            self.add_error("file", _("Choose the request file, or paste the request below."))

    def content(self) -> bytes:
        file = self.cleaned_data.get("file")
        return bytes(file.read()) if file else str(self.cleaned_data["pem"]).encode()


class ReplaceKeys(Pin):
    why = forms.ChoiceField(
        choices=[("suspected", ""), ("routine", "")],
        error_messages={
            "required": gettext_lazy("Say what happened."),
            "invalid_choice": gettext_lazy("Choose one of the two."),
        },
    )


class AddPerson(forms.Form):
    name = forms.CharField(max_length=120)
    # Judged by pki.names, whose sentences say what is wrong; Django's own check would refuse valid addresses.
    address = forms.CharField(max_length=254)
    is_administrator = forms.BooleanField(required=False)


class Revoke(forms.Form):
    reason = forms.CharField(max_length=32, error_messages={"required": gettext_lazy("Choose a reason.")})
    invalidity_date = forms.DateField(
        required=False,
        error_messages={
            "invalid": gettext_lazy("This is not a date. Write year-month-day, such as 2026-11-24.")
        },
    )

    # Asked for by the reasons that cast doubt on what was signed before.
    password = _secret(required=False)


class RevokeAll(forms.Form):
    reason = forms.CharField(max_length=32, error_messages={"required": gettext_lazy("Choose a reason.")})
    password = _secret(
        error_messages={"required": gettext_lazy("Type your password again: this cannot be taken back.")}
    )


PASSWORD_FIELDS = dict.fromkeys(("password-missing", "password-paused", "password-wrong"), "password")


def chosen_reason(form: forms.Form) -> Reason | None:
    """The reason that was chosen, or None with the error beside it."""
    reason = next((reason for reason in Reason if reason.value == form.cleaned_data["reason"]), None)
    if reason is None:
        form.add_error("reason", _("Choose one of the reasons."))
    return reason


class TrustImport(forms.Form):
    file = forms.FileField(required=False)
    pem = forms.CharField(widget=forms.Textarea, required=False, max_length=LARGEST_CERTIFICATE_FILE)

    def clean(self) -> None:
        super().clean()
        file, pem = self.cleaned_data.get("file"), self.cleaned_data.get("pem")
        if file is not None and file.size > LARGEST_CERTIFICATE_FILE:
            self.add_error(
                "file", _("The file is larger than 1 MB; certificates are much smaller. Choose another one.")
            )
        elif not file and not pem and not self.errors:
            self.add_error("file", _("Choose a file, or paste the certificate below."))

    def content(self) -> bytes:
        file = self.cleaned_data.get("file")
        return bytes(file.read()) if file else str(self.cleaned_data["pem"]).encode()


NO_DATE = gettext_lazy("This is not a date. Write year-month-day, such as 2026-11-24.")


class TrustDomains(forms.Form):
    domains = forms.CharField(
        widget=forms.Textarea,
        max_length=10_000,
        error_messages={"required": gettext_lazy("Name at least one domain.")},
    )

    use = forms.ChoiceField(
        required=False,
        choices=[
            ("", gettext_lazy("signatures and encryption")),
            ("signing", gettext_lazy("signatures only: nobody here encrypts to them")),
            ("encryption", gettext_lazy("encryption only: their signatures stay untrusted")),
        ],
    )
    begins = forms.DateField(required=False, error_messages={"invalid": NO_DATE})
    ends = forms.DateField(required=False, error_messages={"invalid": NO_DATE})

    def names(self) -> list[str]:
        return str(self.cleaned_data["domains"]).replace(",", " ").split()

    def terms(self) -> Terms:
        """Days are whole days in UTC, the last one included."""
        use, begins, ends = (self.cleaned_data.get(name) for name in ("use", "begins", "ends"))
        return Terms(
            uses=frozenset({use}) if use else EVERY_USE,
            begins_at=datetime.combine(begins, time.min, UTC) if begins else None,
            ends_at=datetime.combine(ends, time(23, 59, 59), UTC) if ends else None,
        )

    @staticmethod
    def initial_terms(root: TrustRoot) -> dict[str, object]:
        """What was decided before, as the form holds it."""
        use = (
            ""
            if root.for_signing and root.for_encryption
            else "signing"
            if root.for_signing
            else "encryption"
        )
        return {
            "use": use,
            "begins": root.begins_at.date() if root.begins_at else None,
            "ends": root.ends_at.date() if root.ends_at else None,
        }
