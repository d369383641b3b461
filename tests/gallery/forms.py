"""The forms that pages expect, with the field names of their POST."""

from __future__ import annotations

from django import forms


class SignIn(forms.Form):
    address = forms.EmailField()
    password = forms.CharField(widget=forms.PasswordInput)


class NewPassword(forms.Form):
    password = forms.CharField(widget=forms.PasswordInput)
    password_again = forms.CharField(widget=forms.PasswordInput)


class NewPin(forms.Form):
    pin = forms.CharField(widget=forms.PasswordInput)
    pin_again = forms.CharField(widget=forms.PasswordInput)


class Pin(forms.Form):
    pin = forms.CharField(widget=forms.PasswordInput)


class Letter(forms.Form):
    to = forms.CharField()
    cc = forms.CharField(required=False)
    bcc = forms.CharField(required=False)
    subject = forms.CharField(required=False)
    text = forms.CharField(widget=forms.Textarea, required=False)
    sign = forms.BooleanField(required=False)
    encrypt = forms.BooleanField(required=False)
    files = forms.FileField(required=False)


class Export(forms.Form):
    keys = forms.MultipleChoiceField(choices=[])
    password = forms.CharField(widget=forms.PasswordInput)
    password_again = forms.CharField(widget=forms.PasswordInput)


class BringIdentity(forms.Form):
    file = forms.FileField()
    password = forms.CharField(widget=forms.PasswordInput, required=False)


class CertificateRequest(forms.Form):
    file = forms.FileField(required=False)
    pem = forms.CharField(widget=forms.Textarea, required=False)
    template = forms.ChoiceField(choices=[("signing", "Signing"), ("encryption", "Encryption")])
    mailbox = forms.ChoiceField(choices=[("alice@contoso.example", "alice@contoso.example")])


class ReplaceKeys(Pin):
    why = forms.ChoiceField(choices=[("suspected", ""), ("routine", "")])


class AddPerson(forms.Form):
    name = forms.CharField()
    address = forms.EmailField()
    is_administrator = forms.BooleanField(required=False)


class Revoke(forms.Form):
    reason = forms.CharField()
    invalidity_date = forms.DateField(required=False)
    password = forms.CharField(widget=forms.PasswordInput, required=False)


class RevokeAll(forms.Form):
    reason = forms.CharField()
    password = forms.CharField(widget=forms.PasswordInput)


class TrustImport(forms.Form):
    file = forms.FileField(required=False)
    pem = forms.CharField(widget=forms.Textarea, required=False)


class TrustDomains(forms.Form):
    domains = forms.CharField(widget=forms.Textarea)
    use = forms.ChoiceField(
        required=False, choices=[("", "signatures and encryption"), ("signing", "signatures only")]
    )
    begins = forms.DateField(required=False)
    ends = forms.DateField(required=False)


class Template(forms.Form):
    code = forms.CharField()
    title = forms.CharField()
    use = forms.ChoiceField(choices=[("sign", "sign"), ("read", "read"), ("both", "both")])
    key_types = forms.MultipleChoiceField(choices=[("p-256", "EC P-256"), ("rsa-3072", "RSA-3072")])
    preferred = forms.ChoiceField(choices=[("p-256", "EC P-256"), ("rsa-3072", "RSA-3072")])
    validity_days = forms.IntegerField()
    renewal_days = forms.IntegerField(required=False)
    name_pattern = forms.CharField()
    private = forms.BooleanField(required=False)
    escrow = forms.BooleanField(required=False)
    rights = forms.ChoiceField(choices=[("everyone", "Every member"), ("named", "Named people")])
    people = forms.CharField(widget=forms.Textarea, required=False)
    approval = forms.BooleanField(required=False)
    note = forms.CharField(required=False)


class Upload(forms.Form):
    file = forms.FileField()


class NextPolicy(forms.Form):
    begins = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}))
    key_encryption = forms.ChoiceField(
        label="Encryption", choices=[("rsa-3072", "RSA-3072"), ("p-256", "EC P-256")]
    )


def with_error(form: forms.Form, field: str | None, sentence: str) -> forms.Form:
    """The form as it comes back: bound, with one error."""
    form.full_clean()
    form.errors.clear()
    form.add_error(field, sentence)
    return form
